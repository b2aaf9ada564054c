"""Arithmetic in plain text, outside formulas: `12 * 5 = 60`, `<<48/2=24>>`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = r"(?:\\?\$)?\d+(?:,\d{3})*(?:\.\d+)?%?"
_TERM = rf"\(*\s*-?{_NUMBER}\s*\)*"
_EXPRESSION = rf"{_TERM}(?:\s*(?:[-+*/×÷·−]|(?<=\s)x(?=\s))\s*{_TERM})+"
_PLAIN = re.compile(
    rf"<<\s*(?P<marked>[-+*/().\d\s]{{1,200}}?)\s*=\s*(?P<outcome>-?\d+(?:\.\d+)?|\.\d+)\s*>>"
    rf"|(?<![\w.$^_\\/*+=<>,×-])(?P<left>{_EXPRESSION})\s*=\s*(?P<right>-?{_NUMBER})(?![\w*/^=(]|\s*[-+*/×÷=]|[.,]\d)"
)
# What stands before the sign: a number, perhaps in brackets.
_BEFORE = re.compile(r"[\d%).]\s*$")
_COMPUTES = re.compile(r"\d\s*\)*\s*[-+*/]\s*\(*\s*[-.\d]")
_SIGNS = {"*": r" \times ", "×": r" \times ", "·": r" \cdot ", "÷": r" \div ", "−": "-", "$": r"\$"}
_SIGN = re.compile(r"\s*[*×·÷−]\s*|\\?\$|%|(?<=\s)x(?=\s)")


def computations(masked: str) -> list[tuple[int, int, str, str]]:
    """Find sums in plain text.

    Args:
        masked: the document with formulas and code blanked out, offsets unchanged.

    Returns:
        For each: start and end in the document, LaTeX of the left side and of the result.
    """
    found: list[tuple[int, int, str, str]] = []
    for match in _matches(masked):
        kind = "marked" if match["marked"] is not None else "left"
        other = "outcome" if kind == "marked" else "right"
        left, right = match[kind], match[other]
        if kind == "marked" and not _COMPUTES.search(left):
            continue
        if left.count("(") != left.count(")"):
            continue
        found.append((match.start(kind), match.end(other), latex(left), latex(right)))
    return found


def _matches(masked: str) -> Iterator[re.Match[str]]:
    """Look at the lines alone in which something stands before an equals sign."""
    end = 0
    position = masked.find("=")
    while position >= 0:
        if _BEFORE.search(masked, max(end, position - 4), position):
            start = max(end, masked.rfind("\n", end, position) + 1)
            end = masked.find("\n", position)
            end = len(masked) if end < 0 else end
            yield from _PLAIN.finditer(masked, start, end)
            position = masked.find("=", end)
        else:
            position = masked.find("=", position + 1)


def latex(plain: str) -> str:
    r"""LaTeX of arithmetic in plain text: `2 * 3` becomes `2 \times 3`."""

    def sign(match: re.Match[str]) -> str:
        mark = match[0].strip()
        if mark == "%":
            return r"\%"
        if mark.endswith("$"):
            return r"\$"
        return _SIGNS.get(mark, r" \times ")

    return _SIGN.sub(sign, plain.strip()).replace("  ", " ")
