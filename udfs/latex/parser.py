r"""LaTeX into an expression tree: the way into `udfs.latex.grammar`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.latex.grammar.reader import Reader
from udfs.latex.lexer import tokens

if TYPE_CHECKING:
    from collections.abc import Collection

    from udfs.latex.nodes import Node

_CAPITALS = re.compile(r"(?<![A-Za-z\\])[A-Z](?![A-Za-z])")


def parse(
    latex: str,
    *,
    functions: Collection[str] = (),
    symbols: Collection[str] = (),
    operators: Collection[str] = (),
    mixed: bool = True,
    slash_groups: bool = False,
) -> Node:
    r"""Read an expression: one side of a relation, without delimiters.

    Args:
        latex: the expression; punctuation behind it is dropped.
        functions: names that the document defines as functions: `f(x)` is a call for these, for
            `f`, `g` and `h` unless they are `symbols`, and where several arguments stand.
        symbols: names that the document uses as single letters; `AB` is the name of a segment
            unless both its letters stand alone here or in the expression.
        operators: binary operators that the document defines, as `\star` or `@`.
        mixed: read `2\frac{1}{2}` as two and a half; else as a product.
        slash_groups: read `a/bc` as a over bc; else as a over b, times c.

    Raises:
        LatexError: it is no expression that is understood; `reason` says why.
    """
    reader = Reader(
        tokens(latex),
        frozenset(functions),
        frozenset(symbols) | set(_CAPITALS.findall(latex)),
        frozenset(operators),
        mixed=mixed,
        slash_groups=slash_groups,
    )
    return reader.everything()
