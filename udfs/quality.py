"""Signals of a text's quality: how much of it is formula, how odd its characters, how repetitive.

They judge nothing. They are columns, and thresholds over them are queries.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

# Code first: a dollar in it opens no formula. Then displays, then inline formulas, by Pandoc's
# rule that no blank follows the opening dollar, none precedes the closing one, and no digit
# follows it: "from $5 to $6" holds no formula.
_PARTS = re.compile(
    r"^(?:[ >]|(?:[-*]|\d+[.)]|\[\^\w+\]:) )*(?P<fence>`{3,})[^`\n]*\n.*?"
    r"(?:^[ >]*(?P=fence)`*[ ]*$|\Z)"
    r"|(?P<ticks>`+)(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`)"
    r"|\\[\\$]"
    r"|\$\$(?P<display>(?:\\.|[^\\$]|\$(?!\$))+?)\$\$"
    r"|\$(?![\s$])(?P<inline>(?:\\.|[^\\$\n])*?(?:\\.|[^\\$\s]))\$(?!\d)",
    re.DOTALL | re.MULTILINE,
)
_SYMBOL = re.compile(r"[^\w\s.,;:!?'\"()\-–—…“”‘’„«»/%]|_")


@dataclass(frozen=True, slots=True)
class Quality:
    """Signals of one text.

    Attributes:
        char_count: Unicode code points of the text.
        formula_count: formulas, `$..$` and `$$..$$`.
        formula_chars: characters inside formulas, delimiters not counted.
        symbol_ratio: share of the characters outside formulas that are neither letters, digits,
            white space nor common punctuation, 0 to 1.
        repetition_ratio: share of the characters of lines that stand in lines which occur more
            than once, 0 to 1.
    """

    char_count: int
    formula_count: int
    formula_chars: int
    symbol_ratio: float
    repetition_ratio: float


def measure(text: str) -> Quality:
    """Measure one text in Markdown; linear in its length."""
    formulas = [
        match.span() for match in _PARTS.finditer(text) if match["inline"] or match["display"]
    ]
    chars = 0
    outside: list[str] = []
    position = 0
    for start, end in formulas:
        width = 2 if text.startswith("$$", start) else 1
        chars += end - start - 2 * width
        outside.append(text[position:start])
        position = end
    outside.append(text[position:])
    prose = "".join(outside)
    symbols = sum(1 for _ in _SYMBOL.finditer(prose))
    return Quality(
        char_count=len(text),
        formula_count=len(formulas),
        formula_chars=chars,
        symbol_ratio=symbols / len(prose) if prose else 0.0,
        repetition_ratio=_repetition(text),
    )


def _repetition(text: str) -> float:
    lines = Counter(stripped for line in text.split("\n") if (stripped := line.strip()))
    total = sum(len(line) * count for line, count in lines.items())
    repeated = sum(len(line) * count for line, count in lines.items() if count > 1)
    return repeated / total if total else 0.0
