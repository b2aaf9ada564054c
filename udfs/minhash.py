"""documents -> signatures: what is needed to compare a document with all others without its text.

A document's words (`udfs.normal`) give the set of its n-grams, its shingles. The smallest value of
each of several hash functions over that set is its MinHash: two documents agree at each place with
the probability of their sets' Jaccard similarity. Bands of places, hashed, bring documents together
that may be similar (Broder 1997; Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter
3). Whether they are is told by one of two signatures:

- `jaccard`: the hashes of the shingles themselves, so that the similarity is exact; of a long
  document the smallest `MAX_SHINGLES`, an even sample (Bar-Yossef et al. 2002, "Counting Distinct
  Elements in a Data Stream");
- `signature`: the low 16 bits of the MinHash values, which give an estimate in a fifth of the space
  (Li and König 2010, "b-Bit Minwise Hashing").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from conf import tables
from udfs import normal, shingles
from udfs.keys import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What a change of the code below means for the signatures of the same text.
METHOD = "minhash-2"

Verify: TypeAlias = Literal["jaccard", "signature"]
Shingle: TypeAlias = Literal["words", "characters"]

# Most MinHash values of a document. Where they only make bands, few are enough; as an estimate,
# its standard error near 0.8 is 0.03 with so many.
MAX_VALUES: dict[Verify, int] = {"jaccard": 128, "signature": 256}
# Share of the pairs right at the threshold that no band may bring together.
MISSED = 0.01
# Most shingles in a signature, 32 KiB: the standard error near 0.8 is then 0.004, for documents
# of more words only.
MAX_SHINGLES = 8192

_VALUE_BITS = 16
_ROWS = 256  # of a batch that is yielded
# Shingles at a time: the block of all hash functions over them stays in a core's L2 cache.
_BLOCK = 512

Values: TypeAlias = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Bands:
    """How a signature is cut.

    Attributes:
        bands: hashed pieces of the signature; documents with one in common are compared.
        rows: MinHash values in a band.
    """

    bands: int
    rows: int

    @property
    def values(self) -> int:
        """MinHash values in a signature."""
        return self.bands * self.rows

    def probability(self, jaccard: float) -> float:
        """Return how likely a pair of that similarity shares a band: 1 - (1 - s^r)^b."""
        return 1 - (1 - jaccard**self.rows) ** self.bands


def bands_for(jaccard: float, values: int, missed: float = MISSED) -> Bands:
    """Derive bands and rows from the threshold and the share of pairs that may be missed.

    A pair of similarity s shares none of b bands of r rows with probability (1 - s^r)^b
    ("Mining of Massive Datasets", 3.4.2). More rows make fewer pairs below the threshold meet,
    and need more bands: the most rows are taken whose bands fit into `values`.

    Args:
        jaccard: similarity from which pairs are wanted, over 0 and under 1.
        values: most MinHash values.
        missed: most probability with which a pair right at `jaccard` shares no band.

    Raises:
        ValueError: `jaccard` or `missed` is no probability between 0 and 1, or not even bands
            of one row fit.
    """
    if not 0 < jaccard < 1 or not 0 < missed < 1:
        raise ValueError(f"jaccard {jaccard} and missed {missed} must lie between 0 and 1")
    best = None
    for rows in range(1, values + 1):
        bands = math.ceil(math.log(missed) / math.log1p(-(jaccard**rows)))
        if bands * rows > values:
            break
        best = Bands(bands, rows)
    if best is None:
        raise ValueError(
            f"jaccard {jaccard}: {values} MinHash values miss more than {missed:.0%} of the "
            "pairs; take a higher jaccard"
        )
    return best


@dataclass(frozen=True)
class Method:
    """How documents are signed; only signatures of one method can be compared.

    Attributes:
        jaccard: similarity at which two documents are one.
        ngram: words or characters in a shingle.
        shingle: of which it consists.
        verify: what the signature holds.
    """

    jaccard: float
    ngram: int
    shingle: Shingle = "words"
    verify: Verify = "jaccard"

    def __post_init__(self) -> None:
        """Refuse n-grams that have no hash."""
        if not 1 <= self.ngram <= shingles.MAX_NGRAM:
            raise ValueError(f"ngram {self.ngram} must be 1 to {shingles.MAX_NGRAM}")

    @property
    def bands(self) -> Bands:
        """How the MinHash values are cut.

        Raises:
            ValueError: `jaccard` is too low for `MAX_VALUES`.
        """
        return bands_for(self.jaccard, MAX_VALUES[self.verify])

    def __str__(self) -> str:
        """Return the name that the rows of `signatures` carry."""
        cut = self.bands
        return (
            f"{METHOD}/{normal.METHOD}/{self.ngram}-{self.shingle}/{cut.bands}x{cut.rows}"
            f"/{self.verify}"
        )


def shingle(text: str, method: Method) -> Values:
    """Hash the shingles of a document.

    Args:
        text: its normal form, as `normal.canonical` gives it.
        method: says what a shingle is.

    Returns:
        (shingles,), uint32, sorted, each once. A document with fewer words than an n-gram has is
        one shingle; one without words has none.
    """
    if method.shingle == "words":
        hashed = shingles.hash_words(text)
    else:
        hashed = shingles.hash_characters(normal.collapse(text))
    grams = shingles.hash_ngrams(hashed, min(method.ngram, len(hashed)) or 1)
    found = (grams >> np.uint64(32)).astype(np.uint32)
    found.sort()
    if len(found) > 1:
        found = found[np.concatenate(([True], found[1:] != found[:-1]))]
    return found


class MinHash:
    """The hash functions of a signature, and room to work in.

    Each place has its own function a * x + b modulo 2**32 with odd a, where x is the shingle's
    hash, which is well mixed already.
    """

    def __init__(self, values: int) -> None:
        """Take the functions of so many places."""
        drawn = shingles.constants(values, "minhash functions")
        # (values, 1) each.
        self._multipliers = ((drawn >> np.uint64(32)).astype(np.uint32) | np.uint32(1))[:, None]
        self._offsets = drawn.astype(np.uint32)[:, None]
        # Made once: so much memory is asked of the system each time, and costs more than the work.
        self._block: Values = np.empty(values * _BLOCK, np.uint32)

    def __call__(self, shingled: Values) -> Values:
        """Compute MinHash values.

        Args:
            shingled: (shingles,), uint32, at least one.

        Returns:
            (values,), uint32.
        """
        values = len(self._offsets)
        least: Values = np.full(values, 2**32 - 1, np.uint32)
        for start in range(0, len(shingled), _BLOCK):
            part = shingled[start : start + _BLOCK]
            # (values, shingles of the block)
            hashed = self._block[: values * len(part)].reshape(values, len(part))
            np.multiply(self._multipliers, part, out=hashed)
            hashed += self._offsets
            np.minimum(least, hashed.min(axis=1), out=least)
        return least


def band_hashes(values: Values, cut: Bands) -> npt.NDArray[np.int64]:
    """Hash each band of MinHash values; equal bands at different places differ.

    Args:
        values: (documents, bands * rows), uint32.
        cut: bands and rows.

    Returns:
        (documents, bands), int64.
    """
    places = values.reshape(-1, cut.bands, cut.rows).astype(np.uint64)
    hashed = np.broadcast_to(_band_seeds(cut.bands), places.shape[:2]).copy()
    for row in range(cut.rows):
        hashed ^= places[:, :, row]
        hashed = shingles.mix(hashed)
    return hashed.view(np.int64)


@cache
def _band_seeds(bands: int) -> shingles.Hashes:
    return shingles.constants(bands, "minhash bands")


def estimate(left: bytes, right: bytes) -> float:
    """Estimate the Jaccard similarity of two documents from their MinHash values.

    Equal low bits of different values, one in 65,536, are taken off (Li and König 2010).

    Args:
        left: a signature of the kind `signature`.
        right: another of the same method.

    Returns:
        0 to 1; 0 where a signature is empty.

    Raises:
        ValueError: the signatures are of different length: of different methods.
    """
    if not left or not right:
        return 0.0
    if len(left) != len(right):
        raise ValueError(f"signatures of {len(left)} and {len(right)} bytes cannot be compared")
    equal = np.frombuffer(left, "<u2") == np.frombuffer(right, "<u2")
    chance = 2.0**-_VALUE_BITS
    return max(0.0, (np.count_nonzero(equal) / len(equal) - chance) / (1 - chance))


def measure(left: bytes, right: bytes) -> float:
    """Measure the Jaccard similarity of two documents from the hashes of their shingles.

    Exact where both have at most `MAX_SHINGLES`. Else the values are compared up to the smaller
    of the largest kept: below it neither signature lacks any.

    Args:
        left: a signature of the kind `jaccard`.
        right: another of the same method.

    Returns:
        0 to 1; 0 where a signature is empty.
    """
    if not left or not right:
        return 0.0
    one, two = np.frombuffer(left, "<u4"), np.frombuffer(right, "<u4")
    for cut, other in ((one, two), (two, one)):
        if len(cut) == MAX_SHINGLES and other[-1] > cut[-1]:
            kept = other[: np.searchsorted(other, cut[-1], "right")]
            one, two = cut, kept
    if not len(two):
        return 0.0
    if len(one) < len(two):
        one, two = two, one
    # What is larger than all has no place, and is not equal to the last.
    nearest = one.take(np.searchsorted(one, two), mode="clip")
    common = int(np.count_nonzero(nearest == two))
    return common / (len(one) + len(two) - common)


def url_key(url: str | None) -> str | None:
    """Return one spelling for the URLs that name the same page; None without a host.

    Scheme, `www.`, default port, fragment, a trailing slash, the order of parameters and those
    that only track where a reader came from make no difference. Path and values keep their case.
    """
    try:
        parts = urlsplit((url or "").strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        return None  # e.g. brackets that enclose no IPv6 address, or a port that is no number
    if not host:
        return None
    host = host.rstrip(".").removeprefix("www.")
    if port is not None and port not in (80, 443):
        host = f"{host}:{port}"
    path = quote(unquote(parts.path, errors="surrogateescape"), safe="/~", errors="surrogateescape")
    named = [
        pair
        for pair in parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
        if not pair[0].startswith("utm_") and pair[0] not in _TRACKING
    ]
    query = urlencode(sorted(named), errors="surrogateescape")
    # Pages of one-page applications are told apart behind `#!`.
    fragment = f"#{parts.fragment}" if parts.fragment.startswith("!") else ""
    return f"{host}{path.rstrip('/')}{'?' if query else ''}{query}{fragment}"


_TRACKING = frozenset(("fbclid", "gclid", "dclid", "msclkid", "mc_cid", "mc_eid", "igshid"))


def sign(batches: Iterable[pa.RecordBatch], *, method: Method) -> Iterator[pa.RecordBatch]:
    """Sign documents.

    Args:
        batches: rows of `documents`; reads `doc_id`, `crawl`, `url` and `text`.
        method: how.

    Yields:
        Rows of `signatures`, one a document, in order. A document without words has neither
        bands nor a signature. Only captures of a crawl have `url_hash`: what was imported may
        name one URL for many texts.

    Raises:
        ValueError: the method's `jaccard` is too low for `MAX_VALUES`. No document raises.
    """
    cut, named = method.bands, str(method)
    minhash = MinHash(cut.values)
    schema = tables.arrow_schema("signatures")
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS):
            part = batch.slice(start, _ROWS)
            signed = [_sign_one(text or "", method, minhash) for text in part["text"].to_pylist()]
            filled = [one.values for one in signed if len(one.values)]
            bands = band_hashes(np.array(filled, np.uint32), cut).ravel()
            ends = np.cumsum([0, *(cut.bands if len(one.values) else 0 for one in signed)])
            hosted = zip(part["url"].to_pylist(), part["crawl"].to_pylist(), strict=True)
            columns = {
                "doc_id": part["doc_id"],
                "method": pa.array([named] * len(signed), pa.string()),
                "crawl": part["crawl"],
                "shingles": pa.array([one.shingles for one in signed], pa.int64()),
                "text_hash": pa.array([one.text_hash for one in signed], pa.string()),
                "url_hash": pa.array(
                    [None if crawl is None else _url_hash(url) for url, crawl in hosted],
                    pa.string(),
                ),
                "bands": pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(bands)),
                "signature": pa.array([one.signature for one in signed], pa.binary()),
            }
            ordered = [columns[name].cast(schema.field(name).type) for name in schema.names]
            yield pa.RecordBatch.from_arrays(ordered, schema=schema)


class _Signed(NamedTuple):
    shingles: int
    text_hash: str
    values: Values  # empty for a text without words
    signature: bytes


def _sign_one(text: str, method: Method, minhash: MinHash) -> _Signed:
    canonical = normal.canonical(text)
    found = shingle(canonical, method)
    if not len(found):
        # Texts without any word are one only when they are equal as they stand.
        return _Signed(0, key("raw", text), found, b"")
    values = minhash(found)
    if method.verify == "jaccard":
        signature = found[:MAX_SHINGLES].astype("<u4").tobytes()
    else:
        signature = (values & np.uint32(2**_VALUE_BITS - 1)).astype("<u2").tobytes()
    return _Signed(len(found), key("words", normal.pack(canonical)), values, signature)


def _url_hash(url: str | None) -> str | None:
    canonical = url_key(url)
    return None if canonical is None else key(canonical)


def compare(batches: Iterable[pa.RecordBatch], *, verify: Verify) -> Iterator[pa.RecordBatch]:
    """Find the similarity of pairs of documents.

    Args:
        batches: rows with `is_equal` (whether the texts are), `left_signature` and
            `right_signature`, signatures of one method, and any other columns.
        verify: what the signatures hold.

    Yields:
        The other columns and `jaccard` (double), one row a pair, in order.

    Raises:
        ValueError: signatures of different methods were paired.
    """
    similarity = measure if verify == "jaccard" else estimate
    for batch in batches:
        others = [n for n in batch.schema.names if n not in ("left_signature", "right_signature")]
        for start in range(0, batch.num_rows, _ROWS * 16):
            part = batch.slice(start, _ROWS * 16)
            pairs = zip(
                part["is_equal"].to_pylist(),
                part["left_signature"].to_pylist(),
                part["right_signature"].to_pylist(),
                strict=True,
            )
            found = [1.0 if equal else similarity(left, right) for equal, left, right in pairs]
            jaccard = pa.array(found, pa.float64())
            yield pa.RecordBatch.from_arrays(
                [*(part[name] for name in others), jaccard], names=[*others, "jaccard"]
            )
