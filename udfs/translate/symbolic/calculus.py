"""Series, integrals, derivatives and limits as Python."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from udfs.latex import LatexError
from udfs.latex.nodes import (
    Between,
    Derivative,
    DivisorSeries,
    Integral,
    Limit,
    Node,
    Series,
    free_names,
)
from udfs.translate.symbolic.names import identifier
from udfs.translate.symbolic.text import ATOM, PRODUCT, SUM, NeedsSympyError, Text, held

if TYPE_CHECKING:
    from udfs.translate.symbolic.writer import Writer

MAX_COUNT = 200_000


def write_series(writer: Writer, series: Series) -> Text:
    """Write a sum or product: a loop over whole numbers, else SymPy's closed form."""
    lower, upper = writer.of(series.lower), writer.of(series.upper)
    first, last = writer.real(series.lower), writer.real(series.upper)
    if lower.kind == upper.kind == "int" and first is not None and last is not None:
        if not -1 <= last - first <= MAX_COUNT:
            raise LatexError("too_large")
        return _loop(writer, series, lower, upper)
    if not writer.is_sympy:
        raise NeedsSympyError
    body = _bound(writer, series.variable, series.body, "symbolic")
    name = writer.sympy("summation" if series.kind == "sum" else "product")
    index = writer.symbol(series.variable)
    return Text(f"{name}({body.text}, ({index}, {lower.text}, {upper.text}))", ATOM, "symbolic")


def write_over_divisors(writer: Writer, series: DivisorSeries) -> Text:
    """Write a sum or product over the divisors of a number: a loop over those before it."""
    number = writer.of(series.number)
    size = writer.real(series.number)
    if number.kind != "int" or size is None or not 1 <= size <= MAX_COUNT:
        raise LatexError("unsupported_series")
    index = identifier(series.variable)
    body = _bound(writer, series.variable, series.body, "int")
    divides = f"{held(number, PRODUCT)} % {index} == 0"
    inside = f"{body.text} for {index} in range(1, {held(number, SUM)} + 1) if {divides}"
    if series.kind == "sum":
        return Text(f"sum({inside})", ATOM, body.kind)
    if writer.is_sympy:
        writer.use("sympy", "prod")
        return Text(f"prod([{inside}])", ATOM, body.kind)
    writer.use("math")
    return Text(f"math.prod({inside})", ATOM, body.kind)


def _loop(writer: Writer, series: Series, lower: Text, upper: Text) -> Text:
    body = _bound(writer, series.variable, series.body, "int")
    after = str(int(upper.text) + 1) if upper.text.isdigit() else f"{held(upper, SUM)} + 1"
    start = "" if lower.text == "0" else lower.text + ", "
    index = identifier(series.variable)
    steps = f"range({start}{after})"
    inside = steps if body.text == index else f"{body.text} for {index} in {steps}"
    if series.kind == "sum":
        return Text(f"sum({inside})", ATOM, body.kind)
    if writer.is_sympy:
        writer.use("sympy", "prod")
        return Text(
            f"prod({inside})" if "for" not in inside else f"prod([{inside}])", ATOM, body.kind
        )
    writer.use("math")
    return Text(f"math.prod({inside})", ATOM, body.kind)


def _bound(writer: Writer, variable: str, body: Node, kind: str) -> Text:
    """Write an expression in which a variable is bound."""
    outer = writer.kinds.get(variable)
    known = writer.values.pop(variable, None)
    writer.kinds[variable] = kind
    if kind == "int":
        # Some value of an index, to tell that roots and logarithms of it are real.
        writer.values[variable] = Fraction(2)
    written = writer.of(body)
    writer.values.pop(variable, None)
    if known is not None:
        writer.values[variable] = known
    if outer is None:
        del writer.kinds[variable]
    else:
        writer.kinds[variable] = outer
    return written


def write_calculus(writer: Writer, node: Node) -> Text:
    """Write an integral, derivative, limit or difference of two values."""
    match node:
        case Integral(body, variable, lower, upper):
            written = _bound(writer, variable, body, "symbolic")
            name = writer.sympy("integrate")
            symbol = writer.symbol(variable)
            if lower is None or upper is None:
                return Text(f"{name}({written.text}, {symbol})", ATOM, "symbolic")
            bounds = f"({symbol}, {writer.write(lower)}, {writer.write(upper)})"
            return Text(f"{name}({written.text}, {bounds})", ATOM, "symbolic")
        case Derivative(body, variable, order):
            written = _bound(writer, variable, body, "symbolic")
            times = f", {order}" if order > 1 else ""
            name = writer.sympy("diff")
            return Text(
                f"{name}({written.text}, {writer.symbol(variable)}{times})", ATOM, "symbolic"
            )
        case Limit(body, variable, point, side):
            written = _bound(writer, variable, body, "symbolic")
            which = f', "{side}"' if side else ""
            name = writer.sympy("limit")
            return Text(
                f"{name}({written.text}, {writer.symbol(variable)}, {writer.write(point)}{which})",
                ATOM,
                "symbolic",
            )
        case Between(body, lower, upper):
            free = sorted(free_names(body) - {"e", "i"})
            if len(free) != 1:
                raise LatexError("unsupported_bounds")
            written = _bound(writer, free[0], body, "symbolic")
            symbol = writer.symbol(free[0])
            shown = f"({written.text})"
            return Text(
                f"{shown}.subs({symbol}, {writer.write(upper)})"
                f" - {shown}.subs({symbol}, {writer.write(lower)})",
                SUM,
                "symbolic",
            )
    raise LatexError("unsupported_node")
