"""Pairs of a bucket: enough to connect it, linear in it, the same for any cut into batches."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs import buckets

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 30)), unique=True)


def paired(rows, edges=(), at_a_time=1):
    """Pair sorted rows of band, next band and document, cut into batches at the edges."""
    columns = np.array(sorted(rows), np.int64).reshape(-1, 3).T
    whole = pa.record_batch(dict(zip(("band", "next", "node"), columns.copy(), strict=True)))
    cuts = [0, *sorted(min(edge, len(rows)) for edge in edges), len(rows)]
    parts = [whole.slice(start, stop - start) for start, stop in itertools.pairwise(cuts)]
    return [
        (left, right)
        for made in buckets.pair(parts, rows=at_a_time)
        for left, right in zip(*(column.to_pylist() for column in made.columns), strict=True)
    ]


def slow_pairs(rows):
    """Say it again, row by row."""
    pairs = []
    for _, bucket in itertools.groupby(sorted(rows), key=lambda row: row[0]):
        members: list[int] = []
        firsts: dict[int, int] = {}
        for _, following, document in bucket:
            if len(members) < buckets.FEW:
                pairs += [(document, other) for other in members]
            elif following in firsts:
                pairs.append((document, firsts[following]))
            else:
                pairs += [(document, other) for other in {members[0], list(firsts.values())[-1]}]
            firsts.setdefault(following, document)
            members.append(document)
    return sorted((max(pair), min(pair)) for pair in pairs)


# A document stands once in a bucket.
BUCKETS = ROWS.map(
    lambda rows: list(
        {
            (band, document): (band, following, document) for band, following, document in rows
        }.values()
    )
)


@given(BUCKETS, st.lists(st.integers(0, 40), max_size=4), st.integers(1, 50))
def test_pairs_are_those_of_the_rule_for_any_batches(rows, edges, at_a_time):
    assert sorted(paired(rows, edges, at_a_time)) == slow_pairs(rows)


@given(BUCKETS)
def test_each_bucket_is_connected_by_two_pairs_a_document_at_most(rows):
    for band in {band for band, _, _ in rows}:
        bucket = [row for row in rows if row[0] == band]
        pairs = paired(bucket)
        assert len(pairs) <= 2 * len(bucket)
        graph = nx.Graph(pairs)
        graph.add_nodes_from(document for _, _, document in bucket)
        assert nx.is_connected(graph)


@pytest.mark.parametrize("kinds", [1, 1000, 1_000_000], ids=["one cluster", "mixed", "strangers"])
def test_a_bucket_of_a_million_costs_two_million_pairs_at_most(kinds):
    count = 1_000_000
    following = np.sort(np.arange(count) % kinds)
    whole = pa.record_batch(
        {"band": np.full(count, 7), "next": following, "node": np.arange(count)}
    )
    parts = (whole.slice(start, 10_000) for start in range(0, count, 10_000))
    pairs = sum(made.num_rows for made in buckets.pair(parts))
    assert count - 1 <= pairs <= count + kinds + 4
