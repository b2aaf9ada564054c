"""Whether two values are the same: numbers, expressions, sets, tuples, intervals, matrices."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

from udfs.verify.evaluate import Evaluator, Value, agree, undefined_functions
from udfs.verify.expression import (
    Call,
    Expression,
    Group,
    Interval,
    Matrix,
    Number,
    Symbol,
    context,
    is_float,
    symbols,
)
from udfs.verify.points import NEEDED_POINTS, is_discrete, values_at_points
from udfs.verify.rounding import rounds_to
from udfs.verify.stated import Stated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A binary float holds 15 to 17 digits, of which a calculation loses some.
FLOAT_DIGITS: Final = 10
# Values in a set or matrix that are compared.
MAX_ITEMS: Final = 200
# More symbols than this and a text is not stating a result.
MAX_SYMBOLS: Final = 24


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a printed value relates to a stated one.

    Attributes:
        outcome: verified, mismatch (both have a value and they differ) or no_result.
        method: number, rounded, exact, symbolic, numeric, set, tuple, interval, matrix, boolean,
            modular or equation; None for no_result.
    """

    outcome: Literal["verified", "mismatch", "no_result"]
    method: str | None = None


NO_RESULT: Final = Comparison("no_result")


def same_value(
    answer: Expression, reading: Expression, stated: Stated, relation: str
) -> Comparison:
    """Compare a printed value with one reading of a stated one, whatever kind they are of.

    Args:
        answer: what was printed.
        reading: what the text states, in one reading.
        stated: that reading with the precision it is stated to.
        relation: eq or approx.

    Raises:
        EvaluationError: a number has no value that can be computed.
    """
    if stated.is_antiderivative and isinstance(answer, Number | Symbol | Call):
        return _antiderivatives(answer, reading)
    match answer, reading:
        case ((Number() | Symbol() | Call()), (Number() | Symbol() | Call())):
            return _scalars(answer, reading, stated, relation)
        case Group(items=(only,)), (Number() | Symbol() | Call() | Matrix() | Interval()):
            return same_value(only, reading, stated, relation)
        case Group(kind="list", items=(Group(kind="tuple") as only,)), Group(kind="tuple"):
            return same_value(only, reading, stated, relation)
        case Group(kind="list" | "tuple" | "set"), Group(kind="set"):
            found = _unordered(answer.items, reading.items)
            once = tuple(dict.fromkeys(answer.items))
            if found.outcome == "mismatch" and len(once) < len(answer.items):
                # A double root stands once in a set.
                found = _unordered(once, reading.items)
            return found
        case Group(kind="list" | "tuple", items=items), Group(kind="tuple" | "list"):
            return _in_order(items, reading.items, "tuple")
        case Group(kind="union", items=items), Group(kind="union"):
            return _renamed(_unordered(items, reading.items), "interval")
        case Interval(), Interval():
            return _intervals(answer, reading)
        case Interval(low, high, True, True), Group(kind="tuple", items=(first, second)):
            return _renamed(_in_order((low, high), (first, second), "interval"), "interval")
        case Matrix(rows), Matrix(others):
            return _matrices(rows, others)
        case Matrix(rows), Group(kind="tuple", items=items) if 1 in (len(rows), len(rows[0])):
            return _in_order(tuple(item for row in rows for item in row), items, "matrix")
        case Group(kind="list" | "tuple"), Matrix(rows) if len(rows[0]) == 1 or len(rows) == 1:
            if not any(isinstance(item, Group) for item in answer.items):
                flat = tuple(item for row in rows for item in row)
                return _in_order(answer.items, flat, "matrix")
            return _nested(answer, rows)
        case Group(kind="list"), Matrix(rows):
            return _nested(answer, rows)
    return NO_RESULT


def _nested(answer: Group, rows: tuple[tuple[Expression, ...], ...]) -> Comparison:
    if all(isinstance(row, Group) for row in answer.items):
        return _matrices(tuple(row.items for row in answer.items if isinstance(row, Group)), rows)
    return NO_RESULT


def _renamed(comparison: Comparison, method: str) -> Comparison:
    return comparison if comparison.method is None else Comparison(comparison.outcome, method)


def _scalars(answer: Expression, reading: Expression, stated: Stated, relation: str) -> Comparison:
    free = symbols(answer) | symbols(reading)
    if not free:
        return same_number(answer, reading, stated, relation)
    if answer == reading:
        return Comparison("verified", "symbolic")
    return same_at_points(answer, reading, free)


def same_number(
    answer: Expression, reading: Expression, stated: Stated, relation: str
) -> Comparison:
    """Compare two expressions without free symbols."""
    left, evaluator = Evaluator().value(answer), Evaluator()
    right = evaluator.value(reading)
    mp = context()
    if not isinstance(left, Fraction) and mp.isinf(left):
        is_same = not isinstance(right, Fraction) and left == right
        return Comparison("verified" if is_same else "mismatch", "exact")
    is_rational = isinstance(left, Fraction) and isinstance(right, Fraction)
    if is_float(answer):
        if stated.digits > 15 and stated.places is None:
            return NO_RESULT
        close = agree(left, right, digits=FLOAT_DIGITS) or (
            right == 0 and abs(left) < 10.0**-FLOAT_DIGITS
        )
        if close:
            return Comparison("verified", "number")
    elif agree(left, right, digits=evaluator.digits):
        return Comparison("verified", "number" if is_rational else "exact")
    if _unknown(answer, reading):
        return NO_RESULT
    if rounds_to(left, stated, relation):
        return Comparison("verified", "rounded")
    if relation == "approx" and stated.places is None and stated.digits == 0:
        # `\pi \approx \frac{22}{7}` does not say how near it means.
        return NO_RESULT
    return Comparison("mismatch", "number" if is_rational else "exact")


