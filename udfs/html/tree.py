"""A page as a small tree of our own, built from what a standard parser makes of it.

lexbor (through resiliparse) repairs the markup as browsers do. Its serialisation is well formed
and, as the HTML standard has it since 2025, escapes `<` and `>` in attributes too, so that cutting
at these two characters is all the parsing left to do; what a start tag means is looked up, since
pages repeat theirs. Visiting the same nodes through the parser's Python objects costs several
times as much. Nothing here recurses: ten thousand nested tags are only a longer list.

What no reader of the tree asks for is not in it: the inside of menus and drawings, and in
listings the elements that only colour the code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from itertools import islice
from sys import intern
from typing import TYPE_CHECKING

from resiliparse.parse.html import HTMLParserException, HTMLTree

from udfs.html import latex2html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_NAME = re.compile(r"[a-zA-Z][^\s/>]*")
_ATTRIBUTE = re.compile(r'([^\s="]+)(?:="([^"]*)")?')
_NAMESPACE = re.compile(r"xmlns:(\w{1,20})\s*=\s*[\"']http://www\.w3\.org/1998/Math/MathML[\"']")
_SVG_TAG = re.compile(r"<(/?)svg\b[^>]*>")
_OUTLINES = re.compile(r"<defs\b.*?</defs>|</?svg\b[^>]*>| d=\"[^\"]*\"", re.DOTALL)
_DRAWN_SOURCE = re.compile(r"<title id=\"MathJax-SVG-[^\"]*\">([^<]+)</title>")
# Private-use characters are icon glyphs in pages and place holders in our passes.
_PRIVATE = re.compile("[\ue000-\uf8ff\ufffe\uffff\x00]")
_REGION = re.compile(r"<(?:(/?)(nav|select|svg|pre|script|style)(?=[ >])|!--)")
_SPAN = re.compile(r"<(span(?: [^>]*)?)>")
_SPAN_WITH_FORMULA = re.compile(r"<span(?: [^>]*)?>\s*(?:\$|\\[(\[b])")
_FORMULA_START = re.compile(r"\s*(?:\$|\\[(\[b])")
_VOID = frozenset(
    str.split(
        """
        area base basefont bgsound br col embed frame hr img input keygen link meta param source
        track wbr
        """
    )
)
_RAW = frozenset(("script", "style", "xmp", "iframe", "noembed", "noframes", "plaintext"))
# Never content, whatever is in them.
_SKIPPED = frozenset(("nav", "select", "svg"))
_LISTINGS = frozenset(("pre", "code"))

IS_MARKED, IS_PLAIN = 1, 2
"""What a judge of start tags answers: the element is to be listed in `Tree.marked`; in a listing
it only colours the code. Neither is 0."""
_IS_VOID, _IS_RAW, _IS_SKIPPED, _IS_LISTING, _IS_KATEX, _IS_NO_TAG = 4, 8, 16, 32, 64, 128
_HEADS = 20_000
_HEAD_CHARS = 200
_MAX_UNWOUND = 64


class Node:
    """One element.

    Attributes:
        tag: name, lower case as HTML parsers give it.
        raw: its attributes as serialised, entities still escaped.
        parent: None for the root.
        children: elements and text (already unescaped) in document order.
        index: its place in the list that `parse` returns.
        end: the place after its last descendant: `nodes[index + 1 : end]` are those below it.
    """

    __slots__ = ("children", "end", "index", "parent", "raw", "tag")

    def __init__(self, tag: str, raw: str, parent: Node | None, index: int = 0) -> None:
        self.tag = tag
        self.raw = raw
        self.parent = parent
        self.children: list[Node | str] = []
        self.index = index
        self.end = index + 1

    @property
    def attributes(self) -> Mapping[str, str]:
        """Attributes by lower-case name, values unescaped once."""
        return _attributes(self.raw)

    def get(self, name: str) -> str:
        """Value of an attribute, "" where it is missing or empty."""
        return _attributes(self.raw).get(name, "") if self.raw else ""

    @property
    def classes(self) -> frozenset[str]:
        """Its class names."""
        return _classes(self.raw) if self.raw else _NO_CLASSES

    def elements(self) -> Iterator[Node]:
        """Child elements in order."""
        for child in self.children:
            if not isinstance(child, str):
                yield child

    def walk(self) -> Iterator[Node]:
        """The element and all below it, in document order, without recursion."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(child for child in reversed(node.children) if not isinstance(child, str))

    def text(self) -> str:
        """All text below, as it stands."""
        parts: list[str] = []
        stack: list[Node | str] = [self]
        while stack:
            node = stack.pop()
            if isinstance(node, str):
                parts.append(node)
            else:
                stack.extend(reversed(node.children))
        return "".join(parts)


