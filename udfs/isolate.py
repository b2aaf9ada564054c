"""Runs a row function in a child process, so that a crash, hang or blow-up costs one row.

Signals cannot interrupt native code from within Python, and a segmentation fault in a parser
ends the whole worker. Here the function runs in a forked child that is used for row after row
and replaced when a row kills it. Rows travel in batches and results come back pipelined, so an
ordinary row costs some microseconds more than in-process.

What this is not: a sandbox. The child has the parent's rights, and its results are unpickled;
for programs nobody trusts, see `udfs.verify.sandbox`.

The child is a fork, so the function and what it holds need no pickling; rows and results do.
A fork takes only the calling thread along: the function must work on plain Python values and
on libraries without threads of their own. Arrow's compute kernels, torch and OpenMP wait in a
child for threads that do not exist there.
"""

import array
import contextlib
import ctypes
import faulthandler
import gc
import mmap
import os
import pickle
import resource
import select
import signal
import socket
import struct
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar

T = TypeVar("T")
R = TypeVar("R")

FRAME_ROWS = 64  # rows in a message; more gains nothing measurable
FRAME_BYTES = 256 * 1024  # bytes in a message; one larger row makes a message of its own
FRAMES_AHEAD = 2  # messages on their way, so that the child never waits for the parent
FLUSH_SECONDS = 0.25  # finished results wait no longer in the child: a crash repeats little
DETAIL_CHARACTERS = 1000  # of an exception's message

_EXIT_MEMORY = 86  # the child's status after a MemoryError
_DEATHS_BETWEEN_ROWS = 5  # in a row, before the next row is blamed for them
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_TASK = struct.Struct("<QQQ")  # first row's number, rows, bytes
_ANSWER = struct.Struct("<QQQ")  # results, bytes, 1 when the child asks to be replaced
_PROGRESS = struct.Struct("<qd")  # number of the row being run or -1, when it began
_LIBC = ctypes.CDLL(None, use_errno=True)

Reason = Literal["error", "crashed", "timeout", "memory"]


@dataclass(frozen=True, slots=True)
class Failure:
    """What came of a row that has no result.

    Attributes:
        reason: `error` (the function raised), `crashed` (it ended the process), `timeout`
            (it passed its CPU or wall time) or `memory`.
        detail: one line for people.
    """

    reason: Reason
    detail: str


def isolated(
    function: Callable[[T], R],
    rows: Iterable[T],
    *,
    cpu_seconds: float,
    wall_seconds: float | None = None,
    memory_bytes: int,
) -> Generator[R | Failure, None, None]:
    """Apply a function to rows in a killable child process.

    The outcome of a row does not depend on its neighbours: one that crashed or ran out of
    memory in a child that had served others is tried once more, first in a fresh child.
    Rows that finished shortly before a crash may run twice, so the function should have no
    effect but its result.

    Args:
        function: called with one row; its result must pickle.
        rows: taken lazily, at most some hundred ahead of the results; each must pickle.
        cpu_seconds: CPU time that one row may use, above 0. A loaded machine costs no rows.
        wall_seconds: time after which a row is given up although it used no CPU (a deadlock,
            a wait); None is the greater of 30 s and 20 times `cpu_seconds`.
        memory_bytes: address space that the child may add to what it was forked with. Not
            enforced on macOS, whose kernel ignores the limit.

    Yields:
        For each row, in order, the function's result or a `Failure`.

    Raises:
        ValueError: a limit is not positive. Whatever iterating over `rows` raises comes
            through; no single row raises.
    """
    wall = max(30.0, 20 * cpu_seconds) if wall_seconds is None else wall_seconds
    if cpu_seconds <= 0 or wall <= 0 or memory_bytes <= 0:
        raise ValueError(
            f"isolated: limits must be positive: cpu_seconds={cpu_seconds}, "
            f"wall_seconds={wall_seconds}, memory_bytes={memory_bytes}"
        )
    parent = _Parent(function, rows, cpu_seconds, wall, memory_bytes)
    try:
        yield from parent.results()
    finally:
        parent.close()


