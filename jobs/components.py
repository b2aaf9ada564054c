"""Connected components of a graph that stands in a frame: each node with its smallest peer.

Each worker first unites what is connected in its own part. Where few edges are left, one worker
unites them all. Many are turned into stars round by round: alternating large-star and small-star
operations (Kiveris, Lattanzi, Mirrokni, Rastogi, Vassilvitskii, "Connected Components in MapReduce
and Beyond", SoCC 2014). Each round sorts the edges twice, and they never grow in number; chains of
n nodes take O(log n) rounds. The end is told by a checksum of the edges, the only thing that comes
to the driver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the name all of Spark's users know

from udfs.components import unite

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# Most edges for one worker: some 100 MB and a second there, where a round costs about as much
# for any small graph.
FEW_EDGES = 200_000
# Rounds after which something is wrong: a chain of 2**60 nodes would be done.
MAX_ROUNDS = 60


class ComponentsError(RuntimeError):
    """The rounds did not converge, which no graph explains."""


def label(edges: DataFrame, *, few: int = FEW_EDGES) -> DataFrame:
    """Find the connected component of each node that has an edge.

    Args:
        edges: `left` and `right`, of one orderable type, not NULL; direction and repetition
            make no difference. Read several times: a cached or checkpointed frame.
        few: most edges that one worker takes.

    Returns:
        `node` and `component`, the smallest node of its component, once for each node of an edge
        between two different nodes.

    Raises:
        ComponentsError: no end after `MAX_ROUNDS`.
    """
    kind = edges.schema["left"].dataType.simpleString()
    found = f"node {kind}, component {kind}"
    links = edges.select("left", "right")
    if edges.count() > few:
        # What each worker can unite by itself: its nodes bound the edges that are left.
        local = links.mapInArrow(unite, found).where("node != component")
        links = local.toDF("left", "right").distinct().localCheckpoint()
    if links.count() <= few:
        return links.coalesce(1).mapInArrow(unite, found)
    links = links.toDF("node", "parent")
    checksum = None
    for _ in range(MAX_ROUNDS):
        # Without the checkpoint the plan would double with each round.
        links = _small_star(_large_star(links)).localCheckpoint()
        previous, checksum = checksum, _checksum(links)
        if checksum == previous:
            return _with_roots(links)
    raise ComponentsError(f"components: no end after {MAX_ROUNDS} rounds")


def _large_star(links: DataFrame) -> DataFrame:
    """Connect each node's larger neighbours to the smallest of the node and its neighbours."""
    both = links.select("node", "parent").union(
        links.select(F.col("parent").alias("node"), F.col("node").alias("parent"))
    )
    # In order of the neighbours the first is the smallest: a running frame buffers no rows, so
    # that a hub with millions of neighbours costs memory for one.
    smallest = F.first("parent").over(Window.partitionBy("node").orderBy("parent"))
    return (
        both.withColumn("hub", F.least("node", smallest))
        .where("parent > node")
        .select(F.col("parent").alias("node"), F.col("hub").alias("parent"))
    )


def _small_star(links: DataFrame) -> DataFrame:
    """Connect each node and its smaller neighbours to the smallest of them."""
    smallest = F.first("parent").over(Window.partitionBy("node").orderBy("parent"))
    hubs = links.withColumn("hub", smallest)
    moved = hubs.where("parent != hub").select(F.col("parent").alias("node"), "hub")
    own = hubs.where("parent = hub").select("node", "hub")
    return moved.union(own).distinct().select("node", F.col("hub").alias("parent"))


def _checksum(links: DataFrame) -> tuple[int, int]:
    """Return how many links there are, and a sum over them that their order does not change."""
    # In decimals: a sum of longs would overflow.
    total = F.sum(F.xxhash64("node", "parent").cast("decimal(38,0)"))
    row = links.agg(F.count("*").alias("links"), total.alias("total")).first()
    assert row is not None
    return row["links"], int(row["total"] or 0)


def _with_roots(links: DataFrame) -> DataFrame:
    members = links.select("node", F.col("parent").alias("component"))
    roots = links.select(F.col("parent").alias("node"), F.col("parent").alias("component"))
    return members.union(roots.distinct())
