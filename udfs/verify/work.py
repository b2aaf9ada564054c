"""Which program goes to which of the sandbox's interpreters, and when."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from itertools import islice

_NEEDS = (
    ("numpy", re.compile(r"\b(?:numpy|scipy|pandas)\b")),
    ("sympy", re.compile(r"\b(?:sympy|mpmath)\b")),
)
QUEUED = 4  # programs sent ahead for each that runs, so that the server never waits
_TAKEN = 64  # programs that wait for each that runs, so that few change from one kind to another
_AHEAD = 4  # such lots past the oldest that is not done: what one slow program may hold back
_DEATHS = 3  # of the server without an answer, after which the next program is blamed


class Work:
    """Which programs wait, and which are with which interpreter.

    One interpreter at a time is given programs. When it runs out of them and only waits for the
    last to end, the next one gets what is left of the places, so that none stands idle.
    """

    def __init__(self, sources: Iterator[tuple[int, str]], parallel: int) -> None:
        self.sources = sources
        self.parallel = parallel
        self.taken = 0
        self.waiting: dict[str, deque[tuple[int, bytes]]] = {}
        self.underway: dict[str, dict[int, bytes]] = {}
        self.deaths: Counter[str] = Counter()

    def take(self, done: int) -> bool:
        """Take programs in, a bounded number ahead of those that are done; False with none."""
        lot = _TAKEN * self.parallel
        count = min(lot - sum(map(len, self.waiting.values())), done + _AHEAD * lot - self.taken)
        for number, code in islice(self.sources, max(count, 0)):
            waiting = self.waiting.setdefault(interpreter_for(code), deque())
            waiting.append((number, code.encode("utf-8", "surrogatepass")))
            self.taken += 1
        return bool(self.waiting)

    def busy(self) -> list[str]:
        """The interpreters that have programs."""
        return list(self.underway)

    def choose(self) -> tuple[str, int] | None:
        """The interpreter that gets the next program, and how many it may run at once."""
        for kind in sorted(self.waiting, key=lambda kind: (kind not in self.underway, kind)):
            others = sum(
                min(len(programs), self.parallel)
                for other, programs in self.underway.items()
                if other != kind
            )
            parallel = self.parallel - others
            if parallel > 0 and len(self.underway.get(kind, ())) < parallel * (1 + QUEUED):
                return kind, parallel
        return None

    def start(self, kind: str) -> tuple[int, bytes]:
        """The next program of an interpreter."""
        number, code = self.waiting[kind].popleft()
        if not self.waiting[kind]:
            del self.waiting[kind]
        self.underway.setdefault(kind, {})[number] = code
        return number, code

    def end(self, kind: str, number: int) -> None:
        """A program is answered."""
        self.deaths[kind] = 0
        del self.underway[kind][number]
        if not self.underway[kind]:
            del self.underway[kind]

    def undo(self, kind: str) -> int | None:
        """Let the programs of an interpreter that died wait again, but for one that is blamed."""
        programs = self.underway.pop(kind, {})
        self.deaths[kind] += 1
        blamed = None
        if programs and self.deaths[kind] >= _DEATHS:
            blamed = min(programs)
            del programs[blamed]
            self.deaths[kind] = 0
        if programs:
            waiting = self.waiting.setdefault(kind, deque())
            waiting.extendleft(sorted(programs.items(), reverse=True))
        return blamed


def interpreter_for(code: str) -> str:
    """The interpreter that suits a program; in another it would only be slower."""
    for kind, pattern in _NEEDS:
        if pattern.search(code):
            return kind
    return "standard"