def _antiderivatives(answer: Expression, reading: Expression) -> Comparison:
    difference = Call("add", (answer, Call("mul", (Number(Fraction(-1)), reading))))
    free = symbols(answer) | symbols(reading)
    if not symbols(answer) & symbols(reading):
        return NO_RESULT
    values = list(values_at_points((difference,), free, is_whole=False))
    if len(values) < NEEDED_POINTS:
        return NO_RESULT
    digits = FLOAT_DIGITS if is_float(answer) else 25
    mp = context()
    constant = all(
        mp.mpf(10) ** digits * abs(floating(first) - floating(second)) <= 1
        for (first,), (second,) in pairwise(values)
    )
    return Comparison("verified" if constant else "mismatch", "numeric")


def floating(value: Value) -> Value:
    """A value as a floating number of mpmath."""
    mp = context()
    return mp.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def same_at_points(
    left: Expression,
    right: Expression,
    free: frozenset[str],
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Comparison:
    """Compare two expressions at points of their symbols.

    Args:
        left: what was printed.
        right: what is stated.
        free: the symbols that take values.
        ranges: where the values of some of them lie.

    Raises:
        EvaluationError: a base of a power has no value.
    """
    if len(free) > MAX_SYMBOLS:
        return NO_RESULT
    digits = FLOAT_DIGITS if is_float(left) else 30
    values = list(values_at_points((left, right), free, is_whole=False, ranges=ranges))
    is_for_whole = is_discrete(left) or is_discrete(right)
    if len(values) < NEEDED_POINTS or (is_for_whole and not _all_agree(values, digits)):
        if not is_for_whole:
            return NO_RESULT
        values = list(values_at_points((left, right), free, is_whole=True, ranges=ranges))
        if len(values) < NEEDED_POINTS:
            return NO_RESULT
        return Comparison("verified", "numeric") if _all_agree(values, digits) else NO_RESULT
    if _all_agree(values, digits):
        return Comparison("verified", "numeric")
    # Other symbols than the stated ones: a condition may yet tie them.
    same = symbols(left) == symbols(right) and not _unknown(left, right)
    return Comparison("mismatch", "numeric") if same else NO_RESULT


def _all_agree(values: Sequence[tuple[Value, ...]], digits: int) -> bool:
    return all(_agree_at_point(first, second, digits) for first, second in values)


def _agree_at_point(left: Value, right: Value, digits: int) -> bool:
    if agree(left, right, digits=digits):
        return True
    # What cancels to nothing is left with rounding errors.
    return digits == 30 and bool(abs(floating(left) - floating(right)) < context().mpf(10) ** -35)


def _unknown(*expressions: Expression) -> bool:
    return any(undefined_functions(expression) for expression in expressions)


_EXACT = Stated(())


def _unordered(items: tuple[Expression, ...], others: tuple[Expression, ...]) -> Comparison:
    if max(len(items), len(others)) > MAX_ITEMS:
        return NO_RESULT
    left = list(others)
    is_unclear = False
    for item in items:
        for index, other in enumerate(left):
            outcome = same_value(item, other, _EXACT, "eq").outcome
            if outcome == "verified":
                del left[index]
                break
            is_unclear = is_unclear or outcome == "no_result"
        else:
            return NO_RESULT if is_unclear else Comparison("mismatch", "set")
    return Comparison("mismatch" if left else "verified", "set")


def _in_order(
    items: tuple[Expression, ...], others: tuple[Expression, ...], method: str
) -> Comparison:
    if max(len(items), len(others)) > MAX_ITEMS:
        return NO_RESULT
    if len(items) != len(others):
        return Comparison("mismatch", method)
    outcomes = {_entry(item, other).outcome for item, other in zip(items, others, strict=True)}
    if "mismatch" in outcomes:
        return Comparison("mismatch", method)
    return NO_RESULT if "no_result" in outcomes else Comparison("verified", method)


def _entry(item: Expression, other: Expression) -> Comparison:
    # A symbol in a tuple or matrix may stay as it is where its neighbours were computed.
    if item == other:
        return Comparison("verified", "symbolic")
    return same_value(item, other, _EXACT, "eq")


def _intervals(answer: Interval, reading: Interval) -> Comparison:
    ends = (answer.is_low_open, answer.is_high_open), (reading.is_low_open, reading.is_high_open)
    if ends[0] != ends[1]:
        return Comparison("mismatch", "interval")
    return _in_order((answer.low, answer.high), (reading.low, reading.high), "interval")


def _matrices(
    rows: tuple[tuple[Expression, ...], ...], others: tuple[tuple[Expression, ...], ...]
) -> Comparison:
    if [len(row) for row in rows] != [len(row) for row in others]:
        return Comparison("mismatch", "matrix")
    return _in_order(
        tuple(item for row in rows for item in row),
        tuple(item for row in others for item in row),
        "matrix",
    )
