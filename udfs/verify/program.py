"""What happens in the child that runs one program: limits, refusals, the run itself.

The refusals here (an audit hook) speak a clear sentence where the kernel would only kill. They
are not what holds a hostile program: native code passes them by, and then meets seccomp and
Landlock.
"""

import contextlib
import errno
import fcntl
import importlib.util
import math
import os
import random
import resource
import signal
import sys
import threading
import traceback
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from udfs.verify import confine, seccomp

# Taken before a program can put others in their place.
_leave, _write = os._exit, os.write

EXIT_MEMORY = 86  # statuses of our own, which `sys.exit` cannot give
EXIT_BLOCKED = 87

ENVIRONMENT = {
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    # A pool of threads would be lost in every fork.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
# Set by the server before it confines itself.
READABLE: tuple[str, ...] = ()  # where imports read: directories, each with a slash at its end
ADDRESS_SPACE = 0  # bytes, of the idle server

ERROR_CHARACTERS = 2000  # of the last line of a traceback
DESCRIPTORS = 64  # open files that a program may have: an import holds a handful
_HARMLESS = frozenset({"/dev/null", "/dev/urandom"})

_REFUSED = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.fork",
    "os.startfile",
    "pty.spawn",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "os.lchmod",
    "os.utime",
    "os.chflags",
    "os.lockf",
    "os.setxattr",
    "os.removexattr",
    "os.chdir",
    "os.fchdir",
    "shutil.",
    "tempfile.",
    "fcntl.ioctl",
    "fcntl.lockf",
    "fcntl.flock",
    "mmap.__new__.file",
    "resource.",
    "syslog.",
    "ftplib.",
    "http.",
    "imaplib.",
    "nntplib.",
    "poplib.",
    "smtplib.",
    "telnetlib.",
    "urllib.",
    "webbrowser.",
)
_WRITING = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# Sets up the tables that SymPy otherwise builds on first use, in every child anew.
_WARM_SYMPY = """
from sympy import *
x, y, n, k = symbols("x y n k")
a = Symbol("a", positive=True)
m = symbols("m", integer=True, positive=True)
solve(x**2 - 5*x + 6, x); solve([x + y - 3, x - y - 1], [x, y]); solve(Eq(2**x, 8), x)
solve(sqrt(x) - 2, x); solveset(sin(x), x, S.Reals); linsolve([x + y - 1], [x, y])
nsimplify(0.75); Rational(1, 3) + Rational("2/5"); nsolve(cos(x) - x, 1)
simplify((x**2 - 1)/(x - 1)); simplify(sin(x)**2 + cos(x)**2)
factor(x**3 - 1); expand((x + y)**4)
trigsimp(2*sin(x)*cos(x)); radsimp(1/(sqrt(2) + 1))
together(1/x + 1/y); apart(1/(x**2 - 1)); cancel(x/x**2)
diff(sin(x)*exp(x), x, 2); integrate(x**2, (x, 0, 1))
integrate(x*exp(-x), (x, 0, oo)); integrate(1/x, x)
integrate(sin(x)**2, x); integrate(1/(1 + x**2), (x, 0, 1))
limit(sin(x)/x, x, 0); limit((1 + 1/n)**n, n, oo); series(exp(x), x, 0, 5)
summation(k**2, (k, 1, n)); summation(1/k**2, (k, 1, oo)); product(k, (k, 1, 5))
Sum(k, (k, 1, 10)).doit(); Product(k, (k, 1, 4)).doit()
binomial(10, 3); factorial(10); gcd(12, 18); lcm(4, 6); isprime(97); factorint(360); divisors(36)
totient(10); mod_inverse(3, 7); fibonacci(10); prime(5); primepi(10); Mod(7, 3)
M = Matrix([[1, 2], [3, 4]]); M.det(); M.inv(); M*M; M.T; M.rank(); M.eigenvals(); M.rref()
log(8, 2); log(100)/log(10); sqrt(8); cbrt(27); pi.evalf(); N(sqrt(2), 20); E.evalf(); root(16, 4)
sin(pi/6); cos(pi/3); tan(pi/4); asin(1); atan2(1, 1); deg(pi); rad(180)
Interval(0, 1).union(Interval(1, 2)); FiniteSet(1, 2)
solve(x**2 < 4, x); reduce_inequalities([x > 1], x)
Abs(-3); floor(Rational(7, 2)); ceiling(2.5); re(1 + 2*I); conjugate(1 + I); Abs(3 + 4*I); arg(I)
Piecewise((x, x > 0), (0, True)).subs(x, 1); lambdify(x, x**2, "math")(2)
Function("f")(x); sympify("x**2 + 1"); Poly(x**2 + 1, x).all_coeffs(); roots(x**2 - 2, x)
[str(v) for v in (x**2, sqrt(2)/2, pi, M, Eq(x, 1), Interval(0, 1), S(1)/3, FiniteSet(1))]
[latex(v) for v in (x**2/2, sqrt(2))]; a.is_positive
(m*2).is_even; simplify(sqrt(a**2)); (x + 1).equals(1 + x)
Point(0, 0).distance(Point(3, 4)); Triangle(Point(0, 0), Point(3, 0), Point(0, 4)).area
"""
_WARM_NUMPY = """
import numpy
print(numpy.linalg.solve(numpy.array([[1.0, 2.0], [3.0, 4.0]]), numpy.arange(2.0)))
"""
_WARM_STANDARD = """
import math, cmath, fractions, decimal, statistics, itertools, functools, collections, random, re
from math import *
from fractions import Fraction
from decimal import Decimal
print(Fraction(1, 3) + Fraction("2/5"), Decimal("1.1") + 1, statistics.mean([1, 2]), comb(5, 2))
print(f"{1.5:.2f}", round(2.675, 2), sum(range(10)), statistics.stdev([1, 2, 4]), 10**30, {1, 2})
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use: CPU seconds, and bytes of memory on top of the server's."""

    cpu_seconds: float
    memory_bytes: int


