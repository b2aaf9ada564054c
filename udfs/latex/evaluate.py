"""Numbers that expressions come to, fast and bounded: for deciding, never for showing."""

from __future__ import annotations

import cmath
import math
import operator
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from udfs.latex.errors import LatexError
from udfs.latex.nodes import (
    Add,
    Call,
    Cases,
    Comparison,
    Constant,
    Div,
    DivisorSeries,
    Mul,
    Name,
    Neg,
    Node,
    Number,
    Pow,
    Quantity,
    Series,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Value = Fraction | float | complex

MAX_BITS = 4_000
MAX_DIVIDED = 1_000
"""Largest number whose divisors are looked for."""
MAX_TERMS = 400
"""Most terms of a series that are added up, those of series inside it counted."""

_ORDER: dict[str, Callable[[float | Fraction, float | Fraction], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
_FUNCTIONS: dict[str, Callable[[complex], complex]] = {
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": cmath.tan,
    "cot": lambda x: 1 / cmath.tan(x),
    "sec": lambda x: 1 / cmath.cos(x),
    "csc": lambda x: 1 / cmath.sin(x),
    "asin": cmath.asin,
    "acos": cmath.acos,
    "atan": cmath.atan,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "exp": cmath.exp,
    "ln": cmath.log,
    "abs": abs,
    "gamma": lambda x: math.gamma(_real_part(x)),
    "erf": lambda x: math.erf(_real_part(x)),
    "conjugate": lambda x: complex(x).conjugate(),
    "re": lambda x: complex(x).real,
    "im": lambda x: complex(x).imag,
}


def rational(node: Node) -> Fraction | None:
    """Return the exact value of an expression in numbers alone, else None."""
    try:
        value = evaluate(node, {})
    except LatexError:
        return None
    return value if isinstance(value, Fraction) else None


def evaluate(node: Node, values: Mapping[str, Value], *, log_base: float | None = None) -> Value:
    """Return the value of an expression, exact as long as it is rational.

    Args:
        node: the expression; degrees count as pi/180 and percents as hundredths.
        values: the value of each name; `e` and `i` are the constants unless given.
        log_base: base of a logarithm that states none; None is the natural one.

    Raises:
        LatexError: a name has no value, it is undefined there, too large, or not a number.
    """
    return _guarded(node, _Frame(values, log_base, is_exact=True))


def approximate(node: Node, values: Mapping[str, Value], *, log_base: float | None = None) -> Value:
    """Return the value of an expression in floating point: some five times as fast.

    Args and errors are those of `evaluate`.
    """
    return _guarded(node, _Frame(values, log_base, is_exact=False))


class _Frame(NamedTuple):
    """What holds while an expression is evaluated."""

    values: Mapping[str, Value]
    log_base: float | None
    is_exact: bool
    terms: int = MAX_TERMS


def _guarded(node: Node, frame: _Frame) -> Value:
    try:
        return _value(node, frame)
    except (ZeroDivisionError, OverflowError, ValueError, TypeError) as error:
        if isinstance(error, LatexError):
            raise
        raise LatexError("undefined", type(error).__name__) from error


def _value(node: Node, frame: _Frame) -> Value:
    match node:
        case Number(value=value):
            return value if frame.is_exact else float(value)
        case Name(name):
            return _name(name, frame.values)
        case Mul(factors, _):
            product = _value(factors[0], frame)
            for factor in factors[1:]:
                product = product * _value(factor, frame)
                _check(product)
            return product
        case Pow(base, exponent):
            if frame.is_exact:
                return power(_value(base, frame), _value(exponent, frame))
            result: Value = _value(base, frame) ** _value(exponent, frame)
            return result
        case Add(terms):
            total = _value(terms[0], frame)
            for term in terms[1:]:
                total = total + _value(term, frame)
            return total
        case Neg(inner):
            return -_value(inner, frame)
        case Div(numerator, denominator):
            return _value(numerator, frame) / _value(denominator, frame)
        case Constant("pi"):
            return math.pi
        case Call(function, arguments):
            return _call(function, [_value(a, frame) for a in arguments], frame.log_base)
        case Quantity(inner, unit):
            amount = _value(inner, frame)
            if unit == "degree":
                return amount * math.pi / 180
            return amount / 100 if unit == "percent" else amount
        case Series():
            return _series(node, frame)
        case DivisorSeries():
            return _over_divisors(node, frame)
        case Cases(branches):
            for branch, comparisons in branches:
                if all(_holds(comparison, frame) for comparison in comparisons):
                    return _value(branch, frame)
            raise LatexError("undefined", "cases")
    raise LatexError("not_a_number", type(node).__name__)


def _series(series: Series, frame: _Frame) -> Value:
    first = _integer(_value(series.lower, frame))
    last = _integer(_value(series.upper, frame))
    count = max(1, last - first + 1)
    if count > frame.terms:
        raise LatexError("too_large")
    total: Value = Fraction(0 if series.kind == "sum" else 1)
    for k in range(first, last + 1):
        inner = frame._replace(
            values={**frame.values, series.variable: Fraction(k)}, terms=frame.terms // count
        )
        term = _value(series.body, inner)
        total = total + term if series.kind == "sum" else total * term
        _check(total)
    return total


def _over_divisors(series: DivisorSeries, frame: _Frame) -> Value:
    number = _integer(_value(series.number, frame))
    if not 1 <= number <= MAX_DIVIDED:
        raise LatexError("too_large")
    divisors = [k for k in range(1, number + 1) if number % k == 0]
    total: Value = Fraction(0 if series.kind == "sum" else 1)
    for k in divisors:
        inner = frame._replace(values={**frame.values, series.variable: Fraction(k)})
        term = _value(series.body, inner)
        total = total + term if series.kind == "sum" else total * term
        _check(total)
    return total


def _holds(comparison: Comparison, frame: _Frame) -> bool:
    left, right = _value(comparison.left, frame), _value(comparison.right, frame)
    if isinstance(left, complex) or isinstance(right, complex):
        raise LatexError("undefined", "order")
    return _ORDER[comparison.operator](left, right)


def _name(name: str, values: Mapping[str, Value]) -> Value:
    value = values.get(name)
    if value is not None:
        return value
    if name == "e":
        return math.e
    if name == "i":
        return 1j
    raise LatexError("undefined_symbol", name)


def power(base: Value, exponent: Value) -> Value:
    """Return a power on the principal branch, exact for a rational with a whole exponent.

    Raises:
        LatexError: it has more than `MAX_BITS` bits.
    """
    if isinstance(exponent, Fraction) and exponent.denominator == 1:
        whole = exponent.numerator
        if isinstance(base, Fraction):
            bits = max(base.numerator.bit_length(), base.denominator.bit_length())
            if bits * abs(whole) > MAX_BITS and base not in (0, 1, -1):
                raise LatexError("too_large")
            return base**whole
        return base**whole if abs(whole) < 10_000 else _raise_large()
    if isinstance(base, Fraction) and base >= 0:
        return float(base) ** (float(exponent) if isinstance(exponent, Fraction) else exponent)
    result = complex(base) ** complex(exponent)
    return _real(result)


def _raise_large() -> Value:
    raise LatexError("too_large")


def _real(value: complex) -> float | complex:
    return value.real if value.imag == 0 else value


def _real_part(value: complex) -> float:
    """The value of what has to be real."""
    if complex(value).imag:
        raise LatexError("not_a_number", "complex")
    return complex(value).real


def _integer(value: Value) -> int:
    if isinstance(value, Fraction) and value.denominator == 1:
        return value.numerator
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e9:
        return int(value)
    raise LatexError("not_an_integer")


def _check(value: Value) -> None:
    if isinstance(value, Fraction) and value.numerator.bit_length() > 4 * MAX_BITS:
        raise LatexError("too_large")


def _call(function: str, values: list[Value], log_base: float | None) -> Value:
    first = values[0]
    if function == "abs" and isinstance(first, Fraction):
        return abs(first)
    if function in _FUNCTIONS:
        return _real(complex(_FUNCTIONS[function](complex(first))))
    match function:
        case "log":
            base = complex(values[1]) if len(values) > 1 else complex(log_base or math.e)
            return _real(cmath.log(complex(first)) / cmath.log(base))
        case "sqrt":
            return square_root(first)
        case "root":
            index = _integer(values[1])
            if isinstance(first, Fraction) and first < 0 and index % 2:
                return -(float(-first) ** (1 / index))
            return power(first, Fraction(1, index))
        case "factorial":
            n = _integer(first)
            return Fraction(math.factorial(n)) if 0 <= n <= 400 else _raise_large()
        case "binomial":
            n, k = _integer(first), _integer(values[1])
            return Fraction(math.comb(n, k)) if 0 <= n <= 4000 and k >= 0 else _raise_large()
        case "permutation":
            n, k = _integer(first), _integer(values[1])
            return Fraction(math.perm(n, k)) if 0 <= n <= 400 and k >= 0 else _raise_large()
        case "totient":
            n = _integer(first)
            if not 1 <= n <= MAX_DIVIDED:
                return _raise_large()
            return Fraction(sum(math.gcd(k, n) == 1 for k in range(1, n + 1)))
        case "cis":
            return _real(cmath.exp(1j * complex(first)))
        case "gcd":
            return Fraction(math.gcd(*map(_integer, values)))
        case "lcm":
            return Fraction(math.lcm(*map(_integer, values)))
        case "mod":
            return Fraction(_integer(first) % _integer(values[1]))
        case "floor" | "ceiling" if not isinstance(first, complex):
            return Fraction(math.floor(first) if function == "floor" else math.ceil(first))
        case "max" | "min" if not any(isinstance(value, complex) for value in values):
            return (max if function == "max" else min)(values)  # type: ignore[type-var]
    raise LatexError("unsupported_function", function)


def square_root(value: Value) -> Value:
    """Return the principal square root, exact where it is rational."""
    if isinstance(value, Fraction) and value >= 0:
        above, below = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if above * above == value.numerator and below * below == value.denominator:
            return Fraction(above, below)
        return math.sqrt(value)
    return _real(cmath.sqrt(complex(value)))
