"""crawl_files -> pages, file_reads: each captured HTML page that may hold mathematics."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conf import settings as conf_settings
from conf import tables
from jobs import command, list_crawl, session, slices
from udfs.warc import read_crawl

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Settings
    from jobs.stream import ArrowFunction


def main(spark: SparkSession, settings: Settings) -> None:
    """Read the WARC files that were not read to their end yet."""
    slices.read_files(
        spark,
        settings,
        job="read_crawl",
        kinds=("warc",),
        function=function(settings),
        outputs={tables.PAGES: "page", tables.FILE_READS: "read"},
        schema=f"page {session.struct(tables.PAGES)}, read {session.struct(tables.FILE_READS)}",
        target=tables.PAGES,
        key="page_id",
        files_per_slice=settings.crawl.files_per_slice,
    )


def function(settings: Settings) -> ArrowFunction:
    """Return the Arrow function of the job, as the settings have it."""
    return partial(
        read_crawl,
        markers=conf_settings.domain(settings.domain).markers,
        max_html_bytes=settings.crawl.max_html_bytes,
        access=list_crawl.access(settings),
    )


if __name__ == "__main__":
    command.run(main)
