"""The sandbox tells what truly became of each program, and outlives all of them."""

import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from udfs.verify import sandbox as module
from udfs.verify import sharing, zygote
from udfs.verify.sandbox import IsolationError, Limits, Sandbox

LIMITS = Limits(wall_seconds=30.0, cpu_seconds=0.4, memory_bytes=256 << 20, output_bytes=10_000)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as found:
        yield found


def has(sandbox: Sandbox, layer: str) -> bool:
    return layer in sandbox.isolation.split("+")


# Each: name, program, kind, what standard output must be (None: whatever).
PROGRAMS = [
    ("plain", "print(1 + 1)", "ok", "2\n"),
    ("empty", "", "ok", ""),
    ("standard library", "import statistics as s\nprint(s.median([3, 1, 2]))", "ok", "2\n"),
    ("late import", "import graphlib, colorsys, textwrap\nprint(graphlib.__name__)", "ok",
     "graphlib\n"),
    ("sympy", "from sympy import *\nprint(integrate(Symbol('x') ** 2))", "ok", "x**3/3\n"),
    ("numpy", "import numpy\nprint(int(numpy.arange(4).sum()))", "ok", "6\n"),
    ("main guard", "if __name__ == '__main__':\n    print('main')", "ok", "main\n"),
    ("class and pickle of __main__", "import __main__\nx = 3\nprint(__main__.x)", "ok", "3\n"),
    ("no newline", "print('a', end='')", "ok", "a"),
    ("standard input is empty", "import sys\nprint(repr(sys.stdin.read()))", "ok", "''\n"),
    ("input", "input()", "error", ""),
    ("thread", "import threading as t\nx = t.Thread(target=print, args=(5,))\nx.start()", "ok",
     "5\n"),
    ("daemon thread left", "import threading, time\nthreading.Thread(target=time.sleep, "
     "args=(1000,), daemon=True).start()\nprint(1)", "ok", "1\n"),
    ("exit 0", "import sys\nprint(1)\nsys.exit()", "ok", "1\n"),
    ("exit 3", "import sys\nprint(1)\nsys.exit(3)", "error", "1\n"),
    ("exit with words", "raise SystemExit('no way')", "error", ""),
    ("exit as memory", "import sys\nsys.exit(86)", "error", ""),
    ("hard exit", "import os\nprint('lost')\nos._exit(0)", "ok", ""),
    ("exception", "print(1)\n1 / 0", "error", "1\n"),
    ("syntax", "print(", "error", ""),
    ("null byte", "print('\x00')", "error", ""),
    ("no utf-8", "print('\ud800')", "error", ""),
    ("keyboard interrupt", "raise KeyboardInterrupt", "error", ""),
    ("deep recursion", "def f(): return f()\nf()", "error", ""),
    ("deeper recursion", "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return [f(x)]\n"
     "class A:\n    def __getattr__(self, n): return getattr(self, n + 'x')\nA().a", None, None),
    ("deep expression", "print(" + "(" * 5000 + "1" + ")" * 5000 + ")", None, None),
    ("huge exception", "raise ValueError('x' * 10**7)", "error", ""),
    ("evil exception", "class E(Exception):\n    def __str__(self): raise self\nraise E", "error",
     ""),
    ("hanging exception", "class E(Exception):\n    def __str__(self):\n        while 1: pass\n"
     "raise E", "timeout", ""),
    ("surrogates", "print('a\\ud800b')", "ok", "a\\ud800b\n"),
    ("bytes that are no text", "import os\nos.write(1, b'\\xff\\x00a')", "ok", "\ufffd\x00a"),
    ("closed output", "import os\nos.close(1)\nprint(1)", "error", ""),
    ("closed everything", "import os\nos.closerange(0, 100)", "ok", ""),
    ("replaced output", "import sys\nsys.stdout = None", "ok", ""),
    ("segmentation fault", "import ctypes\nctypes.string_at(0)", "error", ""),
    ("abort", "import os\nos.abort()", "error", ""),
    ("kills itself", "import os\nos.kill(os.getpid(), 9)", "blocked", ""),
    ("terminates itself", "import signal\nsignal.raise_signal(15)", "error", ""),
    ("loop", "while True: pass", "timeout", ""),
    ("loop that prints", "print('before', flush=True)\nwhile True: pass", "timeout", "before\n"),
    ("native loop", "sum(range(10**12))", "timeout", ""),
    ("tower of powers", "9**9**9**9", "timeout", ""),
    ("regular expression", "import re\nre.match('(a+)+b', 'a' * 50)", "timeout", ""),
    ("loops through exceptions", "while True:\n    try:\n        while True: pass\n"
     "    except BaseException: pass", "timeout", ""),
    ("ignores signals", "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, 1)\n"
     "    except (OSError, ValueError): pass\nwhile True: pass", "timeout", ""),
    ("two threads loop", "import threading\ndef f():\n    while True: pass\n"
     "threading.Thread(target=f).start()\nf()", "timeout", ""),
    ("list bomb", "[0] * 10**10", "memory", ""),
    ("string bomb", "'a' * 10**11", "memory", ""),
    ("growing bomb", "x = [0]\nwhile True: x += x", "memory", ""),
    ("dictionary bomb", "x = {}\nwhile True: x[len(x)] = bytes(10**6)", "memory", ""),
    ("flood", "while True: print('flood' * 100)", "output", None),
    ("flood without a newline", "import os\nwhile True: os.write(1, bytes(65536))", "output",
     None),
    ("flood of errors", "import sys\nwhile True: sys.stderr.write('e' * 1000)", "timeout", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "kind", "output"),
    [program[1:] for program in PROGRAMS],
    ids=[program[0] for program in PROGRAMS],
)
def test_outcome(sandbox, code, kind, output):
    run = sandbox.run(code, LIMITS)
    if kind is None:  # how it fails differs between versions of Python, but fail it must
        assert run.kind in ("error", "timeout", "memory"), run
    else:
        assert run.kind == kind, run
    if output is not None:
        assert run.stdout == output, run
    assert (run.error is None) == (run.kind == "ok"), run
    assert len(run.error or "") < 5000
    assert sandbox.run("print('alive')", LIMITS).stdout == "alive\n"


