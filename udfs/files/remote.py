"""A file on a server, read past busy answers, cut connections and wrong ranges, as one version."""

from __future__ import annotations

import os
import random
import re
import time
import urllib.request
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import urllib3

from udfs.files.budget import MOST_PAUSE_SECONDS, Budget

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from udfs.files.access import Access

_PIECE_BYTES = 1 << 16
_MOST_WAIT_SECONDS = 60.0
_LEAST_BYTES_PER_SECOND = 1024  # slower than this for a whole timeout is a hung server
_PROGRESS_BYTES = 1 << 16  # a connection that brought so much was worth opening
_MOST_SKIPPED_BYTES = 64 << 20  # of a whole file that a server sends instead of a range
_BODY_BYTES = 4096  # of an error's body

# What a server says when it wants to be asked again: too many requests, or an error of its own.
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_BUSY = frozenset({429, 503})
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_RETRIED_CODES = frozenset({"SlowDown", "RequestTimeout", "InternalError", "ExpiredToken"})
_BUSY_CODES = frozenset({"SlowDown"})
_CODE = re.compile(rb"<Code>(\w{1,60})</Code>")
_SPAN = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class FileChangedError(OSError):
    """The file is no longer the one whose reading began."""


class OutOfRangeError(OSError):
    """A range that lies behind the file's end."""


class _WrongRangeError(Exception):
    """An answer that holds other bytes than were asked for."""


