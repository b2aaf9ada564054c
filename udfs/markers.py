r"""A prefilter on raw bytes: which pages may be of the domain, before anything is parsed.

A marker is what the bytes of such a page hold: a tag, a command, a delimiter. One of them alone
is proof (`<math`), another only together with a second one (`$x$` and a script that loads
MathJax), so each has a weight, and a page is kept when the weights of the markers found in it
reach 1.

The search has two steps. The first looks for any of the markers' short `find` patterns with one
automaton (Hyperscan, several gigabytes a second) and is done with most pages of the web. The
second looks in the pages that are left for the markers that are proof alone, and weighs each
other one's `regex`. There, scripts count only for the markers that ask for them: documentation
sites load a formula renderer on every page, and JavaScript is full of `\(` and `$`.
"""

from __future__ import annotations

import codecs
import contextlib
import json
import re
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import hyperscan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_KEYS = frozenset({"find", "regex", "weight", "scripts", "count"})
_TAG_END = re.compile(rb">")
_OPENING = re.compile(rb"<[sS][cC][rR][iI][pP][tT]")
_CLOSING = re.compile(rb"</[sS][cC][rR][iI][pP][tT]")
# Scripts that are no program but text: `math/tex`, `math/mml`, `math/asciimath`, templates.
_TEXT_TYPE = re.compile(rb"math/|text/(?:x-)?(?:tex|latex|template|html)", re.IGNORECASE)
_MOST_PLACES = 64  # looked at one by one; then scripts are cut out, as each search may cost a pass
_TAG_BYTES = 1000  # of a script's tag, where its type is looked for
_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_NULS = re.compile(rb"(?:[^\x00]\x00){8}|(?:\x00[^\x00]){8}")


@dataclass(frozen=True)
class Marker:
    """One marker.

    Attributes:
        find: short Hyperscan pattern without which the marker is not in a page; None for
            evidence that never speaks for a page unless another marker was found in it.
        regex: pattern that decides, over bytes.
        weight: what it counts, over 0 and up to 1.
        scripts: whether it is looked for in scripts too.
        count: fewest occurrences.
        automaton: `regex` as a Hyperscan pattern, where it can be one and one match is enough.
    """

    find: str | None
    regex: re.Pattern[bytes]
    weight: float
    scripts: bool
    count: int
    automaton: _Automaton | None = None

    @property
    def is_proof(self) -> bool:
        """Whether finding its `find` is enough."""
        return (
            self.find is not None
            and self.weight == 1
            and self.count == 1
            and self.regex.pattern == self.find.encode("utf-8")
        )

    def is_in(self, page: bytes | memoryview) -> bool:
        """Whether the marker stands in a page often enough, and where it counts."""
        count = since = 0
        end = self._next(page, 0)
        for _ in range(_MOST_PLACES):
            if end < 0:
                return False
            past = -1 if self.scripts else _script_end(page, end, since)
            if past < 0:
                count += 1
                if count == self.count:
                    return True
            since = max(end if past < 0 else past, since + 1)  # a pattern may match nothing
            end = self._next(page, since) if since < len(page) else -1
        rest = bytes(page[since:])
        text = rest if self.scripts else _strip_scripts(rest)
        if self.automaton is not None:
            return self.automaton.first(text)[0] >= 0
        left = self.count - count
        return sum(1 for _ in islice(self.regex.finditer(text), left)) == left

    def _next(self, page: bytes | memoryview, start: int) -> int:
        if self.automaton is not None:
            return self.automaton.first(page, start)[0]
        found = self.regex.search(page, start)
        return found.end() if found else -1


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
        if not any(marker.find for marker in markers):
            raise ValueError("markers: none has a `find`, so no page would ever be kept")
        proofs = [marker for marker in markers if marker.is_proof]
        in_text = [str(m.find) for m in proofs if not m.scripts]
        in_page = [str(m.find) for m in proofs if m.scripts]
        # In this order, so that the place of a pattern tells what finding it means.
        self._any = _Automaton(
            [*in_text, *in_page, *(m.find for m in markers if m.find and not m.is_proof)]
        )
        self._texts, self._proofs = len(in_text), len(proofs)
        self._in_text = _Automaton(in_text)
        self._in_page = _Automaton(in_page)
        self._weighed = tuple(marker for marker in markers if not marker.is_proof)
        # What the markers from each place on can still add: a sum that cannot reach 1 stops.
        self._rest = tuple(
            sum(marker.weight for marker in self._weighed[place:])
            for place in range(len(self._weighed))
        )

    def find(self, pages: Sequence[bytes]) -> list[bool]:
        """Tell for each page whether it may be of the domain.

        Args:
            pages: HTML in any charset. UTF-16 is known by its byte order mark, or by its NULs.
        """
        return [self.holds(page) for page in pages]

    def holds(self, page: bytes | memoryview) -> bool:
        """Tell whether one page may be of the domain; see `find`."""
        if b"\x00" in bytes(page[:64]):
            page = _narrow(bytes(page))
        end, pattern = self._any.first(page, until=self._proofs)
        if pattern < 0:
            return False
        if self._texts <= pattern < self._proofs:
            return True
        if pattern < self._texts:
            # Every proof but those inside scripts.
            since = 0
            for _ in range(_MOST_PLACES):
                since = _script_end(page, end, since)
                if since < 0:
                    return True
                end, _pattern = self._in_text.first(page, since)
                if end < 0:
                    break
            else:
                if self._in_text.first(_strip_scripts(bytes(page[since:])))[0] >= 0:
                    return True
            if self._in_page.first(page)[0] >= 0:
                return True
        return self._weigh(page) >= 1

    def _weigh(self, page: bytes | memoryview) -> float:
        """Add up the weights of the markers in a page, until they reach 1 or cannot."""
        total = 0.0
        for marker, rest in zip(self._weighed, self._rest, strict=True):
            if total >= 1 or total + rest < 1:
                break
            if marker.is_in(page):
                total += marker.weight
        return total


