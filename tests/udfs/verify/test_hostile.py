"""No hostile program escapes, outlives its limits, or changes what another one prints."""

import contextlib
import os
import secrets
import socket
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

import pytest

from tests.udfs.verify.hostile import Hostile, corpus, parse
from udfs.verify.sandbox import Limits, Run, Sandbox

# What they all rest on is made once, by one worker.
pytestmark = pytest.mark.xdist_group("hostile")

LIMITS = Limits(wall_seconds=30.0, cpu_seconds=0.5, memory_bytes=128 << 20, output_bytes=10_000)
# Programs of these groups reach one limit or another: what that limit is teaches nothing.
SHORT = {
    "processor": replace(LIMITS, cpu_seconds=0.15),
    "waiting": replace(LIMITS, wall_seconds=0.5),
}
PAST_LIMIT = 1.0  # seconds that a program may live on past a limit
SCRATCH = ("/tmp", "/var/tmp", "/dev/shm", ".")  # where programs try to leave something

# Sound programs, as a translator writes them, and what each of them prints.
SENTINELS = (
    ("print(1 + 1)", "2\n"),
    ("x = 3\ny = x**2 - 1\nprint(y)\nprint(y / 3)", "8\n2.6666666666666665\n"),
    ("print(sum(n * n for n in range(1, 11)), max([2, 7, 1]), len('abc'))", "385 7 3\n"),
    ("print(round(2.675, 2), f'{1 / 3:.3f}', 10**20, -7 // 2, -7 % 3)",
     "2.67 0.333 100000000000000000000 -4 2\n"),
    ("values = [3, 1, 2]\nvalues.sort()\nprint(values, sorted({'b': 1, 'a': 2}))",
     "[1, 2, 3] ['a', 'b']\n"),
    ("import math\nprint(math.sqrt(2), math.pi, math.e)",
     "1.4142135623730951 3.141592653589793 2.718281828459045\n"),
    ("from math import *\nprint(comb(10, 3), factorial(10), gcd(12, 18), isqrt(10**20), sin(0))",
     "120 3628800 6 10000000000 0.0\n"),
    ("from fractions import Fraction\nprint(Fraction(1, 3) + Fraction(2, 5), Fraction('0.75'))",
     "11/15 3/4\n"),
    ("from statistics import *\nprint(mean([1, 2, 4, 5]), median([3, 1, 2]), pstdev([2, 4]))",
     "3 2 1.0\n"),
    ("from decimal import Decimal\nprint(Decimal('1.10') + 2, Decimal(1) / 7)",
     "3.10 0.1428571428571428571428571429\n"),
    ("from itertools import combinations\nfrom collections import Counter\n"
     "print(len(list(combinations(range(6), 3))), Counter('abca').most_common(1))",
     "20 [('a', 2)]\n"),
    ("import random\nprint(random.randint(1, 100), random.random())", "50 0.7579544029403025\n"),
    ("bulk = [0] * (10 * 10**6)\nprint(len(bulk))", "10000000\n"),
    ("def f(n):\n    return 1 if n == 0 else n * f(n - 1)\nprint(f(200) % 211)", "163\n"),
    ("from sympy import *\nx, y = symbols('x y')\nprint(expand((x + y)**2), x + x, x - y)",
     "x**2 + 2*x*y + y**2 2*x x - y\n"),
    ("from sympy import *\nx = symbols('x')\n"
     "print(solve(x**2 - 5*x + 6, x), solve(Eq(2**x, 8), x))", "[2, 3] [3]\n"),
    ("from sympy import *\nx = symbols('x')\nprint(integrate(x * exp(-x), (x, 0, oo)), "
     "diff(sin(x)**2, x), limit(sin(x) / x, x, 0))", "1 2*sin(x)*cos(x) 1\n"),
    ("from sympy import *\nM = Matrix([[1, 2], [3, 4]])\nprint(M.det(), M.inv(), M * M)",
     "-2 Matrix([[-2, 1], [3/2, -1/2]]) Matrix([[7, 10], [15, 22]])\n"),
    ("from sympy import *\nprint(sqrt(8), Rational(1, 3) + Rational(1, 6), N(pi, 20), I**2)",
     "2*sqrt(2) 1/2 3.1415926535897932385 -1\n"),
    ("from sympy import *\nprint(factorint(360), isprime(97), binomial(10, 3), factorial(5), "
     "prime(10), divisors(28))",
     "{2: 3, 3: 2, 5: 1} True 120 120 29 [1, 2, 4, 7, 14, 28]\n"),
    ("from sympy import *\nx = symbols('x', positive=True)\nn, k = symbols('n k')\n"
     "print(sqrt(x**2), summation(k, (k, 1, n)), factor(n**2 - 1), Symbol('x').is_positive)",
     "x n**2/2 + n/2 (n - 1)*(n + 1) None\n"),
    ("from sympy import *\nx = symbols('x')\nprint(simplify(sin(x)**2 + cos(x)**2), "
     "series(exp(x), x, 0, 4), latex(x**2 / 2), Interval(0, 2).intersect(Interval(1, 3)))",
     "1 1 + x + x**2/2 + x**3/6 + O(x**4) \\frac{x^{2}}{2} Interval(1, 2)\n"),
    ("import numpy as np\nprint(np.linalg.solve(np.array([[2.0, 0.0], [0.0, 4.0]]), "
     "np.array([2.0, 4.0])), np.arange(3) * 1.5, round(float(np.std([1, 3])), 6))",
     "[1. 1.] [0.  1.5 3. ] 1.0\n"),
    ("import numpy as np\nprint(np.dot([1, 2], [3, 4]), float(np.linalg.norm([3, 4])), "
     "np.array([1 / 3]))", "11 5.0 [0.33333333]\n"),
)  # fmt: skip


