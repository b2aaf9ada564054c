"""The whole pipeline as a user runs it: from the sample crawl to shards and report."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from conf import tables
from jobs import command, pipeline
from tests import lake
from tests.lake import PROJECT

REASONS_OF_LOSS = {
    "no_markers",
    "http_status",
    "not_html",
    "empty_body",
    "too_large",
    "damaged_record",
    "truncated_file",
}


@pytest.fixture
def root(undisturbed) -> Path:
    """Return a root in which `mathcode-pile run` has run once, undisturbed."""
    return undisturbed


@pytest.fixture
def say(spark, capsys):
    """Return a function that runs a command line in the tests' own session, and what it said."""

    def run(*words: str) -> tuple[int, str, str]:
        status = command.cli(words)
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_every_response_is_a_page_or_counted(root, sample_labels):
    reads = [row for row in lake.table(root, tables.FILE_READS) if row["kind"] == "warc"]
    pages = lake.table(root, tables.PAGES)
    rejected = Counter()
    for read in reads:
        rejected.update(dict(read["rejected"]))
        assert read["records"] == read["rows_out"] + sum(dict(read["rejected"]).values())
    assert sum(read["rows_out"] for read in reads) == len(pages)
    assert set(rejected) <= REASONS_OF_LOSS
    assert sum(read["records"] for read in reads) >= len(sample_labels) - 2


def test_every_math_page_becomes_a_document_with_formulas(root, sample_labels):
    documents = {row["url"]: row for row in lake.table(root, tables.DOCUMENTS) if row["text"]}
    math = {row["url"] for row in sample_labels if row["kind"] == "math"}
    assert len(math) >= 60
    assert math - set(documents) == set()
    assert [url for url in math if documents[url]["formula_count"] == 0] == []


def test_bad_responses_have_the_labelled_reason(root, sample_labels):
    rejected = Counter()
    for read in lake.table(root, tables.FILE_READS):
        rejected.update(dict(read["rejected"]))
    rejected.update(
        row["rejected_by"] for row in lake.table(root, tables.DOCUMENTS) if row["rejected_by"]
    )
    wanted = Counter(
        row["reason"] for row in sample_labels if row["kind"] == "bad" and row.get("reason")
    )
    assert wanted
    assert {reason: n for reason, n in wanted.items() if rejected[reason] < n} == {}


def test_near_duplicates_leave_one_of_each_group(root, sample_labels):
    documents = {
        row["url"]: row["doc_id"] for row in lake.table(root, tables.DOCUMENTS) if row["text"]
    }
    kept = {row["doc_id"] for row in lake.table(root, tables.PILE)}
    groups: dict[str, set[str]] = {}
    for row in sample_labels:
        if row.get("group") and row["url"] in documents:
            groups.setdefault(row["group"], set()).add(documents[row["url"]])
    several = {name: ids for name, ids in groups.items() if len(ids) > 1}
    assert len(several) >= 3
    assert {name: len(ids & kept) for name, ids in several.items() if len(ids & kept) > 1} == {}


def test_a_leaked_benchmark_item_is_found_and_kept_out(root):
    leaked = {row["doc_id"] for row in lake.table(root, tables.CONTAMINATION)}
    assert leaked
    assert leaked & {row["doc_id"] for row in lake.table(root, tables.PILE)} == set()


def test_only_verified_programs_stand_in_the_pile(root):
    outcomes = {row["program_id"]: row["outcome"] for row in lake.table(root, tables.VERDICTS)}
    assert Counter(outcomes.values())["verified"] >= 100
    used = [program for row in lake.table(root, tables.PILE) for program in row["program_ids"]]
    assert used
    assert {outcomes[program] for program in used} == {"verified"}


