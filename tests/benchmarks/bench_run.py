"""The whole `mathcode-pile run` against the size of its input: growth has to be linear.

The input is copies of the sample crawl (see sample.py): one, two and four times as many pages,
none a duplicate of another copy's. Each run is a command of its own with a fresh root, Spark's
start included. The data set and the benchmark of conf/local.yaml are read each time, so they
belong to the fixed part. The conclusion fits seconds and CPU seconds to a line and says:

- `... a WARC file`, `... fixed`: slope and intercept by least squares over all rounds;
- `... R2`: how much of the variation the line explains;
- `... growth`: cost of a WARC file between the two larger sizes over that between the two
  smaller ones: 1 is linear, over 1 is faster than linear;
- the same growth for each job, by the seconds it noted in `runs`.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.case import Case, Clock, Contestant, Given, Outcome, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

SIZES = (1, 2, 4)
# Copies of the sample that make 1x.
BASE = {"tiny": 1, "small": 1, "full": 8}
COUNTED = ("pages", "documents", "duplicates", "contexts", "programs", "verdicts", "pile", "shards")


def build(folder: Path, request: Request) -> Given:
    """Copies for the largest size; the smaller ones take the first of them."""
    from tests.benchmarks import sample

    base = BASE[request.size]
    files = sample.write_copies(folder, base * SIZES[-1])
    for number, path in enumerate(files):
        group = number // (base * sample.FILES)
        path.rename(folder / f"group-{group}-{path.name}")
    pages = sum(map(len, sample.pages(base)))
    count = base * sample.FILES
    return Given(count, f"1x is {count} WARC files with {pages:,} captures, and the sample's data")


def whole_run(given: Path, out: Path, clock: Clock, *, groups: int) -> dict[str, Any]:
    """Run the command as a user does, on the first groups of files."""
    paths = sorted(str(p) for p in given.iterdir() if int(p.name.split("-")[1]) < groups)
    listed = ", ".join(f'"{path}"' for path in paths)
    command = Path(sys.executable).parent / "mathcode-pile"
    words = [str(command), "run", "conf/local.yaml", f"root={out}/root", f"crawl.paths=[{listed}]"]
    with clock:
        subprocess.run(words, check=True)
    runs = sorted(_table(out, "runs"), key=lambda row: row["started_at"])
    return {
        "warcs": len(paths),
        "rows": {name: len(_table(out, name)) for name in COUNTED},
        "verdicts": dict(Counter(row["outcome"] for row in _table(out, "verdicts"))),
        "jobs": {row["job"]: row["seconds"] for row in runs},
    }


def _table(out: Path, name: str) -> list[dict[str, Any]]:
    from tests import lake

    return lake.table(out / "root", name)


def agree(mine: Outcome, other: Outcome) -> dict[str, float]:
    """Rows of each table over those of 1x."""
    small, large = mine.summary["rows"], other.summary["rows"]
    return {name: large[name] / small[name] for name in ("documents", "programs") if small[name]}


def conclude(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Fit the line, and tell each job's growth; see this module's docstring."""
    found: dict[str, float] = {}
    for name, key in (("seconds", "wall_seconds"), ("CPU seconds", "cpu_seconds")):
        points = [(row["units"], one[key]) for row in rows for one in row["rounds"]]
        slope, fixed, r2 = fit(points)
        found |= {f"{name} a WARC file": slope, f"{name} fixed": fixed, f"{name} R2": r2}
        found[f"{name} growth"] = growth([(row["units"], row[key]) for row in rows])
    for job in rows[0]["summary"]["jobs"]:
        times = [(row["units"], row["summary"]["jobs"][job]) for row in rows]
        found[f"{job}: seconds at 1x"] = times[0][1]
        found[f"{job}: seconds at {SIZES[-1]}x"] = times[-1][1]
        found[f"{job}: growth"] = growth(times)
    return found


def fit(points: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Fit (x, y) points to a line: slope, intercept, and R2 (1 where all y are equal)."""
    xs, ys = zip(*points, strict=True)
    slope, intercept = statistics.linear_regression(xs, ys)
    mean = statistics.fmean(ys)
    total = sum((y - mean) ** 2 for y in ys)
    rest = sum((y - intercept - slope * x) ** 2 for x, y in points)
    return slope, intercept, 1.0 if total == 0 else 1 - rest / total


def growth(points: Sequence[tuple[float, float]]) -> float:
    """Divide the slope of the last two points by that of the first two.

    Returns:
        NaN where the first two do not grow: then noise or start-up is all there is.
    """
    (x1, y1), (x2, y2), *_ = points
    (x3, y3), (x4, y4) = points[-2:]
    first, last = (y2 - y1) / (x2 - x1), (y4 - y3) / (x4 - x3)
    return last / first if first > 0 else float("nan")


CASES = [
    Case(
        name="run",
        question="the whole pipeline: does its cost grow linearly with its input?",
        unit="WARCs",
        build=build,
        contestants=tuple(
            Contestant(f"{times}x", whole_run, options={"groups": times}, copies=times)
            for times in SIZES
        ),
        agree=agree,
        conclude=conclude,
        # A run takes a minute, and what a warm-up brings is small beside it.
        rounds=1,
        warmups=0,
        limit_seconds=3600,
    )
]
