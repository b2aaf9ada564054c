"""A small run of `python -m tests.fuzz`."""

from itertools import islice

from tests.fuzz.pages import page, seeds
from tests.fuzz.run import BATCH, run


def test_no_fuzzed_page_is_lost_or_ends_a_worker():
    account = list(islice(run(seed=5, numbers=range(2 * BATCH)), 2))[-1]
    assert account.pages == 2 * BATCH == account.outcomes.total()
    assert account.wrong == []
    assert account.faults == []


def test_a_page_can_be_made_again():
    assert page(5, 17) == page(5, 17)
    assert len({page(5, number)[0] for number in range(50)}) > 45
    assert len(seeds()) > 100