C = "import ctypes\nlibc = ctypes.CDLL(None)\n"
O = "import os\n"  # noqa: E741 - as short as the programs

# Through Python, where an audit hook names what was refused, and behind its back by C calls.
HOSTILE = {
    "fork": O + "os.fork()",
    "fork in C": C + "libc.fork()",
    "fork bomb": O + "while True: os.fork()",
    "fork bomb in C": C + "while True: libc.fork()",
    "multiprocessing": "import multiprocessing as m\nm.Process(target=print).start()",
    "exec": O + "os.execv('/bin/sh', ['sh'])",
    "exec in C": C + "libc.execv(b'/bin/sh', None)",
    "system": O + "os.system('true')",
    "system in C": C + "libc.system(b'true')",
    "subprocess": "import subprocess\nsubprocess.run(['true'])",
    "posix_spawn": O + "os.posix_spawn('/bin/true', ['true'], {})",
    "socket": "import socket\nsocket.socket()",
    "socket in C": C + "libc.socket(2, 1, 0)",
    "unix socket in C": C + "libc.socket(1, 1, 0)",
    "socketpair in C": C + "libc.socketpair(1, 1, 0, (ctypes.c_int * 2)())",
    "url": "import urllib.request as u\nu.urlopen('http://127.0.0.1')",
    "kill parent": O + "os.kill(os.getppid(), 9)",
    "kill parent in C": C + O + "libc.kill(os.getppid(), 9)",
    "kill all": O + "os.kill(-1, 9)",
    "kill all in C": C + "libc.kill(-1, 9)",
    "kill group": O + "os.killpg(0, 9)",
    "kill group in C": C + "libc.kill(0, 9)",
    "write": "open('x', 'w')",
    "write in C": C + "libc.open(b'/tmp/x', 65, 0o600)",
    "creat in C": C + "libc.creat(b'/tmp/x', 0o600)",
    "append": "open('/tmp/x', 'a')",
    "os.open": O + "os.open('/tmp/x', os.O_CREAT | os.O_RDWR)",
    "unnamed file": O + "os.open('/tmp', os.O_TMPFILE | os.O_RDWR)",
    "temporary file": "import tempfile\ntempfile.TemporaryFile()",
    "mkdir": O + "os.mkdir('/tmp/x')",
    "mkdir in C": C + "libc.mkdir(b'/tmp/x', 0o700)",
    "remove": O + "os.remove('/etc/hostname')",
    "unlink in C": C + "libc.unlink(b'/etc/hostname')",
    "rename in C": C + "libc.rename(b'/a', b'/b')",
    "chmod in C": C + "libc.chmod(b'/tmp', 0o777)",
    "symlink": O + "os.symlink('/a', '/b')",
    "truncate in C": C + "libc.truncate(b'/etc/hostname', 0)",
    "read /etc/passwd": "print(open('/etc/passwd').read())",
    "read /etc/passwd and hide it": "try: print(open('/etc/passwd').read())\nexcept: pass",
    "read own environment": "print(open('/proc/self/environ').read())",
    "read parent's memory": O + "print(open(f'/proc/{os.getppid()}/mem', 'rb').read(1))",
    "list the root": O + "print(os.listdir('/'))",
    "ptrace": C + "libc.ptrace(0, 0, 0, 0)",
    "process_vm_readv": C + "libc.process_vm_readv(1, None, 0, None, 0, 0)",
    "mount": C + "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
    "unshare": C + "libc.unshare(0x10000000)",
    "setns": C + "libc.setns(0, 0)",
    "chroot": C + "libc.chroot(b'/tmp')",
    "setuid": O + "os.setuid(0)",
    "personality": C + "libc.personality(0x0040000)",
    "memfd": O + "os.memfd_create('x')",
    "shmget": C + "libc.shmget(1, 4096, 0o1600)",
    "shared memory": "from multiprocessing import shared_memory as s\n"
    "s.SharedMemory(create=True, size=10)",
    "message queue": C + "libc.msgget(1, 0o1600)",
    "raise limits": "import resource as r\nr.setrlimit(r.RLIMIT_CPU, (99, 99))",
    "raise limits in C": C + "libc.setrlimit(0, (ctypes.c_ulong * 2)(99, 99))",
    "priority": O + "os.setpriority(0, 0, -5)",
    "niceness": O + "os.nice(-1)",
    "session": O + "os.setsid()",
    "process group in C": C + "libc.setpgid(0, 0)",
    "reboot": C + "libc.reboot(0)",
    "host name in C": C + "libc.sethostname(b'x', 1)",
    "outlives its parent": C + "libc.prctl(1, 0, 0, 0, 0)",
}


