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
from sys import intern
from typing import TYPE_CHECKING

from udfs.html import markup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_NAME = re.compile(r"\0([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(r'([^\s="]+)(?:="([^"]*)")?')
_ADDRESS = re.compile(' (?:href|title|src|content|onclick)="[^"]*"')
_CLASS = re.compile(' class="([^"]*)"')
# Private-use characters are icon glyphs in pages and place holders in our passes.
_PRIVATE = re.compile("[\ue000-\uf8ff\ufffe\uffff\x00]")
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

IS_MARKED, IS_NAMED, IS_BLOCK, IS_PLAIN = 1, 2, 4, 8
"""What a judge of start tags answers: the element is to be listed in `Tree.marked`; it is to be
listed in `Tree.parts`, for its names or for its tag; in a listing it only colours the code. None
of them is 0."""
_IS_LINK, _IS_HEADING = 16, 32
_IS_VOID, _IS_RAW, _IS_SKIPPED, _IS_LISTING, _IS_KATEX, _IS_NO_TAG = 64, 128, 256, 512, 1024, 2048
_IS_PART = IS_NAMED | IS_BLOCK
_IS_LISTED = IS_MARKED | _IS_PART | _IS_LINK | _IS_HEADING
_IS_ODD = IS_PLAIN | _IS_KATEX | _IS_NO_TAG
_IS_CLOSED = _IS_VOID | _IS_RAW | _IS_SKIPPED
PAGE_HEADINGS = frozenset(("h1", "h2", "h3"))
TAG = "\0"
"""What stands before a tag while a page is cut up; no text holds it."""
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
    match = _CLASS.search(raw)
    if match is None:
        return frozenset(_attributes(raw).get("class", "").split())
    names = match.group(1)
    return frozenset((unescape(names) if "&" in names else names).split())


