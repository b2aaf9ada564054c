"""How fast servers are asked: a budget of requests that all workers of a machine share.

The budget is a token bucket (the generic cell rate algorithm, ITU-T I.371): its state is when
the next request is due. It adapts as TCP does (additive increase, multiplicative decrease): a
server that says it is busy halves the rate, which grows back within a minute.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import struct
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BURST = 8
"""Requests that may leave at once after a pause."""

RECOVERY_SECONDS = 60.0
"""Time in which the rate grows back from nothing to the whole budget."""

MOST_PAUSE_SECONDS = 300.0
"""Longest pause that a server's Retry-After is granted."""

_LEAST_RATE = 0.2
_SETTLE_SECONDS = 1.0  # answers to requests that left before the last cut are no news
_STATE = struct.Struct("<ddd")


class Turn(NamedTuple):
    """State of a budget, times in seconds of the machine's monotonic clock.

    Attributes:
        due: when the next request would leave if requests came evenly.
        rate: requests a second right after the last cut.
        cut_at: when the rate was last cut; 0 for never.
    """

    due: float
    rate: float
    cut_at: float


def rate_now(turn: Turn, now: float, most: float) -> float:
    """Return the rate that holds now: what the last cut left, and what grew back since."""
    if not turn.cut_at:
        return most
    return min(most, turn.rate + most * (now - turn.cut_at) / RECOVERY_SECONDS)


def taken(turn: Turn, now: float, most: float) -> tuple[Turn, float]:
    """Take one request out of the budget.

    Args:
        turn: the state.
        now: the time.
        most: the whole budget, in requests a second.

    Returns:
        The state after it, and how many seconds to wait before it is sent.
    """
    interval = 1 / rate_now(turn, now, most)
    leaves = max(turn.due, now - (BURST - 1) * interval)
    return turn._replace(due=leaves + interval), max(0.0, leaves - now)


def cut(turn: Turn, now: float, most: float, pause: float) -> Turn:
    """Halve the rate, since a server was busy, and send nothing for `pause` seconds."""
    if now - turn.cut_at >= _SETTLE_SECONDS:
        rate = max(min(_LEAST_RATE, most), rate_now(turn, now, most) / 2)
        turn = turn._replace(rate=rate, cut_at=now)
    return turn._replace(due=max(turn.due, now + min(pause, MOST_PAUSE_SECONDS)))


class Budget:
    """The budget of one server, shared with the machine's other workers through a small file."""

    def __init__(self, server: str, per_second: float) -> None:
        """Name the server, and the most requests a second that all workers together send."""
        name = hashlib.sha256(f"{server} {per_second}".encode()).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"mathcode-pile-{os.getuid()}"
        self._path = folder / f"budget-{name}"
        self._most = per_second
        self._lock = threading.Lock()
        self._own = b""  # the state where no file can be written

    def take(self) -> None:
        """Wait until the next request may be sent."""
        wait = 0.0

        def take(turn: Turn, now: float) -> Turn:
            nonlocal wait
            after, wait = taken(turn, now, self._most)
            return after

        self._change(take)
        if wait:
            time.sleep(wait)

    def slow(self, pause: float = 0.0) -> None:
        """Note that the server was busy.

        Args:
            pause: seconds for which it asked to be left alone.
        """
        self._change(lambda turn, now: cut(turn, now, self._most, pause))

    def _change(self, change: Callable[[Turn, float], Turn]) -> None:
        with self._lock, self._state() as state:
            now = time.monotonic()
            turn = Turn(*_STATE.unpack(state)) if len(state) == _STATE.size else Turn(0, 0, 0)
            if turn.cut_at > now or turn.due > now + 2 * MOST_PAUSE_SECONDS:
                turn = Turn(0, 0, 0)  # left by a machine's earlier life
            state[:] = _STATE.pack(*change(turn, now))

    @contextlib.contextmanager
    def _state(self) -> Iterator[bytearray]:
        # Opened anew each time: a lock that a forked worker inherited would not exclude it.
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError:
            state = bytearray(self._own)
            yield state
            self._own = bytes(state)
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            state = bytearray(os.pread(descriptor, _STATE.size, 0))
            yield state
            os.pwrite(descriptor, bytes(state), 0)
        finally:
            os.close(descriptor)
