"""pages -> documents: text with its formulas as LaTeX, or the reason there is none."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conf import settings as conf_settings
from conf import tables
from jobs import command, stream
from udfs.html import extract_text

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Settings
    from jobs.stream import ArrowFunction


def main(spark: SparkSession, settings: Settings) -> None:
    """Extract the text of new pages."""
    stream.append(
        spark,
        settings,
        job="extract_text",
        source=tables.PAGES,
        function=function(settings),
        target=tables.DOCUMENTS,
    )


def function(settings: Settings) -> ArrowFunction:
    """Return the Arrow function of the job, as the settings have it."""
    return partial(
        extract_text,
        min_formulas=settings.extract.min_formulas,
        honour_robots_meta=tuple(settings.extract.honour_robots_meta),
        blocked=block_lists(settings),
        mask=tuple(settings.privacy.mask),
        cpu_seconds=settings.extract.cpu_seconds,
        memory_bytes=settings.extract.memory_bytes,
    )


def block_lists(settings: Settings) -> tuple[str, ...]:
    """Return the block lists as every process finds them.

    Raises:
        SettingsError: a local one is not there.
    """
    paths = tuple(map(conf_settings.place, settings.extract.blocked))
    for path in paths:
        if not conf_settings.is_url(path) and not Path(path).is_file():
            raise conf_settings.SettingsError(f"extract.blocked: {path}: no such file")
    return paths


if __name__ == "__main__":
    command.run(main)
