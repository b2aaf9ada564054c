"""Formulas that have elements of their own: scripts, MathML, KaTeX, MathJax output, images."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from udfs.html import asciimath, katex, mathml
from udfs.html.images import from_image
from udfs.html.latex import Formula, formula, is_latex, is_whole
from udfs.html.tree import Node, parse


@dataclass(frozen=True, slots=True)
class Page:
    """What a page as a whole says about its formulas.

    Attributes:
        has_scripts: it keeps the source of typeset formulas in `<script type="math/...">`, so
            what a typesetter put beside them is a copy.
        is_typeset: it loads a typesetter.
    """

    has_scripts: bool
    is_typeset: bool


NOT_A_FORMULA = "not a formula"
"""Answer for an element that is ordinary content."""

FORMULA_TAGS = frozenset(
    str.split(
        """
        math img script mjx-container tex-math texmath math-field math-renderer la-tex
        katex-inline
        """
    )
)
"""Elements that may be formulas whatever their attributes."""

_ATTRIBUTE_NAMES = (
    "data-tex",
    "data-latex",
    "data-katex",
    "data-math",
    "data-formula",
    "data-equation",
    "data-expr",
    "data-original-tex",
    "data-tex-source",
    "data-latex-source",
)
_TYPESET = frozenset(
    str.split(
        """
        MathJax MathJax_Display MathJax_SVG MathJax_SVG_Display MathJax_CHTML MJXc-display
        MathJax_MathML MathJax_PHTML MathJax_PlainSource
        """
    )
)
_PREVIEWS = frozenset(["MathJax_Preview", "MJX_Assistive_MathML", "tex2jax_preview"])
_MATH_CLASSES = frozenset(
    str.split(
        """
        math tex latex katex-source math-tex mathtex tex-math formula math-inline math-block
        math-display display-math inline-math inlinemath displaymath equation arithmatex
        tex2jax_process math-expression mathinline mathdisplay js-inline-math js-display-math
        """
    )
)
_DISPLAY_CLASSES = frozenset(
    str.split(
        """
        display math-block math-display display-math displaymath equation mathdisplay
        js-display-math katex-display formulaDsp mjx-display
        """
    )
)
_CLASSES = (
    _MATH_CLASSES
    | _TYPESET
    | _PREVIEWS
    | {"katex", "katex-display", "katex-mathml", "mwe-math-element", "ql-formula"}
)
_DELIMITED = re.compile(r"\\[(\[]|\$|\\begin\s*\{")
_MONEY = re.compile(r"\s*\$\s*[\d.,]+\s*\$\s*")


@lru_cache(maxsize=16384)
def may_be_formula(tag: str, raw: str) -> bool:
    """Whether an element's attributes, as serialised, let `from_element` find a formula in it."""
    if "data-" in raw and (tag in ("pre", "code") or any(name in raw for name in _ATTRIBUTE_NAMES)):
        return True
    if "class" not in raw:
        return False
    if tag in ("code", "pre"):
        return "math" in raw
    return bool(Node(tag, raw, None).classes & _CLASSES)


