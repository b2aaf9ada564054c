"""all tables -> report.html: the run on one page, without network or server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs import command
from jobs.report import data, page
from udfs import storage

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Settings


def main(spark: SparkSession, settings: Settings) -> None:
    """Write `root`/report.html."""
    storage.write_text(f"{settings.root}/report.html", page.render(data.collect(spark, settings)))


if __name__ == "__main__":
    command.run(main)