if os.uname().machine == "x86_64":  # calls by their numbers there
    HOSTILE |= {
        "vfork by number": C + "libc.syscall(58)",
        "clone by number": C + "libc.syscall(56, 17, 0, 0, 0, 0)",
        "keyctl": C + "libc.syscall(250, 0, 0)",
        "bpf": C + "libc.syscall(321, 0, 0, 0)",
        "perf_event_open": C + "libc.syscall(298, 0, 0, 0, 0, 0)",
        "io_uring": C + "libc.syscall(425, 1, 0)",
        "userfaultfd": C + "libc.syscall(323, 0)",
        "another filter": C + "libc.syscall(317, 1, 0, 0)",
        "i386 call numbers": C + "libc.syscall(0x40000000 + 39)",
    }


@pytest.mark.parametrize("code", HOSTILE.values(), ids=HOSTILE)
def test_hostile_program_is_blocked(sandbox, code):
    run = sandbox.run(code + "\nprint('escaped')", LIMITS)
    assert run.kind == "blocked", run
    assert "escaped" not in run.stdout
    assert run.error, run


def test_files_cannot_be_read_behind_pythons_back(sandbox):
    code = (
        C
        + "print([libc.open(p, 0) for p in (b'/etc/passwd', b'/proc/self/environ', b'/proc/1/mem',"
        " b'/', b'/root', b'/home', b'/tmp')])"
    )
    refused = sandbox.run(code, LIMITS).stdout == f"{[-1] * 7}\n"
    assert refused == has(sandbox, "landlock")


def test_a_refusal_cannot_be_talked_away(sandbox):
    code = "import os\nos._exit = os.write = print\ntry:\n    os.fork()\nexcept BaseException: pass"
    assert sandbox.run(code + "\nprint('escaped')", LIMITS).kind == "blocked"


def test_no_descriptor_but_the_standard_ones_is_open(sandbox):
    code = """
        import os
        found = []
        for n in range(200):
            try:
                os.fstat(n)
                found.append(n)
            except OSError:
                pass
        print(found)
    """
    assert sandbox.run(textwrap.dedent(code), LIMITS).stdout == "[0, 1, 2]\n"


