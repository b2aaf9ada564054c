"""Runs cases: builds the input once, lets the contestants alternate, and takes medians."""

from __future__ import annotations

import json
import math
import os
import shutil
import statistics
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks import machine, peers, process
from tests.benchmarks.case import Case, Contestant, Given, Outcome, Request
from tests.benchmarks.peers import PeerError
from tests.benchmarks.process import ContestantError, Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

RESULTS = Path(__file__).parent / "results"
# A shell's settings that would change what is measured.
_LEFT_OUT = ("PYTEST", "SPARK", "PYSPARK", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV")
_ALWAYS = {"PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}


@dataclass
class Standing:
    """One contestant of a case, and what was measured of it."""

    contestant: Contestant
    units: int
    rounds: list[Measurement] = field(default_factory=list)
    agreement: dict[str, float] = field(default_factory=dict)
    not_measured: str | None = None

    def median(self, name: str) -> float:
        """Return the median of a field of `Measurement` over the rounds."""
        return float(statistics.median(getattr(one, name) for one in self.rounds))

    def rate(self, name: str) -> float:
        """Return units per median of a time; of none at all, as if it were a microsecond."""
        return self.units / max(self.median(name), 1e-6)


@dataclass
class Report:
    """What came out of one case."""

    case: Case
    request: Request
    given: Given
    standings: list[Standing]
    machine: dict[str, Any]
    methods: dict[str, str]
    conclusion: dict[str, float] = field(default_factory=dict)
    table: list[list[str]] = field(default_factory=list)

    @property
    def base(self) -> Standing:
        """Ours, with which all others are compared."""
        return self.standings[0]

    def ratio(self, standing: Standing, name: str) -> float | None:
        """Return how many times ours does the units of another in the same time."""
        if self.base.not_measured or standing.not_measured:
            return None
        return self.base.rate(name) / standing.rate(name)

    def row(self, standing: Standing) -> dict[str, Any]:
        """Return a contestant's row of the JSON."""
        row: dict[str, Any] = {
            "contestant": standing.contestant.name,
            "packages": list(standing.contestant.packages),
            "units": standing.units,
            "not_measured": standing.not_measured,
        }
        if standing.not_measured:
            return row
        return row | {
            "wall_seconds": standing.median("wall_seconds"),
            "cpu_seconds": standing.median("cpu_seconds"),
            "peak_bytes": standing.median("peak_bytes"),
            "units_per_second": standing.rate("wall_seconds"),
            "units_per_cpu_second": standing.rate("cpu_seconds"),
            "ours_is_times_faster": self.ratio(standing, "wall_seconds"),
            "ours_is_times_faster_by_cpu": self.ratio(standing, "cpu_seconds"),
            "agreement": standing.agreement,
            "summary": standing.rounds[-1].summary,
            "versions": standing.rounds[-1].versions,
            "rounds": [
                {
                    "wall_seconds": one.wall_seconds,
                    "cpu_seconds": one.cpu_seconds,
                    "peak_bytes": one.peak_bytes,
                }
                for one in standing.rounds
            ],
        }

    def to_json(self) -> dict[str, Any]:
        """Return everything, for a file."""
        return {
            "case": self.case.name,
            "question": self.case.question,
            "unit": self.case.unit,
            "size": self.request.size,
            "warcs": [str(path) for path in self.request.warcs],
            "data": str(self.request.data) if self.request.data else None,
            "input": self.given.about,
            "units": self.given.units,
            "commit": machine.commit(),
            "machine": self.machine,
            "methods": self.methods,
            "contestants": [self.row(standing) for standing in self.standings],
            # JSON knows no NaN, which stands for a figure that cannot be told.
            "conclusion": {
                name: None if math.isnan(value) else value
                for name, value in self.conclusion.items()
            },
            "table": self.table,
        }


def run_case(
    case: Case,
    request: Request,
    *,
    rounds: int | None = None,
    warmups: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Measure one case.

    Args:
        case: what to run.
        request: size and files of the input.
        rounds: measured runs of each contestant; the case's own number when None.
        warmups: runs before those; the case's own number when None.
        tell: gets a line about each run.
    """
    rounds = case.rounds if rounds is None else rounds
    warmups = case.warmups if warmups is None else warmups
    found = machine.describe()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name, process.open_meter() as meter:
        folder = Path(name)
        given_folder = folder / "given"
        given_folder.mkdir()
        tell(f"{case.name}: building the input")
        given = case.build(given_folder, request)
        standings = [
            Standing(contestant, given.units * contestant.copies) for contestant in case.contestants
        ]
        pythons = _environments(standings, tell)
        outs: dict[str, Path] = {}
        for turn in range(warmups + rounds):
            is_counted = turn >= warmups
            for number, standing in enumerate(standings):
                if standing.not_measured:
                    continue
                contestant = standing.contestant
                what = f"round {turn - warmups + 1} of {rounds}" if is_counted else "warm-up"
                tell(f"{case.name}: {contestant.name}, {what}")
                place = folder / f"{number}-{turn}"
                out = place / "out"
                out.mkdir(parents=True)
                job = {
                    "function": f"{contestant.run.__module__}:{contestant.run.__qualname__}",
                    "given": str(given_folder),
                    "out": str(out),
                    "options": dict(contestant.options),
                    "versions": turn == warmups + rounds - 1,  # costs half a second
                }
                try:
                    measurement = process.measure(
                        pythons[contestant.name],
                        job,
                        place,
                        meter=meter,
                        environment=_environment(case),
                        directory=peers.PROJECT,
                        limit_seconds=case.limit_seconds,
                    )
                except ContestantError as error:
                    standing.not_measured = str(error)
                    continue
                if is_counted:
                    standing.rounds.append(measurement)
                if contestant.name in outs:
                    shutil.rmtree(outs[contestant.name].parent)
                outs[contestant.name] = out
        report = Report(
            case=case,
            request=request,
            given=given,
            standings=standings,
            machine=found,
            methods={"cpu": meter.cpu_method, "memory": process.MEMORY_METHOD},
        )
        _compare(report, outs)
    return report


def _environments(standings: Sequence[Standing], tell: Callable[[str], None]) -> dict[str, Path]:
    """Return each contestant's interpreter; whose environment cannot be made is not measured."""
    pythons = {}
    for standing in standings:
        contestant = standing.contestant
        if contestant.packages:
            tell(f"{contestant.name}: environment with {', '.join(contestant.packages)}")
        try:
            pythons[contestant.name] = peers.python_for(contestant.packages)
        except PeerError as error:
            standing.not_measured = str(error)
    return pythons


def _environment(case: Case) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return kept | _ALWAYS | dict(case.environment)


def _compare(report: Report, outs: dict[str, Path]) -> None:
    """Fill in how far the results agree, and the conclusion."""

    def outcome(standing: Standing) -> Outcome:
        return Outcome(standing.rounds[-1].summary, outs[standing.contestant.name])

    if report.base.not_measured:
        return
    ours = outcome(report.base)
    for standing in report.standings[1:]:
        if not standing.not_measured:
            standing.agreement = report.case.agree(ours, outcome(standing))
    rows = [report.row(standing) for standing in report.standings if not standing.not_measured]
    if report.case.conclude and len(rows) == len(report.standings):
        report.conclusion = report.case.conclude(rows)
    if report.case.tabulate:
        report.table = report.case.tabulate(rows)


def write_json(report: Report, folder: Path = RESULTS) -> Path:
    """Write a report to a file of its own, named by case and time; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    path = folder / f"{report.case.name}-{stamp}.json"
    path.write_text(json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n", "utf-8")
    return path
