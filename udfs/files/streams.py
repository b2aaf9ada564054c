"""Files as Python streams: one that is read from end to end, one that is jumped about in."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from udfs.files.remote import Remote


class RemoteFile(io.RawIOBase):
    """A file on a server as a stream, read by as few requests as the connection allows."""

    def __init__(self, remote: Remote, begin: int = 0, end: int | None = None) -> None:
        """Open it, or the bytes from `begin` to `end` of it.

        Raises:
            OSError: as `Remote.span` does.
        """
        self.remote = remote
        self._begin = begin
        self._end = end
        self._position = begin
        self._pieces = remote.pieces(begin, end)
        self._ahead = memoryview(next(self._pieces, b""))

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Whether the server serves ranges and told the size."""
        return self.remote.is_ranged and self.remote.size is not None

    def tell(self) -> int:
        """Return the place in the range."""
        return self._position - self._begin

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; the next read asks for the range from there."""
        if not self.seekable():
            raise io.UnsupportedOperation("the server serves no ranges")
        end = min(x for x in (self._end, self.remote.size) if x is not None)
        start = {io.SEEK_SET: self._begin, io.SEEK_CUR: self._position, io.SEEK_END: end}[whence]
        place = max(self._begin, start + offset)
        if place != self._position:
            self._position = place
            self._ahead = memoryview(b"")
            at_end = place >= end
            self._pieces = iter(()) if at_end else self.remote.pieces(place, self._end)
        return self.tell()

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; a cut connection is taken up again where it ended."""
        if not self._ahead:
            self._ahead = memoryview(next(self._pieces, b""))
        count = min(len(buffer), len(self._ahead))
        buffer[:count] = self._ahead[:count]
        self._ahead = self._ahead[count:]
        self._position += count
        return count

    def close(self) -> None:
        """Give the connection back."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()
        super().close()


class SpanFile(io.RawIOBase):
    """A file on a server in which each read is one request, for readers that jump about."""

    def __init__(self, remote: Remote) -> None:
        """Ask for the size.

        Raises:
            OSError: as `Remote.span` does, or where the server serves no ranges.
        """
        self.remote = remote
        self._position = 0
        remote.span(0, 1)
        if remote.size is None or not remote.is_ranged:
            raise OSError("the server serves no ranges, or does not tell the size")

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Whether it can be moved about in: always."""
        return True

    def tell(self) -> int:
        """Return the place in the file."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; asks nobody."""
        size = self.remote.size or 0
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as many bytes as asked for, by one request; fewer only at the end."""
        left = max(0, (self.remote.size or 0) - self._position)
        count = left if size is None or size < 0 else min(size, left)
        data = self.remote.span(self._position, count) if count else b""
        self._position += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, by one request."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class ArrowFile(io.RawIOBase):
    """A raw Python stream over an Arrow file, so that `io` buffers it."""

    def __init__(self, file: Any) -> None:
        """Take an open Arrow file."""
        self._file = file

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Whether it can be moved about in: always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, by one request."""
        return int(self._file.readinto(buffer))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; asks nobody."""
        self._file.seek(offset, whence)
        return int(self._file.tell())

    def tell(self) -> int:
        """Return the place in the file."""
        return int(self._file.tell())

    def close(self) -> None:
        """Close Arrow's file."""
        if not self.closed:
            self._file.close()
        super().close()
