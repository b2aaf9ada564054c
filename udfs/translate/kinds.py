"""The kind of a computation, told by its notation alone: for tables and pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from udfs.translate.computation import Computation

_BY_NOTATION = (
    ("calculus", re.compile(r"\\i*int(?![a-z])|\\lim|\\frac\{?\s*\\?d\s*\}?\s*\{?\s*d[a-z]|'\(")),
    ("matrices", re.compile(r"matrix|\\det|\\vec|\\mathbf")),
    ("sums and series", re.compile(r"\\sum|\\prod|\\[cld]?dots")),
    ("counting", re.compile(r"\\[dt]?binom|\\choose|\d\s*!|[a-z]!")),
    ("number theory", re.compile(r"\\gcd|lcm|\\bmod|\\mod|\\overline")),
    ("trigonometry, logarithms", re.compile(r"\\(?:arc)?(?:sin|cos|tan|cot|sec|csc)|\\(?:log|ln)")),
)
_LETTER = re.compile(r"(?<![\\a-zA-Z])[a-zA-Z](?![a-zA-Z])|\\(?:theta|alpha|beta|gamma|phi)")
_SYMBOL = re.compile(r"\s*\\?[a-zA-Z]+(?:_\{?\w+\}?)?\s*")
_COMMANDS = re.compile(r"\\(?:text|mathrm|operatorname)\s*\{[^{}]*\}|\\[a-zA-Z]+")
_FRACTIONS = re.compile(r"\\[cdt]?frac|\\sqrt|\^|/|\\over")

KINDS = (
    "arithmetic",
    "fractions, roots, powers",
    "trigonometry, logarithms",
    "identities",
    "solving",
    "definitions",
    *(name for name, _ in _BY_NOTATION if name != "trigonometry, logarithms"),
)
"""What `kind` returns, from easy to hard."""


def kind(computation: Computation) -> str:
    """Return the kind of a computation, one of `KINDS`.

    A congruence is number theory; what holds signs of calculus, matrices, series, counting,
    divisors, trigonometry or logarithms is that, the first of these; of the rest, a symbol alone
    is solved for, letters make a definition where conditions stand and an identity elsewhere.
    """
    if computation.modulus is not None:
        return "number theory"
    expression = computation.expression
    for name, pattern in _BY_NOTATION:
        if pattern.search(expression):
            return name
    if _SYMBOL.fullmatch(expression):
        return "solving"
    if _LETTER.search(_COMMANDS.sub(" ", expression)):
        return "definitions" if computation.conditions else "identities"
    return "fractions, roots, powers" if _FRACTIONS.search(expression) else "arithmetic"
