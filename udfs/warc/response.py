"""HTTP responses as crawlers stored them: status, type, and the body behind false headers."""

from __future__ import annotations

import io
import re
import zlib
from typing import TYPE_CHECKING, NamedTuple

from fastwarc.stream_io import BrotliReader, ZstdReader

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD_BYTES = 1 << 16  # longest HTTP header that is believed
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?!\d)")
# Markup that can only be the page: a header whose empty line was lost ends here.
_PAGE_START = re.compile(rb"<(?:!doctype\s|html[\s>]|\?xml\s)", re.IGNORECASE)
_MARKUP = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta|link|script|style|div|p|h1|table|article)"
    rb"[\s>/]",
    re.IGNORECASE,
)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]{0,256})?\r?\n")
_SNIFFED_BYTES = 4096
_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})
_XML_TYPES = frozenset({"text/xml", "application/xml"})
# https://mimesniff.spec.whatwg.org/, and what else is found in crawls under text/html.
_BINARY_STARTS = (
    b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"%PDF-", b"\x1f\x8b", b"PK\x03\x04", b"RIFF", b"ID3",
    b"\x7fELF", b"OggS", b"7z\xbc\xaf", b"Rar!", b"wOFF", b"wOF2", b"MThd", b"\x00\x00\x01\x00",
    b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"%!PS", b"{\\rtf", b"\xd0\xcf\x11\xe0", b"fLaC",
    b"\x00asm", b"SQLite format 3", b"II*\x00", b"MM\x00*",
)  # fmt: skip
_JSON = re.compile(rb"(?:\{\s*(?:\"|\})|\[\s*(?:[\[{\"\]\d-]|true|false|null))")
_ROOT = re.compile(
    rb"(?:\s|<\?[^>]{0,999}>|<!--.{0,2000}?-->|<!\w[^>]{0,2000}>)*<([\w:]+)", re.DOTALL
)
_CONTROLS = bytes(set(range(32)) - {9, 10, 12, 13, 27})
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Response(NamedTuple):
    """One HTTP response.

    Attributes:
        status: status code; None when the status line is not readable.
        content_type: the header as sent; None without one.
        transfer: Transfer-Encoding codings, lower case, in the order applied.
        encodings: Content-Encoding codings, likewise.
        payload: the body as stored, before any coding is undone.
        robots: X-Robots-Tag headers, one a line, and `tdm-reservation: VALUE`; None without.
    """

    status: int | None
    content_type: str | None
    transfer: tuple[str, ...]
    encodings: tuple[str, ...]
    payload: memoryview
    robots: str | None = None


def parse_response(data: bytes | bytearray, start: int = 0, stop: int | None = None) -> Response:
    """Read the block of a WARC response; of what is malformed, as much as can be read.

    Args:
        data: bytes that hold the block.
        start: where it begins.
        stop: where it ends; None for the end of `data`.
    """
    stop = len(data) if stop is None else stop
    begin = find_body(data, start, stop)
    status = _STATUS.match(data, start, stop)
    head = bytes(data[start:begin])
    fields = head.lower()
    content_type = _field(head, fields, b"\ncontent-type")
    transfer = _field(head, fields, b"\ntransfer-encoding")
    encodings = _field(head, fields, b"\ncontent-encoding")
    return Response(
        int(status.group(1)) if status else None,
        content_type.decode("utf-8", "replace") if content_type else None,
        _codings(transfer) if transfer else (),
        _codings(encodings) if encodings else (),
        memoryview(data)[begin:stop],
        _robots(head) if b"\nx-robots-tag" in fields or b"\ntdm-reservation" in fields else None,
    )


def _field(head: bytes, lower: bytes, name: bytes) -> bytes:
    """Return the value of a header's first line of a name; empty without one.

    Args:
        head: the header as sent.
        lower: the same in lower case: a search in it is many times faster than a walk.
        name: a line end and the name in lower case.
    """
    begin = lower.find(name)
    while begin >= 0:
        begin += len(name)
        end = head.find(b"\n", begin)
        blank, colon, value = head[begin : end if end >= 0 else None].partition(b":")
        if colon and not blank.strip():
            return value.strip()
        begin = lower.find(name, begin)
    return b""


def _robots(head: bytes) -> str | None:
    """Return what headers say of uses that are not wanted; see `Response.robots`."""
    lines = []
    for line in head.split(b"\n"):
        name, _, value = line.decode("utf-8", "replace").partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "x-robots-tag" and value:
            lines.append(value)
        elif name == "tdm-reservation" and value:
            lines.append(f"{name}: {value}")
    return "\n".join(lines) or None


def find_body(data: bytes | bytearray, start: int = 0, stop: int | None = None) -> int:
    """Return where the body of an HTTP message begins; the message from `start` to `stop`."""
    stop = len(data) if stop is None else stop
    most = min(start + _HEAD_BYTES, stop)
    end = data.find(b"\r\n\r\n", start, most)
    bare = data.find(b"\n\n", start, end if end >= 0 else most)
    begin = end + 4 if bare < 0 else bare + 2
    end = end if bare < 0 else bare
    limit = end if end >= 0 else most
    # Seldom a header holds the sign with which markup begins.
    sign = data.find(b"<", start, limit)
    page = _PAGE_START.search(data, sign, limit) if sign >= 0 else None
    if page:
        return page.start()
    if end >= 0:
        return begin
    return start if not data.startswith(b"HTTP/", start) else stop


