r"""The normal form of a text in which copies of it are looked for.

Words are lower-case runs of letters, numbers, and the names of LaTeX commands; what two authors
of one text write differently is gone: delimiters of formulas, `\left(`, `\,`, `\dfrac` for
`\frac`, braces around a single argument, thousands separators, Unicode for commands. Thus
`$\dfrac12$`, `\(\frac{1}{2}\)` and `$\frac {1} {2}$` are the words `frac 1 2`.

Signs (`+`, `=`, ...) are no words, as punctuation is none in the n-grams of MathCoder2 and
datatrove: `$x^2+3x$` and a plain `x^2 + 3x` are the same words. `squeeze` keeps them, for where
two texts must be one to the sign.

What it does not do: reorder (`x_1^2` and `x^2_1` differ), evaluate, or translate.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache, lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Codes: TypeAlias = npt.NDArray[np.unsignedinteger[Any]]
_Places: TypeAlias = npt.NDArray[np.intp]

# What a change of the code below means for n-grams and hashes of the same text.
METHOD = "words-1"

# A formula: between delimiters, an environment, or a command with its arguments in bare text.
# An inline `$` opens before a non-space and closes after one, not before a digit (pandoc's rule),
# so that prices are no formulas. Lengths, and stopping at the next opening, bound what a stray
# delimiter costs. Each way begins with a plain `$` or backslash: then Python's engine skips to
# the next of these ten times faster.
_ENVIRONMENT = "(?:equation|align|gather|multline|eqnarray|displaymath|math)"
_FORMULA = re.compile(
    r"\$\$(?P<display>[^$]{1,8000}?)\$\$"
    r"|\$(?<!\\\$)(?![\s$])(?P<inline>(?:[^$\\\n]|\\.|\n(?!\s*\n)){1,2000}?)(?<!\s)\$(?!\d)"
    r"|\\\((?P<paren>(?:[^\\]|\\[^()]){1,2000}?)\\\)"
    r"|\\\[(?P<bracket>(?:[^\\]|\\[^\[\]]){1,8000}?)\\\]"
    rf"|\\begin\{{(?P<name>{_ENVIRONMENT}\*?)\}}"
    rf"(?P<environment>(?:[^\\]|\\(?!begin\{{{_ENVIRONMENT}\*?\}})){{1,8000}}?)\\end\{{(?P=name)\}}"
    r"|\\(?P<command>[a-zA-Z]{2,}(?:\s*(?:\{[^{}]*\}|\[[^\][]*\])|[_^]\s*(?:\{[^{}]*\}|\w)|\d)*)",
    re.DOTALL,
)

# Spacing, sizes, fonts and labels: how a formula looks, not what it says.
_LOOKS = re.compile(
    r"\\(?:left|right|middle|[bB]igg?[lrm]?|displaystyle|textstyle|scriptstyle|limits|nolimits"
    r"|mathrm|mathbf|mathit|mathsf|mathtt|mathnormal|boldsymbol|bm|text|textrm|textbf|textit"
    r"|operatorname|mbox|quad|qquad|nonumber|notag|mathstrut|strut|hfill|hline|boxed"
    r"|mathord|mathop|mathbin|mathrel|thinspace|enspace|negthinspace)(?![a-zA-Z])\*?"
    r"|\\(?:label|tag|hspace|vspace|phantom|color|hphantom|vphantom)\*?\s*\{[^{}]*\}"
    r"|\\begin\s*\{array\}\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}"
    r"|\\(?:begin|end)\s*\{[a-zA-Z]+\*?\}"
    r"|\\[,;:!>\s]|\\\\(?:\[[^\]]*\])?|[~&]|\\$"
)
_FRACTION = re.compile(r"\\[dtc]?frac(?![a-zA-Z])")
# TeX takes a single character where an argument has no braces.
_FRAC_FIRST = re.compile(r"(\\frac)\s*([0-9a-zA-Z])")
_FRAC_SECOND = re.compile(r"(\\frac\s*\{[^{}]*\})\s*([0-9a-zA-Z])")
_ARGUMENT = re.compile(r"(\\sqrt(?:\s*\[[^\][]*\])?|[_^])\s*([0-9a-zA-Z])")
_OVER = re.compile(r"\{([^{}\\]*)\\over(?![a-zA-Z])([^{}\\]*)\}")
_THOUSANDS = re.compile(r"(?:,(?<=\d,)(?:\\!)?|\{(?<=\d\{),\}|\\(?<=\d\\),)(?=\d{3}(?!\d))")
# Letters of a formula stand together with or without spaces: `x y` is `xy`.
_FORMULA_TOKEN = re.compile(r"\\([a-zA-Z]+)|([^\W\d_](?:\s*[^\W\d_])*)|(\d+(?:\.\d+)?|[^\s\w{}$])")
_SYNONYMS = {
    "le": "leq",
    "leqslant": "leq",
    "ge": "geq",
    "geqslant": "geq",
    "ne": "neq",
    "rightarrow": "to",
    "longrightarrow": "to",
    "longmapsto": "mapsto",
    "implies": "Rightarrow",
    "Longrightarrow": "Rightarrow",
    "iff": "Leftrightarrow",
    "Longleftrightarrow": "Leftrightarrow",
    "ldots": "dots",
    "cdots": "dots",
    "dotsc": "dots",
    "dotsb": "dots",
    "dotsm": "dots",
    "lvert": "vert",
    "rvert": "vert",
    "mid": "vert",
    "lVert": "Vert",
    "rVert": "Vert",
    "land": "wedge",
    "lor": "vee",
    "lnot": "neg",
    "owns": "ni",
    "varnothing": "emptyset",
    "bmod": "mod",
    "pmod": "mod",
    "dbinom": "binom",
    "tbinom": "binom",
    "degree": "circ",
}
# Characters that a formula may hold in place of a command.
_UNICODE = {
    **dict(
        zip(
            "αβγδεζηθικλμνξπρστυφχψω",
            (
                rf"\{name} "
                for name in (
                    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"),
                    *("iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma"),
                    *("tau", "upsilon", "phi", "chi", "psi", "omega"),
                )
            ),
            strict=True,
        )
    ),
    "Γ": r"\Gamma ", "Δ": r"\Delta ", "Θ": r"\Theta ", "Λ": r"\Lambda ", "Σ": r"\Sigma ",
    "Φ": r"\Phi ", "Ψ": r"\Psi ", "Ω": r"\Omega ", "Π": r"\Pi ",
    "≤": r"\leq ", "≥": r"\geq ", "≠": r"\neq ", "≈": r"\approx ", "≡": r"\equiv ",
    "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "±": r"\pm ", "÷": r"\div ",
    "∞": r"\infty ", "∈": r"\in ", "∑": r"\sum ", "∏": r"\prod ", "∫": r"\int ",
    "√": r"\sqrt ", "→": r"\to ", "⇒": r"\Rightarrow ", "°": r"^\circ ", "…": r"\dots ",
    "−": "-", "′": "'", "²": "^2", "³": "^3",
}  # fmt: skip
_UNICODE_TABLE = str.maketrans(_UNICODE)
_UNICODE_IN_FORMULA = re.compile(f"[{''.join(_UNICODE)}]")
# What `str.split` takes for white space in ASCII.
_BLANKS = b" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"
_TRAILING_SIGNS = ".,;:"

# A word of a text that is already in lower case: letters or digits. CJK, kana, Hangul and Thai
# are written without spaces between words: each character is a word.
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W\d_{_UNSPACED}]+|\d+")
_LETTER, _DIGIT, _ALONE = 1, 2, 3
_CHARACTERS = re.compile(r"[^\W_]|[-+*/=<>^|!%']")


def words(text: str) -> list[str]:
    r"""Return the words of a text's normal form, in order.

    Args:
        text: any text, with formulas in LaTeX.

    Returns:
        Lower-case words; `\frac12 + x` gives `frac`, `1`, `2`, `x`.
    """
    return find_words(canonical(text))


def canonical(text: str) -> str:
    """Return a text with its formulas rewritten to one spelling, in lower case.

    Prose keeps its punctuation and white space; each formula becomes its tokens between blanks.
    """
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    if "$" in text or "\\" in text:
        text = _FORMULA.sub(_rewrite, text)
    # The one letter whose lower case is two characters.
    return _join_thousands(text.replace("İ", "I").lower())


def find_words(normal: str) -> list[str]:
    """Return the words of what `canonical` gave."""
    return _WORD.findall(normal)


def code_points(text: str) -> Codes:
    """Return a text's characters, (characters,): uint8 where all are ASCII, else uint32."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))


