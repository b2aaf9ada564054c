"""A text all the way: computations found, translated, run in the sandbox, judged."""

import pytest

from udfs.verify.sandbox import Limits, Sandbox
from udfs.verify.trial import trial


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as opened:
        yield opened


def outcomes(text: str, sandbox: Sandbox) -> list[str | None]:
    return [found.outcome for found in trial(text, limits=Limits(), sandbox=sandbox)]


def test_true_statements_verify_and_false_ones_do_not(sandbox: Sandbox) -> None:
    text = r"Let $r = 5$. Then $r^2 + 1 = 26$, but $r^2 + 1 = 27$ is wrong. Also $3 \cdot 4 = 12$."
    assert outcomes(text, sandbox) == ["verified", "mismatch", "verified"]


def test_an_equation_is_solved(sandbox: Sandbox) -> None:
    text = "If $2x + 1 = 7$, solving gives $x = 3$."
    found = [each for each in trial(text, sandbox=sandbox) if each.computation.expression == "x"]
    assert [each.outcome for each in found] == ["verified"]
    assert found[0].computation.conditions == ("2x + 1 = 7",)


def test_a_computation_without_a_program_says_why(sandbox: Sandbox) -> None:
    found = trial(r"We have $\text{Anna} + q_7 = 12$.", sandbox=sandbox)
    assert len(found) == 1
    assert found[0].translation.code is None
    assert found[0].translation.reason
    assert found[0].outcome is None


def test_a_text_without_computations_starts_no_sandbox() -> None:
    assert trial("Nothing is computed here.") == []
