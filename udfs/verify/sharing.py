"""Children that are shared: each runs one pure program after another, for the sandbox's server."""

import contextlib
import fcntl
import os
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from udfs.verify import program, shared
from udfs.verify.children import MAXRSS_UNIT, Job, cpu_clock, judge

if TYPE_CHECKING:
    from udfs.verify.zygote import Server

CHUNK = 65536

# A shared child ends after so many programs, CPU seconds, or share of the memory that one may
# use; and when it has been idle for some seconds.
PROGRAMS = 500
CPU_SECONDS = 20.0
MEMORY = 0.25
IDLE_SECONDS = 1.0


@dataclass(slots=True, eq=False)
class Host:
    """A child that runs one pure program after another."""

    pid: int
    requests: int
    answers: int
    limits: tuple[float, int]
    incoming: bytearray = field(default_factory=bytearray)
    job: Job | None = None
    programs: int = 0
    memory_bytes: int = 0
    idle_since: float = 0.0
    is_retired: bool = False


class Sharing:
    """The shared children of a server."""

    def __init__(self, server: "Server") -> None:
        self.server = server
        self.hosts: dict[int, Host] = {}

    def hand_over(self, job: Job) -> None:
        """Give a program to a shared child that is free, or to a new one."""
        limits = (job.cpu_seconds, job.memory_bytes)
        host = None
        for each in self._idle():
            if each.limits == limits:
                host = each
            else:
                self.retire(each)
        host = host or self._fork(limits)
        host.job, job.host, job.pid = job, host, host.pid
        job.start(cpu_before=cpu_clock(host.pid))
        self.server.running[host.pid] = job
        request = shared.REQUEST.pack(len(job.code), job.output_bytes) + job.code
        with contextlib.suppress(BrokenPipeError):  # its end is heard of from its answers
            while request:
                request = request[os.write(host.requests, request) :]

    def _idle(self) -> list[Host]:
        return [host for host in self.hosts.values() if host.job is None and not host.is_retired]

    def _fork(self, limits: tuple[float, int]) -> Host:
        requests_read, requests_write = os.pipe()
        answers_read, answers_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            shared.run(
                requests_read,
                answers_write,
                program.Limits(CPU_SECONDS + limits[0], limits[1]),
                filtered="seccomp" in self.server.layers,
            )
        os.close(requests_read)
        os.close(answers_write)
        fcntl.fcntl(answers_read, fcntl.F_SETFL, os.O_NONBLOCK)
        host = Host(pid, requests_write, answers_read, limits)
        self.hosts[pid] = host
        self.server.watch(answers_read, host)
        return host

    def hear(self, host: Host) -> None:
        """Take in what a shared child answers, or that it is gone."""
        chunk = os.read(host.answers, CHUNK)
        if not chunk:
            self._bury(host)
            return
        host.incoming += chunk
        size = shared.ANSWER.size
        while len(host.incoming) >= size:
            index, grown, output, error = shared.ANSWER.unpack_from(host.incoming)
            end = size + output + error
            if len(host.incoming) < end:
                return
            said = bytes(host.incoming[size : size + output])
            wrong = bytes(host.incoming[size + output : end])
            del host.incoming[:end]
            self._take(host, shared.KINDS[index], grown * MAXRSS_UNIT, said, wrong)

    def _take(self, host: Host, kind: str, memory: int, said: bytes, wrong: bytes) -> None:
        """Use one answer."""
        job = host.job
        assert job is not None
        job.output += said
        if kind == "part":
            return
        cpu = cpu_clock(host.pid)
        wall = self._leave(host)
        if kind in ("alone", "spoilt"):
            self.server.run_alone(job)
        else:
            if kind == "output":
                wrong = judge(job, kind, 0, 0.0)[1]
                del job.output[job.output_bytes :]
            host.memory_bytes += memory
            used = max(0.0, cpu - job.cpu_before)
            status = 0 if kind == "ok" else 1
            self.server.answer(job.number, kind, status, wall, used, memory, job.output, wrong)
        if (
            host.programs >= PROGRAMS
            or host.memory_bytes > MEMORY * host.limits[1]
            or cpu > CPU_SECONDS
        ):
            self.retire(host)

    def _leave(self, host: Host) -> float:
        """Make a shared child free again; return the seconds that its program took."""
        now = time.monotonic()
        assert host.job is not None
        began = host.job.began
        del self.server.running[host.pid]
        host.job = None
        host.programs += 1
        host.idle_since = now
        return now - began

    def retire(self, host: Host) -> None:
        """Let a shared child end: it does when there is nothing more to read."""
        if not host.is_retired:
            host.is_retired = True
            os.close(host.requests)

    def retire_idle(self, now: float) -> None:
        """Let those end that have had nothing to do for a while."""
        for host in self._idle():
            if now - host.idle_since >= IDLE_SECONDS:
                self.retire(host)

    def next_end(self) -> list[float]:
        """When the idle ones are to end."""
        return [host.idle_since + IDLE_SECONDS for host in self._idle()]

    def _bury(self, host: Host) -> None:
        """A shared child is gone: the program that it was at is answered or run alone."""
        os.waitpid(host.pid, 0)
        self.retire(host)
        self.server.forget(host.answers)
        del self.hosts[host.pid]
        job = host.job
        if job is None:
            return
        wall = self._leave(host)
        if job.killed_for is None:
            self.server.run_alone(job)
            return
        status = -signal.SIGKILL
        kind, error = judge(job, job.killed_for, status, job.cpu_used)
        self.server.answer(job.number, kind, status, wall, job.cpu_used, 0, job.output, error)
