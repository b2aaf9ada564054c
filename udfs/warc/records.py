"""WARC files as records: where each begins and ends, whatever is broken around it.

A WARC file of a crawl is a chain of gzip members, a record each. The members are the frame here,
not the records' Content-Length: a length that lies then costs nothing, and behind a broken
member the next one is found by its magic number. Where there is no such frame (plain WARC, or a
file gzipped as one stream) a Content-Length is believed if a record's end follows it, and else
the next line that is `WARC/1.0` or the like ends the record.

Members are inflated by ISA-L (1.8 times the speed of zlib here, and a little faster than
FastWARC's iteration); zlib gives the same records.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import deflate
from isal import isal_zlib

from udfs.warc.response import find_body
from udfs.warc.window import LEAST_MEMBER_BYTES, MEMBER, READ_BYTES, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

# Untyped: its `error` is zlib's own.
_inflater: Any = isal_zlib

DAMAGED = "damaged_record"
TRUNCATED = "truncated_file"

_STEP_BYTES = 1 << 16  # compressed bytes handed to the inflater at once
_FIRST_STEP_BYTES = 1 << 14  # most members are small, and what is left over is copied
_OUT_BYTES = 1 << 22  # most bytes inflated at once: bounds a gzip bomb
_HEAD_BYTES = 1 << 16  # longest WARC header that is believed
_SALVAGE_BYTES = 256  # pieces in which a broken member is inflated, so that its start survives

_TRAILER = struct.Struct("<II")  # RFC 1952: checksum and length
# Begins with plain bytes, which the engine finds many times faster than an optional return.
_BORDER = re.compile(rb"\nWARC/[01]\.\d\r?\n")
_BORDER_BYTES = 16
# The type as every writer puts it; whatever is written otherwise is read line by line.
_TYPE = re.compile(rb"WARC/1\.\d\r\n(?:(?!WARC-Type:)[^\r\n]+\r\n){0,30}WARC-Type: ([a-z]+)\r\n")
_BLANKS = b"\r\n\t \x00"


@dataclass(slots=True)
class Record:
    """One record, or what is left of one.

    Attributes:
        offset: byte in the file at which it begins; in a WARC gzipped as one stream, byte of
            the inflated stream.
        length: bytes as stored, to the end of its gzip member or of its two closing line ends.
        head: WARC header with its lines, without the empty line; empty when unreadable.
        data: bytes that hold the block: what follows the header, at most the `max_bytes` of
            `read_records`.
        begin: where in `data` the block begins.
        end: where it ends; None for the end of `data`.
        is_cut: whether the block was longer than that.
        reason: why it cannot be used, DAMAGED or TRUNCATED; None when it can.
        damage: what is wrong with the file here; may stand beside a record that can be used.
    """

    offset: int
    length: int
    head: bytes
    data: bytes | bytearray
    is_cut: bool = False
    reason: str | None = None
    damage: str | None = None
    begin: int = 0
    end: int | None = None

    @property
    def block(self) -> bytes:
        """What follows the header."""
        return bytes(memoryview(self.data)[self.begin : self.end])


class Readable(Protocol):
    """What a WARC file is read from."""

    def read(self, count: int, /) -> bytes:
        """Return up to `count` bytes, none at the end."""
        ...


def read_records(
    stream: Readable, *, max_bytes: int, kind: bytes | None = None
) -> Iterator[Record]:
    """Read the records of a WARC file, gzipped by record, gzipped as a whole, or plain.

    Args:
        stream: the file, from its start; need not be seekable.
        max_bytes: longest block that is kept whole, in bytes. Memory is a small multiple of it.
        kind: WARC-Type of the records that are asked for, lower case; all types when None.

    Yields:
        Records in file order, broken ones with a reason. One without damage whose type is
        readable and another than `kind` is passed over.

    Raises:
        OSError: the stream cannot be read. No content of the file raises.
    """
    window = Window(lambda: stream.read(READ_BYTES))
    start = bytes(window.peek(0, _HEAD_BYTES))
    if not start:
        yield Record(0, 0, b"", b"", damage="the file is empty")
    elif start.lstrip(_BLANKS).startswith(b"WARC/") or (
        not MEMBER.search(start) and _BORDER.search(start)
    ):
        yield from _of_kind(_plain_records(window, max_bytes, is_whole=False), kind)
    else:
        yield from _gzip_records(window, max_bytes, kind)


def is_kind(record: Record, kind: bytes) -> bool:
    """Whether a record's header says that it is of a type, given in lower case."""
    return (header(record.head, b"WARC-Type") or b"").lower() == kind


