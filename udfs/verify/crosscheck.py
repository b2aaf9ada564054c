r"""Does a program's number agree with the expression, as it is read here on its own?

A program may print what the text states and yet compute something else: `4 * 3 * 2` beside
`\binom{5}{2} = 24`, or `2 * Fraction(1, 2)` where `2\frac{1}{2}` is two and a half.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from udfs.latex import LatexError, nodes, parse
from udfs.verify.evaluate import (
    AGREEING_DIGITS,
    EvaluationError,
    Evaluator,
    agree,
    undefined_functions,
)
from udfs.verify.expression import (
    EULER_NUMBER,
    IMAGINARY_UNIT,
    Expression,
    Symbol,
    is_float,
    substitute,
    symbols,
)
from udfs.verify.stated import UnstatedError, convert, read_stated, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from udfs.verify.evaluate import Value

# A binary float holds 15 to 17 digits, of which a calculation loses some.
FLOAT_DIGITS: Final = 9


def contradicts(answer: Expression, expression: str) -> bool:
    r"""Whether a number is not the value of an expression in numbers alone.

    Where notation allows several readings (`a/bc`, degrees, percents) any of them will do; a
    whole number before a proper fraction is a mixed number and nothing else.

    Args:
        answer: what a program printed.
        expression: LaTeX of what it was to compute.

    Returns:
        False also where there is no telling: symbols, logarithms without a base, no value.
    """
    try:
        if symbols(answer) or undefined_functions(answer):
            return False
        value = Evaluator().value(answer)
        readings = list(_readings(expression))
        if not readings:
            return False
        digits = FLOAT_DIGITS if is_float(answer) else AGREEING_DIGITS
        return not any(_agrees(value, reading, digits) for reading in readings)
    except (EvaluationError, UnstatedError, RecursionError):
        return False


def sums_an_index_away(sides: Sequence[str]) -> bool:
    r"""Whether a sum runs over an index of its terms: `\sum_j t_j y`.

    As a symbol `t_j` would be one number, the same for each `j`.

    Args:
        sides: LaTeX of the expression and of the stated result.
    """
    for side in sides:
        if "_" not in side or ("sum" not in side and "prod" not in side):
            continue
        try:
            tree = read_tree(side)
        except UnstatedError:
            continue
        for node in nodes.walk(tree):
            if isinstance(node, nodes.Series) and any(
                node.variable in _SUBSCRIPT_PARTS.split(name)[1:]
                for name in nodes.free_names(node.body)
            ):
                return True
    return False


_SUBSCRIPT_PARTS = re.compile(r"_|plus|minus")


def _agrees(value: Value, reading: Expression, digits: int) -> bool:
    evaluator = Evaluator()
    other = evaluator.value(reading)
    # An infinite sum is known to fewer digits; a float that should be 0 is a little off.
    digits = min(digits, evaluator.digits)
    if agree(value, other, digits=digits):
        return True
    return digits < AGREEING_DIGITS and all(abs(each) < 10.0**-digits for each in (value, other))


def _readings(expression: str) -> Iterator[Expression]:
    stated = read_stated(expression)
    letters = {"e": EULER_NUMBER, "i": IMAGINARY_UNIT}
    for reading in stated.readings:
        if isinstance(reading, Symbol):
            return  # `e` alone is some e
        if symbols(reading) - letters.keys() or undefined_functions(reading):
            return
        if _has_bare_log(expression):
            return
        yield substitute(reading, letters)
    if "/" in expression:
        try:
            grouped = parse(expression, slash_groups=True)
        except LatexError:
            return
        yield convert(grouped)
        yield convert(grouped, degree=None)


def _has_bare_log(expression: str) -> bool:
    if "log" not in expression and "lg" not in expression:
        return False
    return any(
        isinstance(node, nodes.Call) and node.function == "log" and len(node.arguments) == 1
        for node in nodes.walk(parse(expression))
    )
