"""Data set files as rows: JSONL, plain or compressed, and Parquet, a bounded part at a time."""

from __future__ import annotations

import bz2
import difflib
import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_TEXT = "no_text"
BAD_JSON = "bad_json"
TOO_LARGE = "too_large"
DAMAGED = "damaged_record"

LINE_BYTES = 64 << 20
"""Longest JSONL line that is read, in bytes."""

_READ_BYTES = 1 << 20
_OUT_BYTES = 1 << 22  # most bytes decompressed at once: bounds a bomb
_ZSTD_BYTES = 1 << 14
_PARQUET_ROWS = 256
_PROBED_ROWS = 1000  # JSONL rows after which a text column that no row has is a wrong name


class ColumnError(ValueError):
    """A file without the column that holds the text; the message names file, column, remedy."""


class Row(NamedTuple):
    """One row: its own id, URL and text as they stand, or the reason there is no text."""

    number: int
    source_id: str | None
    url: str | None
    text: str | None
    reason: str | None


@dataclass(frozen=True)
class Columns:
    """Names of the columns that are read."""

    text: str
    source_id: str | None
    url: str | None


@dataclass
class Damage:
    """What was wrong with a file's data on the way.

    Attributes:
        lost: rows known to be there and not readable.
        first: the first thing that was wrong, with its place; empty when nothing was.
    """

    lost: int = 0
    first: str = ""


@dataclass
class Source:
    """A file's stream that counts, and keeps an error of its own apart from one of its data."""

    stream: BinaryIO
    total: int = 0
    failure: OSError | None = field(default=None)

    def read(self, count: int = -1) -> bytes:
        """Read as the stream does."""
        try:
            data = self.stream.read(count)
        except OSError as error:
            self.failure = error
            raise
        self.total += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move as the stream does."""
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        """Return the place in the stream."""
        return self.stream.tell()

    def seekable(self) -> bool:
        """Whether the stream can move."""
        return self.stream.seekable()

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def writable(self) -> bool:
        """Whether it can be written: never."""
        return False

    def flush(self) -> None:
        """Do nothing: nothing is written."""

    def close(self) -> None:
        """Leave the stream to who opened it."""

    @property
    def closed(self) -> bool:
        """Whether the stream was closed."""
        return self.stream.closed


# JSONL


def read_jsonl(source: Source, name: str, columns: Columns, damage: Damage) -> Iterator[Row]:
    """Read a JSONL file; blank lines are no rows.

    Args:
        source: the file, from its start; gzip, zstd and bzip2 are known by their first bytes.
        name: of the file, for messages.
        columns: which fields of an object are read.
        damage: filled when the compressed data breaks off; the rows before that are kept.

    Raises:
        ColumnError: none of the first 1,000 rows has a text column.
        OSError: the file cannot be read.
    """
    held: list[Row] = []
    known: set[str] = set()
    is_known = False
    number = -1
    for number, line in enumerate(_lines(source, damage)):
        values = _object(line) if line is not None else None
        row = _jsonl_row(number, values, columns, is_long=line is None)
        if is_known:
            yield row
            continue
        held.append(row)
        if values is not None:
            known.update(list(values)[:100])
            is_known = columns.text in values
        if is_known:
            yield from held
            held = []
        elif number + 1 >= _PROBED_ROWS and known:
            raise _no_column(name, columns.text, known)
    if held and known:
        raise _no_column(name, columns.text, known)
    yield from held
    if damage.first:
        damage.first = f"{damage.first} after row {number}"


def _jsonl_row(
    number: int, values: dict[str, Any] | None, columns: Columns, *, is_long: bool
) -> Row:
    if values is None:
        return Row(number, None, None, None, TOO_LARGE if is_long else BAD_JSON)
    own = values.get(columns.source_id) if columns.source_id else None
    url = values.get(columns.url) if columns.url else None
    return _row(number, own, url, values.get(columns.text))


def _row(number: int, own: Any, url: Any, text: Any) -> Row:
    source_id = None if own is None else _clean(own if isinstance(own, str) else _plain(own))
    address = _clean(url) if isinstance(url, str) and url.strip() else None
    if not isinstance(text, str) or not text.strip():
        return Row(number, source_id, address, None, NO_TEXT)
    return Row(number, source_id, address, _clean(text), None)


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _clean(text: str) -> str:
    """Replace lone surrogates, which JSON can hold and UTF-8 cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        values = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def _lines(source: Source, damage: Damage) -> Iterator[bytes | None]:
    """Cut a stream into lines that are not blank; None for one longer than LINE_BYTES."""
    parts: list[bytes] = []
    size = 0
    for piece in _decompressed(source, damage):
        *lines, rest = piece.split(b"\n")
        for line in lines:
            size += len(line)
            if size > LINE_BYTES:
                yield None
            else:
                whole = b"".join([*parts, line])
                if whole.strip():
                    yield whole
            parts, size = [], 0
        size += len(rest)
        # Of a line that is too long nothing more need be held than that it is.
        parts = [] if size > LINE_BYTES else [*parts, rest] if rest else parts
    if size > LINE_BYTES:
        yield None
    elif b"".join(parts).strip():
        yield b"".join(parts)