def compiled(entries: Markers | Sequence[Any]) -> Markers:
    """Return markers, compiled once a process: it takes as long as reading a thousand pages.

    Raises:
        ValueError: as `Markers` does.
    """
    return entries if isinstance(entries, Markers) else _compiled(json.dumps(list(entries)))


@cache
def _compiled(entries: str) -> Markers:
    return Markers(json.loads(entries))


class _Automaton:
    """Any of some patterns, in one pass over a page."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._count = len(patterns)
        # Any: its stubs know neither views of bytes nor a context's type.
        self._database: Any = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK) if patterns else None
        if self._database is not None:
            try:
                self._database.compile(
                    expressions=[pattern.encode("utf-8") for pattern in patterns],
                    ids=range(len(patterns)),
                    elements=len(patterns),
                    flags=hyperscan.HS_FLAG_SINGLEMATCH,
                )
            except hyperscan.error as error:
                raise ValueError(f"markers: a `find` is no Hyperscan pattern: {error}") from error

    def first(
        self, page: bytes | memoryview, start: int = 0, until: int | None = None
    ) -> tuple[int, int]:
        """Return where the first match from `start` on ends, and its pattern; -1 without one.

        Args:
            page: where to search.
            start: from where on.
            until: patterns from this one on do not end the search, and count only where no
                earlier one is found at all.
        """
        if self._database is None:
            return -1, -1
        until = self._count if until is None else until
        found = [until, -1, -1]
        rest = memoryview(page)[start:] if start else page
        with contextlib.suppress(hyperscan.ScanTerminated):
            self._database.scan(rest, match_event_handler=_stop, context=found)
        return (start + found[1], found[2]) if found[2] >= 0 else (-1, -1)


def _stop(pattern: int, _start: int, end: int, _flags: int, found: list[int]) -> bool:
    is_end = pattern < found[0]
    if is_end or found[2] < 0:
        found[1:] = end, pattern
    return is_end


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
    automaton = None
    if count == 1:
        with contextlib.suppress(ValueError):
            automaton = _Automaton([str(regex)])
    scripts = bool(entry.get("scripts", False))
    return Marker(find, compiled, float(weight), scripts, count, automaton)


def _narrow(page: bytes) -> bytes:
    encoding = _WIDE.get(page[:2])
    if encoding is None:
        if not _NULS.match(page):
            return page
        encoding = "utf-16-be" if page[:1] == b"\x00" else "utf-16-le"
    return page.decode(encoding, "replace").encode("utf-8", "replace")


def _script_end(page: bytes | memoryview, place: int, since: int) -> int:
    """Return where the script around a place ends; -1 where the place lies in none.

    Scripts of text are none, nor is one that is never closed: a parser would take all the rest
    of the page for script; we rather look at it.

    Args:
        page: the page.
        place: where to look.
        since: a place before, outside scripts: a page of many scripts takes linear time so.
    """
    begin = _script_tags().open_at(memoryview(page)[since:place])
    tag = _TAG_END.search(page, since + begin, place) if begin >= 0 else None
    if tag is None:
        return -1
    inside = tag.end()
    if _TEXT_TYPE.search(page, since + begin, min(inside, since + begin + _TAG_BYTES)):
        return -1
    found = _CLOSING.search(page, inside)
    return found.start() if found else -1


def _strip_scripts(page: bytes) -> bytes:
    """Cut out what stands inside scripts, in one pass; as `_script_end` sees them."""
    parts: list[bytes] = []
    position = 0
    for opening in _OPENING.finditer(page):
        if opening.start() < position:
            continue  # a text in a script
        inside = page.find(b">", opening.end()) + 1
        closing = _CLOSING.search(page, inside) if inside else None
        if closing is None:
            break
        if not _TEXT_TYPE.search(page, opening.end(), min(inside, opening.end() + _TAG_BYTES)):
            parts.append(page[position:inside])
            position = closing.start()
    parts.append(page[position:])
    return b"".join(parts)


class _ScriptTags:
    """Finds the tags of scripts: Python's searches that go backwards or ignore case are slow."""

    def __init__(self) -> None:
        self._database: Any = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(
            expressions=[b"<script", b"</script"],
            ids=[0, 1],
            elements=2,
            flags=hyperscan.HS_FLAG_CASELESS,
        )

    def open_at(self, part: memoryview) -> int:
        """Return the end of the tag's name of the script that is open at a part's end, or -1."""
        found = [-1]
        self._database.scan(part, match_event_handler=_note_tag, context=found)
        return found[0]


def _note_tag(tag: int, _start: int, end: int, _flags: int, found: list[int]) -> None:
    if tag:
        found[0] = -1
    elif found[0] < 0:
        found[0] = end


@cache
def _script_tags() -> _ScriptTags:
    return _ScriptTags()
