"""What of a page is its content: menus, side bars, banners, comment widgets and footers go.

Rules over structure and over the words that authors of templates use for their parts; no site is
named. Every rule yields where it would take the page with it: a wrapper called "sidebar-layout"
that holds most of the text stays.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

from udfs.html import doxygen, names
from udfs.html.headings import names_the_site
from udfs.html.tree import IS_BLOCK, IS_NAMED, Node

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from udfs.html.latex import Formula
    from udfs.html.tree import Tree

DROPPED_TAGS = frozenset(
    str.split(
        """
        script style template iframe object embed applet canvas audio video map svg select input
        button textarea datalist option optgroup progress meter nav noscript head link meta
        dialog xmp noembed noframes frameset rp rt
        """
    )
)
_IMPRINT = re.compile(
    r"©|\bcopyright\b(?=\s*(?:©|\(c\)|by\b|notice|[:,]|(?:19|20)\d\d|$))|all rights reserved"
    r"|powered by"
    r"|^(?:.{0,20}\b(?:page|site|file|document\w*|book) (?:was |is )?)?"
    r"(?:generated|built|created|made) (?:by|with|using|on)\b"
    r"|last (?:updated|modified|edited|changed)(?=\s*(?:on\b|at\b|by\b|:|\d|$))|privacy policy"
    r"|terms of (?:use|service)|\(c\) \d{4}",
    re.IGNORECASE,
)
# Doxygen's pointers from a member to others.
_POINTER = re.compile(
    r"\s*(?:Reimplemented (?:from|in)|Implements|Implemented in|References|Referenced by"
    r"|Definition at line)\s+$"
)
_BLOCKS = frozenset(
    str.split(
        """
        div p ul ol dl table section article header aside center form fieldset address footer
        menu tbody thead figure
        """
    )
)
_EDGES = frozenset(("footer", "aside", "header", "address", "menu"))
_JUDGED = _BLOCKS | _EDGES | {"h1"}
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_PROSE = frozenset(("p", "blockquote", "pre", "math", "table"))
_TEXTUAL = _HEADINGS | {"dt", "dd", "li", "code", "pre", "td"}
_NEVER_NAMED = frozenset(("html", "body", "main", "article", "#root", "h1"))
_FOR_SCREENS = re.compile(
    r"screen-?reader|visually-?hidden|sr-only|widget|toc|comment|share|sd-title|related",
    re.IGNORECASE,
)
_BUTTON = re.compile(r"(?:^|[-_])(?:btn|button)$", re.IGNORECASE)
_NEVER_MOST = re.compile(r"comment|respond|disqus|cookie|gdpr|consent|footer", re.IGNORECASE)
_CONTENT_ASIDE = re.compile(r"footnote|admonition|note|tip|warn|example|theorem|quote")
_IMPRINT_CHARS = 1000  # or a tenth of the page, from its end
_MAIN_CLASSES = re.compile(
    r"^(?:main|content|main-?content|article|post|entry|entry-content|post-content|article-content"
    r"|article-body|post-body|body-?content|bodyContent|mw-parser-output|mw-content-text|document"
    r"|markdown-body|rst-content|page-content|contents|notebook-container"
    r"|book-body|ltx_page_content"
    r"|notebook|md-content|theme-doc-markdown|textblock)$"
)


# What only generators call the text itself.
_TEXT_CLASSES = frozenset(
    str.split(
        """
        entry-content post-content article-content article-body post-body mw-parser-output
        mw-content-text markdown-body rst-content ltx_page_content contents
        """
    )
)
_CONTAINERS = frozenset(("main", "article", "div", "section", "td"))
_ENOUGH = {"main": 0.3, "text": 0.5, "article": 0.7}


class Sizes:
    """How much text, linked text, and how many links and formulas stand below each element.

    Lists by `Node.index`; characters without the white space around each run of text. `titles`
    and `headings` are the indices of `<h1>` and of the first three levels.
    """

    def __init__(
        self, tree: Tree, formulas: Mapping[int, Formula | None], dropped: set[int]
    ) -> None:
        """Count once for every element, formulas in running text by their opening delimiters."""
        nodes = tree.nodes
        headings = tree.headings
        site_names = [node.index for node in headings if node.tag == "h1" and names_the_site(node)]
        if len(site_names) == len(headings):
            site_names = []  # the page is about the site
        self.site_names = site_names
        named = set(site_names)
        self.headings = [node.index for node in headings if node.index not in named]
        self.titles = [index for index in self.headings if nodes[index].tag == "h1"]
        self._end_of = [node.end for node in nodes]
        self._ends = np.array(self._end_of, np.intp)
        self._links = np.array(tree.links, np.intp)
        self._own, self._own_formulas = np.array(tree.sizes), np.array(tree.delimited)
        for index, formula in formulas.items():
            self._clear(index)
            if formula:
                self._own[index] = len(formula.latex)
                self._own_formulas[index] = 1
        self.count(dropped)
        # Imprints stand at the end of pages.
        sums = np.cumsum(self._own)
        total = int(sums[-1])
        self.imprint_from = int(
            np.searchsorted(sums, total - max(_IMPRINT_CHARS, total // 10), "right")
        )

    def _clear(self, index: int) -> None:
        end = self._end_of[index]
        self._own[index:end] = self._own_formulas[index:end] = 0

    def count(self, dropped: set[int]) -> None:
        """Sum up anew without the elements dropped by now (and what is below them)."""
        for index in dropped:
            self._clear(index)
        text = self._below(self._own)
        linked, links = np.zeros_like(text), np.zeros_like(text)
        linked[self._links] = below = text[self._links]
        links[self._links] = below > 0
        self.text: list[int] = text.tolist()
        self.formulas: list[int] = self._below(self._own_formulas).tolist()
        self.linked: list[int] = self._below(linked).tolist()
        self.links: list[int] = self._below(links).tolist()

    def _below(self, own: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sums over each element and all below it, from the differences of running sums."""
        sums = np.zeros(len(own) + 1, own.dtype)
        np.cumsum(own, out=sums[1:])
        return sums[self._ends] - sums[:-1]