class _Child:
    """One forked process and the parent's end of its socket."""

    def __init__(self, function: Callable[[Any], Any], cpu_seconds: float, memory: int) -> None:
        self.progress = mmap.mmap(-1, mmap.PAGESIZE)
        _PROGRESS.pack_into(self.progress, 0, -1, 0.0)
        ours, theirs = socket.socketpair()
        parent = os.getpid()
        self.first_row: int | None = None  # the number of the first row it was sent
        self.pid = os.fork()
        if self.pid == 0:
            _serve(function, theirs, self.progress, cpu_seconds, memory, parent)
        theirs.close()
        ours.setblocking(False)
        self.socket = ours

    def end(self) -> tuple[int | None, int]:
        """Kill, reap and close.

        Returns:
            Exit status (a signal as a negative number; None when something else in this
            process reaped the child), and peak resident memory in bytes.
        """
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.socket.close()
        try:
            _, status, usage = os.wait4(self.pid, 0)
        except ChildProcessError:
            return None, 0
        unit = 1 if sys.platform == "darwin" else 1024
        return os.waitstatus_to_exitcode(status), usage.ru_maxrss * unit

    def wait(self, seconds: float) -> bool:
        """Whether the child ended by itself within some seconds (it is not reaped)."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return True
            if found is not None:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)


class _Parent:
    """Feeds a child, gathers its results, replaces it.

    `waiting` holds every row without a result, pickled, in order; the first `sent` of them are
    with the child. A row known to be lost is replaced by its `Failure` in place.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        rows: Iterable[Any],
        cpu_seconds: float,
        wall_seconds: float,
        memory_bytes: int,
    ) -> None:
        self.function = function
        self.rows = iter(rows)
        self.cpu_seconds = cpu_seconds
        self.wall_seconds = wall_seconds
        self.memory_bytes = memory_bytes
        self.exhausted = False
        self.child: _Child | None = None
        self.waiting: deque[bytes | Failure] = deque()
        self.number = 0  # of the first waiting row
        self.suspect = -1  # the row to be tried once more, first in a fresh child
        self.deaths = 0  # between rows, since the last result
        self._forget()

    def _forget(self) -> None:
        """Take back what the child was sent."""
        self.sent = 0
        self.frames: deque[int] = deque()  # rows without result in each message sent
        self.outgoing = memoryview(b"")
        self.incoming = bytearray()

    def close(self) -> None:
        """End the child."""
        if self.child is not None:
            self.child.end()
            self.child = None
        self._forget()

    def results(self) -> Iterator[Any]:
        """Yield a result or a failure for each row, in order."""
        while True:
            while len(self.frames) < FRAMES_AHEAD and not self.outgoing and self._send_frame():
                pass
            if self.waiting and isinstance(self.waiting[0], Failure):
                self.number += 1
                yield self.waiting.popleft()
            elif self.sent:
                yield from self._exchange()
            elif self.exhausted and not self.waiting:
                return

    def _pull(self) -> bool:
        """Take one more row from the input; False at its end."""
        for row in self.rows:
            try:
                blob = pickle.dumps(row, pickle.HIGHEST_PROTOCOL)
            except Exception as error:  # noqa: BLE001 - any type may fail to pickle in any way
                self.waiting.append(Failure("error", f"the row does not pickle: {_line(error)}"))
                return True
            if len(blob) > self.memory_bytes:
                self.waiting.append(Failure("memory", f"the row alone has {len(blob)} bytes"))
            else:
                self.waiting.append(blob)
            return True
        self.exhausted = True
        return False

    def _send_frame(self) -> bool:
        """Make the next message; False when there is nothing to send now."""
        first = self.number + self.sent
        if first == self.suspect:
            if self.sent:
                return False
            if self.child is not None and self.child.first_row is not None:
                self.close()
        blobs: list[bytes] = []
        total = 0
        while len(blobs) < FRAME_ROWS and total < FRAME_BYTES:
            place = self.sent + len(blobs)
            if blobs and first + len(blobs) == self.suspect:
                break
            if place == len(self.waiting) and (self.exhausted or not self._pull()):
                break
            blob = self.waiting[place]
            if isinstance(blob, Failure):
                break
            blobs.append(blob)
            total += len(blob)
        if not blobs:
            return False
        if self.child is None:
            self.child = _Child(self.function, self.cpu_seconds, self.memory_bytes)
        if self.child.first_row is None:
            self.child.first_row = first
        lengths = array.array("Q", map(len, blobs)).tobytes()
        self.outgoing = memoryview(
            b"".join((_TASK.pack(first, len(blobs), total), lengths, *blobs))
        )
        self.sent += len(blobs)
        self.frames.append(len(blobs))
        return True

    def _exchange(self) -> Iterator[Any]:
        """Move bytes to and from the child until results or its end are there."""
        child = self.child
        assert child is not None
        events = select.POLLIN | (select.POLLOUT if self.outgoing else 0)
        poll = select.poll()
        poll.register(child.socket, events)
        row, began = _PROGRESS.unpack_from(child.progress, 0)
        limit = self.wall_seconds - (time.monotonic() - began if row >= 0 else 0)
        ready = poll.poll(max(0.0, limit) * 1000 + 1)
        if not ready:
            now_row, now_began = _PROGRESS.unpack_from(child.progress, 0)
            late = time.monotonic() - now_began
            if now_row == row >= 0 and now_began == began and late >= self.wall_seconds:
                self._lose(row, Failure("timeout", f"no end after {late:.1f} s of wall time"))
            return
        try:
            if self.outgoing:
                with contextlib.suppress(BlockingIOError):
                    self.outgoing = self.outgoing[child.socket.send(self.outgoing) :]
            chunk = b""
            with contextlib.suppress(BlockingIOError):
                chunk = child.socket.recv(1 << 20)
                if not chunk:
                    self._bury()
                    return
        except (BrokenPipeError, ConnectionResetError):
            # What the child had still sent is lost with the socket; its rows run again.
            self._bury()
            return
        self.incoming += chunk
        yield from self._answers()

    def _answers(self) -> Iterator[Any]:
        """Yield the results of all whole messages received."""
        while len(self.incoming) >= _ANSWER.size:
            count, size, tired = _ANSWER.unpack_from(self.incoming)
            body = _ANSWER.size + 8 * count
            if len(self.incoming) < body + size:
                return
            message = bytes(self.incoming[: body + size])
            del self.incoming[: body + size]
            view = memoryview(message)
            results = []
            for length in array.array("Q", message[_ANSWER.size : body]):
                results.append(pickle.loads(view[body : body + length]))  # noqa: S301 - our child's
                body += length
            for _ in range(count):
                self.waiting.popleft()
            self.number += count
            self.sent -= count
            self.deaths = 0
            self._settle(count)
            if tired:
                self.close()
            yield from results

    def _settle(self, count: int) -> None:
        """Count results against the messages that asked for them."""
        while count:
            taken = min(count, self.frames[0])
            self.frames[0] -= taken
            count -= taken
            if not self.frames[0]:
                self.frames.popleft()

    def _bury(self) -> None:
        """Find out what ended the child, and blame the row that it was running."""
        child = self.child
        assert child is not None
        # The socket closes an instant before the status is there.
        child.wait(5.0)
        row, _ = _PROGRESS.unpack_from(child.progress, 0)
        first = child.first_row
        status, peak = child.end()
        self.child = None
        if not self.number <= row < self.number + self.sent:
            self._forget()
            self.deaths += 1
            if self.deaths < _DEATHS_BETWEEN_ROWS:
                return
            self.deaths = 0
            self._lose(self.number, _cause(status, peak, self.memory_bytes, self.cpu_seconds))
            return
        failure = _cause(status, peak, self.memory_bytes, self.cpu_seconds)
        if failure.reason == "timeout" or row == first:
            self._lose(row, failure)
        else:
            self._forget()
            self.suspect = row

    def _lose(self, row: int, failure: Failure) -> None:
        """Give up a row; those around it go to the next child."""
        self.close()
        self.waiting[row - self.number] = failure
        self.suspect = -1


