r"""Where the sides of a relation begin and end: `a = b \approx c`."""

from __future__ import annotations

import re
from dataclasses import dataclass

OPERATORS = {
    "=": "eq",
    ":=": "eq",
    r"\coloneqq": "eq",
    r"\triangleq": "eq",
    r"\colonequals": "eq",
    r"\approx": "approx",
    r"\simeq": "approx",
    r"\thickapprox": "approx",
    r"\doteq": "approx",
    r"\approxeq": "approx",
    "≈": "approx",
    r"\equiv": "equiv",
    "≡": "equiv",
    "<": "lt",
    r"\lt": "lt",
    "≤": "le",
    r"\le": "le",
    r"\leq": "le",
    r"\leqslant": "le",
    r"\leqq": "le",
    ">": "gt",
    r"\gt": "gt",
    "≥": "ge",
    r"\ge": "ge",
    r"\geq": "ge",
    r"\geqslant": "ge",
    r"\geqq": "ge",
    r"\ne": "ne",
    r"\neq": "ne",
    "≠": "ne",
    r"\in": "in",
    r"\notin": "ne",
    r"\mid": "divides",
    r"\implies": "implies",
    r"\Rightarrow": "implies",
    r"\Longrightarrow": "implies",
    r"\iff": "implies",
    r"\Leftrightarrow": "implies",
    r"\Longleftrightarrow": "implies",
    r"\rightarrow": "implies",
    r"\therefore": "implies",
}
"""What is written between two sides, and the relation that it states."""

_TOKEN = re.compile(
    r"\\(?:text(?:rm|bf|it|sf|tt)?|mbox|hbox|mathrm|operatorname\*?)\s*\{[^{}]*\}"
    r"|\\(?:overset|stackrel|underset)\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*\{\s*(?P<under>[^{}\s]+)\s*\}"
    r"|\\begin\b|\\end\b|(?P<left>\\left\b\s*(?:\\[a-zA-Z]+|\\.|.)?)"
    r"|(?P<right>\\right\b\s*(?:\\[a-zA-Z]+|\\.|.)?)|\\not\s*(?:=|\\equiv\b|\\in\b|<|>)|\\p?mod\b|\\[a-zA-Z]+|\\.|:=|[=<>≈≡≤≥≠(){}\[\]]",
    re.DOTALL,
)
_MODULUS = re.compile(
    r"\\(?:pmod|pod)\s*(?:\{(?P<braced>(?:[^{}]|\{[^{}]*\})*)\}|(?P<bare>\d|\\?[a-zA-Z]+))"
    r"|\(\s*(?:\\?b?mod|\\(?:text|mathrm|operatorname)\s*\{\s*mod\s*\})\s*(?P<round>[^()]*)\)"
    r"|\\mod\b\s*(?P<open>\{[^{}]*\}|[^,;.]*)",
)
_TRIM = re.compile(r"^(?:\s|\\[,;:! ]|~|&|\\quad\b|\\qquad\b|\\displaystyle\b)+")
_TRIM_END = (r"\quad", r"\qquad", r"\,", r"\;", r"\:", r"\!", "~", "&", ".", ",", ";", "\\")
# The characters that any of these ends with, or white space.
_LAST = frozenset("".join(mark[-1] for mark in _TRIM_END)) | frozenset(" \t\n\r\f\v")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a relation or of a chain of them.

    Attributes:
        operator: the relation between the side before and this one, of `OPERATORS`' values;
            None for the first.
        latex: the side, without white space and punctuation around it and without a modulus.
        start: offset of the side in what was split.
        end: offset of the character after it.
        modulus: LaTeX of the modulus that is stated behind this side, else None.
    """

    operator: str | None
    latex: str
    start: int
    end: int
    modulus: str | None


def split_relations(latex: str) -> list[Side]:
    r"""Split a formula at its top-level relations.

    A relation inside braces, brackets, `\left ... \right` or an environment belongs to its side.
    Where brackets do not balance, only braces and environments count.

    Args:
        latex: a formula without its delimiters.

    Returns:
        The sides in order: one when there is no relation; a side may be empty (`= 3`).
    """
    cuts, depth = _cuts(latex, count_brackets=True)
    if depth != 0:
        cuts, _ = _cuts(latex, count_brackets=False)
    sides: list[Side] = []
    operator: str | None = None
    start = 0
    for cut_start, cut_end, found in [*cuts, (len(latex), len(latex), "")]:
        sides.append(_side(latex, start, cut_start, operator))
        start, operator = cut_end, found
    return sides


def _cuts(latex: str, *, count_brackets: bool) -> tuple[list[tuple[int, int, str]], int]:
    cuts: list[tuple[int, int, str]] = []
    braces = brackets = environments = 0
    for found in _TOKEN.finditer(latex):
        mark = found.group()
        if mark == "{":
            braces += 1
        elif mark == "}":
            braces = max(0, braces - 1)
        elif mark == r"\begin":
            environments += 1
        elif mark == r"\end":
            environments = max(0, environments - 1)
        elif found["left"] or mark in "([":
            brackets += 1
        elif found["right"] or mark in ")]":
            brackets -= 1
            if brackets < 0 and count_brackets:
                return cuts, -1
        elif braces == 0 and environments == 0 and (brackets == 0 or not count_brackets):
            operator = "ne" if mark.startswith(r"\not") and mark != r"\notin" else None
            operator = operator or OPERATORS.get(found["under"] or mark)
            if operator is not None:
                cuts.append((found.start(), found.end(), operator))
    return cuts, brackets


def _side(latex: str, start: int, end: int, operator: str | None) -> Side:
    modulus = None
    text = latex[start:end]
    found = _MODULUS.search(text) if "mod" in text or "pod" in text else None
    if found is not None:
        modulus = next(part for part in found.groups() if part is not None).strip(" {}~\\")
        end = start + found.start()
    if leading := _TRIM.match(latex[start:end]):
        start += leading.end()
    text = latex[start:end]
    while (
        text
        and text[-1] in _LAST
        and ((stripped := text.rstrip()).endswith(_TRIM_END) or len(stripped) < len(text))
    ):
        text = stripped
        # Longest first: `\,` goes whole, not its comma alone.
        text = text.removesuffix(next((mark for mark in _TRIM_END if text.endswith(mark)), ""))
    return Side(operator, text, start, start + len(text), modulus or None)
