"""conf -> crawl_files, file_reads: WARC files, and byte ranges of them that an index names."""

from __future__ import annotations

import datetime
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the name all of Spark's users know

from conf import settings as conf_settings
from conf import tables
from jobs import command, session, slices
from udfs.files import FileEntry, list_files
from udfs.files.access import Access
from udfs.keys import key
from udfs.warc import index

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from conf.settings import Dataset, Settings

SPANS_PER_FILE = 1000
"""Most byte ranges in a row of `crawl_files`: a task reads one row."""


def main(spark: SparkSession, settings: Settings) -> None:
    """List the crawl's WARC files, and the captures that its index has, that are not listed yet."""
    index.check(settings.crawl.index)
    rows = [_warc(entry) for entry in listed(settings)]
    rows += [_index(entry, settings) for entry in listed_index(settings)]
    add(spark, settings, "list_crawl", rows)
    if settings.crawl.index.paths:
        _list_captures(spark, settings)


def inputs(settings: Settings) -> str:
    """Return the files that the crawl's paths name now, and what an index is asked for."""
    files = [entry.path for entry in listed(settings)]
    files += [f"{entry.path} {_selection(settings)}" for entry in listed_index(settings)]
    return "\n".join(files)


def access(settings: Settings) -> Access:
    """Return how the settings want servers to be asked."""
    crawl = settings.crawl
    return Access(
        tries=crawl.tries,
        timeout_seconds=crawl.timeout_seconds,
        requests_per_second=crawl.requests_per_second,
        connections=crawl.connections,
        s3_endpoint=crawl.s3_endpoint,
        s3_region=crawl.s3_region,
        s3_anonymous=crawl.s3_anonymous,
    )


def listed(settings: Settings) -> list[FileEntry]:
    """Return the WARC files that the settings name, sorted by path."""
    return _files(settings, settings.crawl.paths)


def listed_index(settings: Settings) -> list[FileEntry]:
    """Return the index files that the settings name, without other subsets, sorted by path."""
    wanted = [f"/subset={name}/" for name in settings.crawl.index.subsets]
    return [
        entry
        for entry in _files(settings, [_inside(path) for path in settings.crawl.index.paths])
        if "/subset=" not in entry.path or any(name in entry.path for name in wanted)
    ]


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
    entry: FileEntry,
    kind: str,
    crawl: str | None,
    dataset: Dataset | None,
    selection: str | None = None,
) -> tuple[object, ...]:
    """Return one row of `crawl_files`."""
    # The same file read by other columns, or for another selection, is other rows.
    parts = [entry.path] if dataset is None else [entry.path, dataset.text, dataset.id]
    return (
        key(*parts) if selection is None else key(*parts, selection),
        kind,
        crawl,
        "web" if dataset is None else dataset.component,
        entry.bytes,
        None if dataset is None else dataset.text,
        None if dataset is None else dataset.id,
        None if dataset is None else dataset.url,
        None,
        datetime.datetime.now(datetime.UTC),
        entry.path,
    )


def _list_captures(spark: SparkSession, settings: Settings) -> None:
    """Read the index files that were not read to their end yet, and list what they name."""
    listing = settings.crawl.index
    found = slices.read_once(
        spark,
        settings,
        kind="index",
        function=partial(
            index.read_index,
            index=listing,
            prefix=conf_settings.place(settings.crawl.prefix),
            access=access(settings),
        ),
        schema=(
            "hit STRUCT<path: STRING, crawl: STRING, offset: BIGINT, length: BIGINT>, "
            f"read {session.struct(tables.FILE_READS)}"
        ),
    )
    if found is None:
        return
    hits = found.where("hit IS NOT NULL").select("hit.*")
    if listing.limit is not None:
        # By the file's name: the same captures are chosen whichever server has the crawl.
        spread = F.xxhash64(F.substring_index("path", "/", -1), "offset")
        hits = hits.dropDuplicates(["path", "offset"])
        hits = hits.orderBy(spread, "path", "offset").limit(listing.limit)
    slices.complete(
        spark,
        settings,
        job="list_crawl",
        rows=_as_files(_unlisted(hits, session.table(spark, settings, tables.CRAWL_FILES))),
        key="file_id",
        target=tables.CRAWL_FILES,
    )
    slices.record_reads(spark, settings, "list_crawl", found)


def _unlisted(hits: DataFrame, files: DataFrame) -> DataFrame:
    """Leave out the captures that are read anyway: listed before, or of a whole file."""
    whole = files.where("kind = 'warc' AND spans IS NULL").select("path")
    spans = files.where("kind = 'warc'").select("path", F.explode("spans").alias("span"))
    known = spans.selectExpr("path", "span.offset AS offset")
    return (
        hits.groupBy("path", "offset")
        .agg(F.max("length").alias("length"), F.max("crawl").alias("crawl"))
        .join(whole, on="path", how="left_anti")
        .join(known, on=["path", "offset"], how="left_anti")
    )


def _as_files(hits: DataFrame) -> DataFrame:
    """Gather the captures of a WARC file into rows of bounded length."""
    place = F.row_number().over(Window.partitionBy("path").orderBy("offset")) - 1
    parts = (
        hits.withColumn("part", F.floor(place / SPANS_PER_FILE))
        .groupBy("path", "part")
        .agg(
            F.max("crawl").alias("crawl"),
            F.sort_array(F.collect_list(F.struct("offset", "length"))).alias("spans"),
        )
        .select("path", "crawl", "spans")
    )
    return parts.mapInArrow(index.span_files, session.ddl(tables.CRAWL_FILES))


def _warc(entry: FileEntry) -> tuple[object, ...]:
    return row(entry, "warc", index.crawl_of(entry.path), None)


def _index(entry: FileEntry, settings: Settings) -> tuple[object, ...]:
    return row(entry, "index", index.crawl_of(entry.path), None, _selection(settings))


def _selection(settings: Settings) -> str:
    """Return what an index is asked for, as text that can be compared."""
    chosen = settings.crawl.index.model_dump(mode="json", exclude={"paths", "subsets"})
    return json.dumps([chosen, settings.crawl.prefix], sort_keys=True)


def _files(settings: Settings, patterns: list[str]) -> list[FileEntry]:
    return list_files(
        [_place(path) for path in patterns],
        prefix=conf_settings.place(settings.crawl.prefix),
        access=access(settings),
    )


def _inside(path: str) -> str:
    """Return the Parquet files of a folder, where one is named."""
    if path.endswith("/") or ("://" not in path and Path(path).is_dir()):
        return f"{path.rstrip('/')}/**/*.parquet"
    return path


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
