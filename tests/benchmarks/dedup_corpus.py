"""A seeded corpus of near-duplicates whose truth is known.

Words are drawn by Zipf's law from 50,000, 300 to 800 a document. Planted among single documents
lie, as shares of all:

- families of 2 to 6 whose pairs' true Jaccard similarity is spread over 0.5 to 1: in most of them
  all pairs are about as near, in the others all come from the first and differ more among
  themselves;
- groups of 2 to 6 exact copies;
- chains of up to 1,000 documents, each near the next only;
- one cluster of boilerplate, a tenth of all documents, each with an edit or three.

Similarity is that of the sets of word 5-grams, computed after the edits were made. What two
documents of different families share by chance is nothing to speak of.

Similarities are in `known.json` beside the texts; dedup_truth.py reads it. NumPy and PyArrow are
imported within what makes the files: the peers' environments import this module's constants.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

NGRAM = 5
JACCARD = 0.8
WORDS = 50_000
LENGTHS = (300, 800)

BOILERPLATE = 0.10
FAMILIES = 0.17
EVEN = 0.75  # of the families: all pairs about as near
COPIES = 0.04
CHAINS = 0.04
LONGEST_CHAIN = 1_000
# Lowest similarity of a link: near enough to the threshold to be hard, never under it.
LINK = 0.82
SAMPLED = 1_000  # pairs of the boilerplate cluster whose similarity is told

FEW = 100  # documents of `few.parquet`, for warming up
_FILES = 8
_FILE_ROWS = 15_000
_ROW_GROUP = 5_000
_TABLE = 1 << 21
_RANGES = 20


class Maker:
    """Draws documents, arrays of word numbers, and edits them.

    Args:
        seed: makes the corpus.
    """

    def __init__(self, seed: int) -> None:
        import numpy as np

        self.rng = np.random.default_rng(seed)
        # Pairs of families by their similarity, in equal ranges from 0.5 to 1.
        self.seen: Counter[int] = Counter()
        weights = 1 / np.arange(1, WORDS + 1)
        edges = np.round(np.cumsum(weights) / weights.sum() * _TABLE).astype(np.int64)
        counts = np.diff(edges, prepend=0)
        # Looking a random number up in a table is ten times faster than searching for it.
        self._table: npt.NDArray[np.uint16] = np.repeat(np.arange(WORDS, dtype=np.uint16), counts)

    def draw(self, count: int) -> npt.NDArray[np.uint16]:
        """Draw words by Zipf's law: (count,)."""
        import numpy as np

        return self._table[self.rng.integers(0, _TABLE, count, dtype=np.uint32)]

    def fresh(self) -> npt.NDArray[np.uint16]:
        """Draw a document."""
        return self.draw(int(self.lengths(1)[0]))

    def lengths(self, count: int) -> npt.NDArray[np.int64]:
        """Draw numbers of words: (count,)."""
        return self.rng.integers(LENGTHS[0], LENGTHS[1] + 1, count)

    def edited(self, words: npt.NDArray[np.uint16], edits: int) -> npt.NDArray[np.uint16]:
        """Return a document with so many words drawn anew."""
        changed = words.copy()
        changed[self.rng.integers(0, len(words), edits)] = self.draw(edits)
        return changed


def edits_for(words: int, kept: float) -> int:
    """Return how many edits at random places leave a share of the n-grams as they are.

    An n-gram stays if none of its words is edited: (1 - edits / words) ** NGRAM.
    """
    return round(words * (1.0 - float(kept ** (1 / NGRAM))))


def kept_for(jaccard: float) -> float:
    """Return the share of n-grams that two sets of equal size have in common: 2J / (1 + J)."""
    return 2 * jaccard / (1 + jaccard)


