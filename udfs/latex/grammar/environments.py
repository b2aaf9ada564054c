"""Environments that are values: matrices, and values by cases."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from udfs.latex import vocabulary
from udfs.latex.errors import LatexError
from udfs.latex.lexer import Token, tokens
from udfs.latex.nodes import Call, Cases, Comparison, Matrix, Name, Node, Number

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader


_COMPARISONS = {
    "=": "eq",
    r"\ne": "ne",
    r"\neq": "ne",
    "≠": "ne",
    "<": "lt",
    r"\le": "le",
    r"\leq": "le",
    r"\leqslant": "le",
    "≤": "le",
    ">": "gt",
    r"\ge": "ge",
    r"\geq": "ge",
    r"\geqslant": "ge",
    "≥": "ge",
}
_ALWAYS = frozenset(["otherwise", "else", "if otherwise", "elsewhere"])
_LEADS = frozenset(["if", "for", "when", "where", "with", "and", "if and", "for all", "provided"])
_INSIDE = re.compile(r"(?P<lead>[a-z ]*?)\s*\$(?P<formula>[^$]*)\$\s*(?P<rest>[a-z ]*)[.,;]?")
_PARITY = re.compile(r"(?:is |an? |are )*(?P<kind>even|odd)(?: integers?| numbers?)?")


def read_environment(reader: Reader) -> Node:
    """Read a matrix or determinant, or cases."""
    which = reader.next().text
    if which in ("cases", "dcases", "rcases"):
        return read_cases(reader)
    if which not in vocabulary.MATRICES:
        raise LatexError("unsupported_environment", which)
    bars, reader.bars = reader.bars, 0
    rows: list[tuple[Node, ...]] = []
    row: list[Node] = []
    while True:
        if reader.peek().kind == "end":
            break
        row.append(reader.expression())
        token = reader.next()
        if token.text == "&":
            continue
        if token.text == r"\\" or token.kind == "end":
            rows.append(tuple(row))
            row = []
            if token.kind == "end":
                reader.at -= 1
                break
        else:
            reader.at -= 1
            raise reader.unexpected()
    reader.next()
    reader.bars = bars
    if not rows or row or len({len(found) for found in rows}) != 1:
        raise LatexError("ragged_matrix")
    matrix = Matrix(tuple(rows))
    if which == "vmatrix":
        return Call("det", (matrix,))
    return Call("norm", (matrix,)) if which == "Vmatrix" else matrix


def read_cases(reader: Reader) -> Node:
    r"""Read the rows of cases, whose `\begin` was taken, up to its `\end`.

    A row is a value and, behind `&`, a comma or a word, what holds there.
    """
    branches = []
    while reader.peek().kind != "end":
        value = reader.expression()
        branches.append((value, tuple(_read_comparisons(reader))))
        while reader.peek().text in (r"\\", ".", ";", ",", "&"):
            reader.at += 1
    reader.next()
    if not branches:
        raise LatexError("empty")
    return Cases(tuple(branches))


def _read_comparisons(reader: Reader) -> list[Comparison]:
    found: list[Comparison] = []
    is_always = False
    while (token := reader.peek()).text != r"\\" and token.kind != "end":
        if token.text in ("&", ",") or token.text in _LEADS:
            reader.at += 1
        elif token.text.rstrip(".,; ") in _ALWAYS:
            reader.at += 1
            is_always = True
        elif token.kind == "text" and "$" in token.text:
            _open_formula(reader)
        elif token.text in (".", ";"):
            break
        elif token.kind == "text" or not token.kind:
            raise reader.unexpected()
        else:
            found += _read_chain(reader)
    if not found and not is_always:
        # A value alone: a system of equations, or a condition in words.
        raise LatexError("unsupported_cases")
    return found


def _open_formula(reader: Reader) -> None:
    r"""Put the tokens of a formula in a text in its place: `\text{if $x > 0$}`."""
    match = _INSIDE.fullmatch(reader.peek().text)
    if match is None or (match["lead"] and match["lead"].strip() not in _LEADS):
        raise reader.unexpected()
    rest = [Token("text", match["rest"], True)] if match["rest"] else []
    reader.tokens[reader.at : reader.at + 1] = [*tokens(match["formula"]), *rest]


def _read_chain(reader: Reader) -> list[Comparison]:
    r"""Read `0 \le x < 2` as two comparisons, and `n is even` as a remainder."""
    found = []
    left = reader.expression()
    while (operator := _COMPARISONS.get(reader.peek().text)) is not None:
        reader.at += 1
        right = reader.expression()
        found.append(Comparison(left, operator, right))
        left = right
    if found:
        return found
    words = _PARITY.fullmatch(reader.peek().text)
    if not isinstance(left, Name) or words is None:
        raise reader.unexpected()
    reader.at += 1
    digit = int(words["kind"] == "odd")
    remainder = Call("mod", (left, Number(Fraction(2), None, "2")))
    return [Comparison(remainder, "eq", Number(Fraction(digit), None, str(digit)))]
