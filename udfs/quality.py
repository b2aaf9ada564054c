"""Signals of a text's quality: how much of it is formula, how odd its characters, how repetitive.

They judge nothing. They are columns, and thresholds over them are queries.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Inline formulas by Pandoc's rule that no blank follows the opening dollar, none precedes the
# closing one, and no digit follows it: "from $5 to $6" holds no formula.
_SIGN = re.compile(r"[`$\\]")
_LINE_START = re.compile(r"(?:[ >]|(?:[-*]|\d+[.)]|\[\^\w+\]:) )*")
_FENCE = re.compile(r"`{3,}+(?=[^`\n]*\n)")
_TICKS = re.compile(r"`++")
_DISPLAY = re.compile(r"\$\$(?:[^\\$]++|\\.|\$(?!\$))++\$\$", re.DOTALL)
_INLINE = re.compile(r"\$(?![\s$])(?:[^\\$\n]|\\.)*?(?:[^\\$\s]|\\.)\$(?!\d)", re.DOTALL)
_MAX_PREFIX = 2000  # characters before a fence: quotes and lists inside each other
_SYMBOL = re.compile(r"[^\w\s.,;:!?'\"()\-–—…“”‘’„«»/%]|_")
_NO_SYMBOLS = bytes(code for code in range(128) if not _SYMBOL.match(chr(code)))
_ITEM = re.compile(r"(?:> ?)*(?:[-*+]|\d{1,4}[.)])[ \t]+\S")
_ASCII = bytes(range(128))


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
        list_ratio: share of the characters of lines that stand in items of lists, first lines
            alone, 0 to 1.
    """

    char_count: int
    formula_count: int
    formula_chars: int
    symbol_ratio: float
    repetition_ratio: float
    list_ratio: float


def parts(text: str) -> Iterator[tuple[str, int, int]]:
    """Find what is no prose in a text in Markdown; linear in its length.

    Yields:
        (kind, start, end) in order, delimiters included; the kind is `code`, `display` or
        `inline`.
    """
    position = 0
    open_ticks: dict[int, int] = {}  # runs of backquotes that nothing closes, up to which place
    while sign := _SIGN.search(text, position):
        start = sign.start()
        position = start + 1
        if sign.group() == "\\":
            position += text[position : position + 1] in ("\\", "$")
        elif sign.group() == "`":
            run = _TICKS.match(text, start).end()  # type: ignore[union-attr]
            end = _end_of_fence(text, start) or _end_of_ticks(text, start, run, open_ticks)
            if end:
                yield "code", start, end
            position = end or run
        elif found := _DISPLAY.match(text, start):
            yield "display", start, found.end()
            position = found.end()
        elif found := _INLINE.match(text, start):
            yield "inline", start, found.end()
            position = found.end()


def _end_of_fence(text: str, start: int) -> int:
    """End of a block of code that begins here, 0 where none does."""
    fence = _FENCE.match(text, start)
    if fence is None:
        return 0
    line = text.rfind("\n", max(0, start - _MAX_PREFIX), start) + 1
    if (line == 0 and start > _MAX_PREFIX) or not _LINE_START.fullmatch(text, line, start):
        return 0
    close = re.compile(rf"^[ >]*{fence.group()}`*[ ]*$", re.MULTILINE)
    found = close.search(text, text.index("\n", start) + 1)
    return found.end() if found else len(text)


def _end_of_ticks(text: str, start: int, run: int, open_ticks: dict[int, int]) -> int:
    """End of code between equal runs of backquotes in one line, 0 where none begins here."""
    size = run - start
    if open_ticks.get(size, 0) > start:
        return 0
    stop = text.find("\n", start)
    stop = len(text) if stop < 0 else stop
    for other in _TICKS.finditer(text, run, stop):
        if other.end() - other.start() == size:
            return other.end()
    open_ticks[size] = stop
    return 0


def measure(text: str) -> Quality:
    """Measure one text in Markdown; linear in its length."""
    formulas = [(start, end) for kind, start, end in parts(text) if kind != "code"]
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
    symbols = _symbols(prose)
    repetition, listed = _lines(text)
    return Quality(
        char_count=len(text),
        formula_count=len(formulas),
        formula_chars=chars,
        symbol_ratio=symbols / len(prose) if prose else 0.0,
        repetition_ratio=repetition,
        list_ratio=listed,
    )


def _symbols(prose: str) -> int:
    """Characters that `_SYMBOL` matches, the ASCII ones counted by one pass over bytes."""
    if prose.isascii():
        return len(prose.encode("ascii").translate(None, _NO_SYMBOLS))
    data = prose.encode("utf-8", "surrogatepass")
    wide = data.translate(None, _ASCII)
    count = len(data.translate(None, _NO_SYMBOLS)) - len(wide)
    return count + len(_SYMBOL.findall(wide.decode("utf-8", "surrogatepass")))


def _lines(text: str) -> tuple[float, float]:
    """Shares of the characters of lines in lines that occur again, and in items of lists."""
    lines = Counter(map(str.strip, text.split("\n")))
    total = sum(len(line) * count for line, count in lines.items())
    if not total:
        return 0.0, 0.0
    repeated = sum(len(line) * count for line, count in lines.items() if count > 1)
    listed = sum(len(line) * count for line, count in lines.items() if _ITEM.match(line))
    return repeated / total, listed / total