def ngrams(words: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint64]:
    """Return the set of a document's n-grams, hashed to 64 bits, sorted."""
    import numpy as np

    wide = words.astype(np.uint64)
    count = len(words) - NGRAM + 1
    hashed: npt.NDArray[np.uint64] = np.zeros(count, np.uint64)
    for place in range(NGRAM):
        hashed = hashed * np.uint64(0x9E3779B97F4A7C15) + wide[place : place + count]
    hashed.sort()
    return hashed[np.concatenate(([True], hashed[1:] != hashed[:-1]))]


def similarity(one: npt.NDArray[np.uint64], other: npt.NDArray[np.uint64]) -> float:
    """Return the Jaccard similarity of two sets of n-grams."""
    import numpy as np

    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (len(one) + len(other) - common)


Group = tuple[str, "list[npt.NDArray[np.uint16]]", "list[tuple[int, int, float]]"]


def groups(documents: int, maker: Maker) -> Iterator[Group]:
    """Make everything that is planted in so many documents: kind, members, known pairs."""
    yield boilerplate(int(documents * BOILERPLATE), maker)
    left = int(documents * CHAINS)
    length = min(left, LONGEST_CHAIN)
    while left > 1:
        yield chain(length, maker)
        left -= length
        length = min(left, round(10 ** maker.rng.uniform(1, math.log10(LONGEST_CHAIN))))
    for kind, share in (("copies", COPIES), ("family", FAMILIES)):
        left = int(documents * share)
        while left > 1:
            count = min(left, int(maker.rng.integers(2, 7)))
            yield family(kind, count, maker)
            left -= count


def boilerplate(count: int, maker: Maker) -> Group:
    """Make the large cluster: each pair of it is nearer than the threshold."""
    base = maker.draw(400)
    members = [maker.edited(base, int(maker.rng.integers(1, 4))) for _ in range(count)]
    pairs = []
    for _ in range(min(SAMPLED, count)):
        left, right = (int(place) for place in maker.rng.choice(count, 2, replace=False))
        pairs.append((left, right, similarity(ngrams(members[left]), ngrams(members[right]))))
    # The consecutive ones hold the cluster together in the exact graph. Three edits on each side
    # leave 366 of at most 426 n-grams: 0.859, so they need no computing.
    least = (400 - NGRAM + 1 - 30) / (400 - NGRAM + 1 + 30)
    return "boilerplate", members, [*pairs, *((i, i + 1, least) for i in range(count - 1))]


def chain(count: int, maker: Maker) -> Group:
    """Make a chain: each near the next, and soon like none before."""
    members = [maker.fresh()]
    sets = [ngrams(members[0])]
    pairs = []
    while len(members) < count:
        edits = edits_for(len(members[-1]), kept_for(float(maker.rng.uniform(0.85, 0.95))))
        link = maker.edited(members[-1], edits)
        found = ngrams(link)
        true = similarity(sets[-1], found)
        if true < LINK:
            continue
        place = len(members)
        pairs.append((place - 1, place, true))
        if place > 1:
            pairs.append((place - 2, place, similarity(sets[-2], found)))
        members.append(link)
        sets.append(found)
    return "chain", members, pairs


def family(kind: str, count: int, maker: Maker) -> Group:
    """Make a family, with the similarity of all its pairs.

    Where all are to be about as near, they get the similarity that fewest pairs have yet.
    """
    base = maker.fresh()
    if kind == "copies":
        members = [base] * count
    elif maker.rng.random() < EVEN:
        fewest = min(range(_RANGES), key=maker.seen.__getitem__)
        target = 0.5 + (fewest + float(maker.rng.random())) / (2 * _RANGES)
        kept = math.sqrt(kept_for(target))
        edits = edits_for(len(base), kept)
        members = [maker.edited(base, edits) for _ in range(count)]
    else:
        members = [base]
        while len(members) < count:
            kept = kept_for(float(maker.rng.uniform(0.7, 1)))
            members.append(maker.edited(base, edits_for(len(base), kept)))
    sets = [ngrams(words) for words in members]
    pairs = [
        (left, right, similarity(sets[left], sets[right]))
        for left in range(count)
        for right in range(left + 1, count)
    ]
    if kind == "family":
        maker.seen.update(min(int((true - 0.5) * 2 * _RANGES), _RANGES - 1) for *_, true in pairs)
    return kind, members, pairs


