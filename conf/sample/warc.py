"""Writes WARC files in the form in which Common Crawl publishes them.

A warcinfo record comes first; then, for every capture, a request, a response and a metadata
record. Each record is a gzip member of its own, so a reader can start at any offset. Record
ids, digests and gzip headers follow from the content: the same captures give the same bytes.

Form: Common Crawl, "WARC Format" and its files since 2018; IIPC, "The WARC Format 1.1".
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

STARTED = datetime(2026, 10, 5, tzinfo=UTC)
CRAWL = "CC-MAIN-2026-41"
_REASONS = {200: "OK", 301: "Moved Permanently", 404: "Not Found", 500: "Internal Server Error"}
_LANGUAGES = {
    "de": ("deu", "GERMAN"),
    "en": ("eng", "ENGLISH"),
    "es": ("spa", "SPANISH"),
    "fr": ("fra", "FRENCH"),
    "it": ("ita", "ITALIAN"),
    "ja": ("jpn", "Japanese"),
    "nl": ("nld", "DUTCH"),
    "pl": ("pol", "POLISH"),
    "pt": ("por", "PORTUGUESE"),
    "ru": ("rus", "RUSSIAN"),
    "zh": ("zho", "Chinese"),
}


@dataclass(frozen=True)
class Response:
    """One capture: what a server answered, and how the record that holds it is spoilt."""

    url: str
    """WARC-Target-URI."""
    body: bytes
    """The payload, decoded, as Common Crawl stores it."""
    content_type: str = "text/html; charset=utf-8"
    """HTTP Content-Type; empty for none."""
    identified_type: str = "text/html"
    """WARC-Identified-Payload-Type."""
    status: int = 200
    """HTTP status."""
    lang: str = "en"
    """ISO 639-1 code that the metadata record reports; empty for none."""
    charset: str = "UTF-8"
    """Charset that the metadata record reports as detected; empty for none."""
    truncated: str = ""
    """WARC-Truncated, e.g. `length`; empty when the payload is whole."""
    content_length: int | None = None
    """HTTP Content-Length when it is not the length of the payload."""
    spoil_record: Callable[[bytes], bytes] | None = None
    """Changes the bytes of the response record before compression."""
    spoil_member: Callable[[bytes], bytes] | None = None
    """Changes the bytes of the response record's gzip member."""


def _digest(data: bytes) -> str:
    return f"sha1:{base64.b32encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()}"


def _record(kind: str, date: str, headers: list[tuple[str, str]], block: bytes, name: str) -> bytes:
    """Lay out one WARC record; `name` makes its id."""
    head = [
        ("WARC-Type", kind),
        ("WARC-Date", date),
        ("WARC-Record-ID", _record_id(name)),
        ("Content-Length", str(len(block))),
        *headers,
    ]
    lines = "".join(f"{key}: {value}\r\n" for key, value in head)
    return f"WARC/1.0\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def _record_id(name: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}>"


def _member(record: bytes) -> bytes:
    return gzip.compress(record, compresslevel=9, mtime=0)


def _fields(values: list[tuple[str, str]]) -> bytes:
    return "".join(f"{key}: {value}\r\n" for key, value in values).encode() + b"\r\n"


def _warcinfo(filename: str) -> bytes:
    block = _fields(
        [
            ("isPartOf", CRAWL),
            ("publisher", "MathCode-Pile"),
            ("description", "Embedded sample: pages written for this project"),
            ("operator", "conf/sample/build.py"),
            ("hostname", "crawler.example.org"),
            ("software", "conf.sample.warc"),
            ("robots", "all pages are our own"),
            ("format", "WARC File Format 1.1"),
        ]
    )
    date = STARTED.strftime("%Y-%m-%dT%H:%M:%SZ")
    headers = [("Content-Type", "application/warc-fields"), ("WARC-Filename", filename)]
    return _record("warcinfo", date, headers, block, f"{filename}#warcinfo")


def _http(response: Response, fetched: datetime) -> bytes:
    length = len(response.body) if response.content_length is None else response.content_length
    # What went over the wire was compressed: the crawler keeps those headers under X-Crawl-.
    wire = len(gzip.compress(response.body, compresslevel=6, mtime=0))
    headers = [
        ("Date", fetched.strftime("%a, %d %b %Y %H:%M:%S GMT")),
        ("Server", "nginx"),
        *([("Content-Type", response.content_type)] if response.content_type else []),
        ("X-Crawl-Content-Encoding", "gzip"),
        ("X-Crawl-Content-Length", str(wire)),
        ("Vary", "Accept-Encoding"),
        ("Content-Length", str(length)),
    ]
    status = f"HTTP/1.1 {response.status} {_REASONS[response.status]}\r\n".encode()
    return status + _fields(headers)


