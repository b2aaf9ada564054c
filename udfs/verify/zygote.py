"""The sandbox's server: a warm, confined interpreter that forks children for programs.

A program gets a child of its own, unless its syntax tree proves that it can touch nothing that
another program would see (`udfs.verify.pure`): those share a child, one after another, since the
fork costs more than most of them. Each keeps its own clock and limits there; one that runs out of
time takes the child with it, and one whose end is in doubt is run again in a child of its own.

It is started by `udfs.verify.sandbox` as a process of its own (not as a fork of the worker, so
none of the worker's memory, descriptors and environment is in it), imports and warms what
programs use, confines itself, and then answers requests until its socket closes. A child can
confine itself further in microseconds; what holds for all of them is applied here once.

What became of a program is read from its wait status, its pipes and the kernel's clocks: it
shares no channel with the server that it could write an answer to.

Two processes: the outer one enters the namespaces, makes the private directory and removes it
at the end; the inner one is process 1 of its namespace and the server. When it ends, however
it ends, the kernel kills all that is left in the namespace.
"""

import contextlib
import fcntl
import gc
import os
import random
import resource
import select
import signal
import socket
import struct
import sys
import tempfile
import time
import traceback
from collections import deque
from pathlib import Path
from typing import NoReturn

from udfs.verify import confine, program, pure, seccomp
from udfs.verify.children import MAXRSS_UNIT, SHORTEST_CHECK, Job, cpu_clock, judge
from udfs.verify.sharing import CHUNK, Host, Sharing

# Number, children at once, wall s, CPU s, memory, output bytes, bytes of code.
REQUEST = struct.Struct("<QIddQQQ")
# Number, index in KINDS, exit status, wall s, CPU s, memory, bytes of output and of errors.
ANSWER = struct.Struct("<QBiddQQQ")
HELLO = 2**64 - 1  # the number of the first answer, whose output names the layers

KINDS = ("ok", "error", "timeout", "memory", "blocked", "output")
LAYERS = ("rlimits", "no_new_privs", "seccomp", "landlock", "namespaces", "no_capabilities")

ERROR_BYTES = 4096  # of standard error that are kept: the last ones

_KINDS = {name: index for index, name in enumerate(KINDS)}


