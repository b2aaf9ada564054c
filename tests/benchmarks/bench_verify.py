"""Programs per second: the sandbox, and a pool of processes that call exec() as MathCoder2 does.

The peer runs the programs in long-lived workers, with standard output caught and an alarm for
a timeout: no isolation, and one program's doings are there for the next. It is written here
after the published approach, so that both run the same programs side by side. The bare
fork is the floor for a process per program: one child after another of a process that has the
imports. Start-up and the first programs of each are not counted.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.case import Case, Clock, Contestant, Given, Outcome, Request

WORKERS = 2
WARM = 4  # programs before the clock: one of each form
COUNTS = {"tiny": 20, "small": 200, "full": 3000}

KINDS = {
    "print": ["print(1 + {n})"],
    "standard": [
        "from fractions import Fraction\nprint(Fraction({n}, 3) + Fraction(1, 6))",
        "import math\nr = {n}\narea = math.pi * r**2\nprint(area)",
        "import statistics\nprint(statistics.mean([{n}, 2, 3]))",
        "total = sum(k**2 for k in range({n} % 100))\nprint(total)",
    ],
    "sympy": [
        "from sympy import *\nx = symbols('x')\nprint(solve(x**2 - {n}, x))",
        "from sympy import *\nx = symbols('x')\nprint(integrate(x**2 + {n}, (x, 0, 1)))",
        "from sympy import *\nx = symbols('x')\nprint(factor(x**2 - {n}**2))",
        "from sympy import Rational, sqrt, simplify\nprint(simplify(sqrt({n}) * Rational(1, 2)))",
    ],
}
KINDS["mix"] = [form for forms in KINDS.values() for form in forms]

# One program in 25, in the last case: what loops, takes all memory, floods, forks, connects, reads
# a file, crashes the interpreter. The peer could not be given them.
HOSTILE = [
    "while True: pass",
    "x = [0]\nwhile True: x += x",
    "while True: print('flood' * 100)",
    "import os\nwhile True: os.fork()",
    "import socket\nsocket.create_connection(('127.0.0.1', 80))",
    "print(open('/etc/passwd').read())",
    "import ctypes\nctypes.string_at(0)",
    "().__class__.__base__.__subclasses__()[100].__init__.__globals__['sys'].exit(3)",
]
HOSTILE_EACH = 25
LOOP_SECONDS = 0.2  # of CPU, in the cases with and without them: what a loop costs is the limit


def build(folder: Path, request: Request, *, kind: str) -> Given:
    """Different programs of one kind, of no danger to anybody."""
    forms, count = KINDS[kind], COUNTS[request.size]
    if kind in ("sympy", "mix"):  # take ten times as long, and the bare fork a hundred times
        count //= 4
    codes = [forms[n % len(forms)].format(n=n + 1) for n in range(count)]
    (folder / "programs.json").write_text(json.dumps(codes), encoding="utf-8")
    return Given(count, f"{count:,} programs of kind {kind}, {WORKERS} at a time")


def _codes(given: Path) -> list[str]:
    found: list[str] = json.loads((given / "programs.json").read_text(encoding="utf-8"))
    return found


def ours(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The sandbox, with whatever isolation this machine allows."""
    return _sandboxed(given, out, clock, hostile=False, cpu_seconds=5.0)


def ours_harmless(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The sandbox with the limits of the case with hostile programs, without them."""
    return _sandboxed(given, out, clock, hostile=False, cpu_seconds=LOOP_SECONDS)


def ours_hostile(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The sandbox with hostile programs among the others."""
    return _sandboxed(given, out, clock, hostile=True, cpu_seconds=LOOP_SECONDS)


def _sandboxed(
    given: Path, out: Path, clock: Clock, *, hostile: bool, cpu_seconds: float
) -> dict[str, Any]:
    from udfs.verify.sandbox import Limits, Sandbox

    limits = Limits(wall_seconds=30.0, cpu_seconds=cpu_seconds)
    codes = _codes(given)
    sound = list(codes)
    if hostile:
        for place in range(0, len(codes), HOSTILE_EACH):
            codes[place] = HOSTILE[place // HOSTILE_EACH % len(HOSTILE)]
    with Sandbox() as sandbox:
        list(sandbox.run_many(sound[:WARM] + sound[-WARM:], limits=limits, parallel=WORKERS))
        with clock:
            runs = list(sandbox.run_many(codes, limits=limits, parallel=WORKERS))
        isolation = sandbox.isolation
    wrong = [
        code
        for code, run in zip(codes, runs, strict=True)
        if (run.kind == "ok") == (code in HOSTILE)
    ]
    took = sorted(run.wall_seconds for run in runs)
    return _finish(out, [run.stdout for run in runs]) | {
        "isolation": isolation,
        "wrong": len(wrong),
        "p50_ms": 1000 * took[len(took) // 2],
        "p99_ms": 1000 * took[len(took) * 99 // 100],
    }


def exec_pool(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The peer's way: exec() in processes that go on."""
    codes = _codes(given)
    with ProcessPoolExecutor(WORKERS) as pool:
        list(pool.map(exec_in_worker, codes[:WARM] * WORKERS))
        with clock:
            outputs = list(pool.map(exec_in_worker, codes))
    return _finish(out, outputs)


def bare_fork(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Fork a warm process for each program, one after the other; outputs go through pipes."""
    codes = _codes(given)
    for code in codes[:WARM]:
        exec_in_worker(code)
    outputs = []
    with clock:
        for code in codes:
            reading, writing = os.pipe()
            if (child := os.fork()) == 0:
                os.write(writing, exec_in_worker(code).encode())
                os._exit(0)
            os.close(writing)
            with os.fdopen(reading, encoding="utf-8") as stream:
                outputs.append(stream.read())
            os.waitpid(child, 0)
    return _finish(out, outputs)


def _finish(out: Path, outputs: list[str]) -> dict[str, Any]:
    """Write the outputs for `agree`; return how many there are."""
    (out / "outputs.json").write_text(json.dumps(outputs), encoding="utf-8")
    return {"outputs": len(outputs)}


def exec_in_worker(code: str) -> str:
    """Run a program in this process; return what it printed, or its error."""

    def late(number: int, frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(30)
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            exec(code, {"__name__": "__main__"})
    except BaseException as error:  # noqa: BLE001 - as the peer does
        return repr(error)
    finally:
        signal.alarm(0)
    return output.getvalue()


def agree(mine: Outcome, peer: Outcome) -> dict[str, float]:
    """Share of the programs that printed the same."""
    left, right = (
        json.loads((one.out / "outputs.json").read_text(encoding="utf-8")) for one in (mine, peer)
    )
    return {"outputs": sum(map(str.__eq__, left, right)) / max(len(left), 1)}


CASES = [
    Case(
        name=f"verify-{kind}",
        question=f"programs run per second: {words}",
        unit="programs",
        build=partial(build, kind=kind),
        contestants=(
            Contestant("ours", ours),
            Contestant("exec pool", exec_pool),
            Contestant("bare fork", bare_fork),
        ),
        agree=agree,
        limit_seconds=300,
    )
    for kind, words in (
        ("print", "no imports"),
        ("standard", "the standard library"),
        ("sympy", "SymPy"),
        ("mix", "all of these"),
    )
]
CASES.append(
    Case(
        name="verify-hostile",
        question="programs run per second: what hostile ones among them cost",
        unit="programs",
        build=partial(build, kind="mix"),
        contestants=(
            Contestant("ours", ours_hostile),
            Contestant("ours, none hostile", ours_harmless),
        ),
        agree=agree,
        limit_seconds=300,
    )
)
