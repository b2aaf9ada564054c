"""conf -> crawl_files: a WARC file that the crawl's paths, globs and lists name."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from conf import settings as conf_settings
from conf import tables
from jobs import command, session, slices
from udfs.files import FileEntry, list_files
from udfs.keys import key
from udfs.warc import crawl_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Dataset, Settings


def main(spark: SparkSession, settings: Settings) -> None:
    """List the crawl's WARC files that are not listed yet."""
    add(spark, settings, "list_crawl", [_warc(entry) for entry in listed(settings)])


def inputs(settings: Settings) -> str:
    """Return the files that the crawl's paths name now."""
    return "\n".join(entry.path for entry in listed(settings))


def listed(settings: Settings) -> list[FileEntry]:
    """Return the WARC files that the settings name, sorted by path."""
    return list_files([_place(path) for path in settings.crawl.paths], prefix=settings.crawl.prefix)


def listed_dataset(dataset: Dataset) -> list[FileEntry]:
    """Return the files of one data set, sorted by path."""
    return list_files([_place(dataset.path)])


def add(spark: SparkSession, settings: Settings, job: str, rows: list[tuple[object, ...]]) -> None:
    """Append files to `crawl_files` that it does not have.

    Args:
        spark: the session.
        settings: of the run.
        job: name of the job that lists.
        rows: of `crawl_files`, in the order of its columns, without `listed_at`'s value.
    """
    if rows:
        frame = spark.createDataFrame(rows, session.ddl(tables.CRAWL_FILES))
        slices.complete(
            spark, settings, job=job, rows=frame, key="file_id", target=tables.CRAWL_FILES
        )


def row(
    entry: FileEntry, kind: str, crawl: str | None, dataset: Dataset | None
) -> tuple[object, ...]:
    """Return one row of `crawl_files`."""
    return (
        # The same file read by other columns is other rows: they are part of its key.
        key(entry.path) if dataset is None else key(entry.path, dataset.text, dataset.id),
        kind,
        crawl,
        "web" if dataset is None else dataset.component,
        entry.bytes,
        None if dataset is None else dataset.text,
        None if dataset is None else dataset.id,
        None if dataset is None else dataset.url,
        datetime.datetime.now(datetime.UTC),
        entry.path,
    )


def _warc(entry: FileEntry) -> tuple[object, ...]:
    return row(entry, "warc", crawl_of(entry.path), None)


def _place(pattern: str) -> str:
    # Paths of the shipped conf files are relative to the project, wherever it is run from.
    if "://" in pattern or Path(pattern).is_absolute():
        return pattern
    anchor = pattern
    while any(char in anchor for char in "*?["):
        anchor = str(Path(anchor).parent)
    here = Path(anchor).exists()
    return (
        pattern
        if here or not conf_settings.resolve(anchor).exists()
        else str(conf_settings.CONF.parent / pattern)
    )


if __name__ == "__main__":
    command.run(main)