class Server:
    """Forks a child for each request and watches over its limits."""

    def __init__(self, control: socket.socket, layers: list[str]) -> None:
        self.control = control
        self.layers = layers
        self.queue: deque[Job] = deque()
        self.running: dict[int, Job] = {}
        self.by_descriptor: dict[int, Job | Host] = {}
        self.sharing = Sharing(self)
        self.parallel = 1
        self.incoming = bytearray()
        self.outgoing = bytearray()
        self.poll = select.poll()
        self.idle_bytes = 0
        self.poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Answer until the other end of the control socket closes."""
        while True:
            while self.queue and len(self.running) < self.parallel:
                self.start(self.queue.popleft())
            for descriptor, event in self.poll.poll(self.patience()):
                owner = self.by_descriptor.get(descriptor)
                if isinstance(owner, Host):
                    self.sharing.hear(owner)
                elif owner is not None:
                    if descriptor == owner.handle:
                        self.finish(owner)
                    else:
                        self.read(owner, descriptor)
                elif descriptor == self.control.fileno() and not self.talk(event):
                    return
            now = time.monotonic()
            for job in list(self.running.values()):
                if job.check_at <= now:
                    self.check(job, now)
            self.sharing.retire_idle(now)

    def patience(self) -> float | None:
        """Milliseconds until something has to be looked at; None for ever."""
        times = [job.check_at for job in self.running.values()] + self.sharing.next_end()
        return max(0.0, min(times) - time.monotonic()) * 1000 + 1 if times else None

    def talk(self, event: int) -> bool:
        """Send what waits and take in requests; False when the other end is gone."""
        try:
            if event & select.POLLOUT:
                del self.outgoing[: self.control.send(self.outgoing)]
                if not self.outgoing:
                    self.poll.modify(self.control, select.POLLIN)
            if event & ~select.POLLOUT:
                chunk = self.control.recv(1 << 20)
                if not chunk:
                    return False
                self.incoming += chunk
        except BlockingIOError:
            return True
        except OSError:
            return False
        while len(self.incoming) >= REQUEST.size:
            number, parallel, wall, cpu, memory, output, size = REQUEST.unpack_from(self.incoming)
            if len(self.incoming) < REQUEST.size + size:
                break
            code = bytes(self.incoming[REQUEST.size : REQUEST.size + size])
            del self.incoming[: REQUEST.size + size]
            self.parallel = parallel
            self.queue.append(Job(number, wall, cpu, memory, output, code))
        return True

    def start(self, job: Job) -> None:
        """Run one program, in a child of its own unless it may be pure."""
        if job.is_alone or len(job.code) > pure.MAX_CHARACTERS:
            self.fork(job)
        else:
            self.sharing.hand_over(job)

    def run_alone(self, job: Job) -> None:
        """Let a program begin anew, in a child of its own, before all others."""
        job.is_alone, job.host = True, None
        job.output.clear()
        self.queue.appendleft(job)

    def fork(self, job: Job) -> None:
        """Fork the child that runs one program."""
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        limits = program.Limits(job.cpu_seconds, job.memory_bytes)
        job.start()
        job.pid = os.fork()
        if job.pid == 0:
            program.run(job.code, limits, out_write, err_write, filtered="seccomp" in self.layers)
        os.close(out_write)
        os.close(err_write)
        for descriptor, said in ((out_read, job.output), (err_read, job.errors)):
            fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_NONBLOCK)  # set_blocking would use ioctl
            job.pipes[descriptor] = said
            self.watch(descriptor, job)
        with contextlib.suppress(AttributeError, OSError):  # no such call here: see `check`
            job.handle = os.pidfd_open(job.pid)
            self.watch(job.handle, job)
        if job.handle < 0:
            job.check_at = job.began + SHORTEST_CHECK
        self.running[job.pid] = job

    def watch(self, descriptor: int, owner: Job | Host) -> None:
        """Wake up for a descriptor."""
        self.by_descriptor[descriptor] = owner
        self.poll.register(descriptor, select.POLLIN)

    def forget(self, descriptor: int) -> None:
        """Close a descriptor."""
        del self.by_descriptor[descriptor]
        self.poll.unregister(descriptor)
        os.close(descriptor)

    def read(self, job: Job, descriptor: int) -> bool:
        """Take in what a child wrote; False when there is no more."""
        said = job.pipes[descriptor]
        try:
            chunk = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            del job.pipes[descriptor]
            self.forget(descriptor)
            return False
        said += chunk
        if said is job.errors:
            del said[:-ERROR_BYTES]
        elif len(said) > job.output_bytes:
            del said[job.output_bytes :]
            self.kill(job, "output")
        return True

    def check(self, job: Job, now: float) -> None:
        """Kill a child that is past a limit; else say when to look again."""
        job.cpu_used = cpu_clock(job.pid) - job.cpu_before
        used = job.cpu_used
        if now - job.began >= job.wall_seconds or used >= job.cpu_seconds:
            self.kill(job, "timeout")
        left = min(job.began + job.wall_seconds - now, job.cpu_seconds - used)
        job.check_at = now + max(left, SHORTEST_CHECK)
        if job.handle < 0 and job.host is None:
            # Without a descriptor for the process, its end has to be asked for.
            job.check_at = now + SHORTEST_CHECK
            with contextlib.suppress(ChildProcessError):
                if os.waitid(os.P_PID, job.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                    self.finish(job)

    def kill(self, job: Job, reason: str) -> None:
        """End a child and, where processes could not be forbidden, its process group."""
        if job.killed_for is None:
            job.killed_for = reason
        if job.host is not None:
            self.sharing.retire(job.host)
        for end in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(job.pid, signal.SIGKILL)

    def finish(self, job: Job) -> None:
        """Reap a child and answer."""
        if "seccomp" not in self.layers:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(job.pid, signal.SIGKILL)
        _, raw, usage = os.wait4(job.pid, 0)
        wall = time.monotonic() - job.began
        for descriptor in list(job.pipes):
            while self.read(job, descriptor):
                pass
        for descriptor in [*job.pipes, *([job.handle] if job.handle >= 0 else [])]:
            self.forget(descriptor)
        del self.running[job.pid]
        status = os.waitstatus_to_exitcode(raw)
        cpu = usage.ru_utime + usage.ru_stime
        peak = usage.ru_maxrss * MAXRSS_UNIT
        kind, error = judge(job, job.killed_for, status, cpu)
        self.answer(
            job.number, kind, status, wall, cpu, max(0, peak - self.idle_bytes), job.output, error
        )
        if not self.idle_bytes:
            self.idle_bytes = peak

    def answer(
        self,
        number: int,
        kind: str,
        status: int,
        wall: float,
        cpu: float,
        memory: int,
        output: bytes | bytearray,
        error: bytes,
    ) -> None:
        """Queue one answer."""
        self.outgoing += ANSWER.pack(
            number, _KINDS[kind], status, wall, cpu, memory, len(output), len(error)
        )
        self.outgoing += output
        self.outgoing += error
        self.poll.modify(self.control, select.POLLIN | select.POLLOUT)


def readable_paths() -> list[Path]:
    """What imports read: the standard library, site-packages, shared libraries, time zones."""
    prefixes = tuple({sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix})
    paths = [entry for entry in sys.path if entry.startswith(prefixes)]
    for name in ("sympy", "mpmath", "numpy"):
        module = sys.modules.get(name)
        if module is not None and module.__file__:
            paths.append(str(Path(module.__file__).parent))
    paths += ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"]
    paths += ["/usr/share/zoneinfo", "/dev/null", "/dev/urandom"]
    paths += [str(Path(prefix) / "lib") for prefix in prefixes]
    return [Path(path) for path in sorted(set(paths))]


def confine_server(directory: Path, entered: bool) -> list[str]:
    """Apply every layer that holds for the server and its children alike.

    Returns:
        The layers in force, each of them tried out.
    """
    layers = {"rlimits"}
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if entered:
        layers.add("namespaces")
    if confine.forbid_new_privileges():
        layers.add("no_new_privs")
    paths = readable_paths()
    program.READABLE = tuple(f"{path}/" for path in [*paths, directory])
    program.ADDRESS_SPACE = program.address_space()
    if confine.restrict_files([*paths, directory]):
        with contextlib.suppress(OSError):
            layers.add("landlock")
            os.listdir("/")  # noqa: PTH208 - the plain call, to see it refused
            layers.discard("landlock")
    if confine.drop_capabilities():
        layers.add("no_capabilities")
    if "no_new_privs" in layers and seccomp.supported():
        with contextlib.suppress(OSError):
            seccomp.filter_server()
            if _filter_holds():
                layers.add("seccomp")
    return [name for name in LAYERS if name in layers]


def _filter_holds() -> bool:
    """Whether a filtered child that forks is killed for it."""
    child = os.fork()
    if child == 0:
        try:
            seccomp.filter_child(os.getpid())
            os.fork()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGSYS


def main(descriptor: int, kind: str) -> NoReturn:
    """Enter the namespaces, fork the server, clean up after it."""
    directory = Path(tempfile.mkdtemp(prefix="mathcode-sandbox-"))
    directory.chmod(0o500)
    entered = confine.unshare()
    server = os.fork()
    if server == 0:
        try:
            confine.die_with_parent()
            serve(descriptor, kind, directory, entered)
        except BaseException:  # noqa: BLE001 - said here, for the worker only sees the end
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _, status = os.waitpid(server, 0)
    directory.rmdir()
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def serve(descriptor: int, kind: str, directory: Path, entered: bool) -> NoReturn:
    """Warm up, confine, serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker, which closes us
    program.warm(kind)
    os.chdir(directory)
    # The project's own modules are no business of the programs.
    own = str(Path(__file__).parents[2])
    sys.path[:] = [entry for entry in sys.path if entry not in ("", own)]
    os.environ.clear()
    os.environ.update(program.ENVIRONMENT)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, descriptor)
    control.setblocking(False)
    confine.hide_memory()
    layers = confine_server(directory, entered)
    random.seed(0)
    server = Server(control, layers)
    # An empty program: what it uses is the idle sandbox, over which memory is reported.
    server.fork(Job(HELLO, 60.0, 60.0, 1 << 30, 0, b""))
    (idle,) = server.running.values()
    while idle.pid in server.running:
        for ready, _ in server.poll.poll(1000):
            if ready == idle.handle:
                server.finish(idle)
            elif ready in idle.pipes:
                server.read(idle, ready)
        if idle.handle < 0 and idle.pid in server.running:
            server.check(idle, time.monotonic())
    server.outgoing.clear()
    server.answer(HELLO, "ok", 0, 0.0, 0.0, 0, "+".join(layers).encode(), b"")
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page of this heap
    server.serve()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
