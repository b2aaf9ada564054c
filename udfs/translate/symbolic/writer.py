"""Expression trees as Python: what a person would type, operator for operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from udfs.latex import LatexError
from udfs.latex.evaluate import evaluate
from udfs.latex.nodes import (
    Add,
    Apply,
    Between,
    Call,
    Constant,
    Derivative,
    Div,
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
    free_names,
)
from udfs.latex.sequences import without_ellipsis
from udfs.translate.symbolic.names import identifier

if TYPE_CHECKING:
    from udfs.latex.evaluate import Value

TRIGONOMETRY = frozenset(["sin", "cos", "tan", "cot", "sec", "csc"])
INVERSE_TRIGONOMETRY = frozenset(["asin", "acos", "atan", "acot"])
MAX_FACTORIAL = 1000
MAX_COUNT = 200_000

# How tightly what was written holds together.
SUM, PRODUCT, SIGN, POWER, ATOM = range(5)

_MATH = {
    "sin": "math.sin",
    "cos": "math.cos",
    "tan": "math.tan",
    "asin": "math.asin",
    "acos": "math.acos",
    "atan": "math.atan",
    "sinh": "math.sinh",
    "cosh": "math.cosh",
    "tanh": "math.tanh",
    "asinh": "math.asinh",
    "acosh": "math.acosh",
    "atanh": "math.atanh",
    "exp": "math.exp",
    "ln": "math.log",
    "sqrt": "math.sqrt",
}
_RECIPROCALS = {"cot": "tan", "sec": "cos", "csc": "sin"}
_SYMPY = {
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "cot": "cot",
    "sec": "sec",
    "csc": "csc",
    "asin": "asin",
    "acos": "acos",
    "atan": "atan",
    "acot": "acot",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "coth": "coth",
    "asinh": "asinh",
    "acosh": "acosh",
    "atanh": "atanh",
    "exp": "exp",
    "ln": "log",
    "sqrt": "sqrt",
    "abs": "Abs",
    "floor": "floor",
    "ceiling": "ceiling",
    "conjugate": "conjugate",
    "re": "re",
    "im": "im",
    "arg": "arg",
    "sign": "sign",
    "factorial": "factorial",
    "double_factorial": "factorial2",
    "binomial": "binomial",
    "gcd": "gcd",
    "lcm": "lcm",
    "mod": "Mod",
    "max": "Max",
    "min": "Min",
}


class NeedsSympyError(Exception):
    """The standard library does not hold what this needs: a complex number, a symbol, a limit."""


class Text(NamedTuple):
    """Python source of an expression.

    Attributes:
        text: the source.
        level: how tightly it holds together.
        kind: `int`, `rational` (a Fraction), `real` (a float), `symbolic` (a SymPy object),
            `vector` or `matrix`.
    """

    text: str
    level: int
    kind: str


@dataclass
class Writer:
    """Writes expressions for one program, and keeps what has to be imported.

    Attributes:
        is_sympy: with SymPy's functions and exact objects; else with the standard library's.
        kinds: kind of each name that the program assigns.
        values: value of each name, where known, to tell roots of negative numbers.
        functions: names of functions that the program defines.
        log_base: base of a logarithm that states none; None is the natural one.
        radians: a degree is pi/180; else a plain number.
        imports: names to import, by module.
    """

    is_sympy: bool
    kinds: dict[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    log_base: int | None = None
    radians: bool = False
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
                return self._call(function, arguments)
            case Apply(function, arguments, order):
                return self._apply(function, arguments, order)
            case Series():
                return self._series(node)
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
                return self._calculus(node)
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
        return Text(text, SUM, _joint(kinds))

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
            kind = _joint([left.kind, right.kind])
        # A sign inside a product stands in brackets: 60 * (-24).
        shown = held(right, POWER)
        return Text(f"{held(left, PRODUCT)} * {shown}", PRODUCT, kind)

    def _quotient(self, numerator: Node, denominator: Node) -> Text:
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
        kind = (
            above.kind if above.kind in ("vector", "matrix") else _joint([above.kind, below.kind])
        )
        return Text(f"{held(above, PRODUCT)} / {held(below, POWER)}", PRODUCT, kind)

    def _power(self, base: Node, exponent: Node) -> Text:
        below, above = self.of(base), self.of(exponent)
        if below.kind == "vector" and isinstance(exponent, Number):
            raise LatexError("unsupported_exponent")
        size, known = self.real(exponent), self.real(base)
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

    # Functions

    def _call(self, function: str, arguments: tuple[Node, ...]) -> Text:
        texts = [self.of(argument) for argument in arguments]
        first = texts[0]
        if first.kind in ("vector", "matrix"):
            return self._of_matrix(function, first)
        if function in ("factorial", "double_factorial", "binomial"):
            size = self.real(arguments[0])
            if size is not None and size > MAX_FACTORIAL:
                raise LatexError("too_large")
        listed = ", ".join(text.text for text in texts)
        if function == "root":
            return self._root(arguments, texts)
        if function == "log":
            return self._logarithm(arguments, texts)
        if function == "norm":
            function = "abs"
        if function == "cis":
            return self.of(
                Add((Call("cos", arguments), Mul((Name("i"), Call("sin", arguments)), ("", ""))))
            )
        if self.is_sympy:
            if function not in _SYMPY:
                raise LatexError("unsupported_function", function)
            name = self.sympy(_SYMPY[function])
            return Text(f"{name}({listed})", ATOM, "symbolic")
        return self._plain_call(function, arguments, texts, listed)

    def _plain_call(
        self, function: str, arguments: tuple[Node, ...], texts: list[Text], listed: str
    ) -> Text:
        first = texts[0]
        if any(text.kind == "symbolic" for text in texts):
            raise NeedsSympyError
        match function:
            case "abs":
                return Text(f"abs({listed})", ATOM, first.kind)
            case "factorial" if first.kind == "int":
                self.use("math")
                return Text(f"math.factorial({listed})", ATOM, "int")
            case "binomial" if texts[0].kind == texts[1].kind == "int":
                self.use("math")
                return Text(f"math.comb({listed})", ATOM, "int")
            case "gcd" | "lcm" if all(text.kind == "int" for text in texts):
                self.use("math")
                return Text(f"math.{function}({listed})", ATOM, "int")
            case "floor" | "ceiling":
                self.use("math")
                return Text(
                    f"math.{'floor' if function == 'floor' else 'ceil'}({listed})", ATOM, "int"
                )
            case "max" | "min":
                return Text(f"{function}({listed})", ATOM, _joint([t.kind for t in texts]))
            case "mod":
                return Text(f"{held(texts[0], PRODUCT)} % {held(texts[1], POWER)}", PRODUCT, "int")
        if function in _RECIPROCALS:
            self.use("math")
            return Text(f"1 / math.{_RECIPROCALS[function]}({listed})", PRODUCT, "real")
        if function not in _MATH:
            raise NeedsSympyError
        known = self.real(arguments[0])
        if known is None:
            raise NeedsSympyError
        if (function in ("sqrt", "ln") and known < 0) or (
            function in ("asin", "acos") and not -1 <= known <= 1
        ):
            raise NeedsSympyError
        self.use("math")
        return Text(f"{_MATH[function]}({listed})", ATOM, "real")

    def _root(self, arguments: tuple[Node, ...], texts: list[Text]) -> Text:
        if self.is_sympy:
            known = self.real(arguments[0])
            name = "real_root" if known is not None and known < 0 else "root"
            return Text(f"{self.sympy(name)}({texts[0].text}, {texts[1].text})", ATOM, "symbolic")
        known = self.real(arguments[0])
        if known is None or known < 0:
            raise NeedsSympyError
        return Text(f"{held(texts[0], ATOM)}**(1 / {held(texts[1], POWER)})", POWER, "real")

    def _logarithm(self, arguments: tuple[Node, ...], texts: list[Text]) -> Text:
        base = texts[1].text if len(texts) > 1 else str(self.log_base) if self.log_base else ""
        if self.is_sympy:
            name = self.sympy("log")
            return Text(f"{name}({texts[0].text}{', ' + base if base else ''})", ATOM, "symbolic")
        known = self.real(arguments[0])
        if known is None or known <= 0:
            raise NeedsSympyError
        self.use("math")
        if base in ("2", "10"):
            return Text(f"math.log{base}({texts[0].text})", ATOM, "real")
        return Text(f"math.log({texts[0].text}{', ' + base if base else ''})", ATOM, "real")

    def _of_matrix(self, function: str, matrix: Text) -> Text:
        shown = held(matrix, ATOM)
        match function:
            case "det" | "abs" if matrix.kind == "matrix":
                return Text(f"{shown}.det()", ATOM, "symbolic")
            case "norm" | "abs":
                return Text(f"{shown}.norm()", ATOM, "symbolic")
            case "transpose":
                return Text(f"{shown}.T", ATOM, matrix.kind)
            case "trace" | "rank":
                return Text(f"{shown}.{function}()", ATOM, "symbolic")
        raise LatexError("unsupported_argument", function)

    def _apply(self, function: str, arguments: tuple[Node, ...], order: int) -> Text:
        if function not in self.functions:
            raise LatexError("undefined_function", function)
        listed = ", ".join(self.write(argument) for argument in arguments)
        if order == 0:
            kind = self.kinds.get(function + "()", "symbolic" if self.is_sympy else "real")
            return Text(f"{identifier(function)}({listed})", ATOM, kind)
        if order < 0 or len(arguments) != 1:
            raise LatexError("inverse_function")
        variable = self.symbol("x")
        times = f", {order}" if order > 1 else ""
        derivative = f"{self.sympy('diff')}({identifier(function)}({variable}), {variable}{times})"
        return Text(f"{derivative}.subs({variable}, {listed})", ATOM, "symbolic")

    # Series and calculus

    def _series(self, series: Series) -> Text:
        lower, upper = self.of(series.lower), self.of(series.upper)
        first, last = self.real(series.lower), self.real(series.upper)
        if lower.kind == upper.kind == "int" and first is not None and last is not None:
            if not -1 <= last - first <= MAX_COUNT:
                raise LatexError("too_large")
            return self._loop(series, lower, upper)
        if not self.is_sympy:
            raise NeedsSympyError
        body = self._bound(series.variable, series.body, "symbolic")
        name = self.sympy("summation" if series.kind == "sum" else "product")
        index = self.symbol(series.variable)
        return Text(f"{name}({body.text}, ({index}, {lower.text}, {upper.text}))", ATOM, "symbolic")

    def _loop(self, series: Series, lower: Text, upper: Text) -> Text:
        body = self._bound(series.variable, series.body, "int")
        after = str(int(upper.text) + 1) if upper.text.isdigit() else f"{held(upper, SUM)} + 1"
        start = "" if lower.text == "0" else lower.text + ", "
        index = identifier(series.variable)
        steps = f"range({start}{after})"
        inside = steps if body.text == index else f"{body.text} for {index} in {steps}"
        if series.kind == "sum":
            return Text(f"sum({inside})", ATOM, body.kind)
        if self.is_sympy:
            self.use("sympy", "prod")
            return Text(
                f"prod({inside})" if "for" not in inside else f"prod([{inside}])", ATOM, body.kind
            )
        self.use("math")
        return Text(f"math.prod({inside})", ATOM, body.kind)

    def _bound(self, variable: str, body: Node, kind: str) -> Text:
        """Write an expression in which a variable is bound."""
        outer = self.kinds.get(variable)
        known = self.values.pop(variable, None)
        self.kinds[variable] = kind
        if kind == "int":
            # Some value of an index, to tell that roots and logarithms of it are real.
            self.values[variable] = Fraction(2)
        written = self.of(body)
        self.values.pop(variable, None)
        if known is not None:
            self.values[variable] = known
        if outer is None:
            del self.kinds[variable]
        else:
            self.kinds[variable] = outer
        return written

    def _calculus(self, node: Node) -> Text:
        match node:
            case Integral(body, variable, lower, upper):
                written = self._bound(variable, body, "symbolic")
                name = self.sympy("integrate")
                symbol = self.symbol(variable)
                if lower is None or upper is None:
                    return Text(f"{name}({written.text}, {symbol})", ATOM, "symbolic")
                bounds = f"({symbol}, {self.write(lower)}, {self.write(upper)})"
                return Text(f"{name}({written.text}, {bounds})", ATOM, "symbolic")
            case Derivative(body, variable, order):
                written = self._bound(variable, body, "symbolic")
                times = f", {order}" if order > 1 else ""
                name = self.sympy("diff")
                return Text(
                    f"{name}({written.text}, {self.symbol(variable)}{times})", ATOM, "symbolic"
                )
            case Limit(body, variable, point, side):
                written = self._bound(variable, body, "symbolic")
                which = f', "{side}"' if side else ""
                name = self.sympy("limit")
                return Text(
                    f"{name}({written.text}, {self.symbol(variable)}, {self.write(point)}{which})",
                    ATOM,
                    "symbolic",
                )
            case Between(body, lower, upper):
                free = sorted(free_names(body) - {"e", "i"})
                if len(free) != 1:
                    raise LatexError("unsupported_bounds")
                written = self._bound(free[0], body, "symbolic")
                symbol = self.symbol(free[0])
                shown = f"({written.text})"
                return Text(
                    f"{shown}.subs({symbol}, {self.write(upper)})"
                    f" - {shown}.subs({symbol}, {self.write(lower)})",
                    SUM,
                    "symbolic",
                )
        raise LatexError("unsupported_node")

    def _sequence(self, items: tuple[Node, ...], brackets: str) -> Text:
        if brackets == "<>":
            return self.of(Matrix(tuple((item,) for item in items)))
        listed = ", ".join(self.write(item) for item in items)
        if brackets == "{}":
            return Text("{" + listed + "}", ATOM, "tuple")
        if brackets in ("()", "", "[]"):
            return Text(f"({listed})", ATOM, "tuple")
        raise LatexError("interval")


def held(text: Text, level: int) -> str:
    """Put brackets around what holds together less tightly than its place asks."""
    return text.text if text.level >= level else f"({text.text})"


def _joint(kinds: list[str]) -> str:
    """The kind of a sum or product of these kinds."""
    if "tuple" in kinds:
        raise LatexError("tuple_arithmetic")
    for kind in ("matrix", "vector", "symbolic", "real", "rational"):
        if kind in kinds:
            return kind
    return "int"


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