_NO_CLASSES: frozenset[str] = frozenset()


@lru_cache(maxsize=16384)
def _attributes(raw: str) -> dict[str, str]:
    return {
        name.lower(): unescape(value) if "&" in value else value
        for name, value in _ATTRIBUTE.findall(raw)
    }


@lru_cache(maxsize=16384)
def _classes(raw: str) -> frozenset[str]:
    return frozenset(_attributes(raw).get("class", "").split())


@dataclass(frozen=True, slots=True)
class Tree:
    """One page.

    Attributes:
        nodes: its elements in document order; the first is a root above `<html>`.
        marked: those whose start tag the judge wants listed, and each `span` or `div` whose text
            begins with a run that holds a delimiter of LaTeX; in document order, some twice.
        sizes: for each element, characters of its own text without the white space around runs.
        delimited: for each element, runs of its own text in which a delimiter of LaTeX opens.
    """

    nodes: list[Node]
    marked: list[Node]
    sizes: list[int]
    delimited: list[int]


def parse(html: str) -> list[Node]:
    """Elements of a page or fragment in document order, as `Reader.read` gives them."""
    return _PLAIN_READER.read(html).nodes


class Reader:
    """Reads pages, and remembers what their start tags mean from page to page."""

    def __init__(self, judge: Callable[[str, str], int]) -> None:
        """Take the judge of start tags.

        Args:
            judge: called with an element's name and its attributes as serialised; answers
                IS_MARKED, IS_PLAIN or 0, always the same for the same tag.
        """
        self._judge = judge
        self._heads: dict[str, tuple[str, str, str, int]] = {}

    def read(self, html: str) -> Tree:
        """Parse a page.

        Args:
            html: the decoded page.

        Returns:
            Its tree. Comments are left out, and so is what is inside of menus (`<nav>`,
            `<select>`) and drawings (`<svg>`); of KaTeX's three copies of a formula, the visual
            one is left out where the one with the source stands before it.

        Raises:
            MemoryError: the parser gave up, which only a lack of memory makes it do.
        """
        if len(self._heads) > _HEADS:
            self._heads.clear()
        heads, learn = self._heads, self._learn
        pieces = self._trimmed(_serialised(html)).split("<")
        root = Node("#root", "", None)
        nodes = [root]
        marked: list[Node] = []
        sizes, delimited = [0] * len(pieces), [0] * len(pieces)
        if pieces[0]:
            root.children.append(_unescaped(pieces[0]))
        current, children, at = root, root.children, 0
        end = "\x00"
        ends = [end]  # closing tags that are awaited, the innermost last
        # Depths of open listings (True) and of elements left out of them (False).
        watched: list[tuple[int, bool]] = []
        listings = 0
        rest = iter(pieces)
        next(rest)
        for piece in rest:
            head, _, text = piece.partition(">")
            if head == end:
                is_real = True
                if watched and watched[-1][0] == len(ends):
                    is_real = watched.pop()[1]
                    listings -= is_real
                ends.pop()
                end = ends[-1]
                if is_real:
                    current.end = len(nodes)
                    current = current.parent  # type: ignore[assignment]
                    children = current.children
                    at = current.index
            else:
                tag, raw, closing, kind = heads.get(head) or learn(head)
                if kind:
                    if kind & _IS_NO_TAG:
                        if head[:1] == "/":
                            for _ in range(_unwound(ends, head)):
                                is_real = True
                                if watched and watched[-1][0] == len(ends):
                                    is_real = watched.pop()[1]
                                    listings -= is_real
                                ends.pop()
                                if is_real:
                                    current.end = len(nodes)
                                    current = current.parent  # type: ignore[assignment]
                            end = ends[-1]
                            children = current.children
                            at = current.index
                        elif head[:3] == "!--":
                            while "-->" not in piece:
                                piece = next(rest, "-->")  # noqa: PLW2901
                            text = piece.rpartition("-->")[2]
                        elif head[:1] not in ("!", "?"):
                            text = f"<{piece}"
                    elif listings and kind & IS_PLAIN and not _FORMULA_START.match(text):
                        ends.append(closing)
                        end = closing
                        watched.append((len(ends), False))
                    elif kind & _IS_KATEX and _has_katex_source(children):
                        text = _after(rest, tag, closing)
                    else:
                        index = len(nodes)
                        node = Node(tag, raw, current, index)
                        nodes.append(node)
                        children.append(node)
                        if kind & IS_MARKED:
                            marked.append(node)
                        if kind & _IS_RAW:
                            text = _raw_text(node, text, rest, closing)
                        elif kind & _IS_SKIPPED:
                            text = _after(rest, tag, closing)
                        elif not kind & _IS_VOID:
                            current, children, at = node, node.children, index
                            ends.append(closing)
                            end = closing
                            if kind & _IS_LISTING:
                                watched.append((len(ends), True))
                                listings += 1
                else:
                    at = len(nodes)
                    node = Node(tag, raw, current, at)
                    nodes.append(node)
                    children.append(node)
                    current, children = node, node.children
                    ends.append(closing)
                    end = closing
            if text:
                children.append(_unescaped(text) if "&" in text else text)
                if not text.isspace():
                    sizes[at] += len(text.strip())
                    if "\\" in text or "$" in text:
                        if "\\(" in text or "\\[" in text or "$$" in text:
                            delimited[at] += 1
                        if len(children) == 1 and current.tag in ("span", "div"):
                            marked.append(current)
        while current.parent is not None:
            current.end = len(nodes)
            current = current.parent
        root.end = len(nodes)
        return Tree(nodes, marked, sizes[: len(nodes)], delimited[: len(nodes)])

    def _trimmed(self, markup: str) -> str:
        """Take out of the markup what no node is made of, where it stands in one piece.

        That is the inside of menus and drawings, and in `<pre>` the tags that only colour the
        code: most of the tags of some pages.
        """
        out: list[str] = []
        done = skipped = 0
        opened = ""
        begin = 0
        for match in _REGION.finditer(markup):
            start = match.start()
            if start < skipped:
                continue
            slash, name = match.groups()
            if name is None:
                skipped = markup.find("-->", start + 4)
                if skipped < 0:
                    break
            elif not slash:
                opened, begin = name, match.end()
            else:
                if opened == name and name in ("nav", "select", "svg", "pre"):
                    begin = markup.find(">", begin, start) + 1
                    kept = self._without_colours(markup[begin:start]) if name == "pre" else ""
                    if begin and kept is not None:
                        out += markup[done:begin], kept
                        done = start
                opened = ""
        return "".join(out) + markup[done:] if out else markup

    def _without_colours(self, code: str) -> str | None:
        """A listing without the spans that only colour it; None where others are among them."""
        spans = _SPAN.findall(code)
        if not spans or len(spans) != code.count("</span>") or _SPAN_WITH_FORMULA.search(code):
            return None
        for head in set(spans):
            if not (self._heads.get(head) or self._learn(head))[3] & IS_PLAIN:
                return None
        return _SPAN.sub("", code).replace("</span>", "")

    def _learn(self, head: str) -> tuple[str, str, str, int]:
        """What a start tag means: name, attributes as serialised, closing tag, kind."""
        match = _NAME.match(head)
        if match is None:
            return "", "", "", _IS_NO_TAG
        tag = intern(match.group(0))
        raw = head[match.end() :]
        kind = self._judge(tag, raw)
        if tag in _VOID:
            kind |= _IS_VOID
        elif tag in _RAW:
            kind |= _IS_RAW
        elif tag in _SKIPPED:
            kind |= _IS_SKIPPED
        elif tag in _LISTINGS:
            kind |= _IS_LISTING
        elif "katex-html" in raw:
            kind |= _IS_KATEX
        found = (tag, raw, intern("/" + tag), kind)
        if len(head) <= _HEAD_CHARS:
            self._heads[head] = found
        return found