def test_deliberate_errors_of_the_sample_are_not_verified(root, sample_labels):
    texts = {row["doc_id"]: row for row in lake.table(root, tables.DOCUMENTS) if row["text"]}
    verdicts = {row["program_id"]: row["outcome"] for row in lake.table(root, tables.VERDICTS)}
    wrong = {(row["url"], latex) for row in sample_labels for latex in row.get("wrong", [])}
    assert wrong
    verified = [
        (texts[p["doc_id"]]["url"], texts[p["doc_id"]]["text"][p["span_start"] : p["span_end"]])
        for p in lake.table(root, tables.PROGRAMS)
        if p["code"] is not None and verdicts[p["program_id"]] == "verified"
    ]
    bad = [
        (url, span)
        for url, span in verified
        for u, latex in wrong
        if url == u and _plain(span) == _plain(latex)
    ]
    assert bad == []


def test_a_program_s_span_is_its_relation(root):
    texts = {row["doc_id"]: row["text"] for row in lake.table(root, tables.DOCUMENTS)}
    for program in lake.table(root, tables.PROGRAMS):
        span = texts[program["doc_id"]][program["span_start"] : program["span_end"]]
        assert program["expression"].strip()[:8] in span, (program, span)


def test_keys_are_unique(root):
    for name, key in (
        (tables.CRAWL_FILES, "file_id"),
        (tables.PAGES, "page_id"),
        (tables.DOCUMENTS, "doc_id"),
        (tables.CONTEXTS, "context_id"),
        (tables.PROGRAMS, "program_id"),
        (tables.VERDICTS, "program_id"),
        (tables.PILE, "pile_id"),
        (tables.SHARDS, "path"),
        (tables.SIGNATURES, "doc_id"),
    ):
        assert {k: n for k, n in lake.count(root, name, key).items() if n > 1} == {}, name


