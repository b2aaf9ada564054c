"""LaTeX as it is cut out of a page: what it is wrapped in, and whether it is mathematics at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

MAX_FORMULA_CHARS = 100_000
"""A longer span between two delimiters is a page whose delimiter was never closed."""

MAX_JOINED_CHARS = 20_000_000
"""Characters that a converter may join while it makes one formula of its parts, level by level."""

ENVIRONMENTS = (
    "equation",
    "align",
    "alignat",
    "aligned",
    "gather",
    "gathered",
    "multline",
    "eqnarray",
    "flalign",
    "displaymath",
    "math",
    "split",
    "cases",
    "array",
    "matrix",
    "pmatrix",
    "bmatrix",
    "vmatrix",
    "Vmatrix",
    "Bmatrix",
    "dcases",
    "subequations",
    "IEEEeqnarray",
    "dmath",
    "CD",
    "xalignat",
    "prooftree",
    "tikzcd",
)
"""Environments that MathJax typesets outside delimiters, and their relatives."""

_WRAPPERS = (
    (re.compile(r"^\s*(?:%\s*)?<!\[CDATA\[(.*?)(?:%\s*)?\]\]>\s*$", re.DOTALL), None),
    (re.compile(r"^\s*\\\[(.*)\\\]\s*$", re.DOTALL), True),
    (re.compile(r"^\s*\\begin\{displaymath\}(.*)\\end\{displaymath\}\s*$", re.DOTALL), True),
    (re.compile(r"^\s*\\begin\{math\}(.*)\\end\{math\}\s*$", re.DOTALL), False),
    (re.compile(r"^\s*\\\((.*)\\\)\s*$", re.DOTALL), False),
    (re.compile(r"^\s*\$\$(.*)\$\$\s*$", re.DOTALL), True),
    (re.compile(r"^\s*\$`((?:[^$\\`]|\\.)*)`\$\s*$", re.DOTALL), False),
    (re.compile(r"^\s*\$((?:[^$\\]|\\.)*)\$\s*$", re.DOTALL), False),
)
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*\n[ \t]*")
_BLANK_LINES = re.compile(r"\n\s*\n")
_ENTITY = re.compile(r"&(?:gt|lt|amp|quot|nbsp|apos|#39|#x27|#34|#60|#62|#38|#160);")
_INVISIBLE = {0xA0: " ", **dict.fromkeys((0xAD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF))}
_TEXT_DOLLARS = re.compile(r"(?<!\\)\$([^$]*)(?<!\\)\$")
_COMMAND = re.compile(r"\\[a-zA-Z]+")
_SCRIPT = re.compile(r"[\^_]\s*(?:\{|\\?[A-Za-z0-9*+\-'])")
_NOT_A_FORMULA = re.compile(
    r"\\(?:includegraphics|usepackage|documentclass|section|chapter|newcommand|def)\b"
    r"|^\s*(?:https?:|[A-Za-z]:\\|\.{0,2}/)|\.(?:png|gif|jpe?g|svg|webp|pdf|html?)\b",
    re.IGNORECASE,
)
# `file_name`, `plot_f(x)`: identifiers of programs.
_NAME = re.compile(
    # Each run of letters is tried from its start alone: from every letter takes quadratic time.
    r"(?<![A-Za-z])(?:[A-Za-z]{2,}+\d*_[A-Za-z]{2}|[A-Za-z]{3,}+_\w)|\w_\w+_\w"
)
_WHOLE = re.compile(
    r"\s*(?:(?P<display>\$\$(?!\$).+(?<!\$)\$\$|\\\[(?:(?!\\\]).)+\\\]"
    r"|\\begin\{(\w+\*?)\}(?:(?!\\end\{\2\}).)+\\end\{\2\})"
    r"|\$(?:[^$\\]|\\.)+\$|\\\((?:(?!\\\)).)+\\\))\s*",
    re.DOTALL,
)
_GROUP = re.compile(r"\{[^{}]*\}")
# Short formulas without a sign of LaTeX: `x'`, `x_1`, `[0,1)`, `-1`, `1/2`, `2n`, `AB`, `a[i]`.
_PLAIN_FORMULA = re.compile(
    r"[A-Za-z]'?|[A-Za-z]_[A-Za-z0-9]|[\[(]-?[\dA-Za-z.]{1,5}, ?[\dA-Za-z.]{1,5}[\])]"
    r"|-\d{1,3}|\d{1,3}/\d{1,3}|\d{1,3}[a-z]|[A-Z]{2}|\d{1,3}\\%|[A-Za-z]{1,2}(?:\[[\w+-]{1,5}\])+"
)
_PROSE_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_TEXT_ARGUMENT = re.compile(
    r"\\(?:text(?:rm|bf|it|sf|tt|sc|normal)?|mbox|hbox|operatorname\*?|mathrm|mathbf|mathit"
    r"|mathsf|mathtt|mathcal|mathbb|mathfrak|begin|end|label|ref|eqref|tag|color|textcolor"
    r"|ce|pu|rm|bf|it|fbox|boxed)\s*\*?\{[^{}]*\}"
)


@dataclass(frozen=True, slots=True)
class Formula:
    """One formula: its LaTeX without delimiters, and whether it stands on a line of its own."""

    latex: str
    is_display: bool


def formula(latex: str, *, is_display: bool) -> Formula | None:
    """Take off what a page wraps round its LaTeX; the LaTeX itself stays as the author wrote it.

    Args:
        latex: with or without delimiters, CDATA marks, or entities that were escaped twice.
        is_display: whether it is displayed where no delimiter of its own says.

    Returns:
        The formula, None when nothing is left.
    """
    if "\\begin{document}" in latex:  # publishers' `<tex-math>` is a document of its own
        latex = latex.split("\\begin{document}", 1)[1].split("\\end{document}", 1)[0]
    for pattern, displays in _WRAPPERS:
        if match := pattern.match(latex):
            latex = match.group(1)
            if displays is not None:
                is_display = displays
    if "&" in latex:  # no other name: `&not` may begin a cell
        latex = _ENTITY.sub(lambda match: unescape(match.group(0)), latex)
    if not latex.isascii():
        latex = latex.translate(_INVISIBLE)
    stripped = latex.strip()
    if not stripped or len(stripped) > MAX_FORMULA_CHARS:
        return None
    # `\ ` at the end is a command: its space is part of the formula. After `\\` a blank keeps
    # the closing dollar from reading as an escaped one.
    if stripped[-1] == "\\":
        stripped += " "
    return Formula(stripped, is_display)


def written(found: Formula, *, is_display: bool, is_one_line: bool) -> str:
    """The formula between `$..$` or `$$..$$`, so that any reader finds its end.

    Args:
        found: the formula.
        is_display: whether there is room for a display where it stands.
        is_one_line: whether line breaks would be taken for something else (quotes, lists).
    """
    latex = found.latex
    if "\n" in latex:
        latex = _BLANK_LINES.sub("\n", latex)
        if is_one_line or not is_display:
            # A comment would swallow the line that is joined to it.
            latex = _COMMENT.sub(r"\1", latex).replace("\n", " ")
    if "$$" in latex:
        latex = latex.replace("$$", "$ $")
    if is_display:
        return f"$${latex}$$"
    if "$" in latex:
        latex = _TEXT_DOLLARS.sub(r"\\(\1\\)", latex)
    return f"${latex}$"


def is_latex(text: str) -> bool:
    """Whether text without delimiters is a formula in LaTeX and not words, a path or a name."""
    if len(text) > MAX_FORMULA_CHARS or not _balanced(text):
        return False
    if not (_COMMAND.search(text) or _SCRIPT.search(text)) or _NOT_A_FORMULA.search(text):
        return False
    if "\\" not in text:
        if "^" not in text and (_NAME.search(text) or ("{" not in text and len(text) > 40)):
            return False
        if len(_PROSE_WORD.findall(_GROUP.sub("", text))) > 2:
            return False
    return not _reads_as_prose(text)


def is_whole(text: str) -> bool:
    """Whether text is one delimited formula from its first character to its last."""
    if len(text) > MAX_FORMULA_CHARS or not _WHOLE.fullmatch(text):
        return False
    return "$$" not in text.strip()[2:-2]


def is_plausible(text: str) -> bool:
    r"""Whether text between single dollars is mathematics where the page does not say so.

    `$5 and $` and `$HOME/$` are not; `$n$`, `$2k+1$` and `$\alpha$` are.
    """
    if not text or not _balanced(text):
        return False
    bare = text.strip()
    is_padded = text[0].isspace() or text[-1].isspace()
    if is_padded and not (_COMMAND.search(bare) and ("{" in bare or re.search(r"[=^_<>]", bare))):
        return False
    if _PLAIN_FORMULA.fullmatch(bare):
        return True
    if re.fullmatch(r"[\d.,]+\s*%?", bare):
        return len(bare) < 4
    if _reads_as_prose(bare):
        return False
    if _COMMAND.search(bare):
        return not re.search(r"\\[A-Za-z]+\\[A-Za-z]+\.\w+$", bare)  # a path
    if re.search(r"\\[{}|]", bare):
        return True
    if _SCRIPT.search(bare):
        return not re.search(r"(?<!\w)\w{3,}_\w|/\w{3,}|->|::|;", bare)
    if re.search(r"[A-Za-z]{3,}", bare) or re.search(r"[#@?;\"]", bare):
        return False
    return bool(re.search(r"[A-Za-z0-9)\]|']\s*[=<>+\-*/|,:!(≤≥≠∈×·]", bare)) and bool(
        re.search(r"[A-Za-z]", bare)
    )


def _reads_as_prose(text: str) -> bool:
    """Whether words outweigh formula: at least four, and more of them than of signs."""
    if "\\" in text:
        text = _COMMAND.sub(" ", _TEXT_ARGUMENT.sub(" ", text))
    words = len(_PROSE_WORD.findall(text))
    if words < 3:
        return False
    signs = len(re.findall(r"[=^_{}+\-*/<>|]", text))
    return words > 2 + signs


def _balanced(text: str) -> bool:
    if "{" not in text and "}" not in text:
        return True
    plain = text.replace("\\\\", "").replace("\\{", "").replace("\\}", "")
    return plain.count("{") == plain.count("}")
