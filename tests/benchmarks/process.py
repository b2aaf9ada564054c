"""Measures a process and all that descend from it: wall and CPU time, and peak memory.

CPU time comes from a control group (cgroup v2) where one can be made: it counts every process
that was ever in it. `getrusage` does not, it loses children nobody waited for; of PySpark's
Python workers that is up to half of a job. Where no group can be made, the live processes of the
tree are sampled with the times of the children they reaped, and the increments are summed up;
what a process used after the last sample before its end is lost, which the report says.

Memory is the sum over all processes of their proportional set sizes (PSS: a page that n
processes share counts 1/n in each, so forked workers are not counted double), sampled; where the
system has no PSS, of resident set sizes.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INTERVAL_SECONDS = 0.05
# A sample of a JVM costs milliseconds; sampling is to take at most one part in this of a core.
_SAMPLE_SHARE = 25
_GONE = (psutil.NoSuchProcess, psutil.AccessDenied, OSError)


class ContestantError(Exception):
    """A contestant ended without a result; the message says how."""


@dataclass(frozen=True)
class Measurement:
    """What one run took."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    summary: dict[str, Any]
    versions: dict[str, str]


class TreeMeter:
    """Reads a process tree by sampling it."""

    cpu_method = "sampled process tree (a lower bound)"
    group: Path | None = None

    def __init__(self) -> None:
        self._root = 0
        self._total = 0.0
        self._last = 0.0

    def start(self, pid: int) -> None:
        """Say which process is the root of the tree."""
        self._root, self._total, self._last = pid, 0.0, 0.0

    def processes(self) -> list[psutil.Process]:
        """Return the live processes of the tree, and of its session those without a parent."""
        found: dict[int, psutil.Process] = {}
        for pid in psutil.pids():
            with contextlib.suppress(*_GONE):
                if os.getsid(pid) == self._root:
                    found[pid] = psutil.Process(pid)
        with contextlib.suppress(*_GONE):
            children = psutil.Process(self._root).children(recursive=True)
            found |= {child.pid: child for child in children}
        return list(found.values())

    def cpu_seconds(self) -> float:
        """Return the CPU time so far; to be called often."""
        now = 0.0
        for process in self.processes():
            with contextlib.suppress(*_GONE):
                times = process.cpu_times()
                now += times.user + times.system
                now += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        # The sum falls when a process ends that nobody waits for: its time was spent all the same.
        self._total += max(0.0, now - self._last)
        self._last = now
        return self._total

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""


class GroupMeter(TreeMeter):
    """Reads a control group that the process tree lives in."""

    cpu_method = "control group"

    def __init__(self, group: Path) -> None:
        super().__init__()
        self.group: Path = group

    def processes(self) -> list[psutil.Process]:
        """Return the live processes of the group and of groups that were made in it."""
        found = []
        for file in self.group.rglob("cgroup.procs"):
            with contextlib.suppress(*_GONE):
                for pid in file.read_text(encoding="ascii").split():
                    with contextlib.suppress(*_GONE):
                        found.append(psutil.Process(int(pid)))
        return found

    def cpu_seconds(self) -> float:
        """Return the CPU time of all that ran in the group so far."""
        for line in (self.group / "cpu.stat").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(" ")
            if name == "usage_usec":
                return int(value) / 1e6
        raise OSError(f"{self.group}: cpu.stat has no usage_usec")

    def close(self) -> None:
        """Remove the group, and groups that were made in it."""
        groups = sorted((p.parent for p in self.group.rglob("cgroup.procs")), reverse=True)
        for group in groups:
            for _ in range(50):  # a killed process stays in its group for a moment
                try:
                    group.rmdir()
                    break
                except OSError:
                    time.sleep(0.05)


@contextlib.contextmanager
def open_meter() -> Iterator[TreeMeter]:
    """Open the best meter that this system lets us have."""
    group = _make_group()
    meter = TreeMeter() if group is None else GroupMeter(group)
    try:
        yield meter
    finally:
        meter.close()


def _make_group() -> Path | None:
    """Make a control group below our own; None where that is not allowed."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
        own = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    mounted = [line.split()[4] for line in mounts if " - cgroup2 " in line]
    inside = [line.removeprefix("0::/") for line in own if line.startswith("0::/")]
    if not mounted or not inside:
        return None
    group = Path(mounted[0], inside[0], f"benchmark-{os.getpid()}-{time.monotonic_ns()}")
    try:
        group.mkdir()
    except OSError:
        return None
    try:
        GroupMeter(group).cpu_seconds()
        # Some systems let groups be made, but no process be moved.
        subprocess.run(
            ["sh", "-c", 'echo $$ > "$0"', str(group / "cgroup.procs")],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        GroupMeter(group).close()
        return None
    return group


def memory_of(process: psutil.Process) -> int:
    """Return a process's proportional set size in bytes; its resident set size without PSS."""
    if HAS_PSS:
        with contextlib.suppress(*_GONE):
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
            return sum(
                int(line.split()[1]) * 1024
                for line in rollup.splitlines()
                if line.startswith("Pss:")
            )
        return 0
    with contextlib.suppress(*_GONE):
        return int(process.memory_info().rss)
    return 0