def header(head: bytes, name: bytes) -> bytes | None:
    """Return the value of a WARC header, its name given as the standard writes it.

    None without one. Names are compared without regard to case.
    """
    # The usual spelling first: a plain search is several times faster than a walk over lines.
    begin = head.find(b"\n" + name + b":")
    if begin >= 0:
        begin += len(name) + 2
        end = head.find(b"\n", begin)
        return head[begin : end if end >= 0 else len(head)].strip()
    name = name.lower()
    if name not in head.lower():
        return None
    for line in head.split(b"\n"):
        field, colon, value = line.partition(b":")
        if colon and field.strip().lower() == name:
            return value.strip()
    return None


# Gzip


def _gzip_records(window: Window, max_bytes: int, kind: bytes | None) -> Iterator[Record]:
    inflated = 0  # bytes of all members so far: offsets where one member holds many records
    most = max_bytes + _HEAD_BYTES
    while True:
        # Nearly every member: whole in the buffer, and ended where the next begins.
        buffer, places = window.members()
        view = memoryview(buffer)
        for begin, end in pairwise(places):
            data = _inflate_whole(view[begin:end], most)
            if data is None:
                break
            start = window.offset
            window.move(end)
            inflated += len(data)
            found = _TYPE.match(data)
            if found and found[1] != kind and kind and not _BORDER.search(data, found.end()):
                continue
            record = _only_record(data, start, end - begin)
            if record is None:
                inner = _inner_records([bytes(data)], max_bytes, inflated - len(data))
                yield from _of_kind(inner, kind)
            elif kind is None or found or is_kind(record, kind):
                yield record
        else:
            if places:
                continue
        if not window.skip_blanks():
            return
        start = window.offset
        inflater = _inflater.decompressobj(31)
        parts: list[bytes] = []
        size = position = 0
        error = ""
        try:
            while not inflater.eof and size <= max_bytes:
                step = _STEP_BYTES if position else _FIRST_STEP_BYTES
                piece = window.peek(position, step)
                data = inflater.decompress(piece, _OUT_BYTES)
                position += len(piece) - _left_over(inflater)
                parts.append(data)
                size += len(data)
                if not data and not piece:
                    error = "the file ends inside a gzip member"
                    break
                if position - size > max_bytes:
                    error = "a gzip member of empty blocks"
                    break
        except _inflater.error as broken:
            error = f"broken gzip member: {broken}"
        if error:
            yield from _of_kind(_pass_damage(window, max_bytes, error), kind)
            continue
        data = b"".join(parts)
        if inflater.eof:
            window.skip(position)
            record = _only_record(data, start, position)
            alone = iter([record] if record is not None else [])
            inner = _inner_records([data], max_bytes, inflated) if record is None else alone
            yield from _of_kind(inner, kind)
            inflated += size
            continue
        window.skip(position)
        rest = _Rest(inflater, window, data)
        first = True
        for record in _inner_records(rest, max_bytes, inflated):
            if first and rest.is_single:
                record.offset, record.length = start, window.offset - start
            first = False
            yield from _of_kind(iter([record]), kind)
        inflated += rest.size
        if rest.error:
            yield Record(start, window.offset - start, b"", b"", damage=rest.error)
            _resynchronise(window, 0)


def _inflate_whole(member: memoryview, most: int) -> bytes | bytearray | None:
    """Inflate bytes that are one gzip member; None when they are not, or it is long or broken."""
    if len(member) < LEAST_MEMBER_BYTES:
        return None
    check, size = _TRAILER.unpack_from(member, len(member) - _TRAILER.size)
    if not 0 < size <= most:
        return None  # what the length says is not believed when it comes to bombs
    try:
        data = deflate.gzip_decompress(member, size)
    except (deflate.DeflateError, ValueError):
        return None
    # The inflater stops at the member's end, and does not say where that is: when its checksum
    # is the one at the end of these bytes, there.
    return data if len(data) == size and deflate.crc32(data) == check else None


def _left_over(inflater: Any) -> int:
    """Return how many bytes of its last input an inflater did not take."""
    # At a member's end after a bounded call zlib names the same bytes in both attributes.
    return len(inflater.unused_data if inflater.eof else inflater.unconsumed_tail)


def _only_record(data: bytes | bytearray, offset: int, length: int) -> Record | None:
    """Take a member as one record; None when it holds none, or more than one."""
    end = data.find(b"\r\n\r\n", 0, _HEAD_BYTES)
    if end < 0 or not data.startswith(b"WARC/"):
        return None
    head = bytes(data[:end])
    count = _content_length(head)
    begin = end + 4
    if count is not None and begin + count + 4 == len(data):
        return Record(offset, length, head, data, begin=begin, end=begin + count)
    if _BORDER.search(data, begin):
        return None
    # The length lies, or the closing line ends are missing: the member is the frame.
    stop = len(data) - 4 if data.endswith(b"\r\n\r\n") else len(data)
    return Record(offset, length, head, data, begin=begin, end=max(begin, stop))


