"""Runs untrusted programs in confined children, forked from a warm interpreter.

Each program has a child of its own, except for those that their syntax tree proves to touch
nothing (`udfs.verify.pure`): they run one after another in children that are as confined.

What a program is kept from: the network, other processes and signals to them, writing files,
reading any but Python's own, the environment of the worker, and more time, memory and output
than it was given. `Sandbox.isolation` names the layers that this machine grants:

    rlimits          address space, CPU, file size 0, descriptors, no core files
    no_new_privs     nothing it could start would have more rights
    seccomp          an allow list of system calls; another one ends the program
    landlock         files: Python's own, for reading; no TCP, no signals to outsiders
    namespaces       users, processes, network, mounts, IPC and host name of its own
    no_capabilities  none of root's powers

Up to three warm interpreters are kept, each started when first needed: one with the standard
library, which forks fastest, one with SymPy for the programs that name it, one with NumPy too.
"""

import importlib.util
import logging
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, cast

from udfs.verify import program, zygote
from udfs.verify.work import QUEUED, Work

Outcome = Literal["ok", "error", "timeout", "memory", "blocked", "output"]

_LOG = logging.getLogger(__name__)

_START_SECONDS = 120.0  # for an interpreter to import and warm SymPy on a loaded machine
_GRACE_SECONDS = 30.0  # past a program's wall time, after which the server itself is hung

