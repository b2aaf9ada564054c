"""Expression trees as Python: what a person would type, operator for operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from udfs.latex import LatexError
from udfs.latex.evaluate import evaluate
from udfs.latex.nodes import (
    ONE,
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
from udfs.translate.symbolic.calculus import (
    MAX_COUNT,
    write_calculus,
    write_over_divisors,
    write_series,
)
from udfs.translate.symbolic.calls import write_apply, write_call
from udfs.translate.symbolic.names import identifier
from udfs.translate.symbolic.text import (
    ATOM,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    NeedsSympyError,
    Text,
    held,
    joint,
)

if TYPE_CHECKING:
    from udfs.latex.evaluate import Value


MAX_MATRIX_POWER = 1000


@dataclass
class Writer:
    """Writes expressions for one program, and keeps what has to be imported.

    Attributes:
        is_sympy: with SymPy's functions and exact objects; else with the standard library's.
        kinds: kind of each name that the program assigns.
        values: value of each name, where known, to tell roots of negative numbers.
        functions: names of functions that the program defines.
        inverses: those of which it defines the inverse too.
        log_base: base of a logarithm that states none; None is the natural one.
        vectors: a list in round brackets is a vector, which is calculated with.
        radians: a degree is pi/180; else a plain number.
        imports: names to import, by module.
    """

    is_sympy: bool
    kinds: dict[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    inverses: set[str] = field(default_factory=set)
    log_base: int | None = None
    radians: bool = False
    vectors: bool = False
    imports: dict[str, set[str]] = field(default_factory=dict)
    symbols: dict[str, None] = field(default_factory=dict)

    def write(self, node: Node) -> str:
        """Return the source of an expression.

        Raises:
            LatexError: it says something that has no program here.
            NeedsSympyError: it needs SymPy and this writer does without.
        """
        return self.of(node).text

    def use(self, module: str, name: str = "") -> str:
        """Note an import and return the name."""
        self.imports.setdefault(module, set()).add(name)
        return name

    def sympy(self, name: str) -> str:
        """Note a name of SymPy and return it."""
        if not self.is_sympy:
            raise NeedsSympyError
        return self.use("sympy", name)

    def of(self, node: Node) -> Text:
        """Return the source of an expression with what is known of it; errors as in `write`."""
        match node:
            case Number():
                return self._number(node)
            case Name(name):
                return self._name(name)
            case Constant("pi"):
                if self.is_sympy:
                    return Text(self.sympy("pi"), ATOM, "symbolic")
                self.use("math")
                return Text("math.pi", ATOM, "real")
            case Constant(_):
                return Text(self.sympy("oo"), ATOM, "symbolic")
            case Neg(value):
                inner = self.of(value)
                if inner.level == PRODUCT and inner.text[0] != "-":
                    return Text("-" + inner.text, SUM, inner.kind)
                return Text("-" + held(inner, POWER), SIGN, inner.kind)
            case Add(terms):
                return self._sum(node, terms)
            case Mul(factors, signs):
                return self._product(node, factors, signs)
            case Div(numerator, denominator):
                return self._quotient(numerator, denominator)
            case Pow(base, exponent):
                return self._power(base, exponent)
            case Call(function, arguments):
                return write_call(self, function, arguments)
            case Apply(function, arguments, order):
                return write_apply(self, function, arguments, order)
            case DivisorSeries():
                return write_over_divisors(self, node)
            case Series():
                return write_series(self, node)
            case Quantity(value, unit):
                return self._quantity(value, unit)
            case Matrix(rows):
                shown = ", ".join(
                    "[" + ", ".join(self.write(item) for item in row) + "]" for row in rows
                )
                kind = "vector" if len(rows) == 1 or len(rows[0]) == 1 else "matrix"
                return Text(f"{self.sympy('Matrix')}([{shown}])", ATOM, kind)
            case Sequence(items, brackets):
                return self._sequence(items, brackets)
            case Integral() | Derivative() | Limit() | Between():
                return write_calculus(self, node)
            case PlusMinus():
                raise LatexError("plus_minus")
            case Ellipsis():
                raise LatexError("ellipsis")
        raise LatexError("unsupported_node", type(node).__name__)

    def symbol(self, name: str) -> str:
        """Make a bound variable a symbol of the program and return its identifier.

        Raises:
            LatexError: the program gives the name a value.
        """
        if self.kinds.get(name, "symbolic") != "symbolic":
            raise LatexError("bound_name", name)
        self.sympy("symbols")
        self.symbols[name] = None
        return identifier(name)

    # Numbers and names

    def _number(self, number: Number) -> Text:
        if number.base != 10:
            return Text(f'int("{number.digits}", {number.base})', ATOM, "int")
        value = number.value
        if value.denominator == 1 and number.decimals is None:
            return Text(str(value.numerator), ATOM, "int")
        if number.decimals is not None and not self.is_sympy:
            self.use("fractions", "Fraction")
            return Text(f'Fraction("{_decimal(number.digits)}")', ATOM, "rational")
        if number.decimals is not None:
            return Text(f'{self.sympy("Rational")}("{_decimal(number.digits)}")', ATOM, "symbolic")
        return self._repeating(number)

    def _repeating(self, number: Number) -> Text:
        """A repeating decimal as its geometric series adds up: a period over as many nines."""
        head, _, period = number.digits.rstrip(")").partition("(")
        whole, _, fixed = head.partition(".")
        below = f"10**{len(period)} - 1"
        if fixed:
            below = f"10**{len(fixed)} * ({below})"
        tail = self._fraction(str(int(period)), below)
        if not fixed.strip("0") and not int(whole):
            return tail
        start = Number(Fraction(head.rstrip(".")), len(fixed) or None, head.rstrip("."))
        return Text(f"{self.of(start).text} + {tail.text}", SUM, tail.kind)

    def _fraction(self, above: str, below: str) -> Text:
        if self.is_sympy:
            return Text(f"{self.sympy('Rational')}({above}, {below})", ATOM, "symbolic")
        self.use("fractions", "Fraction")
        return Text(f"Fraction({above}, {below})", ATOM, "rational")

    def _name(self, name: str) -> Text:
        if name in self.kinds:
            return Text(identifier(name), ATOM, self.kinds[name])
        if name == "e":
            if self.is_sympy:
                return Text(self.sympy("E"), ATOM, "symbolic")
            self.use("math")
            return Text("math.e", ATOM, "real")
        if name in ("i", "imath"):
            return Text(self.sympy("I"), ATOM, "symbolic")
        raise LatexError("undefined_symbol", name)

    def _quantity(self, value: Node, unit: str) -> Text:
        inner = self.of(value)
        if unit == "percent":
            return self._divide(inner, Text("100", ATOM, "int"))
        if unit == "degree" and self.radians:
            if self.is_sympy:
                return Text(f"{self.sympy('rad')}({inner.text})", ATOM, "symbolic")
            self.use("math")
            return Text(f"math.radians({inner.text})", ATOM, "real")
        return inner

    # Arithmetic

    def _sum(self, node: Node, terms: tuple[Node, ...]) -> Text:
        if any(isinstance(term, Ellipsis) for term in terms):
            return self.of(without_ellipsis(node))
        text = ""
        kinds = []
        for term in terms:
            is_minus = isinstance(term, Neg)
            inner = self.of(term.value if isinstance(term, Neg) else term)
            shown = held(inner, PRODUCT if is_minus else SUM)
            if text:
                text += (" - " if is_minus else " + ") + shown
            else:
                text = ("-" if is_minus else "") + shown
            kinds.append(inner.kind)
        return Text(text, SUM, joint(kinds))

    def _product(self, node: Node, factors: tuple[Node, ...], signs: tuple[str, ...]) -> Text:
        if any(isinstance(factor, Ellipsis) for factor in factors):
            return self.of(without_ellipsis(node))
        result = self.of(factors[0])
        for factor, sign in zip(factors[1:], signs[1:], strict=True):
            result = self._multiply(result, self.of(factor), sign)
        return result

    def _multiply(self, left: Text, right: Text, sign: str) -> Text:
        if left.kind == right.kind == "vector" and sign:
            method = "dot" if sign == "cdot" else "cross"
            kind = "symbolic" if sign == "cdot" else "vector"
            return Text(f"{held(left, ATOM)}.{method}({right.text})", ATOM, kind)
        if {left.kind, right.kind} == {"vector", "matrix"}:
            kind = "vector"
        else:
            kind = joint([left.kind, right.kind])
        # A sign inside a product stands in brackets: 60 * (-24).
        shown = held(right, POWER)
        return Text(f"{held(left, PRODUCT)} * {shown}", PRODUCT, kind)

    def _quotient(self, numerator: Node, denominator: Node) -> Text:
        if isinstance(denominator, Quantity) and denominator.value == ONE:
            # Kilometres per hour.
            return self.of(numerator)
        above, below = self.of(numerator), self.of(denominator)
        if above.kind == below.kind == "int":
            top, bottom = self.value(numerator), self.value(denominator)
            if _divides(bottom, top) and "for" not in above.text + below.text:
                # Whole numbers that divide without a remainder stay whole.
                shown = f"{held(above, PRODUCT)} // {held(below, POWER)}"
                return Text(shown, PRODUCT, "int")
        return self._divide(above, below)

    def _divide(self, above: Text, below: Text) -> Text:
        if above.kind == below.kind == "int":
            return self._fraction(above.text, below.text)
        kind = above.kind if above.kind in ("vector", "matrix") else joint([above.kind, below.kind])
        return Text(f"{held(above, PRODUCT)} / {held(below, POWER)}", PRODUCT, kind)

    def _power(self, base: Node, exponent: Node) -> Text:
        below, above = self.of(base), self.of(exponent)
        if below.kind == "vector" and isinstance(exponent, Number):
            raise LatexError("unsupported_exponent")
        size, known = self.real(exponent), self.real(base)
        is_huge = size is not None and not -MAX_MATRIX_POWER <= size <= MAX_MATRIX_POWER
        if below.kind == "matrix" and is_huge:
            raise LatexError("too_large")
        if size is not None and known is not None and abs(float(size)) * _digits(known) > MAX_COUNT:
            raise LatexError("too_large")
        if above.kind == "int":
            is_negative = size is None or float(size) < 0
            if below.kind == "int" and is_negative and not self.is_sympy:
                self.use("fractions", "Fraction")
                below = Text(f"Fraction({below.text})", ATOM, "rational")
            elif below.kind == "int" and is_negative:
                below = Text(f"{self.sympy('Integer')}({below.text})", ATOM, "symbolic")
            kind = below.kind
        elif self.is_sympy:
            kind = "symbolic"
            if below.kind == "int":
                below = Text(f"{self.sympy('Integer')}({below.text})", ATOM, "symbolic")
        else:
            if known is None or known < 0:
                raise NeedsSympyError
            kind = "real"
            if isinstance(exponent, Div) and above.kind == "rational":
                # A float takes the root: the fraction may be written as one divides.
                above = Text(
                    f"{self.write(exponent.numerator)} / {self.write(exponent.denominator)}"
                    if _is_small(exponent)
                    else above.text,
                    PRODUCT,
                    "real",
                )
        return Text(f"{held(below, ATOM)}**{held(above, POWER)}", POWER, kind)

    def value(self, node: Node) -> Value | None:
        """Return the value of an expression where it is known."""
        try:
            return evaluate(node, self.values, log_base=self.log_base)
        except LatexError:
            return None

    def real(self, node: Node) -> Fraction | float | None:
        """Return the value of an expression where it is known and real."""
        value = self.value(node)
        return value if isinstance(value, Fraction | float) else None

    def _sequence(self, items: tuple[Node, ...], brackets: str) -> Text:
        if brackets == "<>" or (self.vectors and brackets == "()"):
            return self.of(Matrix(tuple((item,) for item in items)))
        listed = ", ".join(self.write(item) for item in items)
        if brackets == "{}":
            return Text("{" + listed + "}", ATOM, "tuple")
        if brackets in ("()", "", "[]"):
            return Text(f"({listed})", ATOM, "tuple")
        raise LatexError("interval")


def _decimal(digits: str) -> str:
    return "0" + digits if digits.startswith(".") else digits


def _digits(value: Fraction | float) -> float:
    if isinstance(value, Fraction):
        return 0.0 if value in (-1, 0, 1) else value.numerator.bit_length() / 3
    return 1.0


def _divides(divisor: Value | None, value: Value | None) -> bool:
    return (
        isinstance(value, Fraction)
        and isinstance(divisor, Fraction)
        and divisor != 0
        and value % divisor == 0
    )


def _is_small(exponent: Div) -> bool:
    return isinstance(exponent.numerator, Number) and isinstance(exponent.denominator, Number)
