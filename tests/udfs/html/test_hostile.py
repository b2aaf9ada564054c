"""Pages made to harm cost themselves at most, and their texts grow no faster than they do."""

import pytest

from tests.udfs.html.hostile import KINDS
from tests.udfs.html.test_stage import batch, rows
from udfs.html import extract_text
from udfs.html.extract import extract

COUNT = 200
# What the contract names, at the size at which it names it.
NAMED = {
    "nested katex": (10_000, None),
    "nested katex with copies": (10_000, None),
    "nested div": (1_000_000, "too_deep"),
    "nested mrow": (30_000, None),
    "nested ul": (50_000, None),
    "nested blockquote": (30_000, None),
    "one formula": (50_000, None),
    "dollars and letters": (100_000, None),
    "dollars, declared": (100_000, None),
    "open environments": (100_000, None),
    "open parentheses": (100_000, None),
    "math spans": (20_000, None),
    "colspans": (10_000, None),
    "cells": (20_000, None),
    "footnotes": (5_000, None),
    "links": (50_000, None),
    "backslashes": (100_000, None),
    "backquotes": (100_000, None),
    "dollars": (100_000, None),
    "configuration that is code": (20_000, None),
    "one address of charts": (20_000, None),
    "invalid UTF-8": (100_000, None),
    "NULs": (100_000, None),
}


def outcomes(pages):
    """Rows out, with ample time and memory: a page that grows with its square has neither."""
    return rows(
        extract_text([batch(pages)], min_formulas=0, cpu_seconds=20.0, memory_bytes=4 << 30)
    )


def test_every_kind_is_accounted_for():
    found = outcomes([KINDS[kind](COUNT) for kind in KINDS])
    faults = {
        kind: row["rejected_by"]
        for kind, row in zip(KINDS, found, strict=True)
        if row["rejected_by"] not in (None, "not_html", "no_text")
    }
    assert faults == {}


@pytest.mark.parametrize("kind", NAMED)
def test_named_kind_at_its_size_has_text_or_its_reason(kind):
    count, reason = NAMED[kind]
    before, row, after = outcomes([KINDS["links"](3), KINDS[kind](count), KINDS["links"](3)])
    assert row["rejected_by"] == reason
    assert before["text"] == after["text"] is not None


@pytest.mark.parametrize("kind", KINDS)
def test_text_grows_no_faster_than_its_page(kind):
    small, large = (KINDS[kind](count) for count in (200, 800))
    texts = [
        extract(page, url="https://example.org/", content_type="text/html; charset=utf-8").text
        for page in (small, large)
    ]
    short, long = (len(text or "") for text in texts)
    assert long <= 40 * 32 + short * len(large) / len(small) * 1.7