def test_megatron_reads_the_shards(root):
    from udfs import tokens

    shards = lake.table(root, tables.SHARDS)
    assert {row["component"] for row in shards} == {"web", "synthetic"}
    pile = lake.table(root, tables.PILE)
    assert sum(row["documents"] for row in shards) == len(pile)
    assert sum(row["tokens"] for row in shards) == sum(row["token_count"] for row in pile) + len(
        pile
    )
    code = (
        "import sys; from megatron.core.datasets.indexed_dataset import IndexedDataset\n"
        "for path in sys.argv[1:]:\n"
        "    data = IndexedDataset(path)\n"
        "    print(path, len(data), int(data.sequence_lengths.sum()), *data[0][:50].tolist())\n"
    )
    paths = [row["path"] for row in shards]
    ended = subprocess.run(
        [sys.executable, "-c", code, *paths], capture_output=True, text=True, timeout=300
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    tokenizer = tokens.load(str(PROJECT / "conf/tokenizers/sample.json"))
    texts = [row["text"] for row in pile]
    for line, row in zip(ended.stdout.splitlines(), shards, strict=True):
        path, documents, count, *first = line.split()
        assert (path, int(documents), int(count)) == (row["path"], row["documents"], row["tokens"])
        begin = tokenizer.decode([int(token) for token in first if int(token) != row["eod_id"]])
        assert any(text.startswith(begin[:20]) for text in texts)


def test_the_report_shows_documents_and_verdicts_without_network(root):
    page = (root / "report.html").read_text(encoding="utf-8")
    assert "<math" in page
    assert re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=", page) == []
    for word in ("From page to program", "verified", "mismatch", "no markers"):
        assert word in page


def test_a_second_run_does_nothing(root):
    before = {name: _version(root, name) for name in tables.NAMES}
    ended = lake.command("run", f"root={root}")
    assert "Nothing new" in ended.stderr
    assert {name: _version(root, name) for name in tables.NAMES} == before


def test_sql_answers_on_standard_output_alone(root):
    query = "SELECT outcome, count(*) AS n FROM verdicts GROUP BY 1"
    ended = lake.command("sql", query, f"root={root}", "--format", "jsonl")
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert {row["outcome"]: row["n"] for row in rows} == lake.count(
        root, tables.VERDICTS, "outcome"
    )


def test_sql_answers_in_every_form(root, say):
    query = "SELECT outcome, count(*) AS n FROM verdicts GROUP BY 1 ORDER BY 1"
    counts = sorted(lake.count(root, tables.VERDICTS, "outcome").items())
    _, out, _ = say("sql", query, f"root={root}", "--format", "csv")
    assert out.splitlines() == ["outcome,n", *(f"{name},{n}" for name, n in counts)]
    _, out, _ = say("sql", query, f"root={root}")
    assert all(name in out for name, _ in counts)


def test_a_query_that_cannot_be_answered_says_why(root, say):
    status, _, err = say("sql", "SELECT outcom FROM verdicts", f"root={root}")
    assert status == 1
    assert "outcom" in err
    assert "Traceback" not in err


def test_the_queries_of_the_readme_answer(root, say):
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    queries = re.findall(r'mathcode-pile sql "([^"]+)"', readme)
    assert len(queries) == 3
    for query in queries:
        status, out, _ = say("sql", query, f"root={root}", "--format", "jsonl")
        assert status == 0
        assert out.splitlines()


def test_explain_tells_a_document_s_way(root, say):
    url = next(row["url"] for row in lake.table(root, tables.PILE) if row["url"])
    _, out, _ = say("explain", url, f"root={root}")
    for name in (tables.PAGES, tables.DOCUMENTS, tables.SCORES, tables.KEPT_DOCUMENTS, tables.PILE):
        assert name in out


def test_explain_names_the_reason_of_a_rejected_document(root, say):
    rejected = next(row for row in lake.table(root, tables.DOCUMENTS) if row["rejected_by"])
    _, out, _ = say("explain", rejected["doc_id"], f"root={root}")
    assert f"rejected: {rejected['rejected_by']}" in out


def test_explain_of_what_nobody_knows_says_where_to_look(root, say):
    status, _, err = say("explain", "https://nowhere.example.org/", f"root={root}")
    assert status == 1
    assert "file_reads.rejected" in err


def test_status_lists_tables_and_jobs(root, say):
    _, out, _ = say("status", f"root={root}")
    assert [name for name in tables.NAMES if name not in out] == []
    assert [job.name for job in pipeline.JOBS if job.name not in out] == []


def test_try_needs_no_spark():
    text = "The radius is $r = 3$, so the area is $\\pi r^2 = 9\\pi$, and $2 + 2 = 5$."
    ended = lake.command("try", text)
    assert "verified" in ended.stdout
    assert "mismatch" in ended.stdout
    assert "print(math.pi * r**2)" in ended.stdout


def test_the_notebook_runs_on_the_pile(root, spark, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["explore_pile.py", f"root={root}"])
    runpy.run_path(str(PROJECT / "notebooks/explore_pile.py"))
    assert "verified" in capsys.readouterr().out


def test_the_walk_through_one_document_shows_every_step(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["translate_step_by_step.py"])
    runpy.run_path(str(PROJECT / "notebooks/translate_step_by_step.py"))
    said = capsys.readouterr().out
    assert "rests on: r = 3" in said
    assert "print(math.pi * r**2)" in said
    assert re.search(r"^isolation: rlimits, ", said, re.MULTILINE)
    assert len(re.findall(r"blocked: refused", said)) == 2
    assert r"⟦\pi r^2 = 9\pi⟧(verified)" in said
    # The two slips that the document makes are found, and no others.
    assert re.findall(r"= (\S+): the program prints", said) == ["72.59", "65"]
    assert "```python\nimport math\n\nr = 3\nprint(math.pi * r**2)\n```" in said
    shares = dict(re.findall(r"^ *([a-z][a-z, ]+?)  [█▒▓░·×]+  (\d+) of", said, re.MULTILINE))
    assert int(shares["arithmetic"]) > 50


def test_the_plan_of_a_crawl_names_the_cost_of_every_stage(root, spark, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["plan_scale.py", f"root={root}", "cores=10"])
    runpy.run_path(str(PROJECT / "notebooks/plan_scale.py"))
    said = capsys.readouterr().out
    stages = dict(re.findall(r"\| `(\w+)` \| ([\d.,]+) [a-zA-Z]", said))
    assert set(stages) == {
        "read_crawl",
        "extract_text",
        "score_documents",
        "find_duplicates",
        "find_contamination",
        "extract_contexts",
        "translate",
        "verify",
        "write_shards",
    }
    assert all(float(rate.replace(",", "")) > 0 for rate in stages.values())


def test_a_new_file_is_processed_alone(root, tmp_path, say):
    later = tmp_path / "root"
    shutil.copytree(root, later)
    crawl = sorted((PROJECT / "conf/sample/crawl").glob("*/*.warc.gz"))
    new = tmp_path / "later.warc.gz"
    shutil.copy(crawl[0], new)
    before = {name: len(lake.table(later, name)) for name in (tables.PAGES, tables.FILE_READS)}
    old_verdicts = {row["program_id"]: row for row in lake.table(later, tables.VERDICTS)}
    paths = json.dumps([str(path) for path in [*crawl, new]])
    status, _, err = say("run", f"root={later}", f"crawl.paths={paths}")
    assert status == 0, err
    (read,) = [row for row in lake.table(later, tables.CRAWL_FILES) if row["path"] == str(new)]
    (outcome,) = [
        row for row in lake.table(later, tables.FILE_READS) if row["file_id"] == read["file_id"]
    ]
    assert len(lake.table(later, tables.FILE_READS)) == before[tables.FILE_READS] + 1
    assert len(lake.table(later, tables.PAGES)) == before[tables.PAGES] + outcome["rows_out"]
    # All of it was there before, so every new document is a duplicate, and the pile is the same;
    # but which of a cluster has the best score may be another one, by a filter with more labels.
    cluster = {row["doc_id"]: row["cluster_id"] for row in lake.table(later, tables.DUPLICATES)}
    piles = (lake.count(here, tables.PILE, "doc_id") for here in (root, later))
    was, now_is = (Counter(cluster.get(key, key) for key in pile) for pile in piles)
    assert now_is == was
    now = {row["program_id"]: row for row in lake.table(later, tables.VERDICTS)}
    assert {key: now[key] for key in old_verdicts} == old_verdicts


@pytest.mark.timeout(3000)
def test_spark_connect_gives_the_same_tables(root, tmp_path):
    other = tmp_path / "connect"
    lake.command("run", f"root={other}", "spark.remote='local[2]'")
    lake.assert_equal(root, other)


@pytest.mark.timeout(3000)
def test_spark_submit_gives_the_same_tables(root, tmp_path):
    from jobs import session

    other = tmp_path / "submit"
    submit = Path(sys.executable).parent / "spark-submit"
    for job in pipeline.JOBS:
        file = "report/__main__" if job.name == "report" else job.name
        ended = subprocess.run(
            [
                str(submit),
                "--master",
                "local[2]",
                "--packages",
                session.DELTA_PACKAGE,
                "--conf",
                "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1",
                "--conf",
                "spark.driver.host=127.0.0.1",
                "--conf",
                "spark.ui.enabled=false",
                f"jobs/{file}.py",
                "conf/local.yaml",
                f"root={other}",
            ],
            capture_output=True,
            text=True,
            cwd=PROJECT,
            timeout=600,
            env=lake.environment()
            | {"PYSPARK_PYTHON": sys.executable, "JAVA_HOME": session.find_java()},
        )
        # spark-submit hands what the job says on standard error to its own standard output.
        assert ended.returncode == 0, f"{job.name}: {ended.stdout[-3000:]}"
    lake.assert_equal(root, other)


def test_a_root_that_was_never_run_is_refused(tmp_path):
    ended = subprocess.run(
        [lake.COMMAND, "status", f"root={tmp_path / 'nothing'}"],
        capture_output=True,
        text=True,
        env=lake.environment(),
        cwd=PROJECT,
        timeout=120,
    )
    assert ended.returncode == 1
    assert "no tables there" in ended.stderr


def _version(root: Path, name: str) -> int:
    log = root / "tables" / name / "_delta_log"
    return len(list(log.iterdir())) if log.is_dir() else -1


def _plain(latex: str) -> str:
    return re.sub(r"[\s$&\\,;]|\\\\", "", latex)