def vocabulary(seed: int) -> list[str]:
    """Make the words: distinct, 2 to 10 letters."""
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < WORDS:
        found["".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(2, 10)))] = None
    return list(found)


def write(folder: Path, documents: int, seed: int = 1) -> str:
    """Write a corpus, in seeded random order, and what is known of it.

    `documents.jsonl` (`doc_id`, 32 digits, and `text`), the same and `number` (`doc_id` as a
    number) in the files of `documents.parquet`, the first hundred in `few.parquet`, and
    `known.json`: the threshold and, of each family, its kind, its documents' numbers, and pairs:
    two places in the family and the true similarity. Of the boilerplate cluster a sample and the
    consecutive pairs (these with a lower bound), of chains each member and the two before it.

    Returns:
        What it is, for the reader.
    """
    maker = Maker(seed)
    order = maker.rng.permutation(documents).tolist()
    planted: dict[int, npt.NDArray[np.uint16]] = {}
    known = []
    for kind, members, pairs in groups(documents, maker):
        numbers = order[len(planted) : len(planted) + len(members)]
        planted.update(zip(numbers, members, strict=True))
        told = [(left, right, round(true, 6)) for left, right, true in pairs]
        known.append({"kind": kind, "members": numbers, "pairs": told})
    (folder / "known.json").write_text(
        json.dumps({"threshold": JACCARD, "documents": documents, "families": known}), "utf-8"
    )
    size = _write_texts(folder, documents, planted, maker, vocabulary(seed))
    pairs_known = sum(len(one["pairs"]) for one in known)
    return (
        f"{documents:,} documents, {size / 1e6:.1f} MB, {len(planted):,} of them planted in "
        f"{len(known):,} families, {pairs_known:,} pairs of known similarity"
    )


def _write_texts(
    folder: Path,
    documents: int,
    planted: Mapping[int, npt.NDArray[np.uint16]],
    maker: Maker,
    words: Sequence[str],
) -> int:
    """Write the documents, those not planted drawn on the way; return the texts' bytes."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    named = np.array(words, dtype=object)
    rows = math.ceil(documents / max(_FILES, math.ceil(documents / _FILE_ROWS)))
    (folder / "documents.parquet").mkdir()
    size = 0
    with (folder / "documents.jsonl").open("w", encoding="ascii") as lines:
        for file, start in enumerate(range(0, documents, rows)):
            numbers = range(start, min(start + rows, documents))
            # One draw for all single documents of a file: a call costs more than its words.
            ends = np.cumsum(maker.lengths(len(numbers)))
            drawn = named[maker.draw(int(ends[-1]))].tolist()
            texts = [
                " ".join(named[planted[number]].tolist() if number in planted else drawn[begin:end])
                for number, begin, end in zip(numbers, [0, *ends], ends, strict=False)
            ]
            size += sum(map(len, texts))
            ids = [f"{number:032d}" for number in numbers]
            # Letters and spaces alone: nothing to escape.
            lines.writelines(
                f'{{"doc_id": "{doc_id}", "text": "{text}"}}\n'
                for doc_id, text in zip(ids, texts, strict=True)
            )
            table = pa.table(
                {"doc_id": ids, "number": pa.array(numbers, pa.int64()), "text": texts}
            )
            path = folder / "documents.parquet" / f"part-{file:05d}.parquet"
            parquet.write_table(table, path, row_group_size=_ROW_GROUP, use_dictionary=False)
            if file == 0:
                parquet.write_table(table.slice(0, FEW), folder / "few.parquet")
    return size