def test_writing_to_any_descriptor_forges_nothing(sandbox):
    code = "import os\nfor n in range(2, 300):\n    try: os.write(n, bytes(1000))\n"
    code += "    except OSError: pass\nraise ValueError('true')"
    run = sandbox.run(code, LIMITS)
    assert (run.kind, run.stdout, run.error) == ("error", "", "ValueError: true")


def test_the_environment_holds_no_secret(monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "do not tell")
    with Sandbox() as fresh:
        code = "import os, ctypes\nprint(os.environ)\nl = ctypes.CDLL(None)\n"
        code += "l.getenv.restype = ctypes.c_char_p\nprint(l.getenv(b'SECRET_TOKEN'))"
        run = fresh.run(code, LIMITS)
    assert run.kind == "ok"
    assert "do not tell" not in run.stdout
    assert "None" in run.stdout


def test_the_projects_own_modules_are_out_of_reach(sandbox):
    assert sandbox.run("import udfs.keys", LIMITS).kind in ("error", "blocked")


def test_the_working_directory_is_empty_and_private(sandbox):
    run = sandbox.run("import os\nprint(os.listdir('.'), os.getcwd())", LIMITS)
    assert run.stdout.startswith("[] ")


def test_programs_do_not_see_each_other(sandbox):
    sandbox.run("import math, builtins\nmath.pi = 3\nbuiltins.print = None", LIMITS)
    assert sandbox.run("import math\nprint(math.pi)", LIMITS).stdout == "3.141592653589793\n"


def test_the_same_program_prints_the_same():
    code = """
        import random, os, time, locale
        print(random.random(), hash("text"), {"b", "a", "c"}, os.environ, time.tzname)
        print(locale.setlocale(locale.LC_ALL), id(object) is None, random.getrandbits(64))
    """
    with Sandbox() as one, Sandbox() as other:
        runs = {box.run(textwrap.dedent(code), LIMITS).stdout for box in (one, one, other)}
    assert len(runs) == 1
    assert runs.pop().count("\n") == 2


def test_cpu_and_wall_time_are_told_apart(sandbox):
    waiting = sandbox.run("import time\ntime.sleep(0.8)\nprint(1)", LIMITS)
    assert waiting.kind == "ok"
    assert waiting.cpu_seconds < 0.4
    assert waiting.wall_seconds >= 0.8
    late = sandbox.run("import time\ntime.sleep(60)", Limits(wall_seconds=0.5, cpu_seconds=9))
    assert late.kind == "timeout"
    assert 0.5 <= late.wall_seconds < 5


def test_cpu_time_is_bounded_closely(sandbox):
    run = sandbox.run("while True: pass", LIMITS)
    assert 0.4 <= run.cpu_seconds < 0.6


def test_memory_is_counted_over_the_idle_interpreter(sandbox):
    small = sandbox.run("print(1)", LIMITS)
    large = sandbox.run("x = bytearray(b'x') * 10**8\nprint(len(x))", LIMITS)
    assert small.memory_bytes < 20_000_000
    assert 90_000_000 < large.memory_bytes < 130_000_000


def test_output_is_kept_up_to_the_limit(sandbox):
    exact = sandbox.run("print('x' * 9999)", LIMITS)
    assert (exact.kind, len(exact.stdout)) == ("ok", 10_000)
    more = sandbox.run("print('x' * 10000)", LIMITS)
    assert (more.kind, len(more.stdout)) == ("output", 10_000)


def test_many_come_back_in_order(sandbox):
    codes = [f"print({n})" if n % 7 else f"import time\ntime.sleep(0.1)\nprint({n})"
             for n in range(150)]  # fmt: skip
    codes[20] = "while True: pass"
    codes[40] = "from sympy import Integer\nprint(Integer(40))"
    runs = list(sandbox.run_many(codes, limits=LIMITS, parallel=4))
    assert [run.stdout for run in runs] == [f"{n}\n" if n != 20 else "" for n in range(150)]


def test_input_is_taken_lazily(sandbox):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield "print(1)"

    runs = sandbox.run_many(endless(), limits=LIMITS, parallel=1)
    assert next(runs).stdout == "1\n"
    runs.close()
    assert len(taken) < 200
    assert sandbox.run("print(2)", LIMITS).stdout == "2\n"


