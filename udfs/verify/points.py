"""Values of expressions at fixed random points: how two of them are told to be the same."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from udfs.verify.evaluate import AGREEING_DIGITS, EvaluationError, Evaluator
from udfs.verify.expression import Call, Expression, Symbol, context, symbols, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from udfs.verify.evaluate import Value

# Points that are tried, and how many must give values: a difference that vanishes to 30 digits
# at four random points vanishes.
POINTS: Final = 8
# Of whole numbers more: remainders of two different things agree at most of them.
WHOLE_POINTS: Final = 60
NEEDED_POINTS: Final = 4

# What is a function of whole numbers only, so that real points say nothing.
_DISCRETE = frozenset(
    {"Sum", "Product", "factorial", "factorial2", "binomial", "Mod"} | {"gcd", "lcm"}
)


def is_discrete(expression: Expression) -> bool:
    """Whether it may be meant for whole numbers only: `n!`, `(-1)^n`.

    Raises:
        EvaluationError: a base of a power has no value.
    """
    for node in walk(expression):
        match node:
            case Call(function, _) if function in _DISCRETE:
                return True
            case Call("pow", (base, exponent)) if symbols(exponent) and not symbols(base):
                value = Evaluator().value(base)
                if isinstance(value, context().mpc) or not value > 0:
                    return True
    return False


def _complex_symbols(expressions: Sequence[Expression]) -> frozenset[str]:
    """Symbols of which a conjugate or a part is taken: on the real line these say nothing."""
    return frozenset(
        node.arguments[0].name
        for expression in expressions
        for node in walk(expression)
        if isinstance(node, Call)
        and node.function in ("conjugate", "re", "im", "arg")
        and isinstance(node.arguments[0], Symbol)
    )


def values_at_points(
    expressions: Sequence[Expression],
    free: frozenset[str],
    *,
    is_whole: bool,
    ranges: Mapping[str, tuple[float, float]] | None = None,
) -> Iterator[tuple[Value, ...]]:
    """Evaluate expressions at points, positive as roots and logarithms want them.

    Args:
        expressions: evaluated together at each point.
        free: the symbols that take values.
        is_whole: take whole numbers.
        ranges: where the values of some symbols lie instead.

    Yields:
        The values at each point where all have one, at most `POINTS` or `WHOLE_POINTS` times.
        The points are the same for the same symbols, and all different.
    """
    names = sorted(free)
    turned = _complex_symbols(expressions)
    # Not a string seed: no run depends on the hash seed.
    source = random.Random(len(names))  # noqa: S311 - sample points, nothing secret
    seen: set[tuple[Value, ...]] = set()
    for point in range(WHOLE_POINTS if is_whole else POINTS):
        values: dict[str, Value] = {}
        for name in names:
            if is_whole:
                values[name] = Fraction(source.randint(1, 4 + 3 * (point % POINTS)))
            elif ranges and name in ranges:
                values[name] = Fraction(source.uniform(*ranges[name])).limit_denominator(99_991)
            else:
                # Over three decades, on both sides of 1, with a denominator nobody cancels by.
                size = 10 ** source.uniform(-1.3, 1.3)
                values[name] = Fraction(int(size * 99_991) + 1, 99_991)
            if name in turned and not is_whole and not (ranges and name in ranges):
                values[name] = context().mpc(float(values[name]), source.uniform(0.2, 3))
        place = tuple(values[name] for name in names)
        if place in seen:
            continue
        seen.add(place)
        evaluator = Evaluator(values)
        try:
            found = tuple(evaluator.value(expression) for expression in expressions)
        except EvaluationError:
            continue
        # An extrapolated sum has too few digits to tell a difference by.
        if evaluator.digits == AGREEING_DIGITS:
            yield found
