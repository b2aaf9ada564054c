"""The headings of a page: which names the page, and which the site."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.html.tree import PAGE_HEADINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udfs.html.tree import Node

_MAX_ELEMENTS = 100  # below one heading: more is a page inside a heading
_HOME = re.compile(r"(?:https?://[^/?#]+/?|(?:\.{0,2}/)+|(?=index\.))(?:index\.(?:html?|php))?$")
_SITE_NAME = re.compile(r"site-?(?:title|name|heading)|blog-?title|logo|brand", re.IGNORECASE)


def heading_above(nodes: Sequence[Node], root: Node, title: str) -> Node | None:
    """The page's own heading, where templates keep it in a bar above the content.

    The nearest one that the page's title repeats, unless the content has its own: a heading of
    the first level, or one that stands in the title too. Names of sites are no headings.
    """
    found = None
    whole = _words(title)
    for node in nodes[: root.end]:
        is_inside = node.index >= root.index
        if node.tag not in PAGE_HEADINGS and not (
            node.tag == "div" and not is_inside and "title" in node.raw and "title" in node.classes
        ):
            continue
        if is_inside and node.tag == "h1":
            return None
        if node.end - node.index > _MAX_ELEMENTS:
            continue
        if not _is_repeated(_words(node.text()), whole):
            continue
        if is_inside:
            return None
        if not names_the_site(node):
            found = node
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _is_repeated(words: list[str], title: list[str]) -> bool:
    """Whether a heading's words are the title's, or most: formulas may be written in two ways."""
    count = len(words)
    if not count or not title or (count == 1 and len(words[0]) < 3):
        return False
    if words in (title[:count], title[-count:]):
        return True
    known = set(title)
    shared = sum(1 for word in words if word in known)
    return 4 * shared >= 3 * count and 2 * shared >= len(title)


def names_the_site(heading: Node) -> bool:
    """Whether a heading is the name of the site: a logo, or a link to the first page."""
    if heading.end - heading.index > _MAX_ELEMENTS:
        return False
    whole = len(heading.text().strip())
    for node in heading.walk():
        if node.tag == "a" and _HOME.match(node.get("href")) and "href" in node.raw:
            return 5 * len(node.text().strip()) >= 4 * whole
    above = heading.parent.raw if heading.parent is not None else ""
    return bool(_SITE_NAME.search(heading.raw) or _SITE_NAME.search(above))
