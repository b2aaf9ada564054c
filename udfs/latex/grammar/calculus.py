"""Sums, products, limits and integrals, with what runs in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udfs.latex.errors import LatexError
from udfs.latex.grammar.names import read_variable
from udfs.latex.nodes import ONE, Integral, Limit, Node, Series

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader


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
        variable = read_variable(reader)
        if not reader.take("="):
            raise LatexError("unsupported_series", reader.peek().text)
        lower = reader.expression()
        reader.expect("}")
    if lower is None or upper is None:
        raise LatexError("unsupported_series")
    return Series(kind, variable, lower, upper, reader.term())


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