def _codings(value: bytes) -> tuple[str, ...]:
    if not value:
        return ()
    names = value.decode("latin-1").lower().split(",")
    return tuple(name.strip() for name in names if name.strip() not in ("", "identity"))


def decode_body(response: Response, *, max_bytes: int) -> bytes | memoryview:
    """Undo transfer and content encodings; where they are a lie, keep the bytes as they are.

    Crawlers mostly store the body decoded and leave the headers as they were sent, so a header
    is a hint here, and the bytes decide.

    Args:
        response: what was captured.
        max_bytes: longest result of interest; one byte more says that it is longer.
    """
    if not response.transfer and not response.encodings:
        return response.payload
    body = bytes(response.payload)
    if "chunked" in response.transfer:
        body = _join_chunks(body)
    for coding in reversed((response.encodings + response.transfer)[-4:]):
        decode = _DECODERS.get(coding)
        if decode is not None:
            body = decode(body, max_bytes + 1)
    return body


def _join_chunks(body: bytes) -> bytes:
    parts: list[bytes] = []
    position = 0
    while position < len(body):
        size = _CHUNK.match(body, position)
        if size is None:
            # Not chunked at all, or broken later on: then what came before stands.
            return b"".join(parts) if parts else body
        count = int(size.group(1), 16)
        begin = size.end()
        if count == 0:
            break
        after = body[begin + count : begin + count + 2]
        if after and not after.startswith((b"\r", b"\n")):
            return b"".join(parts) if parts else body
        if not after and begin + count > len(body) and not parts:
            # One chunk longer than the body: more likely text that begins like a number.
            return body
        parts.append(body[begin : begin + count])
        position = begin + count + (2 if after == b"\r\n" else 1)
    return b"".join(parts)


def _inflate(body: bytes, limit: int) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    return _inflate_as(31, body, limit) or body


def _inflate_deflate(body: bytes, limit: int) -> bytes:
    # RFC 9110 asks for zlib's wrapper; many servers send the bare stream.
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        data = _inflate_as(bits, body, limit, is_strict=True)
        if data:
            return data
    return body


def _inflate_as(bits: int, body: bytes, limit: int, *, is_strict: bool = False) -> bytes:
    """Inflate up to `limit` bytes; of a broken stream what came before the break.

    Args:
        bits: window size as zlib takes it, which tells the wrapper too.
        body: the compressed bytes.
        limit: most bytes to return.
        is_strict: return nothing of a broken stream: it may be text that is not compressed.
    """
    inflater = zlib.decompressobj(bits)
    parts: list[bytes] = []
    size = 0
    view = memoryview(body)
    position = 0
    try:
        while not inflater.eof and size < limit and position < len(body):
            piece = view[position : position + 4096]
            parts.append(inflater.decompress(piece, limit - size))
            size += len(parts[-1])
            position += len(piece) - len(inflater.unconsumed_tail)
    except zlib.error:
        return b"" if is_strict else b"".join(parts)
    return b"".join(parts)


def _reader(kind: Callable[[io.BytesIO], object]) -> Callable[[bytes, int], bytes]:
    def decode(body: bytes, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            reader = kind(io.BytesIO(body))
            while size < limit:
                piece = reader.read(min(limit - size, 1 << 16))  # type: ignore[attr-defined]
                if not piece:
                    break
                parts.append(piece)
                size += len(piece)
        except (OSError, ValueError, EOFError):
            # What is no such stream breaks at once; a cut one gives what it held.
            return b"".join(parts) or body
        return b"".join(parts) or body

    return decode


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _inflate,
    "x-gzip": _inflate,
    "deflate": _inflate_deflate,
    "br": _reader(BrotliReader),
    "zstd": _reader(ZstdReader),
}


def is_html(content_type: str | None, body: bytes | memoryview) -> bool:
    """Whether a body is an HTML page, by its header where there is one, and by its bytes.

    Args:
        content_type: Content-Type header; None without one.
        body: the body, decoded, not empty.
    """
    kind = (content_type or "").partition(";")[0].strip().lower()
    start = bytes(body[:_SNIFFED_BYTES])
    if start.startswith(_UTF16_MARKS):
        start = start[2:].replace(b"\x00", b"")
    ink = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if ink.startswith(_BINARY_STARTS) or ink[4:8] == b"ftyp":
        return False
    if kind in _HTML_TYPES:
        if ink[:14].lower().startswith((b"<!doctype html", b"<html")) and b"\x00" not in start:
            return True  # nearly all of them; the rest is looked at more closely
        return not (_is_json(ink, body) or _is_svg(ink) or _is_binary(start))
    if kind in _XML_TYPES:
        return b"<html" in start.lower()
    return not kind and _MARKUP.search(start) is not None and not _is_binary(start)


def is_html_type(content_type: str | None) -> bool:
    """Whether a Content-Type header leaves it open that the body is a page."""
    kind = (content_type or "").partition(";")[0].strip().lower()
    return not kind or kind in _HTML_TYPES or kind in _XML_TYPES


def _is_json(ink: bytes, body: bytes | memoryview) -> bool:
    if not _JSON.match(ink):
        return False
    return bytes(body).rstrip()[-1:] in (b"}", b"]") and not _PAGE_START.search(ink)


def _is_svg(ink: bytes) -> bool:
    root = _ROOT.match(ink)
    return root is not None and root.group(1).lower() in (b"svg", b"rss", b"feed", b"rdf:rdf")


def _is_binary(start: bytes) -> bool:
    controls = len(start) - len(start.translate(None, _CONTROLS))
    return controls * 20 > len(start) and start.count(b"\x00") * 3 < len(start)