@dataclass(frozen=True)
class Outside:
    """What lies outside the sandbox, for the programs to aim at."""

    directory: Path
    token: str  # of the secrets
    mark: str  # in the name of whatever a program makes
    listeners: tuple[socket.socket, ...]
    bystander: subprocess.Popen[bytes]

    def aim(self, hostile: Hostile) -> Hostile:
        return hostile.aimed(
            secret=self.directory / "secret",
            canary=self.directory / "canary",
            directory=self.directory,
            port=self.listeners[0].getsockname()[1],
            socket=self.directory / "socket",
            pid=self.bystander.pid,
            mark=self.mark,
        )

    def facts(self) -> dict[str, tuple[object, ...]]:
        """Each file, with all that a program could change of it."""
        found: dict[str, tuple[object, ...]] = {}
        for path in sorted(self.directory.rglob("*")):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found[path.name] = (
                content, status.st_ino, status.st_mode, status.st_uid, status.st_nlink,
                status.st_mtime_ns,
            )  # fmt: skip
        return found


@dataclass(frozen=True)
class Outcome:
    """What became of the whole corpus."""

    outside: Outside
    hostile: list[tuple[Hostile, Run]]
    sentinels: list[tuple[str, str, str, Run]]  # what ran before, program, output expected, run
    files: tuple[dict[str, tuple[object, ...]], dict[str, tuple[object, ...]]]  # before and after
    processes: tuple[set[int], set[int]]  # before and after: ours and our children's