_PLAIN_READER = Reader(lambda _tag, _raw: 0)


def _serialised(html: str) -> str:
    if "Math/MathML" in html or "<mml:math" in html or "<m:math" in html:
        html = _without_prefixes(html)
    try:
        document = HTMLTree.parse(html).document
    except HTMLParserException as error:
        raise MemoryError(f"lexbor: {error}") from error
    markup = "" if document is None else document.html
    if not markup.isascii():
        # UTF-8 of private-use characters begins with one of two bytes: a faster search.
        data = markup.encode("utf-8", "surrogatepass")
        if b"\xee" in data or b"\xef" in data:
            markup = _PRIVATE.sub("", markup)
    if "\x00" in markup:
        markup = markup.replace("\x00", "")
    if "<svg" in markup:
        markup = _without_drawings(markup)
    if "<!-- MATH" in markup:
        markup = latex2html.whole(markup)
    return markup


def _unescaped(text: str) -> str:
    if "&#" in text or "&quot;" in text:
        return _PRIVATE.sub("", unescape(text))
    # All that the standard's serialisation escapes in text.
    text = text.replace("&nbsp;", "\xa0").replace("&lt;", "<").replace("&gt;", ">")
    return text.replace("&amp;", "&")


def _unwound(ends: list[str], head: str) -> int:
    """How many elements a closing tag ends that the innermost one does not expect.

    The parser's output is well formed but for text that looks like a tag.
    """
    for depth, end in enumerate(reversed(ends[-_MAX_UNWOUND:]), 1):
        if end == head:
            return depth
    return 0


