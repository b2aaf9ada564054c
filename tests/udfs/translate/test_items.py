"""True relations of all kinds verify through the whole pipeline, and false ones never do.

`items.jsonl`: small documents, the relation that is judged between guillemets.
"""

import json
from pathlib import Path

import pytest

from udfs.contexts import find_contexts
from udfs.verify.sandbox import Limits, Sandbox
from udfs.verify.trial import trials

ITEMS = [
    json.loads(line)
    for line in Path(__file__).with_name("items.jsonl").read_text(encoding="utf-8").splitlines()
]
KINDS = sorted({item["kind"] for item in ITEMS})


def texts(kind, *, is_true):
    return [item["text"] for item in ITEMS if item["kind"] == kind and item["is_true"] == is_true]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as own:
        yield own


def verified(marked, sandbox):
    """The marked texts of which a computation inside the marks is verified."""
    found = []
    for text in marked:
        start, end = text.index("«"), text.index("»") - 1
        passages = find_contexts(text.replace("«", "").replace("»", ""))
        found += [
            (text, item)
            for passage in passages
            for item in passage.computations
            if item.span_start < end and item.span_end > start
        ]
    outcomes = trials([item for _, item in found], sandbox, Limits())
    return {
        text
        for (text, _), outcome in zip(found, outcomes, strict=True)
        if outcome.outcome == "verified"
    }


@pytest.mark.parametrize("kind", KINDS)
def test_true_relations_are_verified(kind, sandbox):
    marked = texts(kind, is_true=True)
    assert set(marked) - verified(marked, sandbox) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_false_relations_are_not_verified(kind, sandbox):
    assert verified(texts(kind, is_true=False), sandbox) == set()
