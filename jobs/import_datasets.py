"""conf -> documents, file_reads: each row of a data set, or the reason it has no text."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conf import tables
from jobs import command, list_crawl, session, slices
from udfs.datasets import import_rows
from udfs.files import FileEntry

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Dataset, Settings


def main(spark: SparkSession, settings: Settings) -> None:
    """Import the files of the data sets that were not read to their end yet."""
    rows = [
        list_crawl.row(entry, _kind(entry.path), None, dataset)
        for dataset, entry in _listed(settings)
    ]
    list_crawl.add(spark, settings, "import_datasets", rows)
    slices.read_files(
        spark,
        settings,
        job="import_datasets",
        kinds=("jsonl", "parquet"),
        function=partial(
            import_rows, mask=tuple(settings.privacy.mask) if settings.privacy.datasets else None
        ),
        outputs={tables.DOCUMENTS: "document", tables.FILE_READS: "read"},
        schema=(
            f"document {session.struct(tables.DOCUMENTS)}, read {session.struct(tables.FILE_READS)}"
        ),
        target=tables.DOCUMENTS,
        key="doc_id",
        files_per_slice=settings.crawl.files_per_slice,
    )


def inputs(settings: Settings) -> str:
    """Return the files that the data sets name now, and how their rows are read."""
    return "\n".join(f"{entry.path} {dataset!r}" for dataset, entry in _listed(settings))


def _listed(settings: Settings) -> list[tuple[Dataset, FileEntry]]:
    return [
        (dataset, entry)
        for dataset in settings.datasets
        for entry in list_crawl.listed_dataset(dataset)
    ]


def _kind(path: str) -> str:
    return "parquet" if path.endswith((".parquet", ".pq")) else "jsonl"


if __name__ == "__main__":
    command.run(main)
