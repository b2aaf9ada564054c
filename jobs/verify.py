"""programs -> verdicts: what happened when a program was run in the sandbox."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conf import tables
from jobs import command, stream
from udfs.verify.stage import verify

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Settings
    from jobs.stream import ArrowFunction


def main(spark: SparkSession, settings: Settings) -> None:
    """Run new programs and compare what they print with what the text states."""
    stream.append(
        spark,
        settings,
        job="verify",
        source=tables.PROGRAMS,
        where="code IS NOT NULL",
        function=function(settings),
        target=tables.VERDICTS,
        spread=True,
    )


def function(settings: Settings) -> ArrowFunction:
    """Return the Arrow function of the job, as the settings have it."""
    limits = settings.verify
    return partial(
        verify,
        wall_seconds=limits.wall_seconds,
        cpu_seconds=limits.cpu_seconds,
        memory_bytes=limits.memory_bytes,
        output_bytes=limits.output_bytes,
        parallel=1,  # Spark runs one task a core already
        require=frozenset(limits.require),
    )


if __name__ == "__main__":
    command.run(main)
