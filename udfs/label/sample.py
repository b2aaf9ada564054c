"""Which documents are judged: few of them, from every stretch of the first stage's scores.

Most documents of a crawl are easy. Drawn evenly, a sample would hardly hold those near the
threshold, which decide where the second stage cuts. So documents are dealt into stretches by score,
and each gives as many as the others while it lasts; a weight says how many each stands for.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Stretches of the calibrated score, in which 0.5 is the threshold. One below it tells what the
# first stage loses.
_EDGES = (0.0, 0.5, 0.7, 0.85, 0.95, 1.0)
# The stretch that fails the first stage gets this share of an equal part: what it holds is not
# kept whatever the second stage says.
_FAILED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that may be judged.

    Attributes:
        doc_id: `documents.doc_id`.
        place: a hash of its key; the smallest places are drawn.
        score: calibrated score by the first stage, 0 to 1.
    """

    doc_id: str
    place: int
    score: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """A document that is judged.

    Attributes:
        doc_id: `documents.doc_id`.
        score: calibrated score by the first stage, 0 to 1.
        weight: candidates of its stretch for each one drawn, at least 1.
    """

    doc_id: str
    score: float
    weight: float


def draw(candidates: Sequence[Candidate], count: int) -> list[Drawn]:
    """Draw documents, evenly over the stretches of the score.

    The result does not depend on the candidates' order.

    Args:
        candidates: each document once.
        count: most documents to draw, at least 0.
    """
    stretches: list[list[Candidate]] = [[] for _ in pairwise(_EDGES)]
    for candidate in candidates:
        stretches[_stretch(candidate.score)].append(candidate)
    parts = _parts([len(stretch) for stretch in stretches], count)
    drawn = []
    for stretch, part in zip(stretches, parts, strict=True):
        first = sorted(stretch, key=lambda found: (found.place, found.doc_id))[:part]
        drawn += [Drawn(one.doc_id, one.score, len(stretch) / part) for one in first]
    return sorted(drawn, key=lambda one: one.doc_id)


def _stretch(score: float) -> int:
    return sum(score >= edge for edge in _EDGES[1:-1])


def _parts(sizes: Sequence[int], count: int) -> list[int]:
    """Share a count among stretches: equal parts, and what one lacks goes to the others."""
    parts = [0] * len(sizes)
    left = min(count, sum(sizes))
    failed = min(sizes[0], int(left * _FAILED_SHARE / len(sizes)))
    if sum(sizes[1:]) < left - failed:
        failed = left - sum(sizes[1:])
    parts[0] = failed
    left -= failed
    # The smallest stretch first: once it has all it holds, the rest is shared anew.
    order = sorted(range(1, len(sizes)), key=lambda i: (sizes[i], i))
    for done, i in enumerate(order):
        parts[i] = min(sizes[i], left // (len(order) - done))
        left -= parts[i]
    return parts