def from_element(node: Node, page: Page) -> Formula | str | None:
    """The formula that an element is.

    Args:
        node: the element; it must have attributes or be one of the tags that are formulas.
        page: what the page says.

    Returns:
        A formula, for the element and all below it; None for an element that is a copy or a
        remainder of one and is to be left out; NOT_A_FORMULA for ordinary content.
    """
    tag = node.tag
    if tag == "img":
        return _image(node)
    if tag == "script":
        return _script(node)
    if tag == "math":
        return mathml.to_formula(node)
    if tag in ("tex-math", "texmath", "math-field", "math-renderer", "katex-inline", "la-tex"):
        text = node.text()
        return formula(text, is_display=_is_display(node) or "mode=display" in node.raw)
    if tag == "mjx-container":
        return _mathjax(node, page)
    if tag in ("span", "div") and len(node.children) == 1 and isinstance(node.children[0], str):
        text = node.children[0]
        # An element of its own for one delimited formula says more than the words in it.
        is_formula = ("$" in text or "\\" in text) and is_whole(text)
        if is_formula and not _MONEY.fullmatch(text) and "ignore" not in node.raw:
            return formula(text, is_display=tag == "div" and "$$" in text)
    if "class" not in node.raw and "data-" not in node.raw:
        return NOT_A_FORMULA
    classes = node.classes
    if classes:
        if "katex" in classes or "katex-display" in classes or "katex-mathml" in classes:
            return _katex(node)
        if classes & _PREVIEWS:
            return None if page.has_scripts or "MathJax_Preview" not in classes else NOT_A_FORMULA
        if classes & _TYPESET:
            return _mathjax(node, page)
        if "mwe-math-element" in classes:
            return _mediawiki(node, page)
        if "ql-formula" in classes and node.get("data-value"):
            return formula(node.get("data-value"), is_display=False)
    if "data-" in node.raw and tag not in ("body", "html", "main", "article"):
        for name in _ATTRIBUTE_NAMES:
            value = node.get(name)
            if value and (is_latex(value) or classes & _MATH_CLASSES):
                return formula(value, is_display=_is_display(node))
    if tag in ("code", "pre"):
        return _code(node)
    if classes & _MATH_CLASSES:
        return _marked_text(node, page)
    return NOT_A_FORMULA


def _image(node: Node) -> Formula | str | None:
    found = from_image(node)
    if found is None:
        return NOT_A_FORMULA
    if not found.is_display and _stands_alone(node):
        return Formula(found.latex, True)
    return found


def _stands_alone(node: Node) -> bool:
    """Whether an inline element is all that its block holds, but for a number or an anchor."""
    parent = node.parent
    child = node
    while parent is not None:
        if parent.tag in ("li", "dd", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "th", "td"):
            return bool(parent.classes & _DISPLAY_CLASSES)
        if parent.tag in ("p", "div", "center", "section", "figure", "blockquote"):
            if parent.classes & {"math", "formulaDsp", "equation", "displaymath", "display"}:
                return True
        elif parent.tag not in ("span", "a", "b", "i", "em", "strong", "font", "nobr"):
            return False
        for other in parent.children:
            if other is child:
                continue
            text = other.strip() if isinstance(other, str) else other.text().strip()
            if isinstance(other, str) or other.tag != "span":
                if text or (not isinstance(other, str) and other.tag == "img"):
                    return False
            elif text and not re.fullmatch(r"\(?[\dA-Za-z.]{1,8}\)?\s*[¶#]?", text):
                return False
        if parent.tag in ("p", "div", "center", "section", "figure", "blockquote"):
            return True
        child, parent = parent, parent.parent
    return False


def _script(node: Node) -> Formula | str | None:
    kind = node.get("type").lower()
    if not kind.startswith("math/"):
        return None
    source = node.text()
    is_display = "mode=display" in kind.replace(" ", "")
    if kind.startswith(("math/tex", "math/latex")):
        return formula(source, is_display=is_display)
    if kind.startswith("math/asciimath"):
        return formula(asciimath.to_latex(source), is_display=is_display)
    if kind.startswith("math/mml"):
        for inner in parse(source):
            if inner.tag == "math":
                return mathml.to_formula(inner)
    return None


def _katex(node: Node) -> Formula | str | None:
    is_display = "katex-display" in node.classes or _inside_display(node)
    for inner in node.walk():
        if inner.tag == "math":
            found = mathml.to_formula(inner)
            if found is not None:
                return Formula(found.latex, is_display or found.is_display)
    for inner in node.walk():
        if inner.tag == "annotation":
            return formula(inner.text(), is_display=is_display)
    for inner in node.walk():
        if "katex-html" in inner.classes:
            return formula(katex.to_latex(inner), is_display=is_display)
    if "katex-error" in node.classes:
        return formula(node.text(), is_display=is_display)
    text = node.text()
    if _DELIMITED.search(text):
        return NOT_A_FORMULA
    # `class="katex"` is also what some generators call the source that KaTeX is to typeset.
    return formula(text, is_display=is_display) if text.strip() else None


