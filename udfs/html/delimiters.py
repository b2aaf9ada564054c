"""Where formulas begin and end in running text, by the delimiters that the page itself declares.

MathJax 3 documentation, "TeX and LaTeX input" (inlineMath, displayMath, processEscapes,
processEnvironments); KaTeX documentation, "Auto-render extension" (delimiters). Both look for the
closing delimiter outside of braces, and so does this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from udfs.html.latex import ENVIRONMENTS, MAX_FORMULA_CHARS, Formula, formula, is_plausible

_PAIR = re.compile(r"\[\s*(['\"])(.{1,20}?)\1\s*,\s*(['\"])(.{1,20}?)\3\s*\]")
_KATEX_PAIR = re.compile(
    r"left[\"']?\s*:\s*(['\"])(.{1,24}?)\1\s*,\s*[\"']?right[\"']?\s*:\s*(['\"])(.{1,24}?)\3"
    r"(?:\s*,\s*[\"']?display[\"']?\s*:\s*(true|false|!0|!1))?"
)
_CLASSES = re.compile(
    r"(ignore|process)(?:Html)?Class[\"']?\s*:\s*(['\"])([\w|.*\- ()^$\\]{1,200})\2"
)
_LISTS = re.compile(r"[\"']?(inlineMath|displayMath)[\"']?\s*:\s*(?:\{\s*\[\s*\+\s*\]\s*:\s*)?\[")
_ENVIRONMENT = r"\\begin\s*\{((?:" + "|".join(ENVIRONMENTS) + r")\*?)\}"
# What our own passes leave in running text: place holders of formulas and code that are known
# already (they end in END), and marks where inline elements begin and end.
FORMULA, END, CODE = "\ue001", "\ue002", "\ue003"
EMPHASIS, STRONG, BREAK = "\ue004", "\ue005", "\ue006"
SUP, SUP_END, SUB, SUB_END = "\ue007", "\ue008", "\ue009", "\ue00a"
_MARKS = re.compile("[\ue004-\ue00a]")
_IN_FORMULA = {
    ord(EMPHASIS): "_",
    ord(STRONG): None,
    ord(BREAK): "\n",
    ord(SUP): "^{",
    ord(SUP_END): "}",
    ord(SUB): "_{",
    ord(SUB_END): "}",
}
_MAX_FAILURES = 50
_MAX_PAIRS = 64  # delimiters of a page; a configuration with more is none
_BLANKS_AND_COMMA = re.compile(r"\s*,?\s*")


@dataclass(frozen=True)
class Syntax:
    """What a page's text means by its delimiters.

    Attributes:
        pairs: opening delimiter to (closing delimiter, is it a display).
        is_dollar_declared: whether the page itself says that `$..$` is mathematics.
        is_typeset: whether the page loads a typesetter (MathJax, KaTeX and relatives).
        has_asciimath: whether backquotes hold AsciiMath.
        ignored: classes whose content the typesetter leaves alone.
        processed: classes that make it look again inside those.
        start: pattern of everything a formula may begin with.
    """

    pairs: dict[str, tuple[str, bool]]
    is_dollar_declared: bool
    is_typeset: bool
    has_asciimath: bool
    ignored: frozenset[str]
    processed: frozenset[str]
    start: re.Pattern[str] = field(repr=False)


_DEFAULT = {
    "\\(": ("\\)", False),
    "\\[": ("\\]", True),
    "$$": ("$$", True),
    "$": ("$", False),
    # Backslashes that a Markdown engine was to take away.
    "\\\\(": ("\\\\)", False),
    "\\\\[": ("\\\\]", True),
    # Bulletin boards and short codes of blogs.
    "[itex]": ("[/itex]", False),
    "[latex]": ("[/latex]", False),
    "[tex]": ("[/tex]", True),
    "[math]": ("[/math]", False),
    "[katex]": ("[/katex]", False),
    "[LATEX]": ("[/LATEX]", False),
    "[TEX]": ("[/TEX]", True),
    "[MATH]": ("[/MATH]", False),
}
_STATEMENT = re.compile(r";\s*(?:$|[A-Za-z]{3,})")
_FORMULA_SIGN = re.compile(r"[\^_=<>+]|^\s*\w\s*$")
# Groups and classes of regular expressions, as `grep` and `sed` write them.
_EXPRESSION = re.compile(
    r"\.[*+]|\[\^|\[(?:a-z|A-Z|0-9)|\\[wsdbWSD](?![A-Za-z])|[A-Za-z]{2}\|[A-Za-z]{2}"
    r"|^\s*[A-Za-z]{4,}\s*$"
)
_WORDS_ONLY = re.compile(r"[\w\s,.;:-]*")
_OTHER_OPENING = re.compile(r"(?<!\\)\\[(\[]")
_COMMAND_LINE = re.compile(r"(?:^|\s)-{1,2}[a-z][a-z-]*\s")
_IGNORED = frozenset(("tex2jax_ignore", "mathjax_ignore", "asciimath2jax_ignore", "no-mathjax"))
_PROCESSED = frozenset(
    ("tex2jax_process", "mathjax_process", "math", "arithmatex", "math-container", "math-tex")
)
_TYPESETTERS = ("mathjax", "katex", "mathlive", "latex.js", "asciimath", "jsmath", "texzilla")
_ASCIIMATH = re.compile(
    r"asciimathml|input/asciimath|asciimath2jax|asciimath\w{0,20}(?:\.min)?\.js"
    r"|(?<![a-z])am_(?:c?html|svg)|load:[^\]]{0,200}input/asciimath",
    re.IGNORECASE,
)


def syntax(scripts: str) -> Syntax:
    """Read what a page declares.

    Args:
        scripts: the text of its scripts and the addresses of those it loads. A configuration
            that is code is read for the literals in it; what is computed stays unknown, and
            the usual delimiters hold.
    """
    pairs = dict(_DEFAULT)
    is_dollar_declared = False
    # Plain searches first: most scripts say nothing, and patterns are ten times slower.
    has_lists = "inlineMath" in scripts or "displayMath" in scripts
    for match in _LISTS.finditer(scripts) if has_lists else ():
        is_display = match.group(1) == "displayMath"
        for pair in _pairs_after(scripts, match.end()):
            left, right = (_unquote(pair.group(2)), _unquote(pair.group(4)))
            is_dollar_declared |= left == "$"
            _declare(pairs, left, right, is_display=is_display)
    if "left" in scripts:
        for pair in _KATEX_PAIR.finditer(scripts):
            left, right = (_unquote(pair.group(2)), _unquote(pair.group(4)))
            is_dollar_declared |= left == "$"
            _declare(pairs, left, right, is_display=pair.group(5) in ("true", "!0"))
    ignored, processed = set(_IGNORED), set(_PROCESSED)
    if "Class" in scripts:
        for kind, _, value in _CLASSES.findall(scripts):
            names = re.split(r"[|\s]+", value)
            (ignored if kind == "ignore" else processed).update(
                n for n in names if n.isidentifier()
            )
    ignored -= {"document", "body"}  # Sphinx ignores all but its own class, which is here too
    lower = scripts.lower()
    may_be_asciimath = "asciimath" in lower or "am_" in lower
    has_asciimath = may_be_asciimath and bool(_ASCIIMATH.search(scripts))
    starts = sorted(map(re.escape, pairs), key=len, reverse=True)
    if has_asciimath:
        starts.append("`")
    start = re.compile(r"\\\$|" + _ENVIRONMENT + "|(" + "|".join(starts) + ")")
    return Syntax(
        pairs,
        is_dollar_declared,
        any(name in lower for name in _TYPESETTERS),
        has_asciimath,
        frozenset(ignored),
        frozenset(processed),
        start,
    )


def _pairs_after(scripts: str, position: int) -> list[re.Match[str]]:
    found = []
    while match := _BLANKS_AND_COMMA.match(scripts, position):
        pair = _PAIR.match(scripts, match.end())
        if pair is None:
            break
        found.append(pair)
        position = pair.end()
    return found


def _declare(
    pairs: dict[str, tuple[str, bool]], left: str, right: str, *, is_display: bool
) -> None:
    # A letter, a blank or a bracket alone would make formulas of prose; `\begin` is known anyway.
    if not left or not right or left.startswith("\\begin") or re.fullmatch(r"[\w\s()\[\]`]", left):
        return
    if left.strip() and right.strip() and len(pairs) < _MAX_PAIRS:
        pairs[left] = (right, is_display)


def _unquote(literal: str) -> str:
    return re.sub(r"\\(.)", r"\1", literal)


@dataclass(frozen=True, slots=True)
class Span:
    """A formula's place in running text: `text[start:end]` with its delimiters.

    `formula` is None where the span is an escaped dollar; `asciimath` holds AsciiMath source.
    """

    start: int
    end: int
    formula: Formula | None
    asciimath: str | None = None


def find(text: str, page: Syntax, *, is_math_element: bool = False) -> list[Span]:
    """Find the formulas in running text.

    Args:
        text: text of one block, with line breaks as the page has them.
        page: what the page declares.
        is_math_element: whether an element marked as mathematics holds the text.

    Returns:
        Spans in order, not overlapping.
    """
    has_usual = "\\" in text or "$" in text or "[/" in text or (page.has_asciimath and "`" in text)
    if not has_usual and len(page.pairs) == len(_DEFAULT):
        return []
    spans: list[Span] = []
    position = 0
    absent: set[str] = set()  # closing delimiters that do not occur any more
    failures = 0
    while failures < _MAX_FAILURES and (match := page.start.search(text, position)):
        begin = match.start()
        position = match.end()
        if match.group(0) == "\\$":
            spans.append(Span(begin, position, None))
            continue
        if name := match.group(1):
            close, is_display = f"\\end{{{name}}}", True
        elif match.group(2) == "`":
            if text[begin - 1 : begin] == "\\":  # escaped: the sign itself
                continue
            end = text.find("`", position)
            inner = text[position:end]
            if 0 < end - position < 2000 and FORMULA not in inner and CODE not in inner:
                spans.append(Span(begin, end + 1, None, _MARKS.sub("", inner)))
                position = end + 1
            continue
        else:
            close, is_display = page.pairs[match.group(2)]
        if close in absent:
            continue
        end = _end(text, position, close)
        if end < 0:
            if text.find(close, position) < 0:
                absent.add(close)
            else:
                failures += 1
            continue
        inner = text[position:end]
        if match.group(2) == "$" and not _is_dollar_formula(
            text, begin, end, page, is_math_element=is_math_element
        ):
            continue
        is_sure = page.is_typeset or is_math_element or name
        if not is_sure and _is_code(inner, match.group(2)):
            continue
        if not name and match.group(2)[0] == "[" and _is_prose(inner):
            continue
        if name:
            inner = text[begin : end + len(close)]
        if FORMULA in inner or CODE in inner:
            continue
        found = formula(_unmarked(inner), is_display=is_display)
        if found is None:
            continue
        if found.latex.startswith("latex ") and match.group(2) == "$":
            found = Formula(_wordpress(found.latex), is_display)
        spans.append(Span(begin, end + len(close), found))
        position = end + len(close)
    return spans


def _end(text: str, position: int, close: str) -> int:
    """Where the closing delimiter stands outside of braces, -1 where it does not."""
    limit = min(len(text), position + MAX_FORMULA_CHARS)
    direct = text.find(close, position, limit)
    if direct < 0:
        return -1
    between = text[position:direct]
    if "{" not in between and "\\" not in between:
        return direct
    step = re.compile(re.escape(close) + r"|\\.|[{}]", re.DOTALL)
    depth = 0
    for match in step.finditer(text, position, limit):
        found = match.group(0)
        if found == close and depth <= 0:
            return match.start()
        depth += (found == "{") - (found == "}")
    # Unbalanced braces: the first closing delimiter, as TeX would stop there with an error.
    return direct if close not in ("$", "$$") else -1


def _is_dollar_formula(
    text: str, begin: int, end: int, page: Syntax, *, is_math_element: bool
) -> bool:
    inner = text[begin + 1 : end]
    if is_math_element:
        return bool(inner.strip())
    if not inner.strip() or "\n\n" in inner:
        return False
    if inner.startswith("latex "):
        return True
    after = text[end + 1 : end + 2]
    if page.is_dollar_declared:
        # Money between two amounts: "costs $5 or $6".
        return not (after.isdigit() and inner[:1].isdigit()) and not (
            inner[-1:] in " (" and len(inner) > 30 and "\\" not in inner and "^" not in inner
        )
    if after.isdigit() or EMPHASIS in inner or _OTHER_OPENING.search(inner):
        return False
    if begin and (text[begin - 1].isalnum() or text[begin - 1] in "$\\"):
        return False
    plain = _unmarked(inner).strip("\n")
    if page.is_typeset and ("\\" in plain or "^" in plain or "_" in plain):
        plain = plain.strip()
    return is_plausible(plain)


def _is_code(inner: str, opening: str) -> bool:
    """Whether delimiters hold a command line or quoted code, on a page without a typesetter."""
    if opening in ("\\(", "\\["):
        return (
            bool(_EXPRESSION.search(inner))
            or (opening == "\\[" and bool(_WORDS_ONLY.fullmatch(inner)) and "_" not in inner)
            or ("\\" not in inner and bool(_COMMAND_LINE.search(inner)))
        )
    if "\\" in inner:
        return False
    if opening == "$$":
        return bool(_STATEMENT.search(inner)) or not _FORMULA_SIGN.search(inner)
    return bool(_COMMAND_LINE.search(inner))


def _is_prose(inner: str) -> bool:
    """Whether the words for tags of bulletin boards stand round a sentence."""
    return not re.search(r"[\\^_=+*/<>]", inner) and len(re.findall(r"[A-Za-z]{2,}", inner)) > 1


def _unmarked(inner: str) -> str:
    """A formula whose `_`, `^` or line breaks became elements before a typesetter saw it."""
    if not _MARKS.search(inner):
        return inner
    if inner.count(EMPHASIS) % 2:
        inner = inner.replace(EMPHASIS, "")
    plain = inner.translate(_IN_FORMULA)
    # `<i>z</i>_1`: italics of the author, no underscores of Markdown.
    return plain if "__" not in plain else inner.replace(EMPHASIS, "").translate(_IN_FORMULA)


def _wordpress(latex: str) -> str:
    """`latex x^2&s=2&bg=ffffff` without the word and the settings of the plug-in."""
    return re.sub(r"(?:&(?:s|bg|fg|zoom)=-?\w+)+\s*$", "", latex[6:]).strip()
