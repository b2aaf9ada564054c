"""Hashes of words and of n-grams: the same on every machine, version and core count.

A word is hashed as a polynomial over its characters modulo 2**64, an n-gram as one over its words
(Karp and Rabin 1987, "Efficient randomized pattern-matching algorithms"). Both are taken from sums
over the whole text, so that it costs a handful of passes over arrays, whatever the number of words.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from udfs import normal

Hashes: TypeAlias = npt.NDArray[np.uint64]

# Values that are summed at once: powers and their inverses are kept for so many, 1 MB a base. Of
# a longer word the rest does not count.
_REACH = 2**16
# An odd multiplier with well-spread bits: 2**64 divided by the golden ratio.
_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1
# The longest n-gram that fits the powers with room to spare.
MAX_NGRAM = 1000


def hash_words(text: str) -> Hashes:
    """Hash the words of a text, in order: polynomials, whose bits are not mixed yet.

    Args:
        text: what `normal.canonical` gave.

    Returns:
        (words,), uint64: as many as `normal.find_words(text)`, equal for equal words.
    """
    values, starts = normal.find_starts(text)
    powers, inverses = _powers("words")
    found: Hashes = np.empty(len(starts), np.uint64)
    ends: npt.NDArray[np.intp] = np.append(starts[1:], len(values))
    first = 0
    while first < len(starts):
        # As many words as fit, or one that does not: of that the rest does not count.
        origin = int(starts[first])
        last = max(int(np.searchsorted(ends, origin + _REACH, "right")), first + 1)
        part = values[origin : min(int(ends[last - 1]), origin + _REACH)]
        begin = starts[first:last] - origin
        sums = np.add.reduceat(part * powers[: len(part)], begin)
        np.multiply(sums, inverses[begin], out=found[first:last])
        first = last
    return found


def hash_characters(text: str) -> Hashes:
    """Hash each character of a text: its code point, whose bits are not mixed yet.

    Returns:
        (characters,), uint64.
    """
    return normal.code_points(text).astype(np.uint64)


def hash_ngrams(items: Hashes, ngram: int) -> Hashes:
    """Hash each run of `ngram` consecutive items, order minded.

    Args:
        items: (items,), uint64: hashes of words or characters.
        ngram: items in a run, 1 to `MAX_NGRAM`.

    Returns:
        (max(items - ngram + 1, 0),), uint64.
    """
    count = max(len(items) - ngram + 1, 0)
    found: Hashes = np.empty(count, np.uint64)
    powers, inverses = _powers("n-grams")
    step = _REACH - ngram
    for start in range(0, count, step):
        stop = min(start + step, count)
        part = items[start : stop + ngram - 1]
        sums: Hashes = np.empty(len(part) + 1, np.uint64)
        sums[0] = 0
        np.multiply(part, powers[: len(part)], out=sums[1:])
        np.add.accumulate(sums, out=sums)
        np.subtract(sums[ngram:], sums[:-ngram], out=found[start:stop])
        found[start:stop] *= inverses[: stop - start]
    return mix(found)


@cache
def _powers(name: str) -> tuple[Hashes, Hashes]:
    """Return the powers of a base, and their inverses modulo 2**64, each (reach,), uint64."""
    base = int(constants(1, name)[0]) | 1
    found = []
    for factor in (base, pow(base, -1, 2**64)):
        powers: Hashes = np.full(_REACH, factor, np.uint64)
        powers[0] = 1
        found.append(np.multiply.accumulate(powers))
    return found[0], found[1]


def mix(value: Hashes) -> Hashes:
    """Spread the bits of hashes in place: the 64-bit finaliser of MurmurHash3 (public domain).

    Returns:
        `value`, (any shape), uint64.
    """
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xFF51AFD7ED558CCD)
    value ^= value >> np.uint64(33)
    value *= np.uint64(0xC4CEB9FE1A85EC53)
    value ^= value >> np.uint64(33)
    return value


def constants(count: int, name: str) -> Hashes:
    """Return `count` fixed constants of a name, without any random generator's state.

    Returns:
        (count,), uint64; those of a smaller count are the first of a larger one.
    """
    seed = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
    steps = [(seed + (i + 1) * _GOLDEN) & _MASK for i in range(count)]
    return mix(np.array(steps, np.uint64))