def _decompressed(source: Source, damage: Damage) -> Iterator[bytes]:
    start = source.read(_READ_BYTES)
    if start.startswith(b"\x1f\x8b"):
        pieces = _inflated(start, source, lambda: zlib.decompressobj(31))
    elif start.startswith(b"BZh"):
        pieces = _inflated(start, source, bz2.BZ2Decompressor)
    elif start.startswith(b"\x28\xb5\x2f\xfd"):
        pieces = _zstd(start, source)
    else:
        pieces = _plain_pieces(start.removeprefix(b"\xef\xbb\xbf"), source)
        yield from pieces
        return
    is_first = True
    try:
        for piece in pieces:
            yield piece.removeprefix(b"\xef\xbb\xbf") if is_first else piece
            is_first = False
    except (zlib.error, EOFError, OSError) as error:
        if source.failure is not None:
            raise
        damage.first = f"broken compressed data ({error}) near byte {source.total}"


def _plain_pieces(piece: bytes, source: Source) -> Iterator[bytes]:
    while piece:
        yield piece
        piece = source.read(_READ_BYTES)


def _inflated(data: bytes, source: Source, start: Any) -> Iterator[bytes]:
    """Decompress gzip members or bzip2 streams, one after the other.

    Raises:
        EOFError: the file ends inside one.
        OSError, zlib.error: broken data.
    """
    inflater = start()
    while True:
        if inflater.eof:
            # What follows a member: the next one, padding, or the end.
            data = inflater.unused_data.lstrip(b"\x00") or source.read(_READ_BYTES).lstrip(b"\x00")
            if not data:
                return
            inflater = start()
        elif not data:
            data = source.read(_READ_BYTES)
            if not data:
                raise EOFError("the file ends early")
        yield inflater.decompress(data, _OUT_BYTES)
        # zlib hands back what the bound left over; bz2 keeps it and asks for nothing.
        data = getattr(inflater, "unconsumed_tail", b"")
        while not inflater.eof and not getattr(inflater, "needs_input", True):
            yield inflater.decompress(b"", _OUT_BYTES)


def _zstd(start: bytes, source: Source) -> Iterator[bytes]:
    source.seek(0)
    source.total -= len(start)
    with pa.CompressedInputStream(pa.PythonFile(source, mode="r"), "zstd") as stream:
        # A read that meets the end of a cut file gives nothing: small ones lose little.
        while piece := stream.read(_ZSTD_BYTES):
            yield piece


# Parquet


def read_parquet(source: Source, name: str, columns: Columns, damage: Damage) -> Iterator[Row]:
    """Read the needed columns of a Parquet file, row group by row group.

    Args:
        source: the file; must be seekable.
        name: of the file, for messages.
        columns: which columns are read; those for id and URL may be missing.
        damage: filled with the rows of a broken row group.

    Raises:
        ColumnError: there is no text column.
        OSError: the file cannot be read, or is no Parquet file.
    """
    try:
        file = pq.ParquetFile(source, buffer_size=_READ_BYTES, pre_buffer=False)
    except pa.ArrowInvalid as error:
        raise OSError(f"{name}: not a Parquet file, or cut off: {error}") from error
    found = set(file.schema_arrow.names)
    if columns.text not in found:
        raise _no_column(name, columns.text, found)
    wanted = [
        column
        for column in dict.fromkeys((columns.text, columns.source_id, columns.url))
        if column in found
    ]
    first = 0
    for group in range(file.metadata.num_row_groups):
        size = file.metadata.row_group(group).num_rows
        number = first
        try:
            for batch in file.iter_batches(_PARQUET_ROWS, row_groups=[group], columns=wanted):
                for row in _parquet_rows(batch, columns, number):
                    number += 1
                    yield row
        except (pa.ArrowException, OSError) as error:
            if source.failure is not None:
                raise source.failure from error
            damage.lost += first + size - number
            damage.first = damage.first or f"row group {group} broken at row {number}: {error}"
        first += size


def _parquet_rows(batch: pa.RecordBatch, columns: Columns, first: int) -> list[Row]:
    texts = _values(batch, columns.text)
    ids = _values(batch, columns.source_id)
    urls = _values(batch, columns.url)
    return [
        _row(first + place, own, url, text)
        for place, (own, url, text) in enumerate(zip(ids, urls, texts, strict=True))
    ]


def _values(batch: pa.RecordBatch, column: str | None) -> list[Any]:
    if column is None or column not in batch.schema.names:
        return [None] * batch.num_rows
    array = batch.column(column)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    try:
        return array.to_pylist()
    except UnicodeDecodeError:
        raw = array.cast(pa.large_binary()).to_pylist()
        return [None if value is None else value.decode("utf-8", "replace") for value in raw]


def _no_column(name: str, column: str, known: set[str]) -> ColumnError:
    near = difflib.get_close_matches(column, sorted(known), n=1, cutoff=0.5)
    there = ", ".join(sorted(known)[:20])
    remedy = f"did you mean {near[0]}?" if near else f"there are: {there}"
    return ColumnError(f"{name}: no column {column}; {remedy}")
