"""Columnar index -> byte ranges: which records of which WARC files are to be read.

The columns are those of Common Crawl's index table (github.com/commoncrawl/cc-index-table); any
Parquet file with `warc_filename`, `warc_record_offset`, `warc_record_length` and the columns that
conditions are put on will do.
"""

from __future__ import annotations

import io
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from conf import tables
from udfs.files import open_jumping, requests_of, under
from udfs.files.access import DEFAULT, Access
from udfs.keys import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conf.settings import Index

NOT_SELECTED = "not_selected"
NO_RECORD = "no_record"

HIT = pa.struct(
    [
        pa.field("path", pa.string()),
        pa.field("crawl", pa.string()),
        pa.field("offset", pa.int64()),
        pa.field("length", pa.int64()),
    ]
)
"""One capture: the WARC file it stands in, its crawl, and its bytes."""

READ_INDEX_SCHEMA = pa.schema(
    [
        pa.field("hit", HIT),
        pa.field("read", pa.struct(list(tables.arrow_schema(tables.FILE_READS)))),
    ]
)
"""Output of `read_index`: a capture or a row of `file_reads`, the other one NULL."""

_RECORD = ("warc_filename", "warc_record_offset", "warc_record_length")
_BATCH_ROWS = 1 << 16
_SURT = re.compile(r"[a-z0-9,._-]+(:\d+)?\)")
_PARTITION = re.compile(r"/crawl=([^/]+)/")
_CRAWL = re.compile(r"(?:^|/)(CC-(?:MAIN|NEWS)-\d{4}-\d{2})(?:/|$)")


class ColumnMissingError(ValueError):
    """An index lacks a column that the selection asks for."""


def crawl_of(path: str) -> str | None:
    """Return the crawl that a path names, e.g. CC-MAIN-2026-40; None when it names none.

    A folder of the path must be called so, or `crawl=` so. The time stamp in a WARC file's own
    name tells when a segment was fetched, not which crawl it belongs to, and is left alone.
    """
    found = _PARTITION.search(path) or _CRAWL.search(path.rpartition("/")[0])
    return found.group(1) if found else None


def read_index(
    batches: Iterable[pa.RecordBatch], *, index: Index, prefix: str, access: Access = DEFAULT
) -> Iterator[pa.RecordBatch]:
    """Find the captures that a selection chooses in files of a columnar index.

    Only the columns that it needs are read; with hosts chosen, in an index that is sorted by
    SURT key (as Common Crawl's are), only the row groups in which they can stand.

    Args:
        batches: rows of `crawl_files` of kind index with `attempt`; reads `file_id`, `path`,
            `crawl`, `attempt`.
        index: the selection.
        prefix: put before the relative paths of WARC files.
        access: how servers are asked.

    Yields:
        Rows of READ_INDEX_SCHEMA: the captures of a file, then one row of what it gave. A file
        that cannot be read gives `failed`; one that lacks a column `damaged`.

    Raises:
        ValueError: `index.url_pattern` is no RE2 pattern. No file raises.
    """
    check(index)
    for batch in batches:
        for row in batch.select(["file_id", "path", "crawl", "attempt"]).to_pylist():
            yield from _read_file(row, index, prefix, access)


