"""Bad records: what a crawl really holds beside pages, each with what should come of it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conf.sample.warc import Response

if TYPE_CHECKING:
    from collections.abc import Callable

_HOST = "https://broken.example.net"
_PAGE = """<!DOCTYPE html><html><head><meta charset="{charset}"><title>{title}</title></head>
<body><h1>{title}</h1>
{body}
</body></html>
"""
_MATH = (
    r"<p>The sum of the first \(n\) odd numbers is a square: \(1 + 3 + 5 + 7 = 4^2\), and "
    r"\[ \sum_{k=1}^{5} (2k - 1) = 25. \]</p>"
)


@dataclass(frozen=True)
class Defect:
    """A bad record and what it is."""

    name: str
    """Short name of the defect."""
    reason: str
    """Why it gives no page, as `file_reads.rejected` names it; empty when a careful reader still
    gets a page with formulas from it."""
    response: Response
    """The capture."""


def _page(title: str, body: str = _MATH, charset: str = "utf-8") -> bytes:
    return _PAGE.format(title=title, body=body, charset=charset).encode()


def _half(member: bytes) -> bytes:
    """Keep the first half of a gzip member, so that its stream never ends."""
    return member[: len(member) // 2]


def _zeroed(member: bytes) -> bytes:
    """Overwrite a stretch in the middle of a gzip member with zeros."""
    middle = len(member) // 2
    return member[:middle] + bytes(24) + member[middle + 24 :]


def _longer(record: bytes) -> bytes:
    """State a WARC Content-Length that is greater than the block."""
    head, separator, block = record.partition(b"\r\n\r\n")
    length = len(block) - len(b"\r\n\r\n")
    stated = b"Content-Length: %d" % length
    return head.replace(stated, b"Content-Length: %d" % (length + 5000)) + separator + block


def _shorter(record: bytes) -> bytes:
    """State a WARC Content-Length that is smaller than the block."""
    head, separator, block = record.partition(b"\r\n\r\n")
    length = len(block) - len(b"\r\n\r\n")
    stated = b"Content-Length: %d" % length
    return head.replace(stated, b"Content-Length: %d" % (length // 3)) + separator + block


def _without_status(record: bytes) -> bytes:
    """Replace the HTTP status line by noise."""
    return record.replace(b"HTTP/1.1 200 OK\r\n", b"\x00\x07garbage\r\n", 1)


def _png() -> bytes:
    """Build a valid one-colour PNG image of 16 by 16 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return len(data).to_bytes(4, "big") + checked + zlib.crc32(checked).to_bytes(4, "big")

    size = (16).to_bytes(4, "big")
    rows = (b"\x00" + b"\x33\x66\x99" * 16) * 16
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", size + size + b"\x08\x02\x00\x00\x00"),
            chunk(b"IDAT", zlib.compress(rows, 9)),
            chunk(b"IEND", b""),
        ]
    )


def _nested(depth: int) -> bytes:
    return _page("A very deep page", "<div>" * depth + _MATH + "</div>" * depth)


def _pdf() -> bytes:
    # \(a+b\) stands in the stream, as formulas do in files that are no HTML.
    stream = rb"BT /F1 12 Tf (The formula \\(a+b\\) in a file that is no page) Tj ET"
    return b"%%PDF-1.4\n1 0 obj <</Length %d>> stream\n%b\nendstream endobj\n%%%%EOF\n" % (
        len(stream),
        stream,
    )


def _defect(
    name: str,
    reason: str,
    body: bytes,
    spoil_record: Callable[[bytes], bytes] | None = None,
    spoil_member: Callable[[bytes], bytes] | None = None,
    **values: object,
) -> Defect:
    response = Response(
        f"{_HOST}/{name}",
        body,
        spoil_record=spoil_record,
        spoil_member=spoil_member,
        **values,  # type: ignore[arg-type]
    )
    return Defect(name, reason, response)


def defects() -> list[Defect]:
    """Make the bad records.

    Returns:
        The defects in file order. The last one is for the end of a file that is cut there.
    """
    german = _page(
        "Größen und Maße",
        f"<p>Die Fläche wächst mit der Länge: für die Seite 3 m beträgt sie 9 m².</p>\n{_MATH}",
    )
    latin = german.decode().encode("windows-1252")
    return [
        _defect("gzip-member-cut", "damaged_record", _page("Cut"), spoil_member=_half),
        _defect("charset-wrong", "", latin, charset="windows-1252", lang="de"),
        _defect("body-empty", "empty_body", b"", identified_type="application/x-empty", lang=""),
        _defect(
            "png-as-html", "not_html", _png(), identified_type="image/png", lang="", charset=""
        ),
        _defect(
            "json-as-html",
            "not_html",
            rb'{"id": 17, "question": "What is \\(2+2\\)?", "options": ["3", "4"], "next": null}',
            identified_type="application/json",
        ),
        _defect("pdf-as-html", "not_html", _pdf(), identified_type="application/pdf", lang=""),
        _defect("status-404", "http_status", _page("Not found"), status=404),
        _defect("tags-nested", "", _nested(10_000)),
        _defect("gzip-member-zeroed", "damaged_record", _page("Zeroed"), spoil_member=_zeroed),
        _defect("http-length-wrong", "", _page("Lying server"), content_length=12),
        _defect("warc-length-long", "", _page("Long"), spoil_record=_longer),
        _defect("warc-length-short", "", _page("Short"), spoil_record=_shorter),
        _defect("http-status-line-lost", "", _page("No status"), spoil_record=_without_status),
        _defect("payload-truncated", "", _page("Cut by the crawler")[:-40], truncated="length"),
        _defect("content-type-missing", "", _page("No type"), content_type="", charset=""),
        _defect("file-end-cut", "truncated_file", _page("The end of the file is missing")),
    ]