def test_programs_run_at_the_same_time(sandbox):
    # Each program says when it began and when it ended: at some moment several were running.
    code = "import time\nbegan = time.time()\ntime.sleep(1)\nprint(began, time.time())"
    runs = list(sandbox.run_many([code] * 4, limits=LIMITS, parallel=4))
    spans = [tuple(map(float, run.stdout.split())) for run in runs]
    assert any(a[0] < b[0] < a[1] for a in spans for b in spans)


def descriptors(pid: int) -> set[str]:
    return {entry.name for entry in Path(f"/proc/{pid}/fd").iterdir()}


def server_pids(sandbox: Sandbox) -> list[int]:
    """The launcher and the server of each interpreter."""
    found = []
    for server in sandbox._servers.values():
        launcher = server.process.pid
        children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text()
        found += [launcher, *map(int, children.split())]
    return found


def test_the_death_of_the_server_costs_nothing(caplog):
    with Sandbox() as box:
        assert box.run("print(1)", LIMITS).kind == "ok"
        codes = [f"import time\ntime.sleep(0.02)\nprint({n})" for n in range(60)]
        runs = box.run_many(codes, limits=LIMITS, parallel=2)
        os.kill(server_pids(box)[1], signal.SIGKILL)
        assert [run.stdout for run in runs] == [f"{n}\n" for n in range(60)]
    assert "starting anew" in caplog.text


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    before = descriptors(os.getpid())
    with Sandbox() as box:
        box.run("print(1)", LIMITS)
        run = box.run("import os\nprint(os.getcwd())", LIMITS)
        directory = Path(run.stdout.strip())
        pids = server_pids(box)
        assert directory.is_dir()
    assert not directory.exists()
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert descriptors(os.getpid()) == before


def test_the_server_keeps_no_descriptors_and_no_zombies(sandbox):
    mixed = [
        "print(1)",
        "1/0",
        "while True: pass",
        "import os\nos.close(1)",
        "import os\nos.fork()",
    ]
    limits = Limits(cpu_seconds=0.05)
    server = server_pids(sandbox)[1]
    children = Path(f"/proc/{server}/task/{server}/children")

    def idle() -> set[str]:
        # A shared child ends when it has had nothing to do for a while.
        deadline = time.monotonic() + 30 * sharing.IDLE_SECONDS
        while children.read_text() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert children.read_text() == ""
        return descriptors(server)

    before = idle()
    list(sandbox.run_many(mixed * 10, limits=limits, parallel=3))
    assert idle() == before


def test_the_sandbox_dies_with_its_worker():
    code = """
        import subprocess, sys, time
        from udfs.verify.sandbox import Sandbox, Limits
        box = Sandbox()
        box.run("1", Limits())
        launcher = box._servers["standard"].process.pid
        children = open(f"/proc/{launcher}/task/{launcher}/children").read()
        print(launcher, children, flush=True)
        box.run("import time; time.sleep(100)", Limits(wall_seconds=100))
    """
    worker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    )
    pids = [int(pid) for pid in worker.stdout.readline().split()]
    worker.kill()
    worker.wait()
    worker.stdout.close()
    deadline = time.monotonic() + 10
    while [p for p in pids if Path(f"/proc/{p}").exists()] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(pids) == 2
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_a_required_layer_that_is_missing_is_an_error_with_its_remedy(monkeypatch):
    monkeypatch.setattr(zygote, "LAYERS", (*zygote.LAYERS, "vault"))
    monkeypatch.setitem(module._REMEDIES, "vault", "buy one")
    with (
        pytest.raises(IsolationError, match=r"lacks vault.*buy one"),
        Sandbox(require=frozenset({"vault"})) as box,
    ):
        box.run("print(1)", LIMITS)


def test_a_missing_layer_is_said_once(monkeypatch, caplog):
    monkeypatch.setattr(zygote, "LAYERS", (*zygote.LAYERS, "vault"))
    monkeypatch.setitem(module._REMEDIES, "vault", "buy one")
    monkeypatch.setattr(module, "_warned", set())
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with Sandbox() as box:
                box.run("print(1)", LIMITS)
    assert caplog.text.count("WITHOUT vault") == 1


def test_an_unknown_layer_is_an_error():
    with pytest.raises(ValueError, match="unknown layer seccamp"):
        Sandbox(require=frozenset({"seccamp"}))


@pytest.mark.parametrize("name", ["wall_seconds", "cpu_seconds", "memory_bytes", "output_bytes"])
def test_limits_must_be_positive(name):
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 0})
