"""The value of an expression tree, in bounded time.

Rational arithmetic stays exact; all else goes through mpmath at a fixed precision.
"""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from udfs.verify.expression import (
    WORKING_DIGITS,
    Call,
    Expression,
    Group,
    Number,
    Symbol,
    context,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Two values agree when they share these digits, of the WORKING_DIGITS that are carried.
AGREEING_DIGITS = 35
# Exact powers, factorials and products stop here and go on in floating point.
MAX_EXACT_BITS = 40_000
# An infinite sum is extrapolated from its first terms, which costs digits.
SERIES_DIGITS = 12
# Terms of a finite sum or product that are added one by one.
MAX_TERMS = 2_000
# Nodes visited in one evaluation: sums multiply the size of their body.
MAX_STEPS = 40_000


class EvaluationError(ValueError):
    """The expression has no value that can be computed here: undefined, unknown or too big."""


# Fraction, or an mpmath number (mpmath ships no types).
Value: TypeAlias = Any


class Evaluator:
    """Evaluates trees with values for their symbols, counting steps over its whole life.

    Args:
        values: value of each symbol; a symbol without one raises.

    Raises:
        EvaluationError: from `value`, when there is none that can be computed in bounds.
    """

    def __init__(self, values: Mapping[str, Value] | None = None) -> None:
        self.values: dict[str, Value] = dict(values or {})
        self.steps = 0
        # Digits that a value has at least: fewer once an infinite sum was extrapolated.
        self.digits = AGREEING_DIGITS

    def value(self, node: Expression) -> Value:
        """The value of a tree: a Fraction where arithmetic stays rational, else mpmath's."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise EvaluationError("too many steps")
        match node:
            case Number(value, _):
                return value
            case Symbol(name):
                if name in self.values:
                    return self.values[name]
                raise EvaluationError(f"no value for {name}")
            case Call("Sum" | "Product", (body, Group(_, (Symbol(name), low, high)))):
                return self._repeat(str(node.function), body, name, low, high)
            case Call("Integral", (body, Group(_, (Symbol(name), low, high)))):
                return self._integral(body, name, low, high)
            case Call(function, ()) if function in _CONSTANT_VALUES:
                return _constant(function)
            case Call(function, arguments):
                try:
                    return _apply(function, [self.value(item) for item in arguments])
                except (ArithmeticError, ValueError, TypeError, NotImplementedError) as error:
                    raise EvaluationError(f"{function}: {error}") from error
        raise EvaluationError(f"{type(node).__name__} has no numeric value")

    def _repeat(
        self, kind: str, body: Expression, name: str, low: Expression, high: Expression
    ) -> Value:
        start, stop = self.value(low), self.value(high)
        if kind == "Sum" and stop == context().inf:
            return self._infinite_sum(body, name, start)
        if not isinstance(start, Fraction) or start.denominator != 1:
            raise EvaluationError("bounds are not whole numbers")
        if not isinstance(stop, Fraction) or stop.denominator != 1:
            raise EvaluationError("infinite or fractional bound")
        if stop - start > MAX_TERMS:
            raise EvaluationError("too many terms")
        outer = self.values.get(name)
        total: Value = Fraction(kind == "Product")
        for index in range(int(start), int(stop) + 1):
            self.values[name] = Fraction(index)
            term = self.value(body)
            total = _mul([total, term]) if kind == "Product" else _add([total, term])
        self._restore(name, outer)
        return total

    def _infinite_sum(self, body: Expression, name: str, start: Value) -> Value:
        mp = context()
        outer = self.values.get(name)

        def term(index: Value) -> Value:
            self.values[name] = Fraction(int(index))
            return _number(self.value(body))

        calls = 0
        outer_steps = self.steps

        def counted(index: Value) -> Value:
            nonlocal calls
            calls += 1
            if calls > MAX_TERMS or self.steps - outer_steps > MAX_STEPS // 2:
                raise EvaluationError("sum: converges too slowly")
            return term(index)

        try:
            with mp.workdps(2 * SERIES_DIGITS):
                # Extrapolation gives even a divergent sum some value. Terms that fall slower
                # than n^(-4/3) are not taken for those of a convergent one.
                near, far = abs(term(int(start) + 200)), abs(term(int(start) + 400))
                if not far <= near * mp.mpf("0.4"):
                    raise EvaluationError("sum: not seen to converge")
                value = mp.nsum(counted, [int(start), mp.inf])
        except (ArithmeticError, TypeError, mp.NoConvergence) as problem:
            raise EvaluationError(f"sum: {problem}") from problem
        finally:
            self._restore(name, outer)
        self.digits = min(self.digits, SERIES_DIGITS)
        return value

    def _integral(self, body: Expression, name: str, low: Expression, high: Expression) -> Value:
        mp = context()
        outer = self.values.get(name)

        def integrand(point: Value) -> Value:
            self.values[name] = point
            return _number(self.value(body))

        try:
            ends = [_number(self.value(low)), _number(self.value(high))]
            value, error = mp.quad(integrand, ends, error=True, maxdegree=6)
        except (ArithmeticError, ValueError, TypeError) as problem:
            raise EvaluationError(f"integral: {problem}") from problem
        finally:
            self._restore(name, outer)
        if error > mp.mpf(10) ** (-AGREEING_DIGITS - 3):
            raise EvaluationError("integral: does not converge fast enough")
        return value

    def _restore(self, name: str, outer: Value) -> None:
        if outer is None:
            self.values.pop(name, None)
        else:
            self.values[name] = outer


_CONSTANT_VALUES = {
    "pi": "pi",
    "E": "e",
    "EulerGamma": "euler",
    "GoldenRatio": "phi",
    "Catalan": "catalan",
    "I": "j",
    "oo": "inf",
}


def _constant(name: str) -> Value:
    return +getattr(context(), _CONSTANT_VALUES[name])


def _number(value: Value) -> Value:
    if isinstance(value, Fraction):
        mp = context()
        return mp.mpf(value.numerator) / value.denominator
    return value


def _is_whole(value: Value) -> bool:
    return isinstance(value, Fraction) and value.denominator == 1


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _add(values: list[Value]) -> Value:
    if all(isinstance(value, Fraction) for value in values):
        return sum(values, Fraction(0))
    total = _number(values[0])
    for value in values[1:]:
        total = total + _number(value)
    return total


def _mul(values: list[Value]) -> Value:
    total: Value = Fraction(1)
    for value in values:
        is_rational = isinstance(total, Fraction) and isinstance(value, Fraction)
        if is_rational and _bits(total) + _bits(value) <= MAX_EXACT_BITS:
            total = total * value
            continue
        total = _number(total) * _number(value)
    return total


def _root(value: int, degree: int) -> int | None:
    """The exact whole root of a whole number at least 0, or None."""
    if degree == 2:
        root = math.isqrt(value)
        return root if root * root == value else None
    if degree > 64 or value.bit_length() > 4_000:
        return None
    low, high = 0, 1 << (value.bit_length() // degree + 1)
    while low < high:
        middle = (low + high) // 2
        if middle**degree < value:
            low = middle + 1
        else:
            high = middle
    return low if low**degree == value else None


def _pow(base: Value, exponent: Value) -> Value:
    mp = context()
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if base == 0 and exponent < 0:
            raise EvaluationError("division by zero")
        if base == 0 and exponent == 0:
            return Fraction(1)
        if base in (0, 1):
            return base
        size = abs(exponent.numerator) * _bits(base)
        if base > 0 and 1 < exponent.denominator <= 64 and _bits(base) < 4_000:
            top = _root(base.numerator, exponent.denominator)
            bottom = _root(base.denominator, exponent.denominator)
            if top is not None and bottom is not None:
                base, exponent = Fraction(top, bottom), Fraction(exponent.numerator)
        if exponent.denominator == 1 and size <= MAX_EXACT_BITS:
            return base ** int(exponent)
    left, right = _number(base), _number(exponent)
    if left == 0 and mp.re(right) < 0:
        raise EvaluationError("division by zero")
    # mpmath writes a whole exponent out in full before it starts.
    if abs(right) > 10**9 or (left != 0 and abs(right * mp.log(abs(left))) > 10**8):
        raise EvaluationError("power too big")
    return mp.power(left, right)


def _whole(value: Value) -> int:
    if not _is_whole(value):
        raise EvaluationError("not a whole number")
    return int(value)


def _factorial(value: Value) -> Value:
    if _is_whole(value):
        if value < 0:
            raise EvaluationError("factorial of a negative number")
        if value <= 3_000:
            return Fraction(math.factorial(int(value)))
    argument = _number(value)
    if abs(argument) > 10**8:
        raise EvaluationError("factorial too big")
    return context().gamma(argument + 1)


def _double_factorial(value: Value) -> Value:
    number = _whole(value)
    if not -1 <= number <= 3_000:
        raise EvaluationError("double factorial out of range")
    return Fraction(math.prod(range(number, 0, -2)))


def _binomial(top: Value, bottom: Value) -> Value:
    if _is_whole(top) and _is_whole(bottom) and 0 <= top <= 3_000:
        return Fraction(math.comb(int(top), int(bottom))) if bottom >= 0 else Fraction(0)
    if abs(_number(top)) > 10**8 or abs(_number(bottom)) > 10**8:
        raise EvaluationError("binomial too big")
    return context().binomial(_number(top), _number(bottom))


def _modulo(left: Value, right: Value) -> Value:
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        if right == 0:
            raise EvaluationError("modulo zero")
        return left % right
    raise EvaluationError("modulo of irrational numbers")


def _extreme(values: list[Value], sign: int) -> Value:
    best = values[0]
    for value in values[1:]:
        if sign * (_real(value) - _real(best)) > 0:
            best = value
    return best


def _real(value: Value) -> Value:
    number = _number(value)
    mp = context()
    if isinstance(number, mp.mpc):
        if abs(number.imag) > abs(number) * mp.mpf(10) ** (-AGREEING_DIGITS):
            raise EvaluationError("complex numbers have no order")
        return number.real
    return number


def _absolute(value: Value) -> Value:
    return abs(value)


def _logarithm(value: Value, base: Value = None) -> Value:
    mp = context()
    if _number(value) == 0:
        raise EvaluationError("logarithm of zero")
    if value == 1:
        return Fraction(0)
    if base is None:
        return mp.log(_number(value))
    if _number(base) in (0, 1):
        raise EvaluationError("logarithm to a base of 0 or 1")
    return mp.log(_number(value)) / mp.log(_number(base))


def _floor(value: Value) -> Value:
    if isinstance(value, Fraction):
        return Fraction(math.floor(value))
    real = _real(value)
    nearest = context().nint(real)
    # A value within rounding of a whole number: which side it is on cannot be told.
    if abs(real - nearest) < context().mpf(10) ** (-AGREEING_DIGITS):
        return Fraction(int(nearest))
    if abs(real) > 10**30:
        raise EvaluationError("floor of a number too big")
    return Fraction(int(context().floor(real)))


def _ceiling(value: Value) -> Value:
    return -_floor(-value)


def _exp(value: Value) -> Value:
    number = _number(value)
    if abs(number) > 10**7:
        raise EvaluationError("exponential too big")
    return Fraction(1) if value == 0 else context().exp(number)


def _real_root(value: Value, degree: Value = Fraction(3)) -> Value:
    """The real root of a negative number where the degree is odd."""
    number = _number(value)
    odd = _is_whole(degree) and int(degree) % 2 == 1
    if odd and not isinstance(number, context().mpc) and number < 0:
        return -_pow(-value, 1 / degree)
    return _pow(value, Fraction(1) / degree)


_CIRCULAR = ("sin", "cos", "tan", "cot", "sec", "csc")
_ELEMENTARY = (
    *_CIRCULAR,
    *(f"a{name}" for name in _CIRCULAR),
    *(f"{name}h" for name in _CIRCULAR),
    *(f"a{name}h" for name in ("sin", "cos", "tan")),
    *("erf", "gamma", "zeta"),
)


def _elementary(name: str) -> Callable[..., Value]:
    def apply(value: Value) -> Value:
        number = _number(value)
        mp = context()
        # Reducing an argument of 10^k costs k digits: beyond this the result is noise.
        if abs(number) > 10**12 or not mp.isfinite(number):
            raise EvaluationError(f"{name} of a number too big")
        result = getattr(mp, name)(number)
        if not mp.isfinite(result) or abs(result) > mp.mpf(10) ** (WORKING_DIGITS - 8):
            raise EvaluationError(f"{name} has a pole here")
        return result

    return apply


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "pow": _pow,
    "sqrt": lambda value: _pow(value, Fraction(1, 2)),
    "cbrt": _real_root,
    # As texts write it, \sqrt[3]{-27} is -3; SymPy never prints this name for its own roots.
    "root": _real_root,
    "real_root": _real_root,
    "exp": _exp,
    "log": _logarithm,
    "ln": _logarithm,
    "Abs": _absolute,
    "factorial": _factorial,
    "factorial2": _double_factorial,
    "binomial": _binomial,
    "Mod": _modulo,
    "floor": _floor,
    "ceiling": _ceiling,
    "gcd": lambda *values: Fraction(math.gcd(*(_whole(value) for value in values))),
    "lcm": lambda *values: Fraction(math.lcm(*(_whole(value) for value in values))),
    "Max": lambda *values: _extreme(list(values), 1),
    "Min": lambda *values: _extreme(list(values), -1),
    "re": lambda value: value if isinstance(value, Fraction) else context().re(value),
    "im": lambda value: Fraction(0) if isinstance(value, Fraction) else context().im(value),
    "conjugate": lambda value: value if isinstance(value, Fraction) else context().conj(value),
    "arg": lambda value: context().arg(_number(value)),
    "sign": lambda value: Fraction((_real(value) > 0) - (_real(value) < 0)),
    "atan2": lambda y, x: context().atan2(_real(y), _real(x)),
    **{name: _elementary(name) for name in _ELEMENTARY},
}

# Names of what is not computed here. A tree that holds one has no value, rather than being taken
# for a function that nobody defined.
_REFUSED = frozenset(
    {"Sum", "Product", "Integral", "Limit", "Derivative", "Piecewise", "Subs", "Lambda", "RootOf"}
    | {"CRootOf", "RootSum", "ConditionSet", "ImageSet", "O", "Order", "Contains", "det", "solve"}
    | {"MatMul", "MatAdd", "MatPow", "Determinant", "Inverse", "Transpose", "Trace", "Rational"}
)


_KNOWN = frozenset({"add", "mul", *_FUNCTIONS, *_REFUSED, *_CONSTANT_VALUES})


def _apply(function: str, values: list[Value]) -> Value:
    if function == "add":
        return _add(values)
    if function == "mul":
        return _mul(values)
    known = _FUNCTIONS.get(function)
    if known is not None:
        return known(*values)
    if function in _REFUSED:
        raise EvaluationError(f"{function} is not evaluated")
    return _uninterpreted(function, values)


def _uninterpreted(function: str, values: list[Value]) -> Value:
    """A fixed pseudo-random value of a function that is only a name.

    Equal arguments give equal values, so `2 f(a+b)` and `f(b+a) + f(a+b)` agree and `f(a)` and
    `f(b)` do not. Arguments are rounded: the same number comes by different roads.
    """
    mp = context()
    parts = [function]
    for value in values:
        number = mp.mpc(_number(value))
        parts.append(mp.nstr(number.real, 25) + "," + mp.nstr(mp.chop(number.imag), 25))
    digest = hashlib.sha256("|".join(parts).encode()).digest()
    return Fraction(1, 2) + Fraction(int.from_bytes(digest[:8], "big"), 2**63)


def agree(left: Value, right: Value, *, digits: int = AGREEING_DIGITS) -> bool:
    """Whether two values are the same: exactly for rationals, else to `digits` digits.

    Args:
        left: a Fraction or mpmath number.
        right: likewise.
        digits: relative for numbers away from zero, absolute for those under one.
    """
    if isinstance(left, Fraction) and isinstance(right, Fraction) and digits == AGREEING_DIGITS:
        return left == right
    mp = context()
    first, second = _number(left), _number(right)
    if not (mp.isfinite(first) and mp.isfinite(second)):
        return False
    scale = max(abs(first), abs(second), mp.mpf(1) if digits == AGREEING_DIGITS else 0)
    return abs(first - second) <= scale * mp.mpf(10) ** (-digits)


def undefined_functions(expression: Expression) -> frozenset[str]:
    """Names of the functions in a tree whose meaning is not known here."""
    return frozenset(
        node.function
        for node in walk(expression)
        if isinstance(node, Call) and node.function not in _KNOWN
    )
