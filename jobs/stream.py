"""table -> table: each new row goes once through an Arrow function into another table.

Structured Streaming with `availableNow` does the book-keeping: bounded batches, resume after a
kill at any moment, and each row exactly once through Delta's sink.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from conf import tables
from jobs import live, progress, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa
    from pyspark.sql import SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

    from conf.settings import Settings

    ArrowFunction = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]

_POLL_SECONDS = 0.2


class StreamError(RuntimeError):
    """A stream that stopped; the message names the job, the cause and what to do."""


def append(
    spark: SparkSession,
    settings: Settings,
    *,
    job: str,
    source: str,
    function: ArrowFunction,
    target: str,
    columns: Sequence[str] = ("*",),
    where: str | None = None,
    spread: bool = False,
    unless: Sequence[str] = (),
    checkpoint: str = "",
) -> None:
    """Run the new rows of `source` through `function` and append what it yields to `target`.

    Args:
        spark: the session.
        settings: of the run.
        job: name of the job, which owns the checkpoint.
        source: table to read; rows are only ever appended to it.
        function: yields batches with the schema of `target`.
        target: table to append to.
        columns: columns of `source` that the function reads.
        where: SQL condition on rows of `source`; others are passed over.
        spread: whether rows are dealt out to all cores first. Right where rows are small and
            the work on them is not; wrong where rows hold pages.
        unless: key columns of `target`: rows whose key it has are left out. Needed where a new
            checkpoint goes over rows that an earlier one has gone over.
        checkpoint: tells several streams of one job apart.

    Raises:
        StreamError: the stream stopped.
    """
    reader = spark.readStream.format("delta").option(
        "maxBytesPerTrigger", settings.spark.bytes_per_batch
    )
    # One limit alone counts: Delta's own default of 1,000 files would cut batches of small ones.
    reader = reader.option("maxFilesPerTrigger", 100_000)
    if settings.catalog is None:
        frame = reader.load(session.table_path(settings, source))
    else:
        frame = reader.table(session.table_name(settings, source))
    if where is not None:
        frame = frame.where(where)
    frame = frame.select(*columns)
    if spread:
        frame = frame.repartition(settings.spark.shuffle_partitions)
    meter = progress.meter()
    if meter.is_watched:
        meter.expect(_new_rows(spark, settings, source, where, meter.versions), "rows")
    with live.watched(function, progress.shown(settings)) as watched:
        made = frame.mapInArrow(watched, session.ddl(target))
        if unless:
            known = session.table(spark, settings, target).select(*unless)
            made = made.join(known, on=list(unless), how="left_anti")
        writer = (
            made.select(*[column.name for column in tables.table(target).columns])
            .writeStream.format("delta")
            .outputMode("append")
            .option("checkpointLocation", checkpoint_path(settings, job, checkpoint))
            .trigger(availableNow=True)
            .queryName(job)
        )
        if settings.catalog is None:
            query = writer.start(session.table_path(settings, target))
        else:
            query = writer.toTable(session.table_name(settings, target))
        _wait(query, job)


def _new_rows(
    spark: SparkSession,
    settings: Settings,
    source: str,
    where: str | None,
    versions: Mapping[str, int],
) -> int:
    """Return how many rows a table has got since the job's last finished run."""

    def count(version: int | None) -> int:
        rows = session.table(spark, settings, source, version)
        return (rows if where is None else rows.where(where)).count()

    return count(None) - (count(versions[source]) if versions.get(source) else 0)


def checkpoint_path(settings: Settings, job: str, checkpoint: str = "") -> str:
    """Return where a job's stream keeps what it has read."""
    return f"{settings.root}/checkpoints/{job}{'/' + checkpoint if checkpoint else ''}"


def forget(settings: Settings, job: str) -> None:
    """Remove a job's checkpoints, so that its next run reads its source from the start."""
    path = checkpoint_path(settings, job)
    if session.is_local(settings):
        shutil.rmtree(Path(path), ignore_errors=True)
    else:
        session.remove_folder(path)


def _wait(query: StreamingQuery, job: str) -> None:
    meter = progress.meter()
    seen = -1
    try:
        running = True
        while running:
            # pyspark's annotation says whole seconds; fractions work in both modes.
            running = not query.awaitTermination(_POLL_SECONDS)  # type: ignore[arg-type]
            for report in query.recentProgress:
                if report["batchId"] > seen:
                    seen = report["batchId"]
                    meter.advance(report["numInputRows"] or 0)
    except KeyboardInterrupt:
        query.stop()
        raise
    except Exception as error:
        raise StreamError(f"{job}: {cause(error)}") from error


def cause(error: BaseException) -> str:
    """Return the line of a Spark error that says what happened, without stacks."""
    texts = list(_texts(error))
    for text in texts:
        if any(word in text for word in _REBUILT):
            return (
                f"its source was rebuilt since it was last read ({_line(text)}); "
                "run this job again with --full-refresh"
            )
    for text in texts:
        # The exception of a Python worker stands below its traceback.
        if raised := _RAISED.findall(text):
            return raised[-1].strip()
    return _line(texts[0])


_REBUILT = ("DELTA_SCHEMA_CHANGED", "DELTA_SOURCE_TABLE_IGNORE_CHANGES", "DIFFERENT_DELTA_TABLE")
_RAISED = re.compile(r"Traceback \(most recent call last\):\n(?:[ \t].*\n)+(\w[\w.]*(?::.*)?)")


def _texts(error: BaseException) -> Iterator[str]:
    """Return what an error and those below it say; classic and Connect keep it in other fields."""
    yield str(error)
    for value in vars(error).values():
        if isinstance(value, BaseException):
            yield from _texts(value)
        elif isinstance(value, str):
            yield value


def _line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "unknown error")[:500]