def _inside_display(node: Node) -> bool:
    parent = node.parent
    for _ in range(2):
        if parent is None:
            return False
        if parent.classes & {"katex-display", "katex-block", "math-display", "math-block"}:
            return True
        parent = parent.parent
    return False


def _mathjax(node: Node, page: Page) -> Formula | str | None:
    """MathJax output: its source stands in a script, in assistive MathML or in an attribute."""
    if page.has_scripts:
        return None
    classes = node.classes
    is_display = (
        node.get("display") == "true"
        or bool(classes & {"MathJax_Display", "MathJax_SVG_Display", "MJXc-display"})
        or _inside_classes(node, "MathJax_Display")
    )
    for inner in node.walk():
        for name in ("data-latex", "data-original-tex"):
            if inner.tag in ("mjx-math", "math", "mjx-container", "g") and inner.get(name):
                return formula(inner.get(name), is_display=is_display)
        if inner.tag == "math":
            found = mathml.to_formula(inner)
            if found is not None:
                return Formula(found.latex, found.is_display or is_display)
        source = inner.get("data-mathml")
        if source:
            for math in parse(source):
                if math.tag == "math":
                    found = mathml.to_formula(math)
                    if found is not None:
                        return Formula(found.latex, found.is_display or is_display)
    label = node.get("aria-label")
    if label and is_latex(label):
        return formula(label, is_display=is_display)
    # The word may also name the wrapper of source that is yet to be typeset.
    return NOT_A_FORMULA if _DELIMITED.search(node.text()) else None


def _inside_classes(node: Node, name: str) -> bool:
    return node.parent is not None and name in node.parent.classes


def _mediawiki(node: Node, page: Page) -> Formula | str | None:
    """MediaWiki: MathML with the source, hidden, and a picture with the source as its alt text."""
    is_display = "mwe-math-mathml-display" in _below(node) or "image-display" in _below(node)
    for inner in node.walk():
        if inner.tag == "math":
            found = mathml.to_formula(inner)
            if found is not None:
                return Formula(found.latex, is_display or inner.get("display") == "block")
    for inner in node.walk():
        if inner.tag in ("img", "meta") and inner.get("alt"):
            return formula(inner.get("alt"), is_display=is_display)
    return _marked_text(node, page)


def _below(node: Node) -> str:
    return " ".join(inner.raw for inner in node.elements())


def _code(node: Node) -> Formula | str | None:
    classes = node.classes
    if "language-math" in classes or "math-inline" in classes or "math-display" in classes:
        is_display = (
            node.tag == "pre"
            or node.get("data-math-style") == "display"
            or "math-display" in classes
            or (node.parent is not None and node.parent.tag == "pre")
        )
        return formula(node.text(), is_display=is_display)
    if node.tag == "pre" and "data-math-style" in node.raw:
        return formula(node.text(), is_display=node.get("data-math-style") == "display")
    return NOT_A_FORMULA


def _marked_text(node: Node, page: Page) -> Formula | str | None:
    """`<span class="math">x^2</span>`: source without delimiters, for a typesetter to find."""
    if any(child.tag not in ("br", "p", "wbr") for child in node.elements()):
        return NOT_A_FORMULA
    text = node.text()
    if not text.strip() or len(text) > 20_000 or _DELIMITED.search(text):
        return NOT_A_FORMULA
    if not is_latex(text):
        is_short = len(text) < 60 and not re.search(r"[A-Za-z]{3,}", text)
        if not (is_short and page.is_typeset and node.classes & {"math", "tex", "arithmatex"}):
            return NOT_A_FORMULA
    return formula(text, is_display=_is_display(node))


def _is_display(node: Node) -> bool:
    return (
        node.tag in ("div", "p", "pre")
        or bool(node.classes & _DISPLAY_CLASSES)
        or node.get("display") in ("block", "true")
        or node.get("data-display") == "true"
        or node.get("data-displaymode") == "true"
    ) and "inline" not in node.classes
