"""WARC files -> pages: the captured HTML that may be of the domain, and what each file gave."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from conf import tables
from udfs.files import base_name, open_input, open_spans, requests_of
from udfs.files.access import DEFAULT, Access
from udfs.files.spans import Span
from udfs.hosts import host_of
from udfs.keys import key
from udfs.markers import Markers, compiled
from udfs.warc.records import DAMAGED, Record, header, read_records
from udfs.warc.response import decode_body, is_html, is_html_type, parse_response

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

REASONS = (
    "damaged_record",
    "truncated_file",
    "http_status",
    "empty_body",
    "not_html",
    "too_large",
    "no_markers",
)
"""Why a WARC response becomes no page."""

READ_PAGES_SCHEMA = pa.schema(
    [
        pa.field("page", pa.struct(list(tables.arrow_schema(tables.PAGES)))),
        pa.field("read", pa.struct(list(tables.arrow_schema(tables.FILE_READS)))),
    ]
)
"""Output of `read_crawl`: a row of `pages` or a row of `file_reads`, the other one NULL."""

_INPUT = ("file_id", "path", "crawl", "attempt", "spans")
_BATCH_BYTES = 8 << 20
_BATCH_ROWS = 200
_RESPONSE = b"response"
_INK = re.compile(rb"[^ \t\r\n\f\x00]")
_SLACK_BYTES = 1 << 18  # headers, chunk sizes and codings around a payload of allowed length
_SHA1 = re.compile(rb"(?i:sha1):(?:([A-Za-z2-7]{32})|([0-9a-fA-F]{40}))")
_WARC_DATE = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z?")


class Page(NamedTuple):
    """One candidate: a captured HTML page before its markers are looked for."""

    record: Record
    url: str
    content_type: str | None
    robots: str | None
    payload: memoryview
    html: bytes | memoryview


def read_crawl(
    batches: Iterable[pa.RecordBatch],
    *,
    markers: Markers | list[Any],
    max_html_bytes: int,
    access: Access = DEFAULT,
) -> Iterator[pa.RecordBatch]:
    """Read WARC files and keep the HTML pages that may be of the domain.

    Response records alone count; requests, metadata and the like are passed over. What is
    broken in a file costs the records it lies in: the reading goes on at the next gzip member.

    Args:
        batches: rows of `crawl_files` with `attempt` (which try this is, from 1); reads
            `file_id`, `path`, `crawl`, `attempt`, and `spans` where the column is there.
        markers: what a page must hold to be kept: `Markers`, or their entries as conf has them.
        max_html_bytes: longest page that is kept, in bytes, at least 1.
        access: how servers are asked.

    Yields:
        Rows of READ_PAGES_SCHEMA: the pages of a file in its order, then one row of what the
        file gave. Batches hold at most 200 rows and some 8 MiB of HTML (a longer page stands
        alone).

    Raises:
        ValueError: `max_html_bytes` is not positive. No file and no page raises.
    """
    if max_html_bytes < 1:
        raise ValueError(f"max_html_bytes: {max_html_bytes}, must be at least 1")
    chosen = compiled(markers)
    for batch in batches:
        columns = [name for name in _INPUT if name in batch.schema.names]
        for row in batch.select(columns).to_pylist():
            yield from _read_file(row, chosen, max_html_bytes, access)


@dataclass
class _Tally:
    """What one file gave so far."""

    records: int = 0
    pages: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    damages: int = 0
    first_damage: str = ""


class _Whole:
    """A WARC file that is read from its start to its end."""

    def __init__(self, row: dict[str, Any], access: Access) -> None:
        self.total = 0
        self._stream = open_input(row["path"], access=access)

    @property
    def requests(self) -> int | None:
        return requests_of(self._stream)

    def records(self, max_bytes: int) -> Iterator[Record]:
        return read_records(self, max_bytes=max_bytes, kind=_RESPONSE)

    def read(self, count: int, /) -> bytes:
        data = self._stream.read(count)
        self.total += len(data)
        return data

    def close(self) -> None:
        self._stream.close()


class _Parts:
    """Byte ranges of a WARC file, a record each."""

    def __init__(self, row: dict[str, Any], access: Access) -> None:
        spans = [Span(span["offset"], span["length"]) for span in row["spans"]]
        self._spans = open_spans(row["path"], spans, access=access)

    @property
    def total(self) -> int:
        return self._spans.total

    @property
    def requests(self) -> int | None:
        return self._spans.requests

    def records(self, max_bytes: int) -> Iterator[Record]:
        for span, stream in self._spans:
            is_empty = True
            for record in read_records(stream, max_bytes=max_bytes, kind=_RESPONSE):
                if not record.head and not record.reason:
                    continue  # damage beside a record, or a range of nothing
                is_empty = False
                record.offset += span.offset
                yield record
            if is_empty:
                place = f"no WARC record at byte {span.offset}"
                yield Record(span.offset, 0, b"", b"", reason=DAMAGED, damage=place)

    def close(self) -> None:
        self._spans.close()


def _read_file(
    row: dict[str, Any], markers: Markers, max_html_bytes: int, access: Access
) -> Iterator[pa.RecordBatch]:
    began = time.perf_counter()
    path = row["path"]
    name = base_name(path)
    tally = _Tally()
    failure = None
    source: _Whole | _Parts | None = None
    try:
        source = _Parts(row, access) if row.get("spans") is not None else _Whole(row, access)
        records = source.records(max_html_bytes + _SLACK_BYTES)
        candidates = _candidates(records, tally, max_html_bytes)
        for pages in _bounded(_marked(candidates, markers, tally), _BATCH_BYTES, _BATCH_ROWS):
            tally.pages += len(pages)
            yield _batch("page", [_page_row(page, row, name) for page in pages])
    except OSError as error:
        failure = f"{type(error).__name__}: {error}"
        if source is not None:
            failure = f"{failure} (after byte {source.total} of {path})"
    finally:
        if source is not None:
            source.close()
    if failure:
        # What was read and not yet passed on comes again with the next try.
        tally.records = tally.pages + tally.rejected.total()
    damage = None
    if tally.damages:
        more = f" and {tally.damages - 1} more places" if tally.damages > 1 else ""
        damage = f"{tally.first_damage}{more}"
    read = {
        "file_id": row["file_id"],
        "kind": "warc",
        "attempt": row["attempt"],
        "outcome": "failed" if failure else "damaged" if damage else "complete",
        "records": tally.records,
        "rows_out": tally.pages,
        "rejected": sorted(tally.rejected.items()),
        "read_bytes": source.total if source is not None else 0,
        "requests": source.requests if source is not None else None,
        "read_at": datetime.now(UTC),
        "read_seconds": time.perf_counter() - began,
        "error": failure or damage,
    }
    yield _batch("read", [read])


def _candidates(records: Iterator[Record], tally: _Tally, max_html_bytes: int) -> Iterator[Page]:
    for record in records:
        if record.damage:
            tally.damages += 1
            tally.first_damage = tally.first_damage or record.damage
        if not _is_counted(record):
            continue
        tally.records += 1
        try:
            found = _page(record, max_html_bytes)
        except Exception as error:  # noqa: BLE001 -- one record never ends the reading of a file
            tally.damages += 1
            place = f"{type(error).__name__}: {error} in the record at byte {record.offset}"
            tally.first_damage = tally.first_damage or place
            found = DAMAGED
        if isinstance(found, str):
            tally.rejected[found] += 1
        else:
            yield found


def _is_counted(record: Record) -> bool:
    if not record.head:
        # Nothing of it is readable: it may have been a response.
        return record.reason is not None
    # The reader passes over other types, but for what is said of damage beside them.
    if not (record.damage or record.reason):
        return True
    kind = header(record.head, b"WARC-Type")
    return kind.lower() == _RESPONSE if kind else record.reason is not None


def _page(record: Record, max_html_bytes: int) -> Page | str:
    """Read one response record as a page, or say why it is none."""
    if record.reason:
        return record.reason
    url = (header(record.head, b"WARC-Target-URI") or b"").strip(b"<>").decode("utf-8", "replace")
    if not url:
        return DAMAGED
    kind = header(record.head, b"Content-Type") or b"application/http"
    if not kind.lower().startswith(b"application/http"):
        return "not_html"  # a DNS answer or the like
    response = parse_response(record.data, record.begin, record.end)
    # A status line that cannot be read says nothing; then the bytes decide alone.
    if response.status not in (200, None):
        return "http_status"
    if not is_html_type(response.content_type):
        return "not_html"
    if record.is_cut:
        return "too_large"
    html = decode_body(response, max_bytes=max_html_bytes)
    if not _INK.search(html):
        return "empty_body"
    if not is_html(response.content_type if response.status else None, html):
        return "not_html"
    if len(html) > max_html_bytes:
        return "too_large"
    return Page(record, url, response.content_type, response.robots, response.payload, html)


def _marked(pages: Iterator[Page], markers: Markers, tally: _Tally) -> Iterator[Page]:
    for page in pages:
        if markers.holds(page.html):
            yield page
        else:
            tally.rejected["no_markers"] += 1


def _bounded(pages: Iterator[Page], most_bytes: int, most_rows: int) -> Iterator[list[Page]]:
    """Cut pages into lists of bounded size; a page over the bound stands alone."""
    some: list[Page] = []
    size = 0
    for page in pages:
        if some and (size + len(page.html) > most_bytes or len(some) == most_rows):
            yield some
            some, size = [], 0
        some.append(page)
        size += len(page.html)
    if some:
        yield some


def _page_row(page: Page, row: dict[str, Any], warc_filename: str) -> dict[str, Any]:
    record = page.record
    digest = _digest(record.head, page.payload)
    return {
        "page_id": key(warc_filename, record.offset, digest),
        "file_id": row["file_id"],
        "crawl": row["crawl"],
        "host": host_of(page.url),
        "fetch_time": _time(header(record.head, b"WARC-Date") or b""),
        "warc_record_offset": record.offset,
        "warc_record_length": record.length,
        "payload_digest": digest,
        "content_type": page.content_type,
        "robots": page.robots,
        "html_bytes": len(page.html),
        "is_truncated": header(record.head, b"WARC-Truncated") is not None,
        "warc_filename": warc_filename,
        "url": page.url,
        "html": page.html,
    }


def _digest(head: bytes, payload: memoryview) -> str:
    """Return the SHA-1 of a payload as its crawler wrote it down, or computed where it did not."""
    found = _SHA1.fullmatch(header(head, b"WARC-Payload-Digest") or b"")
    if found and found[1]:
        return found[1].decode("ascii").upper()
    sha1 = (
        bytes.fromhex(found[2].decode("ascii"))
        if found
        else hashlib.sha1(payload, usedforsecurity=False).digest()
    )
    return base64.b32encode(sha1).decode("ascii")


def _time(value: bytes) -> datetime | None:
    found = _WARC_DATE.match(value)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found.group(1).decode("ascii")).replace(tzinfo=UTC)
    except ValueError:
        return None


def _batch(name: str, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    arrays = []
    for column in READ_PAGES_SCHEMA:
        if column.name == name:
            # Column by column: rows as mappings are several times slower to convert.
            parts = [_array([row[part.name] for row in rows], part.type) for part in column.type]
            arrays.append(pa.StructArray.from_arrays(parts, fields=list(column.type)))
        else:
            arrays.append(pa.nulls(len(rows), column.type))
    return pa.RecordBatch.from_arrays(arrays, schema=READ_PAGES_SCHEMA)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if kind != pa.binary():
        return pa.array(values, kind)
    # Joined at once: a builder's buffer grows by copying, and pages are the bulk of all bytes.
    ends = pa.array(accumulate(map(len, values), initial=0), pa.int32())
    buffers = [None, ends.buffers()[1], pa.py_buffer(b"".join(values))]
    return pa.Array.from_buffers(kind, len(values), buffers)
