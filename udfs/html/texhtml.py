"""Formulas that are set in plain HTML: `<i>x</i><sup>2</sup>` to `x^{2}`.

Class names: Wikipedia, "Template:Math", "Template:Sfrac", "Template:Radic"; pandoc without an
option for mathematics (`math inline`); LaTeX2HTML (`MATH`); docutils, `math_output` HTML
(`formula`, `fraction`, `sqrt`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.html.latex import Formula
from udfs.html.symbols import FUNCTIONS, from_characters, join

if TYPE_CHECKING:
    from udfs.html.tree import Node

CLASSES = frozenset(("texhtml", "math", "MATH", "formula"))
"""What marks such a formula; other things have these classes too, and `to_formula` tells."""

_PLAIN = frozenset(
    ("i", "em", "var", "span", "big", "small", "a", "bdi", "br", "wbr", "nobr", "div", "p")
)
_MAX_ELEMENTS = 300
_SOURCE = re.compile(r"[\\$`]")
_WORD = re.compile(r"[A-Za-z]{3,}")
_FUNCTION = re.compile(rf"(?<![\\A-Za-z])({'|'.join(sorted(FUNCTIONS - {'mod'}))})(?![A-Za-z])")


def to_formula(element: Node) -> Formula | None:
    """The formula of a `span.texhtml`, None where other content than characters is in it."""
    done: dict[int, str] = {}
    nodes = list(element.walk())
    is_template = "texhtml" in element.classes
    if len(nodes) > _MAX_ELEMENTS or not (is_template or len(nodes) > 1):
        return None
    text = element.text()
    if _SOURCE.search(text) or any(word not in FUNCTIONS for word in _WORD.findall(text)):
        return None
    for node in reversed(nodes):
        latex = _convert(node, done)
        if latex is None:
            return None
        done[id(node)] = latex
    latex = done[id(element)].strip()
    return Formula(latex, False) if latex else None


def _convert(node: Node, done: dict[int, str]) -> str | None:
    parts: list[str] = []
    for child in node.children:
        if not isinstance(child, str):
            if parts and parts[-1].endswith("√") and child.tag == "span":
                parts[-1] = parts[-1][:-1]
                parts.append(f"\\sqrt{{{done[id(child)].strip()}}}")
            else:
                parts.append(done[id(child)])
        else:
            words = child.replace("\u2060", "")
            root = words.endswith("√")
            latex = _FUNCTION.sub(r"\\\1", from_characters(words.removesuffix("√")))
            parts.append(latex + ("√" if root else ""))
    inner = join(parts)
    classes = node.classes
    if node.tag in ("sup", "sub"):
        sign = "^" if node.tag == "sup" else "_"
        return f"{sign}{{{inner.strip()}}}" if inner.strip() else ""
    if node.tag in ("b", "strong"):
        return f"\\mathbf{{{inner}}}"
    if node.tag not in _PLAIN:
        return None
    if classes & {"sr-only", "visualhide", "ignored"} or "display:none" in node.raw:
        return ""
    if classes & {"sfrac", "tion", "fraction"}:
        pieces = [
            done[id(child)].strip()
            for child in node.elements()
            if child.classes & {"num", "den", "numerator", "denominator"}
            or re.search(r"display:\s*block", child.raw)
        ]
        if len(pieces) == 2:
            return f"\\frac{{{pieces[0]}}}{{{pieces[1]}}}"
    if "sqrt" in classes:
        below = join(done[id(child)] for child in node.elements() if "root" in child.classes)
        return f"\\sqrt{{{below.strip()}}}"
    return inner.replace("√", "\\sqrt{}") if node.tag != "span" else inner
