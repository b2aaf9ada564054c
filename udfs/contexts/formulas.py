r"""Where the formulas, code and headings of a Markdown text are.

Formulas are found by their delimiters (`$..$`, `$$..$$`, `\(..\)`, `\[..\]`) and as bare
environments (`\begin{align}`). A delimiter without its partner opens nothing, so that one stray
dollar sign costs one formula and not the rest of the document.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# The longest formulas that are read: inline ones end within a paragraph, displays may be tables.
MAX_INLINE = 2_000
MAX_DISPLAY = 20_000

_ENVIRONMENTS = (
    "equation|align|aligned|alignat|flalign|gather|gathered|multline|eqnarray|split"
    "|displaymath|math"
)
# What may begin something. Escapes come first: `\$` is money and `\\[` a line break.
_OPENING = re.compile(
    r"\\begin\s*\{(?P<environment>(?:" + _ENVIRONMENTS + r")\*?)\}"
    r"|\\begin\s*\{(?P<verbatim>verbatim|lstlisting|minted|tikzpicture|asy)\*?\}"
    r"|\\(?P<bracket>[\[(])"
    r"|\\(?:.|\n)"
    r"|(?P<dollars>\$\$?)"
    r"|(?P<fence>^[ \t]{0,3}(?P<marks>`{3,}|~{3,})[^\n]*$)"
    r"|(?P<ticks>`+)"
    r"|\[(?P<drawing>asy|code)\]"
    r"|^(?P<level>\#{1,6})[ \t]+(?P<heading>[^\n]+?)[ \t#]*$",
    re.MULTILINE,
)
# Possessive: a command could be read in two ways, and n of them in 2**n.
_TEXT_BOX = r"\\(?:text|mbox|hbox|textrm)\s*\{(?:[^{}]|\{[^{}]*\})*+\}"
_CHARACTER = r"\\.|[^$\\\n]|\\\n|\n(?!\s*\n)"
_INLINE = re.compile(rf"\$((?:{_TEXT_BOX}|{_CHARACTER})++)\$")
# Where a dollar in a box was no formula of its own but the end.
_INLINE_PLAIN = re.compile(rf"\$((?:{_CHARACTER})++)\$")
_DOUBLE = re.compile(r"\$\$((?:\\.|[^$\\]|\\\n|\$(?!\$)){1,20000}?)\$\$")
_STYLED = re.compile(r"\s*\{\s*\\(?:display|text|script)style\b\s*")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_CLOSING_QUOTE = re.compile(r"\"|\'\'")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_TEXT = re.compile(r"\\(?:text\w*|mbox|hbox|mathrm|operatorname)\s*\{[^{}]*\}|\\[a-zA-Z]+")
_WORD = re.compile(r"[A-Za-z]{3,}")
_MATHEMATICAL = re.compile(r"[\\^_=<>+|]|\d\s*[-*/]\s*\d")


class Formula(NamedTuple):
    """A formula of a text.

    Attributes:
        start: offset of its opening delimiter, in characters of the text.
        end: offset after its closing delimiter.
        inner_start: offset of what is between the delimiters.
        inner_end: offset after that.
        is_display: it stands on a line of its own.
    """

    start: int
    end: int
    inner_start: int
    inner_end: int
    is_display: bool


class Heading(NamedTuple):
    """A heading: `# Title`.

    Attributes:
        start: offset of the line.
        end: offset after it.
        level: 1 for the outermost.
        title: its words.
    """

    start: int
    end: int
    level: int
    title: str


class Code(NamedTuple):
    """A code block or span, or a drawing: what is in it is no formula."""

    start: int
    end: int


def scan(text: str) -> Iterator[Formula | Heading | Code]:
    """Find formulas, headings and code, in order and without overlap.

    Args:
        text: Markdown.

    Yields:
        Each with offsets in characters of `text`.
    """
    # A closer that is missing is looked for once a kind, not once an opener.
    missing: dict[str, int] = {}
    position = 0
    while found := _OPENING.search(text, position):
        part = _part(text, found, missing)
        position = found.end() if part is None else part.end
        if part is not None:
            yield _unstyled(text, part) if isinstance(part, Formula) else part


def _unstyled(text: str, formula: Formula) -> Formula:
    r"""What MediaWiki puts into `{\displaystyle ...}`, which is each formula, without it."""
    found = _STYLED.match(text, formula.inner_start, formula.inner_end)
    if found is None:
        return formula
    inner = text[found.end() : formula.inner_end].rstrip()
    depth = 1
    for brace in _BRACE.finditer(inner):
        depth += (brace[0] == "{") - (brace[0] == "}")
        if depth == 0:
            is_last = brace.end() == len(inner)
            end = found.end() + brace.start()
            return formula._replace(inner_start=found.end(), inner_end=end) if is_last else formula
    return formula


def _part(
    text: str, found: re.Match[str], missing: dict[str, int]
) -> Formula | Heading | Code | None:
    start, after = found.span()
    if found["heading"] is not None:
        return Heading(start, after, len(found["level"]), found["heading"].strip())
    if found["dollars"] is not None:
        return _dollars(text, start, found["dollars"])
    if found["bracket"] is not None:
        is_display = found["bracket"] == "["
        closer = r"\]" if is_display else r"\)"
        end = _find(text, closer, after, missing, MAX_DISPLAY if is_display else MAX_INLINE)
        opener = text.find("\\" + found["bracket"], after, end) if end >= 0 else -1
        # `\\[2pt]` inside a display is a line break with its distance.
        if end < 0 or (opener >= 0 and text[opener - 1] != "\\"):
            return None
        if not is_display and _BLANK_LINE.search(text, after, end):
            return None
        return Formula(start, end + 2, after, end, is_display)
    if found["environment"] is not None:
        name = found["environment"]
        closer = r"\end{" + name + "}"
        end = _find(text, closer, after, missing, MAX_DISPLAY)
        return None if end < 0 else Formula(start, end + len(closer), after, end, is_display=True)
    closer = ""
    if found["verbatim"] is not None:
        closer = r"\end{" + found["verbatim"]
    elif found["drawing"] is not None:
        closer = f"[/{found['drawing']}]"
    elif found["fence"] is not None:
        closer = "\n" + found["marks"]
    elif found["ticks"] is not None:
        return _code_span(text, start, found["ticks"])
    if not closer:
        return None
    end = _find(text, closer, after, missing, len(text))
    return None if end < 0 else Code(start, end + len(closer))


def _find(text: str, closer: str, after: int, missing: dict[str, int], limit: int) -> int:
    if closer in missing:
        return -1
    end = text.find(closer, after)
    if end < 0:
        missing[closer] = after
        return -1
    return end if end - after <= limit else -1


def _code_span(text: str, start: int, ticks: str) -> Code | None:
    line_end = text.find("\n", start)
    end = text.find(ticks, start + len(ticks), line_end if line_end >= 0 else len(text))
    if end < 0 or (len(ticks) == 2 and _CLOSING_QUOTE.search(text, start + 2, end)):
        # Of ``these'' quotation marks the next pair is another quotation.
        return None
    return Code(start, end + len(ticks))


def _dollars(text: str, start: int, mark: str) -> Formula | None:
    window = start + MAX_DISPLAY
    if mark == "$$":
        found = _DOUBLE.match(text, start, window)
        if found is None or _BLANK_LINE.search(text, found.start(1), found.end(1)):
            return None
        return Formula(start, found.end(), found.start(1), found.end(1), is_display=True)
    window = start + MAX_INLINE
    found = _INLINE.match(text, start, window) or _INLINE_PLAIN.match(text, start, window)
    if found is None or _is_money(text, found):
        return None
    return Formula(start, found.end(), found.start(1), found.end(1), is_display=False)


def _is_money(text: str, found: re.Match[str]) -> bool:
    """Whether two dollar signs are prices with prose between them: `$5 for one, $9 for two`."""
    inner = found[1]
    if not inner.strip():
        return True
    if not inner[0].isdigit():
        return inner[0] == " " and not _MATHEMATICAL.search(inner) and len(inner.split()) > 3
    followed_by_digit = text[found.end() : found.end() + 1].isdigit()
    words = len(_WORD.findall(_TEXT.sub(" ", inner)))
    return (
        (followed_by_digit and (words > 0 or inner[-1] == " "))
        or (words >= 2 and not _MATHEMATICAL.search(inner))
        or (words >= 1 and inner[-1].isspace())
    )
