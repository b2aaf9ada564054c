"""Formulas that a page shows as pictures: LaTeX in the picture's address or in its alt text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

from udfs.html.latex import Formula, formula, is_latex

if TYPE_CHECKING:
    from udfs.html.tree import Node

# Addresses of renderers: the formula is the query or what follows the renderer's name.
_QUERY = re.compile(
    r"(?:codecogs\.com|/(?:gif|png|svg|pdf|emf)\.(?:latex|image)|mathtex\.cgi|mimetex\.cgi"
    r"|mathtran|forkosh|texify|/tex2img|/latex2png|/(?:gen)?latex(?:img)?\.(?:php"
    r"|cgi))[^?]*\?(.+)$",
    re.IGNORECASE | re.DOTALL,
)
_PARAMETER = re.compile(
    r"[?&](?:latex|tex|math|chl|eq|equation|formula|from|f|code|string)=([^&]*)", re.IGNORECASE
)
_RENDERER = re.compile(
    r"latex|/tex\b|[./]math|mathjax|chart\?(?:.*&)?cht=tx|equation\?tex|eq\?|texify|quicklatex"
    r"|math\.now|upmath|formula",
    re.IGNORECASE,
)
_PATH = re.compile(r"upmath\.me/(?:svg|png)/(.+)$|/math/render/\w+/(.+)$", re.IGNORECASE)
_FORM_ENCODED = re.compile(
    r"chart\?|render/math|equation\?tex=|latex\.php\?(?:.*&)?latex=", re.IGNORECASE
)
# What codecogs and its kin read before the formula: size, font, colours, resolution.
_PREFIX = re.compile(
    r"^(?:\s|\\(?:inline|bg_\w+|fn_\w+|dpi\{?\d+\}?|opt|tiny|small|normal|large|Large|LARGE|huge"
    r"|displaystyle(?=\s*\\(?:inline|bg|fn|dpi))|png|gif|hspace\*?\{0(?:pt|px|cm)?\})(?![A-Za-z])"
    r"|\\(?:bg|fg)(?:black|white|transparent)?\{?\w*\}?(?=\s|\\)"
    r"|\\usepackage(?:\[[^\]]*\])?\{[^}]*\})+"
)
_CODECOGS_ENTITIES = (("&space;", " "), ("&plus;", "+"), ("&hash;", "#"), ("&amp;", "&"))
_FORMULA_CLASSES = frozenset(
    str.split(
        """
        math tex texrender latex formula formulaInl formulaDsp equation mathtex mimetex eeimg
        ql-img-inline-formula ql-img-displayed-equation mwe-math-fallback-image-inline
        mwe-math-fallback-image-display tex2jax math-inline math-display wp-katex-eq formula-img
        ztext-math inlineformula displayformula disp-formula inline-formula mathimg teximage
        """
    )
)
_DISPLAY_CLASSES = frozenset(
    str.split(
        """
        formulaDsp ql-img-displayed-equation mwe-math-fallback-image-display math-display
        displayformula disp-formula
        """
    )
)
_ALT_WORDS = re.compile(r"^\s*(?:equation|formula|latex|math|tex)\s*:\s*", re.IGNORECASE)


def from_image(image: Node) -> Formula | None:
    """The formula that an `<img>` shows, None where it shows something else."""
    get = image.get
    is_display = bool(_DISPLAY_CLASSES & image.classes)
    for name in ("data-tex", "data-latex", "data-formula", "data-math", "data-equation-content"):
        value = get(name)
        if value and (is_latex(value) or name in ("data-tex", "data-equation-content")):
            return formula(_uncoded(value), is_display=is_display)
    alt = _ALT_WORDS.sub("", get("alt")).strip()
    source = get("src") or get("data-src") or get("data-lazy-src")
    if alt and _is_delimited(alt):
        return formula(alt, is_display=is_display)
    is_marked = bool(_FORMULA_CLASSES & image.classes)
    if alt and is_marked and _is_formula_alt(alt):
        return formula(alt, is_display=is_display)
    if source and not source.startswith("data:"):
        found = _from_address(source)
        if found is not None:
            if source.count("/inline") or "\\inline" in found:
                is_display = False
            latex = _PREFIX.sub("", found)
            return formula(latex, is_display=is_display) if _is_formula_alt(latex) else None
    if alt and is_latex(alt):
        return formula(alt, is_display=is_display)
    title = get("title").strip()
    if title and (_is_delimited(title) or (is_marked and is_latex(title))):
        return formula(title, is_display=is_display)
    return None


def _is_delimited(text: str) -> bool:
    inner = text.strip()
    if len(inner) < 3:
        return False
    if inner[0] == "$" and inner[-1] == "$":
        body = inner.strip("$")
        return bool(body.strip()) and ("$" not in body or "\\" in body)
    return (
        (inner.startswith("\\[") and inner.endswith("\\]"))
        or (inner.startswith("\\(") and inner.endswith("\\)"))
        or (inner.startswith("\\begin{") and inner.endswith("}"))
    )


def _is_formula_alt(text: str) -> bool:
    """Whether the text of a picture already marked as a formula is one: short, or LaTeX."""
    if not text.strip():
        return False
    return is_latex(text) or not re.search(
        r"[A-Za-z]{3,}\s+[A-Za-z]{3,}|\.(?:png|gif|jpe?g|svg)$", text
    )


def _from_address(source: str) -> str | None:
    """The LaTeX in the address of a renderer's picture, None for any other address."""
    if not _RENDERER.search(source) and not _QUERY.search(source):
        return None
    decode = unquote_plus if _FORM_ENCODED.search(source) else unquote
    if match := _PARAMETER.search(source):
        name = match.group(0)[1:].split("=", 1)[0].lower()
        value = decode(match.group(1))
        if name in ("latex", "tex", "math", "chl", "eq", "equation", "formula") or is_latex(value):
            return _uncoded(value)
    if match := _QUERY.search(source):
        return _uncoded(decode(match.group(1)))
    if match := _PATH.search(source):
        value = decode(match.group(1) or match.group(2))
        return _uncoded(value) if is_latex(value) else None
    return None


def _uncoded(latex: str) -> str:
    for entity, character in _CODECOGS_ENTITIES:
        latex = latex.replace(entity, character)
    return latex
