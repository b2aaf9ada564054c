"""Running text with inline elements (emphasis, scripts, line breaks) as Markdown."""

from __future__ import annotations

import re

from udfs.html.delimiters import (
    BREAK,
    CODE,
    EMPHASIS,
    END,
    FORMULA,
    STRONG,
    SUB,
    SUB_END,
    SUP,
    SUP_END,
)

_ENTITIES = {"amp": "&", "nbsp": " ", "quot": '"', "#39": "'", "apos": "'"}
_ENTITY = re.compile("&(" + "|".join(_ENTITIES) + ");")
_EMPTY_LINES = re.compile(r"\n{2,}")
# No-break and typographic spaces are spaces in Markdown.
_SPACES = re.compile(r"[ \t\r\n\f\xa0\u2000-\u200a\u202f\u205f]+")
# What `str.split` takes for a blank and Markdown does not.
_OTHER_BLANK = re.compile("[\x0b\x1c-\x1f\x85\u1680\u2028\u2029\u3000]")
_WIDTHLESS = re.compile("[\u200b\u2060\ufeff\xad]")
_AROUND_BREAK = re.compile(f" *{BREAK} *")
_NEIGHBOURS = re.compile(f"(?<={END})(?={FORMULA})")
_EMPHASISED = re.compile(f"{EMPHASIS}([^{EMPHASIS}]*){EMPHASIS}")
_STRENGTHENED = re.compile(f"{STRONG}([^{STRONG}]*){STRONG}")
_RAISED = re.compile(f"{SUP}([^{SUP}{SUP_END}{SUB}{SUB_END}]*){SUP_END}")
_LOWERED = re.compile(f"{SUB}([^{SUP}{SUP_END}{SUB}{SUB_END}]*){SUB_END}")
_MARK = re.compile(f"[{EMPHASIS}-{SUB_END}]")
_ORDINAL = re.compile(r"^(?:st|nd|rd|th|er|re|e|ème|o|a|TM|tm|SM|®|™|°|ª|º|\*+|†|‡)$")


def prose(text: str, *, is_heading: bool, is_one_line: bool) -> str:
    """Make Markdown of running text whose formulas and code are place holders already.

    Args:
        text: one block, with the marks of its inline elements.
        is_heading: whether bold type says nothing here.
        is_one_line: whether there is no room for a line break.
    """
    # Blanks at the ends go anyway; splitting takes a third of the pattern's time.
    text = _SPACES.sub(" ", text) if _OTHER_BLANK.search(text) else " ".join(text.split())
    has_marks = False
    if not text.isascii():
        text = _WIDTHLESS.sub("", text)
        has_marks = _MARK.search(text) is not None
    if "&" in text:  # escaped twice: nobody means to show `&amp;` or `&nbsp;`
        text = _ENTITY.sub(lambda m: _ENTITIES[m.group(1)], text)
    if has_marks:
        if BREAK in text:
            text = _AROUND_BREAK.sub(BREAK, text)
        if SUP in text or SUB in text:
            for _ in range(3):  # scripts of scripts, from the inside out
                text = _RAISED.sub(lambda m: _script("^", m.group(1)), text)
                text = _LOWERED.sub(lambda m: _script("_", m.group(1)), text)
        if EMPHASIS in text:
            text = _EMPHASISED.sub(lambda m: _around(m.group(1), "*"), text)
        if STRONG in text:
            bold = "" if is_heading else "**"
            text = _STRENGTHENED.sub(lambda m: _around(m.group(1), bold), text)
        text = _MARK.sub("", text.replace(BREAK, "\n"))
        text = _EMPTY_LINES.sub("\n\n", text.strip())
    text = text.strip(" \n")
    if is_one_line:
        text = text.replace("\n", " ")
    return _NEIGHBOURS.sub(" ", text) if END in text else text


def _around(content: str, mark: str) -> str:
    inner = content.strip(f" {BREAK}")
    if not inner or not mark:
        return content
    # A formula alone needs no emphasis, and marks within marks would end each other.
    if re.fullmatch(f"(?:[{FORMULA}{CODE}]\\d+{END}\\s*)+", inner) or BREAK * 2 in inner:
        return content
    start = content.index(inner)
    return content[:start] + mark + inner + mark + content[start + len(inner) :]


def _script(sign: str, content: str) -> str:
    inner = content.strip()
    if not inner:
        return ""
    if _ORDINAL.match(inner):
        return inner
    if len(inner) == 1 and inner.isalnum():
        return sign + inner
    if inner[0] == "[" or not any(map(str.isalnum, inner)):
        return inner  # a reference, or a comma between two
    return f"{sign}{{{inner}}}"