def find_starts(text: str) -> tuple[Codes, npt.NDArray[np.intp]]:
    """Find where each word begins in what `canonical` gave.

    Returns:
        Code points with 0 for what is in no word, (characters,), and the place of the first
        character of each word, (words,): those of `find_words`.
    """
    codes = code_points(text)
    if codes.dtype == np.uint8:
        data = codes.tobytes()
        kinds = np.frombuffer(data.translate(_ascii_kinds()[0]), np.uint8)
        codes = np.frombuffer(data.translate(_ascii_kinds()[1]), np.uint8)
    else:
        kinds = _kinds()[codes]
        codes = codes * (kinds != 0)
    is_start: npt.NDArray[np.bool_] = np.empty(len(kinds), np.bool_)
    is_start[:1] = True
    np.not_equal(kinds[1:], kinds[:-1], out=is_start[1:])
    if codes.dtype != np.uint8:
        is_start |= kinds == _ALONE
    is_start &= kinds != 0
    return codes, np.flatnonzero(is_start)


@cache
def _ascii_kinds() -> tuple[bytes, bytes]:
    """Return the kind of each byte, and each byte or 0 where it is in no word."""
    kinds = _kinds()[:256]
    return kinds.tobytes(), (np.arange(256) * (kinds != 0)).astype(np.uint8).tobytes()


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    """Return what each character is in a word, (code points,): 0 for none of a word."""
    kinds: npt.NDArray[np.uint8] = np.zeros(sys.maxunicode + 1, np.uint8)
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    for found in _WORD.finditer(everything):
        first = found[0][0]
        kind = _DIGIT if first.isdecimal() else _LETTER
        kinds[found.start() : found.end()] = kind
    for found in re.finditer(f"[{_UNSPACED}]", everything):
        kinds[found.start()] = _ALONE
    return kinds


