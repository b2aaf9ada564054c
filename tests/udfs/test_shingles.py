"""Hashes of words and n-grams: equal for equal ones, whatever the text around them."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs import normal, shingles

WORDS = st.text(st.one_of(st.characters(), st.sampled_from("abc019 .-é漢字กかー½²٣_\ud800")))
REACH = 2**16


@given(WORDS)
def test_there_is_one_hash_a_word_and_equal_words_have_equal_ones(text):
    canonical = normal.canonical(text)
    words = normal.find_words(canonical)
    hashes = shingles.hash_words(canonical).tolist()
    assert len(hashes) == len(words)
    for (word, value), (other, its) in itertools.combinations(zip(words, hashes, strict=True), 2):
        assert (word == other) == (value == its)


@given(WORDS, WORDS)
def test_a_word_has_one_hash_in_all_texts(before, after):
    text = normal.canonical(f"{before} word 42 été {after}")
    found = dict(zip(normal.find_words(text), shingles.hash_words(text).tolist(), strict=True))
    alone = {word: shingles.hash_words(word).tolist()[0] for word in ("word", "42", "été")}
    assert {word: found[word] for word in alone} == alone


def test_half_a_million_words_have_as_many_hashes():
    text = " ".join(f"w{i:x}" for i in range(500_000))
    assert len(set(shingles.hash_words(text).tolist())) == len(set(normal.find_words(text)))


@pytest.mark.parametrize("length", [REACH - 1, REACH, REACH + 1, 3 * REACH])
def test_words_longer_than_the_reach_count_by_their_start(length):
    long, other = "a" * length, "b" + "a" * (length - 1)
    before, one, same, different, after = shingles.hash_words(
        f"before {long} {long} {other} after"
    ).tolist()
    assert one == same != different
    assert [before, after] == shingles.hash_words("before after").tolist()


@pytest.mark.parametrize("ngram", [1, 2, 5, 13, 1000])
@pytest.mark.parametrize("count", [0, 3, 1000, REACH - 1, REACH, 2 * REACH + 7])
def test_ngrams_are_those_of_each_window_alone(count, ngram):
    words = shingles.constants(count, "test")
    found = shingles.hash_ngrams(words, ngram)
    assert len(found) == max(count - ngram + 1, 0)
    places = random.Random(1).sample(range(len(found)), min(len(found), 50))
    for place in [*places, *range(max(len(found) - 2, 0), len(found))]:
        (alone,) = shingles.hash_ngrams(words[place : place + ngram], ngram)
        assert found[place] == alone
