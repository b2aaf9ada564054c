"""Listings of programs: their text, with its indentation, and their language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.html.names import is_gutter

if TYPE_CHECKING:
    from collections.abc import Container

    from udfs.html.tree import Node

_LANGUAGE = re.compile(
    r"(?:^|\s)(?:(?:mw-highlight-)?lang(?:uage)?-|highlight-source-|highlight-text-"
    r"|highlight-|brush:\s*|sourceCode\s+|src-)"
    r"([A-Za-z][\w+#.-]*)"
)
_NO_LANGUAGES = frozenset(
    str.split(
        """
        default none text plain plaintext notranslate output math source nohighlight
        """
    )
)


def is_listing(node: Node) -> bool:
    """Whether a `<div>` is a listing with an element for each line, as Doxygen writes them."""
    has_lines = False
    for child in node.children:
        if isinstance(child, str):
            continue
        if child.tag != "div" or not child.raw:
            return False
        is_line = "line" in child.raw and "line" in child.classes
        if not is_line and "ttc" not in child.classes:
            return False
        has_lines |= is_line
    return has_lines


def text_of(node: Node) -> str:
    """Text of a code block: line breaks kept, numbers of lines left out."""
    parts: list[str] = []
    stack: list[Node | str] = list(reversed(node.children))
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
        elif item.tag == "br":
            parts.append("\n")
        elif is_beside_code(item):
            continue
        else:
            is_line = item.tag in ("div", "p", "li", "tr")
            if is_line and parts and not parts[-1].endswith("\n"):
                parts.append("\n")
            stack.extend(reversed(item.children))
    return "".join(parts).replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")


def is_declaration(term: Node) -> bool:
    """Whether a `<dt>` declares a function or a class, as Sphinx writes it part by part."""
    if "sig" in term.classes:
        return True
    return any("descname" in part.raw or "sig-paren" in part.raw for part in term.elements())


def declaration(term: Node, dropped: Container[int]) -> str:
    """A declaration in one line, without links to its source and to itself."""
    parts: list[str] = []
    stack: list[Node | str] = [term]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            parts.append(item)
        elif item.index not in dropped and "headerlink" not in item.raw:
            stack.extend(reversed(item.children))
    return " ".join("".join(parts).split()).replace("`", "'")


def language_of(node: Node) -> str:
    """Name of the language of a code block, by the classes that highlighters use."""
    codes = [inner for inner in node.elements() if inner.tag == "code"]
    if not codes:  # mdBook: <pre><pre class="playground"><code class="language-rust">
        codes = [code for each in node.elements() for code in each.elements() if code.tag == "code"]
    names = [each.get("class") for each in (node, *codes)]
    names += [
        f"language-{each.get('data-lang')}" for each in (node, *codes) if each.get("data-lang")
    ]
    parent = node.parent
    for _ in range(3):
        if parent is not None:
            names.append(parent.get("class"))
            parent = parent.parent
    for name in names:
        if name and (match := _LANGUAGE.search(name)):
            language = match.group(1).lower()
            if language not in _NO_LANGUAGES:
                return language
    lang = node.get("lang")
    return lang.lower() if re.fullmatch(r"[A-Za-z][\w+#-]{0,20}", lang) and len(lang) != 2 else ""


def is_beside_code(node: Node) -> bool:
    """Whether an element holds numbers of lines, buttons or Doxygen's tool tips (`ttc`)."""
    if node.tag in ("script", "style", "button"):
        return True
    return bool(node.raw) and (is_gutter(node) or "ttc" in node.classes)