def _after(pieces: Iterator[str], tag: str, closing: str) -> str:
    """Pass over the rest of an element; return the text after it."""
    closing += ">"
    depth = 1
    for piece in pieces:
        if piece.startswith(closing):
            depth -= 1
            if not depth:
                return piece[len(closing) :]
        elif piece.startswith(tag):
            depth += piece[len(tag) : len(tag) + 1] in (" ", ">")
        elif piece.startswith(("script", "style")):
            # No tag in here is one. SVG's scripts hold no tags but theirs.
            name = "/script>" if piece[1] == "c" else "/style>"
            for inner in pieces:
                if inner.startswith(name):
                    break
        elif piece.startswith("!--"):
            while "-->" not in piece:
                piece = next(pieces, "-->")  # noqa: PLW2901
    return ""


def _raw_text(node: Node, text: str, pieces: Iterator[str], closing: str) -> str:
    """Give an element of raw text its text; return the text after it."""
    closing += ">"
    parts = [text]
    for piece in pieces:
        if piece.startswith(closing):
            text = "<".join(parts)
            if text:
                node.children.append(text)
            return piece[len(closing) :]
        parts.append(piece)
    return ""


def _without_prefixes(html: str) -> str:
    """XHTML's `<m:math>` as HTML knows it: parsers of HTML see no namespaces."""
    names = {"m", "mml", *(match.group(1) for match in islice(_NAMESPACE.finditer(html), 8))}
    prefixes = "|".join(sorted(name for name in names if f"<{name}:" in html))
    return re.sub(f"(</?)(?:{prefixes}):(?=[a-z])", r"\1", html) if prefixes else html


def _without_drawings(markup: str) -> str:
    """The page without its `<svg>`; of a formula drawn by MathJax, what it keeps of it stays."""
    out: list[str] = []
    position = start = depth = 0
    for match in _SVG_TAG.finditer(markup):
        if not match.group(1):
            if depth == 0:
                start = match.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                out += markup[position:start], _formula_in_drawing(markup[start : match.end()])
                position = match.end()
    return "".join(out) + markup[position:]


def _formula_in_drawing(drawing: str) -> str:
    """Of a drawing, the tree of the formula in it without its outlines, or its source."""
    if "data-mml-node" in drawing:
        return _OUTLINES.sub("", drawing)
    if 'id="MathJax-SVG-' in drawing and (title := _DRAWN_SOURCE.search(drawing)):
        return f"<tex-math>{title.group(1)}</tex-math>"
    return ""


def _has_katex_source(siblings: list[Node | str]) -> bool:
    # Some pages lost the tags of the MathML: then the visual copy is all there is.
    return any(
        not isinstance(node, str)
        and "katex-mathml" in node.raw
        and (any(not isinstance(child, str) for child in node.children) or "\n" in node.text())
        for node in siblings[-3:]
    )
