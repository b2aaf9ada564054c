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
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, cast

from udfs.verify import program, zygote

Outcome = Literal["ok", "error", "timeout", "memory", "blocked", "output"]

_LOG = logging.getLogger(__name__)

_NEEDS = (
    ("numpy", re.compile(r"\b(?:numpy|scipy|pandas)\b")),
    ("sympy", re.compile(r"\b(?:sympy|mpmath)\b")),
)
_START_SECONDS = 120.0  # for an interpreter to import and warm SymPy on a loaded machine
_GRACE_SECONDS = 30.0  # past a program's wall time, after which the server itself is hung
_QUEUED = 4  # programs sent ahead for each that runs, so that the server never waits
_DEATHS = 3  # of the server without an answer, after which the next program is blamed

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
        self._servers.clear()

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
        sources = iter(codes)
        # Slices, so that neither interpreter's answers pile up while the other is slow.
        while block := list(islice(sources, 64 * parallel)):
            results: dict[int, Run] = {}
            kinds = [_kind(code) for code in block]
            for kind in sorted(set(kinds)):
                places = [place for place, needed in enumerate(kinds) if needed == kind]
                wanted = {place: block[place].encode("utf-8", "surrogatepass") for place in places}
                results |= self._run_block(kind, wanted, limits, parallel)
            for place in range(len(block)):
                yield results[place]

    def _run_block(
        self, kind: str, codes: dict[int, bytes], limits: Limits, parallel: int
    ) -> dict[int, Run]:
        """Run some programs in one interpreter, which is replaced as often as it dies."""
        results: dict[int, Run] = {}
        deaths = 0
        while codes:
            before = len(codes)
            server = self._server(kind)
            try:
                for number, result in server.run(codes, limits, parallel):
                    results[number] = result
                    del codes[number]
            except (OSError, EOFError) as error:
                _LOG.warning("sandbox: the %s interpreter died (%s); starting anew", kind, error)
                server.close()
                del self._servers[kind]
                deaths = 1 if len(codes) < before else deaths + 1
                if deaths >= _DEATHS:
                    number = min(codes)
                    del codes[number]
                    results[number] = Run("error", "", "the sandbox died of it", -9, 0.0, 0.0, 0)
                    deaths = 0
            except BaseException:
                # Interrupted: answers on their way would be taken for those of a later call.
                server.close()
                del self._servers[kind]
                raise
        return results

    def _server(self, kind: str) -> "_Server":
        """The interpreter of a kind, started when there is none."""
        if kind not in self._servers:
            server = _Server(kind)
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


def _kind(code: str) -> str:
    """The interpreter that suits a program; in another it would only be slower."""
    for kind, pattern in _NEEDS:
        if pattern.search(code):
            return kind
    return "standard"


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
        try:
            self.isolation = self._hello()
        except BaseException:
            self.close()
            raise

    def _hello(self) -> str:
        """Wait until the interpreter is warm; the layers that it reached."""
        try:
            number, hello = self._answer(time.monotonic() + _START_SECONDS)
        except (OSError, EOFError) as error:
            raise IsolationError(
                f"sandbox: {sys.executable} could not start the interpreter for programs "
                f"({error}); is SymPy installed for it?"
            ) from error
        assert number == zygote.HELLO
        return hello.stdout

    def run(
        self, codes: dict[int, bytes], limits: Limits, parallel: int
    ) -> Iterator[tuple[int, Run]]:
        """Run programs and yield each result under its number, as they end.

        Raises:
            EOFError: the interpreter ended.
            OSError: it hangs, or the socket broke.
        """
        waiting = iter(list(codes.items()))
        underway = 0
        while True:
            for number, code in islice(waiting, parallel * (1 + _QUEUED) - underway):
                self._send(number, code, limits, parallel)
                underway += 1
            if not underway:
                return
            patience = limits.wall_seconds * (1 + _QUEUED) + _GRACE_SECONDS
            yield self._answer(time.monotonic() + patience)
            underway -= 1

    def _send(self, number: int, code: bytes, limits: Limits, parallel: int) -> None:
        """Ask for a run. The server always reads, so this cannot block for long."""
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

    def _answer(self, deadline: float) -> tuple[int, Run]:
        """Wait for one answer."""
        while True:
            if len(self.incoming) >= zygote.ANSWER.size:
                number, kind, status, wall, cpu, memory, output, error = zygote.ANSWER.unpack_from(
                    self.incoming
                )
                middle = zygote.ANSWER.size + output
                end = middle + error
                if len(self.incoming) >= end:
                    stdout = self.incoming[zygote.ANSWER.size : middle].decode("utf-8", "replace")
                    message = self.incoming[middle:end].decode("utf-8", "replace")
                    del self.incoming[:end]
                    outcome = cast(Outcome, zygote.KINDS[kind])
                    return number, Run(outcome, stdout, message or None, status, wall, cpu, memory)
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise TimeoutError("no answer")
            chunk = self.socket.recv(1 << 20)
            if not chunk:
                raise EOFError("socket closed")
            self.incoming += chunk

    def close(self) -> None:
        """End the interpreter: it stops when the socket closes, and is killed when it does not."""
        self.socket.close()
        try:
            self.process.wait(5.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _import_paths() -> list[str]:
    """Where the interpreter finds this package, and SymPy if that lies elsewhere than usual."""
    paths = [str(Path(__file__).parents[2])]
    found = importlib.util.find_spec("sympy")
    if found is not None and found.origin:
        paths.append(str(Path(found.origin).parents[1]))
    return paths
