"""pages -> documents: every page accounted for, however the rows are cut."""

import datetime
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf import tables
from udfs.html import EXTRACTOR, REASONS, extract_text

LIMITS = {"cpu_seconds": 5.0, "memory_bytes": 1 << 30}
PAGES = (
    b"<p>The square of \\(x\\) is \\(x^2\\).</p>",
    b"<p>No formula here.</p>",
    b"",
    b"%PDF-1.4",
    b"<p>Other words and \\[y = 1\\]</p>",
    b"<div>" * 300 + b"<p>deep \\(z\\)",
)


def batch(pages, first=0):
    rows = [
        {
            "page_id": f"p{number}",
            "file_id": "f",
            "crawl": "CC-MAIN-2026-40",
            "host": "example.org",
            "fetch_time": datetime.datetime(2026, 10, 1, tzinfo=datetime.UTC),
            "warc_record_offset": 10 * number,
            "warc_record_length": 9,
            "payload_digest": "D",
            "content_type": None,
            "html_bytes": len(html),
            "is_truncated": False,
            "warc_filename": "a.warc.gz",
            "url": f"https://example.org/{number}",
            "html": html,
        }
        for number, html in enumerate(pages, first)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=tables.arrow_schema(tables.PAGES))


def rows(batches):
    return [row for each in batches for row in each.to_pylist()]


def test_every_page_gives_a_row_in_order_with_text_or_reason():
    found = rows(extract_text([batch(PAGES)], min_formulas=1, **LIMITS))
    assert [row["doc_id"] for row in found] == [f"p{number}" for number in range(len(PAGES))]
    assert [row["rejected_by"] for row in found] == [
        None, "too_few_formulas", "empty_body", "not_html", None, None,
    ]  # fmt: skip
    assert all((row["text"] is None) == (row["rejected_by"] in REASONS) for row in found)
    first = found[0]
    assert first["text"] == "The square of $x$ is $x^2$."
    assert (first["formula_count"], first["formula_chars"], first["char_count"]) == (2, 4, 27)
    assert (first["source_id"], first["component"], first["extractor"]) == ("p0", "web", EXTRACTOR)
    assert first["url"] == "https://example.org/0"


def test_batches_have_the_schema_of_the_table():
    for out in extract_text([batch(PAGES)], min_formulas=0, **LIMITS):
        assert out.schema.equals(tables.arrow_schema(tables.DOCUMENTS))


@settings(max_examples=8, derandomize=True, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=4))
def test_result_does_not_depend_on_batching(cuts):
    pages = PAGES * 2
    edges = [0, *sorted(cuts), len(pages)]
    pieces = [batch(pages[a:b], first=a) for a, b in pairwise(edges)]
    assert rows(extract_text(pieces, min_formulas=1, **LIMITS)) == rows(
        extract_text([batch(pages)], min_formulas=1, **LIMITS)
    )


def test_a_page_that_takes_too_long_costs_itself_alone():
    endless = (
        b"<html><body>" + b"<p><math><mrow><mi>x</mi></mrow></math> \\(y\\) <b>z</b></p>" * 200_000
    )
    found = rows(
        extract_text(
            [batch([PAGES[0], endless, PAGES[4]])],
            min_formulas=1,
            cpu_seconds=0.5,
            memory_bytes=4 << 30,
        )
    )
    assert [row["rejected_by"] for row in found] == [None, "timeout", None]


def test_a_page_that_takes_too_much_memory_costs_itself_alone():
    big = b"<html><body>" + b"<p>x \\(y\\)</p>" * 1_000_000
    found = rows(
        extract_text(
            [batch([PAGES[0], big, PAGES[4]])],
            min_formulas=1,
            cpu_seconds=60,
            memory_bytes=128 << 20,
        )
    )
    assert [row["rejected_by"] for row in found] == [None, "memory", None]


def test_output_batches_are_bounded():
    out = list(extract_text([batch(PAGES[:1] * 600)], min_formulas=0, **LIMITS))
    assert [each.num_rows for each in out] == [256, 256, 88]


def test_negative_minimum_is_refused():
    with pytest.raises(ValueError, match="min_formulas"):
        list(extract_text([], min_formulas=-1, **LIMITS))