def _of_kind(records: Iterator[Record], kind: bytes | None) -> Iterator[Record]:
    """Leave out records whose type is readable and another."""
    for record in records:
        if kind is None or record.damage or record.reason or is_kind(record, kind):
            yield record


class _Rest:
    """The inflated bytes of a member too long to be held: those read so far, then the rest."""

    def __init__(self, inflater: Any, window: Window, start: bytes) -> None:
        self.size = 0
        self.error = ""
        self.is_single = True
        self._inflater = inflater
        self._window = window
        self._start = start

    def __iter__(self) -> Iterator[bytes]:
        self.size = len(self._start)
        yield self._start
        try:
            while not self._inflater.eof:
                piece = self._window.peek(0, _STEP_BYTES)
                data = self._inflater.decompress(piece, _OUT_BYTES)
                self._window.skip(len(piece) - _left_over(self._inflater))
                self.size += len(data)
                if not data and not piece:
                    self.error = "the file ends inside a gzip member"
                    return
                if data:
                    yield data
        except _inflater.error as broken:
            self.error = f"broken gzip member: {broken}"


def _inner_records(source: Any, max_bytes: int, base: int) -> Iterator[Record]:
    pieces = iter(source)
    window = Window(lambda: next(pieces, b""))
    window.offset = base
    for record in _plain_records(window, max_bytes, is_whole=True):
        if isinstance(source, _Rest) and record.offset > base:
            source.is_single = False
        yield record
        if isinstance(source, _Rest) and source.error and not window.fill(1):
            # The record before the break is whole only if it ended before it.
            return


def _pass_damage(window: Window, max_bytes: int, error: str) -> Iterator[Record]:
    """Yield what is left of the broken member at the window's start; move to the next one."""
    start = window.offset
    data, end = _salvage(window, max_bytes)
    head, border, block = data.partition(b"\r\n\r\n")
    if not border:
        head = head.rpartition(b"\n")[0]  # its last line may be cut
    is_head = head.startswith(b"WARC/") and len(head) <= _HEAD_BYTES
    block = block.removesuffix(b"\r\n\r\n")
    place = f"{error} at byte {start}"
    if is_head and _has_valid_digest(head, block):
        # Only the frame is broken (magic number, checksum): the record itself is proved good.
        if end is not None:
            window.skip(end)
            yield Record(start, end, head, block, damage=place)
            return
        length = window.fill(1)
        found = _resynchronise(window, 1)
        yield Record(start, (window.offset - start) or length, head, block, damage=place)
        return
    found = _resynchronise(window, 1)
    is_cut_off = not found and "ends inside" in error
    reason = TRUNCATED if is_cut_off else DAMAGED
    yield Record(
        start, window.offset - start, head if is_head else b"", b"", reason=reason, damage=place
    )


def _salvage(window: Window, max_bytes: int) -> tuple[bytes, int | None]:
    """Inflate a broken member as far as it goes, whatever its gzip header and checksum say.

    Returns:
        The bytes inflated, and where the member ends when its data is whole, else None.
    """
    position = _deflate_start(bytes(window.peek(0, 1024)))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    parts: list[bytes] = []
    size = 0
    try:
        while not inflater.eof and size <= max_bytes:
            piece = window.peek(position, _SALVAGE_BYTES)
            if not piece:
                break
            parts.append(inflater.decompress(piece))
            size += len(parts[-1])
            position += len(piece) - len(inflater.unused_data)
            if position > max_bytes + _HEAD_BYTES:
                break
    except zlib.error:
        return b"".join(parts), None
    end = position + 8 if inflater.eof and window.fill(position + 8) >= position + 8 else None
    return b"".join(parts), end


def _deflate_start(data: bytes) -> int:
    """Return where a member's deflate stream begins, though its gzip header may be broken."""
    usual = _gzip_header_bytes(data)
    for position in (usual, *range(24)):  # a header that lost or won a few bytes
        try:
            inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[position:], 16)
        except zlib.error:
            continue
        if inflated.startswith(b"WARC/"):
            return position
    return usual


def _gzip_header_bytes(data: bytes) -> int:
    """Return the length of a gzip header (RFC 1952); the usual 10 when it is not readable."""
    if not MEMBER.match(data):
        return 10
    flags = data[3]
    position = 10
    if flags & 4:
        position += 2 + int.from_bytes(data[10:12], "little")
    for flag in (8, 16):
        if flags & flag:
            position = data.find(b"\x00", position) + 1 or 10
    return position + (2 if flags & 2 else 0)


