"""Signatures: golden vectors, estimates against exact Jaccard, accounting, bad input."""

from __future__ import annotations

import itertools
import json
import math
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conf import tables
from udfs import minhash, normal, shingles

GOLDEN = Path(__file__).parent.parent / "golden/minhash/signatures.json"
COLUMNS = ("doc_id", "crawl", "url", "text")


def batch(rows):
    return pa.RecordBatch.from_pylist(
        [dict(zip(COLUMNS, row, strict=True)) for row in rows],
        schema=pa.schema([(name, pa.string()) for name in COLUMNS]),
    )


def rows(batches):
    return [row for found in batches for row in found.to_pylist()]


def sign(texts, ngram=5, jaccard=0.8):
    made = batch([(str(i), None, None, text) for i, text in enumerate(texts)])
    return rows(minhash.sign([made], ngram=ngram, jaccard=jaccard))


def test_signatures_are_those_of_old():
    """Signatures of earlier crawls stay comparable: a change here needs a new METHOD."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden["method"] == minhash.method(ngram=5, jaccard=0.8)
    for case in golden["cases"]:
        (row,) = sign([case["text"]])
        found = {
            "text": case["text"],
            "shingles": row["shingles"],
            "text_hash": row["text_hash"],
            "bands": row["bands"],
            "signature": row["signature"].hex(),
        }
        assert found == case


def test_rows_have_the_schema_of_the_table():
    (made,) = minhash.sign([batch([("a", "c", "https://x.org", "t")])], ngram=2, jaccard=0.8)
    assert made.schema == tables.arrow_schema("signatures")


@pytest.mark.parametrize("jaccard", [0.3, 0.5, 0.7, 0.8, 0.9, 0.95])
def test_bands_keep_the_promised_share_of_pairs_at_the_threshold(jaccard):
    cut = minhash.bands_for(jaccard)
    assert cut.values <= minhash.MAX_VALUES
    assert cut.probability(jaccard) >= 1 - minhash.MISSED
    # One row more would not fit: no cut is more selective.
    rows = cut.rows + 1
    bands = math.ceil(math.log(minhash.MISSED) / math.log(1 - jaccard**rows))
    assert bands * rows > minhash.MAX_VALUES


@pytest.mark.parametrize("jaccard", [0.0, 1.0, -1.0, 0.001])
def test_thresholds_that_cannot_be_kept_are_refused(jaccard):
    with pytest.raises(ValueError, match=r"jaccard"):
        minhash.bands_for(jaccard)


@pytest.mark.parametrize(("size", "jaccard"), [(20, 0.5), (300, 0.8), (300, 0.95), (2000, 0.3)])
def test_estimates_are_exact_jaccard_within_sampling_error(size, jaccard):
    generator = np.random.default_rng(size)
    common = round(size * 2 * jaccard / (1 + jaccard))
    exact = common / (2 * size - common)
    errors = []
    for _ in range(150):
        pool = generator.integers(0, 2**63, 2 * size - common).astype(np.uint64)
        left = minhash.minhash(pool[:size], 208).tobytes()
        right = minhash.minhash(pool[size - common :], 208).tobytes()
        errors.append(minhash.estimate(left, right) - exact)
    deviation = math.sqrt(exact * (1 - exact) / 208)
    # Four standard errors of the mean, and a spread like that of independent places.
    assert abs(np.mean(errors)) < 4 * deviation / math.sqrt(len(errors))
    assert np.std(errors) < 1.25 * deviation


@pytest.mark.parametrize("jaccard", [0.7, 0.8, 0.9])
def test_pairs_share_bands_as_often_as_the_formula_says(jaccard):
    cut = minhash.bands_for(0.8)
    generator = np.random.default_rng(7)
    size, pairs = 200, 300
    common = round(size * 2 * jaccard / (1 + jaccard))
    together = 0
    for _ in range(pairs):
        pool = generator.integers(0, 2**63, 2 * size - common).astype(np.uint64)
        both = np.stack(
            [minhash.minhash(part, cut.values) for part in (pool[:size], pool[size - common :])]
        )
        left, right = minhash.band_hashes(both, cut)
        together += bool((left == right).any())
    expected = cut.probability(common / (2 * size - common))
    assert abs(together / pairs - expected) < 4 * math.sqrt(0.25 / pairs)


def test_equal_bands_at_different_places_differ():
    cut = minhash.Bands(3, 2)
    (hashes,) = minhash.band_hashes(np.array([[5, 6, 5, 6, 5, 6]], np.uint16), cut)
    assert len(set(hashes.tolist())) == 3


def test_ngram_hashes_mind_order_and_are_shingles_own():
    words = ["a", "b", "c", "a", "b", "c", "b", "a"]
    hashed = shingles.hash_ngrams(shingles.hash_words(words), 2)
    by_pair: dict[tuple[str, ...], set[int]] = {}
    for place, value in enumerate(hashed.tolist()):
        by_pair.setdefault(tuple(words[place : place + 2]), set()).add(value)
    assert all(len(values) == 1 for values in by_pair.values())
    assert len(set.union(*by_pair.values())) == len(by_pair)


def test_two_spellings_of_one_formula_count_equal():
    one = r"The half is $\dfrac12$ and $f\left(x\right) = 1{,}000\,x$ for every real $x$ here."
    two = r"the half is \(\frac{1}{2}\) and $f(x)=1000x$ for every real \(x\) here."
    left, right = sign([one, two])
    assert left["signature"] == right["signature"]
    assert left["text_hash"] == right["text_hash"]


def test_signs_and_punctuation_part_exact_copies():
    left, right = sign(["so $a + b$ is it", "so $a - b$ is it"])
    assert left["text_hash"] != right["text_hash"]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (None, 0),
        ("?!", 0),
        ("one", 1),
        ("one two", 1),
        ("a b c d e", 1),
        ("a b c d e f", 2),
    ],
)
def test_short_texts_have_the_shingles_they_can_have(text, count):
    (row,) = sign([text])
    cut = minhash.bands_for(0.8)
    assert row["shingles"] == count
    assert len(row["bands"]) == (cut.bands if count else 0)
    assert len(row["signature"]) == (2 * cut.values if count else 0)


def test_ten_megabytes_and_soup_are_signed():
    rng = random.Random(1)
    soup = "".join(chr(rng.choice((rng.randrange(1, 0x3000), 0x1F600, 32))) for _ in range(20_000))
    found = sign(["word " * 2_000_000, soup, "\x00\ud800 lone".replace("\ud800", "\ufffd")])
    assert [row["shingles"] > 0 for row in found] == [True, True, True]
    assert found[0]["shingles"] == 1


TEXTS = st.lists(st.text("ab $\\{}12é", max_size=40), max_size=12)


@given(TEXTS, st.lists(st.integers(0, 12), max_size=4))
def test_result_does_not_depend_on_batching(texts, cuts):
    whole = batch([(str(i), "c", f"https://x.org/{i}", text) for i, text in enumerate(texts)])
    edges = [0, *sorted(cuts), whole.num_rows]
    parts = [whole.slice(a, max(b - a, 0)) for a, b in itertools.pairwise(edges)]
    assert rows(minhash.sign(parts, ngram=3, jaccard=0.8)) == rows(
        minhash.sign([whole], ngram=3, jaccard=0.8)
    )


@given(TEXTS)
def test_every_document_gives_one_row_in_order(texts):
    assert [row["doc_id"] for row in sign(texts)] == [str(i) for i in range(len(texts))]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("https://Example.org/a", "http://www.example.org:80/a/#top"),
        ("https://example.org/?b=2&a=1", "https://example.org?a=1&b=2&utm_source=mail"),
        ("https://example.org/%7Eann", "https://example.org/~ann"),
    ],
)
def test_spellings_of_one_url_are_one(left, right):
    assert minhash.url_key(left) == minhash.url_key(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("https://example.org/a", "https://example.org/A"),
        ("https://example.org/?p=1", "https://example.org/?p=2"),
        ("https://example.org:8080/", "https://example.org/"),
        ("https://example.org/#!one", "https://example.org/#!two"),
    ],
)
def test_urls_of_different_pages_differ(left, right):
    assert minhash.url_key(left) != minhash.url_key(right)


@pytest.mark.parametrize("url", [None, "", "no url", "http://[broken", "http://host:port/", "//"])
def test_what_is_no_url_has_no_key(url):
    assert minhash.url_key(url) is None


@given(st.text())
def test_no_url_raises(url):
    minhash.url_key("http://h/" + url)


def test_imported_rows_have_no_url_hash():
    made = batch([("a", None, "https://x.org", "t"), ("b", "c", "https://x.org", "t")])
    found = rows(minhash.sign([made], ngram=1, jaccard=0.8))
    assert [row["url_hash"] is None for row in found] == [True, False]


def test_signatures_of_two_methods_are_not_compared():
    with pytest.raises(ValueError, match="cannot be compared"):
        minhash.estimate(b"\0" * 4, b"\0" * 6)


def test_compare_keeps_the_other_columns():
    left, right = (row["signature"] for row in sign(["a b c d e f g", "a b c d e f h"]))
    made = pa.record_batch(
        {"id": ["x", "y", "z"], "left_signature": [left] * 3, "right_signature": [left, right, b""]}
    )
    found = rows(minhash.compare([made]))
    assert [row["id"] for row in found] == ["x", "y", "z"]
    assert found[0]["jaccard"] == 1.0
    assert 0.2 < found[1]["jaccard"] < 0.8
    assert found[2]["jaccard"] == 0.0


def test_words_are_those_of_the_normal_form():
    text = r"Let $\frac12$ be, for $A B$, one half."
    words = normal.words(text)
    exact = len({tuple(words[i : i + 3]) for i in range(len(words) - 2)})
    (row,) = sign([text], ngram=3)
    assert row["shingles"] == exact


def golden_cases() -> list[str]:
    """Return the texts of the golden file."""
    return [
        "The sum of the first n odd numbers is a square: $1 + 3 + \\cdots + (2n-1) = n^2$.",
        "Prosa ohne Formel, mit Umlauten: äöüß, und 1,234,567 Zahlen.",
        "short",
        "",
    ]


def write_golden() -> None:
    """Rewrite the golden file."""
    cases = [
        {
            "text": text,
            "shingles": row["shingles"],
            "text_hash": row["text_hash"],
            "bands": row["bands"],
            "signature": row["signature"].hex(),
        }
        for text, row in zip(golden_cases(), sign(golden_cases()), strict=True)
    ]
    found = {"method": minhash.method(ngram=5, jaccard=0.8), "cases": cases}
    GOLDEN.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden()