_REMEDIES = {
    "rlimits": "run on Linux or macOS",
    "no_new_privs": "run on Linux 3.5 or later",
    "seccomp": "run on Linux, x86_64 or aarch64, with CONFIG_SECCOMP_FILTER",
    "landlock": "run on Linux 5.13 or later with landlock among the `lsm=` modules",
    "namespaces": "allow unprivileged user namespaces (user.max_user_namespaces, "
    "kernel.apparmor_restrict_unprivileged_userns; in a container, a seccomp profile that "
    "allows unshare)",
    "no_capabilities": "run on Linux",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use.

    Attributes:
        wall_seconds: time from its start to its end.
        cpu_seconds: CPU time, all its threads together.
        memory_bytes: address space on top of the idle interpreter's.
        output_bytes: standard output.
    """

    wall_seconds: float = 10.0
    cpu_seconds: float = 5.0
    memory_bytes: int = 512 << 20
    output_bytes: int = 64 << 10

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if getattr(self, name) <= 0:
                raise ValueError(f"Limits: {name} must be positive, is {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Run:
    """What became of one program.

    Attributes:
        kind: `ok` (it ended with status 0), `error`, `timeout` (wall or CPU), `memory`,
            `blocked` (it tried what the sandbox refuses) or `output` (it printed too much).
        stdout: what it printed, as far as allowed; bytes that are no UTF-8 are replaced.
        error: last line of its traceback, or what was refused; None when nothing went wrong.
        exit_code: exit status, or the signal that ended it as a negative number.
        wall_seconds: from its start to its end, a fork included where it had one.
        cpu_seconds: of the child, while it ran the program.
        memory_bytes: peak resident memory over that of an empty program; in a shared child, by
            how much the program raised the peak.
    """

    kind: Outcome
    stdout: str
    error: str | None
    exit_code: int
    wall_seconds: float
    cpu_seconds: float
    memory_bytes: int


class IsolationError(RuntimeError):
    """The machine does not grant a layer that was required."""


class Sandbox:
    """Warm interpreters, and the programs that run in their children.

    Use as a context manager, or keep one for the life of a worker: the interpreters end with
    the process that made them, however it ends. Not for use by several threads at once.

    Args:
        require: layers without which no program is run; see the module's description.

    Raises:
        IsolationError: by the first run, when the machine lacks a required layer.
        ValueError: `require` names an unknown layer.
    """

    def __init__(self, *, require: frozenset[str] = frozenset()) -> None:
        unknown = require - set(zygote.LAYERS)
        if unknown:
            raise ValueError(
                f"sandbox: unknown layer {', '.join(sorted(unknown))}; "
                f"known: {', '.join(zygote.LAYERS)}"
            )
        self.require = require
        self._servers: dict[str, _Server] = {}
        self._starting: dict[str, _Server] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the interpreters and all that runs in them."""
        for server in self._servers.values():
            server.close()
        for server in self._starting.values():
            server.kill()
        self._servers.clear()
        self._starting.clear()

    def prepare(self, kind: Literal["standard", "sympy", "numpy"]) -> None:
        """Start an interpreter without waiting for it: it warms up while there is other work."""
        if kind not in self._servers and kind not in self._starting:
            self._starting[kind] = _Server(kind)

    @property
    def isolation(self) -> str:
        """The layers in force, joined by `+`."""
        running = next(iter(self._servers.values()), None)
        return (running or self._server("standard")).isolation

    def run(self, code: str, limits: Limits) -> Run:
        """Run one program.

        Args:
            code: Python source.
            limits: what it may use.
        """
        (result,) = self.run_many([code], limits=limits, parallel=1)
        return result

    def run_many(self, codes: Iterable[str], *, limits: Limits, parallel: int) -> Iterator[Run]:
        """Run programs, several at a time.

        Args:
            codes: Python sources, taken a bounded number ahead.
            limits: what each of them may use.
            parallel: programs that run at the same time, at least 1.

        Yields:
            One result a program, in order.

        Raises:
            IsolationError: the machine lacks a required layer. No single program raises.
        """
        if parallel < 1:
            raise ValueError(f"run_many: parallel must be at least 1, is {parallel}")
        work = Work(enumerate(codes), parallel)
        results: dict[int, Run] = {}
        done = 0
        try:
            while work.take(done) or work.underway:
                self._send(work, limits)
                results |= self._receive(work, limits)
                while done in results:
                    yield results.pop(done)
                    done += 1
        finally:
            # Interrupted: answers on their way would be taken for those of a later call.
            for kind in work.busy():
                if kind in self._servers:
                    self._servers.pop(kind).close()

    def _send(self, work: Work, limits: Limits) -> None:
        """Send as many programs as the interpreters can use without waiting."""
        while (chosen := work.choose()) is not None:
            kind, parallel = chosen
            server = self._server(kind)
            number, code = work.start(kind)
            try:
                server.send(number, code, limits, parallel)
            except OSError as error:
                self._replace(work, kind, error)

    def _receive(self, work: Work, limits: Limits) -> dict[int, Run]:
        """Wait for answers, from whichever interpreter has some."""
        busy = {self._servers[kind].socket: kind for kind in work.busy()}
        patience = limits.wall_seconds * (1 + QUEUED) + _GRACE_SECONDS
        ready = select.select(list(busy), [], [], patience)[0]
        results: dict[int, Run] = {}
        for socket_ in ready or busy:
            kind = busy[socket_]
            try:
                if not ready:
                    raise TimeoutError("no answer")
                for number, run in self._servers[kind].receive():
                    work.end(kind, number)
                    results[number] = run
            except (OSError, EOFError) as error:
                blamed = self._replace(work, kind, error)
                if blamed is not None:
                    results[blamed] = Run("error", "", "the sandbox died of it", -9, 0.0, 0.0, 0)
        return results

    def _replace(self, work: Work, kind: str, error: Exception) -> int | None:
        """End an interpreter that died: its programs are sent again to another.

        Returns:
            The program that is blamed, when one interpreter after the other dies; or None.
        """
        _LOG.warning("sandbox: the %s interpreter died (%s); starting anew", kind, error)
        self._servers.pop(kind).close()
        return work.undo(kind)

    def _server(self, kind: str) -> "_Server":
        """The interpreter of a kind, started when there is none."""
        if kind not in self._servers:
            server = self._starting.pop(kind, None) or _Server(kind)
            server.greet()
            self._servers[kind] = server
            layers = frozenset(server.isolation.split("+"))
            _warn(layers)
            missing = sorted(self.require - layers)
            if missing:
                self.close()
                raise IsolationError(
                    f"sandbox: this machine lacks {', '.join(missing)}, which is required: "
                    + "; ".join(_REMEDIES[layer] for layer in missing)
                    + "; or take it out of the required layers"
                )
        return self._servers[kind]


_warned: set[frozenset[str]] = set()


def _warn(layers: frozenset[str]) -> None:
    """Say once what this machine does not grant."""
    missing = [layer for layer in zygote.LAYERS if layer not in layers]
    if missing and layers not in _warned:
        _warned.add(layers)
        _LOG.warning(
            "sandbox: programs run WITHOUT %s. %s",
            ", ".join(missing),
            "; ".join(f"{layer}: {_REMEDIES[layer]}" for layer in missing),
        )


class _Server:
    """One warm interpreter, seen from the worker."""

    def __init__(self, kind: str) -> None:
        ours, theirs = socket.socketpair()
        self.socket = ours
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-s", "-P", "-m", zygote.__name__, str(theirs.fileno()), kind],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={**program.ENVIRONMENT, "PYTHONPATH": os.pathsep.join(_import_paths())},
                cwd="/",
            )
        self.incoming = bytearray()
        self.isolation = ""

    def greet(self) -> None:
        """Wait until the interpreter is warm, and take note of the layers that it reached.

        Raises:
            IsolationError: it does not start.
        """
        deadline = time.monotonic() + _START_SECONDS
        answers: list[tuple[int, Run]] = []
        try:
            while not answers:
                left = deadline - time.monotonic()
                if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                    raise TimeoutError("no answer")
                answers = list(self.receive())
        except (OSError, EOFError) as error:
            self.kill()
            raise IsolationError(
                f"sandbox: {sys.executable} could not start the interpreter for programs "
                f"({error}); is SymPy installed for it?"
            ) from error
        ((number, hello),) = answers
        assert number == zygote.HELLO
        self.isolation = hello.stdout

    def send(self, number: int, code: bytes, limits: Limits, parallel: int) -> None:
        """Ask for a run. The server always reads, so this cannot block for long.

        Raises:
            OSError: the interpreter ended.
        """
        request = zygote.REQUEST.pack(
            number,
            parallel,
            limits.wall_seconds,
            limits.cpu_seconds,
            limits.memory_bytes,
            limits.output_bytes,
            len(code),
        )
        self.socket.sendall(request + code)

    def receive(self) -> Iterator[tuple[int, Run]]:
        """Take in what there is, and yield the answers that are complete.

        Raises:
            EOFError: the interpreter ended.
            OSError: the socket broke.
        """
        chunk = self.socket.recv(1 << 20)
        if not chunk:
            raise EOFError("socket closed")
        self.incoming += chunk
        while len(self.incoming) >= zygote.ANSWER.size:
            number, kind, status, wall, cpu, memory, output, error = zygote.ANSWER.unpack_from(
                self.incoming
            )
            middle = zygote.ANSWER.size + output
            end = middle + error
            if len(self.incoming) < end:
                return
            stdout = self.incoming[zygote.ANSWER.size : middle].decode("utf-8", "replace")
            message = self.incoming[middle:end].decode("utf-8", "replace")
            del self.incoming[:end]
            outcome = cast(Outcome, zygote.KINDS[kind])
            yield number, Run(outcome, stdout, message or None, status, wall, cpu, memory)

    def close(self) -> None:
        """End the interpreter: it stops when the socket closes, and is killed when it does not."""
        self.socket.close()
        try:
            self.process.wait(5.0)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the interpreter at once, warm or not; what it has forked ends with it."""
        self.socket.close()
        self.process.kill()
        self.process.wait()


def _import_paths() -> list[str]:
    """Where the interpreter finds this package, and SymPy if that lies elsewhere than usual."""
    paths = [str(Path(__file__).parents[2])]
    found = importlib.util.find_spec("sympy")
    if found is not None and found.origin:
        paths.append(str(Path(found.origin).parents[1]))
    return paths
