"""What the documentation says of computations, programs, verdicts and layers is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conf import tables
from udfs.translate.reasons import REASONS
from udfs.verify import sandbox as sandboxes
from udfs.verify import zygote
from udfs.verify.sandbox import Sandbox
from udfs.verify.trial import trial

TEXT = (Path(__file__).parents[3] / "docs" / "translation.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """Cells of the table beneath a heading."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def examples() -> list[tuple[str, str | None]]:
    """Texts of the table of kinds, with the reason for which they are left: empty when untold."""
    found: list[tuple[str, str | None]] = []
    for _, verified, left in rows("What the symbolic translator can do"):
        found += [(text, None) for text in re.findall(r"`([^`]+)`", verified)]
        found += re.findall(r"`([^`]+)`(?: \(`(\w+)`\))?", left)
    return found


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as opened:
        yield opened


@pytest.mark.parametrize(("text", "reason"), examples())
def test_an_example_ends_as_it_is_documented(text, reason, sandbox):
    last = trial(text, sandbox=sandbox)[-1]
    if reason is None:
        assert last.outcome == "verified"
    else:
        assert last.translation.reason in ([reason] if reason else REASONS)


def test_there_are_examples_of_every_kind():
    found = examples()
    assert len([text for text, reason in found if reason is None]) > 20
    assert len({reason for _, reason in found if reason}) > 5


def test_every_outcome_is_documented():
    (comment,) = [c.comment for c in tables.table(tables.VERDICTS).columns if c.name == "outcome"]
    known = set(re.findall(r"(\w+)(?: \([^)]*\))?(?:, |$)", comment))
    assert {row[0].strip("| `") for row in rows("How a verdict is reached")} == known


def test_every_layer_is_documented_with_its_remedy():
    listed = {row[0].strip("| `"): row[2] for row in rows("What holds a program")}
    assert list(listed) == list(zygote.LAYERS) == list(sandboxes._REMEDIES)
    assert all(listed.values())
