"""Ranges of one file: neighbours are fetched together, and the next while one is worked on."""

from __future__ import annotations

import io
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, cast

from udfs.files.remote import OutOfRangeError
from udfs.files.streams import RemoteFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udfs.files.remote import Remote

MOST_HELD_BYTES = 8 << 20
"""Longest answer that is held in memory."""

GAP_BYTES = 256 << 10
"""Bytes between two ranges that are read rather than asked around: at some 50 MB/s they take a
tenth of a request's latency, and requests are what crawl servers count."""


class Span(NamedTuple):
    """A range of a file.

    Attributes:
        offset: its first byte.
        length: in bytes.
    """

    offset: int
    length: int

    @property
    def end(self) -> int:
        """The byte behind it."""
        return self.offset + self.length


def joined(spans: Sequence[Span], most_bytes: int) -> list[list[Span]]:
    """Group ranges that one request fetches, in the order of their offsets.

    Args:
        spans: ranges; may overlap.
        most_bytes: longest request; a range that is longer stands alone.
    """
    groups: list[list[Span]] = []
    end = 0
    for span in sorted(set(spans)):
        if groups and span.offset <= end + GAP_BYTES:
            reach = max(end, span.end)
            if reach - groups[-1][0].offset <= most_bytes:
                groups[-1].append(span)
                end = reach
                continue
        groups.append([span])
        end = span.end
    return groups


class Source(Protocol):
    """What ranges are read from."""

    @property
    def requests(self) -> int | None:
        """Requests sent; None where there are none."""
        ...

    def fetch(self, span: Span) -> bytes:
        """Return the bytes of a range, fewer where the file ends in it."""
        ...

    def open(self, span: Span) -> BinaryIO:
        """Open a range as a stream."""
        ...

    def close(self) -> None:
        """Give back what is open."""
        ...


class RemoteSource:
    """A file on a server."""

    def __init__(self, remote: Remote) -> None:
        """Take the file."""
        self._remote = remote

    @property
    def requests(self) -> int | None:
        """See Source."""
        return self._remote.requests

    def fetch(self, span: Span) -> bytes:
        """See Source."""
        return self._remote.span(span.offset, span.length)

    def open(self, span: Span) -> BinaryIO:
        """See Source."""
        return io.BufferedReader(RemoteFile(self._remote, span.offset, span.end), 1 << 20)

    def close(self) -> None:
        """See Source."""


class StreamSource:
    """A stream that can be moved about in."""

    requests = None

    def __init__(self, stream: BinaryIO) -> None:
        """Take the stream."""
        self._stream = stream

    def fetch(self, span: Span) -> bytes:
        """See Source."""
        self._stream.seek(span.offset)
        parts: list[bytes] = []
        left = span.length
        while left and (piece := self._stream.read(left)):
            parts.append(piece)
            left -= len(piece)
        return b"".join(parts)

    def open(self, span: Span) -> BinaryIO:
        """See Source."""
        self._stream.seek(span.offset)
        return cast("BinaryIO", _Part(self._stream, span.length))

    def close(self) -> None:
        """See Source."""
        self._stream.close()


class _Part:
    """The next so many bytes of a stream."""

    def __init__(self, stream: BinaryIO, left: int) -> None:
        self._stream = stream
        self._left = left

    def read(self, count: int, /) -> bytes:
        data = self._stream.read(min(count, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        pass


class Spans:
    """Ranges of one file with their bytes.

    Attributes:
        total: bytes that were read so far, those between ranges included.
    """

    def __init__(
        self, source: Source, spans: Sequence[Span], connections: int, most_bytes: int
    ) -> None:
        """Plan the requests; see `open_spans`."""
        self.total = 0
        self._source = source
        self._groups = joined(spans, most_bytes)
        self._connections = connections
        self._most_bytes = most_bytes

    @property
    def requests(self) -> int | None:
        """Requests sent so far; None for files of this machine."""
        return self._source.requests

    def __iter__(self) -> Iterator[tuple[Span, BinaryIO]]:
        """Yield each range with a stream over it; one that lies behind the end is empty."""
        if self._connections == 1:
            for group in self._groups:
                yield from self._opened(group, self._fetch(group))
            return
        with ThreadPoolExecutor(self._connections) as threads:
            ahead: deque[tuple[list[Span], Future[bytes]]] = deque()
            try:
                for group in self._groups:
                    ahead.append((group, threads.submit(self._fetch, group)))
                    if len(ahead) > self._connections:
                        first, data = ahead.popleft()
                        yield from self._opened(first, data.result())
                while ahead:
                    first, data = ahead.popleft()
                    yield from self._opened(first, data.result())
            finally:
                for _, data in ahead:
                    data.cancel()

    def close(self) -> None:
        """Give back what is open."""
        self._source.close()

    def _fetch(self, group: list[Span]) -> bytes:
        begin, end = group[0].offset, max(span.end for span in group)
        if end - begin > self._most_bytes:
            return b""  # read as a stream when its turn comes
        try:
            return self._source.fetch(Span(begin, end - begin))
        except OutOfRangeError:
            return b""

    def _opened(self, group: list[Span], data: bytes) -> Iterator[tuple[Span, BinaryIO]]:
        if group[0].length > self._most_bytes:
            try:
                stream = self._source.open(group[0])
            except OutOfRangeError:
                stream = io.BytesIO(b"")
            yield group[0], cast("BinaryIO", _Counting(stream, self))
            stream.close()
            return
        self.total += len(data)
        base = group[0].offset
        for span in group:
            yield span, io.BytesIO(data[span.offset - base : span.end - base])


class _Counting:
    """A stream whose bytes are counted where the ranges are."""

    def __init__(self, stream: BinaryIO, spans: Spans) -> None:
        self._stream = stream
        self._spans = spans

    def read(self, count: int, /) -> bytes:
        data = self._stream.read(count)
        self._spans.total += len(data)
        return data
