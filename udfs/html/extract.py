"""One HTML page -> its text in Markdown with formulas as LaTeX, or the reason there is none."""

from __future__ import annotations

import gc
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from udfs.html import boilerplate, delimiters, listings
from udfs.html.charset import decode, wide_charset
from udfs.html.elements import FORMULA_TAGS, from_element, may_be_formula
from udfs.html.headings import heading_above
from udfs.html.markdown import Writer
from udfs.html.rendered import NOT_A_FORMULA, Page
from udfs.html.tree import IS_MARKED, IS_PLAIN, Node, Reader
from udfs.language import detect_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from udfs.html.latex import Formula
    from udfs.html.tree import Tree

NOT_HTML = "not_html"
EMPTY_BODY = "empty_body"
TOO_BIG = "too_big"
TOO_DEEP = "too_deep"
NO_TEXT = "no_text"
TOO_FEW_FORMULAS = "too_few_formulas"

MAX_BYTES = 64 << 20
"""A longer payload is no page that a person wrote."""

_LOOKS, _MIN_LOOKS = 10, 10_000  # elements looked at, per element of a page and at least
MAX_DEPTH = 200_000
"""Elements inside each other; ten thousand are read, a million only waste time."""

_MAGIC = (
    b"%PDF-",
    b"\x89PNG",
    b"GIF8",
    b"\xff\xd8\xff",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"RIFF",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x7fELF",
    b"MZ\x90",
    b"OggS",
    b"ID3",
    b"BZh",
    b"wOFF",
    b"wOF2",
    b"%!PS",
    b"\x00\x00\x01\x00",
    b"SQLite format 3",
)
_MARKUP = re.compile(
    rb"<(?:!doctype|html|head|body|title|meta|p|div|span|a|h[1-6]"
    rb"|table|br|ul|article|script|math)\b",
    re.IGNORECASE,
)
_SPACES = re.compile(r"\s+")
_FRAMES = re.compile(r"</?(?:frameset|noframes|frame)\b[^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Extraction:
    """What became of one page.

    Attributes:
        text: Markdown with formulas between `$..$` or `$$..$$`; None when rejected.
        title: of the page; None when it has none.
        language: ISO 639-1 code of the text without formulas and code; None when unknown.
        link_ratio: share of the content's characters that stand in links, 0 to 1.
        rejected_by: why there is no text; None when there is.
    """

    text: str | None
    title: str | None = None
    language: str | None = None
    link_ratio: float | None = None
    rejected_by: str | None = None


def extract(html: bytes, *, url: str, content_type: str | None) -> Extraction:  # noqa: ARG001
    """Turn one page into text.

    Args:
        html: the payload as captured, any charset.
        url: address of the page.
        content_type: HTTP header as sent, None when there was none.

    Returns:
        The text, or why there is none. Malformed input of any kind is no error.
    """
    if not html.strip(b" \t\r\n\x00"):
        return Extraction(None, rejected_by=EMPTY_BODY)
    if len(html) > MAX_BYTES:
        return Extraction(None, rejected_by=TOO_BIG)
    if not is_html(html):
        return Extraction(None, rejected_by=NOT_HTML)
    # A tree is tens of thousands of objects that refer to each other. The collector would visit
    # them again and again while they are made (half of the time of a page, measured) and find
    # nothing: they live until the page is done, and then their cycles are cut.
    was_enabled = gc.isenabled()
    gc.disable()
    nodes: list[Node] = []
    try:
        markup = decode(html, content_type)
        if "rameset" in markup or "RAMESET" in markup:
            markup = _FRAMES.sub("", markup)  # what stands for readers without frames
        tree = _reader().read(markup)
        nodes = tree.nodes
        return _extract(tree)
    finally:
        for node in nodes:
            node.parent = None
        if was_enabled:
            gc.enable()


def _extract(tree: Tree) -> Extraction:
    nodes = tree.nodes
    if len(nodes) > MAX_DEPTH and _depth(nodes) > MAX_DEPTH:
        return Extraction(None, rejected_by=TOO_DEEP)
    page, scripts, title = _read_head(tree.marked)
    syntax = delimiters.syntax(scripts)
    page = Page(page.has_scripts, syntax.is_typeset)
    formulas, dropped = _find_elements(tree, page)
    sizes = boilerplate.Sizes(tree, formulas, dropped)
    if sizes.text[0] == 0:
        return Extraction(None, title=title, rejected_by=NO_TEXT)
    kept = set(dropped)
    boilerplate.mark(tree, sizes, formulas, kept)
    sizes.count(kept)
    root = boilerplate.content_root(nodes, sizes, kept)
    text = Writer(nodes, formulas, kept, syntax).render(root).strip()
    if text and title and (heading := heading_above(nodes, root, title)):
        words = Writer(nodes, formulas, kept, syntax).render(heading).lstrip("# ")
        text = f"# {words}\n\n{text}" if words else text
    if not text:
        # Nothing but links: better the page as it is than no page.
        body = next((node for node in nodes if node.tag == "body"), nodes[0])
        text = Writer(nodes, formulas, dropped, syntax).render(body).strip()
    if not text:
        return Extraction(None, title=title, rejected_by=NO_TEXT)
    size = sizes.text[root.index]
    ratio = min(1.0, sizes.linked[root.index] / size) if size else 0.0
    return Extraction(text, title, detect_language(text), ratio)


def is_html(html: bytes) -> bool:
    """Whether a payload is a page at all, whatever its header says."""
    start = html[:4096].lstrip(b" \t\r\n\xef\xbb\xbf")
    if start.startswith(_MAGIC):
        return False
    head = html[: 1 << 16]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or wide_charset(head):
        return True
    if head.count(b"\x00") > len(head) // 100:
        return False
    if start[:1] == b"<":
        return start[:5].lower() != b"<?xml" or bool(_MARKUP.search(head))
    if start[:1] in b"{[" or _SCRIPT_START.match(start):
        return bool(_DOCUMENT.search(head))
    # Text that mentions tags is no page; a page that begins with text has tags all along.
    tags = sum(1 for _ in _TAG.finditer(head))
    return tags > 0 and bool(_MARKUP.search(head)) and 1000 * tags >= len(head)


_DOCUMENT = re.compile(rb"<(?:!doctype html|html|body)\b", re.IGNORECASE)
_SCRIPT_START = re.compile(
    rb"var |let |const |function\b|import |export |\(function|!function"
    rb"|\"use strict|'use strict|/\*|//|window\."
    rb"|define\(|[\w.]+\(\{|@charset|@import|#include|#!"
)
_TAG = re.compile(rb"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?>")


def _depth(nodes: list[Node]) -> int:
    depth = [0] * len(nodes)
    deepest = 0
    for node in nodes[1:]:
        parent = node.parent
        if parent is not None:
            here = depth[parent.index] + 1
            depth[node.index] = here
            deepest = max(deepest, here)
    return deepest


@cache
def _reader() -> Reader:
    return Reader(_judge)


def _judge(tag: str, raw: str) -> int:
    """What a start tag alone says: perhaps a formula, never content, or only colour for code."""
    kind = boilerplate.kind_of_part(tag, raw)
    if tag in boilerplate.DROPPED_TAGS or tag in FORMULA_TAGS or tag == "title":
        return kind | IS_MARKED
    if raw and may_be_formula(tag, raw):
        return kind | IS_MARKED
    if tag == "span" and not (raw and listings.is_beside_code(Node(tag, raw, None))):
        return kind | IS_PLAIN
    return kind


def _read_head(marked: Sequence[Node]) -> tuple[Page, str, str | None]:
    """What scripts and title say: sources of formulas, declarations, and the page's name."""
    scripts: list[str] = []
    has_sources = False
    title = None
    for node in marked:
        tag = node.tag
        if tag == "script":
            if node.get("type").lower().startswith("math/"):
                has_sources = True
            else:
                scripts.append(node.get("src"))
                scripts.append(node.text())
        elif tag == "link":
            scripts.append(node.get("href"))
        elif tag == "title" and title is None:
            title = _SPACES.sub(" ", node.text()).strip() or None
    return Page(has_sources, False), "\n".join(scripts), title


def _find_elements(tree: Tree, page: Page) -> tuple[dict[int, Formula | None], set[int]]:
    """Formulas that are elements, and elements that are never content, both by index."""
    formulas: dict[int, Formula | None] = {}
    dropped: set[int] = set()
    never = boilerplate.DROPPED_TAGS
    position = 0
    # Each look at an element may read all below it. Marked elements inside each other that turn
    # out to be no formulas are looked at as long as that stays linear in the page.
    looks = _LOOKS * len(tree.nodes) + _MIN_LOOKS
    for node in tree.marked:
        index = node.index
        if index < position:
            continue
        tag = node.tag
        looks -= node.end - index
        if (tag not in never or tag in FORMULA_TAGS) and (looks > 0 or node.end - index < 9):
            found = from_element(node, page)
            if found is not NOT_A_FORMULA:
                formulas[index] = found  # type: ignore[assignment]
                position = node.end
                continue
        if tag in never:
            dropped.add(index)
            position = node.end
    return formulas, dropped