def _resynchronise(window: Window, start: int) -> bool:
    """Move to the next gzip member that holds a WARC record; to the end without one."""
    while window.fill(start + 18):
        found = window.search(MEMBER, start, READ_BYTES)
        if found < 0:
            window.skip(max(start, window.fill(READ_BYTES) - 3))
            if window.fill(READ_BYTES) <= 18:
                break
            start = 0
            continue
        window.skip(found)
        if _begins_record(bytes(window.peek(0, 1024))):
            return True
        start = 1
    window.skip(window.fill(1))
    return False


def _begins_record(data: bytes) -> bool:
    inflater = zlib.decompressobj(31)
    try:
        return inflater.decompress(data, 16).startswith(b"WARC/")
    except zlib.error:
        return False


def _has_valid_digest(head: bytes, block: bytes) -> bool:
    """Whether a digest in the WARC header proves that the block is whole."""
    for name, content in ((b"WARC-Block-Digest", block), (b"WARC-Payload-Digest", None)):
        algorithm, _, value = (header(head, name) or b"").partition(b":")
        if algorithm.lower() != b"sha1" or not value:
            continue
        data = block[find_body(block) :] if content is None else content
        digest = hashlib.sha1(data, usedforsecurity=False).digest()
        if value.upper() in (base64.b32encode(digest), binascii.hexlify(digest).upper()):
            return True
    return False


# Plain


def _plain_records(window: Window, max_bytes: int, *, is_whole: bool) -> Iterator[Record]:
    """Read records that only their headers frame.

    Args:
        window: at the first record.
        max_bytes: longest block that is kept.
        is_whole: whether the stream's end is known to be where its writer ended it: what is
            missing there then is a length that lies, not a file that was cut.
    """
    while window.skip_blanks():
        start = window.offset
        data = bytes(window.peek(0, _HEAD_BYTES))
        end = _head_end(data)
        if end < 0:
            is_cut_off = data.startswith(b"WARC/") and len(data) < _HEAD_BYTES
            _skip_to_border(window, 1)
            reason = TRUNCATED if is_cut_off and not window.fill(1) else DAMAGED
            damage = f"no WARC record at byte {start}"
            yield Record(start, window.offset - start, b"", b"", reason=reason, damage=damage)
            continue
        head = data[:end].rstrip(b"\r\n")
        window.skip(end)
        yield _plain_record(window, max_bytes, start=start, head=head, is_whole=is_whole)


def _plain_record(
    window: Window, max_bytes: int, *, start: int, head: bytes, is_whole: bool
) -> Record:
    count = _content_length(head)
    damage = reason = None
    if count is not None and count <= max_bytes:
        ahead = window.fill(count + _BORDER_BYTES + 4)
        tail = bytes(window.peek(count, 9))
        if ahead >= count and (
            not tail.strip(b"\r\n") or tail.lstrip(b"\r\n").startswith(b"WARC/")
        ):
            block = bytes(window.peek(0, count))
            window.skip(count + len(tail) - len(tail.lstrip(b"\r\n")))
            return Record(start, window.offset - start, head, block)
    # Too long to be held, or the length lies: the record ends at the next border.
    kept = bytes(window.peek(0, max_bytes + _BORDER_BYTES))
    size = _skip_to_border(window, 0, limit=count if count and count > max_bytes else None)
    if not window.fill(1) and not is_whole and count is not None and size < count:
        reason = TRUNCATED
        damage = f"the file ends inside the record at byte {start}"
    block = kept[: min(size, max_bytes)].removesuffix(b"\r\n\r").removesuffix(b"\n")
    return Record(
        start,
        window.offset - start,
        head,
        block,
        is_cut=size > max_bytes,
        reason=reason,
        damage=damage,
    )


def _skip_to_border(window: Window, start: int, *, limit: int | None = None) -> int:
    """Move to the line end before the next `WARC/1.`, at most `limit` bytes; return how far."""
    begin = window.offset
    while True:
        left = READ_BYTES if limit is None else min(READ_BYTES, limit - window.offset + begin)
        if left <= 0:
            return window.offset - begin
        ahead = window.fill(left + _BORDER_BYTES)
        found = window.search(_BORDER, start, left + _BORDER_BYTES)
        if 0 <= found <= left:
            window.skip(found)
            return window.offset - begin
        if ahead <= left:
            window.skip(ahead)
            return window.offset - begin
        window.skip(left)
        start = 0


def _head_end(data: bytes) -> int:
    """Return where the block begins behind a WARC header; -1 when there is no header."""
    if not data.startswith(b"WARC/"):
        return -1
    found = re.search(rb"\r?\n\r?\n", data)
    return found.end() if found else -1


def _content_length(head: bytes) -> int | None:
    value = header(head, b"Content-Length")
    return int(value) if value is not None and value.isdigit() and len(value) <= 18 else None
