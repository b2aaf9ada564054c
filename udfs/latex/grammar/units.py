"""Units: the text that stands behind a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udfs.latex import vocabulary
from udfs.latex.nodes import Number

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader


UNITS_TOO = frozenset(["min", "sec"])
"""Names of functions that are units where no argument follows."""


def is_unit(text: str) -> bool:
    """Whether a text behind a value is its unit."""
    return (
        text.split()[0] not in vocabulary.CONJUNCTIONS
        and "$" not in text
        and text not in vocabulary.FUNCTION_WORDS
        and text not in ("d", "e", "i")
        and len(text.split()) <= 4
    )


def read_unit(reader: Reader) -> str:
    """Read a unit with its exponent."""
    unit = reader.next().text
    if reader.is_next("^"):
        reader.at += 1
        exponent = reader.script()
        unit += "^" + (exponent.digits if isinstance(exponent, Number) else "?")
    return unit
