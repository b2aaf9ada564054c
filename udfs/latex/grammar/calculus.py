"""Sums, products, limits and integrals, with what runs in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udfs.latex.errors import LatexError
from udfs.latex.grammar.names import read_variable
from udfs.latex.nodes import ONE, Add, Constant, DivisorSeries, Integral, Limit, Neg, Node, Series

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader


_AT_MOST = {r"\le": 0, r"\leq": 0, r"\leqslant": 0, "≤": 0, "<": 1}
_AT_LEAST = {r"\ge": 0, r"\geq": 0, r"\geqslant": 0, "≥": 0, ">": 1}


def read_series(reader: Reader, kind: str) -> Node:
    """Read the bounds and terms behind a sum or product sign."""
    lower: Node | None = None
    upper: Node | None = None
    variable = ""
    while reader.peek().text in ("_", "^"):
        if reader.next().text == "^":
            upper = reader.script()
            continue
        reader.expect("{")
        bounds = _read_bounds(reader)
        reader.expect("}")
        variable, lower, above = bounds
        if variable and lower is None and above is not None:
            return DivisorSeries(kind, variable, above, reader.term())
        upper = above or upper
    if lower is None or upper is None:
        raise LatexError("unsupported_series")
    return Series(kind, variable, lower, upper, reader.term())


def _read_bounds(reader: Reader) -> tuple[str, Node | None, Node | None]:
    r"""Read `k = 1`, `1 \le k < n` or `k \ge 1`: the variable, its first and its last value.

    Of `d \mid n` the last value is n, whose divisors are meant, and there is no first.
    """
    operators = [reader.peek(k).text for k in range(1, 3)]
    if operators[0] == "=" or operators[0] in _AT_LEAST or reader.peek(1).kind == "_":
        variable = read_variable(reader)
        if reader.take("="):
            return variable, reader.expression(), None
        step = _AT_LEAST.get(reader.next().text)
        if step is None:
            raise LatexError("unsupported_series")
        return variable, _moved(reader.expression(), step), Constant("infinity")
    if operators[0] in (r"\mid", "|"):
        variable = read_variable(reader)
        reader.at += 1
        return variable, None, reader.expression()
    lower = reader.expression()
    first = _AT_MOST.get(reader.next().text)
    if first is None:
        raise LatexError("unsupported_series", reader.peek().text)
    variable = read_variable(reader)
    last = _AT_MOST.get(reader.next().text)
    if last is None:
        raise LatexError("unsupported_series", reader.peek().text)
    return variable, _moved(lower, first), _moved(reader.expression(), -last)


def _moved(bound: Node, step: int) -> Node:
    """A bound that is not reached, moved on by one."""
    if not step:
        return bound
    return Add((bound, ONE if step > 0 else Neg(ONE)))


def read_limit(reader: Reader) -> Node:
    r"""Read what stands behind `\lim`."""
    reader.expect("_")
    reader.expect("{")
    variable = read_variable(reader)
    reader.expect(r"\to")
    side = ""
    point: Node
    start = reader.at
    while reader.peek().text not in ("^", "}", ""):
        reader.at += 1
    if reader.is_next("^") and reader.script_at(1) in ("+", "-"):
        end = reader.at
        rest = reader.tokens
        reader.tokens, reader.at = [*rest[:end]], start
        point = reader.expression()
        reader.tokens = rest
        reader.at += 1
        side = reader.script_at(0)
        reader.script_skip()
    else:
        reader.at = start
        point = reader.expression()
    reader.expect("}")
    return Limit(reader.term(), variable, point, side)


def read_integral(reader: Reader) -> Node:
    r"""Read what stands behind `\int` up to its differential."""
    lower: Node | None = None
    upper: Node | None = None
    while reader.peek().text in ("_", "^"):
        if reader.next().text == "^":
            upper = reader.script()
        else:
            lower = reader.script()
    if (lower is None) != (upper is None):
        raise LatexError("unsupported_integral")
    reader.integrals += 1
    outer, reader.differential = reader.differential, ""
    body: Node = ONE if reader.is_differential() else reader.expression()
    reader.integrals -= 1
    if reader.peek().text == "d" and not reader.differential:
        reader.at += 1
        reader.differential = read_variable(reader)
    if not reader.differential:
        raise LatexError("unsupported_integral")
    variable, reader.differential = reader.differential, outer
    return Integral(body, variable, lower, upper)
