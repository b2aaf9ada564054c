r"""Does what a program printed agree with what the text states? By meaning, in bounded time.

`1/2`, `0.5` and `\frac{\sqrt4}{4}` agree, `x^2-1` agrees with `(x-1)(x+1)`, a set with a set in
any order, an approximation to the digits stated. What cannot be compared is `no_result`: nothing
is `verified` because a comparison failed, timed out or met a notation that is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import gcd
from typing import TYPE_CHECKING, Final, Literal

from udfs.verify.answer import UnreadableError, last_line, read_answer, read_number
from udfs.verify.definitions import apply_definitions, bounds, defined_functions, definitions
from udfs.verify.evaluate import EvaluationError, Evaluator, Value, agree, undefined_functions
from udfs.verify.expression import (
    CONSTANTS,
    EULER_NUMBER,
    IMAGINARY_UNIT,
    Call,
    Expression,
    Group,
    Interval,
    Matrix,
    Number,
    Symbol,
    Truth,
    context,
    is_float,
    replace,
    substitute,
    symbols,
)
from udfs.verify.points import NEEDED_POINTS, is_discrete, values_at_points
from udfs.verify.restatement import is_restatement
from udfs.verify.stated import Stated, UnstatedError, is_symbol, read_plain, read_stated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Comparison", "compare", "is_restatement"]

# A binary float holds 15 to 17 digits, of which a calculation loses some.
FLOAT_DIGITS: Final = 10
# Values in a set or matrix that are compared.
MAX_ITEMS: Final = 200
# More symbols than this and a text is not stating a result.
MAX_SYMBOLS: Final = 24

_ORDER: dict[str, Callable[[Value, Value], bool]] = {
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
}


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


_NO_RESULT = Comparison("no_result")


def compare(
    output: str,
    result: str,
    *,
    relation: str,
    modulus: str | None = None,
    conditions: Sequence[str] = (),
    expression: str | None = None,
) -> Comparison:
    """Judge a program's output against the stated result.

    Args:
        output: standard output; the last line that is not blank counts. For an inequality it is
            the value of the left side.
        result: LaTeX of the stated result, the right side.
        relation: eq, approx, equiv, lt, le, gt or ge.
        modulus: LaTeX of the modulus of a congruence.
        conditions: LaTeX of what the text says of the symbols in it.
        expression: LaTeX of what was computed. Several values of a single symbol are the roots
            of an equation, of which a text may state one; several values of anything else, or
            of nobody knows what (None), must all be the stated one.

    Returns:
        The outcome. It never raises, whatever the text: what cannot be read is `no_result`.
    """
    line = last_line(output)
    if not line:
        return _NO_RESULT
    number = read_number(line)
    plain = read_plain(result) if number is not None else None
    if number is not None and plain is not None and relation in ("eq", "approx"):
        return _compare_numbers(number, plain, relation)
    try:
        answer = read_answer(line)
        if isinstance(answer, Group) and answer.kind in ("list", "set") and len(answer.items) > 1:
            roots = _roots(answer, result, relation, conditions, expression)
            if roots is not None:
                return roots
        return _compare_read(answer, result, relation, modulus, conditions)
    except (UnreadableError, UnstatedError, EvaluationError, RecursionError):
        return _NO_RESULT


def _compare_numbers(number: Number, stated: Stated, relation: str) -> Comparison:
    reading = stated.readings[0]
    assert isinstance(reading, Number)
    if number.value == reading.value and (number.is_exact or stated.digits <= 15):
        return Comparison("verified", "number")
    if stated.places is None and relation == "eq" and number.is_exact:
        return Comparison("mismatch", "number")
    return _closed(number, reading, stated, relation)


def _roots(
    answer: Group,
    result: str,
    relation: str,
    conditions: Sequence[str],
    expression: str | None,
) -> Comparison | None:
    """Compare a stated value with several computed ones; None when several are stated."""
    stated = read_stated(result, defined_functions(conditions))
    if not all(isinstance(reading, Number | Symbol | Call) for reading in stated.readings):
        return None
    if len(answer.items) > MAX_ITEMS:
        return _NO_RESULT
    outcomes = [
        _compare_read(item, result, relation, None, conditions).outcome for item in answer.items
    ]
    if all(outcome == "verified" for outcome in outcomes):
        return Comparison("verified", "set")
    if "verified" not in outcomes:
        return _NO_RESULT if "no_result" in outcomes else Comparison("mismatch", "set")
    if expression is None or not is_symbol(expression):
        return _NO_RESULT
    # Of two roots that differ in their sign a text that does not say so means the positive one:
    # a length, a count. The negative one may be a slip.
    if any(_is_negative(reading) for reading in stated.readings):
        opposite = rf"-\left({result}\right)"
        for item in answer.items:
            if _compare_read(item, opposite, relation, None, conditions).outcome == "verified":
                return _NO_RESULT
    return Comparison("verified", "set")


def _is_negative(reading: Expression) -> bool:
    try:
        return bool(_real_value(reading) < 0)
    except EvaluationError:
        return False


def _compare_read(
    answer: Expression,
    result: str,
    relation: str,
    modulus: str | None,
    conditions: Sequence[str],
) -> Comparison:
    stated = read_stated(result, defined_functions(conditions))
    outcomes = []
    for reading in stated.readings:
        first, second = _name_constants(answer, reading)
        outcomes.append(_judge(first, second, stated, relation, modulus, conditions))
        if outcomes[-1].outcome == "verified":
            return outcomes[-1]
    return outcomes[0]


def _judge(
    answer: Expression,
    reading: Expression,
    stated: Stated,
    relation: str,
    modulus: str | None,
    conditions: Sequence[str],
) -> Comparison:
    if relation == "eq" and not isinstance(answer, Truth):
        unbound = _same(answer, reading, stated, relation)
        if unbound == Comparison("mismatch", "numeric") and conditions:
            # They differ somewhere; where the text speaks of them they may not.
            unbound = _within(answer, reading, conditions) or unbound
        if unbound.outcome == "verified" or not (conditions and _free(reading)):
            return unbound
    if conditions and _free(reading):
        # What the program left as a symbol stays one: at `a = 0` all multiples of a agree.
        reading = apply_definitions(reading, definitions(conditions, except_for=symbols(answer)))
        answer, reading = _name_constants(answer, reading)
    if isinstance(answer, Truth):
        return _truth(answer, reading, relation)
    if relation == "equiv":
        return _congruent(answer, reading, modulus)
    if relation in _ORDER:
        return _ordered(answer, reading, relation)
    return _same(answer, reading, stated, relation)


def _within(
    answer: Expression, reading: Expression, conditions: Sequence[str]
) -> Comparison | None:
    """Compare at points inside the bounds that conditions set; None where they set none."""
    free = symbols(answer) | symbols(reading)
    evaluator = Evaluator()
    ranges: dict[str, tuple[float, float]] = {}
    for name, ends in bounds(conditions).items():
        if name in free:
            low, high = (
                None if end is None else float(context().re(evaluator.value(end))) for end in ends
            )
            low = low if low is not None else min(0.0, (high or 0.0) - 10.0)
            ranges[name] = (low, high if high is not None else max(10.0, low + 10.0))
    if not ranges or any(not low < high for low, high in ranges.values()):
        return None
    return _at_points(answer, reading, free, ranges)


def _free(*expressions: Expression) -> frozenset[str]:
    return frozenset().union(
        *(symbols(expression) | undefined_functions(expression) for expression in expressions)
    )


def _name_constants(answer: Expression, reading: Expression) -> tuple[Expression, Expression]:
    """Tell constants from symbols of the same name.

    SymPy prints `E` and `I` for Euler's number and the imaginary unit, a text writes `e` and `i`,
    and each may call a point or an index so. A letter that both sides use is a symbol.
    """
    stated, printed = symbols(reading), symbols(answer)
    clashes = {CONSTANTS[name]: Symbol(name) for name in ("E", "I") if name in stated}
    if clashes:
        answer = replace(answer, clashes)
    letters = {"e": EULER_NUMBER, "i": IMAGINARY_UNIT}
    return answer, substitute(
        reading, {name: value for name, value in letters.items() if name not in printed}
    )


def _truth(answer: Truth, reading: Expression, relation: str) -> Comparison:
    if relation in _ORDER:
        # The program evaluated the whole relation.
        return Comparison("verified" if answer.value else "mismatch", "boolean")
    names = {"true": True, "false": False}
    if isinstance(reading, Symbol) and reading.name.lower() in names:
        agrees = names[reading.name.lower()] == answer.value
        return Comparison("verified" if agrees else "mismatch", "boolean")
    return _NO_RESULT


def _congruent(answer: Expression, reading: Expression, modulus: str | None) -> Comparison:
    if modulus is None:
        return _NO_RESULT
    divisor = Evaluator().value(read_stated(modulus).readings[0])
    left, right = Evaluator().value(answer), Evaluator().value(reading)
    if not all(isinstance(value, Fraction) for value in (divisor, left, right)):
        return _NO_RESULT
    if divisor.denominator != 1 or divisor == 0 or is_float(answer):
        return _NO_RESULT
    size = abs(int(divisor))
    if any(gcd(value.denominator, size) != 1 for value in (left, right)):
        return _NO_RESULT
    # A fraction stands for its numerator times the inverse of its denominator, which is coprime.
    return Comparison("mismatch" if (left - right).numerator % size else "verified", "modular")


def _ordered(answer: Expression, reading: Expression, relation: str) -> Comparison:
    left, right = (_real_value(value) for value in (answer, reading))
    if agree(left, right, digits=FLOAT_DIGITS if is_float(answer) else 35):
        # Equal as far as can be told; of floats not even that.
        if is_float(answer):
            return _NO_RESULT
        return Comparison("verified" if relation in ("le", "ge") else "mismatch", "number")
    mp = context()
    if isinstance(left, Fraction) != isinstance(right, Fraction):
        left, right = (
            mp.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value
            for value in (left, right)
        )
    return Comparison("verified" if _ORDER[relation](left, right) else "mismatch", "number")


def _real_value(expression: Expression) -> Value:
    if not isinstance(expression, Number | Call | Symbol):
        raise EvaluationError("no order")
    value = Evaluator().value(expression)
    mp = context()
    if isinstance(value, mp.mpc):
        if abs(value.imag) > mp.mpf(10) ** -30:
            raise EvaluationError("no order")
        return value.real
    if not isinstance(value, Fraction) and not mp.isfinite(value):
        raise EvaluationError("infinite")
    return value


def _same(answer: Expression, reading: Expression, stated: Stated, relation: str) -> Comparison:
    if stated.is_antiderivative and isinstance(answer, Number | Symbol | Call):
        return _antiderivatives(answer, reading)
    match answer, reading:
        case ((Number() | Symbol() | Call()), (Number() | Symbol() | Call())):
            return _scalars(answer, reading, stated, relation)
        case Group(items=(only,)), (Number() | Symbol() | Call() | Matrix() | Interval()):
            return _same(only, reading, stated, relation)
        case Group(kind="list", items=(Group(kind="tuple") as only,)), Group(kind="tuple"):
            return _same(only, reading, stated, relation)
        case Group(kind="list" | "tuple" | "set"), Group(kind="set"):
            return _unordered(answer.items, reading.items)
        case Group(kind="list" | "tuple", items=items), Group(kind="tuple" | "list"):
            return _in_order(items, reading.items, "tuple")
        case Group(kind="union", items=items), Group(kind="union"):
            return _in_order(items, reading.items, "interval")
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
    return _NO_RESULT


def _nested(answer: Group, rows: tuple[tuple[Expression, ...], ...]) -> Comparison:
    if all(isinstance(row, Group) for row in answer.items):
        return _matrices(tuple(row.items for row in answer.items if isinstance(row, Group)), rows)
    return _NO_RESULT


def _renamed(comparison: Comparison, method: str) -> Comparison:
    return comparison if comparison.method is None else Comparison(comparison.outcome, method)


def _scalars(answer: Expression, reading: Expression, stated: Stated, relation: str) -> Comparison:
    free = symbols(answer) | symbols(reading)
    if not free:
        return _closed(answer, reading, stated, relation)
    if answer == reading:
        return Comparison("verified", "symbolic")
    return _at_points(answer, reading, free)


def _closed(answer: Expression, reading: Expression, stated: Stated, relation: str) -> Comparison:
    """Compare two expressions without free symbols."""
    left, evaluator = Evaluator().value(answer), Evaluator()
    right = evaluator.value(reading)
    is_rational = isinstance(left, Fraction) and isinstance(right, Fraction)
    if is_float(answer):
        if stated.digits > 15 and stated.places is None:
            return _NO_RESULT
        close = agree(left, right, digits=FLOAT_DIGITS) or (
            right == 0 and abs(left) < 10.0**-FLOAT_DIGITS
        )
        if close:
            return Comparison("verified", "number")
    elif agree(left, right, digits=evaluator.digits):
        return Comparison("verified", "number" if is_rational else "exact")
    if _unknown(answer, reading):
        return _NO_RESULT
    if _rounds_to(left, right, stated, relation):
        return Comparison("verified", "rounded")
    if relation == "approx" and stated.places is None and stated.digits == 0:
        # `\pi \approx \frac{22}{7}` does not say how near it means.
        return _NO_RESULT
    return Comparison("mismatch", "number" if is_rational else "exact")


def _rounds_to(value: Value, target: Value, stated: Stated, relation: str) -> bool:
    r"""Whether a value, rounded to the digits stated, is the decimal stated.

    `=` before a rounded value is common, but then the text shows it: two digits at least, with a
    point. Under `\approx` a whole number counts, and its trailing zeros may be rounding.
    """
    if stated.digits == 0 or not isinstance(target, Fraction):
        return False
    mp = context()
    if isinstance(value, mp.mpc):
        if abs(value.imag) > abs(value) * mp.mpf(10) ** -30:
            return False
        value = value.real
    if isinstance(value, Fraction):
        exact = value
    elif mp.isfinite(value):
        exact = Fraction(int(mp.nint(value * mp.mpf(10) ** 40)), 10**40)
    else:
        return False
    if relation == "eq":
        return bool(
            stated.places and stated.digits >= 2 and _half_step(exact, target, stated.places)
        )
    if _half_step(exact, target, stated.places or 0):
        return True
    figures = str(abs(target.numerator)) if stated.places is None else ""
    zeros = len(figures) - len(figures.rstrip("0"))
    return zeros > 0 and len(figures) - zeros >= 2 and _half_step(exact, target, -zeros)


def _half_step(value: Fraction, target: Fraction, places: int) -> bool:
    return abs(value - target) * 2 <= Fraction(10) ** -places


def _antiderivatives(answer: Expression, reading: Expression) -> Comparison:
    difference = Call("add", (answer, Call("mul", (Number(Fraction(-1)), reading))))
    free = symbols(answer) | symbols(reading)
    if not symbols(answer) & symbols(reading):
        return _NO_RESULT
    values = list(values_at_points((difference,), free, is_whole=False))
    if len(values) < NEEDED_POINTS:
        return _NO_RESULT
    digits = FLOAT_DIGITS if is_float(answer) else 25
    mp = context()
    scale = mp.mpf(10) ** -digits
    constant = all(abs(first - second) <= scale for (first,), (second,) in pairwise(values))
    return Comparison("verified" if constant else "mismatch", "numeric")


def _at_points(
    left: Expression,
    right: Expression,
    free: frozenset[str],
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Comparison:
    if len(free) > MAX_SYMBOLS:
        return _NO_RESULT
    digits = FLOAT_DIGITS - 2 if is_float(left) else 30
    for is_whole in (False, True):
        values = list(values_at_points((left, right), free, is_whole=is_whole, ranges=ranges))
        if len(values) >= NEEDED_POINTS:
            if all(agree(first, second, digits=digits) for first, second in values):
                return Comparison("verified", "numeric")
            if not is_discrete(left) and not is_discrete(right):
                # Other symbols than the stated ones: a condition may yet tie them.
                same = symbols(left) == symbols(right) and not _unknown(left, right)
                return Comparison("mismatch", "numeric") if same else _NO_RESULT
    return _NO_RESULT


def _unknown(*expressions: Expression) -> bool:
    return any(undefined_functions(expression) for expression in expressions)


_EXACT = Stated(())


def _unordered(items: tuple[Expression, ...], others: tuple[Expression, ...]) -> Comparison:
    if max(len(items), len(others)) > MAX_ITEMS:
        return _NO_RESULT
    left = list(others)
    is_unclear = False
    for item in items:
        for index, other in enumerate(left):
            outcome = _same(item, other, _EXACT, "eq").outcome
            if outcome == "verified":
                del left[index]
                break
            is_unclear = is_unclear or outcome == "no_result"
        else:
            return _NO_RESULT if is_unclear else Comparison("mismatch", "set")
    return Comparison("mismatch" if left else "verified", "set")


def _in_order(
    items: tuple[Expression, ...], others: tuple[Expression, ...], method: str
) -> Comparison:
    if max(len(items), len(others)) > MAX_ITEMS:
        return _NO_RESULT
    if len(items) != len(others):
        return Comparison("mismatch", method)
    outcomes = {_entry(item, other).outcome for item, other in zip(items, others, strict=True)}
    if "mismatch" in outcomes:
        return Comparison("mismatch", method)
    return _NO_RESULT if "no_result" in outcomes else Comparison("verified", method)


def _entry(item: Expression, other: Expression) -> Comparison:
    # A symbol in a tuple or matrix may stay as it is where its neighbours were computed.
    if item == other:
        return Comparison("verified", "symbolic")
    return _same(item, other, _EXACT, "eq")


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
