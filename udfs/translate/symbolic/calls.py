"""Calls as Python: functions of mathematics, of matrices and of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udfs.latex import LatexError
from udfs.latex.nodes import Add, Call, Comparison, Mul, Name, Node
from udfs.translate.symbolic.names import identifier
from udfs.translate.symbolic.text import (
    ATOM,
    POWER,
    PRODUCT,
    SUM,
    NeedsSympyError,
    Text,
    held,
    joint,
)

if TYPE_CHECKING:
    from udfs.translate.symbolic.writer import Writer

TRIGONOMETRY = frozenset(["sin", "cos", "tan", "cot", "sec", "csc"])
_GROWING = frozenset(["factorial", "double_factorial", "binomial", "permutation", "gamma"])
TAKES_ANGLES = TRIGONOMETRY | {"cis"}
INVERSE_TRIGONOMETRY = frozenset(["asin", "acos", "atan", "acot"])
MAX_FACTORIAL = 1000

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
_ORDER = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
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
    "gamma": "gamma",
    "zeta": "zeta",
    "erf": "erf",
    "permutation": "ff",
    "totient": "totient",
    "max": "Max",
    "min": "Min",
}


def write_call(writer: Writer, function: str, arguments: tuple[Node, ...]) -> Text:
    """Write a call of a function whose meaning is fixed."""
    texts = [writer.of(argument) for argument in arguments]
    if not texts:
        raise LatexError("incomplete", function)
    first = texts[0]
    if first.kind == "tuple":
        raise LatexError("tuple_arithmetic", function)
    if first.kind in ("vector", "matrix"):
        return _of_matrix(function, first)
    if function in _GROWING:
        size = writer.real(arguments[0])
        if size is not None and size > MAX_FACTORIAL:
            raise LatexError("too_large")
    listed = ", ".join(text.text for text in texts)
    if function == "root":
        return _root(writer, arguments, texts)
    if function == "log":
        return _logarithm(writer, arguments, texts)
    if function == "norm":
        function = "abs"
    if function == "cis":
        return writer.of(
            Add((Call("cos", arguments), Mul((Name("i"), Call("sin", arguments)), ("", ""))))
        )
    if writer.is_sympy:
        if function not in _SYMPY:
            raise LatexError("unsupported_function", function)
        name = writer.sympy(_SYMPY[function])
        return Text(f"{name}({listed})", ATOM, "symbolic")
    return _plain_call(writer, function, arguments, texts, listed)


def _plain_call(
    writer: Writer, function: str, arguments: tuple[Node, ...], texts: list[Text], listed: str
) -> Text:
    first = texts[0]
    if any(text.kind == "symbolic" for text in texts):
        raise NeedsSympyError
    match function:
        case "abs":
            return Text(f"abs({listed})", ATOM, first.kind)
        case "factorial" if first.kind == "int":
            writer.use("math")
            return Text(f"math.factorial({listed})", ATOM, "int")
        case "binomial" if texts[0].kind == texts[1].kind == "int":
            writer.use("math")
            return Text(f"math.comb({listed})", ATOM, "int")
        case "permutation" if texts[0].kind == texts[1].kind == "int":
            writer.use("math")
            return Text(f"math.perm({listed})", ATOM, "int")
        case "totient" if first.text.isdigit() and int(first.text) <= MAX_FACTORIAL:
            writer.use("math")
            steps = f"range(1, {int(first.text) + 1})"
            return Text(f"sum(math.gcd(k, {first.text}) == 1 for k in {steps})", ATOM, "int")
        case "gcd" | "lcm" if all(text.kind == "int" for text in texts):
            writer.use("math")
            return Text(f"math.{function}({listed})", ATOM, "int")
        case "floor" | "ceiling":
            writer.use("math")
            return Text(f"math.{'floor' if function == 'floor' else 'ceil'}({listed})", ATOM, "int")
        case "max" | "min":
            return Text(f"{function}({listed})", ATOM, joint([t.kind for t in texts]))
        case "mod":
            return Text(f"{held(texts[0], PRODUCT)} % {held(texts[1], POWER)}", PRODUCT, "int")
    if function in _RECIPROCALS:
        writer.use("math")
        return Text(f"1 / math.{_RECIPROCALS[function]}({listed})", PRODUCT, "real")
    if function not in _MATH:
        raise NeedsSympyError
    known = writer.real(arguments[0])
    if known is None:
        raise NeedsSympyError
    if (function in ("sqrt", "ln") and known < 0) or (
        function in ("asin", "acos") and not -1 <= known <= 1
    ):
        raise NeedsSympyError
    writer.use("math")
    return Text(f"{_MATH[function]}({listed})", ATOM, "real")


def _root(writer: Writer, arguments: tuple[Node, ...], texts: list[Text]) -> Text:
    if writer.is_sympy:
        known = writer.real(arguments[0])
        name = "real_root" if known is not None and known < 0 else "root"
        return Text(f"{writer.sympy(name)}({texts[0].text}, {texts[1].text})", ATOM, "symbolic")
    known = writer.real(arguments[0])
    if known is None or known < 0:
        raise NeedsSympyError
    return Text(f"{held(texts[0], ATOM)}**(1 / {held(texts[1], POWER)})", POWER, "real")


def _logarithm(writer: Writer, arguments: tuple[Node, ...], texts: list[Text]) -> Text:
    base = texts[1].text if len(texts) > 1 else str(writer.log_base) if writer.log_base else ""
    if writer.is_sympy:
        name = writer.sympy("log")
        return Text(f"{name}({texts[0].text}{', ' + base if base else ''})", ATOM, "symbolic")
    known = writer.real(arguments[0])
    if known is None or known <= 0:
        raise NeedsSympyError
    writer.use("math")
    if base in ("2", "10"):
        return Text(f"math.log{base}({texts[0].text})", ATOM, "real")
    return Text(f"math.log({texts[0].text}{', ' + base if base else ''})", ATOM, "real")


def _of_matrix(function: str, matrix: Text) -> Text:
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


def write_comparison(writer: Writer, comparisons: tuple[Comparison, ...]) -> str:
    """Write what holds in a case: `0 <= x < 2`, several things joined by `and`."""
    shown = ""
    before: Node | None = None
    for comparison in comparisons:
        right = held(writer.of(comparison.right), SUM)
        sign = _ORDER[comparison.operator]
        if comparison.left is before:
            shown += f" {sign} {right}"
        else:
            left = held(writer.of(comparison.left), SUM)
            shown += (" and " if shown else "") + f"{left} {sign} {right}"
        before = comparison.right
    return shown


def write_apply(writer: Writer, function: str, arguments: tuple[Node, ...], order: int) -> Text:
    """Write a call of a function that the document defines, or of its derivative."""
    if function not in writer.functions:
        raise LatexError("undefined_function", function)
    listed = ", ".join(writer.write(argument) for argument in arguments)
    if order == 0:
        kind = writer.kinds.get(function + "()", "symbolic" if writer.is_sympy else "real")
        return Text(f"{identifier(function)}({listed})", ATOM, kind)
    if order < 0:
        if function not in writer.inverses:
            raise LatexError("inverse_function")
        return Text(f"{identifier(function)}_inverse({listed})", ATOM, "symbolic")
    if len(arguments) != 1:
        raise LatexError("unsupported_derivative")
    variable = writer.symbol("x")
    times = f", {order}" if order > 1 else ""
    derivative = f"{writer.sympy('diff')}({identifier(function)}({variable}), {variable}{times})"
    return Text(f"{derivative}.subs({variable}, {listed})", ATOM, "symbolic")
