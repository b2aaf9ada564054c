"""The command line of the benchmarks: python -m tests.benchmarks --help."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

import tests.benchmarks
from tests.benchmarks import harness, machine, table
from tests.benchmarks.case import SIZES, Case, InputError, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.harness import Report


def cases() -> list[Case]:
    """Return the cases of all `bench_*.py`, by module, in the order in which each lists them."""
    found: list[Case] = []
    for module in sorted(pkgutil.iter_modules(tests.benchmarks.__path__), key=lambda m: m.name):
        if module.name.startswith("bench_"):
            found += importlib.import_module(f"tests.benchmarks.{module.name}").CASES
    return found


def choose(names: Sequence[str], known: Sequence[Case]) -> list[Case]:
    """Return the cases that are named, or whose name starts with one given and a hyphen.

    Raises:
        ValueError: a name fits no case.
    """
    for name in names:
        if not any(_fits(case, name) for case in known):
            every = ", ".join(case.name for case in known)
            raise ValueError(f"no case {name}; there are {every}")
    return [case for case in known if not names or any(_fits(case, name) for name in names)]


def _fits(case: Case, name: str) -> bool:
    return case.name == name or case.name.startswith(f"{name}-")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    found = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="Measure us against the peers: same input, fresh processes, in turns; medians.",
    )
    found.add_argument("names", nargs="*", metavar="NAME", help="cases to run (default: all)")
    found.add_argument("--list", action="store_true", help="list the cases and end")
    found.add_argument("--size", choices=SIZES, default="small", help="of the input; see README.md")
    found.add_argument("--rounds", type=int, metavar="N", help="measured runs of each contestant")
    found.add_argument(
        "--warmups", type=int, metavar="N", help="runs of each contestant before those"
    )
    found.add_argument(
        "--warc",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="measure the extract cases on these WARC files, not on the sample",
    )
    found.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="measure contexts, translate and equations on this folder (equations.jsonl[.gz], "
        "equations_false.jsonl[.gz], documents.jsonl[.gz]), not on what lies in the repository",
    )
    found.add_argument("--json", type=Path, metavar="FILE", help="also write all reports here")
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit status: 0 done, 1 when one of ours was not measured, 2 for wrong words. A peer
        that was not measured is told in red and in the JSON, and is no failure of ours.
    """
    command = parser()
    options = command.parse_args(words)
    out = Console() if sys.stdout.isatty() else Console(width=150)
    notes = Console(stderr=True)
    known = cases()
    if options.list:
        for case in known:
            peers = ", ".join(one.name for one in case.contestants)
            out.print(f"[bold]{case.name:18}[/] {escape(case.question)}", soft_wrap=True)
            out.print(f"{'':18} {escape(peers)}", highlight=False, soft_wrap=True)
        return 0
    try:
        chosen = choose(options.names, known)
    except ValueError as error:
        command.error(str(error))
    if options.rounds is not None and options.rounds < 1:
        command.error(f"--rounds: {options.rounds}, must be at least 1")
    if options.warmups is not None and options.warmups < 0:
        command.error(f"--warmups: {options.warmups}, must be at least 0")
    missing = [str(path) for path in options.warc if not path.is_file()]
    if missing:
        command.error(f"--warc: no such file: {', '.join(missing)}")
    if options.data is not None and not options.data.is_dir():
        command.error(f"--data: no such folder: {options.data}")
    request = Request(
        size=options.size,
        warcs=tuple(path.resolve() for path in options.warc),
        data=options.data.resolve() if options.data else None,
    )
    _describe(out)
    reports = []
    for case in chosen:
        try:
            report = harness.run_case(
                case,
                request,
                rounds=options.rounds,
                warmups=options.warmups,
                tell=lambda line: notes.print(f"[dim]{escape(line)}[/]", highlight=False),
            )
        except InputError as error:
            command.error(f"{case.name}: {error}")
        table.show(report, out)
        notes.print(f"Written to {harness.write_json(report)}", highlight=False, soft_wrap=True)
        reports.append(report)
    if options.json:
        found = [report.to_json() for report in reports]
        options.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return _end(out, reports)


def _describe(console: Console) -> None:
    found = machine.describe()
    console.print(
        f"{found['cpu']}, {found['cores']} cores, {found['memory_bytes'] / 2**30:.0f} GiB, "
        f"load {found['load_average']}; {machine.commit() or 'no commit'}",
        highlight=False,
    )
    if not found["is_quiet"]:
        console.print(
            "[bold yellow]The machine is busy: wall times are not to be trusted, "
            "CPU times with care.[/]"
        )


def _end(console: Console, reports: Sequence[Report]) -> int:
    """Say once more what is missing; return the exit status."""
    left_out = [
        f"{report.case.name}/{standing.contestant.name}"
        for report in reports
        for standing in report.standings
        if standing.not_measured
    ]
    if reports:
        methods = reports[0].methods
        console.print(
            f"\nCPU: {methods['cpu']}. Memory: {methods['memory']}. Figures are medians; spread is "
            "the range of CPU seconds over their median.",
            highlight=False,
            style="dim",
        )
    if left_out:
        console.print(f"[bold red]Not measured: {escape(', '.join(left_out))}[/]", highlight=False)
    return int(any(report.base.not_measured for report in reports))


if __name__ == "__main__":
    sys.exit(main())
