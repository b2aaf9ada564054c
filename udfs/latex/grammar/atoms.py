"""Atoms: what stands without an operator around it, told by its first token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udfs.latex.grammar.brackets import read_absolute, read_brackets
from udfs.latex.grammar.calls import read_name, read_prescript, read_text
from udfs.latex.grammar.commands import read_command
from udfs.latex.grammar.environments import read_environment
from udfs.latex.grammar.numbers import read_number
from udfs.latex.nodes import Node, Quantity

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader


def read_atom(reader: Reader) -> Node:
    """Read what stands without an operator around it; one level deeper."""
    reader.deepen()
    value = _bare_atom(reader)
    reader.depth -= 1
    return value


def _bare_atom(reader: Reader) -> Node:
    token = reader.peek()
    kind, text = token.kind, token.text
    if kind in ("number", "repeating"):
        return read_number(reader)
    if kind == "name":
        return read_name(reader)
    if kind in ("_", "^") or (kind == "{" and reader.peek(1).kind == "}"):
        return read_prescript(reader)
    if kind == "{":
        return reader.group()
    if kind in ("(", "[") or text == r"\{" or kind == "open":
        return read_brackets(reader)
    if text in ("|", r"\|"):
        return read_absolute(reader, text)
    if kind == "command":
        return read_command(reader)
    if kind == "text":
        return read_text(reader)
    if kind == "begin":
        return read_environment(reader)
    if kind in ("€", "£", "¥"):
        reader.at += 1
        return Quantity(reader.factor(), text)
    raise reader.unexpected()
