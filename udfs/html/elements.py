"""Formulas that have elements of their own: scripts, MathML, KaTeX, MathJax output, images."""

from __future__ import annotations

import re

from udfs.html import asciimath, mathml, rendered, texhtml
from udfs.html.images import from_image
from udfs.html.latex import Formula, formula, is_latex, is_whole
from udfs.html.rendered import NOT_A_FORMULA, Page
from udfs.html.tree import Node, parse

FORMULA_TAGS = frozenset(
    str.split(
        """
        math img amp-img script mjx-container alternatives mathjax tex-math texmath math-field
        math-renderer la-tex katex-inline tex formula latex katex inline-math display-math
        math-inline math-block eq eqn
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
    "texencoding",  # MATLAB's live scripts
    "data-tex-source",
    "data-latex-source",
)
# Names under which nothing but source stands; under the others, it must look like LaTeX.
_SURE_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES[:3] + _ATTRIBUTE_NAMES[-4:])
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
        katex-eq wp-katex-eq katex-block katex-inline ztext-math mathquill-embedded-latex
        mathquill-static-math math-formula latex-formula ltx_Math
        mwe-math-fallback-source-inline mwe-math-fallback-source-display
        """
    )
)
_DISPLAY_CLASSES = frozenset(
    str.split(
        """
        display math-block math-display display-math displaymath equation mathdisplay
        js-display-math katex-display katex-block formulaDsp mjx-display
        mwe-math-fallback-source-display
        """
    )
)
_CLASSES = (
    _MATH_CLASSES
    | _TYPESET
    | _PREVIEWS
    | {"katex", "katex-display", "katex-mathml", "katex-error", "mwe-math-element", "ql-formula"}
    | {"texhtml", "texerror", "lazy-image-placeholder", "MATH"}
)
_KATEX = frozenset(("katex", "katex-display", "katex-mathml", "katex-error"))
# What may stand in these is also a rendered formula, or no formula at all.
_VAGUE_TAGS = frozenset(
    str.split("tex formula latex katex inline-math display-math math-inline math-block eq eqn")
)
_SOURCE_TAGS = _VAGUE_TAGS | {
    "tex-math",
    "texmath",
    "math-field",
    "math-renderer",
    "katex-inline",
    "la-tex",
}
_WIRIS = str.maketrans("«»¨§", '<>"&')
_DELIMITED = re.compile(r"\\[(\[]|\$|\\begin\s*\{")
_MAX_BESIDE = 20  # elements of a number or an anchor beside a formula
_MONEY = re.compile(r"\s*\$\s*[\d.,]+\s*\$\s*")


def may_be_formula(tag: str, raw: str) -> bool:
    """Whether an element's attributes, as serialised, let `from_element` find a formula in it."""
    if "data-" in raw or "texencoding" in raw or 'role="math"' in raw:
        is_code = tag in ("pre", "code")
        if is_code or 'role="math"' in raw or any(name in raw for name in _ATTRIBUTE_NAMES):
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
    if tag in ("img", "amp-img"):
        return _image(node)
    if tag == "script":
        return _script(node)
    if tag == "math":
        return mathml.to_formula(node)
    if tag in _SOURCE_TAGS:
        return _source_element(node)
    if tag == "mjx-container":
        return rendered.from_mathjax(node, page)
    if tag == "alternatives":
        return _alternatives(node)
    if tag == "mathjax":
        return _mathjax_element(node)
    if tag in ("span", "div") and len(node.children) == 1 and isinstance(node.children[0], str):
        text = node.children[0]
        if "katex-source" in node.raw and rendered.is_rendered_beside(node):
            return None
        # An element of its own for one delimited formula says more than the words in it.
        is_formula = ("$" in text or "\\" in text) and is_whole(text)
        if is_formula and not _MONEY.fullmatch(text) and "ignore" not in node.raw:
            found = formula(text, is_display=text.lstrip().startswith("\\begin"))
            if found is not None and "fallback-source-display" in node.raw:
                return Formula(found.latex, True)
            return found
    if not any(word in node.raw for word in ("class", "data-", "texencoding", "role")):
        return NOT_A_FORMULA
    classes = node.classes
    if classes:
        if classes & _KATEX:
            return rendered.from_katex(node)
        if classes & texhtml.CLASSES and (found := texhtml.to_formula(node)) is not None:
            is_display = bool(classes & {"display"}) or (tag == "div" and "formula" in classes)
            return Formula(found.latex, is_display)
        if "texerror" in classes:
            return rendered.not_parsed(node)
        if "lazy-image-placeholder" in classes and "mwe-math" in node.raw:
            is_display = "image-display" in node.raw
            source = "" if rendered.has_source_beside(node) else node.get("data-alt")
            return formula(source, is_display=is_display)
        if classes & _PREVIEWS:
            return None if page.has_scripts or "MathJax_Preview" not in classes else NOT_A_FORMULA
        if classes & _TYPESET:
            return rendered.from_mathjax(node, page)
        if "mwe-math-element" in classes:
            return rendered.from_mediawiki(node)
        if "ql-formula" in classes and node.get("data-value"):
            return formula(node.get("data-value"), is_display=False)
    if tag not in ("body", "html", "main", "article"):
        for name in _ATTRIBUTE_NAMES:
            value = node.get(name)
            if value and (
                is_latex(value)
                or classes & _MATH_CLASSES
                or (name in _SURE_ATTRIBUTES and _is_short_formula(value))
            ):
                return formula(value, is_display=_is_display(node))
    if tag in ("code", "pre"):
        return _code(node)
    if node.get("role") == "math" and is_latex(node.get("aria-label")):
        return formula(node.get("aria-label"), is_display=_is_display(node))
    if classes & _MATH_CLASSES:
        return _marked_text(node, page)
    return NOT_A_FORMULA


