"""Formulas that a page shows as pictures: LaTeX in the picture's address or in its alt text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

from udfs.html.latex import Formula, formula, is_latex

if TYPE_CHECKING:
    from udfs.html.tree import Node

# Addresses of renderers: the formula is the query or what follows the renderer's name.
_RAW_QUERY = re.compile(
    r"codecogs\.com/(?:eqneditor/)?\w+\.(?!php)\w+\?(.+)$"
    r"|/(?:gif|png|svg|pdf|emf|eq)\.(?:latex|image)\?(.+)$"
    r"|(?:math|mime)tex(?:\.cgi)?\?(?:formdata=)?(.+)$",
    re.IGNORECASE | re.DOTALL,
)
_QUERY = re.compile(
    r"(?:mathtran|forkosh|texify|/tex2img|/latex2png"
    r"|/(?:gen)?(?:la)?tex(?:img)?\.(?:php|cgi))[^?]*\?(.+)$",
    re.IGNORECASE | re.DOTALL,
)
_PARAMETER = re.compile(
    r"[?&](?:latex|tex|texexp|math|chl|eq|equation|formula|from|inline|f|code|string)=([^&]*)",
    re.IGNORECASE,
)
_RENDERER = re.compile(
    r"latex|/tex\b|[./]math|mathjax|chart\?(?:.{0,500}&)?cht=tx|equation\?tex|eq\?|texify|quicklatex"
    r"|math\.now|upmath|formula|tex\.s2cms|displaytex|equation_images",
    re.IGNORECASE,
)
_PATH = re.compile(
    r"(?:upmath\.me|tex\.s2cms\.ru)/(?:svg|png)/(.+)$|/math/(?:render|inline|block)/(?:\w+/)?(.+)$"
    r"|texify\.com/img/(.+)\.gif$|/equation_images/([^?]+)",
    re.IGNORECASE,
)
_FORM_ENCODED = re.compile(
    r"chart\?|render/math|equation\?tex=|latex\.php\?(?:.{0,500}&)?latex=|%2B", re.IGNORECASE
)
_STILL_ENCODED = re.compile(r"%(?:5C|7B|5E|20|3D)", re.IGNORECASE)
# What codecogs and its kin read before the formula: size, font, colours, resolution.
_PREFIX = re.compile(
    r"(?:\s+|\\!|\\dpi\s*\{?\d+\}?|\\(?:bg|fg)\s*\{\w+\}|\\(?:bg|fn|fg)_[a-z]+"
    r"|\\(?:inline|opt|tiny|small|normal|large|Large|LARGE|huge|png|gif)(?![A-Za-z])"
    r"|\\displaystyle(?=\s*\\(?:inline|bg|fn|dpi))|\\hspace\*?\{0(?:pt|px|cm)?\}"
    r"|\\usepackage(?:\[[^\]]*\])?\{[^}]*\})+"
)
# Codecogs' own entities.
_CODECOGS_ENTITIES = (("&amp;", "&"), ("&space;", "%20"), ("&plus;", "%2B"), ("&hash;", "%23"))
_FORMULA_CLASSES = frozenset(
    str.split(
        """
        math tex texrender latex latexcenter formula formulaInl formulaDsp equation mathtex mimetex
        eeimg ql-img-inline-formula ql-img-displayed-equation mwe-math-fallback-image-inline
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
_ATTRIBUTES = (
    "data-tex",
    "data-latex",
    "data-formula",
    "data-math",
    "data-equation-content",
    "tex",
    "latex",
)
_SURE_ATTRIBUTES = frozenset(("data-tex", "data-equation-content", "tex"))
_ADDRESSES = ("src", "data-src", "data-lazy-src", "data-original", "data-canonical-src")
_EMOTICON = re.compile(r"[^\w\s]*\\[oO0][/\\][^\w\s]*")
_ALT_WORDS = re.compile(r"^\s*(?:equation|formula|latex|math|tex)\s*:\s*", re.IGNORECASE)


