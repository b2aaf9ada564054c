r"""LaTeX into tokens: what is typeset only (spaces, sizes, colours) falls away here."""

from __future__ import annotations

import re
from typing import NamedTuple

from udfs.latex.errors import LatexError
from udfs.latex.unicode import as_commands

MAX_CHARS = 8_000
"""Longest formula that is read: the longest that people compute by hand are far shorter."""


class Token(NamedTuple):
    """A piece of a formula.

    Attributes:
        kind: number, repeating, name, command, text, begin, end, open, close or the
            character itself.
        text: the digits, letters, command with its backslash, or content of a text.
        is_spaced: white space stands before it.
    """

    kind: str
    text: str
    is_spaced: bool


_TEXT = r"(?:text(?:rm|bf|it|sf|tt|sc|normal|up)?|mbox|hbox|mathrm|operatorname\*?)"

_TOKEN = re.compile(
    # A comma is part of a number only where LaTeX says so, or between groups of three digits
    # when no bracket is open; the parser joins the latter.
    r"(?P<space>(?:\s|~|\\[,;:!> \n]|\\q?quad(?![a-zA-Z])|\\hspace\*?\s*\{[^{}]*\}"
    r"|\\(?:thinspace|enspace|medspace|displaystyle|textstyle|scriptstyle|limits|nolimits|hfill"
    r"|nonumber|notag|hline|[hv]?phantom\{[^{}]*\}|[bB]igg?[lrm]?|strut|mathstrut|rm|bf|it|sf|tt"
    r"|scriptscriptstyle|allowbreak|nobreak|noindent|centering|ignorespaces|protect|relax"
    r"|renewcommand\s*\{?\\arraystretch\}?\s*\{[^{}]*\}|[hv]skip\s*-?[\d.]+\s*[a-z]{2}"
    r"|(?:tiny|small|large|Large|normalsize|footnotesize|scriptsize)"
    r"|label\{[^{}]*\}|tag\*?\{[^{}]*\})(?![a-zA-Z]))+)"
    r"|(?P<repeating>\d*\.\d*\\(?:overline|bar|dot)\s*(?:\{\s*\d+\s*\}|\d))"
    # Spaces are not set in mathematics: `12 500` is one number.
    r"|(?P<number>(?<![\d_^.a-zA-Z])\d{1,3}(?:[ ~]\d{3})+(?!\d)(?:\.\d+)?"
    r"|\d+(?:(?:\{,\}|\\,|,\s?\\!|\\!,|\{,\\!\})\d{3}(?!\d))+(?:\.\d+)?"
    r"|\d+(?:(?:\.|\{,\}|\{\.\})\d+)?|\.\d+)"
    r"|(?P<text>\\" + _TEXT + r"\s*\{(?P<content>[^{}]*)\}|\{\s*\\rm\b\s*(?P<roman>[A-Za-z ]*)\})"
    r"|(?P<environment>\\(?P<edge>begin|end)\s*\{(?P<which>[a-zA-Z]+)\*?\}(?:\s*(?:\{[lcr|\s]*\}|\[[lcr]\]))?)"
    r"|(?P<fence>\\(?P<side>left|right)\s*(?P<mark>\\[a-zA-Z]+|\\[{}|]|[()\[\]|./<>]))"
    r"|(?P<command>\\[a-zA-Z]+|\\.|\.{3,})"
    r"|(?P<word>(?<![a-zA-Z])(?:arc(?:sin|cos|tan)|sin|cos|tan|log|ln|gcd|lcm|exp|max|min|det)(?![a-zA-Z]))"
    r"|(?P<letter>[^\W\d_])"
    r"|(?P<sign>.)",
    re.DOTALL,
)

_TRANSPARENT = frozenset(
    [
        r"\boxed",
        r"\fbox",
        r"\mathbf",
        r"\boldsymbol",
        r"\bold",
        r"\pmb",
        r"\bm",
        r"\mathit",
        r"\mathsf",
        r"\mathtt",
        r"\mathord",
        r"\mathbin",
        r"\mathrel",
        r"\mathop",
        r"\mathstrut",
        r"\vec",
        r"\overrightarrow",
        r"\underline",
        r"\ensuremath",
        r"\smash",
        r"\mathnormal",
        r"\middle",
        r"\cancel",
        r"\bcancel",
        r"\xcancel",
        r"\textbf",
        r"\cfracstyle",
        r"\mathclose",
        r"\mathopen",
        r"\mathinner",
        r"\operatorname",
        r"\text",
        r"\mathrm",
        r"\mbox",
        r"\textrm",
    ]
)
"""Commands that change how their argument looks and not what it is."""

