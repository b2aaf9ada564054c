r"""What a text states as a result: its LaTeX as a value, with the precision it is stated to."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from udfs.latex import LatexError, nodes, parse
from udfs.latex.sequences import without_ellipsis
from udfs.verify.answer import plain_name
from udfs.verify.expression import (
    INFINITY,
    PI,
    Call,
    Expression,
    Group,
    Interval,
    Matrix,
    Number,
    Symbol,
    substitute,
    symbols,
)
from udfs.verify.linear import (
    ShapeError,
    determinant,
    norm,
    power,
    product,
    total,
    transposed,
)
from udfs.verify.units import UnitError, in_first_unit

# Longest result that is read: a longer one is a listing.
MAX_CHARACTERS = 4_000
# Powers of ten that a decimal number may be stated with.
MAX_EXPONENT = 400
DEGREE: Expression = Call("mul", (PI, Number(Fraction(1, 180))))
PERCENT = Fraction(1, 100)
ONE: Expression = Number(Fraction(1))

_PLAIN = re.compile(
    r"\s*(?P<sign>[-+−]?)\s*(?:"
    r"(?P<integer>\d{1,3}(?:(?:,\\!|\{,\}|,)\d{3})+|\d{1,30})(?P<decimals>\.\d{1,30})?"
    r"|(?P<bare>\.\d{1,30})"
    r"|\\[dtc]?frac(?:\{\s*(?P<top>\d{1,30})\s*\}\{\s*(?P<bottom>\d{1,30})\s*\}"
    r"|(?P<top1>\d)(?P<bottom1>\d))"
    r"|(?P<over>\d{1,30})\s*/\s*(?P<under>\d{1,30})"
    r")\s*"
)
_BOXED = re.compile(r"\s*\\boxed\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\s*")
_SEPARATOR = re.compile(r"\D+")

_FUNCTIONS = {
    "abs": "Abs",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arccot": "acot",
    "arcsec": "asec",
    "arccsc": "acsc",
    "ln": "log",
    "ceil": "ceiling",
    "max": "Max",
    "min": "Min",
    "mod": "Mod",
    "double_factorial": "factorial2",
}
_OF_MATRICES = {
    "det": determinant,
    "abs": determinant,
    "norm": norm,
    "transpose": transposed,
}
_TAKES_ANGLES = frozenset({"sin", "cos", "tan", "cot", "sec", "csc"})


class UnstatedError(ValueError):
    """The LaTeX states no value that can be compared."""


@dataclass(frozen=True, slots=True)
class Stated:
    r"""A stated result.

    Attributes:
        readings: what it may mean, most likely first: `50\%` is 1/2 and 50, `90^\circ` pi/2
            and 90.
        places: digits after the point of a decimal number, negative for a decimal times a power
            of ten above it; None when it is no decimal number.
        digits: significant digits stated of a decimal or whole number; 0 for anything else.
        is_antiderivative: it ends in an arbitrary constant `+ C`, which `readings` leave out.
        written: the number as it stands, without degree and percent signs, when it is one.
        scales: what one of that number is in each reading: `50\%` is 50 times 1/100.
        bare: index of the reading that drops a degree or percent sign; None without one.
    """

    readings: tuple[Expression, ...]
    places: int | None = None
    digits: int = 0
    is_antiderivative: bool = False
    written: Fraction | None = None
    scales: tuple[Expression, ...] = (ONE,)
    bare: int | None = None

    def alone(self, index: int, factor: Fraction = Fraction(1)) -> Stated:
        """One reading of it, in another unit: the number times `factor`."""
        reading, scale = self.readings[index], self.scales[index]
        if factor != 1:
            reading, scale = _times(reading, factor), _times(scale, factor)
        return replace(
            self,
            readings=(reading,),
            scales=(scale,),
            bare=0 if index == self.bare else None,
        )


def read_plain(latex: str) -> Stated | None:
    """Read a whole number, decimal or fraction without anything around it but a box.

    The common case, some fifty times as fast as reading LaTeX in full.
    """
    boxed = _BOXED.fullmatch(latex)
    if boxed is not None:
        latex = boxed[1]
    found = _PLAIN.fullmatch(latex)
    if found is None:
        return None
    minus = found["sign"] in ("-", "−")
    top = found["top"] or found["top1"] or found["over"]
    if top is not None:
        bottom = int(found["bottom"] or found["bottom1"] or found["under"])
        if bottom == 0:
            return None
        value = Fraction(int(top), bottom)
        return Stated((Number(-value if minus else value),))
    whole = _SEPARATOR.sub("", found["integer"] or "0")
    point = (found["decimals"] or found["bare"] or ".")[1:]
    if whole != found["integer"] and found["integer"] is not None and "." in whole:
        return None
    value = Fraction(int(whole + point), 10 ** len(point))
    digits = len((whole + point).lstrip("0"))
    value = -value if minus else value
    return Stated(
        (Number(value),), places=len(point) if point else None, digits=digits, written=value
    )


@lru_cache(maxsize=4096)
def read_stated(latex: str, functions: tuple[str, ...] = ()) -> Stated:
    """Read a stated result.

    Args:
        latex: the right side of a relation, without delimiters.
        functions: names that the text defines as functions, so that `t(4)` is no product.

    Raises:
        UnstatedError: nothing that can be compared: prose, a relation, an unknown notation.
    """
    plain = read_plain(latex)
    if plain is not None:
        return plain
    if len(latex) > MAX_CHARACTERS:
        raise UnstatedError("too long")
    parts = _UNION.split(latex)
    if len(parts) > 1:
        return Stated((Group("union", tuple(read_stated(part).readings[0] for part in parts)),))
    node = read_tree(latex, functions)
    node, is_antiderivative = _without_constant(node)
    units = {item.unit for item in nodes.walk(node) if isinstance(item, nodes.Quantity)}
    if any(_IS_PROSE.search(unit) for unit in units):
        raise UnstatedError("prose")
    places, digits = _precision(node)
    readings, scales = [convert(node)], [ONE]
    written, bare = None, None
    if digits:
        written = _written(node)
        scales = [_scale(node)]
    if "degree" in units:
        readings.append(convert(node, degree=None))
        bare = 1
    elif "percent" in units:
        value = convert(node, percent=None)
        # Of `0.5\%` the bare reading 0.5 would pass for the half that it is not.
        if isinstance(value, Number) and abs(value.value) > 1:
            readings.append(value)
            bare = 1
    scales += [ONE] * (len(readings) - 1)
    return Stated(tuple(readings), places, digits, is_antiderivative, written, tuple(scales), bare)


def _times(value: Expression, factor: Fraction) -> Expression:
    match value:
        case Number(number, is_exact):
            return Number(number * factor, is_exact)
        case Group(kind, items):
            return Group(kind, tuple(_times(item, factor) for item in items))
    return product((Number(factor), value))


# Words behind a number that say more than its unit.
_IS_PROSE = re.compile(
    r"[,;?!]|\b(?:or|and|less|more|than|about|nearly|almost|roughly|perhaps|not|at)\b",
    re.IGNORECASE,
)
_UNION = re.compile(r"\s*(?:\\cup\b|∪)\s*")


def _scale(node: nodes.Node) -> Expression:
    match node:
        case nodes.Neg(value):
            return _scale(value)
        case nodes.Quantity(value, "degree"):
            return DEGREE
        case nodes.Quantity(value, "percent"):
            return Number(PERCENT)
    return ONE


def _written(node: nodes.Node) -> Fraction | None:
    match node:
        case nodes.Neg(value):
            inner = _written(value)
            return None if inner is None else -inner
        case nodes.Quantity(value, _):
            return _written(value)
        case nodes.Number(value, _, _, _):
            return value
        case nodes.Mul((nodes.Number(mantissa, _, _, _), nodes.Pow(_, power)), _):
            exponent = convert(power)
            if isinstance(exponent, Number) and abs(exponent.value) <= MAX_EXPONENT:
                return mantissa * Fraction(10) ** int(exponent.value)
    return None


def read_tree(latex: str, functions: tuple[str, ...] = ()) -> nodes.Node:
    """Read LaTeX as an expression tree.

    Raises:
        UnstatedError: it is none.
    """
    try:
        return parse(latex, functions=functions)
    except LatexError as error:
        raise UnstatedError(str(error)) from error
    except RecursionError as error:
        raise UnstatedError("nested too deep") from error


def _filled(node: nodes.Node) -> nodes.Node:
    try:
        return without_ellipsis(node)
    except LatexError as error:
        raise UnstatedError(str(error)) from error


def _without_constant(node: nodes.Node) -> tuple[nodes.Node, bool]:
    match node:
        case nodes.Add((*terms, nodes.Name("C" | "c" | "K"))) if terms:
            return (terms[0] if len(terms) == 1 else nodes.Add(tuple(terms))), True
    return node, False


def _precision(node: nodes.Node) -> tuple[int | None, int]:
    """Digits after the point and significant digits of a decimal, also times a power of ten."""
    match node:
        case nodes.Quantity(value, _) | nodes.Neg(value):
            return _precision(value)
        case nodes.Number(_, decimals, digits, 10):
            figures = len(re.sub(r"\D", "", digits).lstrip("0"))
            return decimals, figures if "(" not in digits else 0
        case nodes.Mul((nodes.Number() as mantissa, nodes.Pow(nodes.Number(base), power)), _) if (
            base == 10
        ):
            exponent = convert(power)
            places, significant = _precision(mantissa)
            if isinstance(exponent, Number) and exponent.value.denominator == 1:
                shifted = (places or 0) - int(exponent.value)
                # Of a whole mantissa times ten to the n only trailing zeros are left to tell.
                return (shifted if places or shifted > 0 else None), significant
    return None, 0


def convert(
    node: nodes.Node,
    *,
    degree: Expression | None = DEGREE,
    percent: Fraction | None = PERCENT,
) -> Expression:
    """Turn an expression tree of LaTeX into a value tree.

    Args:
        node: as `udfs.latex.parse` gives it.
        degree: value of a degree outside trigonometric functions; None drops the sign.
        percent: value of one percent; None drops the sign.

    Raises:
        UnstatedError: a notation without a value here.
    """
    reader = _Reader(degree, percent)
    try:
        branches = reader.branches(node)
    except ShapeError as error:
        raise UnstatedError(str(error)) from error
    if len(branches) == 1:
        return branches[0]
    return Group("set", tuple(branches))


class _Reader:
    def __init__(self, degree: Expression | None, percent: Fraction | None) -> None:
        self.degree = degree
        self.percent = percent
        self.is_upper = True

    def branches(self, node: nodes.Node) -> list[Expression]:
        """One reading, or two when a plus-minus sign stands in it: all signs turn together."""
        if not any(isinstance(item, nodes.PlusMinus) for item in nodes.walk(node)):
            return [self.read(node)]
        upper = self.read(node)
        self.is_upper = False
        lower = self.read(node)
        self.is_upper = True
        return [upper, lower]

    def read(self, node: nodes.Node) -> Expression:
        match node:
            case nodes.Number(value, _, _, _):
                return Number(value)
            case nodes.Name(name):
                return Symbol(plain_name(name))
            case nodes.Constant("pi"):
                return PI
            case nodes.Constant("infinity"):
                return INFINITY
            case nodes.Neg(value):
                return negated(self.read(value))
            case nodes.Add(terms) | nodes.Mul(terms, _) if any(
                isinstance(term, nodes.Ellipsis) for term in terms
            ):
                return self.read(_filled(node))
            case nodes.Add(terms):
                return total(self._terms(terms))
            case nodes.Mul(factors, _):
                return product([self.read(factor) for factor in factors])
            case nodes.Div(top, bottom):
                return divided(self.read(top), self.read(bottom))
            case nodes.Pow(nodes.Quantity(value, unit), exponent) if unit not in (
                "degree",
                "percent",
            ):
                return Call("pow", (self.read(value), self.read(exponent)))
            case nodes.Pow(base, exponent):
                root = self.read(base)
                if isinstance(root, Matrix):
                    return power(root, self.read(exponent))
                return Call("pow", (root, self.read(exponent)))
            case nodes.PlusMinus(left, right, is_minus_first):
                turned = self.read(right)
                if is_minus_first == self.is_upper:
                    turned = negated(turned)
                return turned if left is None else Call("add", (self.read(left), turned))
            case nodes.Quantity(value, unit):
                return self._quantity(self.read(value), unit)
            case nodes.Call(function, arguments):
                return self._call(function, arguments)
            case nodes.Apply(function, arguments, 0):
                return Call(plain_name(function), tuple(self.read(item) for item in arguments))
            case nodes.Series(kind, variable, lower, upper, body):
                limit = Group(
                    "tuple",
                    (Symbol(plain_name(variable)), self.read(lower), self.read(upper)),
                )
                return Call("Sum" if kind == "sum" else "Product", (self.read(body), limit))
            case nodes.Integral(body, variable, nodes.Node() as lower, nodes.Node() as upper):
                limit = Group(
                    "tuple",
                    (Symbol(plain_name(variable)), self.read(lower), self.read(upper)),
                )
                return Call("Integral", (self.read(body), limit))
            case nodes.Between(body, lower, upper):
                return self._between(self.read(body), self.read(lower), self.read(upper))
            case nodes.Sequence(items, brackets):
                return self._sequence(items, brackets)
            case nodes.Matrix(rows):
                return Matrix(tuple(tuple(self.read(item) for item in row) for row in rows))
        raise UnstatedError(type(node).__name__)

    def _terms(self, terms: tuple[nodes.Node, ...]) -> list[Expression]:
        values = [self.read(term) for term in terms]
        if not any(isinstance(item, nodes.Quantity) for term in terms for item in nodes.walk(term)):
            return values
        try:
            factors = in_first_unit(terms)
        except UnitError as error:
            raise UnstatedError(str(error)) from error
        return [
            value if factor == 1 else _times(value, factor)
            for value, factor in zip(values, factors, strict=True)
        ]

    def _quantity(self, value: Expression, unit: str) -> Expression:
        if unit == "degree":
            return value if self.degree is None else Call("mul", (value, self.degree))
        if unit == "percent":
            if self.percent is None:
                return value
            if isinstance(value, Number):
                return Number(value.value * self.percent)
            return Call("mul", (value, Number(self.percent)))
        return value

    def _call(self, function: str, arguments: tuple[nodes.Node, ...]) -> Expression:
        if function in _TAKES_ANGLES and self.degree is None:
            # A degree sign inside a sine is an angle whatever the sides are measured in.
            return Call(function, tuple(convert(item) for item in arguments))
        items = tuple(self.read(item) for item in arguments)
        if len(items) == 1 and isinstance(items[0], Matrix):
            operation = _OF_MATRICES.get(function)
            if operation is None:
                raise UnstatedError(f"{function} of a matrix")
            return operation(items[0])
        return Call(_FUNCTIONS.get(function, function), items)

    def _between(self, body: Expression, lower: Expression, upper: Expression) -> Expression:
        names = symbols(body) - {"e", "i"}
        if len(names) != 1:
            raise UnstatedError("no single variable between limits")
        (name,) = names
        at_upper, at_lower = (substitute(body, {name: end}) for end in (upper, lower))
        return Call("add", (at_upper, negated(at_lower)))

    def _sequence(self, items: tuple[nodes.Node, ...], brackets: str) -> Expression:
        values = tuple(value for item in items for value in self.branches(item))
        if brackets in ("()", "<>"):
            return Group("tuple", values)
        if brackets in ("{}", ""):
            return Group("set", values)
        if len(values) == 2 and brackets in ("[]", "(]", "[)"):
            return Interval(
                values[0],
                values[1],
                is_low_open=brackets[0] == "(",
                is_high_open=brackets[1] == ")",
            )
        return Group("list", values)


def negated(value: Expression) -> Expression:
    """The value with its sign changed."""
    if isinstance(value, Number):
        return Number(-value.value, value.is_exact)
    return product((Number(Fraction(-1)), value))


def divided(top: Expression, bottom: Expression) -> Expression:
    """A quotient; of two numbers the rational number."""
    if isinstance(top, Number) and isinstance(bottom, Number) and bottom.value:
        return Number(top.value / bottom.value, top.is_exact and bottom.is_exact)
    return product((top, Call("pow", (bottom, Number(Fraction(-1))))))


def is_symbol(latex: str) -> bool:
    """Whether LaTeX is a single symbol."""
    try:
        return isinstance(read_tree(latex), nodes.Name)
    except UnstatedError:
        return False
