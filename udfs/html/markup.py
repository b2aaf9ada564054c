"""A page's markup as the parser repairs it, without what says nothing about its text.

All on UTF-8: searches in bytes are several times faster than in wide strings.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from resiliparse.parse.html import HTMLParserException, HTMLTree

from udfs.html import latex2html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NAMESPACE = re.compile(r"xmlns:(\w{1,20})\s*=\s*[\"']http://www\.w3\.org/1998/Math/MathML[\"']")
_SVG_TAG = re.compile(rb"</?svg\b[^>]*>")
_OUTLINES = re.compile(rb"<defs\b.*?</defs>|</?svg\b[^>]*>| d=\"[^\"]*\"", re.DOTALL)
_DRAWN_SOURCE = re.compile(rb"<title id=\"MathJax-SVG-[^\"]*\">([^<]+)</title>")
_SPAN = re.compile(rb"<(span(?: [^>]*)?)>")
_SPAN_WITH_FORMULA = re.compile(rb"<span(?: [^>]*)?>\s*(?:\$|\\[(\[b])")
# Private-use characters (icon glyphs in pages, place holders in our passes), U+FFFE and U+FFFF.
# One byte in front of each pattern, which the search then jumps to.
_FIRST_PRIVATE = re.compile(rb"\xee[\x80-\xbf][\x80-\xbf]")
_LAST_PRIVATE = re.compile(rb"\xef(?:[\x80-\xa3][\x80-\xbf]|\xbf[\xbe\xbf])")
# Elements whose text holds no tags, and others that are cut short.
_RAW = (b"script", b"style", b"xmp", b"iframe", b"noembed", b"noframes", b"plaintext")
_REGIONS = (*_RAW, b"!--", b"nav", b"select", b"pre")
_REGION_OF = {int.from_bytes(name[:3], "big"): name for name in _REGIONS}


def serialised(html: str) -> bytes:
    """Markup of a page as lexbor repairs it, in UTF-8, without drawings and private characters."""
    if ":math" in html and ("Math/MathML" in html or "<mml:math" in html or "<m:math" in html):
        html = _without_prefixes(html)
    try:
        document = HTMLTree.parse(html).document
    except HTMLParserException as error:
        raise MemoryError(f"lexbor: {error}") from error
    markup = b"" if document is None else document.html.encode("utf-8", "surrogatepass")
    if b"\xee" in markup:
        markup = _FIRST_PRIVATE.sub(b"", markup)
    if b"\xef" in markup:
        markup = _LAST_PRIVATE.sub(b"", markup)
    if b"\x00" in markup:
        markup = markup.replace(b"\x00", b"")
    if b"<svg" in markup:
        markup = _without_drawings(markup)
    if b"<!-- MATH" in markup:
        whole = latex2html.whole(markup.decode("utf-8", "surrogatepass"))
        markup = whole.encode("utf-8", "surrogatepass")
    return markup


def _openings(markup: bytes) -> list[tuple[int, bytes]]:
    """Where tags begin with one of `_REGIONS`, in order."""
    signs = np.frombuffer(markup + b"    ", np.uint8)
    places = np.flatnonzero(signs == ord("<"))
    starts = signs[places + 1].astype(np.int32)
    starts = (starts << 8 | signs[places + 2]) << 8 | signs[places + 3]
    found = np.flatnonzero(np.logical_or.reduce([starts == start for start in _REGION_OF]))
    return [
        (place, name)
        for place, start in zip(places[found].tolist(), starts[found].tolist(), strict=True)
        if markup.startswith(name := _REGION_OF[start], place + 1)
        and (name == b"!--" or markup.startswith((b" ", b">"), place + 1 + len(name)))
    ]


def _places(markup: bytes, sought: bytes) -> Iterator[int]:
    place = markup.find(sought)
    while place >= 0:
        yield place
        place = markup.find(sought, place + 1)


def trimmed(markup: bytes, is_plain: Callable[[str], bool]) -> bytes:
    """Take out of the markup what no node is made of, where it stands in one piece.

    That is comments, the inside of menus, and in `<pre>` the tags that only colour the code: most
    of the tags of some pages. In bytes, where searches are several times faster.

    Args:
        markup: a page as `serialised` returns it.
        is_plain: whether a start tag, without its brackets, only colours code.
    """
    opened = _openings(markup)
    opened.append((len(markup), b""))
    out: list[bytes] = []
    done = behind = 0
    for number, (place, name) in enumerate(opened[:-1], 1):
        if place < behind:
            continue
        if name == b"!--":
            behind = markup.find(b"-->", place + 4)
            if behind < 0:
                break
            out.append(markup[done : place + 4])
            done = behind
            continue
        begin = markup.find(b">", place) + 1
        if name in _RAW:
            behind = markup.find(b"</" + name + b">", begin)
            if behind < 0:
                break
            continue
        # One with another in it is left to the tree: searches past that would add up.
        stop = markup.find(b"</" + name + b">", begin, opened[number][0])
        if stop < 0:
            continue
        kept = _without_colours(markup[begin:stop], is_plain) if name == b"pre" else b""
        if kept is not None:
            out += markup[done:begin], kept
            done = behind = stop
    return b"".join(out) + markup[done:] if out else markup


def _without_colours(code: bytes, is_plain: Callable[[str], bool]) -> bytes | None:
    """A listing without the spans that only colour it; None where others are among them."""
    count = code.count(b"</span>")
    if not count:
        return None
    spans = _SPAN.findall(code)
    if len(spans) != count or ((b"$" in code or b"\\" in code) and _SPAN_WITH_FORMULA.search(code)):
        return None
    if not all(is_plain(span.decode("utf-8", "surrogatepass")) for span in set(spans)):
        return None
    return _SPAN.sub(b"", code).replace(b"</span>", b"")


def _without_prefixes(html: str) -> str:
    """XHTML's `<m:math>` as HTML knows it: parsers of HTML see no namespaces."""
    names = {"m", "mml", *(match.group(1) for match in islice(_NAMESPACE.finditer(html), 8))}
    prefixes = "|".join(sorted(name for name in names if f"<{name}:" in html))
    return re.sub(f"(</?)(?:{prefixes}):(?=[a-z])", r"\1", html) if prefixes else html


def _without_drawings(markup: bytes) -> bytes:
    """The page without its `<svg>`; of a formula drawn by MathJax, what it keeps of it stays."""
    out: list[bytes] = []
    position = start = depth = 0
    steps = [(place, 1) for place in _places(markup, b"<svg")]
    steps += [(place, -1) for place in _places(markup, b"</svg")]
    for place, step in sorted(steps):
        match = _SVG_TAG.match(markup, place)
        if match is None:
            continue
        if step > 0:
            if depth == 0:
                start = place
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                drawing = markup[start : match.end()]
                out += markup[position:start], _formula_in_drawing(drawing)
                position = match.end()
    return b"".join(out) + markup[position:]


def _formula_in_drawing(drawing: bytes) -> bytes:
    """Of a drawing, the tree of the formula in it without its outlines, or its source."""
    if b"data-mml-node" in drawing:
        return _OUTLINES.sub(b"", drawing)
    if b'id="MathJax-SVG-' in drawing and (title := _DRAWN_SOURCE.search(drawing)):
        return b"<tex-math>" + title.group(1) + b"</tex-math>"
    return b""
