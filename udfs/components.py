"""Connected components of a graph that fits into one worker's memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ROWS = 10_000  # of a batch that is yielded


def unite(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Label each node of a graph with the smallest node of its component.

    Disjoint sets with path halving (Tarjan and van Leeuwen 1984); the smaller root wins, so that
    the labels do not depend on the order of the edges.

    Args:
        batches: all edges: `left` and `right` (of one orderable type, not NULL). Some 200 bytes
            of memory a node.

    Yields:
        `node` and `component`, by node, once for each node of an edge between two different ones.
    """
    parent: dict[Any, Any] = {}
    kind = pa.string()

    def root(node: Any) -> Any:
        while (above := parent[node]) != node:
            parent[node] = parent[above]
            node = parent[node]
        return node

    for batch in batches:
        kind = batch["left"].type
        for left, right in zip(batch["left"].to_pylist(), batch["right"].to_pylist(), strict=True):
            if left == right:
                continue
            parent.setdefault(left, left)
            parent.setdefault(right, right)
            low, high = sorted((root(left), root(right)))
            parent[high] = low
    nodes = sorted(parent)
    for start in range(0, len(nodes), _ROWS):
        part = nodes[start : start + _ROWS]
        yield pa.RecordBatch.from_arrays(
            [pa.array(part, kind), pa.array([root(node) for node in part], kind)],
            names=["node", "component"],
        )
