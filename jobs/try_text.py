"""Contexts, programs and verdicts of texts, at once and without Spark: `mathcode-pile try`."""

from __future__ import annotations

import gzip
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.markup import escape
from rich.panel import Panel
from rich.syntax import Syntax

from jobs.progress import console, output
from udfs.contexts.passages import OPERATORS, find_contexts
from udfs.translate.reasons import explain
from udfs.verify.sandbox import Limits, Sandbox
from udfs.verify.trial import Trial, trials
from udfs.verify.zygote import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conf.settings import Settings

FORMATS = ("text", "jsonl")

_COLOURS = {"verified": "green", "left": "yellow", "trivial": "yellow", "no_result": "yellow"}
_NO_COMPUTATION = (
    "No computation found: a relation in $..$, $$..$$, \\(..\\) or \\[..\\], e.g. $2+3=5$"
)


@dataclass(frozen=True)
class Tried:
    """One computation of one text, and what came of it.

    Attributes:
        text_id: which text of several, as its file says, or its number from 1; else None.
        line: where it stands, from 1.
        section: headings over it.
        trial: its program, run and verdict.
    """

    text_id: str | None
    line: int
    section: str | None
    trial: Trial

    @property
    def outcome(self) -> str:
        """As `verdicts.outcome`, or `left` where there is no program."""
        return self.trial.outcome or "left"


def read(source: str | None, file: str | None) -> Iterator[tuple[str | None, str]]:
    """Yield texts with what they are called.

    Args:
        source: a text; `-` for standard input; None where a file is named.
        file: a path, `.gz` or not; `-` for standard input.

    Yields:
        (name, text). A file, or standard input, is one text without a name, unless each of its
        lines is a JSON object with a field `text`: then it is one text a line, called by its
        `id`, its `doc_id` or its number.

    Raises:
        OSError: the file cannot be read.
    """
    if file is None and source is not None and source != "-":
        yield None, source
        return
    if file is None or file == "-":
        found = sys.stdin.read()
    else:
        data = Path(file).read_bytes()
        found = (gzip.decompress(data) if file.endswith(".gz") else data).decode("utf-8", "replace")
    rows = _rows(found)
    if rows is None:
        yield None, found
        return
    for number, row in enumerate(rows, 1):
        yield str(row.get("id") or row.get("doc_id") or number), row["text"]


def _rows(text: str) -> list[dict[str, Any]] | None:
    """The objects of JSON lines; None where the text is none."""
    if not text.lstrip().startswith("{"):
        return None
    rows = []
    # Not splitlines: JSON may hold other line separators as they are.
    for line in filter(str.strip, text.split("\n")):
        try:
            row = json.loads(line)
        except ValueError:
            return None
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            return None
        rows.append(row)
    return rows


def show(texts: Iterable[tuple[str | None, str]], settings: Settings, form: str = "text") -> None:
    """Print each computation of some texts with its program, its output and the verdict.

    Args:
        texts: names and texts, Markdown with LaTeX.
        settings: whose limits and isolation hold for the programs.
        form: `text` for people (colours and frames on a terminal, plain lines elsewhere), or
            `jsonl`: one object a computation, with the columns' names of the tables.
    """
    limits = settings.verify
    allowed = Limits(
        wall_seconds=limits.wall_seconds,
        cpu_seconds=limits.cpu_seconds,
        memory_bytes=limits.memory_bytes,
        output_bytes=limits.output_bytes,
    )
    counts: dict[str, int] = {}
    started = time.perf_counter()
    searching = 0.0
    with Sandbox(require=frozenset(limits.require)) as sandbox:
        # Most texts need it, and it takes longer than all the rest.
        sandbox.prepare("sympy")
        for text_id, text in texts:
            before = time.perf_counter()
            passages = find_contexts(text, earlier_sentences=settings.contexts.earlier_sentences)
            searching += time.perf_counter() - before
            places = [(passage, one) for passage in passages for one in passage.computations]
            found = trials([one for _, one in places], sandbox, allowed) if places else []
            for (passage, one), result in zip(places, found, strict=True):
                line = text.count("\n", 0, one.span_start) + 1
                tried = Tried(text_id, line, passage.section, result)
                counts[tried.outcome] = counts.get(tried.outcome, 0) + 1
                _print(tried, sum(counts.values()), form, sandbox)
        if not counts:
            console.print(_NO_COMPUTATION, markup=False, soft_wrap=True)
            return
        is_run = set(counts) != {"left"}
        layers = sandbox.isolation if is_run else ""
    seconds = time.perf_counter() - started
    said = summary(counts, seconds, searching, layers)
    if form == "jsonl":
        console.print(said, markup=False, soft_wrap=True)
    else:
        output.print(said, markup=False, soft_wrap=True, style="bold" if _is_framed() else "")