def listen(directory: Path, mark: str) -> Iterator[socket.socket]:
    """Open a socket of each kind that a program could reach."""
    stream = socket.create_server(("127.0.0.1", 0))
    yield stream
    port = stream.getsockname()[1]
    for family, kind, address in (
        (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", port)),
        (socket.AF_INET6, socket.SOCK_DGRAM, ("::1", port)),
        (socket.AF_UNIX, socket.SOCK_STREAM, str(directory / "socket")),
        (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{mark}"),
    ):
        # A machine may be without IPv6, and the port taken for datagrams.
        with contextlib.suppress(OSError):
            one = socket.socket(family, kind)
            one.bind(address)
            if kind == socket.SOCK_STREAM:
                one.listen()
            yield one


def descendants(pid: int) -> set[int]:
    """A process and all below it."""
    found = {pid}
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found |= descendants(int(child))
    return found


Step = tuple[str, Hostile | None, str, str]
"""What ran before; the attack, or None for a sound program; source; output expected."""


def attacks(outside: Outside) -> Iterator[Step]:
    """Each attack, the sound program that it aims at, and one of the sentinels."""
    sentinels = cycle(SENTINELS)
    for each in corpus():
        if each.group not in SHORT:
            hostile = outside.aim(each)
            yield str(hostile), hostile, hostile.code, ""
            if hostile.victim is not None and hostile.victim_output is not None:
                yield str(hostile), None, hostile.victim, hostile.victim_output
            yield str(hostile), None, *next(sentinels)


def sound_programs() -> Iterator[Step]:
    """All sound programs: what an attack left behind may show late."""
    for each in corpus():
        if each.victim is not None and each.victim_output is not None:
            yield "the corpus", None, each.victim, each.victim_output
    for _ in range(2):
        yield from (("the corpus", None, *sentinel) for sentinel in SENTINELS)


def run_all(
    sandbox: Sandbox, steps: Iterable[Step], limits: Limits, parallel: int
) -> list[tuple[Step, Run]]:
    plan = list(steps)
    codes = (code for _, _, code, _ in plan)
    return list(zip(plan, sandbox.run_many(codes, limits=limits, parallel=parallel), strict=True))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """The corpus, run once between sentinels, with all that it aims at laid out around it."""
    directory = tmp_path_factory.mktemp("hostile")
    token, mark = f"mathcode-secret-{secrets.token_hex(16)}", f"hostile-{secrets.token_hex(4)}"
    (directory / "secret").write_text(f"{token}\n")
    (directory / "canary").write_text("as it was\n")
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("SECRET_TOKEN", token)
        listeners = tuple(stack.enter_context(each) for each in listen(directory, mark))
        bystander = stack.enter_context(subprocess.Popen(["sleep", "3600"]))
        stack.callback(bystander.kill)
        outside = Outside(directory, token, mark, listeners, bystander)
        before, processes = outside.facts(), descendants(os.getpid())
        with Sandbox() as sandbox:
            ran = run_all(sandbox, attacks(outside), LIMITS, parallel=2)
            for group, limits in SHORT.items():
                parallel = 8 if group == "waiting" else 2
                chosen = [outside.aim(each) for each in corpus() if each.group == group]
                steps = ((str(each), each, each.code, "") for each in chosen)
                ran += run_all(sandbox, steps, limits, parallel)
            ran += run_all(sandbox, sound_programs(), LIMITS, parallel=2)
        yield Outcome(
            outside=outside,
            hostile=[(each, run) for (_, each, _, _), run in ran if each is not None],
            sentinels=[(past, code, right, run) for (past, each, code, right), run in ran
                       if each is None],
            files=(before, outside.facts()),
            processes=(processes, descendants(os.getpid())),
        )  # fmt: skip


def listed(found: Iterable[object]) -> str:
    """One line for each finding, none of them cut short."""
    return "".join(f"\n{each}" for each in found)


def test_the_corpus_holds_hundreds_of_different_programs():
    programs = corpus()
    assert len({each.code for each in programs}) == len(programs) >= 300
    assert len({str(each) for each in programs}) == len(programs)


def test_an_unknown_outcome_is_an_error():
    with pytest.raises(ValueError, match="files: a name: unknown outcome in 'blocked, escaped'"):
        parse("files", "## a name: blocked, escaped\nprint(1)\n")


def test_each_program_ends_as_it_must(outcome):
    wrong = [
        (str(hostile), run.kind, run.error, run.stdout[:200])
        for hostile, run in outcome.hostile
        if run.kind not in hostile.outcomes or hostile.output not in (None, run.stdout)
    ]
    assert not wrong, listed(wrong)


def test_sound_programs_print_what_they_must_whatever_runs_before_them(outcome):
    wrong = [
        (past, code, run.kind, run.error, run.stdout[:200])
        for past, code, right, run in outcome.sentinels
        if (run.kind, run.stdout) != ("ok", right)
    ]
    assert not wrong, listed(wrong)


def test_no_attack_says_that_it_succeeded(outcome):
    said = [
        (str(hostile), run.stdout[:200])
        for hostile, run in outcome.hostile
        if "ESCAPED" in run.stdout
    ]
    assert not said, listed(said)
    assert not [past for past, _, _, run in outcome.sentinels if "ESCAPED" in run.stdout]


def test_no_secret_is_told(outcome):
    token = outcome.outside.token
    forms = (token, token[::-1], token.encode().hex())
    told = [
        str(hostile)
        for hostile, run in outcome.hostile
        if any(form in run.stdout + (run.error or "") for form in forms)
    ]
    assert not told, listed(told)


def test_no_file_is_changed_or_made(outcome):
    before, after = outcome.files
    assert set(before) >= {"secret", "canary"}
    assert after == before
    mark = outcome.outside.mark
    assert not [path for place in SCRATCH for path in Path(place).glob(f"*{mark}*")]


def test_nothing_arrives_at_a_listener(outcome):
    for listener in outcome.outside.listeners:
        listener.setblocking(False)
        arrives = listener.accept if listener.type == socket.SOCK_STREAM else listener.recvfrom
        with pytest.raises(BlockingIOError):
            arrives(*[100] * (listener.type == socket.SOCK_DGRAM))


def test_no_process_is_left_and_none_is_killed(outcome):
    before, after = outcome.processes
    assert after == before
    assert outcome.outside.bystander.pid in after
    assert outcome.outside.bystander.poll() is None


def test_no_program_outlives_its_limits(outcome):
    # On a busy machine everybody waits: a sound program then takes that long as well.
    delay = max(run.wall_seconds for *_, run in outcome.sentinels)
    late = []
    for each, run in outcome.hostile:
        limits = SHORT.get(each.group, LIMITS)
        if (
            run.cpu_seconds > limits.cpu_seconds + PAST_LIMIT
            or run.wall_seconds > limits.wall_seconds + PAST_LIMIT + delay
        ):
            late.append((str(each), run.kind, run.cpu_seconds, run.wall_seconds))
    assert not late, listed(late)


def test_programs_that_wait_use_no_processor(outcome):
    waiting = [(each, run) for each, run in outcome.hostile if each.group == "waiting"]
    assert len(waiting) > 10
    busy = [
        (str(each), run.kind, run.cpu_seconds)
        for each, run in waiting
        if run.kind == "timeout" and run.cpu_seconds >= LIMITS.cpu_seconds
    ]
    assert not busy, listed(busy)


IN_ONE_PROCESS = """
with_attack = {{"__name__": "__main__"}}
try:
    exec(compile({attack!r}, "<attack>", "exec"), with_attack)
except BaseException:
    pass
del with_attack
print({line!r}, flush=True)
exec(compile({victim!r}, "<victim>", "exec"), {{"__name__": "__main__"}})
"""


def test_attacks_on_other_programs_would_succeed_in_one_process():
    """The corpus is no stage: without the sandbox, each of these attacks would do its harm."""
    attacks = [each for each in corpus() if each.is_disturbing]
    line = "the attack is over"
    codes = [
        IN_ONE_PROCESS.format(attack=each.code, victim=each.victim, line=line) for each in attacks
    ]
    limits = Limits(wall_seconds=60.0, cpu_seconds=2.0, memory_bytes=256 << 20)
    with Sandbox() as sandbox:
        runs = list(sandbox.run_many(codes, limits=limits, parallel=2))
    tame = []
    for attack, run in zip(attacks, runs, strict=True):
        if run.stdout.rpartition(f"{line}\n")[2] == attack.victim_output and run.kind == "ok":
            tame.append((str(attack), run.stdout))
    assert len(attacks) > 100
    assert not tame, listed(tame)