def collapse(normal: str) -> str:
    """Return what `canonical` gave with every run of white space as one blank."""
    return " ".join(normal.split())


def pack(normal: str) -> bytes:
    """Return what `canonical` gave without any white space, in UTF-8.

    Texts that differ in more than white space, case and the spelling of formulas differ here.
    """
    if normal.isascii():
        return normal.encode("ascii").translate(None, _BLANKS)
    return "".join(normal.split()).encode("utf-8", "surrogatepass")


def squeeze(text: str) -> str:
    """Return letters, digits and arithmetic signs of a text's normal form, nothing between.

    Texts that squeeze to the same string differ at most in spacing and punctuation.
    """
    return "".join(_CHARACTERS.findall(canonical(text)))


def spans(text: str) -> list[tuple[int, int]]:
    """Return where each word of `words(text)` stands.

    Returns:
        (first character, character after) in `text`, one a word. Words of a formula all have
        the span of the whole formula.
    """
    composed, offsets = _composed(text)
    found: list[tuple[int, int]] = []
    at = 0
    for formula in _FORMULA.finditer(composed):
        found += _prose_spans(composed, at, formula.start())
        count = len(find_words(_join_thousands(_rewrite(formula).lower())))
        found += [formula.span()] * count
        at = formula.end()
    found += _prose_spans(composed, at, len(composed))
    if offsets is not None:
        found = [(offsets[start][0], offsets[end - 1][1]) for start, end in found]
    return found


def _prose_spans(text: str, start: int, end: int) -> list[tuple[int, int]]:
    prose = text[start:end].replace("İ", "I").lower()
    if _THOUSANDS.search(prose) is None:
        return [(start + m.start(), start + m.end()) for m in _WORD.finditer(prose)]
    # A removed separator moves what follows: keep where each character stood.
    stays: list[int] = []
    at = 0
    for separator in _THOUSANDS.finditer(prose):
        stays += range(at, separator.start())
        at = separator.end()
    stays += range(at, len(prose))
    joined = _join_thousands(prose)
    return [
        (start + stays[m.start()], start + stays[m.end() - 1] + 1) for m in _WORD.finditer(joined)
    ]


def _join_thousands(text: str) -> str:
    return _THOUSANDS.sub("", text) if "," in text else text


def _composed(text: str) -> tuple[str, list[tuple[int, int]] | None]:
    """Return the text in NFC, and the span in `text` of each character; None when equal."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text, None
    composed = unicodedata.normalize("NFC", text)
    pieces: list[str] = []
    offsets: list[tuple[int, int]] = []
    start = 0
    for at in range(1, len(text) + 1):
        # A piece is a character with the marks after it; Hangul parts compose among themselves.
        if at < len(text) and (unicodedata.combining(text[at]) or "\u1160" <= text[at] <= "\u11ff"):
            continue
        piece = unicodedata.normalize("NFC", text[start:at])
        pieces.append(piece)
        offsets += [(start, at)] * len(piece)
        start = at
    if "".join(pieces) != composed:
        # Scripts whose vowel signs compose without being marks: spans are known less sharply.
        count, length = len(composed), len(text)
        offsets = [(at * length // count, -(-(at + 1) * length // count)) for at in range(count)]
    return composed, offsets


def _rewrite(found: re.Match[str]) -> str:
    # The group that matched last is the one that matched: `name` ends before `environment`.
    kind = found.lastgroup
    assert kind is not None
    return f" {_formula(chr(92) + found[kind] if kind == 'command' else found[kind])} "


@lru_cache(maxsize=65_536)
def _formula(latex: str) -> str:
    """Return the tokens of a formula in one spelling, joined by blanks."""
    if not latex.isascii() and _UNICODE_IN_FORMULA.search(latex):
        latex = latex.translate(_UNICODE_TABLE)
    if "\\" in latex:
        # Separators first: spacing commands vanish below.
        latex = _join_thousands(latex)
        latex = _LOOKS.sub(" ", latex)
        if "frac" in latex:
            latex = _FRACTION.sub(r"\\frac", latex)
        if "over" in latex:
            latex = _OVER.sub(r"\\frac{\1}{\2}", latex)
        if "frac" in latex:
            latex = _FRAC_SECOND.sub(r"\1{\2}", _FRAC_FIRST.sub(r"\1{\2}", latex))
    latex = _join_thousands(latex)
    latex = _ARGUMENT.sub(r"\1{\2}", latex)
    tokens = [
        _SYNONYMS.get(command, command) if command else "".join(letters.split()) or other
        for command, letters, other in _FORMULA_TOKEN.findall(latex)
    ]
    while tokens and tokens[-1] in _TRAILING_SIGNS:
        tokens.pop()
    return " ".join(tokens)
