"""Turns programs into verdicts: each is run in the sandbox, and what it printed is compared."""

import functools
import os
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from conf import tables
from udfs.verify.expression import context
from udfs.verify.judging import UNJUDGED, Question, judge_all
from udfs.verify.sandbox import Limits, Run, Sandbox

VERIFIER = "verify-2"

ROWS = 256  # programs in a batch of verdicts: at most 16 MiB of output


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
        Question(
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
    answers = dict(zip(asked, judge_all(asked), strict=True))
    isolation = sandbox.isolation if rows else ""
    found = []
    for row, question in zip(rows, questions, strict=True):
        run = runs[question.code]
        outcome, method = answers[question] if run.kind == "ok" else (UNJUDGED[run.kind], None)
        found.append(_verdict(row, run, outcome, method, isolation))
    return pa.RecordBatch.from_pylist(found, schema=tables.arrow_schema(tables.VERDICTS))


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
