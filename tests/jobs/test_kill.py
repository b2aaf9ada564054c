"""SIGKILL in the middle of every job: the next run goes on, and each row is there exactly once."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from jobs import pipeline
from tests import lake

_SEED = 20261121
_START_SECONDS = 900


@pytest.mark.timeout(3000)
def test_a_killed_run_ends_with_the_rows_of_an_undisturbed_one(undisturbed, tmp_path):
    killed = tmp_path / "killed"
    seconds = {row["job"]: row["seconds"] for row in lake.table(undisturbed, "runs")}
    chosen = random.Random(_SEED)
    kills = []
    for job in pipeline.JOBS:
        first = next(iter(job.writes), None)
        if first is None:
            continue
        process = subprocess.Popen(
            [lake.COMMAND, "run", f"root={killed}"],
            cwd=lake.PROJECT,
            env=lake.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        was_there = _begins(killed / "logs/run.log", job.name, process)
        time.sleep(chosen.uniform(0, seconds.get(job.name, 1.0)))
        kills.append((job.name, was_there, process.poll() is None))
        process.send_signal(signal.SIGKILL)
        process.wait()
    # Each kill hit a driver that was at work on the job it was meant for.
    assert [job for job, was_there, was_running in kills if not (was_there and was_running)] == []
    lake.command("run", f"root={killed}")
    lake.assert_equal(undisturbed, killed)
    assert list(Path(killed).rglob("*.part")) == []


def _begins(log: Path, job: str, process: subprocess.Popen) -> bool:
    """Wait until the driver has begun a job."""
    seen = log.stat().st_size if log.exists() else 0
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if log.exists():
            with log.open("rb") as file:
                file.seek(seen)
                if f" {job} begins\n".encode() in file.read():
                    return True
        time.sleep(0.05)
    return False
