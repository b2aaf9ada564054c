r"""Vectors and matrices without values: products of them are no products of numbers.

`A V = B V D` gives `A = B V D V^{-1}` and not `B D`, `(\mathbf a \cdot \mathbf b)\mathbf c` is
not `\mathbf a(\mathbf b \cdot \mathbf c)`. A comparison that takes the letters for numbers would
find them equal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.latex import nodes
from udfs.verify.answer import plain_name
from udfs.verify.definitions import definitions
from udfs.verify.stated import UnstatedError, read_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARKED = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|vec|overrightarrow|underline)\s*\{?\s*(?P<bold>\\?[A-Za-z]+)"
    r"|(?<![A-Za-z\\])(?P<primed>[A-Z])(?:'|\^\s*\{?\s*\\prime)"
    r"|(?P<turned>\\?[A-Za-z]+)\s*(?:_\s*(?:\{[^{}]*\}|\w))?\s*\^\s*(?:\{\s*)?"
    r"(?:T(?![A-Za-z])|\\(?:top|intercal|dagger|mathsf|mathrm|text)\b)"
)
# An inverse in a product of capital letters.
_INVERSE = re.compile(r"(?<![A-Za-z\\])(?P<name>[A-Z])\s*\^\s*\{?\s*-\s*(?:1|T|\\top)")
_CAPITALS = re.compile(r"(?<![A-Za-z\\])[A-Z](?:_\w)?\s*[A-Z](?![a-z])")


def marked(latex: str) -> frozenset[str]:
    r"""Names that LaTeX sets as vectors or treats as matrices: `\mathbf a`, `\vec v`, `A^T`."""
    if not any(mark in latex for mark in "\\^'"):
        return frozenset()
    found = list(_MARKED.finditer(latex))
    names = {each["bold"] or each["turned"] for each in found}
    if _CAPITALS.search(latex.replace("'", "")):
        # A prime turns a matrix around; of a single letter it is a derivative.
        names |= {each["primed"] for each in found} | {f"{each['primed']}_prime" for each in found}
    inverse = {each["name"] for each in _INVERSE.finditer(latex)}
    if inverse and _CAPITALS.search(latex):
        names |= inverse
    return frozenset(plain_name(name) for name in names if name)


def multiplies_unknown_ones(sides: Sequence[str], conditions: Sequence[str]) -> bool:
    """Whether vectors or matrices without values are multiplied on one of the sides.

    Args:
        sides: LaTeX of the expression and of the stated result.
        conditions: LaTeX of what the text says of symbols.
    """
    names = frozenset().union(*(marked(side) for side in sides))
    if not names:
        return False
    names -= definitions(conditions).values.keys()
    return bool(names) and any(_multiplies(side, names) for side in sides)


def _multiplies(latex: str, names: frozenset[str]) -> bool:
    try:
        tree = read_tree(latex)
    except UnstatedError:
        return False
    for node in nodes.walk(tree):
        match node:
            case nodes.Mul(factors, _):
                open_factors = [factor for factor in factors if nodes.free_names(factor)]
                held = [factor for factor in open_factors if _holds(factor, names)]
                # A number times a vector is safe; whether `A` is a number nobody knows.
                others = [factor for factor in open_factors if factor not in held]
                if len(held) > 1 or (held and any(_has_capital(factor) for factor in others)):
                    return True
            case nodes.Pow(base, _) | nodes.Div(_, base) if _holds(base, names):
                return True
    return False


def _has_capital(node: nodes.Node) -> bool:
    return any(name[0].isupper() for name in nodes.free_names(node))


def _holds(node: nodes.Node, names: frozenset[str]) -> bool:
    """Whether one of the names stands in it, with any subscript."""
    inside = {plain_name(name) for name in nodes.free_names(node)}
    return not names.isdisjoint(inside | {name.partition("_")[0] for name in inside})
