"""LaTeX mathematics: an expression tree from what people write, and its value in SymPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from udfs.latex.errors import LatexError
from udfs.latex.nodes import Node
from udfs.latex.parser import parse
from udfs.latex.relations import Side, split_relations

if TYPE_CHECKING:
    from udfs.latex.meaning import to_sympy

__all__ = ["LatexError", "Node", "Side", "parse", "split_relations", "to_sympy"]


def __getattr__(name: str) -> Any:
    # SymPy takes half a second to import, and reading and translating do without it.
    if name == "to_sympy":
        from udfs.latex import meaning  # noqa: PLC0415

        return meaning.to_sympy
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
