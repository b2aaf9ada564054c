"""LaTeX2HTML's own record of a formula: `<!-- MATH $..$ -->` before its picture.

Long sources are cut in the middle of `ALT` (its manual, section "Alternative text"); an array of
equations becomes a table with a picture for each side; and a formula may be set half in HTML and
half in pictures. The comment has it whole.
"""

from __future__ import annotations

import re
from html import escape

_OPENING, _CLOSING = "<!-- MATH", "-->"
_NEXT = re.compile(
    r"(?:\s+|<(?:br|p|a|b|i|em|font|strong)\b[^>]*>|</(?:p|a)>)*<(img|table|div|span)\b([^>]*)>"
)
_CUT = re.compile(r"\.\.\.\s*\n\s*\.\.\.")
_TAG = re.compile(r"<[^>]*>")
_NUMBER = re.compile(r"(?:&nbsp;|\s|\([\w.]{1,8}\)|[.,;])*")
_MAX_CHARS = 100_000


def whole(markup: str) -> str:
    """Put sources from comments in the place of what shows or names only parts of them.

    Args:
        markup: a page as serialised by the parser.

    Returns:
        The page with an element `<tex-math>` for each such formula; the rest as it was.
    """
    out: list[str] = []
    position = 0
    comment = markup.find(_OPENING)
    while comment >= 0:
        close = markup.find(_CLOSING, comment)
        if close < 0:
            break
        latex = markup[comment + len(_OPENING) : close].strip()
        comment = markup.find(_OPENING, close)
        after = _NEXT.match(markup, close + len(_CLOSING))
        if after is None or not latex:
            continue
        begin = after.start(1) - 1
        tag, attributes = after.groups()
        end = -1
        if tag == "img":
            end = after.end() if _CUT.search(attributes) else -1
        elif tag != "span" or "MATH" in attributes:
            end = _end_of_pieces(markup, after.end(), tag)
        if end < 0:
            continue
        display = "" if latex.startswith(("$", "\\begin{math}", "\\(")) else ' display="true"'
        out += markup[position:begin], f"<tex-math{display}>{escape(latex)}</tex-math>"
        position = end
    return "".join(out) + markup[position:]


def _end_of_pieces(markup: str, start: int, tag: str) -> int:
    """End of an element that holds more than one whole picture, and no element of its own kind.

    Returns:
        The place after it; -1 where one picture says all, or where the element is another thing.
    """
    closing = f"</{tag}>"
    another = markup.find(f"<{tag}", start, start + _MAX_CHARS)
    end = markup.find(closing, start, another if another >= 0 else start + _MAX_CHARS)
    if end < 0:
        return -1
    inner = markup[start:end]
    if inner.count("<img") == 1 and not _CUT.search(inner):
        text = _TAG.sub("", inner)
        if _NUMBER.fullmatch(text):
            return -1
    elif "<img" not in inner and tag in ("table", "div"):
        return -1
    return end + len(closing)