def from_image(image: Node) -> Formula | None:
    """The formula that an `<img>` shows, None where it shows something else."""
    get = image.get
    classes = image.classes
    is_display = bool(_DISPLAY_CLASSES & classes) or ("math" in classes and "display" in classes)
    for name in _ATTRIBUTES:
        value = get(name)
        if value and (name in _SURE_ATTRIBUTES or is_latex(value)):
            return formula(value, is_display=is_display)
    alt = _ALT_WORDS.sub("", get("alt")).strip()
    if alt and _is_delimited(alt):
        return formula(alt, is_display=is_display)
    is_marked = bool(_FORMULA_CLASSES & image.classes) or _is_alone_in_formula(image)
    if alt and is_marked and _is_formula_alt(alt):
        return formula(_of_codecogs(alt, image), is_display=is_display)
    for name in _ADDRESSES:
        source = get(name)
        if source and not source.startswith("data:"):
            found = _from_address(source)
            if found is not None:
                if "/inline" in source or "\\inline" in found:
                    is_display = False
                latex = _unprefixed(found)
                is_sure = "codecogs" in source or _is_formula_alt(latex)
                return formula(latex, is_display=is_display) if is_sure else None
    if image.parent is not None and "eqnedit" in image.parent.raw:
        # A copy of codecogs' picture, linked to its editor.
        found = _from_address(image.parent.get("href"))
        if found is not None:
            return formula(_unprefixed(found), is_display=is_display)
    if alt and is_latex(alt) and not _EMOTICON.fullmatch(alt):
        return formula(_of_codecogs(alt, image), is_display=is_display)
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
    if not text.strip() or text.startswith("[asy]"):
        return False
    return is_latex(text) or not re.search(
        r"(?<![A-Za-z])[A-Za-z]{3,}+\s+[A-Za-z]{3}|\.(?:png|gif|jpe?g|svg)$", text
    )


def _is_alone_in_formula(image: Node) -> bool:
    """Whether the picture stands in a block that is one formula, as Sphinx writes them."""
    parent = image.parent
    if parent is not None and parent.tag == "p" and not parent.raw:
        parent = parent.parent
    return parent is not None and parent.tag in ("div", "span") and "math" in parent.classes


def _from_address(source: str) -> str | None:
    """The LaTeX in the address of a renderer's picture, None for any other address."""
    is_form = bool(_FORM_ENCODED.search(source))
    if "&" in source:
        for entity, code in _CODECOGS_ENTITIES:
            source = source.replace(entity, code)
    if match := _RAW_QUERY.search(source):
        return _decoded(next(filter(None, match.groups())), is_form=is_form)
    if not _RENDERER.search(source) and not _QUERY.search(source):
        return None
    if match := _PARAMETER.search(source):
        name = match.group(0)[1:].split("=", 1)[0].lower()
        value = _decoded(match.group(1), is_form=is_form)
        if name not in ("from", "inline", "f", "code", "string") or is_latex(value):
            return value
    if match := _QUERY.search(source):
        return _decoded(match.group(1), is_form=is_form)
    if match := _PATH.search(source):
        value = _decoded(next(filter(None, match.groups())), is_form=is_form)
        return value if is_latex(_unprefixed(value)) else None
    return None


def _decoded(value: str, *, is_form: bool) -> str:
    """Undo percent-encoding; twice where it was done twice."""
    decode = unquote_plus if is_form else unquote
    latex = decode(value)
    if "\\" not in latex and _STILL_ENCODED.search(latex):
        latex = decode(latex)
    return latex


def _unprefixed(latex: str) -> str:
    match = _PREFIX.match(latex)
    return latex[match.end() :] if match else latex


def _of_codecogs(alt: str, image: Node) -> str:
    """Alternative text, where it copies the address without the settings in front."""
    return _unprefixed(alt) if "codecogs" in image.raw else alt
