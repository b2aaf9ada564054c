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
METHOD = minhash.Method(jaccard=0.8, ngram=5)
ESTIMATED = minhash.Method(jaccard=0.8, ngram=5, verify="signature")
COLUMNS = ("doc_id", "crawl", "url", "text")


def batch(rows):
    return pa.RecordBatch.from_pylist(
        [dict(zip(COLUMNS, row, strict=True)) for row in rows],
        schema=pa.schema([(name, pa.string()) for name in COLUMNS]),
    )


def rows(batches):
    return [row for found in batches for row in found.to_pylist()]


def sign(texts, method=METHOD):
    made = batch([(str(i), None, None, text) for i, text in enumerate(texts)])
    return rows(minhash.sign([made], method=method))


def drawn(generator, count):
    """Draw hashes of shingles, sorted as `shingle` gives them."""
    return np.sort(generator.choice(2**32, count, replace=False).astype(np.uint32))


def packed(hashes):
    return np.sort(hashes)[: minhash.MAX_SHINGLES].astype("<u4").tobytes()


def test_signatures_are_those_of_old():
    """Signatures of earlier crawls stay comparable: a change here needs a new METHOD."""
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert golden == golden_rows()


def test_rows_have_the_schema_of_the_table():
    (made,) = minhash.sign([batch([("a", "c", "https://x.org", "t")])], method=METHOD)
    assert made.schema == tables.arrow_schema("signatures")


@pytest.mark.parametrize("values", minhash.MAX_VALUES.values())
@pytest.mark.parametrize("jaccard", [0.3, 0.5, 0.7, 0.8, 0.9, 0.95])
def test_bands_keep_the_promised_share_of_pairs_at_the_threshold(jaccard, values):
    cut = minhash.bands_for(jaccard, values)
    assert cut.values <= values
    assert cut.probability(jaccard) >= 1 - minhash.MISSED
    # One row more would not fit: no cut is more selective.
    rows = cut.rows + 1
    bands = math.ceil(math.log(minhash.MISSED) / math.log(1 - jaccard**rows))
    assert bands * rows > values


@pytest.mark.parametrize("jaccard", [0.0, 1.0, -1.0, 0.001])
def test_thresholds_that_cannot_be_kept_are_refused(jaccard):
    with pytest.raises(ValueError, match=r"jaccard"):
        minhash.bands_for(jaccard, 256)


@pytest.mark.parametrize("ngram", [-1, 0, 1001])
def test_ngrams_that_have_no_hash_are_refused(ngram):
    with pytest.raises(ValueError, match="ngram"):
        minhash.Method(jaccard=0.8, ngram=ngram)


@pytest.mark.parametrize(("size", "jaccard"), [(20, 0.5), (300, 0.8), (300, 0.95), (2000, 0.3)])
def test_estimates_are_exact_jaccard_within_sampling_error(size, jaccard):
    generator = np.random.default_rng(size)
    common = round(size * 2 * jaccard / (1 + jaccard))
    exact = common / (2 * size - common)
    errors = []
    for _ in range(150):
        pool = generator.permutation(drawn(generator, 2 * size - common))
        left, right = (
            minhash.MinHash(208)(part).astype("<u2").tobytes()
            for part in (pool[:size], pool[size - common :])
        )
        errors.append(minhash.estimate(left, right) - exact)
    deviation = math.sqrt(exact * (1 - exact) / 208)
    # Four standard errors of the mean, and a spread like that of independent places.
    assert abs(np.mean(errors)) < 4 * deviation / math.sqrt(len(errors))
    assert np.std(errors) < 1.25 * deviation


@given(st.sets(st.integers(0, 60)), st.sets(st.integers(0, 60)))
def test_measured_similarity_is_that_of_the_sets(left, right):
    one, two = (packed(np.array(sorted(part), np.uint32)) for part in (left, right))
    exact = len(left & right) / len(left | right) if left and right else 0.0
    assert minhash.measure(one, two) == minhash.measure(two, one) == exact


@pytest.mark.parametrize(("left", "right"), [(40_000, 40_000), (40_000, 9_000), (12_000, 8_000)])
def test_of_long_documents_a_sample_is_measured(left, right):
    generator = np.random.default_rng(left + right)
    common = right * 4 // 5
    exact = common / (left + right - common)
    pool = generator.permutation(drawn(generator, left + right - common))
    one, two = packed(pool[:left]), packed(pool[left - common :])
    kept = minhash.MAX_SHINGLES * right / left  # values below the smaller bound, at least
    deviation = math.sqrt(exact * (1 - exact) / kept)
    assert abs(minhash.measure(one, two) - exact) < 4 * deviation
    assert minhash.measure(one, two) == minhash.measure(two, one)


