"""A stream seen through a buffer: looks ahead, and finds where gzip members begin."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

READ_BYTES = 1 << 20
"""Bytes that are read at once."""

LEAST_MEMBER_BYTES = 18
"""Header and trailer of a gzip member (RFC 1952)."""

MEMBER = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")
"""How a gzip member begins: magic number, deflate, flags."""

_SEEN_BYTES = 2 << 20  # longest member that is inflated in one piece
_INK = re.compile(rb"[^\r\n\t \x00]")


class Window:
    """A stream seen through a buffer that can look ahead and remembers where it is.

    Attributes:
        offset: bytes that lie before the window's start.
        total: bytes read from the stream so far.
    """

    def __init__(self, read: Callable[[], bytes]) -> None:
        self.offset = 0
        self.total = 0
        self._read = read
        self._buffer = b""
        self._start = 0
        self._is_ended = False

    def fill(self, count: int) -> int:
        """Read until `count` bytes lie ahead; return how many do, fewer only at the end."""
        while len(self._buffer) - self._start < count and not self._is_ended:
            piece = self._read()
            self._is_ended = not piece
            self.total += len(piece)
            self._buffer = self._buffer[self._start :] + piece
            self._start = 0
        return len(self._buffer) - self._start

    def peek(self, start: int, count: int) -> memoryview:
        """Return up to `count` bytes from `start` bytes ahead, without moving."""
        self.fill(start + count)
        begin = self._start + start
        return memoryview(self._buffer)[begin : begin + count]

    def search(self, pattern: re.Pattern[bytes], start: int, count: int) -> int:
        """Find a pattern within `count` bytes ahead, from `start` on; -1 without one."""
        self.fill(count)
        found = pattern.search(self._buffer, self._start + start, self._start + count)
        return found.start() - self._start if found else -1

    def members(self) -> tuple[bytes, list[int]]:
        """Return the buffer and where in it gzip members begin, from here on.

        The last place is where the last of them ends; no places where no member begins here, or
        where its end is too far to be seen. What looks like a member's start may be data: only
        the inflater knows.
        """
        for count in (LEAST_MEMBER_BYTES, _SEEN_BYTES):
            ahead = self.fill(count)
            if not MEMBER.match(self._buffer, self._start):
                break
            places = [found.start() for found in MEMBER.finditer(self._buffer, self._start)]
            if self._is_ended:
                places.append(self._start + ahead)
            if len(places) > 1:
                return self._buffer, places
        return b"", []

    def move(self, place: int) -> None:
        """Move to a place of what `members` returned."""
        self.offset += place - self._start
        self._start = place

    def skip(self, count: int) -> None:
        """Move on; past the stream's end when there are fewer bytes."""
        while count > 0:
            step = min(count, self.fill(min(count, READ_BYTES)))
            if not step:
                return
            self._start += step
            self.offset += step
            count -= step

    def skip_blanks(self) -> bool:
        """Move to the next byte that is not padding; return whether there is one."""
        while self.fill(1):
            found = _INK.search(self._buffer, self._start)
            if found:
                self.skip(found.start() - self._start)
                return True
            self.skip(len(self._buffer) - self._start)
        return False