def kind_of_part(tag: str, raw: str) -> int:
    """Whether a start tag lets `mark` drop the element: IS_NAMED for its names, IS_BLOCK, or 0."""
    kind = IS_BLOCK if tag in _JUDGED else 0
    if raw:
        if tag == "a":
            if "class=" in raw and any(map(_BUTTON.search, Node(tag, raw, None).classes)):
                kind |= IS_BLOCK
        elif tag == "label" and "for=" in raw:
            kind |= IS_BLOCK
    if (raw or "-" in tag) and tag not in _NEVER_NAMED and names.verdict(tag, raw):
        kind |= IS_NAMED
    return kind


def mark(
    tree: Tree, sizes: Sizes, formulas: Mapping[int, Formula | None], dropped: set[int]
) -> None:
    """Add to `dropped` the indices of elements that are not content (their descendants follow)."""
    nodes = tree.nodes
    total = max(sizes.text[0], 1)
    all_formulas = sizes.formulas[0]
    dropped.update(doxygen.copies(nodes, sizes.formulas))
    inside = bytearray(len(nodes))  # of what is decided already
    for index in (*dropped, *formulas):
        end = nodes[index].end
        inside[index:end] = b"\1" * (end - index)
    position = 0
    for node, kind in tree.parts:
        index = node.index
        if index < position or inside[index]:
            continue
        if (kind & IS_NAMED and _is_named_so(node, sizes, total, all_formulas)) or (
            kind & IS_BLOCK and _is_no_content(node, sizes, total)
        ):
            dropped.add(index)
            position = node.end


def _is_no_content(node: Node, sizes: Sizes, total: int) -> bool:
    """What an element's tag and text say, whatever its names."""
    tag = node.tag
    index = node.index
    if tag in ("a", "label"):
        return sizes.text[index] < 40 and not sizes.formulas[index]
    if tag == "h1":
        return index in sizes.site_names
    if tag in _EDGES and _is_edge(node, sizes, total):
        return True
    if tag in _BLOCKS and _is_link_block(node, sizes):
        return True
    return (
        bool(sizes.site_names)
        and tag == "div"
        and "head" in node.raw
        and sizes.text[index] < 0.3 * total
        and _names_only_the_site(node, sizes)
        and not sizes.formulas[index]
    )


def content_root(nodes: Sequence[Node], sizes: Sizes, dropped: set[int]) -> Node:
    """The smallest element that is declared to be the content and holds enough of the page.

    What a page calls its `<main>` needs less of it than what is only called "content". An
    element with an equal outside of it, like one post of many, is not the content.
    """
    body = next((node for node in nodes if node.tag == "body"), nodes[0])
    all_text = max(1, sizes.text[body.index])
    want_formulas = 0.9 * sizes.formulas[body.index]
    candidates: list[tuple[Node, str]] = []
    first_end: dict[str, int] = {}
    last_start: dict[str, int] = {}
    for node in nodes:
        if node.tag not in _CONTAINERS or node.index in dropped:
            continue
        if sizes.text[node.index] - sizes.linked[node.index] < 0.03 * all_text:
            continue
        if kind := _declared(node):
            first_end[kind] = min(first_end.get(kind, node.end), node.end)
            last_start[kind] = node.index
            candidates.append((node, kind))
    found = body
    for node, kind in candidates:
        share = sizes.text[node.index] / all_text
        if (
            share >= _ENOUGH.get(kind, 0.85)
            and sizes.formulas[node.index] >= want_formulas
            and first_end[kind] > node.index
            and last_start[kind] < node.end
            # Inside of an article, what is called its text lacks the words that lead to it.
            and (kind in ("main", "article") or found.tag != "article")
        ):
            found = node
    return found


