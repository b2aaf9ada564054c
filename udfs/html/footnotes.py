"""Footnotes and references: which links on a page raise a number, and what it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udfs.html.tree import Node

_FOOTNOTE = re.compile(r"^#(?:_?fn|_?ftn|foot|note|cite_note|endnote|id\d+$|bib)", re.IGNORECASE)
_NUMBER = re.compile(r"\[?\d{1,3}\]?")


def reference(node: Node, notes: Mapping[str, str]) -> str | None:
    """A raised or lowered link to one of the page's notes, as Markdown has it; None for others."""
    for inner in node.elements() if notes else ():
        if inner.tag == "a" and (label := notes.get(inner.get("href")[1:])):
            return f"[^{label}]"
    return None


def citation(node: Node) -> str | None:
    """A raised number that links to a place on the page: `[1]`, for `^1` would be a power."""
    if len(node.children) != 1 or isinstance(link := node.children[0], str):
        return None
    if link.tag != "a" or not link.get("href").startswith("#") or link.end - link.index > 10:
        return None
    words = link.text().strip()
    return f"[{words.strip('[]')}]" if _NUMBER.fullmatch(words) else None


def footnotes(nodes: Sequence[Node]) -> dict[str, str]:
    """Labels of footnotes by the id of the note: those that a raised link points at."""
    notes: dict[str, str] = {}
    for node in nodes:
        if node.tag != "a" or 'href="#' not in node.raw:
            continue
        target = node.get("href")
        if not _FOOTNOTE.match(target):
            continue
        is_raised = (node.parent is not None and node.parent.tag == "sup") or any(
            child.tag == "sup" for child in node.elements()
        )
        if not is_raised and "footnote" not in node.raw and "doc-noteref" not in node.raw:
            continue
        label = re.sub(r"[^\w]", "", node.text())
        if label and len(label) <= 8:
            notes.setdefault(target[1:], label)
    return notes
