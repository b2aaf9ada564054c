"""Sentences and paragraphs of a text whose formulas are known."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

from udfs.contexts.formulas import Code, Formula, Heading

if TYPE_CHECKING:
    from collections.abc import Sequence

# Stand for a formula and for code while the prose around them is read: as long as what they
# replace, and no letter, digit, white space or punctuation.
FORMULA = "\x01"
CODE = "\x02"

_ABBREVIATIONS = (
    r"e\.g|i\.e|cf|vs|etc|resp|approx|Fig|Figs|Eq|Eqs|Eqn|No|Nos|Dr|Mr|Mrs|Ms|Prof|St|Th|Thm|Prop|Lem"
    r"|Cor|Def|Ex|Sec|Ch|Vol|pp|ca|viz|al|min|max|ft|in|oz|lb|sq"
)
# It begins with a class of characters, since the search for one is fast.
_BOUNDARY = re.compile(
    r"[.!?\n](?:(?<=[.!?])[\"')\]*_]*\s+(?=[A-Z\d\"'(\[*#\x01-])"
    r"|(?<=\n)(?:[ \t]*\n\s*|(?<=\x01\n)(?=[A-Z])))"
)
_INITIAL = re.compile(r"\b[A-Z]")
_ABBREVIATED = re.compile(r"(?:^|[\s(])(?:" + _ABBREVIATIONS + r")$")


def mask(text: str, parts: Sequence[Formula | Heading | Code]) -> str:
    """The text with formulas and code blanked out, offsets unchanged.

    A formula that ends in a full stop keeps it, since it ends the sentence.
    """
    pieces: list[str] = []
    position = 0
    for part in parts:
        if isinstance(part, Heading):
            continue
        pieces.append(text[position : part.start])
        length = part.end - part.start
        if isinstance(part, Formula):
            inner = text[part.inner_start : part.inner_end].rstrip()
            ends = inner.endswith((".", "?", r".\\")) or ".\\end{" in inner[-16:]
            pieces.append(FORMULA * (length - 1) + ("." if ends else FORMULA))
        else:
            pieces.append(CODE * length)
        position = part.end
    pieces.append(text[position:])
    return "".join(pieces)


def sentence_starts(masked: str, headings: Sequence[Heading]) -> list[int]:
    """Offsets at which sentences begin, the first at 0.

    Args:
        masked: as `mask` gives it.
        headings: each is a sentence of its own.
    """
    starts = [0]
    for found in _BOUNDARY.finditer(masked):
        start = found.start()
        if masked[start] == "." and (
            # Nobody's initial stands before a blank line.
            (_INITIAL.match(masked, start - 1) and found[0].count("\n") < 2)
            or _ABBREVIATED.search(masked, max(0, start - 12), start)
        ):
            continue
        starts.append(found.end())
    for heading in headings:
        starts += [heading.start, heading.end]
    return sorted({start for start in starts if start < len(masked) or start == 0})


def index_at(starts: Sequence[int], position: int) -> int:
    """The number of the sentence (or paragraph) that holds an offset."""
    return bisect_right(starts, position) - 1


_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_ENDS_SENTENCE = re.compile(r"[.!?][\"')\]*_]*\s*$")


def paragraphs(
    masked: str, headings: Sequence[Heading], starts: Sequence[int], *, limit: int
) -> list[tuple[int, int]]:
    """Cut a text into steps: paragraphs, with the displays that belong to their sentences.

    A paragraph that goes on after a display in the middle of its sentence is one with it; one
    that is longer than `limit` is cut between sentences.

    Args:
        masked: as `mask` gives it.
        headings: a step never holds one.
        starts: as `sentence_starts` gives them.
        limit: most characters of a step, except for a single longer sentence.

    Returns:
        Start and end of each, in order, white space at the ends left out.
    """
    cuts = {found.end() for found in _PARAGRAPH.finditer(masked)} | {0, len(masked)}
    hard = {edge for heading in headings for edge in (heading.start, heading.end)}
    edges = sorted(cuts | hard)
    joined: list[list[int]] = []
    for start, end in pairwise(edges):
        piece = masked[start:end]
        if not piece.strip():
            continue
        if joined and start not in hard and end - joined[-1][0] <= limit:
            before = masked[joined[-1][0] : joined[-1][1]].rstrip()
            goes_on = not _ENDS_SENTENCE.search(before[-8:]) or piece[0].islower()
            if goes_on and (before.endswith(FORMULA) or piece[0] == FORMULA or piece[0].islower()):
                joined[-1][1] = end
                continue
        joined.append([start, end])
    steps: list[tuple[int, int]] = []
    for start, end in joined:
        steps += _bounded(masked, start, end, starts, limit)
    return steps


def _bounded(
    masked: str, start: int, end: int, starts: Sequence[int], limit: int
) -> list[tuple[int, int]]:
    steps: list[tuple[int, int]] = []
    begin = start
    if end - start > limit:
        first = bisect_right(starts, start)
        last = start
        for index in range(first, len(starts)):
            if starts[index] >= end:
                break
            if starts[index] - begin > limit and last > begin:
                steps.append(_trimmed(masked, begin, last))
                begin = last
            last = starts[index]
        if end - begin > limit and last > begin:
            steps.append(_trimmed(masked, begin, last))
            begin = last
    steps.append(_trimmed(masked, begin, end))
    return steps


def _trimmed(masked: str, start: int, end: int) -> tuple[int, int]:
    piece = masked[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
