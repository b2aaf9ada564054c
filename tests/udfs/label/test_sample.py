import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from udfs.label import Candidate, draw


@st.composite
def candidates(draw_from):
    scores = draw_from(st.lists(st.floats(0, 1), max_size=80))
    return [Candidate(f"doc{i:03}", i * 7919 % 1009, score) for i, score in enumerate(scores)]


@given(candidates(), st.integers(0, 100), st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(found, count, shuffle):
    mixed = list(found)
    shuffle.shuffle(mixed)
    drawn = draw(found, count)
    assert drawn == draw(mixed, count)
    assert len(drawn) == min(count, len(found))
    assert len({one.doc_id for one in drawn}) == len(drawn)


@given(candidates(), st.integers(1, 100))
def test_weights_stand_for_all_candidates_of_the_stretches_drawn_from(found, count):
    weight = sum(one.weight for one in draw(found, count))
    assert weight <= len(found) + 1e-6
    if count >= len(found):
        assert abs(weight - len(found)) < 1e-6


def test_the_border_is_drawn_from_as_much_as_the_easy_pages():
    random.seed(1)
    easy = [Candidate(f"easy{i}", random.getrandbits(60), 0.99) for i in range(5000)]
    border = [Candidate(f"border{i}", random.getrandbits(60), 0.6) for i in range(300)]
    failed = [Candidate(f"failed{i}", random.getrandbits(60), 0.1) for i in range(5000)]
    drawn = draw([*easy, *border, *failed], 300)
    kinds = Counter(one.doc_id.rstrip("0123456789") for one in drawn)
    assert kinds == {"easy": 135, "border": 135, "failed": 30}
    weights = {one.doc_id.rstrip("0123456789"): one.weight for one in drawn}
    assert weights["easy"] > 10 * weights["border"]


def test_what_is_drawn_follows_from_the_places():
    found = [Candidate(f"doc{i}", 100 - i, 0.99) for i in range(100)]
    assert {one.doc_id for one in draw(found, 3)} == {"doc99", "doc98", "doc97"}
    # More candidates of higher places change nothing.
    more = [Candidate(f"new{i}", 1000 + i, 0.99) for i in range(100)]
    assert {one.doc_id for one in draw(found + more, 3)} == {"doc99", "doc98", "doc97"}