def warm(kind: str) -> None:
    """Import what programs use and call it once, so that children find it done.

    Args:
        kind: `standard` (the standard library), `sympy` (and SymPy), `numpy` (and NumPy too).

    Raises:
        ImportError: SymPy is not installed. NumPy need not be.
    """
    # SymPy numbers its dummies from a random start, which it draws when it is imported.
    random.seed(0)
    source = _WARM_STANDARD
    if kind != "standard":
        source += _WARM_SYMPY
    if kind == "numpy" and importlib.util.find_spec("numpy") is not None:
        source += _WARM_NUMPY
    with Path(os.devnull).open("w") as null, contextlib.redirect_stdout(null):
        exec(compile(source, "<warm>", "exec"), {"__name__": "__main__"})  # noqa: S102 - ours


def run(code: bytes, limits: Limits, output: int, errors: int, *, filtered: bool) -> NoReturn:
    """Run one program in this process, and end it.

    Args:
        code: Python source, UTF-8.
        limits: what it may use.
        output: descriptor that becomes its standard output.
        errors: descriptor that becomes its standard error.
        filtered: whether the system call filter is to be applied.
    """
    status = 1
    try:
        confine_child(limits, output, errors, filtered)
        status = _execute(code)
    except MemoryError:
        status = EXIT_MEMORY
    finally:
        _leave(status)


def seed() -> None:
    """Make what is random the same for each program."""
    random.seed(0)
    for name in ("sympy.core.random", "numpy.random"):
        module = sys.modules.get(name)
        if module is not None:
            module.seed(0)


