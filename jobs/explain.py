"""One document's way through every table: why it is in the pile, or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from conf import tables
from jobs import session
from jobs.progress import output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

    from conf.settings import Settings


class ExplainError(ValueError):
    """No table knows the document; the message says where to look."""


def show(spark: SparkSession, settings: Settings, document: str) -> None:
    """Print the way of every capture of a document.

    Args:
        spark: the session.
        settings: of the tables to look in.
        document: a doc_id, a source_id or a URL.

    Raises:
        ExplainError: neither `pages` nor `documents` knows it.
    """
    session.register(spark, settings)
    name = session.literal(document)
    ids = [
        row["id"]
        for row in spark.sql(
            f"SELECT page_id AS id FROM pages WHERE page_id = {name} OR url = {name} UNION "
            f"SELECT doc_id FROM documents WHERE doc_id = {name} OR source_id = {name} "
            f"OR url = {name} ORDER BY id LIMIT 20"
        ).collect()
    ]
    if not ids:
        raise ExplainError(
            f"{document}: neither pages nor documents knows it. A page without markers of the "
            "domain is counted in file_reads.rejected and not kept by name; is its WARC file in "
            "crawl_files?"
        )
    for doc_id in ids:
        shown = Table("table", "what it says", title=escape(f"{document} ({doc_id})"))
        for table, text in _way(spark, settings, session.literal(doc_id)):
            shown.add_row(table, text)
        output.print(shown)


def _way(spark: SparkSession, settings: Settings, doc: str) -> Iterator[tuple[str, str]]:
    def rows(query: str) -> list[Any]:
        return spark.sql(query).collect()

    for row in rows(
        "SELECT url, fetch_time, warc_filename, warc_record_offset, warc_record_length, html_bytes "
        f"FROM pages WHERE page_id = {doc}"
    ):
        yield (
            tables.PAGES,
            escape(
                f"{row['url']} fetched {row['fetch_time']}, {row['html_bytes']:,} bytes; "
                f"{row['warc_filename']} at {row['warc_record_offset']:,} "
                f"({row['warc_record_length']:,} bytes)"
            ),
        )
    documents = rows(f"SELECT * FROM documents WHERE doc_id = {doc}")
    if not documents:
        yield tables.DOCUMENTS, "[yellow]not extracted yet: run extract_text"
        return
    for row in documents:
        if row["rejected_by"] is not None:
            yield tables.DOCUMENTS, f"[red]rejected: {row['rejected_by']}"
            return
        yield (
            tables.DOCUMENTS,
            escape(
                f"{row['component']}, {row['language']}, {row['char_count']:,} characters, "
                f"{row['formula_count']:,} formulas: {row['title'] or 'without title'}"
            ),
        )
    for row in rows(f"SELECT * FROM current_scores WHERE doc_id = {doc}"):
        colour = "green" if row["score"] >= settings.keep.min_score else "red"
        yield (
            tables.SCORES,
            (
                f"[{colour}]{row['score']:.3f}[/] by {row['model']} {row['version'][:8]}; "
                f"the pile takes web documents from {settings.keep.min_score}"
            ),
        )
    for row in rows(f"SELECT * FROM duplicates WHERE doc_id = {doc}"):
        kept = "[green]kept" if row["is_kept"] else f"[red]not kept[/]: {row['kept_id']} is"
        yield (
            tables.DUPLICATES,
            (
                f"one of {row['cluster_size']} of cluster {row['cluster_id']} by {row['rule']}, "
                f"Jaccard {row['jaccard']:.2f}; {kept}"
            ),
        )
    for row in rows(f"SELECT * FROM contamination WHERE doc_id = {doc}"):
        yield (
            tables.CONTAMINATION,
            escape(
                f"{row['benchmark']} item {row['item_id']} by {row['rule']}: {row['matched'][:200]}"
            ),
        )
    is_kept = bool(rows(f"SELECT 1 FROM kept_documents WHERE doc_id = {doc}"))
    yield tables.KEPT_DOCUMENTS, "[green]yes" if is_kept else "[red]no"
    for row in rows(
        "SELECT count(*) AS passages, sum(size(computations)) AS computations, "
        f"max(rejected_by) AS reason FROM contexts WHERE doc_id = {doc}"
    ):
        text = row["reason"] or f"{row['passages']} passages, {row['computations']} computations"
        yield tables.CONTEXTS, text if row["passages"] else "none"
    for table, reason in (
        (tables.PROGRAMS, "coalesce(rejected_by, 'code')"),
        (tables.VERDICTS, "outcome"),
    ):
        counts = rows(
            f"SELECT {reason} AS reason, count(*) AS count FROM {table} "
            f"WHERE doc_id = {doc} GROUP BY 1 ORDER BY 2 DESC"
        )
        yield table, ", ".join(f"{row['count']} {row['reason']}" for row in counts) or "none"
    found = rows(
        f"SELECT token_count, size(program_ids) AS programs, form FROM pile WHERE doc_id = {doc}"
    )
    for row in found:
        yield (
            tables.PILE,
            (f"[green]{row['token_count']:,} tokens, {row['programs']} programs, {row['form']}"),
        )
    if not found:
        yield tables.PILE, "[red]not in it" if not is_kept else "[yellow]not yet: run build_pile"
