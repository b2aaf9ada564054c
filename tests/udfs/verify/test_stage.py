"""programs -> verdicts: every program in gives one verdict out, and it is the true one."""

import os
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf import tables
from udfs.verify import judging, sandbox, stage, zygote
from udfs.verify.sandbox import IsolationError, Sandbox

SETTINGS = {
    "wall_seconds": 20.0,
    "cpu_seconds": 0.5,
    "memory_bytes": 256 << 20,
    "output_bytes": 10_000,
    "parallel": 2,
    "require": frozenset({"rlimits"}),
}

# Code, stated result, relation, modulus, outcome.
CASES = [
    ("a = 3\nb = 4\nprint((a**2 + b**2) ** 0.5)", "5", "eq", None, "verified"),
    ("print(3 + 4)", "8", "eq", None, "mismatch"),
    ("from fractions import Fraction\nprint(Fraction(1, 3) + Fraction(1, 6))", r"\frac12", "eq",
     None, "verified"),
    ("from sympy import *\nx = symbols('x')\nprint(factor(x**2 - 1))", "x^2-1", "eq", None,
     "verified"),
    ("import math\nprint(math.pi * 2)", "6.28", "approx", None, "verified"),
    ("print(7)", "7", "eq", None, "trivial"),
    ("x = 3", "3", "eq", None, "no_result"),
    ("print('the answer is plain')", r"\heartsuit\diamondsuit", "eq", None, "no_result"),
    ("print(1/0)", "0", "eq", None, "error"),
    ("print(", "0", "eq", None, "error"),
    ("print('9' * 10**6)", "9", "eq", None, "error"),
    ("while True: pass", "0", "eq", None, "timeout"),
    ("print(len([0] * 10**10))", "10", "eq", None, "memory"),
    ("import socket\nsocket.socket()", "1", "eq", None, "blocked"),
    ("print(open('/etc/passwd').read())", "1", "eq", None, "blocked"),
]  # fmt: skip


def programs(cases) -> pa.RecordBatch:
    schema = tables.arrow_schema(tables.PROGRAMS)
    rows = [
        {
            "program_id": f"program-{number}",
            "context_id": "context",
            "doc_id": f"document-{number // 3}",
            "span_start": 0,
            "span_end": 1,
            "translator": "symbolic",
            "translator_version": "1",
            "relation": relation,
            "modulus": modulus,
            "translate_seconds": 0.0,
            "expression": "e",
            "result": result,
            "conditions": [],
            "code": code,
        }
        for number, (code, result, relation, modulus, _) in enumerate(cases)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def verify(*batches: pa.RecordBatch, **changes) -> list[dict]:
    found = list(stage.verify(batches, **(SETTINGS | changes)))
    return [row for batch in found for row in batch.to_pylist()]


def stable(rows: list[dict]) -> list[dict]:
    measured = {"wall_seconds", "cpu_seconds", "memory_bytes"}
    return [{name: row[name] for name in row.keys() - measured} for row in rows]


@pytest.fixture(scope="module")
def verdicts() -> list[dict]:
    return verify(programs(CASES))


@pytest.mark.parametrize("number", range(len(CASES)))
def test_outcome(verdicts, number):
    assert verdicts[number]["outcome"] == CASES[number][-1], (CASES[number], verdicts[number])


def test_rows_are_those_of_the_table_in_order(verdicts):
    (batch,) = stage.verify([programs(CASES[:2])], **SETTINGS)
    assert batch.schema.equals(tables.arrow_schema(tables.VERDICTS))
    assert [row["program_id"] for row in verdicts] == [
        f"program-{number}" for number in range(len(CASES))
    ]
    assert [row["doc_id"] for row in verdicts] == [
        f"document-{number // 3}" for number in range(len(CASES))
    ]


def test_a_verdict_names_the_isolation_it_was_reached_in(verdicts):
    with Sandbox() as own:
        assert {row["isolation"] for row in verdicts} == {own.isolation}


def test_a_verdict_has_a_method_only_when_something_was_compared(verdicts):
    for row in verdicts:
        compared = row["outcome"] in ("verified", "mismatch", "trivial")
        assert (row["method"] is not None) == compared, row


def test_output_and_error_are_null_when_there_is_none(verdicts):
    assert verdicts[6]["output"] is None
    assert verdicts[0]["error"] is None
    assert verdicts[8]["error"] == "ZeroDivisionError: division by zero"


QUICK = [case for case in CASES if case[-1] not in ("timeout", "memory")]


@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, len(QUICK)), max_size=3).map(sorted))
def test_the_result_does_not_depend_on_batching(cuts):
    whole = programs(QUICK)
    edges = [0, *cuts, len(QUICK)]
    pieces = [whole.slice(a, b - a) for a, b in pairwise(edges)]
    assert stable(verify(*pieces)) == stable(verify(whole))


