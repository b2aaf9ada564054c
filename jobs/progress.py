"""What a person watching a run sees: one bar a job on a terminal, one line a job elsewhere."""

from __future__ import annotations

import contextlib
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from conf.settings import Settings

# Rows that are a query's answer go to standard output; all that is said about them goes here.
console = Console(stderr=True, highlight=False)
# A pipe has no width: tables are not cut there.
output = Console(highlight=False, width=None if sys.stdout.isatty() else 240)


class Meter(Protocol):
    """Counts the work of one job as it is done."""

    @property
    def is_watched(self) -> bool:
        """Whether a person sees it: then totals and steps in between are worth a query."""

    @property
    def versions(self) -> Mapping[str, int]:
        """Versions of tables that the job's last finished run has seen."""

    def show(self, count: int) -> None:
        """Show so many units, some of them still under way."""

    def expect(self, total: int, unit: str) -> None:
        """Announce how much work of which unit (rows, files) there is, on top of what was."""

    def advance(self, count: int) -> None:
        """Say that so many units more are done."""

    @property
    def done(self) -> int:
        """Units done so far."""


class _Counter:
    """Counts, and shows nothing: standard error is no terminal."""

    is_watched = False

    def __init__(self, versions: Mapping[str, int]) -> None:
        self.done = 0
        self.versions = versions

    def expect(self, total: int, unit: str) -> None:
        """See Meter."""

    def show(self, count: int) -> None:
        """See Meter."""

    def advance(self, count: int) -> None:
        """See Meter."""
        self.done += count


class _Bar:
    is_watched = True

    def __init__(self, bars: Progress, name: str, versions: Mapping[str, int]) -> None:
        self.versions = versions
        self._bars = bars
        self._task = bars.add_task(name, total=None, unit="")
        self._total = 0
        self.done = 0

    def expect(self, total: int, unit: str) -> None:
        self._total += total
        self._bars.update(self._task, total=max(self._total, self.done), unit=unit)

    def advance(self, count: int) -> None:
        self.done += count
        if self._total and self.done > self._total:
            self._bars.update(self._task, total=self.done)
        self._bars.update(self._task, completed=self.done)

    def show(self, count: int) -> None:
        most = self._total or count
        self._bars.update(self._task, completed=max(self.done, min(count, most)))


class _Rate(TextColumn):
    def render(self, task):  # type: ignore[no-untyped-def]
        speed = task.finished_speed or task.speed
        done = f"{int(task.completed):,}"
        total = f"/{int(task.total):,}" if task.total else ""
        rate = f", {speed:,.0f}/s" if speed else ""
        self.text_format = f"[cyan]{done}{total} {task.fields['unit']}{rate}"
        return super().render(task)


_current: ContextVar[Meter | None] = ContextVar("_current", default=None)


def meter() -> Meter:
    """Return the meter of the job that is running; outside one, a meter that only counts."""
    found = _current.get()
    if found is None:
        found = _Counter({})
        _current.set(found)
    return found


@contextlib.contextmanager
def job(name: str, versions: Mapping[str, int]) -> Iterator[Meter]:
    """Show one job's progress while the body runs, and yield its meter.

    Args:
        name: of the job.
        versions: of the tables that its last finished run has seen.
    """
    if not console.is_terminal:
        counter = _Counter(versions)
        token = _current.set(counter)
        try:
            yield counter
        finally:
            _current.reset(token)
        return
    columns = (
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("[bold]{task.description:<18}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        _Rate(""),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        bar = _Bar(bars, name, versions)
        token = _current.set(bar)
        try:
            yield bar
        finally:
            _current.reset(token)


def shown(settings: Settings) -> Callable[[int], None] | None:
    """Return what tells the running job's meter of rows under way; None where it cannot be told.

    A person has to be watching, and the workers have to share the driver's disk.
    """
    found = meter()
    chosen = settings.spark
    if not found.is_watched or not (chosen.remote or chosen.master).startswith("local["):
        return None
    before = found.done
    return lambda count: found.show(before + count)
