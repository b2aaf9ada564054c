"""Expression trees into SymPy: what a stated result means, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy

from udfs.latex.errors import LatexError
from udfs.latex.nodes import (
    Add,
    Apply,
    Between,
    Call,
    Constant,
    Derivative,
    Div,
    DivisorSeries,
    Ellipsis,  # noqa: A004 - see its definition
    Integral,
    Limit,
    Matrix,
    Mul,
    Name,
    Neg,
    Node,
    Number,
    PlusMinus,
    Pow,
    Quantity,
    Sequence,
    Series,
)
from udfs.latex.sequences import without_ellipsis

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DIVIDED = 10**6
"""Largest number whose divisors are looked for."""

MAX_BITS = 20_000
"""Most bits of an exact power or factorial: what people write down has far fewer."""

_PLAIN = {
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tan": sympy.tan,
    "cot": sympy.cot,
    "sec": sympy.sec,
    "csc": sympy.csc,
    "asin": sympy.asin,
    "acos": sympy.acos,
    "atan": sympy.atan,
    "acot": sympy.acot,
    "sinh": sympy.sinh,
    "cosh": sympy.cosh,
    "tanh": sympy.tanh,
    "coth": sympy.coth,
    "asinh": sympy.asinh,
    "acosh": sympy.acosh,
    "atanh": sympy.atanh,
    "exp": sympy.exp,
    "ln": sympy.log,
    "sqrt": sympy.sqrt,
    "abs": sympy.Abs,
    "floor": sympy.floor,
    "ceiling": sympy.ceiling,
    "conjugate": sympy.conjugate,
    "gamma": sympy.gamma,
    "zeta": sympy.zeta,
    "erf": sympy.erf,
    "re": sympy.re,
    "im": sympy.im,
    "arg": sympy.arg,
    "sign": sympy.sign,
    "max": sympy.Max,
    "min": sympy.Min,
}


class _Meaning:
    """The readings under which a tree becomes a SymPy object."""

    def __init__(
        self, symbols: Mapping[str, Any], *, degrees: str, percent: bool, log_base: int | None
    ) -> None:
        self.symbols = symbols
        self.degrees = degrees
        self.percent = percent
        self.log_base = log_base

    def of(self, node: Node) -> Any:
        match node:
            case Number(value=value):
                return sympy.Rational(value.numerator, value.denominator)
            case Name(name):
                return self.name(name)
            case Constant("pi"):
                return sympy.pi
            case Constant(_):
                return sympy.oo
            case Neg(value):
                return self.negative(self.of(value))
            case Add(terms):
                return self.sum(terms, node)
            case Mul(factors, signs):
                return self.product(factors, signs, node)
            case Div(numerator, denominator):
                below = self.of(denominator)
                if below == 0:
                    raise LatexError("division_by_zero")
                return self.times(self.of(numerator), below**-1)
            case Pow(base, exponent):
                return self.power(base, exponent)
            case PlusMinus(left, right, is_minus_first):
                middle = sympy.Integer(0) if left is None else self.of(left)
                width = self.of(right)
                both = (middle - width, middle + width)
                return sympy.Tuple(*(both if is_minus_first else both[::-1]))
            case Call(function, arguments):
                return self.call(function, arguments)
            case Apply(function, arguments, order):
                return self.apply(function, [self.of(a) for a in arguments], order)
            case DivisorSeries(kind, variable, number, body):
                return self.over_divisors(kind, variable, self.of(number), body)
            case Series() | Integral() | Derivative() | Limit() | Between():
                return self.calculus(node)
            case Sequence(items, brackets):
                return self.sequence([self.of(item) for item in items], brackets)
            case Matrix(rows):
                return sympy.ImmutableMatrix([[self.of(item) for item in row] for row in rows])
            case Quantity(value, unit):
                return self.quantity(self.of(value), unit)
            case Ellipsis():
                raise LatexError("ellipsis")
        raise LatexError("unsupported_node", type(node).__name__)

    def name(self, name: str) -> Any:
        if name in self.symbols:
            return self.symbols[name]
        if name == "e":
            return sympy.E
        if name in ("i", "imath"):
            return sympy.I
        return sympy.Symbol(name)

    def negative(self, value: Any) -> Any:
        return sympy.Tuple(*(-item for item in value)) if isinstance(value, sympy.Tuple) else -value

    def sum(self, terms: tuple[Node, ...], node: Node) -> Any:
        if any(isinstance(term, Ellipsis) for term in terms):
            return self.of(without_ellipsis(node))
        values = [_vector(self.of(term)) for term in terms]
        total = values[0]
        for value in values[1:]:
            if isinstance(total, sympy.MatrixBase) != isinstance(value, sympy.MatrixBase):
                raise LatexError("mixed_shapes")
            try:
                total = total + value
            except (TypeError, sympy.ShapeError) as error:
                raise LatexError("mixed_shapes") from error
        return total

    def product(self, factors: tuple[Node, ...], signs: tuple[str, ...], node: Node) -> Any:
        if any(isinstance(factor, Ellipsis) for factor in factors):
            return self.of(without_ellipsis(node))
        total = self.of(factors[0])
        for factor, sign in zip(factors[1:], signs[1:], strict=True):
            total = self.times(total, self.of(factor), sign)
        return total

    def times(self, left: Any, right: Any, sign: str = "") -> Any:
        left, right = _vector(left), _vector(right)
        try:
            if isinstance(left, sympy.MatrixBase) and isinstance(right, sympy.MatrixBase):
                is_vectors = 1 in left.shape and 1 in right.shape and left.shape == right.shape
                if sign == "times" and is_vectors and len(left) == 3:
                    return left.cross(right)
                if is_vectors and left.shape != (1, 1):
                    return left.dot(right)
            return left * right
        except (TypeError, sympy.ShapeError) as error:
            raise LatexError("mixed_shapes") from error

    def power(self, base: Node, exponent: Node) -> Any:
        below, above = _vector(self.of(base)), self.of(exponent)
        if isinstance(above, sympy.Tuple | sympy.MatrixBase | sympy.Set):
            raise LatexError("unsupported_exponent")
        if isinstance(below, sympy.MatrixBase):
            if not above.is_Integer or abs(int(above)) > 64 or not below.is_square:
                raise LatexError("unsupported_exponent")
            if above < 0 and below.det() == 0:
                raise LatexError("division_by_zero")
            return below ** int(above)
        if isinstance(below, sympy.Tuple | sympy.Set):
            raise LatexError("unsupported_base")
        if above.is_number:
            size = abs(above.evalf(15)) if not above.is_Rational else abs(above)
            bits = max(below.p.bit_length(), below.q.bit_length()) if below.is_Rational else 8
            if size.is_finite is not False and size * bits > MAX_BITS:
                raise LatexError("too_large")
        if below == 0 and above.is_negative:
            raise LatexError("division_by_zero")
        return below**above

    def call(self, function: str, arguments: tuple[Node, ...]) -> Any:
        values = [self.of(argument) for argument in arguments]
        first = _vector(values[0])
        if isinstance(first, sympy.MatrixBase):
            return self.of_matrix(function, first)
        if any(isinstance(value, sympy.Tuple | sympy.Set | sympy.MatrixBase) for value in values):
            raise LatexError("unsupported_argument", function)
        if function in _PLAIN:
            return _PLAIN[function](*values)
        match function:
            case "log":
                base = values[1] if len(values) > 1 else self.log_base
                return sympy.log(first) if base is None else sympy.log(first, base)
            case "root":
                return (
                    sympy.root(first, values[1])
                    if not _is_odd_root(first, values[1])
                    else (-sympy.root(-first, values[1]))
                )
            case "factorial" | "double_factorial":
                if first.is_number and not (first.is_integer and 0 <= first <= 2000):
                    raise LatexError("too_large" if first.is_positive else "undefined")
                return (
                    sympy.factorial(first) if function == "factorial" else sympy.factorial2(first)
                )
            case "binomial":
                if any(v.is_number and not abs(v) <= 5000 for v in values):
                    raise LatexError("too_large")
                return sympy.binomial(*values)
            case "permutation":
                if any(v.is_number and not abs(v) <= 5000 for v in values):
                    raise LatexError("too_large")
                return sympy.ff(*values)
            case "totient" if first.is_number and not abs(first) <= MAX_DIVIDED:
                raise LatexError("too_large")
            case "totient":
                return sympy.totient(first)
            case "gcd":
                return _fold(sympy.gcd, values)
            case "lcm":
                return _fold(sympy.lcm, values)
            case "mod":
                return sympy.Mod(*values)
            case "norm":
                return sympy.Abs(first)
            case "cis":
                return sympy.cos(first) + sympy.I * sympy.sin(first)
        raise LatexError("unsupported_function", function)

    def of_matrix(self, function: str, matrix: Any) -> Any:
        match function:
            case "det" | "abs" if matrix.is_square:
                return matrix.det()
            case "norm" | "abs":
                return matrix.norm()
            case "transpose":
                return matrix.T
            case "trace" if matrix.is_square:
                return matrix.trace()
            case "rank":
                return sympy.Integer(matrix.rank())
        raise LatexError("unsupported_argument", function)

    def apply(self, function: str, values: list[Any], order: int) -> Any:
        name = function.strip("\\") + ("_inverse" if order == -1 else "_prime" * order)
        return sympy.Function(name)(*values)

    def calculus(self, node: Node) -> Any:
        match node:
            case Series(kind, variable, lower, upper, body):
                symbol = sympy.Symbol(variable, integer=True)
                value = _Meaning(
                    {**self.symbols, variable: symbol},
                    degrees=self.degrees,
                    percent=self.percent,
                    log_base=self.log_base,
                ).of(body)
                operation = sympy.Sum if kind == "sum" else sympy.Product
                bounds = (symbol, self.of(lower), self.of(upper))
                if all(b.is_Integer for b in bounds[1:]) and not 0 <= bounds[2] - bounds[1] <= 5000:
                    raise LatexError("too_large")
                return operation(value, bounds).doit()
            case Integral(body, variable, lower, upper):
                symbol = sympy.Symbol(variable)
                if lower is None or upper is None:
                    return sympy.Integral(self.of(body), symbol)
                return sympy.Integral(self.of(body), (symbol, self.of(lower), self.of(upper)))
            case Derivative(body, variable, order):
                return sympy.Derivative(self.of(body), (sympy.Symbol(variable), order)).doit()
            case Limit(body, variable, point, side):
                symbol = sympy.Symbol(variable)
                return sympy.Limit(self.of(body), symbol, self.of(point), side or "+-")
            case Between(body, lower, upper):
                value = self.of(body)
                free = sorted(value.free_symbols, key=str)
                if len(free) != 1:
                    raise LatexError("unsupported_bounds")
                return value.subs(free[0], self.of(upper)) - value.subs(free[0], self.of(lower))
        raise LatexError("unsupported_node")

    def over_divisors(self, kind: str, variable: str, number: Any, body: Node) -> Any:
        if not (number.is_Integer and 0 < number <= MAX_DIVIDED):
            raise LatexError("unsupported_series")
        total = sympy.Integer(0 if kind == "sum" else 1)
        for divisor in sympy.divisors(number):
            symbols = {**self.symbols, variable: sympy.Integer(divisor)}
            value = _Meaning(
                symbols, degrees=self.degrees, percent=self.percent, log_base=self.log_base
            ).of(body)
            total = total + value if kind == "sum" else total * value
        return total

    def sequence(self, items: list[Any], brackets: str) -> Any:
        if brackets == "{}":
            return sympy.FiniteSet(*items)
        if brackets in ("(]", "[)") or (brackets == "[]" and len(items) == 2):
            return sympy.Interval(*items, brackets[0] == "(", brackets[1] == ")")
        return sympy.Tuple(*items)

    def quantity(self, value: Any, unit: str) -> Any:
        if unit == "degree" and self.degrees == "radians":
            return self.times(value, sympy.pi / 180)
        if unit == "percent" and self.percent:
            return self.times(value, sympy.Rational(1, 100))
        return value


def to_sympy(
    node: Node,
    *,
    symbols: Mapping[str, Any] | None = None,
    degrees: str = "radians",
    percent: bool = True,
    log_base: int | None = None,
) -> Any:
    r"""Return the SymPy object that an expression means.

    Numbers are exact: a decimal is the rational that its digits say. A tuple or bare list is a
    `Tuple`, `\{...\}` a `FiniteSet`, `[a, b]`, `(a, b]`, `[a, b)` an `Interval` (`(a, b)` is a
    point, so a `Tuple`), a matrix an `ImmutableMatrix`, `a \pm b` the `Tuple` of both values.
    Units and money signs fall away. Integrals and limits are left unevaluated.

    Args:
        node: what `parse` returned.
        symbols: SymPy objects for names; others become a plain `Symbol`, `e` is Euler's number
            and `i` the imaginary unit.
        degrees: `radians` makes a degree pi/180, `plain` drops the sign.
        percent: divide a percentage by 100; else drop the sign.
        log_base: base of a `\log` that states none; None is the natural one.

    Raises:
        LatexError: it has no such meaning, or writing it out would be too large.
    """
    try:
        return _Meaning(symbols or {}, degrees=degrees, percent=percent, log_base=log_base).of(node)
    except RecursionError as error:
        raise LatexError("too_deep") from error
    except (TypeError, ValueError, ZeroDivisionError, ArithmeticError, AttributeError) as error:
        # SymPy rejects what makes no sense (a set in a sum, a complex bound) in its own words.
        if isinstance(error, LatexError):
            raise
        raise LatexError("meaningless", type(error).__name__) from error


def _vector(value: Any) -> Any:
    """A tuple that is calculated with is a column vector."""
    return sympy.ImmutableMatrix(list(value)) if isinstance(value, sympy.Tuple) else value


def _is_odd_root(value: Any, index: Any) -> bool:
    return bool(value.is_Rational and value < 0 and index.is_Integer and index % 2 == 1)


def _fold(function: Any, values: list[Any]) -> Any:
    total = values[0]
    for value in values[1:]:
        total = function(total, value)
    return total
