"""Markdown with LaTeX to HTML with MathML: formulas show without network and without script."""

from __future__ import annotations

import html
import re
from functools import lru_cache

from latex2mathml.converter import convert
from markdown_it import MarkdownIt

FORMULA = re.compile(
    r"(?<!\\)\$\$(?P<display>.+?)(?<!\\)\$\$|(?<!\\)\$(?P<inline>[^$\n]+?)(?<!\\)\$", re.DOTALL
)
_CODE = re.compile(r"^(```|~~~).*?^\1[ \t]*$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_MAX_LATEX = 1500
# A private-use character that no text holds; a placeholder passes Markdown untouched.
_MARK = "\ue000"

# No raw HTML: the text comes from the web.
_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")


@lru_cache(maxsize=4096)
def mathml(latex: str, *, is_display: bool = False) -> str:
    """Return a formula as MathML; as its LaTeX where it cannot be converted.

    Args:
        latex: without delimiters.
        is_display: whether it stands in a line of its own.
    """
    plain = f'<code class="tex">{html.escape(latex)}</code>'
    if len(latex) > _MAX_LATEX:
        return plain
    try:
        found = convert(latex, display="block" if is_display else "inline")
    except Exception:  # noqa: BLE001 - the library raises whatever its parser trips over
        return plain
    # An unknown command comes out as its name in the middle of the formula.
    return plain if "\\" in re.sub(r"<annotation.*?</annotation>", "", found) else found


def markdown(text: str, marks: dict[int, str] | None = None) -> str:
    """Return Markdown with `$..$` and `$$..$$` as safe HTML.

    Args:
        text: the Markdown.
        marks: HTML to put after the formula that covers a character offset of `text`.
    """
    code = [match.span() for match in _CODE.finditer(text)]
    formulas: list[str] = []
    pieces = []
    last = 0
    for match in FORMULA.finditer(text.replace(_MARK, "")):
        start, end = match.span()
        if any(a < end and start < b for a, b in code):
            continue
        display = match["display"]
        rendered = mathml((display or match["inline"]).strip(), is_display=display is not None)
        notes = "".join(
            note for offset, note in sorted((marks or {}).items()) if start <= offset < end
        )
        formulas.append(f'<span class="formula">{rendered}{notes}</span>')
        pieces += [text[last:start], f"{_MARK}{len(formulas) - 1}{_MARK}"]
        last = end
    pieces.append(text[last:])
    # Four spaces would make code of a paragraph that the page merely indented.
    source = (
        re.sub(r"^ {4,}(?=\S)", "", "".join(pieces), flags=re.MULTILINE)
        if not code
        else "".join(pieces)
    )
    rendered = _markdown.render(source)
    return re.sub(f"{_MARK}(\\d+){_MARK}", lambda found: formulas[int(found[1])], rendered)
