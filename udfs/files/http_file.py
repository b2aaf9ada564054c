"""A file on an HTTP server as a Python stream that outlives busy servers and cut connections."""

from __future__ import annotations

import http
import http.client
import io
import random
import re
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import email.message

BUFFER_BYTES = 1 << 20
"""Read ahead of a local file or an HTTP connection."""

TIMEOUT_SECONDS = 60.0
"""How long a server may stay silent."""

# What a server says when it wants to be asked again: too many requests, or an error of its own.
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


class HttpFile(io.RawIOBase):
    """A file on an HTTP server, read by as few requests as the connection allows."""

    def __init__(self, url: str, *, tries: int, wait_seconds: float) -> None:
        self._url = url
        self._tries = tries
        self._wait_seconds = wait_seconds
        self._position = 0
        self._size: int | None = None
        self._tag: str | None = None
        self._serves_ranges = False
        self._response: http.client.HTTPResponse | None = None
        self._connect()

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Whether the server serves ranges and told the size."""
        return self._serves_ranges and self._size is not None

    def tell(self) -> int:
        """Return the place in the file."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; the next read asks for the range from there."""
        if not self.seekable():
            raise io.UnsupportedOperation(f"{self._url}: the server serves no ranges")
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size or 0}[whence]
        if start + offset != self._position:
            self._disconnect()
            self._position = max(0, start + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; a cut connection is taken up again where it ended."""
        if self._size is not None and self._position >= self._size:
            return 0
        failures = 0
        while True:
            try:
                if self._response is None:
                    self._connect()
                response = cast("http.client.HTTPResponse", self._response)
                count = response.readinto(buffer)
            except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
                reason = f"{type(error).__name__}: {error}"
            else:
                if count or self._size is None:
                    self._position += count
                    return count
                reason = "the connection was closed early"
            self._disconnect()
            failures += 1
            if failures >= self._tries:
                raise OSError(
                    f"{self._url}: cut at byte {self._position} of {self._size or 'unknown'}, "
                    f"{failures} times: {reason}"
                )
            self._wait(failures)

    def close(self) -> None:
        """Give the connection back."""
        self._disconnect()
        super().close()

    def _disconnect(self) -> None:
        if self._response is not None:
            self._response.close()
            self._response = None

    def _wait(self, failures: int) -> None:
        # Full jitter: workers that failed together do not come back together.
        time.sleep(random.uniform(0, self._wait_seconds * 2 ** (failures - 1)))  # noqa: S311

    def _connect(self) -> None:
        for attempt in range(1, self._tries + 1):
            try:
                self._response = self._request()
            except urllib.error.HTTPError as error:
                error.close()
                if error.code == http.HTTPStatus.NOT_FOUND:
                    raise FileNotFoundError(f"{self._url}: HTTP 404: no such file") from error
                if error.code not in _RETRIED or attempt == self._tries:
                    again = "" if attempt == 1 else f", asked {attempt} times"
                    raise OSError(
                        f"{self._url}: HTTP {error.code} {error.reason}{again}"
                    ) from error
            except (OSError, http.client.HTTPException) as error:
                if attempt == self._tries:
                    raise OSError(
                        f"{self._url}: no answer after {attempt} tries: {error}"
                    ) from error
            else:
                return
            self._wait(attempt)

    def _request(self) -> http.client.HTTPResponse:
        headers = {"User-Agent": "mathcode-pile", "Accept-Encoding": "identity"}
        if self._position:
            headers["Range"] = f"bytes={self._position}-"
            if self._tag:
                headers["If-Range"] = self._tag
        request = urllib.request.Request(self._url, headers=headers)  # noqa: S310 -- http(s) only
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)  # noqa: S310
        self._learn(response.headers, is_part=response.status == http.HTTPStatus.PARTIAL_CONTENT)
        if self._position and response.status == http.HTTPStatus.PARTIAL_CONTENT:
            span = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
            if span is None or int(span.group(1)) != self._position:
                response.close()
                raise http.client.HTTPException("the server sent another range than asked for")
        elif self._position:
            _skip(response, self._position)
        return cast("http.client.HTTPResponse", response)

    def _learn(self, headers: email.message.Message, *, is_part: bool) -> None:
        """Keep size and version of the file; a version that changes while reading is an error."""
        tag = headers.get("ETag")
        if self._tag is not None and tag is not None and tag != self._tag:
            raise OSError(f"{self._url}: the file changed while it was read")
        if tag and not tag.startswith("W/"):
            self._tag = tag
        if is_part:
            self._serves_ranges = True
            total = headers.get("Content-Range", "").rpartition("/")[2]
            self._size = int(total) if total.isdigit() else self._size
        else:
            self._serves_ranges = headers.get("Accept-Ranges", "").lower() == "bytes"
            length = headers.get("Content-Length", "")
            self._size = int(length) if length.isdigit() else None


def _skip(response: http.client.HTTPResponse, count: int) -> None:
    """Read past bytes of an answer that began at the file's start, though a range was asked."""
    while count > 0:
        piece = response.read(min(count, BUFFER_BYTES))
        if not piece:
            raise http.client.HTTPException("the file ended before the place to go on from")
        count -= len(piece)