def _metadata(response: Response) -> bytes:
    fields = [("fetchTimeMs", str(80 + len(response.body) % 900))]
    if response.charset:
        fields.append(("charset-detected", response.charset))
    if response.lang:
        code, name = _LANGUAGES[response.lang]
        language = {
            "code": response.lang,
            "code-iso-639-3": code,
            "text-covered": 0.98,
            "score": 1024.0,
            "name": name,
        }
        found = {"reliable": True, "text-bytes": len(response.body), "languages": [language]}
        fields.append(("languages-cld2", json.dumps(found, separators=(",", ":"))))
    return _fields(fields)


def _triple(response: Response, filename: str, number: int) -> list[bytes]:
    """Lay out request, response and metadata of one capture, as stored."""
    fetched = STARTED + timedelta(seconds=7 * number + 3)
    date = fetched.strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = urlsplit(response.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    names = [f"{filename}#{number}/{kind}" for kind in ("request", "response", "metadata")]
    warcinfo = ("WARC-Warcinfo-ID", _record_id(f"{filename}#warcinfo"))
    uri = ("WARC-Target-URI", response.url)
    # 192.0.2.0/24 is reserved for documentation (RFC 5737).
    address = ("WARC-IP-Address", f"192.0.2.{1 + number % 250}")

    asked = f"GET {target} HTTP/1.1\r\n".encode() + _fields(
        [
            ("User-Agent", "MathCodePileSample/1.0 (https://crawler.example.org/)"),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("Accept-Language", "en-US,en;q=0.5"),
            ("Accept-Encoding", "br,gzip"),
            ("Host", parts.netloc),
            ("Connection", "Keep-Alive"),
        ]
    )
    request_headers = [
        ("Content-Type", "application/http; msgtype=request"),
        warcinfo,
        address,
        uri,
        ("WARC-Block-Digest", _digest(asked)),
    ]
    request = _record("request", date, request_headers, asked, names[0])

    answered = _http(response, fetched) + response.body
    response_headers = [
        ("Content-Type", "application/http; msgtype=response"),
        warcinfo,
        ("WARC-Concurrent-To", _record_id(names[0])),
        address,
        uri,
        ("WARC-Payload-Digest", _digest(response.body)),
        ("WARC-Block-Digest", _digest(answered)),
        *([("WARC-Truncated", response.truncated)] if response.truncated else []),
        ("WARC-Identified-Payload-Type", response.identified_type),
    ]
    record = _record("response", date, response_headers, answered, names[1])
    if response.spoil_record:
        record = response.spoil_record(record)
    member = _member(record)
    if response.spoil_member:
        member = response.spoil_member(member)

    about = _metadata(response)
    metadata_headers = [
        ("Content-Type", "application/warc-fields"),
        warcinfo,
        ("WARC-Concurrent-To", _record_id(names[1])),
        uri,
        ("WARC-Block-Digest", _digest(about)),
    ]
    metadata = _record("metadata", date, metadata_headers, about, names[2])
    return [_member(request), member, _member(metadata)]


def warc_bytes(filename: str, responses: Iterable[Response], *, cut: int = 0) -> bytes:
    """Lay out a WARC file.

    Args:
        filename: name that the warcinfo record states and record ids are made from.
        responses: captures in file order.
        cut: bytes to leave off at the end of the file, as an interrupted transfer does; the
            last response is then the last record, so that it is the one that suffers.

    Returns:
        The file's bytes; equal input gives equal bytes.
    """
    members = [_member(_warcinfo(filename))]
    for number, response in enumerate(responses):
        members += _triple(response, filename, number)
    if not cut:
        return b"".join(members)
    return b"".join(members[:-1])[:-cut]


def write_warc(path: Path, responses: Iterable[Response]) -> None:
    """Write a WARC file, e.g. a new one for a test of incremental runs.

    Args:
        path: file to write, ending in `.warc.gz`; its folder exists.
        responses: captures in file order.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_bytes(warc_bytes(path.name, responses))
