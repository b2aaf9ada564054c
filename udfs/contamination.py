"""documents -> contamination: which documents hold items of a benchmark, and where.

Two rules, as MathCoder2 (Lu et al. 2024, arXiv 2410.08196) applies them to its corpus:

- `substring`: the whole item in normal form (`udfs.normal`) stands in the document. An item of
  fewer words than an n-gram must agree to the sign (`2+3` is not `2-3`), and one that is too
  short to tell anything (`MIN_WORDS`, `MIN_CHARACTERS`) is not looked for.
- `ngram`: the n-grams of the item and those of a window of the document have a Jaccard similarity
  over the limit. The window is as many n-grams as the item has, and the best of the document
  counts: against the whole of a long document, no item would ever reach the limit.

The n-grams of all items stand in one sorted array, loaded once a worker. A document costs its
n-grams' hashes and one look-up in a bit table for each, however many items there are.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import parquet

from conf import tables
from udfs import normal, shingles, storage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# The shortest item that is looked for. "Compute $2^3$." stands in many an innocent text.
MIN_WORDS = 5
MIN_CHARACTERS = 20  # letters, digits and signs

MATCHED_CHARACTERS = 1000  # of the matched span that a row quotes
_ROWS = 256  # of a batch that is worked on at a time
# Places of the table for each n-gram: at most one strange n-gram in 16 needs a real look-up.
_FILTER_PLACES = 16


Items: TypeAlias = npt.NDArray[np.int64]


class BenchmarkError(ValueError):
    """A benchmark file that cannot be used; the message names file, row and field."""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark file and how to read it.

    Attributes:
        name: as `contamination.benchmark` holds it.
        path: JSONL or Parquet file (`.parquet`), local or a URL.
        fields: fields that are looked for, each by itself.
        id: field with the item's id; the row number from 0 is taken where it is missing.
        version: hash of the file (`version_of`).
    """

    name: str
    path: str
    fields: tuple[str, ...]
    id: str
    version: str


@dataclass(frozen=True)
class Item:
    """One field of one item of a benchmark.

    Attributes:
        benchmark: name of the benchmark.
        item_id: id of the item.
        text: the field as it stands.
    """

    benchmark: str
    item_id: str
    text: str


def version_of(path: str) -> str:
    """Return the SHA-256 of a benchmark file, hexadecimal.

    Raises:
        BenchmarkError: the file cannot be read.
    """
    return hashlib.sha256(_read(path)).hexdigest()


def load_benchmark(benchmark: Benchmark) -> list[Item]:
    """Read the items of a benchmark.

    Returns:
        Items in the order of the file; a field that is a list of texts gives one for each.

    Raises:
        BenchmarkError: the file cannot be read, is not what its version says, or a row of it is
            no object or lacks a field.
    """
    data = _read(benchmark.path)
    if hashlib.sha256(data).hexdigest() != benchmark.version:
        raise BenchmarkError(f"{benchmark.path}: changed while it was in use; run the job again")
    items = []
    for number, row in enumerate(_rows(benchmark, data)):
        found = row.get(benchmark.id)
        item_id = str(number if found is None else found)
        for field in benchmark.fields:
            if field not in row:
                raise BenchmarkError(
                    f"{benchmark.path}: row {number}: no field {field!r}; there are "
                    f"{', '.join(row) or 'none'}"
                )
            value = row[field]
            texts = value if isinstance(value, list) else [value]
            for text in texts:
                if not isinstance(text, str):
                    raise BenchmarkError(
                        f"{benchmark.path}: row {number}: field {field!r} is no text but "
                        f"{type(text).__name__}"
                    )
                items.append(Item(benchmark.name, item_id, text))
    return items


def _read(path: str) -> bytes:
    try:
        return storage.read_bytes(path)
    except (OSError, ValueError) as error:
        raise BenchmarkError(f"{path}: cannot be read: {error}") from error


def _rows(benchmark: Benchmark, data: bytes) -> Iterator[dict[str, Any]]:
    if benchmark.path.endswith(".parquet"):
        try:
            table = parquet.ParquetFile(io.BytesIO(data)).read()
        except (OSError, pa.ArrowException) as error:
            raise BenchmarkError(f"{benchmark.path}: no Parquet file: {error}") from error
        yield from table.to_pylist()
        return
    lines = [line for line in data.split(b"\n") if line.strip()]
    for number, line in enumerate(lines):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BenchmarkError(f"{benchmark.path}: row {number}: no JSON: {error}") from error
        if not isinstance(row, dict):
            raise BenchmarkError(f"{benchmark.path}: row {number}: no JSON object")
        yield row


@dataclass(frozen=True)
class Overlap:
    """One item found in a document.

    Attributes:
        item: what was found.
        rule: `substring` or `ngram`.
        overlap: Jaccard similarity of the n-grams; 1.0 for `substring`.
        start: first character of the match.
        end: character after it.
    """

    item: Item
    rule: str
    overlap: float
    start: int
    end: int


