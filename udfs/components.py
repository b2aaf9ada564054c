"""Connected components of the part of a graph that one worker has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_ROWS = 10_000  # of a batch that is yielded
# Nodes that are held at once: some 200 MB.
MAX_NODES = 1_000_000


def unite(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Label each node of a graph with the smallest node of its component.

    Disjoint sets with path halving (Tarjan and van Leeuwen 1984); the smaller root wins, so that
    the labels do not depend on the order of the edges.

    Args:
        batches: edges: `left` and `right` (of one orderable type, not NULL).

    Yields:
        `node` and `component`, by node, once for each node of an edge between two different ones.
        Of a graph of more than `MAX_NODES` nodes, so many nodes' edges make a part by themselves:
        the links of all parts have the components of the whole graph.
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
        if len(parent) > MAX_NODES:
            yield from _labelled(parent, root, kind)
            parent.clear()
    yield from _labelled(parent, root, kind)


def _labelled(
    parent: dict[Any, Any], root: Callable[[Any], Any], kind: pa.DataType
) -> Iterator[pa.RecordBatch]:
    nodes = sorted(parent)
    for start in range(0, len(nodes), _ROWS):
        part = nodes[start : start + _ROWS]
        yield pa.RecordBatch.from_arrays(
            [pa.array(part, kind), pa.array([root(node) for node in part], kind)],
            names=["node", "component"],
        )