def test_the_result_does_not_depend_on_parallelism():
    assert stable(verify(programs(QUICK), parallel=1)) == stable(verify(programs(QUICK)))


def test_identical_programs_run_once():
    code = "import time\nprint(time.perf_counter_ns() * 0 + time.time_ns())"
    rows = verify(programs([(code, "1", "eq", None, "")] * 5))
    assert len({row["output"] for row in rows}) == 1


def test_identical_programs_are_judged_by_their_own_stated_results():
    code = "print(3 + 4)"
    rows = verify(
        programs([(code, result, "eq", None, "") for result in ("7", "8", r"\frac{14}2")])
    )
    assert [row["outcome"] for row in rows] == ["verified", "mismatch", "verified"]


def test_a_large_batch_comes_out_in_pieces():
    count = 2 * stage.ROWS + 10
    batches = list(stage.verify([programs([CASES[1]] * count)], **SETTINGS))
    assert [batch.num_rows for batch in batches] == [stage.ROWS, stage.ROWS, 10]


def test_an_empty_batch_is_nothing():
    assert verify(programs([])) == []


def test_no_comparison_is_too_much():
    nasty = [
        ("print('9**9**9**9**9')", "9^{9^{9^{9^9}}}", "eq", None, ""),
        ("print('(' * 9000)", "(" * 9000, "eq", None, ""),
        ("print('1' * 9000)", "2" * 9000, "eq", None, ""),
        ("print(chr(0), chr(0xD800))", "\x00", "eq", None, ""),
        ("print('factorial(10**12)')", r"(10^{12})!", "eq", None, ""),
    ]
    rows = verify(programs([*nasty, CASES[0]]))
    assert len(rows) == len(nasty) + 1
    assert {row["outcome"] for row in rows[:-1]} <= {"no_result", "mismatch", "trivial"}
    assert rows[-1]["outcome"] == "verified"


def test_a_comparison_that_crashes_or_hangs_is_no_result(monkeypatch):
    # The real comparison is not known to do either; the way out has to work all the same.
    def judge(question):
        if "crash" in question.code:
            os.abort()
        while "hang" in question.code:
            pass
        return "verified", "number"

    monkeypatch.setattr(judging, "judge", judge)
    monkeypatch.setattr(judging, "COMPARE_SECONDS", 0.2)
    codes = ["print('a', 'crash')", "print('a', 'hang')", "print('a', 'fine')"]
    rows = verify(programs([(code, "a", "eq", None, "") for code in codes]))
    assert [row["outcome"] for row in rows] == ["no_result", "no_result", "verified"]


def test_a_missing_layer_stops_the_stage_with_its_name(monkeypatch):
    monkeypatch.setattr(zygote, "LAYERS", (*zygote.LAYERS, "vault"))
    monkeypatch.setitem(sandbox._REMEDIES, "vault", "buy one")
    with pytest.raises(IsolationError, match="vault"):
        verify(programs(CASES[:1]), require=frozenset({"vault"}))


def test_only_plain_numbers_are_judged_in_process(monkeypatch):
    monkeypatch.setattr(judging, "judge", lambda _: ("verified", str(os.getpid())))

    def judged_by(expression):
        question = judging.Question("print(5)", "5", "5", "eq", None, (), expression)
        ((_, where),) = judging.judge_all([question])
        return where

    assert judged_by(r"2 + \frac{6}{2}") == str(os.getpid())
    assert judged_by(r"\sum_{k=1}^{10^9} \frac{1}{k^3}") != str(os.getpid())
    assert judged_by(r"9^{9^9}") != str(os.getpid())
