"""Brackets of all kinds, bars, and values between two bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udfs.latex import vocabulary
from udfs.latex.errors import LatexError
from udfs.latex.grammar.environments import read_cases
from udfs.latex.grammar.names import read_event
from udfs.latex.grammar.numbers import based
from udfs.latex.nodes import Between, Call, Name, Node, Number, Sequence

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader


_CLOSERS = {"(": ")]", "[": "])"}


def read_brackets(reader: Reader) -> Node:
    """Read a bracket: an expression, a list, a set, an interval, bars or a value between."""
    opener = reader.next()
    mark = opener.text
    if mark in ("|", r"\|"):
        reader.at -= 1
        return read_absolute(reader, mark)
    if mark in (r"\lfloor", r"\lceil", r"\langle", "<"):
        return read_paired(reader, mark)
    bars, reader.bars = reader.bars, 0
    if mark == r"\{" and reader.peek().text == r"\}":
        reader.at += 1
        reader.bars = bars
        return Sequence((), "{}")
    if mark == r"\{" and opener.kind == "open" and reader.peek().kind == "begin":
        # A brace that nothing closes: `\left\{ \begin{array}{ll} ... \end{array} \right.`
        reader.at += 1
        cases = read_cases(reader)
        reader.expect(".")
        reader.bars = bars
        return cases
    items = reader.items()
    closer = reader.next()
    reader.bars = bars
    close = closer.text
    if mark == ".":
        if close not in ("|", "]") or closer.kind != "close":
            raise LatexError("unbalanced", close)
    elif (close not in _CLOSERS[mark] if mark in _CLOSERS else close != r"\}") or not close:
        raise (
            reader.unexpected()
            if closer.text in vocabulary.RELATIONS
            else LatexError("unbalanced", f"{mark} ... {close}")
        )
    if mark in ("[", ".") and reader.is_next("_"):
        return read_between(reader, items[0])
    if mark == r"\{":
        return Sequence(tuple(items), "{}")
    if len(items) > 1:
        return Sequence(tuple(items), mark + close)
    if isinstance(items[0], Number) and reader.is_next("_") and items[0].decimals is None:
        return based(reader, items[0])
    if mark == "[" and isinstance(items[0], Name) and _is_figure(items[0].name):
        return Name("area_" + items[0].name.removeprefix("triangle_"))
    return items[0]


def read_between(reader: Reader, body: Node) -> Node:
    """Read the bounds behind a bracket whose value is taken at both."""
    reader.expect("_")
    lower = reader.script()
    reader.expect("^")
    return Between(body, lower, reader.script())


def read_paired(reader: Reader, mark: str) -> Node:
    """Read a floor, a ceiling or an angle bracket, whose opener was taken."""
    close, function = {
        r"\lfloor": (r"\rfloor", "floor"),
        r"\lceil": (r"\rceil", "ceiling"),
        r"\langle": (r"\rangle", "<>"),
        "<": (">", "<>"),
    }[mark]
    bars, reader.bars = reader.bars, 0
    items = reader.items()
    reader.bars = bars
    reader.expect(close)
    if function == "<>":
        return Sequence(tuple(items), "<>")
    if len(items) > 1:
        raise LatexError("unexpected", ",")
    return Call(function, (items[0],))


def read_absolute(reader: Reader, mark: str) -> Node:
    r"""Read bars: an absolute value, or with `\|` a norm."""
    event = read_event(reader, mark)
    if event:
        return Name("size_" + event)
    reader.at += 1
    reader.bars += 1
    value = reader.expression()
    reader.bars -= 1
    reader.expect(mark)
    return Call("abs" if mark == "|" else "norm", (value,))


def _is_figure(name: str) -> bool:
    return name.startswith("triangle_") or (name.isupper() and len(name) >= 3)