_WITH_COLOUR = re.compile(r"\\(?:text)?color\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}")
_SAME = {
    r"\lbrace": r"\{",
    r"\rbrace": r"\}",
    r"\lbrack": "[",
    r"\rbrack": "]",
    r"\lparen": "(",
    r"\rparen": ")",
    r"\dfrac": r"\frac",
    r"\tfrac": r"\frac",
    r"\cfrac": r"\frac",
    r"\sfrac": r"\frac",
    r"\nicefrac": r"\frac",
    r"\dbinom": r"\binom",
    r"\tbinom": r"\binom",
    r"\lvert": r"\left|",
    r"\rvert": r"\right|",
    r"\lVert": r"\left\|",
    r"\rVert": r"\right\|",
    r"\Vert": r"\|",
    r"\vert": "|",
    "...": r"\cdots",
    "....": r"\cdots",
    r"\overbrace": r"\underbrace",
    r"\cr": r"\\",
    r"\newline": r"\\",
    r"\dots": r"\cdots",
    r"\ldots": r"\cdots",
    r"\dotsb": r"\cdots",
    r"\dotsc": r"\cdots",
    r"\dotsm": r"\cdots",
    r"\hdots": r"\cdots",
    "…": r"\cdots",
    "⋯": r"\cdots",
    "·": r"\cdot",
    "⋅": r"\cdot",
    r"\bullet": r"\cdot",
    "×": r"\times",
    "÷": r"\div",
    "−": "-",
    "–": "-",
    "±": r"\pm",
    r"\widehat": r"\hat",
    r"\widetilde": r"\tilde",
    r"\mathscr": r"\mathcal",
    r"\cal": r"\mathcal",
    r"\iint": r"\int\int",
    "°": r"\degree",
    r"\textdegree": r"\degree",
    "∠": r"\angle",
    r"\measuredangle": r"\angle",
    r"\rightarrow": r"\to",
    r"\longrightarrow": r"\to",
    r"\colon": ":",
    r"\lt": "<",
    r"\gt": ">",
    r"\operatorname": r"\text",
    r"\over": r"\over",
}
"""Ways of writing the same, by the one that the parser knows."""

_FENCES = {
    r"\left|": ("open", "|"),
    r"\right|": ("close", "|"),
    r"\left\|": ("open", r"\|"),
    r"\right\|": ("close", r"\|"),
}
_SIGNS = frozenset(["+", "-", r"\pm", r"\mp", r"\cdot", r"\times", "=", "<", ">"])


def tokens(latex: str) -> list[Token]:
    """Cut a formula into tokens.

    Args:
        latex: without delimiters.

    Raises:
        LatexError: it is longer than `MAX_CHARS`.
    """
    if len(latex) > MAX_CHARS:
        raise LatexError("too_long", str(len(latex)))
    if not latex.isascii():
        latex = as_commands(latex)
    if "color" in latex:
        latex = _WITH_COLOUR.sub("", latex)
    found: list[Token] = []
    is_spaced = False
    environments = depth = 0
    for match in _TOKEN.finditer(latex):
        kind = match.lastgroup or "sign"
        text = match.group()
        if kind in ("sign", "command"):
            text = _SAME.get(text, text)
            kind = "command" if text[0] == "\\" else text
            if text in _FENCES:
                kind, text = _FENCES[text]
            if text in _TRANSPARENT or (text == "&" and not environments):
                kind = "space"
        elif kind == "letter":
            kind = "name"
        elif kind == "word":
            kind, text = "command", "\\" + text
        elif kind == "text":
            text = (match["content"] or match["roman"] or "").strip(" ~\\")
            kind = "text" if text else "space"
        elif kind == "environment":
            kind, text = match["edge"], match["which"]
            environments += 1 if kind == "begin" else -1
        elif kind == "fence":
            kind, text = ("open" if match["side"] == "left" else "close"), match["mark"]
            text = _FENCES.get(_SAME.get(text, text), (kind, text))[1]
        if kind == "space":
            is_spaced = True
            continue
        if kind == "}" and len(found) > 1 and found[-1].text in _SIGNS and _is_sign_alone(found):
            found[-2:] = [found[-1]]
            continue
        if kind in ("(", "[", "open", "begin") or text == r"\{":
            depth += 1
        elif kind in (")", "]", "close", "end") or text == r"\}":
            depth -= 1
        elif (
            kind == "number" and depth <= 0 and not is_spaced and _continues_thousands(found, text)
        ):
            found.pop()
            text = found.pop().text + "," + text
        found.append(Token(kind, text, is_spaced))
        is_spaced = False
    return found


def _is_sign_alone(found: list[Token]) -> bool:
    r"""Whether a sign stands in braces of its own, as in `a {=} b` or `{\pm} 3`."""
    return found[-2].kind == "{" and (len(found) < 3 or found[-3].kind not in ("^", "_"))


def _continues_thousands(found: list[Token], text: str) -> bool:
    """Whether a number is the next three digits after a comma, as in `1,250`."""
    if len(found) < 2 or found[-1].kind != "," or found[-1].is_spaced:
        return False
    before = found[-2]
    return (
        before.kind == "number"
        and "." not in before.text
        and (len(before.text) <= 3 or "," in before.text)
        and len(text.split(".")[0]) == 3
    )