class Document:
    """A text in the forms in which items are looked for; what few texts need comes late."""

    def __init__(self, text: str) -> None:
        """Find the words of a text."""
        self.text = text
        # One a word.
        self.words = shingles.hash_words(normal.canonical(text))
        self._ngrams: dict[int, shingles.Hashes] = {}

    def ngrams(self, ngram: int) -> shingles.Hashes:
        """Return the hash of the n-gram that starts at each word."""
        if ngram not in self._ngrams:
            self._ngrams[ngram] = shingles.hash_ngrams(self.words, ngram)
        return self._ngrams[ngram]

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Where each word stands in the text."""
        return normal.spans(self.text)

    def holds(self, words: shingles.Hashes, place: int) -> bool:
        """Return whether these words stand from a place on."""
        return place >= 0 and np.array_equal(self.words[place : place + len(words)], words)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return the characters of the words from `first` to before `last`."""
        spans = self.spans[first:last]
        return min(start for start, _ in spans), max(end for _, end in spans)

    def squeezed(self, first: int, last: int) -> str:
        """Return the words from `first` to before `last` with the signs in and around them."""
        start, end = self.span(first, last)
        before = self.spans[first - 1][1] if first else 0
        after = self.spans[last][0] if last < len(self.spans) else len(self.text)
        return normal.squeeze(self.text[min(before, start) : max(after, end)])


class Index:
    """The n-grams of the items of all benchmarks, to be looked up.

    An item of at least `ngram` words is found by its n-grams. A shorter one is found by one run
    of `MIN_WORDS` of its words, the one that fewest items share: "what is the value of" would
    call up hundreds of them.

    Attributes:
        ngram: words in an n-gram.
        items: the items that are looked for, those too short left out.
        skipped: how many items are too short to be looked for.
    """

    def __init__(self, items: Sequence[Item], ngram: int) -> None:
        """Index items."""
        self.ngram = ngram
        self.items: list[Item] = []
        self.skipped = 0
        self._words: list[shingles.Hashes] = []
        self._squeezed: list[str] = []
        for item in items:
            words = shingles.hash_words(normal.canonical(item.text))
            squeezed = normal.squeeze(item.text)
            if len(words) < MIN_WORDS or len(squeezed) < MIN_CHARACTERS:
                self.skipped += 1
                continue
            self.items.append(item)
            self._words.append(words)
            self._squeezed.append(squeezed)
        is_long = [len(words) >= ngram for words in self._words]
        # Of each long item, in order.
        self._ngrams = {
            number: shingles.hash_ngrams(words, ngram)
            for number, words in enumerate(self._words)
            if is_long[number]
        }
        runs = {
            number: shingles.hash_ngrams(words, MIN_WORDS)
            for number, words in enumerate(self._words)
            if not is_long[number]
        }
        shared = Counter(run for found in runs.values() for run in set(found.tolist()))
        # Where the run of each short item stands in it.
        self._run_at = {
            number: min(range(len(found)), key=lambda at: shared[int(found[at])])
            for number, found in runs.items()
        }
        self._long = _Grams({number: np.unique(found) for number, found in self._ngrams.items()})
        self._short = _Grams(
            {number: found[self._run_at[number]][None] for number, found in runs.items()}
        )

    def overlaps(self, document: Document, jaccard: float) -> list[Overlap]:
        """Find the items that a document holds.

        Args:
            document: to search.
            jaccard: similarity over which an item counts as leaked.

        Returns:
            At most one overlap an item id of a benchmark, in the order of items: a whole item
            before a similar one, then the more similar one, then the earlier.
        """
        found: dict[tuple[str, str], Overlap] = {}
        windows: dict[int, _Window] = {}
        for number, places in self._short.look_up(document, MIN_WORDS).items():
            if window := self._whole_short(document, number, places):
                windows[number] = window
        for number, places in self._long.look_up(document, self.ngram).items():
            window = self._whole(document, number, places) or self._similar(
                document, number, places, jaccard
            )
            if window:
                windows[number] = window
        for number, (first, last, rule, overlap) in sorted(windows.items()):
            item = self.items[number]
            known = found.get((item.benchmark, item.item_id))
            # "substring" comes after "ngram".
            if known is None or (rule, overlap) > (known.rule, known.overlap):
                found[item.benchmark, item.item_id] = Overlap(
                    item, rule, overlap, *document.span(first, last)
                )
        return list(found.values())

    def _whole_short(
        self, document: Document, number: int, places: Sequence[int]
    ) -> _Window | None:
        """Find all words and all signs of an item that has fewer words than an n-gram."""
        words = self._words[number]
        for place in places:
            first = place - self._run_at[number]
            last = first + len(words)
            if document.holds(words, first) and self._squeezed[number] in document.squeezed(
                first, last
            ):
                return first, last, "substring", 1.0
        return None

    def _whole(self, document: Document, number: int, places: Sequence[int]) -> _Window | None:
        """Find all words of an item."""
        words = self._words[number]
        opening = self._ngrams[number][0]
        grams = document.ngrams(self.ngram)
        for place in places:
            if grams[place] == opening and document.holds(words, place):
                return place, place + len(words), "substring", 1.0
        return None

    def _similar(
        self, document: Document, number: int, places: Sequence[int], jaccard: float
    ) -> _Window | None:
        """Find the first of the windows of the item's length that are most like it."""
        width = len(self._ngrams[number])
        size = len(set(self._ngrams[number].tolist()))
        grams = document.ngrams(self.ngram)
        # N-grams of a window: a document shorter than the item is one window.
        window = min(width, len(grams))
        inside: Counter[int] = Counter()
        left = 0
        best: _Window | None = None
        for place in places:
            inside[int(grams[place])] += 1
            while places[left] <= place - width:
                gone = int(grams[places[left]])
                inside[gone] -= 1
                if not inside[gone]:
                    del inside[gone]
                left += 1
            similarity = len(inside) / (window + size - len(inside))
            if similarity > jaccard and (best is None or similarity > best[3]):
                best = (places[left], place + self.ngram, "ngram", similarity)
        return best


