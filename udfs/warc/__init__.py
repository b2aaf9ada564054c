"""WARC files -> pages: the captured HTML that may be of the domain, and what each file gave."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import pyarrow as pa

from conf import tables
from udfs.files import base_name, open_input
from udfs.hosts import host_of
from udfs.keys import key
from udfs.markers import Markers
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

_BATCH_BYTES = 8 << 20
_BATCH_ROWS = 200
_MARKED_BYTES = 1 << 20  # candidates searched at once: enough to pay for setting up the search
_MARKED_ROWS = 64
_BLANKS = b" \t\r\n\f\x00"
_SLACK_BYTES = 1 << 18  # headers, chunk sizes and codings around a payload of allowed length
_CRAWL = re.compile(r"(?:^|/)(CC-(?:MAIN|NEWS)-\d{4}-\d{2})(?:/|$)")
_WARC_DATE = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z?")


class Page(NamedTuple):
    """One candidate: a captured HTML page before its markers are looked for."""

    record: Record
    url: str
    content_type: str | None
    payload: bytes
    html: bytes


def read_crawl(
    batches: Iterable[pa.RecordBatch], *, markers: Markers | list[Any], max_html_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Read WARC files and keep the HTML pages that may be of the domain.

    Response records alone count; requests, metadata and the like are passed over. What is
    broken in a file costs the records it lies in: the reading goes on at the next gzip member.

    Args:
        batches: rows of `crawl_files` with `attempt` (which try this is, from 1); reads
            `file_id`, `path`, `crawl`, `attempt`.
        markers: what a page must hold to be kept: `Markers`, or their entries as conf has them.
        max_html_bytes: longest page that is kept, in bytes, at least 1.

    Yields:
        Rows of READ_PAGES_SCHEMA: the pages of a file in its order, then one row of what the
        file gave. Batches hold at most 200 rows and some 8 MiB of HTML (a longer page stands
        alone).

    Raises:
        ValueError: `max_html_bytes` is not positive. No file and no page raises.
    """
    if max_html_bytes < 1:
        raise ValueError(f"max_html_bytes: {max_html_bytes}, must be at least 1")
    chosen = markers if isinstance(markers, Markers) else Markers(markers)
    for batch in batches:
        for row in batch.select(["file_id", "path", "crawl", "attempt"]).to_pylist():
            yield from _read_file(row, chosen, max_html_bytes)


def crawl_of(path: str) -> str | None:
    """Return the crawl that a path names, e.g. CC-MAIN-2026-40; None when it names none.

    A folder of the path must be called so. The time stamp in a WARC file's own name tells when
    a segment was fetched, not which crawl it belongs to, and is left alone.
    """
    found = _CRAWL.search(path.rpartition("/")[0])
    return found.group(1) if found else None


@dataclass
class _Tally:
    """What one file gave so far."""

    records: int = 0
    pages: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    damages: int = 0
    first_damage: str = ""


class _Counted:
    """A stream that counts what is read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.total = 0
        self._stream = stream

    def read(self, count: int, /) -> bytes:
        """Read as the stream does."""
        data = self._stream.read(count)
        self.total += len(data)
        return data


def _read_file(
    row: dict[str, Any], markers: Markers, max_html_bytes: int
) -> Iterator[pa.RecordBatch]:
    began = time.perf_counter()
    path = row["path"]
    name = base_name(path)
    tally = _Tally()
    read_bytes = 0
    failure = None
    counted = None
    try:
        with open_input(path) as stream:
            counted = _Counted(stream)
            candidates = _candidates(counted, tally, max_html_bytes)
            for pages in _bounded(_marked(candidates, markers, tally), _BATCH_BYTES, _BATCH_ROWS):
                tally.pages += len(pages)
                yield _batch("page", [_page_row(page, row, name) for page in pages])
    except OSError as error:
        failure = f"{type(error).__name__}: {error}"
    if counted is not None:
        read_bytes = counted.total
        if failure:
            failure = f"{failure} (after byte {read_bytes} of {path})"
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
        "read_bytes": read_bytes,
        "read_at": datetime.now(UTC),
        "read_seconds": time.perf_counter() - began,
        "error": failure or damage,
    }
    yield _batch("read", [read])


def _candidates(stream: _Counted, tally: _Tally, max_html_bytes: int) -> Iterator[Page]:
    for record in read_records(stream, max_bytes=max_html_bytes + _SLACK_BYTES):
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
    return (header(record.head, b"WARC-Type") or b"").lower() == b"response"


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
    response = parse_response(record.block)
    # A status line that cannot be read says nothing; then the bytes decide alone.
    if response.status not in (200, None):
        return "http_status"
    if not is_html_type(response.content_type):
        return "not_html"
    if record.is_cut:
        return "too_large"
    html = decode_body(response, max_bytes=max_html_bytes)
    if not html.strip(_BLANKS):
        return "empty_body"
    if not is_html(response.content_type if response.status else None, html):
        return "not_html"
    if len(html) > max_html_bytes:
        return "too_large"
    return Page(record, url, response.content_type, response.payload, html)


def _marked(pages: Iterator[Page], markers: Markers, tally: _Tally) -> Iterator[Page]:
    for some in _bounded(pages, _MARKED_BYTES, _MARKED_ROWS):
        for page, is_marked in zip(some, markers.find([page.html for page in some]), strict=True):
            if is_marked:
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
    sha1 = hashlib.sha1(page.payload, usedforsecurity=False).digest()
    digest = base64.b32encode(sha1).decode("ascii")
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
        "html_bytes": len(page.html),
        "is_truncated": header(record.head, b"WARC-Truncated") is not None,
        "warc_filename": warc_filename,
        "url": page.url,
        "html": page.html,
    }


def _time(value: bytes) -> datetime | None:
    found = _WARC_DATE.match(value)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found.group(1).decode("ascii")).replace(tzinfo=UTC)
    except ValueError:
        return None


def _batch(column: str, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    arrays = [
        pa.array(rows, field.type) if field.name == column else pa.nulls(len(rows), field.type)
        for field in READ_PAGES_SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=READ_PAGES_SCHEMA)