@dataclass(frozen=True, slots=True)
class Tree:
    """One page.

    Attributes:
        nodes: its elements in document order; the first is a root above `<html>`.
        marked: those whose start tag the judge wants listed, and each `span` or `div` whose text
            begins with a run that holds a delimiter of LaTeX; in document order, some twice.
        parts: those that the judge says to be parts of a page, each with its answer.
        links: indices of links, in order.
        headings: those of the first three levels.
        sizes: for each element, characters of its own text without the white space around runs.
        delimited: for each element, runs of its own text in which a delimiter of LaTeX opens.
    """

    nodes: list[Node]
    marked: list[Node]
    parts: list[tuple[Node, int]]
    links: list[int]
    headings: list[Node]
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
                IS_MARKED, IS_NAMED, IS_BLOCK, IS_PLAIN, a sum of them or 0, always the same for
                the same tag. It sees no addresses and titles.
        """
        self._judge = judge
        self._heads: dict[str, tuple[str, str, str, int]] = {}
        self._kinds: dict[tuple[str, str], int] = {}

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
        if max(len(self._heads), len(self._kinds)) > _HEADS:
            self._heads.clear()
            self._kinds.clear()
        heads, learn, new = self._heads, self._learn, object.__new__
        below: list[Node | str]
        data = markup.trimmed(markup.serialised(html), self._is_plain)
        # Text and tags by turns, tags with a sign in front that no text holds. Where raw text or
        # a comment breaks the turn, it is found again.
        parts = data.replace(b"<", b">\0").decode("utf-8", "surrogatepass").split(">")
        parts.append("")
        root = Node("#root", "", None)
        nodes = [root]
        marked: list[Node] = []
        named: list[tuple[Node, int]] = []
        links: list[int] = []
        headings: list[Node] = []
        sizes, delimited = [0] * len(parts), [0] * len(parts)
        if parts[0]:
            root.children.append(_unescaped(parts[0]))
        current, children, at = root, root.children, 0
        end = f"{TAG}/#root"  # no part is equal to it
        ends = [end]  # closing tags that are awaited, the innermost last
        # Depths of open listings (True) and of elements left out of them (False).
        watched: list[tuple[int, bool]] = []
        listings = 0
        begin, stop = 1, len(parts) - 1
        while begin < stop:
            for place in range(begin, stop, 2):
                head = parts[place]
                text = parts[place + 1]
                begin = 0  # where to go on, when not behind the text
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
                    if kind & _IS_ODD:
                        if kind & _IS_NO_TAG:
                            if head[:2] == "\0/":
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
                            elif head[:4] == "\0!--":
                                begin = _end_of_comment(parts, place) + 1
                                text = parts[begin] if begin < stop else ""
                                begin += 1
                            elif head[:1] != TAG:  # a `>` in text
                                text = f">{head}"
                                begin = place + 1
                            elif head[:2] not in ("\0!", "\0?"):
                                if text[:1] == TAG:  # no `>` behind it
                                    text = f"<{head[1:]}"
                                    begin = place + 1
                                else:
                                    text = f"<{head[1:]}>{text}"
                            is_node = False
                        elif listings and kind & IS_PLAIN and not _FORMULA_START.match(text):
                            is_node = False
                            ends.append(closing)
                            end = closing
                            watched.append((len(ends), False))
                        elif kind & _IS_KATEX and _has_katex_source(children):
                            is_node = False
                            begin = _closing(parts, place + 1, tag, closing) + 1
                            text = parts[begin] if begin < stop else ""
                            begin += 1
                        else:
                            is_node = True
                    else:
                        is_node = True
                    if is_node:
                        index = len(nodes)
                        node = new(Node)
                        node.tag = tag
                        node.raw = raw
                        node.parent = current
                        node.children = below = []
                        node.index = index
                        node.end = index + 1
                        nodes.append(node)
                        children.append(node)
                        if kind & _IS_LISTED:
                            if kind & IS_MARKED:
                                marked.append(node)
                            if kind & _IS_PART:
                                named.append((node, kind))
                            if kind & _IS_LINK:
                                links.append(index)
                            if kind & _IS_HEADING:
                                headings.append(node)
                        if kind & _IS_CLOSED:
                            if not kind & _IS_VOID:
                                begin = _closing(parts, place + 1, tag, closing) + 1
                                if kind & _IS_RAW and begin < stop:
                                    text = ">".join(parts[place + 1 : begin - 1])
                                    if text:
                                        below.append(text.replace(f">{TAG}", "<"))
                                text = parts[begin] if begin < stop else ""
                                begin += 1
                        else:
                            current, children, at = node, below, index
                            ends.append(closing)
                            end = closing
                            if kind & _IS_LISTING:
                                watched.append((len(ends), True))
                                listings += 1
                if text:
                    if text[0] == TAG:  # a `<` in a tag
                        begin = begin - 1 if begin else place + 1
                        break
                    children.append(_unescaped(text) if "&" in text else text)
                    if size := len(text.strip()):
                        sizes[at] += size
                        if "\\" in text or "$" in text:
                            if "\\(" in text or "\\[" in text or "$$" in text:
                                delimited[at] += 1
                            if len(children) == 1 and current.tag in ("span", "div"):
                                marked.append(current)
                if begin:
                    break
            else:
                break
        while current.parent is not None:
            current.end = len(nodes)
            current = current.parent
        root.end = count = len(nodes)
        return Tree(nodes, marked, named, links, headings, sizes[:count], delimited[:count])

    def _is_plain(self, tag: str) -> bool:
        head = TAG + tag
        return (self._heads.get(head) or self._learn(head))[3] & IS_PLAIN > 0

    def _learn(self, head: str) -> tuple[str, str, str, int]:
        """What a start tag means: name, attributes as serialised, closing tag, kind."""
        match = _NAME.match(head)
        if match is None:
            return "", "", "", _IS_NO_TAG
        tag = intern(match.group(1))
        raw = head[match.end() :]
        # Addresses are what most tags differ by.
        said = _ADDRESS.sub("", raw) if raw else raw
        kind = self._kinds.get((tag, said))
        if kind is None:
            kind = self._kind(tag, said)
            if len(said) <= _HEAD_CHARS:
                self._kinds[tag, said] = kind
        if tag == "a" and "href" in raw:
            kind |= _IS_LINK
        found = (tag, raw, intern(f"{TAG}/{tag}"), kind)
        if len(head) <= _HEAD_CHARS:
            self._heads[head] = found
        return found

    def _kind(self, tag: str, raw: str) -> int:
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
        if tag in PAGE_HEADINGS:
            kind |= _IS_HEADING
        return kind


_PLAIN_READER = Reader(lambda _tag, _raw: 0)


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


def _closing(parts: list[str], start: int, tag: str, closing: str) -> int:
    """Place of the tag that ends an element; the number of parts where nothing does."""
    try:
        stop = parts.index(closing, start)
    except ValueError:
        return len(parts)
    if tag in _RAW:
        return stop
    inside = "".join(parts[start:stop])
    if not any(f"{TAG}{name}" in inside for name in (tag, "script", "style", "!--")):
        return stop
    depth = 1
    place = start
    while place < len(parts):
        part = parts[place]
        if part == closing:
            depth -= 1
            if not depth:
                return place
        elif part[:1] != TAG:
            pass
        elif part[1:].partition(" ")[0] == tag:
            depth += 1
        elif part.startswith(("\0script", "\0style")):
            # No tag in here is one. SVG's scripts hold no tags but theirs.
            name = "\0/script" if part[2] == "c" else "\0/style"
            try:
                place = parts.index(name, place)
            except ValueError:
                return len(parts)
        elif part.startswith("\0!--"):
            place = _end_of_comment(parts, place)
        place += 1
    return len(parts)


def _end_of_comment(parts: list[str], start: int) -> int:
    """Place of the last part of a comment: it ends in two hyphens, and a `>` follows."""
    place = start
    last = len(parts) - 1
    while place < last:
        part = parts[place]
        if (
            part.endswith("--")
            and parts[place + 1][:1] != TAG
            and (place > start or len(part) > len("\0!---"))
        ):
            return place
        place += 1
    return last


def _has_katex_source(siblings: list[Node | str]) -> bool:
    # Some pages lost the tags of the MathML: then the visual copy is all there is.
    return any(
        not isinstance(node, str)
        and "katex-mathml" in node.raw
        and (any(not isinstance(child, str) for child in node.children) or "\n" in node.text())
        for node in siblings[-3:]
    )
