"""What the report shows, as plain numbers and a bounded sample of documents."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conf import settings as conf_settings
from jobs import session

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

    from conf.settings import Settings

    Rows = Callable[[str], list[Any]]

_SAMPLE_DOCUMENTS = 36
_SAMPLE_CHARS = 8_000
_HOSTS = 15
_REASONS = 12

Counts = list[tuple[str, int]]


@dataclass(frozen=True)
class Step:
    """One step of the funnel: what is left after it, and what went by which reason."""

    name: str
    unit: str
    count: int
    note: str
    reasons: Counts = field(default_factory=list)


@dataclass(frozen=True)
class Histogram:
    """Counts of documents in ranges of one figure."""

    title: str
    note: str
    bars: Counts


@dataclass(frozen=True)
class Program:
    """One computation of a sample document with what became of it."""

    span: tuple[int, int]
    expression: str
    relation: str
    result: str
    conditions: tuple[str, ...]
    code: str | None
    outcome: str
    output: str | None
    error: str | None


@dataclass(frozen=True)
class Sample:
    """One document to browse."""

    doc_id: str
    title: str
    url: str | None
    component: str
    score: float | None
    tokens: int
    text: str
    is_cut: bool
    programs: tuple[Program, ...]


@dataclass(frozen=True)
class Report:
    """All that the page shows."""

    root: str
    made_at: datetime.datetime
    totals: Counts
    funnel: list[Step]
    components: list[tuple[str, int, int, int]]
    hosts: Counts
    histograms: list[Histogram]
    verdicts: Counts
    translators: list[tuple[str, int, int, int]]
    left: Counts
    leaks: list[tuple[str, int, int, int]]
    shards: list[tuple[str, str, int, int, int]]
    runs: list[tuple[str, str, float, int, int]]
    samples: list[Sample]


def collect(spark: SparkSession, settings: Settings) -> Report:
    """Ask the tables; only counts and the sample come to the driver."""
    session.register(spark, settings)

    def rows(query: str) -> list[Any]:
        return [tuple(row) for row in spark.sql(query).collect()]

    def one(query: str) -> tuple[Any, ...]:
        return tuple(value or 0 for value in rows(query)[0])

    records, pages, files, imported = one(
        "SELECT sum(records) FILTER (WHERE kind = 'warc'), "
        "sum(rows_out) FILTER (WHERE kind = 'warc'), "
        "count_if(kind IN ('jsonl', 'parquet')), "
        "sum(records) FILTER (WHERE kind IN ('jsonl', 'parquet')) FROM file_reads"
    )
    (with_text,) = one("SELECT count(text) FROM documents")
    kept, lengths = _kept(rows)
    found = one(
        "SELECT count(DISTINCT doc_id) FILTER (WHERE rejected_by IS NULL), "
        "coalesce(sum(size(computations)), 0) FROM contexts "
        "LEFT SEMI JOIN kept_documents k USING (doc_id)"
    )
    verdicts = rows("SELECT outcome, count(*) FROM verdicts GROUP BY 1 ORDER BY 2 DESC, 1")
    verified = dict(verdicts).get("verified", 0)
    components = rows(
        "SELECT component, count(*), sum(token_count), sum(size(program_ids)) "
        "FROM pile GROUP BY 1 ORDER BY 3 DESC"
    )
    left = rows(
        "SELECT rejected_by, count(*) FROM programs WHERE code IS NULL "
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {_REASONS}"
    )
    return Report(
        root=settings.root,
        made_at=datetime.datetime.now(datetime.UTC),
        totals=[
            ("pages read", records),
            ("documents in the pile", sum(row[1] for row in components)),
            ("tokens", sum(row[2] for row in components)),
            ("computations found", found[1]),
            ("programs run", sum(count for _, count in verdicts)),
            ("verified", verified),
        ],
        funnel=[
            Step(
                "Crawled",
                "responses",
                records,
                "HTTP responses in the WARC files",
                rows(
                    "SELECT reason, sum(count) FROM (SELECT explode(rejected) AS (reason, count) "
                    "FROM file_reads WHERE kind = 'warc') GROUP BY 1 HAVING sum(count) > 0 "
                    f"ORDER BY 2 DESC LIMIT {_REASONS}"
                ),
            ),
            Step(
                "Pages",
                "pages",
                pages,
                "HTML that may hold mathematics",
                rows(
                    "SELECT rejected_by, count(*) FROM documents WHERE rejected_by IS NOT NULL "
                    f"AND extractor NOT LIKE 'import%' GROUP BY 1 ORDER BY 2 DESC LIMIT {_REASONS}"
                ),
            ),
            Step(
                "Documents",
                "documents",
                with_text,
                f"text with formulas as LaTeX, with {imported:,} rows of {files:,} data set files"
                if imported
                else "text with formulas as LaTeX",
                _not_kept(rows, settings),
            ),
            Step(
                "Kept",
                "documents",
                kept,
                "over the score, one of each cluster, no benchmark in it",
                [("without a computation", kept - found[0])] if kept - found[0] else [],
            ),
            Step(
                "With computations", "documents", found[0], f"{found[1]:,} computations in them", []
            ),
        ],
        components=components,
        hosts=rows(
            f"SELECT host, count(*) FROM pile WHERE host IS NOT NULL GROUP BY 1 "
            f"ORDER BY 2 DESC, 1 LIMIT {_HOSTS}"
        ),
        histograms=[*lengths, _scores(rows, settings)],
        verdicts=verdicts,
        translators=rows(
            "SELECT p.translator, count(*), count(p.code), count_if(v.outcome = 'verified') "
            "FROM programs p LEFT JOIN verdicts v ON p.program_id = v.program_id "
            "GROUP BY 1 ORDER BY 1"
        ),
        left=left,
        leaks=_leaks(rows, settings),
        shards=rows(
            "SELECT component, split, count(*), sum(documents), sum(tokens) FROM shards "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        runs=_runs(rows),
        samples=_samples(rows),
    )


def _not_kept(rows: Rows, settings: Settings) -> Counts:
    """Return why documents with text are not kept: the first reason that holds."""
    return rows(
        f"""
        SELECT CASE
          WHEN d.component = 'web' AND coalesce(s.score, 0) < {settings.keep.min_score}
            THEN 'below_min_score'
          WHEN d.broken_rule IS NOT NULL THEN d.broken_rule
          WHEN {_other_language(settings)} THEN 'other_language'
          WHEN u.doc_id IS NOT NULL AND NOT {settings.keep.duplicates} THEN concat('same_', u.rule)
          ELSE 'contaminated' END AS reason, count(*)
        FROM (SELECT *, {_broken_rule(settings)} AS broken_rule FROM documents) d
        LEFT ANTI JOIN kept_documents k ON d.doc_id = k.doc_id
        LEFT JOIN (SELECT doc_id, rule FROM duplicates WHERE NOT is_kept) u ON d.doc_id = u.doc_id
        LEFT JOIN current_scores s ON d.doc_id = s.doc_id
        WHERE d.rejected_by IS NULL GROUP BY 1 ORDER BY 2 DESC, 1
        """
    )


def _other_language(settings: Settings) -> str:
    """Return a condition over `documents` as `d`: its language is none of those that are kept."""
    if not settings.keep.languages:
        return "false"
    listed = ", ".join(map(session.literal, settings.keep.languages))
    return f"coalesce(d.language, 'unknown') NOT IN ({listed})"


def _broken_rule(settings: Settings) -> str:
    """Return an expression over `documents`: the first rule that holds, by name, or NULL."""
    cases = "".join(
        f"WHEN (\n{rule}\n) THEN {session.literal(name)} "
        for name, rule in settings.keep.rules.items()
    )
    return f"CASE WHEN component != 'web' THEN NULL {cases} END"


def _kept(rows: Rows) -> tuple[int, list[Histogram]]:
    """Return how many documents are kept, and how their figures spread: the view is asked once."""
    # Powers of two: lengths and counts of web pages spread over many orders of magnitude.
    found = rows(
        "SELECT grouping_id(formulas, chars), coalesce(formulas, chars), count(*) FROM ("
        "SELECT CAST(floor(log2(greatest(formula_count, 1))) AS INT) AS formulas, "
        "CAST(floor(log2(greatest(char_count, 1))) AS INT) AS chars FROM kept_documents) "
        "GROUP BY GROUPING SETS ((formulas), (chars), ())"
    )
    # The bits of a grouping's id name the columns that it sums over.
    formulas, chars, all_kept = (
        [(power, count) for which, power, count in found if which == wanted]
        for wanted in (0b01, 0b10, 0b11)
    )
    note = "kept documents; each bar twice the last"
    return sum(count for _, count in all_kept), [
        Histogram("Formulas in a document", note, _powers(formulas)),
        Histogram("Characters in a document", note, _powers(chars)),
    ]


def _scores(rows: Rows, settings: Settings) -> Histogram:
    scores = rows(
        "SELECT CAST(least(floor(score * 10), 9) AS INT) AS bin, count(*) FROM current_scores "
        "GROUP BY 1 ORDER BY 1"
    )
    return Histogram(
        "Filter score",
        f"all documents; web documents are kept from {settings.keep.min_score}",
        [(f"{tenth / 10:.1f}", dict(scores).get(tenth, 0)) for tenth in range(10)]
        if scores
        else [],
    )


def _powers(found: Counts) -> Counts:
    if not found:
        return []
    counts = {int(power): count for power, count in found if power is not None}
    return [
        (_short(2**power), counts.get(power, 0)) for power in range(min(counts), max(counts) + 1)
    ]


def _short(number: int) -> str:
    for size, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.0f}{unit}"
    return str(number)


def _leaks(rows: Rows, settings: Settings) -> list[tuple[str, int, int, int]]:
    """Return each benchmark with its items found, and documents that hold one whole or in part."""
    found = {
        name: tuple(counts)
        for name, *counts in rows(
            "SELECT benchmark, count(DISTINCT item_id), "
            "count(DISTINCT doc_id) FILTER (WHERE rule = 'substring'), "
            "count(DISTINCT doc_id) FILTER (WHERE rule = 'ngram') FROM contamination GROUP BY 1"
        )
    }
    return [
        (name, *found.get(name, (0, 0, 0)))
        for name in sorted({*found, *(one.name for one in conf_settings.benchmarks(settings))})
    ]


def _runs(rows: Rows) -> list[tuple[str, str, float, int, int]]:
    return rows(
        "SELECT job, last.outcome, last.seconds, last.rows_in, last.rows_out FROM "
        "(SELECT job, max_by(struct(*), started_at) AS last, min(started_at) AS first "
        "FROM runs GROUP BY job) ORDER BY first"
    )


def _samples(rows: Rows) -> list[Sample]:
    """Return documents of the pile to browse: those with most verdicts of every outcome first."""
    chosen = rows(
        f"""
        SELECT d.doc_id, d.title, d.url, d.component, p.score, p.token_count,
               substr(d.text, 1, {_SAMPLE_CHARS}), length(d.text) > {_SAMPLE_CHARS}
        FROM pile p
        JOIN documents d ON p.doc_id = d.doc_id
        LEFT JOIN (
          SELECT doc_id, count(DISTINCT outcome) AS outcomes, count(*) AS programs
          FROM verdicts GROUP BY doc_id
        ) v ON d.doc_id = v.doc_id
        ORDER BY coalesce(v.outcomes, 0) DESC, least(coalesce(v.programs, 0), 8) DESC, d.doc_id
        LIMIT {_SAMPLE_DOCUMENTS}
        """
    )
    if not chosen:
        return []
    listed = ", ".join(session.literal(row[0]) for row in chosen)
    programs: dict[str, list[Program]] = {}
    for row in rows(
        f"""
        SELECT p.doc_id, p.span_start, p.span_end, p.expression, p.relation, p.result,
               p.conditions, p.code, coalesce(v.outcome, p.rejected_by, 'not run'),
               v.output, v.error
        FROM programs p LEFT JOIN verdicts v ON p.program_id = v.program_id
        WHERE p.doc_id IN ({listed}) ORDER BY p.doc_id, p.span_start, p.program_id
        """
    ):
        program = Program((row[1], row[2]), row[3], row[4], row[5], tuple(row[6]), *row[7:])
        programs.setdefault(row[0], []).append(program)
    return [
        Sample(
            doc_id=row[0],
            title=row[1] or row[2] or row[0],
            url=row[2],
            component=row[3],
            score=row[4],
            tokens=row[5],
            text=row[6],
            is_cut=row[7],
            programs=tuple(programs.get(row[0], [])),
        )
        for row in chosen
    ]
