"""LSH buckets -> pairs of documents to compare: at most two a document, however large a bucket.

The first `FEW` documents of a bucket are compared with each other. Of the others, those that share
the next band too with an earlier one are compared with the first such only; those that do not, with
the first of all and with the last before that did not. A bucket of a million thus costs at most two
million pairs, and where it holds one cluster, whose members have the same first in most bands,
hardly more than one a document. A bucket full of strangers, where a star alone would be broken by a
strange hub, is held together by the next band.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Documents of a bucket that are all compared: 10 pairs, two for each.
FEW = 5

_Places: TypeAlias = npt.NDArray[np.intp]
_Flags: TypeAlias = npt.NDArray[np.bool_]
_SCHEMA = pa.schema([("left", pa.int64()), ("right", pa.int64())])


def pair(batches: Iterable[pa.RecordBatch], *, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
    """Pair the documents of buckets.

    Args:
        batches: `band`, `next` (the band after it) and `node` (a number for the document), all
            int64, sorted in this order, with all rows of a band.
        rows: how many are worked on at a time, at least.

    Yields:
        `left` and `right` (nodes), left over right; a pair may come from several bands.
    """
    last: _Row | None = None
    # Of the last bucket, as long as it is small.
    held: pa.RecordBatch | None = None
    for batch in _gathered(batches, rows):
        whole = batch if held is None else pa.concat_batches([held, batch])
        bands = whole["band"].to_numpy()
        start = int(np.searchsorted(bands, bands[-1]))
        is_small = whole.num_rows - start <= FEW and (last is None or last.band != bands[-1])
        held = whole.slice(start) if is_small else None
        if done := start if is_small else whole.num_rows:
            made, last = _pair(whole.slice(0, done), last)
            yield made
    if held is not None:
        yield _pair(held, last)[0]


def _gathered(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Put batches together to large ones: each costs dozens of passes over arrays."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        if count >= rows:
            yield pa.concat_batches(waiting)
            waiting, count = [], 0
    if count:
        yield pa.concat_batches(waiting)


class _Row(NamedTuple):
    """The last row of a batch; it stands in its bucket after the first few."""

    band: int
    next: int
    first: int  # node of its bucket's first row
    first_alike: int  # the same of the rows with its next band


def _pair(batch: pa.RecordBatch, last: _Row | None) -> tuple[pa.RecordBatch, _Row]:
    """Pair the rows of a batch; a bucket that began before it is that of the last row before."""
    bands, nexts = (batch[name].to_numpy() for name in ("band", "next"))
    is_first = _differs(bands, last and last.band)
    is_first_alike = is_first | _differs(nexts, last and last.next)
    # Places among the two documents of before and those of the batch.
    before = [last.first, last.first_alike] if last else [0, 0]
    nodes = np.concatenate((np.array(before, np.int64), batch["node"].to_numpy()))
    own: _Places = np.arange(batch.num_rows) + 2
    first: _Places = np.maximum.accumulate(np.where(is_first, own, 0))
    first_alike: _Places = np.maximum.accumulate(np.where(is_first_alike, own, 1))
    first_before: _Places = np.concatenate(([1], first_alike[:-1]))

    place = np.where(first == 0, FEW, own - first)
    is_few = place < FEW
    pairs = []
    for earlier in range(FEW - 1):
        few = np.flatnonzero(is_few & (place > earlier))
        pairs.append((own[few], first[few] + earlier))
    alike = np.flatnonzero(~is_few & ~is_first_alike)
    apart = np.flatnonzero(~is_few & is_first_alike)
    # Where the last before is the first of all, once is enough.
    twice = apart[first[apart] != first_before[apart]]
    pairs += [
        (own[alike], first_alike[alike]),
        (own[apart], first_before[apart]),
        (own[twice], first[twice]),
    ]
    one, other = (nodes[np.concatenate(side)] for side in zip(*pairs, strict=True))
    ordered = [pa.array(np.maximum(one, other)), pa.array(np.minimum(one, other))]
    made = pa.RecordBatch.from_arrays(ordered, schema=_SCHEMA)
    return made, _Row(bands[-1], nexts[-1], nodes[first[-1]], nodes[first_alike[-1]])


def _differs(values: npt.NDArray[np.int64], last: int | None) -> _Flags:
    """Return whether each value differs from the one before it."""
    differs: _Flags = np.empty(len(values), np.bool_)
    differs[0] = last is None or values[0] != last
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs
