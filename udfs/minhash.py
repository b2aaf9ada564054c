"""documents -> signatures: what is needed to compare a document with all others without its text.

A document's words (`udfs.normal`) give the set of its word n-grams, its shingles; the smallest
value of each of several hash functions over that set is its MinHash signature: two signatures
agree at each place with the probability of the sets' Jaccard similarity. Bands of places, hashed,
bring documents together that may be similar (Broder 1997; Leskovec, Rajaraman, Ullman, "Mining of
Massive Datasets", chapter 3). Of each value the low 16 bits are kept: that two different values
agree in them is rare, and known (Li and König 2010, "b-Bit Minwise Hashing").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias
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
METHOD = "minhash-1"

# Most MinHash values of a document: the standard error of an estimate near 0.8 is then 0.03.
MAX_VALUES = 256
# Share of the pairs right at the threshold that no band may bring together.
MISSED = 0.01

_VALUE_BITS = 16
_ROWS = 256  # of a batch that is yielded
# Shingles at a time: the block of all hash functions over them stays in a core's L2 cache.
_BLOCK = 512

Values: TypeAlias = npt.NDArray[np.uint16]


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


def bands_for(jaccard: float, missed: float = MISSED, values: int = MAX_VALUES) -> Bands:
    """Derive bands and rows from the threshold and the share of pairs that may be missed.

    A pair of similarity s shares none of b bands of r rows with probability (1 - s^r)^b
    ("Mining of Massive Datasets", 3.4.2). More rows make fewer pairs below the threshold meet,
    and need more bands: the most rows are taken whose bands fit into `values`.

    Args:
        jaccard: similarity from which pairs are wanted, over 0 and under 1.
        missed: most probability with which a pair right at `jaccard` shares no band.
        values: most MinHash values.

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


def method(*, ngram: int, jaccard: float) -> str:
    """Name what made a signature; only signatures of one method can be compared."""
    cut = bands_for(jaccard)
    return f"{METHOD}/{normal.METHOD}/{ngram}-grams/{cut.bands}x{cut.rows}"


def shingle(words: list[str], ngram: int) -> shingles.Hashes:
    """Hash the shingles of a document.

    Args:
        words: of its normal form.
        ngram: words in a shingle, at least 1.

    Returns:
        (shingles,), uint64, sorted, each once. A document with fewer words than `ngram` is one
        shingle; one without words has none.
    """
    hashed = shingles.hash_words(words)
    found = shingles.hash_ngrams(hashed, min(ngram, len(words)) or 1)
    found.sort()
    if len(found) > 1:
        found = found[np.concatenate(([True], found[1:] != found[:-1]))]
    return found


def minhash(shingled: shingles.Hashes, values: int) -> Values:
    """Compute a MinHash signature.

    Each place has its own hash function a * x + b modulo 2**32 with odd a, where x is the upper
    half of the shingle's hash, which is well mixed already.

    Args:
        shingled: (shingles,), uint64.
        values: places of the signature.

    Returns:
        (values,), uint16: the low 16 bits of each minimum; empty for a document without shingles.
    """
    if not len(shingled):
        return np.empty(0, np.uint16)
    multipliers, offsets = _functions(values)
    upper = (shingled >> np.uint64(32)).astype(np.uint32)
    least: npt.NDArray[np.uint32] = np.full(values, 2**32 - 1, np.uint32)
    block: npt.NDArray[np.uint32] = np.empty((values, min(_BLOCK, len(upper))), np.uint32)
    for start in range(0, len(upper), _BLOCK):
        part = upper[start : start + _BLOCK]
        # (values, shingles of the block)
        hashed = block[:, : len(part)]
        np.multiply(multipliers, part, out=hashed)
        hashed += offsets
        np.minimum(least, hashed.min(axis=1), out=least)
    return (least & np.uint32(2**_VALUE_BITS - 1)).astype(np.uint16)


@cache
def _functions(values: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Return multipliers (odd) and offsets of the hash functions, each (values, 1), uint32."""
    drawn = shingles.constants(values, "minhash functions")
    multipliers = (drawn >> np.uint64(32)).astype(np.uint32) | np.uint32(1)
    offsets = (drawn & np.uint64(2**32 - 1)).astype(np.uint32)
    return multipliers[:, None], offsets[:, None]


def band_hashes(signatures: Values, cut: Bands) -> npt.NDArray[np.int64]:
    """Hash each band of signatures; equal bands at different places differ.

    Args:
        signatures: (documents, bands * rows), uint16.
        cut: bands and rows.

    Returns:
        (documents, bands), int64.
    """
    places = signatures.reshape(-1, cut.bands, cut.rows).astype(np.uint64)
    value = np.broadcast_to(_band_seeds(cut.bands), places.shape[:2]).copy()
    for row in range(cut.rows):
        value ^= places[:, :, row]
        value = shingles.mix(value)
    return value.view(np.int64)


@cache
def _band_seeds(bands: int) -> shingles.Hashes:
    return shingles.constants(bands, "minhash bands")


def estimate(left: bytes, right: bytes) -> float:
    """Estimate the Jaccard similarity of two documents from their signatures.

    Equal low bits of different values, one in 65,536, are taken off (Li and König 2010).

    Returns:
        0 to 1; 0 where a signature is empty.

    Raises:
        ValueError: the signatures are of different length: of different methods.
    """
    if not left or not right:
        return 0.0
    if len(left) != len(right):
        raise ValueError(f"signatures of {len(left)} and {len(right)} bytes cannot be compared")
    equal = np.frombuffer(left, np.uint16) == np.frombuffer(right, np.uint16)
    return _corrected(float(np.count_nonzero(equal)) / len(equal))


def _corrected(agreement: float) -> float:
    chance = 2.0**-_VALUE_BITS
    return max(0.0, (agreement - chance) / (1 - chance))


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


def sign(
    batches: Iterable[pa.RecordBatch], *, ngram: int, jaccard: float
) -> Iterator[pa.RecordBatch]:
    """Sign documents.

    Args:
        batches: rows of `documents`; reads `doc_id`, `crawl`, `url` and `text`.
        ngram: words in a shingle, at least 1.
        jaccard: similarity at which two documents are one; gives bands and rows.

    Yields:
        Rows of `signatures`, one a document, in order. A document without words has neither
        bands nor values. Only captures of a crawl have `url_hash`: what was imported may name
        one URL for many texts.

    Raises:
        ValueError: `ngram` is under 1, or `jaccard` too low for `MAX_VALUES`. No document raises.
    """
    if ngram < 1:
        raise ValueError(f"ngram {ngram} must be at least 1")
    cut = bands_for(jaccard)
    named = method(ngram=ngram, jaccard=jaccard)
    schema = tables.arrow_schema("signatures")
    for batch in batches:
        for start in range(0, batch.num_rows, _ROWS):
            rows = batch.slice(start, _ROWS).select(["doc_id", "crawl", "url", "text"])
            signed = [_sign_one(row, ngram, cut) for row in rows.to_pylist()]
            values = [row.pop("values") for row in signed]
            filled = [i for i, value in enumerate(values) if len(value)]
            hashes = band_hashes(np.array([values[i] for i in filled], np.uint16), cut)
            for row, value in zip(signed, values, strict=True):
                row.update(method=named, bands=(), signature=value.astype("<u2").tobytes())
            for i, hashed in zip(filled, hashes, strict=True):
                signed[i]["bands"] = hashed
            yield pa.RecordBatch.from_pylist(signed, schema=schema)


def _sign_one(row: dict[str, str | None], ngram: int, cut: Bands) -> dict[str, Any]:
    text = row["text"] or ""
    canonical = normal.canonical(text)
    words = normal.find_words(canonical)
    shingled = shingle(words, ngram)
    url = url_key(row["url"]) if row["crawl"] is not None else None
    return {
        "doc_id": row["doc_id"],
        "crawl": row["crawl"],
        "shingles": len(shingled),
        # Texts without any word are one only when they are equal as they stand.
        "text_hash": key("words", normal.collapse(canonical)) if words else key("raw", text),
        "url_hash": None if url is None else key(url),
        "values": minhash(shingled, cut.values),
    }


def compare(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Estimate the similarity of pairs of documents.

    Args:
        batches: rows with `left_signature` and `right_signature`, signatures of one method, and
            any other columns.

    Yields:
        The other columns and `jaccard` (double), one row a pair, in order.

    Raises:
        ValueError: signatures of different methods were paired.
    """
    for batch in batches:
        others = [n for n in batch.schema.names if n not in ("left_signature", "right_signature")]
        for start in range(0, batch.num_rows, _ROWS * 16):
            part = batch.slice(start, _ROWS * 16)
            pairs = zip(
                part["left_signature"].to_pylist(), part["right_signature"].to_pylist(), strict=True
            )
            jaccard = pa.array([estimate(left, right) for left, right in pairs], pa.float64())
            yield pa.RecordBatch.from_arrays(
                [*(part[name] for name in others), jaccard], names=[*others, "jaccard"]
            )