def span_files(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Make rows of `crawl_files` of byte ranges.

    Args:
        batches: one row a part of a WARC file: `path`, `crawl`, `spans` in order.
    """
    schema = tables.arrow_schema(tables.CRAWL_FILES)
    now = datetime.now(UTC)
    for batch in batches:
        rows = []
        for row in batch.to_pylist():
            ends = [end for span in row["spans"] for end in (span["offset"], span["length"])]
            rows.append(
                dict.fromkeys(schema.names)
                | row
                | {
                    "file_id": key(row["path"], "spans", *ends),
                    "kind": "warc",
                    "component": "web",
                    "listed_at": now,
                }
            )
        yield pa.RecordBatch.from_pylist(rows, schema=schema)


def check(index: Index) -> None:
    """Refuse a selection that cannot be carried out.

    Raises:
        ValueError: `url_pattern` is no RE2 pattern.
    """
    try:
        pc.match_substring_regex(pa.array([""]), index.url_pattern or "")
    except pa.ArrowInvalid as error:
        raise ValueError(f"crawl.index.url_pattern: not an RE2 pattern: {error}") from error


def _read_file(
    row: dict[str, Any], index: Index, prefix: str, access: Access
) -> Iterator[pa.RecordBatch]:
    began = time.perf_counter()
    records = hits = lost = read_bytes = 0
    requests = None
    outcome, said = "complete", None
    try:
        with _Counted(open_jumping(row["path"], access=access)) as stream:
            try:
                file = pq.ParquetFile(stream, pre_buffer=True)
                condition, columns = _condition(file.schema_arrow, index)
                records = file.metadata.num_rows
                for group in row_groups(file.metadata, index):
                    for batch in file.iter_batches(
                        _BATCH_ROWS, row_groups=[group], columns=columns, use_threads=False
                    ):
                        found = pa.Table.from_batches([batch]).filter(condition)
                        part = _hits(found, row["crawl"], prefix)
                        lost += found.num_rows - part.num_rows
                        hits += part.num_rows
                        if part.num_rows:
                            yield part
            finally:
                requests = requests_of(stream.raw)
                read_bytes = stream.total
    except (ColumnMissingError, pa.ArrowInvalid) as error:
        # Not what a second try would change.
        outcome, said = "damaged", f"{row['path']}: {error}"
    except OSError as error:
        outcome, said = "failed", f"{type(error).__name__}: {error}"
    rejected = {NOT_SELECTED: records - hits - lost, NO_RECORD: lost}
    if outcome != "complete":
        records, rejected = hits + lost, {NO_RECORD: lost}
    read = {
        "file_id": row["file_id"],
        "kind": "index",
        "attempt": row["attempt"],
        "outcome": outcome,
        "records": records,
        "rows_out": hits,
        "rejected": [(reason, count) for reason, count in rejected.items() if count],
        "read_bytes": read_bytes,
        "requests": requests,
        "read_at": datetime.now(UTC),
        "read_seconds": time.perf_counter() - began,
        "error": said,
    }
    reads = pa.array([read], READ_INDEX_SCHEMA.field("read").type)
    yield pa.RecordBatch.from_arrays([pa.nulls(1, HIT), reads], schema=READ_INDEX_SCHEMA)


class _Counted(io.RawIOBase):
    """A stream that counts what is read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.total = 0
        self.raw = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        data = self.raw.read(-1 if size is None else size)
        self.total += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self.raw.seek(offset, whence)

    def tell(self) -> int:
        return self.raw.tell()

    def close(self) -> None:
        self.raw.close()
        super().close()


def _condition(schema: pa.Schema, index: Index) -> tuple[pc.Expression, list[str]]:
    """Return the selection over the columns of one file, and the columns that it needs."""
    conditions = []
    columns = set(_RECORD)

    def need(name: str) -> pc.Expression:
        if name not in schema.names:
            raise ColumnMissingError(f"the index has no column {name}")
        columns.add(name)
        return pc.field(name)

    for name in _RECORD:
        need(name)
    if index.hosts or index.host_suffixes:
        host = need("url_host_name")
        domains = [suffix.strip(".").lower() for suffix in index.host_suffixes]
        chosen = host.isin([*(name.lower() for name in index.hosts), *domains])
        for domain in domains:
            chosen |= pc.ends_with(host, pattern=f".{domain}")
        conditions.append(chosen)
    if index.url_pattern:
        conditions.append(pc.match_substring_regex(need("url"), index.url_pattern))
    if index.languages:
        names = "|".join(map(re.escape, index.languages))
        pattern = f"(?:^|,)(?:{names})(?:,|$)"
        conditions.append(pc.match_substring_regex(need("content_languages"), pattern))
    # An index that knows no types or statuses holds pages, as some that people make themselves.
    kinds = [
        need(name)
        for name in ("content_mime_detected", "content_mime_type")
        if name in schema.names
    ]
    if index.mime_types and kinds:
        conditions.append(pc.coalesce(*kinds).isin(index.mime_types))
    if index.statuses and "fetch_status" in schema.names:
        status = need("fetch_status").cast(pa.int64())
        conditions.append(status.isin(pa.array(index.statuses, pa.int64())))
    condition = pc.scalar(True)
    for one in conditions:
        condition &= one
    return condition, sorted(columns)


def _hits(found: pa.Table, crawl: str | None, prefix: str) -> pa.RecordBatch:
    """Return selected rows as captures, without those that name no record."""
    rows = []
    for name, offset, length in zip(
        *(found.column(column).to_pylist() for column in _RECORD), strict=True
    ):
        if name and offset is not None and length and offset >= 0 and length > 0:
            rows.append(
                {
                    "path": under(prefix, name),
                    "crawl": crawl or crawl_of(name),
                    "offset": offset,
                    "length": length,
                }
            )
    hits = pa.array(rows, HIT)
    nothing = pa.nulls(len(rows), READ_INDEX_SCHEMA.field("read").type)
    return pa.RecordBatch.from_arrays([hits, nothing], schema=READ_INDEX_SCHEMA)


def row_groups(metadata: pq.FileMetaData, index: Index) -> list[int]:
    """Return the row groups in which the hosts of a selection can stand.

    By the least and greatest `url_surtkey` of each, where the file is sorted by it; all groups
    where no hosts are chosen, or the statistics do not look like those of SURT keys.
    """
    every = list(range(metadata.num_row_groups))
    hosts = [*index.hosts, *(suffix.strip(".") for suffix in index.host_suffixes)]
    names = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
    if not hosts or "url_surtkey" not in names or any(host[-1:].isdigit() for host in hosts):
        return every
    column = names.index("url_surtkey")
    bounds = []
    for group in every:
        found = metadata.row_group(group).column(column).statistics
        if found is None or not found.has_min_max or not isinstance(found.min, str):
            return every
        bounds.append((found.min, found.max))
    ends = [end for pair in bounds for end in pair]
    if ends != sorted(ends) or not all(_SURT.match(end) for end in ends):
        return every
    starts = [_surt(host) for host in hosts]
    return [
        group
        for group, (least, most) in zip(every, bounds, strict=True)
        if any(most >= start and least <= start + "\x7f" for start in starts)
    ]


def _surt(host: str) -> str:
    """Return how the SURT keys of a host begin: its labels reversed, `www.` left out."""
    return ",".join(reversed(re.sub(r"^www\d*\.", "", host.lower()).split(".")))
