"""What a benchmark case is. Standard library alone: a peer's own environment imports it too."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Size = Literal["tiny", "small", "full"]
SIZES: tuple[Size, ...] = ("tiny", "small", "full")


class InputError(Exception):
    """An input cannot be built from what was asked for; the message says why."""


@dataclass(frozen=True)
class Request:
    """What the command line asks of the builder of an input."""

    size: Size
    """`tiny` shows that a case works, `small` takes a minute, `full` is for figures to quote."""

    warcs: tuple[Path, ...] = ()
    """WARC files to measure on, for the cases that read WARC files; none for the sample's."""

    data: Path | None = None
    """Folder to measure on, for the cases about computations; None for what lies in the
    repository. `tests.benchmarks.equation_items` says which files it holds."""


@dataclass(frozen=True)
class Given:
    """The input that all contestants of a case get."""

    units: int
    """How much it is, in the unit of the case."""

    about: str
    """What it is, for the reader: number, kind, bytes."""


class Clock:
    """Bounds what is measured: `with clock:` around the work, once, after all preparation.

    The measuring process is told at both ends and waits are not counted: it reads CPU time and
    memory of the whole process tree there, which nobody can do from within.
    """

    def __init__(self, marks: int, answers: int) -> None:
        """Take the two pipe ends: to tell the measuring process, and to hear that it has read."""
        self._marks = marks
        self._answers = answers
        self._began: float | None = None
        self.wall_seconds: float | None = None

    def __enter__(self) -> None:
        if self._began is not None:
            raise RuntimeError("a contestant is measured once: `with clock` came twice")
        self._tell(b"b")
        self._began = time.perf_counter()

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        ended = time.perf_counter()
        if error is None and self._began is not None:
            self.wall_seconds = ended - self._began
            self._tell(b"e")

    def _tell(self, mark: bytes) -> None:
        os.write(self._marks, mark)
        if not os.read(self._answers, 1):
            raise RuntimeError("the measuring process is gone")


@dataclass(frozen=True)
class Contestant:
    """One way to do the work of a case."""

    name: str
    """Name in the table."""

    run: Callable[..., dict[str, Any]]
    """`run(given, out, clock, **options)`, a module's function: reads the folder `given`, may
    write to the folder `out`, does its work within `with clock:`, and returns a small dict (JSON)
    of what came out, for `Case.agree`. Its module must import without the project's packages
    where `packages` is not empty; what it needs it imports within."""

    packages: tuple[str, ...] = ()
    """Requirements, pinned with `==`, of the private environment that it runs in; empty for the
    project's own environment."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """Keyword arguments of `run` (JSON)."""

    copies: int = 1
    """How many times `Given.units` it works on."""


@dataclass(frozen=True)
class Outcome:
    """What a contestant's last run left."""

    summary: dict[str, Any]
    """What its function returned."""

    out: Path
    """The folder that it wrote to."""


@dataclass(frozen=True)
class Case:
    """One comparison."""

    name: str
    """Name on the command line; `verify` also chooses `verify-sympy`."""

    question: str
    """What it answers, one line."""

    unit: str
    """What is counted, plural."""

    build: Callable[[Path, Request], Given]
    """Writes the input into an empty folder; the same files for the same request. Raises
    `InputError` when a file that was asked for is no input for all contestants."""

    contestants: tuple[Contestant, ...]
    """Ours first: all others are compared with it."""

    agree: Callable[[Outcome, Outcome], dict[str, float]]
    """How far a peer's result (second) is the same as ours (first): named shares or counts."""

    conclude: Callable[[list[dict[str, Any]]], dict[str, float]] | None = None
    """Figures over all contestants, from their rows of the JSON; none for most cases."""

    tabulate: Callable[[list[dict[str, Any]]], list[list[str]]] | None = None
    """A table of its own beneath the usual one, heads first, from the rows of the JSON of those
    that were measured; none for most cases."""

    rounds: int = 3
    """Measured runs of each contestant, unless the command line says otherwise."""

    warmups: int = 1
    """Runs before those, not counted: files get into the page cache, bytecode gets written."""

    limit_seconds: float = 900.0
    """Longest run of one contestant, start-up included."""

    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables for all contestants."""
