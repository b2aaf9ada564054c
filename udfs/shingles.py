"""Hashes of words and of word n-grams: the same on every machine, version and core count."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Hashes: TypeAlias = npt.NDArray[np.uint64]

# Words of a language are few and come again: their hashes are kept. Junk (keys, numbers) is not
# allowed to fill a worker's memory: some 30 MB.
_MAX_CACHED = 200_000
# An odd multiplier with well-spread bits: 2**64 divided by the golden ratio.
_BASE = 0x9E3779B97F4A7C15
_MASK = 2**64 - 1


class _WordHashes(dict[str, int]):
    """Hash by word, computed where it is missing."""

    def __missing__(self, word: str) -> int:
        if len(self) >= _MAX_CACHED:
            self.clear()
        digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        value = self[word] = int.from_bytes(digest, "little")
        return value


_word_hashes = _WordHashes()


def hash_words(words: Sequence[str]) -> Hashes:
    """Hash words: BLAKE2b, 64 bits.

    Returns:
        (words,), uint64.
    """
    return np.fromiter(map(_word_hashes.__getitem__, words), np.uint64, len(words))


def hash_ngrams(words: Hashes, ngram: int) -> Hashes:
    """Hash each run of `ngram` consecutive words, order minded.

    A polynomial over the words' hashes modulo 2**64, mixed so that each bit of the result
    depends on every bit of the words (the finaliser of MurmurHash3).

    Args:
        words: (words,), uint64: what `hash_words` gave.
        ngram: words in a run, at least 1.

    Returns:
        (max(words - ngram + 1, 0),), uint64.
    """
    count = len(words) - ngram + 1
    if count <= 0:
        return np.empty(0, np.uint64)
    base = np.uint64(_BASE)
    value = words[:count].copy()
    for offset in range(1, ngram):
        value *= base
        value += words[offset : offset + count]
    return mix(value)


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
    steps = [(seed + (i + 1) * _BASE) & _MASK for i in range(count)]
    return mix(np.array(steps, np.uint64))