def summary(counts: dict[str, int], seconds: float, searching: float, layers: str) -> str:
    """Say in two lines what came of all, what it took, and how programs were confined.

    Args:
        counts: computations by outcome.
        seconds: wall time in all.
        searching: wall time of the search for computations.
        layers: of isolation, joined by `+`; empty where nothing was run.
    """
    total = sum(counts.values())
    parts = ", ".join(
        f"{count} {'without a program' if outcome == 'left' else outcome}"
        for outcome, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    said = (
        f"{total} computation{'s' if total > 1 else ''}: {parts}; {seconds:.2f} s, "
        f"of which {1000 * searching:.0f} ms to find them"
    )
    if not layers:
        return f"{said}\nisolation: no program was run"
    reached = layers.split("+")
    missing = [layer for layer in LAYERS if layer not in reached]
    lacks = f"; MISSING: {', '.join(missing)}" if missing else ""
    return f"{said}\nisolation: {', '.join(reached)}{lacks}"


def record(tried: Tried) -> dict[str, Any]:
    """Return a computation as one flat object, named as the columns of the tables."""
    one, found = tried.trial.computation, tried.trial
    run = found.run
    return {
        "text_id": tried.text_id,
        "line": tried.line,
        "section": tried.section,
        "span_start": one.span_start,
        "span_end": one.span_end,
        "relation": one.relation,
        "expression": one.expression,
        "result": one.result,
        "modulus": one.modulus,
        "conditions": list(one.conditions),
        "code": found.translation.code,
        "rejected_by": found.translation.reason,
        "outcome": found.outcome,
        "method": found.method,
        "explanation": explanation(tried),
        "output": run.stdout or None if run else None,
        "error": run.error if run else None,
        "wall_seconds": round(run.wall_seconds, 6) if run else None,
        "cpu_seconds": round(run.cpu_seconds, 6) if run else None,
        "memory_bytes": run.memory_bytes if run else None,
    }


def explanation(tried: Tried) -> str:
    """Say in plain words why the outcome is what it is."""
    found = tried.trial
    run, reason = found.run, found.translation.reason
    if run is None:
        return explain(reason or "failed")
    printed = " ".join(run.stdout.split()) or "nothing"
    if len(printed) > 60:
        printed = printed[:59] + "…"
    stated = found.computation.result
    match found.outcome:
        case "verified":
            return f"it prints {printed}, which agrees with {stated}"
        case "mismatch":
            return f"it prints {printed}, but the text states {stated}"
        case "trivial":
            return "it only restates the result: nothing was computed"
        case "no_result":
            return f"it prints {printed}, which cannot be compared with {stated}"
        case "timeout":
            return "it took more time than verify.cpu_seconds or verify.wall_seconds allow"
        case "memory":
            return "it took more memory than verify.memory_bytes allows"
        case "blocked":
            return f"it tried what the sandbox refuses: {run.error or 'a system call'}"
    return f"it ended with an error: {run.error or 'no message'}"


def _is_framed() -> bool:
    return output.is_terminal


def _print(tried: Tried, number: int, form: str, sandbox: Sandbox) -> None:
    if form == "jsonl":
        isolation = sandbox.isolation if tried.trial.run else None
        print(json.dumps(record(tried) | {"isolation": isolation}, ensure_ascii=False))
    elif _is_framed():
        output.print(_panel(tried))
    else:
        print("\n".join(_lines(tried, number)) + "\n")


def _lines(tried: Tried, number: int) -> Iterator[str]:
    """Plain text, for a pipe or a file."""
    found = tried.trial
    yield f"[{number}] {text_of(found)}"
    yield f"    {_place(tried)}"
    if found.computation.conditions:
        yield f"    conditions: {'; '.join(found.computation.conditions)}"
    yield f"    {_verdict(tried)}: {explanation(tried)}"
    if found.run is not None:
        yield f"    time: {_milliseconds(tried)}"
    for line in (found.translation.code or "").splitlines():
        yield f"        {line}".rstrip()


def _panel(tried: Tried) -> Panel:
    found = tried.trial
    parts: list[Any] = [f"[bold]{escape(text_of(found))}[/]"]
    if found.computation.conditions:
        parts.append(f"[dim]conditions:[/] {escape('; '.join(found.computation.conditions))}")
    if found.translation.code:
        parts.append(
            Syntax(
                found.translation.code.rstrip(),
                "python",
                background_color="default",
                word_wrap=True,
                padding=(1, 2),
            )
        )
    parts.append(escape(explanation(tried)))
    colour = _COLOURS.get(tried.outcome, "red")
    time_taken = f", {_milliseconds(tried)}" if found.run else ""
    return Panel(
        Group(*parts),
        title=f"[{colour}]{escape(_verdict(tried))}[/]",
        title_align="left",
        subtitle=f"[dim]{escape(_place(tried))}{time_taken}[/]",
        subtitle_align="right",
        border_style=colour,
    )


def _place(tried: Tried) -> str:
    parts = [tried.text_id, f"line {tried.line}", tried.section]
    return ", ".join(part for part in parts if part)


def _verdict(tried: Tried) -> str:
    if tried.trial.run is None:
        return f"no program ({tried.trial.translation.reason})"
    return tried.outcome + (f" ({tried.trial.method})" if tried.trial.method else "")


def _milliseconds(tried: Tried) -> str:
    run = tried.trial.run
    assert run is not None
    return f"{1000 * run.wall_seconds:.0f} ms"


def text_of(one: Trial) -> str:
    """Return the relation of a trial as the text has it."""
    computation = one.computation
    sign = OPERATORS.get(computation.relation, computation.relation)
    modulus = f" \\pmod{{{computation.modulus}}}" if computation.modulus else ""
    return f"{computation.expression} {sign} {computation.result}{modulus}"
