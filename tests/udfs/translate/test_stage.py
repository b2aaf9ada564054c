from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf import tables
from udfs.keys import key
from udfs.translate import translate

COMPUTATIONS = [
    ("2 + 3", "5", ()),
    (r"\frac{1}{2} + \frac13", r"\frac56", ()),
    ("x", "3", ("2x = 6",)),
    ("y", "3", ()),
    (r"3 \star 4", "7", ()),
]


def contexts(picks):
    """Rows of contexts, one a list of indices into COMPUTATIONS."""
    rows = []
    for at, pick in enumerate(picks):
        rows.append(
            {
                "context_id": key("context", at),
                "doc_id": key("doc", at // 2),
                "context_start": 0,
                "context_end": 100,
                "rejected_by": None,
                "extractor": "contexts-1",
                "title": None,
                "section": None,
                "computations": [
                    {
                        "span_start": 10 * place,
                        "span_end": 10 * place + 9,
                        "relation": "eq",
                        "expression": COMPUTATIONS[index][0],
                        "result": COMPUTATIONS[index][1],
                        "modulus": None,
                        "conditions": list(COMPUTATIONS[index][2]),
                        "sentence": "A sentence.",
                    }
                    for place, index in enumerate(pick)
                ],
                "passage": "A passage.",
            }
        )
    return pa.RecordBatch.from_pylist(rows, schema=tables.arrow_schema(tables.CONTEXTS))


def programs(batches):
    found = list(translate(batches, translators=["symbolic"]))
    assert all(batch.schema == tables.arrow_schema(tables.PROGRAMS) for batch in found)
    rows = [row for batch in found for row in batch.to_pylist()]
    return [{name: row[name] for name in row if name != "translate_seconds"} for row in rows]


def test_each_computation_has_code_or_a_reason():
    rows = programs([contexts([[0, 1, 2, 3, 4]])])
    assert [row["rejected_by"] for row in rows] == [
        None,
        None,
        None,
        "undefined_symbol",
        "unsupported_command",
    ]
    assert [row["code"] is None for row in rows] == [False, False, False, True, True]
    assert rows[0]["code"] == "print(2 + 3)\n"


def test_equal_computations_have_their_own_rows():
    rows = programs([contexts([[0, 0], [0]])])
    assert len({row["program_id"] for row in rows}) == 3
    assert len({row["code"] for row in rows}) == 1


def test_passage_without_computations_gives_no_row():
    assert programs([contexts([[], [0], []])]) == programs([contexts([[], [0]])])


@settings(max_examples=25, derandomize=True, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, len(COMPUTATIONS) - 1), max_size=4), max_size=8),
    st.lists(st.integers(0, 8), max_size=4),
)
def test_result_does_not_depend_on_batching(picks, cuts):
    whole = contexts(picks)
    edges = sorted({0, whole.num_rows, *(min(cut, whole.num_rows) for cut in cuts)})
    parts = [whole.slice(a, b - a) for a, b in pairwise(edges)]
    assert programs(parts) == programs([whole])


def test_slices_are_bounded():
    batches = list(translate([contexts([[0, 1, 2]] * 300)], translators=["symbolic"]))
    assert sum(batch.num_rows for batch in batches) == 900
    assert max(batch.num_rows for batch in batches) <= 256


@pytest.mark.parametrize("translators", [["oracle"], [], ["symbolic", "oracle"]])
def test_unknown_translator_is_named_at_once(translators):
    with pytest.raises(ValueError, match="there are symbolic"):
        translate([], translators=translators)
