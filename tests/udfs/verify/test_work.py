"""Programs are dealt out so that all places are used, and no more than all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from udfs.verify.work import QUEUED, Work, interpreter_for

CODES = {"standard": "print({})", "sympy": "import sympy; print({})", "numpy": "import numpy"}


def test_an_interpreter_is_chosen_by_what_a_program_names():
    assert interpreter_for("print(1)") == "standard"
    assert interpreter_for("from sympy import *") == "sympy"
    assert interpreter_for("import numpy as np, sympy") == "numpy"
    assert interpreter_for("sympyx = 1") == "standard"


@given(
    kinds=st.lists(st.sampled_from(sorted(CODES)), max_size=300),
    parallel=st.integers(1, 4),
    data=st.data(),
)
def test_all_programs_are_answered_once_and_no_more_run_than_may(kinds, parallel, data):
    work = Work(((n, CODES[kind].format(n)) for n, kind in enumerate(kinds)), parallel)
    answered: list[int] = []
    told: dict[str, int] = {}
    done = 0
    while work.take(done) or work.underway:
        while (chosen := work.choose()) is not None:
            kind, places = chosen
            told[kind] = places
            number, _ = work.start(kind)
            assert kinds[number] == kind
            assert len(work.underway[kind]) <= places * (1 + QUEUED)
        # Each interpreter runs as many of those that are with it as it was told.
        running = [min(len(found), told[kind]) for kind, found in work.underway.items()]
        assert 0 < sum(running) <= parallel
        if data.draw(st.integers(0, 9)) == 0:
            died = data.draw(st.sampled_from(sorted(work.underway)))
            if (blamed := work.undo(died)) is not None:
                answered.append(blamed)
        else:
            kind = data.draw(st.sampled_from(sorted(work.underway)))
            number = data.draw(st.sampled_from(sorted(work.underway[kind])[: told[kind]]))
            work.end(kind, number)
            answered.append(number)
        while done in answered:
            done += 1
    assert sorted(answered) == list(range(len(kinds)))


def test_while_one_program_runs_on_the_others_get_the_free_places():
    codes = ["import sympy; while True: pass", *(f"print({n})" for n in range(50))]
    work = Work(enumerate(codes), 2)
    work.take(0)
    # The standard programs come first; of the last of them one goes on.
    for _ in range(49):
        while (found := work.choose()) is not None:
            assert found[0] == "standard"
            work.start("standard")
        work.end("standard", min(work.underway["standard"]))
    assert len(work.underway["standard"]) == 1
    assert work.choose() == ("sympy", 1)


def test_an_interpreter_that_dies_again_and_again_costs_one_program():
    work = Work(enumerate(["print(1)", "print(2)"]), 1)
    work.take(0)
    blamed = []
    for _ in range(3):
        while (found := work.choose()) is not None:
            work.start(found[0])
        blamed.append(work.undo("standard"))
    assert blamed == [None, None, 0]
    assert work.choose() == ("standard", 1)
    assert work.start("standard")[0] == 1


def test_programs_are_taken_a_bounded_number_ahead():
    taken = []

    def endless():
        n = 0
        while True:
            taken.append(n)
            yield n, "print(1)" if n % 2 else "import sympy"
            n += 1

    work = Work(endless(), 2)
    for _ in range(2000):
        work.take(0)
        while (found := work.choose()) is not None:
            work.start(found[0])
        for kind in work.busy():
            # All but the oldest of all are answered, so that nothing can be given away.
            numbers = [n for n in work.underway[kind] if n != 0]
            if numbers:
                work.end(kind, min(numbers))
    assert len(taken) <= 1024