class Place(Protocol):
    """Where a file stands, and how a request for it is worded."""

    server: str

    @property
    def url(self) -> str:
        """Address of the file."""
        ...

    def sign(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers to send."""
        ...

    def learn(self, status: int, headers: Mapping[str, str]) -> bool:
        """Take a refusal as advice; tell whether to ask again."""
        ...


class WebPlace:
    """A plain address."""

    def __init__(self, url: str) -> None:
        """Take a URL."""
        self.url = url
        self.server = urlsplit(url).netloc

    def sign(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers as they are."""
        return dict(headers)

    def learn(self, status: int, headers: Mapping[str, str]) -> bool:  # noqa: ARG002 -- Place's
        """A refusal stands."""
        return False


class Remote:
    """One file on a server: gives any of its bytes, all of them of one version.

    Attributes:
        size: bytes of the file; None until the first answer, or where the server does not say.
        requests: how many were sent, repeated ones included.
        is_ranged: whether the server serves ranges, as far as it has said.
    """

    def __init__(self, path: str, place: Place, access: Access) -> None:
        """Name the file; asks nobody."""
        self.size: int | None = None
        self.requests = 0
        self.is_ranged = False
        self._path = path
        self._place = place
        self._access = access
        self._budget = Budget(place.server, access.requests_per_second)
        self._tag: str | None = None
        self._modified: str | None = None

    def span(self, begin: int, length: int) -> bytes:
        """Return the bytes of a range; fewer where the file ends in it.

        Raises:
            FileChangedError: another version of the file is there now.
            OutOfRangeError: the range begins behind the end.
            OSError: the server stayed busy, refused, or cut the connection again and again.
        """
        return b"".join(self.pieces(begin, begin + length))

    def pieces(self, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `begin` to `end` (the file's end when None); raises as `span`.

        A cut or stalled connection is taken up again where it ended.
        """
        place = begin
        failures = 0
        progress = 0
        while True:
            answer = self._ask(place, end)
            reason = "the connection was closed early"
            try:
                for piece in answer:
                    place += len(piece)
                    progress += len(piece)
                    yield piece
            except (urllib3.exceptions.HTTPError, OSError) as error:
                reason = f"{type(error).__name__}: {error}"
                is_ended = False
            else:
                is_ended = answer.is_last
            finally:
                answer.close()
            limit = min(x for x in (end, self.size, place + 1) if x is not None)
            if place >= limit or (is_ended and self.size is None):
                return
            if progress >= _PROGRESS_BYTES:
                failures = progress = 0
            failures += 1
            if failures >= self._access.tries:
                raise OSError(
                    f"{self._path}: cut at byte {place} of {self.size or 'unknown'}, "
                    f"{failures} times: {reason}"
                )
            self._wait(failures)

    def _ask(self, begin: int, end: int | None) -> _Answer:
        """Send a request until it is answered by the bytes from `begin` on."""
        failures = advised = 0
        while True:
            self._budget.take()
            self.requests += 1
            pause = 0.0
            is_busy = False
            try:
                response = self._send(begin, end)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                if isinstance(error, PermissionError):
                    raise PermissionError(f"{self._path}: {error}") from error
                reason = f"no answer: {type(error).__name__}: {error}"
            else:
                if response.status in (200, 206):
                    try:
                        return self._accept(response, begin, end)
                    except _WrongRangeError as error:
                        reason = str(error)
                    except (urllib3.exceptions.HTTPError, TimeoutError) as error:
                        reason = f"{type(error).__name__}: {error}"
                    except OSError:
                        response.close()
                        raise
                    response.close()
                else:
                    status, pause = response.status, _pause(response.headers.get("Retry-After"))
                    code = _code(response)
                    if advised < 3 and self._place.learn(status, response.headers):
                        advised += 1
                        continue
                    reason = f"HTTP {status} {response.reason or ''}".rstrip()
                    reason += f": {code}" if code else ""
                    self._stop_at(status, code, reason, begin)
                    is_busy = status in _BUSY or code in _BUSY_CODES
            failures += 1
            if is_busy or pause:
                # Everybody on this machine heeds it, also who has not heard it yet.
                self._budget.slow(pause)
            if failures >= self._access.tries:
                again = "" if failures == 1 else f", asked {failures} times"
                raise OSError(f"{self._path}: {reason}{again}")
            self._wait(failures)

    def _send(self, begin: int, end: int | None) -> urllib3.BaseHTTPResponse:
        headers = {"User-Agent": "mathcode-pile", "Accept-Encoding": "identity"}
        if begin or end is not None:
            headers["Range"] = f"bytes={begin}-{'' if end is None else end - 1}"
        if self._tag:
            headers["If-Match"] = self._tag
        elif self._modified:
            headers["If-Unmodified-Since"] = self._modified
        url = self._place.url
        timeout = self._access.timeout_seconds
        # Redirects only: repeating is ours, since a budget and a place in the file hang on it.
        return _pool(os.getpid(), _proxy(url)).request(
            "GET",
            url,
            headers=self._place.sign(headers),
            preload_content=False,
            redirect=isinstance(self._place, WebPlace),
            retries=urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=5),
            timeout=urllib3.Timeout(connect=min(10.0, timeout), read=timeout),
        )

    def _accept(self, response: urllib3.BaseHTTPResponse, begin: int, end: int | None) -> _Answer:
        is_part = response.status == 206
        total = response.headers.get("Content-Length", "") if not is_part else ""
        if is_part:
            span = _SPAN.fullmatch(response.headers.get("Content-Range", "").strip())
            if span is None or int(span[1]) != begin:
                raise _WrongRangeError("the server sent another range than asked for")
            total = span[3]
            self.is_ranged = True
        elif response.headers.get("Accept-Ranges", "").lower() == "bytes":
            self.is_ranged = True
        self._check_version(response.headers, int(total) if total.isdigit() else None)
        answer = _Answer(response, self._access.timeout_seconds)
        if not is_part and begin:
            if begin > _MOST_SKIPPED_BYTES:
                raise OSError(f"{self._path}: the server serves no ranges")
            answer.skip(begin)
        if end is not None:
            answer.left = end - begin
        return answer

    def _check_version(self, headers: Mapping[str, str], size: int | None) -> None:
        tag, modified = headers.get("ETag"), headers.get("Last-Modified")
        is_first = self.size is None and self._tag is None and self._modified is None
        if is_first:
            self._tag = tag if tag and not tag.startswith("W/") else None
            self._modified = modified
            self.size = size
        elif (
            (self._tag and tag and not tag.startswith("W/") and tag != self._tag)
            or (not self._tag and self._modified and modified and modified != self._modified)
            or (self.size is not None and size is not None and size != self.size)
        ):
            raise FileChangedError(f"{self._path}: the file changed while it was read")

    def _stop_at(self, status: int, code: str, reason: str, begin: int) -> None:
        """Raise for an answer that will not change by asking again."""
        if status in _RETRIED or code in _RETRIED_CODES:
            return
        if status in (404, 410):
            raise FileNotFoundError(f"{self._path}: {reason}: no such file")
        if status == 412:
            raise FileChangedError(f"{self._path}: the file changed while it was read")
        if status == 416:
            raise OutOfRangeError(f"{self._path}: {reason}: byte {begin} lies behind the end")
        kind = PermissionError if status in (401, 403) else OSError
        raise kind(f"{self._path}: {reason}")

    def _wait(self, failures: int) -> None:
        # Full jitter: workers that failed together do not come back together.
        # https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        bound = min(_MOST_WAIT_SECONDS, self._access.wait_seconds * 2 ** (failures - 1))
        time.sleep(random.uniform(0, bound))  # noqa: S311


class _Answer:
    """The body of one response, in pieces.

    Attributes:
        left: bytes of it that are wanted; None for all.
        is_last: whether it was read to its own end.
    """

    def __init__(self, response: urllib3.BaseHTTPResponse, timeout: float) -> None:
        self.left: int | None = None
        self.is_last = False
        self._response = response
        self._timeout = timeout
        self._waited = 0.0
        self._came = 0

    def __iter__(self) -> Iterator[bytes]:
        while self.left is None or self.left > 0:
            piece = self._piece(_PIECE_BYTES if self.left is None else self.left)
            if not piece:
                self.is_last = True
                return
            if self.left is not None:
                self.left -= len(piece)
            yield piece

    def skip(self, count: int) -> None:
        """Read past bytes of an answer that begins at the file's start."""
        while count > 0:
            piece = self._piece(count)
            if not piece:
                raise _WrongRangeError("the file ended before the place to go on from")
            count -= len(piece)

    def close(self) -> None:
        """Give the connection back, to be used again where nothing is left on it."""
        if getattr(self._response, "length_remaining", None) == 0:
            self._response.drain_conn()
        else:
            self._response.close()

    def _piece(self, most: int) -> bytes:
        began = time.monotonic()
        piece = self._response.read1(min(most, _PIECE_BYTES), decode_content=False)
        # Only time spent waiting counts: who reads may be slow himself.
        self._waited += time.monotonic() - began
        self._came += len(piece)
        if self._waited > self._timeout:
            if self._came < _LEAST_BYTES_PER_SECOND * self._timeout:
                raise TimeoutError(f"{self._came} bytes in {self._waited:.0f} s")
            self._waited, self._came = 0.0, 0
        return piece


def _pause(value: str | None) -> float:
    """Read a Retry-After header (RFC 9110, 10.2.3): seconds, or a date."""
    if not value:
        return 0.0
    if re.fullmatch(r"\s*\d{1,9}(\.\d+)?\s*", value):
        return min(float(value), MOST_PAUSE_SECONDS)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), MOST_PAUSE_SECONDS)


def _code(response: urllib3.BaseHTTPResponse) -> str:
    """Return the code in the body of an S3 error; empty without one. Ends the response."""
    try:
        body = response.read(_BODY_BYTES, decode_content=False)
    except (urllib3.exceptions.HTTPError, OSError):
        body = b""
    response.close()
    found = _CODE.search(body)
    return found[1].decode() if found else ""


@cache
def _pool(process: int, proxy: str | None) -> urllib3.PoolManager:
    """Return the connections of a process: those of its parent are not shared."""
    del process
    if proxy:
        return urllib3.ProxyManager(proxy, maxsize=16)
    return urllib3.PoolManager(maxsize=16)


@cache
def _proxy_of(scheme: str, host: str) -> str | None:
    if urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(scheme)


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for a URL."""
    parts = urlsplit(url)
    return _proxy_of(parts.scheme, parts.netloc)