# First word, word after the last, rule, overlap.
_Window = tuple[int, int, str, float]


class _Grams:
    """Sorted n-grams with the items they come from, behind a table of bits."""

    def __init__(self, hashes: Mapping[int, shingles.Hashes]) -> None:
        """Index n-grams by item number."""
        flat = np.concatenate([np.empty(0, np.uint64), *hashes.values()])
        items: Items = np.repeat(
            np.array(list(hashes), np.int64), [len(found) for found in hashes.values()]
        )
        order = np.lexsort((items, flat))
        self._hashes = flat[order]
        self._items = items[order]
        bits = max(16, (len(flat) * _FILTER_PLACES).bit_length())
        self._shift = np.uint64(64 - bits)
        self._filter = np.zeros(2**bits, np.bool_)
        self._filter[self._hashes >> self._shift] = True

    def look_up(self, document: Document, ngram: int) -> dict[int, list[int]]:
        """Return the places of a document's n-grams, ascending, by the item that has them."""
        found: dict[int, list[int]] = {}
        if not len(self._hashes):
            return found
        grams = document.ngrams(ngram)
        places: Items = np.flatnonzero(self._filter[grams >> self._shift])
        if not len(places):
            return found
        starts: Items = np.searchsorted(self._hashes, grams[places], "left")
        ends: Items = np.searchsorted(self._hashes, grams[places], "right")
        real: Items = np.flatnonzero(starts < ends)
        for place, start, end in zip(
            places[real].tolist(), starts[real].tolist(), ends[real].tolist(), strict=True
        ):
            for item in self._items[start:end].tolist():
                found.setdefault(item, []).append(place)
        return found


@cache
def index(benchmarks: tuple[Benchmark, ...], ngram: int) -> Index:
    """Load and index benchmarks, once a worker.

    Raises:
        BenchmarkError: a file cannot be used.
    """
    return Index([item for one in benchmarks for item in load_benchmark(one)], ngram)


def find_overlaps(
    batches: Iterable[pa.RecordBatch],
    *,
    benchmarks: Sequence[Benchmark],
    ngram: int = 13,
    jaccard: float = 0.6,
) -> Iterator[pa.RecordBatch]:
    """Find the benchmark items that documents hold.

    Args:
        batches: rows of `documents`; reads `doc_id` and `text`.
        benchmarks: what to look for.
        ngram: words in an n-gram, at least 2.
        jaccard: similarity over which an item counts as leaked, 0 to 1.

    Yields:
        Rows of `contamination`, in order of documents, benchmarks and items. This is the one
        stage where most rows in leave no row: a clean document has none.

    Raises:
        BenchmarkError: a benchmark file cannot be used. No document raises.
        ValueError: `ngram` or `jaccard` is out of its range.
    """
    if ngram < 2 or not 0 <= jaccard <= 1:
        raise ValueError(f"ngram {ngram} must be at least 2, jaccard {jaccard} in [0, 1]")
    indexed = index(tuple(benchmarks), ngram)
    versions = {benchmark.name: benchmark.version for benchmark in benchmarks}
    schema = tables.arrow_schema("contamination")
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS):
            part = batch.slice(start, _ROWS)
            texts = zip(part["doc_id"].to_pylist(), part["text"].to_pylist(), strict=True)
            rows = [
                _row(doc_id, text, found, versions)
                for doc_id, text in texts
                if text
                for found in indexed.overlaps(Document(text), jaccard)
            ]
            yield pa.RecordBatch.from_pylist(rows, schema=schema)


def _row(doc_id: str, text: str, found: Overlap, versions: Mapping[str, str]) -> dict[str, object]:
    return {
        "doc_id": doc_id,
        "benchmark": found.item.benchmark,
        "item_id": found.item.item_id,
        "rule": found.rule,
        "overlap": found.overlap,
        "benchmark_version": versions[found.item.benchmark],
        "span_start": found.start,
        "span_end": found.end,
        "matched": text[found.start : found.end][:MATCHED_CHARACTERS],
    }
