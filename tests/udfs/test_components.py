"""Components in one worker, against networkx."""

from __future__ import annotations

import networkx as nx
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from udfs.components import unite

EDGES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=60)


def label(edges, cut=0):
    batch = pa.record_batch(
        {"left": [f"{a:02}" for a, _ in edges], "right": [f"{b:02}" for _, b in edges]},
        schema=pa.schema([("left", pa.string()), ("right", pa.string())]),
    )
    found = unite([batch.slice(0, cut), batch.slice(min(cut, batch.num_rows))])
    return [(row["node"], row["component"]) for part in found for row in part.to_pylist()]


@given(EDGES)
def test_labels_are_the_smallest_of_their_component(edges):
    graph = nx.Graph([(f"{a:02}", f"{b:02}") for a, b in edges if a != b])
    expected = [(node, min(nodes)) for nodes in nx.connected_components(graph) for node in nodes]
    assert label(edges) == sorted(expected)


@given(EDGES, st.integers(0, 60), st.randoms())
def test_labels_do_not_depend_on_order_and_batching(edges, cut, rng):
    shuffled = [(b, a) for a, b in rng.sample(edges, len(edges))]
    assert label(shuffled, cut) == label(edges)


def test_a_long_chain_is_one_component():
    edges = [(i, i + 1) for i in range(50_000)]
    batch = pa.record_batch({"left": [a for a, _ in edges], "right": [b for _, b in edges]})
    rows = [row for part in unite([batch]) for row in part.to_pylist()]
    assert len(rows) == 50_001
    assert {row["component"] for row in rows} == {0}
