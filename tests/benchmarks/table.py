"""Shows a report as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from tests.benchmarks.harness import Report, Standing


def show(report: Report, console: Console) -> None:
    """Print input, one row a contestant, what was not measured and why, and the conclusion."""
    case = report.case
    console.print(f"\n[bold]{escape(case.name)}[/]: {escape(case.question)}")
    console.print(f"Input: {escape(report.given.about)}", highlight=False)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for title in (
        "wall s",
        "CPU s",
        "spread",
        "peak MiB",
        f"{case.unit}/s",
        f"{case.unit}/CPU s",
        "ours is\n× faster",
        "… by CPU",
    ):
        table.add_column(title, justify="right")
    table.add_column("agreement with ours")
    for standing in report.standings:
        table.add_row(*_cells(report, standing))
    console.print(table, highlight=False)
    for standing in report.standings:
        if standing.not_measured:
            text = f"{standing.contestant.name}: not measured: {standing.not_measured}"
            console.print(f"[bold red]{escape(text)}[/]", highlight=False, soft_wrap=True)
    if report.table:
        _show_own(report.table, console)
    for name, value in report.conclusion.items():
        console.print(f"  {escape(name)}: {value:,.4g}", highlight=False)


def _show_own(rows: list[list[str]], console: Console) -> None:
    """Print a case's own table: heads, then rows."""
    table = Table(box=box.SIMPLE_HEAD)
    for number, title in enumerate(rows[0]):
        table.add_column(escape(title), justify="right" if number else "left")
    for row in rows[1:]:
        table.add_row(*map(escape, row))
    console.print(table, highlight=False)


def _cells(report: Report, standing: Standing) -> list[str]:
    name = escape(standing.contestant.name)
    if standing.not_measured:
        return [name, "[bold red]not measured[/]"]
    is_base = standing is report.base
    return [
        f"[bold]{name}[/]" if is_base else name,
        f"{standing.median('wall_seconds'):.2f}",
        f"{standing.median('cpu_seconds'):.2f}",
        _spread(standing),
        f"{standing.median('peak_bytes') / 2**20:,.0f}",
        _rounded(standing.rate("wall_seconds")),
        _rounded(standing.rate("cpu_seconds")),
        "" if is_base else _times(report.ratio(standing, "wall_seconds")),
        "" if is_base else _times(report.ratio(standing, "cpu_seconds")),
        escape(", ".join(f"{key} {value:.4g}" for key, value in standing.agreement.items())),
    ]


def _spread(standing: Standing) -> str:
    """Return the range of the CPU seconds over their median: how noisy the rounds were."""
    times = [one.cpu_seconds for one in standing.rounds]
    if len(times) < 2:
        return "-"
    return f"{(max(times) - min(times)) / max(standing.median('cpu_seconds'), 1e-6):.0%}"


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
