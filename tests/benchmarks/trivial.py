"""Contestants of no use but to test the harness with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.case import Clock, Given, Request

BURN = """
import os, sys
while sum(os.times()[:2]) < float(sys.argv[1]):
    pass
"""


def build(folder: Path, request: Request) -> Given:
    (folder / "numbers.json").write_text("[1, 2, 3]")
    return Given(3, f"three numbers, {request.size}")


def add(given: Path, out: Path, clock: Clock, *, wrong: int = 0) -> dict[str, Any]:
    """Note in a file when it runs, and add."""
    numbers = json.loads((given / "numbers.json").read_text())
    with (given / "order.txt").open("a") as order:
        order.write(f"{wrong} ")
    with clock:
        return {"sum": sum(numbers) + wrong, "order": (given / "order.txt").read_text()}


def burn(given: Path, out: Path, clock: Clock, *, before: float, within: float) -> dict[str, Any]:
    """Use CPU time in a child of a child that nobody waits for, before and within the clock."""

    def grandchild(seconds: float) -> None:
        start = (
            "import subprocess, sys;"
            "process = subprocess.Popen([sys.executable, *sys.argv[1:]]);"
            "print(process.pid)"
        )
        done = subprocess.run(
            [sys.executable, "-c", start, "-c", BURN, str(seconds)],
            check=True,
            capture_output=True,  # to its end: the grandchild holds the pipe as well
            text=True,
        )
        assert int(done.stdout)

    if before:
        grandchild(before)
    with clock:
        grandchild(within)
    return {}


def hold(given: Path, out: Path, clock: Clock, *, megabytes: int) -> dict[str, Any]:
    """Hold memory in a child, for a few samples."""
    code = f"import time; held = b'1' * {megabytes << 20}; time.sleep(0.6)"
    with clock:
        subprocess.run([sys.executable, "-c", code], check=True)
    return {}


def fail(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    with clock:
        raise ValueError("no such formula")


def idle(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    return {}


def sleep(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    (given / "pid").write_text(str(os.getpid()))
    with clock:
        time.sleep(60)
    return {}


def agree(mine: Any, peer: Any) -> dict[str, float]:
    return {"sum": peer.summary["sum"] / mine.summary["sum"]}