def confine_child(
    limits: Limits, output: int, errors: int, filtered: bool, keep: tuple[int, ...] = ()
) -> None:
    """Leave nothing of the server's in reach but what is kept, from 3 on; set the limits."""
    null = os.open(os.devnull, os.O_RDONLY)
    # Out of the way of the numbers that they are about to get.
    kept = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 16) for descriptor in keep]
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(errors, 2)
    for place, descriptor in enumerate(kept):
        os.dup2(descriptor, 3 + place)
    os.closerange(3 + len(kept), 1 << 20)
    os.setpgid(0, 0)
    confine.die_with_parent()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The server's clock ends a program sooner; this one holds if the server cannot.
    ceiling = math.ceil(limits.cpu_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (ceiling, ceiling))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    if not filtered:
        # It counts all processes of the user and does not bind root: a stopgap, so not used
        # where seccomp refuses processes and lets threads be.
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    wanted = ADDRESS_SPACE + limits.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = open(  # noqa: SIM115 - a descriptor, open as long as the process
            descriptor, "w", encoding="utf-8", errors="backslashreplace", closefd=False
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    seed()
    if filtered:
        seccomp.filter_child(os.getpid())


def _execute(code: bytes) -> int:
    """Run source as `__main__`.

    Returns:
        The exit status, as the interpreter would give it.
    """
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = ["program.py"]
    watch_over()
    status = 0
    try:
        exec(compile(code, "<program>", "exec"), module.__dict__)  # noqa: S102 - the sandbox's task
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
    except SystemExit as leaving:
        status = _exit_status(leaving.code)
    except MemoryError:
        status = EXIT_MEMORY
    except BaseException as error:  # noqa: BLE001 - whatever a program raises is its outcome
        status = EXIT_BLOCKED if _is_refusal(error) else 1
        line = traceback.format_exception_only(error)[-1].strip()[:ERROR_CHARACTERS]
        _write(2, ("\n" + line).encode("utf-8", "backslashreplace"))
    try:
        for stream in (sys.stdout, sys.__stdout__):
            if stream is not None and not stream.closed:
                stream.flush()
    except Exception:  # noqa: BLE001 - the program may have put anything there
        return status or 120  # the interpreter's own status for this
    return status


def watch_over() -> None:
    """Let the audit hook see what this process does from now on."""
    sys.addaudithook(_hook(os.getpid(), READABLE, _report(_write, _leave)))


def _is_refusal(error: BaseException) -> bool:
    """Whether the kernel said no: Landlock and read-only limits answer with these."""
    return isinstance(error, OSError) and error.errno in (
        errno.EPERM,
        errno.EACCES,
        errno.EFBIG,
        errno.EROFS,
    )


def _exit_status(code: Any) -> int:
    """The status that `sys.exit(code)` stands for."""
    if code is None:
        return 0
    if isinstance(code, int):
        status = code & 0xFF
        return 1 if status in (EXIT_MEMORY, EXIT_BLOCKED) else status
    _write(2, str(code)[:ERROR_CHARACTERS].encode("utf-8", "backslashreplace"))
    return 1


def _report(write: Any, leave: Any) -> Any:
    """A function that names a refusal and ends the process; its means cannot be replaced."""

    def report(event: str, detail: object = "") -> None:
        try:
            line = f"\nrefused: {event} {detail}".rstrip()[:300]
            write(2, line.encode("utf-8", "backslashreplace"))
        finally:
            leave(EXIT_BLOCKED)

    return report


def _hook(pid: int, readable: tuple[str, ...], report: Any) -> Any:
    """The audit hook: ends the process on what no computation needs."""
    refused = _REFUSED

    def is_outside(path: object) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False
        name = os.fsdecode(path)
        if not name.startswith("/") or name in _HARMLESS:
            return False
        return not f"{os.path.normpath(name)}/".startswith(readable)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(path, int):
                return
            if isinstance(flags, int) and flags & _WRITING:
                report("open for writing:", repr(path))
            if is_outside(path):
                report("open:", repr(path))
        elif event in ("os.listdir", "os.scandir"):
            if is_outside(arguments[0]):
                report(event, repr(arguments[0]))
        elif event.startswith(refused):
            report(event)
        elif event in ("os.kill", "os.killpg") and arguments[0] != pid:
            report(event, arguments)

    return hook


def address_space() -> int:
    """Bytes of address space of this process."""
    if sys.platform != "linux":
        return 1 << 40
    return int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize()
