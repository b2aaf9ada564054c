"""Environments that are values: matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udfs.latex import vocabulary
from udfs.latex.errors import LatexError
from udfs.latex.nodes import Call, Matrix, Node

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader


def read_environment(reader: Reader) -> Node:
    """Read a matrix or determinant."""
    which = reader.next().text
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
