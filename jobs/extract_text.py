"""pages -> documents: text with its formulas as LaTeX, or the reason there is none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conf import tables
from jobs import command, stream
from udfs.html import extract_text

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Settings


def main(spark: SparkSession, settings: Settings) -> None:
    """Extract the text of new pages."""
    stream.append(
        spark,
        settings,
        job="extract_text",
        source=tables.PAGES,
        function=partial(
            extract_text,
            min_formulas=settings.extract.min_formulas,
            cpu_seconds=settings.extract.cpu_seconds,
            memory_bytes=settings.extract.memory_bytes,
        ),
        target=tables.DOCUMENTS,
    )


if __name__ == "__main__":
    command.run(main)