def _cause(status: int | None, peak: int, memory_bytes: int, cpu_seconds: float) -> Failure:
    """Say why a child ended, from its exit status and peak resident memory."""
    if status == -signal.SIGPROF:
        return Failure("timeout", f"more than {cpu_seconds:g} s of CPU time")
    if status == _EXIT_MEMORY:
        return Failure("memory", f"more than {memory_bytes} bytes of memory")
    if status == -signal.SIGKILL:
        # Nobody here killed it: so the system does when memory runs out.
        return Failure("memory", "killed from outside (SIGKILL), as when memory runs out")
    if status == -signal.SIGABRT and peak > memory_bytes // 2:
        # Native code that cannot allocate calls abort().
        return Failure("memory", f"aborted at {peak} bytes of resident memory")
    if status is None:
        return Failure("crashed", "the process ended, status unknown")
    if status < 0:
        return Failure("crashed", f"signal {-status} ({signal.strsignal(-status)})")
    return Failure("crashed", f"the process exited with status {status}")


# What follows runs in the child.


def _serve(
    function: Callable[[Any], Any],
    connection: socket.socket,
    progress: mmap.mmap,
    cpu_seconds: float,
    memory_bytes: int,
    parent: int,
) -> NoReturn:
    """Answer messages until the parent closes the socket or a row ends the process."""
    try:
        _settle_in(connection.fileno(), parent)
        connection.setblocking(True)
        allowed = _limit_memory(memory_bytes)
        while True:
            head = _receive(connection, _TASK.size)
            if not head:
                break
            first, count, size = _TASK.unpack(head)
            _PROGRESS.pack_into(progress, 0, first, time.monotonic())
            frame = _receive(connection, 8 * count + size)
            _run(function, frame, first, count, connection, progress, cpu_seconds, allowed)
    except MemoryError:
        os._exit(_EXIT_MEMORY)
    except OSError:
        # The parent is gone or has closed its end: nobody waits for results.
        os._exit(0)
    except BaseException:  # noqa: BLE001 - this process must end here, never in the caller's code
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _run(
    function: Callable[[Any], Any],
    frame: bytearray,
    first: int,
    count: int,
    connection: socket.socket,
    progress: mmap.mmap,
    cpu_seconds: float,
    allowed: int,
) -> None:
    """Run the rows of one message and send their results."""
    view = memoryview(frame)
    lengths = array.array("Q", bytes(view[: 8 * count]))
    place = 8 * count
    results: list[bytes] = []
    size = 0
    flushed = time.monotonic()
    for number, length in enumerate(lengths, first):
        began = time.monotonic()
        _PROGRESS.pack_into(progress, 0, number, began)
        # The kernel ends the process when the timer fires: native code cannot hold it up.
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        try:
            row = pickle.loads(view[place : place + length])  # noqa: S301 - our parent's
            blob = pickle.dumps(function(row), pickle.HIGHEST_PROTOCOL)
        except MemoryError:
            signal.setitimer(signal.ITIMER_PROF, 0)
            _PROGRESS.pack_into(progress, 0, -1, 0.0)
            _flush(connection, results, tired=False)
            _PROGRESS.pack_into(progress, 0, number, began)
            os._exit(_EXIT_MEMORY)
        except BaseException as error:  # noqa: BLE001 - also SystemExit: a row ends no worker
            blob = pickle.dumps(Failure("error", _line(error)), pickle.HIGHEST_PROTOCOL)
        signal.setitimer(signal.ITIMER_PROF, 0)
        place += length
        results.append(blob)
        size += len(blob)
        if size > FRAME_BYTES or time.monotonic() - flushed > FLUSH_SECONDS:
            _PROGRESS.pack_into(progress, 0, -1, 0.0)
            _flush(connection, results, tired=False)
            results, size, flushed = [], 0, time.monotonic()
    _PROGRESS.pack_into(progress, 0, -1, 0.0)
    # What rows left behind must not be charged to later ones.
    _flush(connection, results, tired=_address_space() > allowed)


