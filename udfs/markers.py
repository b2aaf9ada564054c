r"""A prefilter on raw bytes: which pages may be of the domain, before anything is parsed.

A marker is what the bytes of such a page hold: a tag, a command, a delimiter. One of them alone
is proof (`<math`), another only together with a second one (`$x$` and a script that loads
MathJax), so each has a weight, and a page is kept when the weights of the markers found in it
reach 1.

The search has two steps. The first looks for any of the markers' short `find` patterns with one
automaton (RE2, through pyarrow) and is done with most pages of the web. The second looks at the
pages that are left for the markers that are proof alone, and weighs each other one's `regex`.
There, scripts count only for the markers that ask for them: documentation sites load a formula
renderer on every page, and JavaScript is full of `\(` and `$`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from itertools import islice
from operator import or_
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_KEYS = frozenset({"find", "regex", "weight", "scripts", "count"})
# As tags are written: a search that ignores case is many times slower.
_SCRIPTS = ((b"<script", b"</script"), (b"<SCRIPT", b"</SCRIPT"))
# Scripts that are no program but text: `math/tex`, `math/mml`, `math/asciimath`, templates.
_TEXT_TYPE = re.compile(rb"math/|text/(?:x-)?(?:tex|latex|template|html)", re.IGNORECASE)
_TAG_BYTES = 1000  # of a script's tag, where its type is looked for
_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class Marker:
    """One marker.

    Attributes:
        find: short RE2 pattern without which the marker is not in a page; None for evidence
            that never speaks for a page unless another marker was found in it.
        regex: pattern that decides, over bytes.
        weight: what it counts, over 0 and up to 1.
        scripts: whether it is looked for in scripts too.
        count: fewest occurrences.
    """

    find: str | None
    regex: re.Pattern[bytes]
    weight: float
    scripts: bool
    count: int

    @property
    def is_proof(self) -> bool:
        """Whether finding its `find` is enough."""
        return (
            self.find is not None
            and self.weight == 1
            and self.count == 1
            and self.regex.pattern == self.find.encode("utf-8")
        )

    def is_in(self, page: bytes) -> bool:
        """Whether the marker stands in a page often enough."""
        if self.count == 1:
            return self.regex.search(page) is not None
        return sum(1 for _ in islice(self.regex.finditer(page), self.count)) == self.count


class Markers:
    """The markers of a domain, compiled: build once, use for every page."""

    def __init__(self, entries: Iterable[Any]) -> None:
        """Compile markers.

        Args:
            entries: mappings with `find` and `regex` (at least one; `regex` is `find` unless
                given), `weight` (1), `scripts` (false), `count` (1); or strings, which stand for a
                text that is looked for as it is.

        Raises:
            ValueError: an entry that is no marker; the message says which and why.
        """
        markers = [_marker(entry, place) for place, entry in enumerate(entries, start=1)]
        finds = [marker.find for marker in markers if marker.find]
        if not finds:
            raise ValueError("markers: none has a `find`, so no page would ever be kept")
        self._any = _Automaton(finds)
        proofs = [marker for marker in markers if marker.is_proof]
        self._in_text = _Automaton([str(m.find) for m in proofs if not m.scripts])
        self._in_page = _Automaton([str(m.find) for m in proofs if m.scripts])
        self._weighed = tuple(marker for marker in markers if not marker.is_proof)
        # What the markers from each place on can still add: a sum that cannot reach 1 stops.
        self._rest = tuple(
            sum(marker.weight for marker in self._weighed[place:])
            for place in range(len(self._weighed))
        )

    def find(self, pages: Sequence[bytes]) -> list[bool]:
        """Tell for each page whether it may be of the domain.

        Args:
            pages: HTML in any charset. UTF-16 is read where a byte order mark names it.
        """
        narrow = [_narrow(page) for page in pages]
        found = self._any.find(narrow)
        places = [place for place, is_hit in enumerate(found) if is_hit]
        hits = [narrow[place] for place in places]
        texts = [_strip_scripts(page) for page in hits]
        proved = map(or_, self._in_text.find(texts), self._in_page.find(hits))
        for place, page, text, is_proved in zip(places, hits, texts, proved, strict=True):
            found[place] = is_proved or self._weigh(page, text) >= 1
        return found

    def _weigh(self, page: bytes, text: bytes) -> float:
        """Add up the weights of the markers in a page, until they reach 1 or cannot."""
        total = 0.0
        for marker, rest in zip(self._weighed, self._rest, strict=True):
            if total >= 1 or total + rest < 1:
                break
            if marker.is_in(page if marker.scripts else text):
                total += marker.weight
        return total


class _Automaton:
    """Any of some RE2 patterns, in one pass over many pages."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._pattern = "|".join(f"(?:{pattern})" for pattern in patterns)
        try:
            self.find([b""])
        except pa.ArrowInvalid as error:
            raise ValueError(f"markers: a `find` is not an RE2 pattern: {error}") from error

    def find(self, pages: Sequence[bytes]) -> list[bool]:
        """Tell for each page whether one of the patterns is in it."""
        if not self._pattern or not pages:
            return [False] * len(pages)
        array = pa.array(pages, pa.large_binary())
        return pc.match_substring_regex(array, self._pattern).to_pylist()


def _marker(entry: Any, place: int) -> Marker:
    if isinstance(entry, str):
        entry = {"find": re.escape(entry)}
    if not isinstance(entry, dict):
        raise ValueError(f"markers: entry {place} is {entry!r}, neither text nor mapping")
    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        known = ", ".join(sorted(_KEYS))
        raise ValueError(f"markers: entry {place}: unknown key {unknown[0]}; known are {known}")
    find = entry.get("find")
    regex = entry.get("regex", find)
    weight = entry.get("weight", 1)
    if not regex:
        raise ValueError(f"markers: entry {place} has neither `find` nor `regex`")
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight <= 1:
        raise ValueError(f"markers: entry {place}: weight {weight!r} is not over 0 and up to 1")
    count = entry.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"markers: entry {place}: count {count!r} is not a number from 1 on")
    try:
        compiled = re.compile(str(regex).encode("utf-8"), re.DOTALL)
    except re.error as error:
        raise ValueError(f"markers: entry {place}: {regex!r} is no pattern: {error}") from error
    return Marker(find, compiled, float(weight), bool(entry.get("scripts", False)), count)


def _narrow(page: bytes) -> bytes:
    encoding = _WIDE.get(page[:2])
    if encoding is None:
        return page
    return page.decode(encoding, "replace").encode("utf-8", "replace")


def _strip_scripts(page: bytes) -> bytes:
    """Cut out what stands inside scripts; their tags stay, and scripts of text."""
    for opening, closing in _SCRIPTS:
        begin = page.find(opening)
        if begin < 0:
            continue
        parts: list[bytes] = []
        position = 0
        while begin >= 0:
            inside = page.find(b">", begin) + 1
            end = page.find(closing, inside) if inside else -1
            if end < 0:
                # Never closed: a parser would take all the rest for script; we rather look at it.
                break
            if not _TEXT_TYPE.search(page, begin, min(inside, begin + _TAG_BYTES)):
                parts.append(page[position:inside])
                position = end
            begin = page.find(opening, end)
        parts.append(page[position:])
        page = b"".join(parts)
    return page
