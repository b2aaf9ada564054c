"""A piece of Python source with what is known of it."""

from __future__ import annotations

from typing import NamedTuple

from udfs.latex import LatexError

# How tightly what was written holds together.
SUM, PRODUCT, SIGN, POWER, ATOM = range(5)


class NeedsSympyError(Exception):
    """The standard library does not hold what this needs: a complex number, a symbol, a limit."""


class Text(NamedTuple):
    """Python source of an expression.

    Attributes:
        text: the source.
        level: how tightly it holds together.
        kind: `int`, `rational` (a Fraction), `real` (a float), `symbolic` (a SymPy object),
            `vector` or `matrix`.
    """

    text: str
    level: int
    kind: str


def held(text: Text, level: int) -> str:
    """Put brackets around what holds together less tightly than its place asks."""
    return text.text if text.level >= level else f"({text.text})"


def joint(kinds: list[str]) -> str:
    """Return the kind of a sum or product of these kinds.

    Raises:
        LatexError: a tuple is among them.
    """
    if "tuple" in kinds:
        raise LatexError("tuple_arithmetic")
    for kind in ("matrix", "vector", "symbolic", "real", "rational"):
        if kind in kinds:
            return kind
    return "int"
