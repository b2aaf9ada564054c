"""Formulas that a typesetter or a wiki has rendered: KaTeX, MathJax and MediaWiki output."""

from __future__ import annotations

import re
from dataclasses import dataclass

from udfs.html import katex, mathml, typeset
from udfs.html.latex import Formula, formula, is_latex
from udfs.html.tree import Node, parse

NOT_A_FORMULA = "not a formula"
"""Answer for an element that is ordinary content."""

_MAX_COPIES = 12  # what stands beside each other in the wrapper of one formula
_DELIMITED = re.compile(r"\\[(\[]|\$|\\begin\s*\{")


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


def from_katex(node: Node) -> Formula | str | None:
    """KaTeX: MathML with the source, or its visual HTML, or source that waits for it."""
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
    if "katex-mathml" in _below(node):
        # Text of MathML whose tags were lost: its annotation is last.
        text = re.split(r"\n[^\S\n]*\n", text.strip())[-1]
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


def from_mathjax(node: Node, page: Page) -> Formula | str | None:
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
            for element in parse(source):
                if element.tag == "math":
                    found = mathml.to_formula(element)
                    if found is not None:
                        return Formula(found.latex, found.is_display or is_display)
    label = node.get("aria-label")
    if label and is_latex(label):
        return formula(label, is_display=is_display)
    if node.tag == "mjx-container" and (math := typeset.to_mathml(node)) is not None:
        return formula(mathml.to_latex(math), is_display=is_display)
    # The word may also name the wrapper of source that is yet to be typeset.
    return NOT_A_FORMULA if _DELIMITED.search(node.text()) else None


def _inside_classes(node: Node, name: str) -> bool:
    return node.parent is not None and name in node.parent.classes


def from_mediawiki(node: Node) -> Formula | str | None:
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
    return NOT_A_FORMULA


def _below(node: Node) -> str:
    return " ".join(inner.raw for inner in node.elements())


def not_parsed(node: Node) -> Formula | str | None:
    """MediaWiki's message about a formula that it could not read, which it quotes."""
    match = re.search(r"\):\s*(\S.*)", node.text(), re.DOTALL)
    return formula(match.group(1), is_display=False) if match else NOT_A_FORMULA


def is_rendered_beside(node: Node) -> bool:
    """Whether KaTeX's output stands in the same wrapper as this source."""
    parent = node.parent
    if parent is None or len(parent.children) > _MAX_COPIES:
        return False
    return any("katex" in sibling.classes for sibling in parent.elements())


def has_source_beside(node: Node) -> bool:
    """Whether MathML or another picture of the same formula stands before this one."""
    parent = node.parent
    if parent is None or len(parent.children) > _MAX_COPIES:
        return False
    return any(inner.tag == "math" for sibling in parent.elements() for inner in sibling.walk())
