"""A row that crashes, hangs or swallows memory costs that row and no other."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.isolate import Failure, isolated

MIB = 1 << 20


def crash() -> None:
    ctypes.string_at(0)


def spin() -> None:
    while True:
        pass


def spin_in_native_code() -> None:
    sum(range(10**12))


def swallow() -> bytes:
    return bytes(10**9)


def leave() -> None:
    os._exit(0)


def raise_value_error() -> None:
    raise ValueError("no such formula")


ACTIONS = {
    "crash": (crash, "crashed"),
    "leave": (leave, "crashed"),
    "spin": (spin, "timeout"),
    "native": (spin_in_native_code, "timeout"),
    "swallow": (swallow, "memory"),
    "raise": (raise_value_error, "error"),
}


def act(row: tuple[int, str]) -> int:
    number, action = row
    if action in ACTIONS:
        ACTIONS[action][0]()
    return 2 * number


def run(function, rows, *, cpu_seconds=0.1, wall_seconds=None, memory_bytes=200 * MIB):
    return list(
        isolated(
            function,
            rows,
            cpu_seconds=cpu_seconds,
            wall_seconds=wall_seconds,
            memory_bytes=memory_bytes,
        )
    )


def children() -> set[int]:
    return {
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
    }


def descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir()}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from([*["fine"] * 12, *["crash"] * 2, "leave", "raise", "swallow", "spin"]),
        max_size=150,
    )
)
def test_every_row_has_its_own_outcome_in_order(actions):
    rows = list(enumerate(actions))
    if actions.count("spin") > 3:
        rows = [(number, action) for number, action in rows if action != "spin"]

    results = run(act, rows, cpu_seconds=0.05)

    assert len(results) == len(rows)
    for (number, action), result in zip(rows, results, strict=True):
        if action == "fine":
            assert result == 2 * number
        else:
            assert isinstance(result, Failure)
            assert result.reason == ACTIONS[action][1], (number, action, result)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_a_bad_row_among_good_ones_is_named(action):
    results = run(act, [(0, "fine"), (1, action), (2, "fine")])
    assert results[0] == 0
    assert isinstance(results[1], Failure)
    assert results[1].reason == ACTIONS[action][1]
    assert results[2] == 4


def test_the_detail_of_an_exception_is_its_last_line():
    assert run(act, [(0, "raise")]) == [Failure("error", "ValueError: no such formula")]


def test_rows_of_every_size_come_through():
    rows = [bytes(size) for size in (0, 1, 100, 3 * MIB, 0, 10 * MIB, 5)] * 3
    assert run(lambda row: row, rows) == rows


def test_a_row_larger_than_the_memory_limit_is_not_tried():
    first, large, last = run(len, [b"a", bytes(3 * MIB), b"bc"], memory_bytes=2 * MIB)
    assert (first, last) == (1, 2)
    assert large.reason == "memory"


def test_a_row_that_does_not_pickle_is_an_error():
    first, lock, last = run(lambda row: row, [1, threading.Lock(), 2])
    assert (first, last) == (1, 2)
    assert lock.reason == "error"


def test_a_result_that_does_not_pickle_is_an_error():
    first, last = run(lambda row: threading.Lock() if row else row, [0, 1])
    assert first == 0
    assert last.reason == "error"


def test_waiting_costs_no_cpu_time_and_ends_at_the_wall_limit():
    def wait(row: float) -> float:
        time.sleep(row)
        return row

    short, long = run(wait, [0.3, 100.0], cpu_seconds=0.1, wall_seconds=1.0)
    assert short == 0.3
    assert long.reason == "timeout"
    assert "wall" in long.detail


def test_a_stopped_machine_costs_no_good_row():
    # The child gets no CPU for longer than its CPU limit: its clock must not run meanwhile.
    def stop_once(row: int) -> int:
        if row == 5:
            subprocess.Popen(["sh", "-c", f"sleep 0.5; kill -CONT {os.getpid()}"])
            os.kill(os.getpid(), signal.SIGSTOP)
        return row

    assert run(stop_once, range(10), cpu_seconds=0.1) == list(range(10))


def test_memory_left_behind_by_earlier_rows_is_not_charged_to_later_ones():
    hoard: list[bytes] = []

    def leak(row: int) -> int:
        hoard.append(b"x" * (10 * MIB))
        return row

    assert run(leak, range(200), memory_bytes=150 * MIB) == list(range(200))


def test_a_row_is_judged_in_a_fresh_child_whatever_came_before():
    served: list[int] = []

    def crash_when_not_first(row: int) -> int:
        served.append(row)
        if row == 50 and len(served) > 1:
            crash()
        return row

    assert run(crash_when_not_first, range(100)) == list(range(100))


def test_results_stream_without_waiting_for_the_input_to_end():
    pulled = []

    def endless():
        number = 0
        while True:
            pulled.append(number)
            yield number
            number += 1

    results = isolated(lambda row: row, endless(), cpu_seconds=1, memory_bytes=100 * MIB)
    assert [next(results) for _ in range(10)] == list(range(10))
    results.close()
    assert len(pulled) < 1000


def test_an_error_of_the_input_comes_through():
    def broken():
        yield 1
        raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        run(lambda row: row, broken())


@pytest.mark.parametrize("limits", [{"cpu_seconds": 0}, {"memory_bytes": 0}, {"wall_seconds": -1}])
def test_limits_must_be_positive(limits):
    with pytest.raises(ValueError, match="positive"):
        run(len, [b"a"], **limits)


def test_nothing_is_left_behind():
    before = children(), descriptors()
    run(act, [(0, "fine"), (1, "crash"), (2, "spin"), (3, "fine")])
    unfinished = isolated(lambda row: row, range(10**6), cpu_seconds=1, memory_bytes=100 * MIB)
    next(unfinished)
    unfinished.close()
    assert (children(), descriptors()) == before


def open_paths() -> list[str]:
    links = []
    for entry in list(Path("/dev/fd").iterdir()):
        with contextlib.suppress(FileNotFoundError):  # the directory's own descriptor
            links.append(str(entry.readlink()))
    return links


def test_the_child_holds_no_descriptor_of_the_parent(tmp_path):
    with (tmp_path / "open").open("w"):
        assert [path for path in open_paths() if str(tmp_path) in path]
        (held,) = run(lambda _: open_paths(), [0])
    assert not [path for path in held if str(tmp_path) in path]


def test_works_with_other_threads_about():
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        assert run(act, [(0, "fine"), (1, "crash"), (2, "fine")])[2] == 4
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_two_at_once_do_not_disturb_each_other():
    first = isolated(lambda row: row, range(500), cpu_seconds=1, memory_bytes=100 * MIB)
    second = isolated(lambda row: -row, range(500), cpu_seconds=1, memory_bytes=100 * MIB)
    pairs = list(zip(first, second, strict=True))
    assert pairs == [(number, -number) for number in range(500)]


def test_the_child_dies_with_its_parent():
    program = textwrap.dedent(
        """
        import os, time
        from udfs.isolate import isolated
        def tell(row):
            print(os.getpid(), flush=True)
            time.sleep(60)
        next(isolated(tell, [0], cpu_seconds=50, memory_bytes=1 << 28))
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not alive(child)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
