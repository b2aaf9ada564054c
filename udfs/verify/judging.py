"""Says what programs have shown: what they printed is compared with what the text states.

The comparison is ours but its input is not, and no bound on its time could be kept in process.
So it runs in an isolated child, except for plain numbers, which can neither hang nor crash.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from udfs.isolate import Failure, isolated
from udfs.verify.compare import compare, is_restatement

COMPARE_SECONDS = 5.0  # CPU time of one comparison, after which there is no result
COMPARE_BYTES = 1 << 30  # memory of one comparison
_PLAIN_NUMBER = re.compile(r"\s*-?\d{1,18}(?:\.\d{1,18})?\s*")
# Sums and products of short numbers: the value of the expression is compared too.
_PLAIN_EXPRESSION = re.compile(r"(?:[\d\s.+\-*/()]|\\times|\\cdot|\\frac|[{}]){0,80}")
_PLAIN_CODE_CHARACTERS = 2000  # of a program that is looked at in process

_NO_RESULT: tuple[str, str | None] = ("no_result", None)
UNJUDGED = {
    "error": "error",
    "output": "error",
    "timeout": "timeout",
    "memory": "memory",
    "blocked": "blocked",
}
"""`verdicts.outcome` of a program that did not end well, by `Run.kind`."""


class Question(NamedTuple):
    """What the comparison of one program needs."""

    code: str
    output: str
    result: str
    relation: str
    modulus: str | None
    conditions: tuple[str, ...]
    expression: str


def judge(question: Question) -> tuple[str, str | None]:
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


def judge_all(questions: list[Question]) -> Iterator[tuple[str, str | None]]:
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


def _judge_here(question: Question) -> tuple[str, str | None]:
    """Judge in this process, where an exception would end the task."""
    try:
        return judge(question)
    except Exception:  # noqa: BLE001 - in a child it would be no result either
        return _NO_RESULT


def _is_simple(question: Question) -> bool:
    """Whether judging is a matter of short numbers."""
    return bool(
        len(question.code) <= _PLAIN_CODE_CHARACTERS
        and question.modulus is None
        and _PLAIN_NUMBER.fullmatch(question.output)
        and _PLAIN_NUMBER.fullmatch(question.result)
        and _PLAIN_EXPRESSION.fullmatch(question.expression)
    )
