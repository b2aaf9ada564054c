"""A program under way: its process, its clocks, and what became of it."""

import signal
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from udfs.verify import program

if TYPE_CHECKING:
    from udfs.verify.sharing import Host

SHORTEST_CHECK = 0.005  # seconds between two looks at a child's CPU clock
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes


@dataclass(slots=True)
class Job:
    """One program: what was asked, and while it runs, its process and what it has said."""

    number: int
    wall_seconds: float
    cpu_seconds: float
    memory_bytes: int
    output_bytes: int
    code: bytes
    pid: int = 0
    handle: int = -1
    pipes: dict[int, bytearray] = field(default_factory=dict)
    output: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)
    began: float = 0.0
    check_at: float = 0.0
    killed_for: str | None = None
    is_alone: bool = False
    host: "Host | None" = None
    cpu_before: float = 0.0  # of its host
    cpu_used: float = 0.0  # when last looked at

    def start(self, *, cpu_before: float = 0.0) -> None:
        """Start its clocks."""
        self.began = time.monotonic()
        self.cpu_before = cpu_before
        first = min(self.wall_seconds, max(self.cpu_seconds, SHORTEST_CHECK))
        self.check_at = self.began + first


def judge(job: Job, killed_for: str | None, status: int, cpu: float) -> tuple[str, bytes]:
    """Say what became of a program.

    Returns:
        One of `KINDS`, and a line on what went wrong, empty when nothing did.
    """
    said = bytes(job.errors.strip().rpartition(b"\n")[2])
    if killed_for == "timeout":
        return "timeout", b"no end within %g s of CPU time and %g s of wall time" % (
            job.cpu_seconds,
            job.wall_seconds,
        )
    if killed_for == "output":
        return "output", b"more than %d bytes of output" % job.output_bytes
    if status == 0:
        return "ok", b""
    if status == -signal.SIGSYS:
        return "blocked", b"refused: a system call that no computation needs"
    if status == program.EXIT_BLOCKED:
        return "blocked", said
    if status == program.EXIT_MEMORY:
        return "memory", b"more than %d bytes of memory" % job.memory_bytes
    if status == -signal.SIGKILL:
        if cpu >= job.cpu_seconds:
            return "timeout", b"more than %g s of CPU time" % job.cpu_seconds
        return "memory", b"killed from outside, as when memory runs out"
    if status < 0:
        name = signal.strsignal(-status) or "unknown"
        return "error", b"ended by signal %d (%s)" % (-status, name.encode())
    return "error", said or b"exit status %d" % status


def cpu_clock(pid: int) -> float:
    """CPU seconds that a process has used; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0.0
    try:
        # The clock of another process: linux/posix-timers.h, MAKE_PROCESS_CPUCLOCK.
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0
