"""What of a page is its content: menus, side bars, banners, comment widgets and footers go.

Rules over structure and over the words that authors of templates use for their parts; no site is
named. Every rule yields where it would take the page with it: a wrapper called "sidebar-layout"
that holds most of the text stays.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING

from udfs.html.tree import Node

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from udfs.html.latex import Formula

DROPPED_TAGS = frozenset(
    str.split(
        """
        script style template iframe object embed applet canvas audio video map svg select input
        button textarea datalist option optgroup progress meter nav noscript head link meta
        dialog xmp noembed noframes frameset rp rt
        """
    )
)
_ROLES = frozenset(
    str.split(
        """
        navigation banner contentinfo complementary search searchbox menu menubar toolbar
        tablist dialog alert alertdialog doc-toc doc-backlink button status
        """
    )
)
_LONG = re.compile(
    r"side-?bar|side_bar|sidenav|side-nav|bread-?crumb|crumbs|nav-?bar|navigation|nav-?path"
    r"|nav-?tree|nav-?row|nav-?header|nav-?footer|nav-?panel|cookie"
    r"|gdpr|disqus|newsletter|pagination"
    r"|table-?of-?contents|skip-?(?:link|to|nav)|screen-?reader|visually-?hidden|sr-only"
    r"|edit-?section|edit-?page|edit-?link|header-?link|footer(?!-?note)"
    r"|search-?(?:box|bar|form|results)"
    r"|permalink|share-|sharing|social|addtoany|prev-?next|next-?prev"
    r"|back-?to-?top|advert|copyright|catlinks"
    r"|popover|tooltip|modal|dropdown|jump-?(?:link|to)|nb-?nav"
    r"|print-?only|noprint|masthead|site-?header"
    r"|page-?header-?(?:nav|bar)|top-?bar|tool-?bar|announcement|version-?(?:warning|switch|select)"
    r"|lang(?:uage)?-?(?:switch|select|list|links)|related-?(?:posts"
    r"|pages|articles|links)|copy-?btn|ethical-ad"
    r"|nav-?links|nav-?icons|site-?nav|main-?nav|page-?nav|book-?summary"
    r"|book-?header|interlanguage|mw-portlet"
    r"|mwe-popups|navbox|metadata|post-?nav|feedback|contribute"
    r"|source-?link|view-?source|sphinxsidebar",
    re.IGNORECASE,
)
_TOKENS = frozenset(
    str.split(
        """
        nav navi navigate menu menus submenu menubar toc footer foot breadcrumb breadcrumbs
        pager tabs tabbar ad ads banner sponsor sponsors promo share related comments respond
        comment-form commentform searchbar search login signup subscribe skip hidden topnav
        bottomnav prev next previous localtoc headertoc infobar dyncontent memtemplate-nav ttc
        ttname summary-nav sitemap toplinks quicklinks rellinks viewcode-link headernav linkbar
        byline-links prevnext selector social-links rst-versions rst-other-versions pilcrow
        colophon gitlink fork-me github-fork-ribbon toctree-wrapper top-link to-top
        """
    )
)
_SOFT = re.compile(
    r"comments|related|summary|metadata|feedback|tooltip|hidden|next|previous|search", re.IGNORECASE
)
# Numbers of lines and prompts beside code.
_GUTTERS = frozenset(
    str.split(
        """
        lineno linenos linenodiv gutter line-number line-numbers-rows linenumber linenumbers
        rouge-gutter blob-num hljs-ln-numbers prompt input_prompt output_prompt jp-InputPrompt
        jp-OutputPrompt prompt_container copy-button copybtn copy-code-button ln
        """
    )
)
_CAMEL = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_IMPRINT = re.compile(
    r"©|\bcopyright\b|all rights reserved|powered by|(?:generated"
    r"|built|created|made) (?:by|with|using|on)\b"
    r"|last (?:updated|modified|edited|changed)|privacy policy"
    r"|terms of (?:use|service)|\(c\) \d{4}",
    re.IGNORECASE,
)
_BLOCKS = frozenset(
    str.split(
        """
        div p ul ol dl table section article header aside center form fieldset address footer
        menu tbody thead
        """
    )
)
_MAIN_CLASSES = re.compile(
    r"^(?:main|content|main-?content|article|post|entry|entry-content|post-content|article-content"
    r"|article-body|post-body|body-?content|bodyContent|mw-parser-output|mw-content-text|document"
    r"|markdown-body|rst-content|page-content|contents|notebook-container"
    r"|book-body|ltx_page_content"
    r"|notebook|md-content|theme-doc-markdown|textblock)$"
)


def is_gutter(node: Node) -> bool:
    """Whether an element holds numbers of lines or prompts, which are no part of the code."""
    return bool(node.classes & _GUTTERS) and node.tag not in ("code", "table", "tr", "body")


class Sizes:
    """How much text, linked text, and how many links and formulas stand below each element.

    Lists by `Node.index`; characters without the white space around each run of text. `titles`
    and `headings` are the indices of `<h1>` and of the first three levels.
    """

    def __init__(
        self, nodes: Sequence[Node], formulas: Mapping[int, Formula | None], dropped: set[int]
    ) -> None:
        """Count once for every element, formulas in running text by their opening delimiters."""
        # Imprints stand at the end of pages.
        self.imprint_from = len(nodes) * 3 // 4
        self.titles = [node.index for node in nodes if node.tag == "h1"]
        self.headings = [node.index for node in nodes if node.tag in ("h1", "h2", "h3")]
        self._parents = [0 if node.parent is None else node.parent.index for node in nodes]
        self._anchors = {node.index for node in nodes if node.tag == "a" and "href" in node.raw}
        self._own = own = [node.size for node in nodes]
        self._own_formulas = own_formulas = [node.formulas for node in nodes]
        for index, formula in formulas.items():
            end = nodes[index].end
            own[index:end] = own_formulas[index:end] = [0] * (end - index)
            if formula:
                own[index] = len(formula.latex)
                own_formulas[index] = 1
        for index in dropped:
            end = nodes[index].end
            own[index:end] = own_formulas[index:end] = [0] * (end - index)
        self.count(nodes, dropped)

    def count(self, nodes: Sequence[Node], dropped: set[int]) -> None:
        """Sum up anew without the elements dropped by now (and what is below them)."""
        self.text = text = self._own.copy()
        self.formulas = found = self._own_formulas.copy()
        self.linked = linked = [0] * len(nodes)
        self.links = links = [0] * len(nodes)
        parents, anchors = self._parents, self._anchors
        for index in range(len(nodes) - 1, 0, -1):
            if index in dropped:
                text[index] = linked[index] = links[index] = found[index] = 0
                continue
            size = text[index]
            if not size:
                continue
            at = parents[index]
            text[at] += size
            found[at] += found[index]
            if index in anchors:
                linked[index] = size
                links[index] = 1
            if links[index]:
                linked[at] += linked[index]
                links[at] += links[index]


def mark(
    nodes: Sequence[Node], sizes: Sizes, formulas: Mapping[int, Formula | None], dropped: set[int]
) -> None:
    """Add to `dropped` the indices of elements that are not content (their descendants follow)."""
    total = max(sizes.text[0], 1)
    all_formulas = sizes.formulas[0]
    index = 0
    count = len(nodes)
    while index < count:
        node = nodes[index]
        if index in dropped or index in formulas:
            index = node.end
            continue
        if (
            (node.raw and _is_named_so(node, sizes, total, all_formulas))
            or (
                node.tag in ("footer", "aside", "header", "address", "menu")
                and _is_edge(node, sizes, total)
            )
            or (node.tag in _BLOCKS and _is_link_block(node, sizes))
        ):
            dropped.add(index)
            index = node.end
        else:
            index += 1


def content_root(nodes: Sequence[Node], sizes: Sizes, dropped: set[int]) -> Node:
    """The smallest element that is declared to be the content and holds nearly all of it."""
    body = next((node for node in nodes if node.tag == "body"), nodes[0])
    best = body
    all_text = max(1, sizes.text[body.index])
    want_formulas = 0.9 * sizes.formulas[body.index]
    for node in nodes:
        if node.tag not in ("main", "article", "div", "section", "td") or node.index in dropped:
            continue
        share = sizes.text[node.index] / all_text
        if share < 0.7 or sizes.formulas[node.index] < want_formulas:
            continue
        if (
            node.tag in ("main", "article")
            or node.get("role") == "main"
            or node.get("itemprop") == "articleBody"
            or (
                share > 0.85
                and (
                    _MAIN_CLASSES.match(node.get("id"))
                    or any(_MAIN_CLASSES.match(name) for name in node.classes)
                )
            )
        ):
            best = node
    return best


def heading_above(nodes: Sequence[Node], root: Node, dropped: set[int], title: str) -> str | None:
    """The page's own heading, where templates keep it in a bar above the content.

    Only a heading that begins the page's title counts: others name the site.
    """
    inside = range(root.index, root.end)
    for node in nodes:
        if node.tag == "h1" and node.index not in dropped:
            if node.index in inside:
                return None
            words = " ".join(node.text().split()).rstrip(" ¶#")
            if (
                len(words) > 2
                and title.lower().startswith(words.lower())
                and "$" not in words
                and "\\" not in words
            ):
                return words
    return None


def _is_named_so(node: Node, sizes: Sizes, total: int, all_formulas: int) -> bool:
    verdict = _verdict(node.raw)
    if not verdict or node.tag in ("html", "body", "main", "article", "#root", "h1"):
        return False
    if verdict == "gutter":
        return is_gutter(node)
    index = node.index
    if verdict == "hidden":
        return sizes.formulas[index] == 0
    share = sizes.text[index] / total
    unlinked = sizes.text[index] - sizes.linked[index]
    if (
        node.tag in ("h1", "h2", "h3", "h4", "dt", "dd", "li", "code", "pre", "td")
        and unlinked > 0
        and verdict == "soft"
    ):
        return False
    if share > 0.5 and unlinked > 0.3 * total:
        return False
    if sizes.formulas[index] and (verdict == "soft" or sizes.formulas[index] > 0.3 * all_formulas):
        return False
    # With the page's heading in it, only a list of links is no content.
    is_mostly_links = sizes.linked[index] >= 0.5 * sizes.text[index]
    return is_mostly_links or share <= 0.3 or not _holds(node, sizes.titles)


def _holds(node: Node, places: Sequence[int]) -> bool:
    """Whether one of these elements (indices, ascending) stands below another."""
    at = bisect_right(places, node.index)
    return at < len(places) and places[at] < node.end


@lru_cache(maxsize=16384)
def _verdict(raw: str) -> str:
    """What an element's attributes say about it: "", "soft", "hard", "hidden" or "gutter"."""
    node = Node("", raw, None)
    if node.classes & _GUTTERS:
        return "gutter"
    if node.get("role") in _ROLES:
        return "hard"
    attributes = node.attributes
    if (
        "hidden" in attributes
        or node.get("aria-hidden") == "true"
        or _HIDDEN.search(node.get("style"))
    ):
        return "hidden"
    names = f"{node.get('class')} {node.get('id')}".strip()
    if not names:
        return ""
    for name in names.split():
        if re.search(
            r"footnote|no-?(?:side|nav|toc)|has-|with-|layout|wrapper|container-fluid",
            name,
            re.IGNORECASE,
        ):
            continue
        words = {word.lower() for word in _CAMEL.split(name)}
        if _LONG.search(name) or words & _TOKENS or name.lower() in _TOKENS:
            return "soft" if _SOFT.search(name) else "hard"
    return ""


def _is_edge(node: Node, sizes: Sizes, total: int) -> bool:
    """Whether a footer, side note or header is the page's and not a section's."""
    index = node.index
    if node.tag == "aside":
        return not re.search(r"footnote|admonition|note|tip|warn|example|theorem", node.raw) and (
            sizes.text[index] < 0.3 * total
        )
    if sizes.formulas[index]:
        return False
    if node.tag == "header":
        return not _holds(node, sizes.headings) and sizes.text[index] < 0.3 * total
    return sizes.text[index] < 0.3 * total


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
        if links >= 3 and linked > 0.75 * size:
            return True
        if rest <= 3 * links and links >= 2 and size < 400:
            return True
        if rest <= 2 and size < 80 and tag != "p":
            return True
    if index < sizes.imprint_from:
        return False
    if (
        size < 300
        and node.end - index < 60
        and tag in ("div", "p", "address", "center", "section", "small")
    ):
        return bool(_IMPRINT.search(node.text())) and (size < 120 or linked > 0)
    return False