@pytest.mark.parametrize("method", [METHOD, ESTIMATED], ids=["jaccard", "signature"])
@pytest.mark.parametrize("jaccard", [0.7, 0.8, 0.9])
def test_pairs_share_bands_as_often_as_the_formula_says(jaccard, method):
    cut = method.bands
    generator = np.random.default_rng(7)
    size, pairs = 200, 300
    common = round(size * 2 * jaccard / (1 + jaccard))
    together = 0
    for _ in range(pairs):
        pool = generator.permutation(drawn(generator, 2 * size - common))
        both = np.stack(
            [minhash.MinHash(cut.values)(part) for part in (pool[:size], pool[size - common :])]
        )
        left, right = minhash.band_hashes(both, cut)
        together += bool((left == right).any())
    expected = cut.probability(common / (2 * size - common))
    assert abs(together / pairs - expected) < 4 * math.sqrt(0.25 / pairs)


def test_equal_bands_at_different_places_differ():
    cut = minhash.Bands(3, 2)
    (hashes,) = minhash.band_hashes(np.array([[5, 6, 5, 6, 5, 6]], np.uint32), cut)
    assert len(set(hashes.tolist())) == 3


def test_ngram_hashes_mind_order_and_are_shingles_own():
    words = ["a", "b", "c", "a", "b", "c", "b", "a"]
    hashed = shingles.hash_ngrams(shingles.hash_words(" ".join(words)), 2)
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
    (measured,), (estimated,) = sign([text]), sign([text], ESTIMATED)
    assert measured["shingles"] == estimated["shingles"] == count
    assert len(measured["signature"]) == 4 * count
    for row, method in ((measured, METHOD), (estimated, ESTIMATED)):
        assert len(row["bands"]) == (method.bands.bands if count else 0)
    assert len(estimated["signature"]) == (2 * ESTIMATED.bands.values if count else 0)


def test_characters_can_be_the_shingles():
    method = minhash.Method(jaccard=0.8, ngram=3, shingle="characters")
    one, two, three = sign(["abcd  abcd", "ABCD abcd", "ab"], method)
    # abc bcd cd_ d_a _ab; white space counts once.
    assert one["shingles"] == two["shingles"] == 5
    assert one["signature"] == two["signature"]
    assert three["shingles"] == 1


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
    method = minhash.Method(jaccard=0.8, ngram=3)
    assert rows(minhash.sign(parts, method=method)) == rows(minhash.sign([whole], method=method))


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
    found = rows(minhash.sign([made], method=METHOD))
    assert [row["url_hash"] is None for row in found] == [True, False]


def test_signatures_of_two_methods_are_not_compared():
    with pytest.raises(ValueError, match="cannot be compared"):
        minhash.estimate(b"\0" * 4, b"\0" * 6)


@pytest.mark.parametrize("method", [METHOD, ESTIMATED], ids=["jaccard", "signature"])
def test_compare_keeps_the_other_columns(method):
    texts = ["a b c d e f g h i j", "a b c d e f g h i x"]
    left, right = (row["signature"] for row in sign(texts, method))
    made = pa.record_batch(
        {
            "id": ["w", "x", "y", "z"],
            "is_equal": [True, False, False, False],
            "left_signature": [b"", left, left, left],
            "right_signature": [b"", left, right, b""],
        }
    )
    found = rows(minhash.compare([made], verify=method.verify))
    assert [row["id"] for row in found] == ["w", "x", "y", "z"]
    assert [found[0]["jaccard"], found[1]["jaccard"], found[3]["jaccard"]] == [1.0, 1.0, 0.0]
    # Five of seven shingles are common.
    assert found[2]["jaccard"] == pytest.approx(5 / 7, abs=0 if method is METHOD else 0.12)


def test_words_are_those_of_the_normal_form():
    text = r"Let $\frac12$ be, for $A B$, one half."
    words = normal.words(text)
    exact = len({tuple(words[i : i + 3]) for i in range(len(words) - 2)})
    (row,) = sign([text], minhash.Method(jaccard=0.8, ngram=3))
    assert row["shingles"] == exact


def golden_cases() -> list[str]:
    """Return the texts of the golden file."""
    return [
        "The sum of the first n odd numbers is a square: $1 + 3 + \\cdots + (2n-1) = n^2$.",
        "Prosa ohne Formel, mit Umlauten: äöüß, und 1,234,567 Zahlen.",
        "short",
        "",
    ]


def golden_rows() -> list[dict[str, object]]:
    """Return what the golden file holds."""
    return [
        {
            "text": text,
            "method": row["method"],
            "shingles": row["shingles"],
            "text_hash": row["text_hash"],
            "bands": row["bands"],
            "signature": row["signature"].hex(),
        }
        for method in (METHOD, ESTIMATED)
        for text, row in zip(golden_cases(), sign(golden_cases(), method), strict=True)
    ]


if __name__ == "__main__":
    GOLDEN.write_text(
        json.dumps(golden_rows(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
