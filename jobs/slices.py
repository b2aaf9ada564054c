"""view -> table: keys that the target does not have yet, in bounded slices, a commit each.

Also the two other ways rows get into a table from a batch: a listing that is completed, and a
frozen whole that is replaced. A commit carries `txnAppId` and `txnVersion`, the latter taken from
the version of the target that the slice was planned on: of two drivers that plan the same slice
(one killed, its JVM still committing) only the first commit counts, and what the loser lacks it
plans again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the name all of Spark's users know

from conf import tables
from jobs import live, progress, session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame, DataFrameWriter, SparkSession

    from conf.settings import Settings
    from jobs.stream import ArrowFunction


class SliceError(RuntimeError):
    """A stage that broke its contract: rows of its input left no trace."""


def append(
    spark: SparkSession,
    settings: Settings,
    *,
    job: str,
    source: DataFrame,
    key: str,
    function: ArrowFunction,
    target: str,
    rows_per_slice: int,
) -> None:
    """Run rows whose key the target lacks through a function, slice after slice.

    Args:
        spark: the session.
        settings: of the run.
        job: name of the job.
        source: the rows that the target should cover; holds `key`, and what the function reads.
        key: column of both; every source row leaves at least one target row with its key.
        function: yields batches with the schema of `target`.
        target: table to append to.
        rows_per_slice: about how many rows lie between two commits.
    """
    meter = progress.meter()
    left = None
    while True:
        version = session.version(spark, settings, target) or 0
        done = session.table(spark, settings, target, version).select(key).distinct()
        missing = source.join(done, on=key, how="left_anti")
        total = missing.count()
        if total == 0:
            return
        if left is not None and total >= left:
            raise SliceError(f"{job}: {total} rows of its input left no row in {target}")
        if left is None:
            meter.expect(total, "rows")
        left = total
        slices = -(-total // rows_per_slice)
        for index in range(slices):
            part = missing
            if slices > 1:
                part = missing.where(F.pmod(F.xxhash64(key), F.lit(slices)) == index)
            # Rows are small and the work on them is not: deal them out to all cores.
            part = part.repartition(settings.spark.shuffle_partitions)
            with live.watched(function, progress.shown(settings)) as watched:
                result = part.mapInArrow(watched, session.ddl(target))
                _commit(settings, job, target, result, version + 1 + index)
            meter.advance(total // slices if index < slices - 1 else max(total - meter.done, 0))


def read_files(
    spark: SparkSession,
    settings: Settings,
    *,
    job: str,
    kinds: tuple[str, ...],
    function: ArrowFunction,
    outputs: Mapping[str, str],
    schema: str,
    target: str,
    key: str,
    files_per_slice: int,
) -> None:
    """Read the files of `crawl_files` that have no finished reading in `file_reads`.

    A file whose last reading failed is tried again, once a run. What a torn run has committed of
    a file is left out by its key when the file is read again.

    Args:
        spark: the session.
        settings: of the run.
        job: name of the job.
        kinds: kinds of files that the job reads.
        function: takes rows of `crawl_files` with `attempt`; yields rows of two structs, one of
            them NULL: a row of `target` or a row of `file_reads`.
        outputs: the struct's name by table.
        schema: Spark DDL of what the function yields.
        target: table that takes the files' rows.
        key: key column of `target`.
        files_per_slice: most files between two commits.
    """
    version = session.version(spark, settings, tables.FILE_READS) or 0
    target_version = session.version(spark, settings, target) or 0
    files = _due(spark, settings, kinds, version)
    # Copies of a file in two places, or a file and ranges of it, have equal keys; in one slice
    # they could both come through. Ranges of one file never overlap.
    file_name = F.element_at(F.split("path", "/"), -1)
    copies = Window.partitionBy(file_name).orderBy("path", F.col("spans").isNull())
    order = Window.orderBy("copy", "file_id")
    files = files.withColumn("copy", F.dense_rank().over(copies)).withColumn(
        "place", F.row_number().over(order) - 1
    )
    named = session.table(spark, settings, tables.CRAWL_FILES).select(
        "file_id", file_name.alias("name")
    )
    slices = [
        (row["copy"], row["first"], row["last"])
        for row in files.groupBy("copy", F.floor(F.col("place") / files_per_slice).alias("part"))
        .agg(F.min("place").alias("first"), F.max("place").alias("last"))
        .orderBy("copy", "part")
        .collect()
    ]
    meter = progress.meter()
    meter.expect(sum(last - first + 1 for _, first, last in slices), "files")
    for index, (_, first, last) in enumerate(slices, start=1):
        part = files.where(F.col("place").between(first, last)).drop("place", "copy")
        count = last - first + 1
        result = part.repartition(count).mapInArrow(function, schema).persist()
        rows = result.where(f"{outputs[target]} IS NOT NULL").select(f"{outputs[target]}.*")
        same = named.join(part.select(file_name.alias("name")).distinct(), "name", "left_semi")
        known = (
            session.table(spark, settings, target)
            .join(F.broadcast(same.select("file_id")), on="file_id", how="left_semi")
            .select(key)
        )
        rows = rows.join(known, on=key, how="left_anti")
        _commit(settings, job, target, rows, target_version + index)
        name = outputs[tables.FILE_READS]
        done = result.where(f"{name} IS NOT NULL").select(f"{name}.*")
        _commit(settings, job, tables.FILE_READS, done, version + index)
        result.unpersist()
        meter.advance(count)


def read_once(
    spark: SparkSession, settings: Settings, *, kind: str, function: ArrowFunction, schema: str
) -> DataFrame | None:
    """Read all files of a kind that have no finished reading, in one slice.

    For listings, whose rows are small and are put together over all files.

    Args:
        spark: the session.
        settings: of the run.
        kind: of the files.
        function: takes rows of `crawl_files` with `attempt`; yields structs of which one is
            `read`, a row of `file_reads`.
        schema: Spark DDL of what the function yields.

    Returns:
        What the function yielded; None where no file is due.
    """
    version = session.version(spark, settings, tables.FILE_READS) or 0
    files = _due(spark, settings, (kind,), version)
    due = files.collect()
    if not due:
        return None
    progress.meter().expect(len(due), "files")
    # From rows, not from the tables: what is kept of a query is read anew after a commit to a
    # table that it rests on, and a server may answer otherwise then. A checkpoint, since rows
    # and readings must be of the same reading even where a machine is lost.
    frame = spark.createDataFrame(due, files.schema).repartition(len(due))
    return frame.mapInArrow(function, schema).localCheckpoint()


def record_reads(spark: SparkSession, settings: Settings, job: str, found: DataFrame) -> None:
    """Append the readings of `read_once` to `file_reads`: its files are done.

    Args:
        spark: the session.
        settings: of the run.
        job: name of the job.
        found: what `read_once` returned.
    """
    reads = found.where("read IS NOT NULL").select("read.*")
    version = session.version(spark, settings, tables.FILE_READS) or 0
    _commit(settings, job, tables.FILE_READS, reads, version + 1)
    progress.meter().advance(reads.count())


def _due(
    spark: SparkSession, settings: Settings, kinds: tuple[str, ...], version: int
) -> DataFrame:
    """Return files of some kinds with `attempt`, but those whose last reading did not fail."""
    reads = session.table(spark, settings, tables.FILE_READS, version)
    tries = reads.groupBy("file_id").agg(
        F.max("attempt").alias("tries"),
        F.max_by("outcome", "attempt").alias("last_outcome"),
    )
    return (
        session.table(spark, settings, tables.CRAWL_FILES)
        .where(F.col("kind").isin(*kinds))
        .join(tries, on="file_id", how="left")
        .where("last_outcome IS NULL OR last_outcome = 'failed'")
        .withColumn("attempt", (F.coalesce("tries", F.lit(0)) + 1).cast("int"))
        .drop("tries", "last_outcome", "listed_at")
    )


def complete(
    spark: SparkSession,
    settings: Settings,
    *,
    job: str,
    rows: DataFrame,
    key: str,
    target: str,
) -> None:
    """Append the rows whose key the target lacks, in one commit."""
    version = session.version(spark, settings, target) or 0
    done = session.table(spark, settings, target, version).select(key)
    missing = rows.join(done, on=key, how="left_anti")
    count = missing.count()
    if count:
        progress.meter().expect(count, "rows")
        _commit(settings, job, target, missing, version + 1)
        progress.meter().advance(count)


def add(spark: SparkSession, settings: Settings, *, job: str, target: str, rows: DataFrame) -> None:
    """Append rows in one commit; of two drivers that planned it on the same version one wins."""
    version = session.version(spark, settings, target) or 0
    _commit(settings, job, target, rows, version + 1)


def replace(
    spark: SparkSession,
    settings: Settings,
    *,
    job: str,
    target: str,
    frame: DataFrame,
    pinned: Mapping[str, object],
) -> None:
    """Replace all rows of a table in one commit: readers see the old whole or the new one.

    Args:
        spark: the session.
        settings: of the run.
        job: name of the job.
        target: table to replace.
        frame: its new rows.
        pinned: what the rows follow from: table versions and settings. The commit carries it,
            so a run that was killed after its commit does not write the same rows again.
    """
    stamp = json.dumps({"job": job, **pinned}, sort_keys=True, default=str)
    name = session.table_name(settings, target)
    newest = spark.sql(f"DESCRIBE HISTORY {name} LIMIT 1").select("userMetadata").first()
    if newest is not None and newest["userMetadata"] == stamp:
        return
    ordered = frame.select(*[column.name for column in tables.table(target).columns])
    writer = ordered.write.format("delta").mode("overwrite").option("userMetadata", stamp)
    save(settings, writer, target)
    progress.meter().advance(session.table(spark, settings, target).count())


def save(settings: Settings, writer: DataFrameWriter, target: str) -> None:
    """Commit what a writer holds to a table, under its path or its name in the catalog."""
    if settings.catalog is None:
        writer.save(session.table_path(settings, target))
    else:
        writer.saveAsTable(session.table_name(settings, target))


def _commit(settings: Settings, job: str, target: str, frame: DataFrame, version: int) -> None:
    writer = (
        frame.select(*[column.name for column in tables.table(target).columns])
        .write.format("delta")
        .mode("append")
        .option("txnAppId", job)
        .option("txnVersion", version)
    )
    save(settings, writer, target)
