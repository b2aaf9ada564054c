"""Contexts, programs and verdicts of one text, at once and without Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.panel import Panel
from rich.syntax import Syntax

from jobs.progress import console, output
from udfs.verify.sandbox import Limits
from udfs.verify.trial import Trial, trial

if TYPE_CHECKING:
    from conf.settings import Settings

_COLOURS = {"verified": "green", "mismatch": "red", "trivial": "yellow", "no_result": "yellow"}


def show(text: str, settings: Settings) -> None:
    """Print each computation of a text with its program, its output and the verdict.

    Args:
        text: Markdown with LaTeX.
        settings: whose limits and isolation hold for the programs.
    """
    limits = settings.verify
    found = trial(
        text,
        earlier_sentences=settings.contexts.earlier_sentences,
        limits=Limits(
            wall_seconds=limits.wall_seconds,
            cpu_seconds=limits.cpu_seconds,
            memory_bytes=limits.memory_bytes,
            output_bytes=limits.output_bytes,
        ),
        require=frozenset(limits.require),
    )
    if not found:
        console.print(
            "No computation found: a relation in $..$, $$..$$, \\(..\\) or \\[..\\], e.g. $2+3=5$"
        )
    for one in found:
        output.print(_panel(one))


def _panel(one: Trial) -> Panel:
    computation = one.computation
    conditions = "; ".join(computation.conditions)
    lines = [f"[bold]{escape(text_of(one))}"]
    if conditions:
        lines.append(f"[dim]conditions:[/] {escape(conditions)}")
    code, run = one.translation.code, one.run
    if code is None or run is None:
        reason = f"[yellow]no program: {one.translation.reason}"
        return Panel(Group(*lines, reason), title="left", title_align="left")
    verdict = f"prints {escape(run.stdout.strip() or 'nothing')}"
    if run.error:
        verdict += f"; {escape(run.error)}"
    colour = _COLOURS.get(one.outcome or "", "red")
    method = f" ({one.method})" if one.method else ""
    return Panel(
        Group(*lines, Syntax(code, "python", background_color="default"), verdict),
        title=f"[{colour}]{one.outcome}{method}",
        title_align="left",
    )


def text_of(one: Trial) -> str:
    """Return the relation of a trial as the text has it."""
    signs = {
        "eq": "=",
        "approx": "\\approx",
        "equiv": "\\equiv",
        "lt": "<",
        "le": "\\le",
        "gt": ">",
        "ge": "\\ge",
    }
    computation = one.computation
    sign = signs.get(computation.relation, computation.relation)
    modulus = f" \\pmod{{{computation.modulus}}}" if computation.modulus else ""
    return f"{computation.expression} {sign} {computation.result}{modulus}"
