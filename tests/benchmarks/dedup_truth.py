"""How near clusters come to what is known of dedup_corpus.py's corpus. Standard library alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def score(clusters: Mapping[int, object], known: Mapping[str, Any]) -> dict[str, float]:
    """Say how near clusters come to the truth.

    Args:
        clusters: of each document's number, the name of its cluster; what is missing is single.
        known: what `write` wrote.

    Returns:
        `pair_recall`: of the families' pairs at or over the threshold, the share in one cluster;
        `rest_recall`: the same for the pairs of copies, chains and boilerplate, which are nearer.
        `pair_precision`: of the families' pairs in one cluster, the share that the exact graph,
        with an edge for each pair at or over the threshold, connects. `cluster_recall`: of the
        exact graph's components of at least two, of all kinds, the share found as a cluster with
        exactly these members; `cluster_precision`: of the clusters found, the share that are such
        components. `mixed`: clusters that hold documents of two families, or single ones.
        `removed`: documents beyond the first of each cluster, over those of the exact graph.
    """
    threshold = known["threshold"]
    near = near_found = found = found_right = rest = rest_found = 0
    family_of: dict[int, int] = {}
    components: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, one in enumerate(known["families"]):
        members, pairs = one["members"], one["pairs"]
        roots = connect(len(members), [(a, b) for a, b, true in pairs if true >= threshold])
        for place, document in enumerate(members):
            family_of[document] = number
            components[number, roots[place]].append(document)
        for left, right, true in pairs:
            is_found = _is_one(clusters, members[left], members[right])
            if one["kind"] != "family":
                rest += true >= threshold
                rest_found += is_found and true >= threshold
                continue
            near += true >= threshold
            near_found += is_found and true >= threshold
            found += is_found
            found_right += is_found and roots[left] == roots[right]
    sizes = Counter(clusters.values())
    exact = [component for component in components.values() if len(component) > 1]
    right = sum(
        component[0] in clusters
        and sizes[clusters[component[0]]] == len(component)
        and all(_is_one(clusters, component[0], other) for other in component[1:])
        for component in exact
    )
    families: dict[object, set[tuple[bool, int]]] = defaultdict(set)
    for document, label in clusters.items():
        single = document not in family_of
        families[label].add((single, document if single else family_of[document]))
    removed = sum(sizes.values()) - len(sizes)
    return {
        "pair_recall": near_found / max(near, 1),
        "rest_recall": rest_found / max(rest, 1),
        "pair_precision": found_right / max(found, 1),
        "cluster_recall": right / max(len(exact), 1),
        "cluster_precision": right / max(sum(size > 1 for size in sizes.values()), 1),
        "mixed": sum(len(one) > 1 for one in families.values()),
        "removed": removed / max(sum(len(component) - 1 for component in exact), 1),
    }


def verdicts(clusters: Mapping[int, object], known: Mapping[str, Any]) -> str:
    """Return, of each known pair in order, 1 if it lies in one cluster and 0 if not."""
    return "".join(
        "01"[_is_one(clusters, one["members"][left], one["members"][right])]
        for one in known["families"]
        for left, right, _ in one["pairs"]
    )


def _is_one(clusters: Mapping[int, object], left: int, right: int) -> bool:
    return left in clusters and right in clusters and clusters[left] == clusters[right]


def connect(nodes: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the smallest node of each node's connected component."""
    parent = list(range(nodes))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in edges:
        low, high = sorted((root(left), root(right)))
        parent[high] = low
    return [root(node) for node in range(nodes)]