def _source_element(node: Node) -> Formula | str | None:
    """An element made for source: `<tex-math>`, `<math-renderer>`, `<formula>`."""
    text = node.text()
    tag = node.tag
    if tag in _VAGUE_TAGS:
        has_elements = any(True for _ in node.elements())
        if has_elements or not (is_latex(text) or _is_short_formula(text)):
            return NOT_A_FORMULA
    is_display = _is_display(node) or tag in ("display-math", "math-block", "eqn")
    return formula(text, is_display=is_display or "mode=display" in node.raw)


def _mathjax_element(node: Node) -> Formula | str | None:
    """`<mathjax>#x/2#</mathjax>`: AsciiMath between number signs."""
    text = node.text().strip()
    if text.startswith("#") and text.endswith("#"):
        return formula(asciimath.to_latex(text.strip("#")), is_display=False)
    return formula(text, is_display=False) if is_latex(text) else NOT_A_FORMULA


def _alternatives(node: Node) -> Formula | str | None:
    """One formula in several forms, as journals' XML (JATS) has it."""
    forms = {child.tag: child for child in node.elements()}
    if "tex-math" in forms:
        return _source_element(forms["tex-math"])
    return mathml.to_formula(forms["math"]) if "math" in forms else NOT_A_FORMULA


def _image(node: Node) -> Formula | str | None:
    is_wiris = "Wirisformula" in node.classes
    found = None if is_wiris else from_image(node)
    if found is None:
        source = node.get("data-mathml")
        if source:  # MathType and WIRIS write its markup with quotation marks of other kinds
            for inner in parse(source.translate(_WIRIS)):
                if inner.tag == "math":
                    return mathml.to_formula(inner)
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
            if not isinstance(other, str) and other.end - other.index > _MAX_BESIDE:
                return False
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
    if "data-math-style" in node.raw:
        return formula(node.text(), is_display=node.get("data-math-style") == "display")
    return NOT_A_FORMULA


def _marked_text(node: Node, page: Page) -> Formula | str | None:
    """`<span class="math">x^2</span>`: source without delimiters, for a typesetter to find."""
    if any(child.tag not in ("br", "p", "wbr") for child in node.elements()):
        return NOT_A_FORMULA
    text = node.text()
    if not text.strip() or len(text) > 20_000 or _DELIMITED.search(text):
        return NOT_A_FORMULA
    is_for_typesetter = page.is_typeset and node.classes & {"math", "tex", "arithmatex"}
    if not (is_latex(text) or (is_for_typesetter and _is_short_formula(text))):
        return NOT_A_FORMULA
    return formula(text, is_display=_is_display(node))


def _is_short_formula(text: str) -> bool:
    return len(text) < 60 and not re.search(r"[A-Za-z]{3,}", text)


def _is_display(node: Node) -> bool:
    return (
        node.tag in ("div", "p", "pre")
        or bool(node.classes & _DISPLAY_CLASSES)
        or node.get("display") in ("block", "true")
        or node.get("data-display") == "true"
        or node.get("data-displaymode") == "true"
    ) and "inline" not in node.classes