HAS_PSS = Path("/proc/self/smaps_rollup").exists()
MEMORY_METHOD = f"sum of {'PSS' if HAS_PSS else 'RSS'} of the process tree, sampled"


@dataclass
class _Watch:
    """One run as it is watched."""

    meter: TreeMeter
    cpu_began: float = 0.0
    cpu_ended: float = 0.0
    peak_bytes: int = 0
    cost_seconds: float = field(default=0.0)

    def sample(self) -> None:
        began = time.perf_counter()
        memory = sum(memory_of(process) for process in self.meter.processes())
        self.peak_bytes = max(self.peak_bytes, memory)
        self.meter.cpu_seconds()
        self.cost_seconds = time.perf_counter() - began


def measure(
    python: Path,
    job: Mapping[str, Any],
    folder: Path,
    *,
    meter: TreeMeter,
    environment: Mapping[str, str],
    directory: Path,
    limit_seconds: float,
) -> Measurement:
    """Run a contestant and measure what it does within its clock.

    Args:
        python: interpreter of the environment that it runs in.
        job: `function`, `given`, `out`, `options` and `versions`, see `contestant.py`.
        folder: empty; takes the job, its log and its result.
        meter: what reads its CPU time.
        environment: all its environment variables.
        directory: its working directory; `tests` is importable from there.
        limit_seconds: longest run, start-up included.

    Raises:
        ContestantError: it failed, or took longer than that.
    """
    marks_out, marks_in = os.pipe()
    answers_out, answers_in = os.pipe()
    log = folder / "log.txt"
    file = folder / "job.json"
    words = {
        **job,
        "marks": marks_in,
        "answers": answers_out,
        "group": str(meter.group) if meter.group else None,
    }
    file.write_text(json.dumps(words), encoding="utf-8")
    with contextlib.ExitStack() as stack:
        for end in (marks_out, answers_in):
            stack.callback(os.close, end)
        with log.open("wb") as written:
            process = subprocess.Popen(
                [str(python), "-m", "tests.benchmarks.contestant", str(file)],
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                pass_fds=(marks_in, answers_out),
                start_new_session=True,
            )
        os.close(marks_in)
        os.close(answers_out)
        meter.start(process.pid)
        watch = _Watch(meter)
        try:
            marks = _watch(process, watch, marks_out, answers_in, limit_seconds)
        finally:
            _end(process, meter)
    if process.returncode or marks != "be":
        raise ContestantError(_reason(process, log))
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    return Measurement(
        wall_seconds=result["wall_seconds"],
        cpu_seconds=watch.cpu_ended - watch.cpu_began,
        peak_bytes=watch.peak_bytes,
        summary=result["summary"],
        versions=result["versions"],
    )


def _watch(
    process: subprocess.Popen[bytes], watch: _Watch, marks: int, answers: int, limit_seconds: float
) -> str:
    """Sample a run until it ends; return the marks that its clock gave."""
    deadline = time.monotonic() + limit_seconds
    seen = ""
    while process.poll() is None:
        if time.monotonic() > deadline:
            raise ContestantError(f"took longer than {limit_seconds:g} s")
        pause = max(INTERVAL_SECONDS, _SAMPLE_SHARE * watch.cost_seconds)
        if seen == "be":  # it tells its result and ends
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(pause)
        elif select.select([marks], [], [], pause)[0]:
            mark = os.read(marks, 1).decode()
            if not mark:  # it closed its end: it is about to end
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(pause)
                continue
            seen += mark
            if mark == "b":
                watch.sample()
                watch.cpu_began = watch.meter.cpu_seconds()
            else:
                watch.cpu_ended = watch.meter.cpu_seconds()
                watch.sample()
            os.write(answers, b".")
        elif seen == "b":
            watch.sample()
    return seen


def _end(process: subprocess.Popen[bytes], meter: TreeMeter) -> None:
    """End what is left of a run."""
    left = meter.processes()
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for one in left:
        with contextlib.suppress(*_GONE):
            one.kill()
    process.wait()
    psutil.wait_procs([one for one in left if one.pid != process.pid], timeout=10)


def _reason(process: subprocess.Popen[bytes], log: Path) -> str:
    """Say why a run gave no result: the last line that it wrote, or how it ended."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    if process.returncode < 0:
        return f"killed by {signal.Signals(-process.returncode).name}"
    return said[-1][:300] if said else f"ended with status {process.returncode}"