def _flush(connection: socket.socket, results: list[bytes], *, tired: bool) -> None:
    """Send results, or only the wish to be replaced."""
    if results or tired:
        lengths = array.array("Q", map(len, results)).tobytes()
        size = sum(map(len, results))
        connection.sendall(b"".join((_ANSWER.pack(len(results), size, tired), lengths, *results)))


def _receive(connection: socket.socket, size: int) -> bytearray:
    """Read exactly that many bytes; empty at the end of the stream."""
    data = bytearray(size)
    view = memoryview(data)
    done = 0
    while done < size:
        got = connection.recv_into(view[done:])
        if not got:
            return bytearray()
        done += got
    return data


def _settle_in(kept: int, parent: int) -> None:
    """Make a fresh fork independent of the process it came from."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)  # the parent died before the line above
    faulthandler.disable()  # a crash here is an expected outcome, not a report on stderr
    for name in ("SIGPROF", "SIGTERM", "SIGSEGV", "SIGABRT", "SIGCHLD"):
        signal.signal(signal.Signals[name], signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends us
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    # The JVM would wait for a socket that a child keeps open. Closing the numbers is worse:
    # objects inherited from the parent would later close what got the same number anew.
    null = os.open(os.devnull, os.O_RDWR)
    for entry in list(Path("/dev/fd").iterdir()):
        number = int(entry.name)
        if number > 2 and number not in (kept, null):
            with contextlib.suppress(OSError):  # the directory's own descriptor is gone
                os.fstat(number)
                os.dup2(null, number)
    gc.freeze()  # collecting the parent's objects would copy their pages


def _limit_memory(memory_bytes: int) -> int:
    """Bound the address space.

    Returns:
        The address space in bytes above which the child asks to be replaced.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    now = _address_space()
    if now:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = now + memory_bytes
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))
    return now + memory_bytes // 2


def _address_space() -> int:
    """Bytes of address space of this process; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_bytes().split()[0]) * mmap.PAGESIZE


def _line(error: BaseException) -> str:
    """The last line of a traceback, cut to a bearable length."""
    return traceback.format_exception_only(error)[-1].strip()[:DETAIL_CHARACTERS]
