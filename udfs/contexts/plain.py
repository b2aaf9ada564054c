"""Arithmetic in plain text, outside formulas: `12 * 5 = 60`, `<<48/2=24>>`."""

from __future__ import annotations

import re

_NUMBER = r"\$?\d+(?:,\d{3})*(?:\.\d+)?%?"
_TERM = rf"\(*\s*-?{_NUMBER}\s*\)*"
_EXPRESSION = rf"{_TERM}(?:\s*(?:[-+*/×÷·−]|(?<=\s)x(?=\s))\s*{_TERM})+"
_PLAIN = re.compile(
    rf"<<\s*(?P<marked>[-+*/().\d\s]{{1,200}}?)\s*=\s*(?P<outcome>-?\d+(?:\.\d+)?|\.\d+)\s*>>"
    rf"|(?<![\w.$^_\\/*+=<>,×-])(?P<left>{_EXPRESSION})\s*=\s*(?P<right>-?{_NUMBER})(?![\w*/^=(]|\s*[-+*/×÷=]|[.,]\d)"
)
_COMPUTES = re.compile(r"\d\s*\)*\s*[-+*/]\s*\(*\s*[-.\d]")
_SIGNS = {"*": r" \times ", "×": r" \times ", "·": r" \cdot ", "÷": r" \div ", "−": "-", "$": r"\$"}
_SIGN = re.compile(r"\s*[*×·÷−]\s*|\$|%|(?<=\s)x(?=\s)")


def computations(masked: str) -> list[tuple[int, int, str, str]]:
    """Find sums in plain text.

    Args:
        masked: the document with formulas and code blanked out, offsets unchanged.

    Returns:
        For each: start and end in the document, LaTeX of the left side and of the result.
    """
    if "=" not in masked:
        return []
    found: list[tuple[int, int, str, str]] = []
    for match in _PLAIN.finditer(masked):
        kind = "marked" if match["marked"] is not None else "left"
        other = "outcome" if kind == "marked" else "right"
        left, right = match[kind], match[other]
        if kind == "marked" and not _COMPUTES.search(left):
            continue
        if left.count("(") != left.count(")"):
            continue
        found.append((match.start(kind), match.end(other), latex(left), latex(right)))
    return found


def latex(plain: str) -> str:
    r"""LaTeX of arithmetic in plain text: `2 * 3` becomes `2 \times 3`."""

    def sign(match: re.Match[str]) -> str:
        mark = match[0].strip()
        if mark == "%":
            return r"\%"
        return _SIGNS.get(mark, r" \times ")

    return _SIGN.sub(sign, plain.strip()).replace("  ", " ")
