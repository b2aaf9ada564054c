r"""Does what a program printed agree with what the text states? By meaning, in bounded time.

`1/2`, `0.5` and `\frac{\sqrt4}{4}` agree, `x^2-1` agrees with `(x-1)(x+1)`, a set with a set in
any order, an approximation to the digits stated. What cannot be compared is `no_result`: nothing
is `verified` because a comparison failed, timed out or met a notation that is not known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

from udfs.latex import nodes
from udfs.verify.answer import UnreadableError, last_line, read_answer, read_number
from udfs.verify.conversion import Conversion, conversion, may_have_unit
from udfs.verify.crosscheck import contradicts, sums_an_index_away
from udfs.verify.definitions import apply_definitions, bounds, defined_functions, definitions
from udfs.verify.equality import (
    FLOAT_DIGITS,
    MAX_ITEMS,
    NO_RESULT,
    Comparison,
    floating,
    same_at_points,
    same_number,
    same_value,
)
from udfs.verify.evaluate import EvaluationError, Evaluator, Value, agree, undefined_functions
from udfs.verify.expression import (
    CONSTANTS,
    EULER_NUMBER,
    IMAGINARY_UNIT,
    Call,
    Expression,
    Group,
    Number,
    Symbol,
    Truth,
    context,
    is_float,
    substitute,
    symbols,
)
from udfs.verify.expression import replace as replace_parts
from udfs.verify.points import values_at_points
from udfs.verify.restatement import is_restatement
from udfs.verify.stated import (
    Stated,
    UnstatedError,
    is_symbol,
    read_plain,
    read_stated,
    read_tree,
)
from udfs.verify.units import UnitError
from udfs.verify.vectors import multiplies_unknown_ones

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Comparison", "compare", "is_restatement"]

_ORDER: dict[str, Callable[[Value, Value], bool]] = {
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
}


_DEGREE = re.compile(r"\\circ|\\degree|°|\\%")


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
        return NO_RESULT
    number = read_number(line)
    plain = read_plain(result) if number is not None else None
    is_plain = number is not None and plain is not None and not may_have_unit(expression)
    if is_plain and relation in ("eq", "approx"):
        assert number is not None
        assert plain is not None
        found = _compare_numbers(number, plain, relation)
        if found.outcome == "verified" and expression and contradicts(number, expression):
            return NO_RESULT
        return found
    try:
        if relation in _ORDER and _is_about_a_range(expression, result):
            return NO_RESULT
        answer = read_answer(line)
        question = _Question(
            result,
            relation,
            modulus,
            tuple(conditions),
            expression,
            conversion(expression, result, conditions, defined_functions(conditions)),
        )
        if isinstance(answer, Group) and answer.kind in ("list", "set") and len(answer.items) > 1:
            roots = _roots(answer, question)
            found = roots if roots is not None else _compare_read(answer, question)
        else:
            found = _compare_read(answer, question)
        sides = (result,) if expression is None else (expression, result)
        if found.outcome == "verified" and (
            multiplies_unknown_ones(sides, conditions) or sums_an_index_away(sides)
        ):
            return NO_RESULT
        # Of a congruence the program may print a residue.
        is_number = isinstance(answer, Number | Call) and relation != "equiv"
        if found.outcome == "verified" and is_number and expression:
            return NO_RESULT if contradicts(answer, expression) else found
        return found
    except (UnreadableError, UnstatedError, UnitError, EvaluationError, RecursionError):
        return NO_RESULT


def _is_about_a_range(expression: str | None, result: str) -> bool:
    r"""Whether an inequality holds a variable: `|z| \ge 1` is said of many values.

    That it is true of the one which the conditions give proves nothing. Lengths and named values
    (`AB`, `x_1`) are no variables.
    """
    for side in (expression, result):
        if side is None:
            continue
        names = nodes.free_names(read_tree(side)) - {"e", "i"}
        if any(len(name) == 1 or name in _GREEK for name in names):
            return True
    return False


# Greek letters that are variables like x.
_GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "varepsilon",
        "zeta",
        "eta",
        "theta",
        "vartheta",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "rho",
        "sigma",
        "tau",
        "phi",
        "varphi",
        "chi",
        "psi",
        "omega",
    ]
)


@dataclass(frozen=True, slots=True)
class _Question:
    """What an answer is compared with; fields as the arguments of `compare`."""

    result: str
    relation: str
    modulus: str | None
    conditions: tuple[str, ...]
    expression: str | None
    conversion: Conversion


def _compare_numbers(number: Number, stated: Stated, relation: str) -> Comparison:
    reading = stated.readings[0]
    assert isinstance(reading, Number)
    if number.value == reading.value and (number.is_exact or stated.digits <= 15):
        return Comparison("verified", "number")
    if stated.places is None and relation == "eq" and number.is_exact:
        return Comparison("mismatch", "number")
    return same_number(number, reading, stated, relation)


def _roots(answer: Group, question: _Question) -> Comparison | None:
    """Compare a stated value with several computed ones; None when several are stated."""
    stated = read_stated(question.result, defined_functions(question.conditions))
    if not all(isinstance(reading, Number | Symbol | Call) for reading in stated.readings):
        return None
    if len(answer.items) > MAX_ITEMS:
        return NO_RESULT
    alone = replace(question, modulus=None)
    outcomes = [_compare_read(item, alone).outcome for item in answer.items]
    if all(outcome == "verified" for outcome in outcomes):
        return Comparison("verified", "set")
    if "verified" not in outcomes:
        return NO_RESULT if "no_result" in outcomes else Comparison("mismatch", "set")
    if question.relation not in ("eq", "approx"):
        return NO_RESULT
    if question.expression is None or not is_symbol(question.expression):
        return NO_RESULT
    # Of two roots that differ in their sign a text that does not say so means the positive one:
    # a length, a count. The negative one may be a slip.
    if any(_is_negative(reading) for reading in stated.readings):
        opposite = replace(alone, result=rf"-\left({question.result}\right)")
        for item in answer.items:
            if _compare_read(item, opposite).outcome == "verified":
                return NO_RESULT
    return Comparison("verified", "set")


def _is_negative(reading: Expression) -> bool:
    """Whether a stated root is below zero, one in symbols where these are positive."""
    try:
        free = symbols(reading)
        if not free:
            return bool(_real_value(reading) < 0)
        values = [value for (value,) in values_at_points((reading,), free, is_whole=False)]
        return bool(values) and all(
            not isinstance(value, context().mpc) and value < 0 for value in values
        )
    except EvaluationError:
        return False


def _compare_read(answer: Expression, question: _Question) -> Comparison:
    stated = read_stated(question.result, defined_functions(question.conditions))
    outcomes = []
    for index in range(len(stated.readings)):
        if index == stated.bare and not _may_be_bare(question):
            continue
        alone = stated.alone(index, question.conversion.factor)
        first, second = _name_constants(answer, alone.readings[0])
        found = _judge(
            first, second, alone, question.relation, question.modulus, question.conditions
        )
        if found.outcome == "verified" and found.method == "rounded":
            found = _with_care(found, index == stated.bare, question)
        outcomes.append(found)
        if found.outcome == "verified":
            return found
    return outcomes[0]


def _may_be_bare(question: _Question) -> bool:
    r"""Whether a percent sign may be dropped: `100 \cdot \frac14 = 25\%`.

    An expression that reckons in percent itself comes out as the hundredth part.
    """
    return question.expression is None or "%" not in question.expression


def _with_care(found: Comparison, is_bare: bool, question: _Question) -> Comparison:
    """Hold back a rounded value whose unit is not said on both sides."""
    if question.relation == "eq" and question.conversion.is_one_sided:
        return NO_RESULT
    if is_bare and question.expression is not None:
        texts = (question.expression, *question.conditions)
        if r"\circ" in question.result and not any(_DEGREE.search(text) for text in texts):
            # 1.57 is pi/2 rounded, and no angle of 1.57 degrees.
            return NO_RESULT
    return found


def _judge(
    answer: Expression,
    reading: Expression,
    stated: Stated,
    relation: str,
    modulus: str | None,
    conditions: Sequence[str],
) -> Comparison:
    if relation == "eq" and not isinstance(answer, Truth):
        unbound = same_value(answer, reading, stated, relation)
        if unbound == Comparison("mismatch", "numeric") and conditions:
            # They differ somewhere; where the text speaks of them they may not.
            unbound = _within(answer, reading, conditions) or unbound
        elif unbound == Comparison("verified", "numeric") and conditions:
            # They agree at positive points; the text may speak of negative ones.
            within = _within(answer, reading, conditions)
            if within is not None and within.outcome == "mismatch":
                return within
        if unbound.outcome == "verified" or not (conditions and _free(reading)):
            return unbound
    if conditions and _free(reading):
        # What the program left as a symbol stays one: at `a = 0` all multiples of a agree.
        reading = apply_definitions(reading, definitions(conditions, except_for=symbols(answer)))
        answer, reading = _name_constants(answer, reading)
        if _free(reading) and not _free(answer) and relation == "eq":
            # `H t U` is 0 where t is, whatever H and U are: that shows nothing.
            return NO_RESULT
    if isinstance(answer, Truth):
        return _truth(answer, reading, relation)
    if relation == "equiv":
        return _congruent(answer, reading, modulus)
    if relation in _ORDER:
        return _ordered(answer, reading, relation)
    return same_value(answer, reading, stated, relation)


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
    return same_at_points(answer, reading, free, ranges)


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
        answer = replace_parts(answer, clashes)
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
    return NO_RESULT


def _congruent(answer: Expression, reading: Expression, modulus: str | None) -> Comparison:
    if modulus is None:
        return NO_RESULT
    divisor = Evaluator().value(read_stated(modulus).readings[0])
    left, right = Evaluator().value(answer), Evaluator().value(reading)
    if not all(isinstance(value, Fraction) for value in (divisor, left, right)):
        return NO_RESULT
    if divisor.denominator != 1 or divisor == 0 or is_float(answer):
        return NO_RESULT
    size = abs(int(divisor))
    if any(gcd(value.denominator, size) != 1 for value in (left, right)):
        return NO_RESULT
    # A fraction stands for its numerator times the inverse of its denominator, which is coprime.
    return Comparison("mismatch" if (left - right).numerator % size else "verified", "modular")


def _ordered(answer: Expression, reading: Expression, relation: str) -> Comparison:
    left, right = (_real_value(value) for value in (answer, reading))
    if agree(left, right, digits=FLOAT_DIGITS if is_float(answer) else 35):
        # Equal as far as can be told; of floats not even that.
        if is_float(answer):
            return NO_RESULT
        return Comparison("verified" if relation in ("le", "ge") else "mismatch", "number")
    if isinstance(left, Fraction) != isinstance(right, Fraction):
        left, right = floating(left), floating(right)
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