def _declared(node: Node) -> str:
    """As what an element is declared to be the content: tag, role or name; "" for nothing."""
    if node.tag in ("main", "article"):
        return node.tag
    if not node.raw:
        return ""
    if node.get("role") == "main":
        return "main"
    if node.get("itemprop") == "articleBody":
        return "article"
    for name in (node.get("id"), *sorted(node.classes)):
        if _MAIN_CLASSES.match(name):
            return "text" if name in _TEXT_CLASSES else name
    return ""


def _is_named_so(node: Node, sizes: Sizes, total: int, all_formulas: int) -> bool:
    verdict = names.verdict(node.tag, node.raw)
    if not verdict or node.tag in _NEVER_NAMED:
        return False
    if verdict == names.GUTTER:
        return names.is_gutter(node)
    index = node.index
    size = sizes.text[index]
    if verdict == names.HIDDEN:
        return sizes.formulas[index] == 0
    if verdict == names.FOLDED:
        return size < 20 and not sizes.formulas[index]
    if "edit" in node.raw and _holds(node, sizes.headings):
        return False  # a heading with a link to edit its section
    if verdict == names.TABS:
        return node.tag in ("ul", "ol")
    if verdict == names.META:
        return (
            size < 200
            and not sizes.formulas[index]
            and not _holds(node, sizes.headings)
            and node.end - index < 100
            and not (size > 60 and any(inner.tag in _PROSE for inner in node.walk()))
            and "$" not in node.text()
        )
    share = size / total
    unlinked = size - sizes.linked[index]
    if unlinked and node.tag in _TEXTUAL and (verdict == names.SOFT or node.tag in _HEADINGS):
        # A heading for readers of the screen, or of a widget, goes with what is below it.
        return node.tag in _HEADINGS and bool(_FOR_SCREENS.search(node.raw))
    if (
        unlinked > 0.35 * (sizes.text[0] - sizes.linked[0])
        and unlinked > 0.7 * size
        and not _NEVER_MOST.search(node.raw)
    ):
        return False  # most of what there is to read: a state or a neighbour gave the name
    if share > 0.5 and unlinked > 0.3 * total:
        return False
    if sizes.formulas[index] and (
        verdict == names.SOFT or sizes.formulas[index] > 0.3 * all_formulas
    ):
        return False
    # With the page's heading in it, only a list of links is no content.
    is_mostly_links = sizes.linked[index] >= 0.5 * size
    return is_mostly_links or share <= 0.3 or not _holds(node, sizes.titles)


def _holds(node: Node, places: Sequence[int]) -> bool:
    """Whether one of these elements (indices, ascending) stands below another."""
    at = bisect_right(places, node.index)
    return at < len(places) and places[at] < node.end


def _is_edge(node: Node, sizes: Sizes, total: int) -> bool:
    """Whether a footer, side note or header is the page's and not a section's."""
    index = node.index
    if node.tag == "aside":
        return not re.search(
            r"footnote|admonition|note|tip|warn|example|theorem|quote", node.raw
        ) and (sizes.text[index] < 0.3 * total)
    if sizes.formulas[index]:
        return False
    if node.tag == "header":
        return sizes.text[index] < 0.3 * total and (
            not _holds(node, sizes.headings) or _names_only_the_site(node, sizes)
        )
    return sizes.text[index] < 0.3 * total


def _holds_heading(node: Node) -> bool:
    return node.end - node.index < 60 and any(inner.tag in _HEADINGS for inner in node.walk())


def _names_only_the_site(node: Node, sizes: Sizes) -> bool:
    """Whether a bar holds the site's name as a heading, and not the page's."""
    return not _holds(node, sizes.titles) and _holds(node, sizes.site_names)


def _is_link_block(node: Node, sizes: Sizes) -> bool:
    """Whether a block is links and little else, or an imprint."""
    index = node.index
    size = sizes.text[index]
    linked = sizes.linked[index]
    if size == 0 or (size >= 300 and 2 * linked < size) or sizes.formulas[index]:
        return False
    if _holds(node, sizes.titles):
        return False
    tag = node.tag
    if linked and tag != "dl":
        links = sizes.links[index]
        rest = size - linked
        first = node.children[0]
        if (
            tag == "p"
            and isinstance(first, str)
            and (found := _POINTER.match(first))
            and rest <= found.end() + 5 * links + 8
        ):
            return True
        if links >= 3 and linked > 0.75 * size:
            return True
        if rest <= 3 * links and links >= 2 and size < 400:
            return True
        if rest <= 2 and tag != "p":
            # A card: title and first words of another page, all of it one link.
            return size < 80 or (size < 400 and links == 1 and _holds_heading(node))
    if index < sizes.imprint_from:
        return False
    if (
        size < 300
        and node.end - index < 60
        and tag in ("div", "p", "address", "center", "section", "small")
    ):
        text = " ".join(node.text().split())
        found = _IMPRINT.search(text)
        return found is not None and found.start() < 40 and (size < 120 or linked > 0)
    return False
