"""The budget of requests, on a clock of its own and shared by processes."""

import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.files import budget
from udfs.files.budget import BURST, Budget, Turn, cut, rate_now, taken

START = Turn(0, 0, 0)


def send(turn, now, most, count):
    """Take as many requests as fast as the budget allows; return the state and when each left."""
    left = []
    for _ in range(count):
        turn, wait = taken(turn, now, most)
        now += wait
        left.append(now)
    return turn, left


@given(st.floats(0.5, 500), st.integers(1, 200), st.floats(1, 1e6))
def test_no_second_sees_more_than_the_budget_and_a_burst(most, count, now):
    _, left = send(START, now, most, count)
    for begin in left:
        assert sum(begin <= time < begin + 1 for time in left) <= most + BURST + 1


@given(st.floats(0.5, 500), st.floats(1, 1e6), st.floats(0, 100))
def test_a_busy_server_halves_the_rate_which_grows_back(most, now, after):
    turn = cut(START, now, most, 0)
    assert rate_now(turn, now, most) == pytest.approx(max(most / 2, min(0.2, most)))
    assert rate_now(turn, now + after, most) <= most
    assert rate_now(turn, now + budget.RECOVERY_SECONDS, most) == most


def test_answers_to_requests_of_the_same_moment_cut_once():
    turn = START
    for part in range(20):
        turn = cut(turn, 100 + part / 100, 50.0, 0)
    assert turn.rate == 25


@given(st.floats(0, 1e9))
def test_a_pause_is_kept_and_bounded(pause):
    _, wait = taken(cut(START, 1000.0, 50.0, pause), 1000.0, 50.0)
    assert wait >= min(pause, budget.MOST_PAUSE_SECONDS) - BURST / 25 - 1e-6
    assert wait <= budget.MOST_PAUSE_SECONDS


def test_processes_share_a_budget(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    code = (
        "from udfs.files.budget import Budget; b = Budget('s', 20.0)\nfor _ in range(10): b.take()"
    )
    Budget("s", 20.0).take()
    began = time.monotonic()
    both = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    # 21 requests, of which 8 leave at once: the others 1/20 s apart.
    assert time.monotonic() - began >= (21 - BURST - 1) / 20


def test_a_state_from_before_a_restart_of_the_machine_is_forgotten(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    one = Budget("s", 1000.0)
    one.take()
    future = time.monotonic() + 1e6
    one._path.write_bytes(budget._STATE.pack(future, 1.0, future))
    one.take()
    assert budget._STATE.unpack(one._path.read_bytes())[0] < time.monotonic() + 1


def test_where_no_file_can_be_written_the_budget_is_the_process_own(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file" / "below"))
    (tmp_path / "file").write_bytes(b"")
    one = Budget("s", 1000.0)
    for _ in range(3):
        one.take()
    assert len(one._own) == budget._STATE.size
