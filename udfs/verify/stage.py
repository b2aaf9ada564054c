"""Turns programs into verdicts: each is run in the sandbox, and what it printed is compared.

The comparison is ours but its input is not, and no bound on its time could be kept in process.
So it runs in an isolated child, except for two plain numbers, which can neither hang nor crash.
"""

import functools
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, NamedTuple

import pyarrow as pa

from conf import tables
from udfs.isolate import Failure, isolated
from udfs.verify.compare import compare, is_restatement
from udfs.verify.expression import context
from udfs.verify.sandbox import Limits, Run, Sandbox

VERIFIER = "verify-2"

ROWS = 256  # programs in a batch of verdicts: at most 16 MiB of output
COMPARE_SECONDS = 5.0  # CPU time of one comparison, after which there is no result
COMPARE_BYTES = 1 << 30  # memory of one comparison
_PLAIN_NUMBER = re.compile(r"\s*-?\d{1,18}(?:\.\d{1,18})?\s*")
_PLAIN_CODE_CHARACTERS = 2000  # of a program that is looked at in process

_NO_RESULT: tuple[str, str | None] = ("no_result", None)
_OUTCOMES = {
    "error": "error",
    "output": "error",
    "timeout": "timeout",
    "memory": "memory",
    "blocked": "blocked",
}


class _Question(NamedTuple):
    """What the comparison of one program needs."""

    code: str
    output: str
    result: str
    relation: str
    modulus: str | None
    conditions: tuple[str, ...]
    expression: str


def judge(question: _Question) -> tuple[str, str | None]:
    """Say what a program that ended well has shown.

    Returns:
        Outcome (verified, mismatch, trivial or no_result) and method of `verdicts`.
    """
    if not question.output.strip():
        return _NO_RESULT
    found = compare(
        question.output,
        question.result,
        relation=question.relation,
        modulus=question.modulus,
        conditions=question.conditions,
        expression=question.expression,
    )
    if found.outcome == "verified" and is_restatement(question.code, question.result):
        return "trivial", found.method
    return found.outcome, found.method


def verify(
    batches: Iterable[pa.RecordBatch],
    *,
    wall_seconds: float,
    cpu_seconds: float,
    memory_bytes: int,
    output_bytes: int,
    parallel: int,
    require: frozenset[str],
) -> Iterator[pa.RecordBatch]:
    """Run programs and compare what they print with what the text states.

    Args:
        batches: rows of `programs` that have code; reads `program_id`, `doc_id`, `code`,
            `relation`, `result` (LaTeX), `modulus` and `conditions`.
        wall_seconds: time that one program may take. Generous: CPU time is the measure, this
            ends what waits.
        cpu_seconds: CPU time that one program may use.
        memory_bytes: memory that one program may add to the idle sandbox.
        output_bytes: standard output of one program.
        parallel: programs that run at the same time.
        require: layers of isolation without which nothing is run (`udfs.verify.sandbox`).

    Yields:
        Rows of `verdicts`, one a program, in order. A comparison that did not end is
        `no_result`.

    Raises:
        IsolationError: the machine lacks a required layer.
        ValueError: a limit is not positive. No single program raises.
    """
    limits = Limits(wall_seconds, cpu_seconds, memory_bytes, output_bytes)
    sandbox = _sandbox(os.getpid(), require)
    context()  # imports mpmath here, once, and not in every child that compares
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            rows = batch.slice(start, ROWS).to_pylist()
            yield verdicts(rows, sandbox, limits, parallel)


def verdicts(
    rows: list[dict[str, Any]], sandbox: Sandbox, limits: Limits, parallel: int
) -> pa.RecordBatch:
    """Run and judge some programs; one program that occurs several times runs once.

    Args:
        rows: rows of `programs`.
        sandbox: where they run.
        limits: what each may use.
        parallel: how many run at a time.
    """
    codes = list(dict.fromkeys(row["code"] for row in rows))
    outcomes = sandbox.run_many(codes, limits=limits, parallel=parallel)
    runs = dict(zip(codes, outcomes, strict=True))
    questions = [
        _Question(
            row["code"],
            runs[row["code"]].stdout,
            row["result"],
            row["relation"],
            row["modulus"],
            tuple(row["conditions"]),
            row["expression"],
        )
        for row in rows
    ]
    asked = list(dict.fromkeys(each for each in questions if runs[each.code].kind == "ok"))
    answers = dict(zip(asked, _judge_all(asked), strict=True))
    isolation = sandbox.isolation if rows else ""
    found = []
    for row, question in zip(rows, questions, strict=True):
        run = runs[question.code]
        outcome, method = answers[question] if run.kind == "ok" else (_OUTCOMES[run.kind], None)
        found.append(_verdict(row, run, outcome, method, isolation))
    return pa.RecordBatch.from_pylist(found, schema=tables.arrow_schema(tables.VERDICTS))


def _judge_all(questions: list[_Question]) -> Iterator[tuple[str, str | None]]:
    """Answer questions in order, the simple ones here and the others in a child."""
    answers = isolated(
        judge,
        [question for question in questions if not _is_simple(question)],
        cpu_seconds=COMPARE_SECONDS,
        memory_bytes=COMPARE_BYTES,
    )
    with closing(answers) as hard:
        for question in questions:
            answer = _judge_here(question) if _is_simple(question) else next(hard)
            yield _NO_RESULT if isinstance(answer, Failure) else answer


def _judge_here(question: _Question) -> tuple[str, str | None]:
    """Judge in this process, where an exception would end the task."""
    try:
        return judge(question)
    except Exception:  # noqa: BLE001 - in a child it would be no result either
        return _NO_RESULT


def _is_simple(question: _Question) -> bool:
    """Whether judging is a matter of two short numbers."""
    return bool(
        len(question.code) <= _PLAIN_CODE_CHARACTERS
        and question.modulus is None
        and _PLAIN_NUMBER.fullmatch(question.output)
        and _PLAIN_NUMBER.fullmatch(question.result)
    )


def _verdict(
    row: dict[str, Any], run: Run, outcome: str, method: str | None, isolation: str
) -> dict[str, Any]:
    """One row of `verdicts`."""
    return {
        "program_id": row["program_id"],
        "doc_id": row["doc_id"],
        "outcome": outcome,
        "method": method,
        "verifier": VERIFIER,
        "isolation": isolation,
        "exit_code": run.exit_code,
        "wall_seconds": run.wall_seconds,
        "cpu_seconds": run.cpu_seconds,
        "memory_bytes": run.memory_bytes,
        "output": run.stdout or None,
        "error": run.error,
    }


@functools.cache
def _sandbox(pid: int, require: frozenset[str]) -> Sandbox:  # noqa: ARG001 - a fork needs its own
    """The worker's sandbox, warm from its first batch to its end."""
    return Sandbox(require=require)
