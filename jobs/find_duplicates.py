"""documents, scores -> signatures, duplicates: which documents are one, and which of them stays.

Three ties make documents one: equal normalised text, equal canonical URL, and an estimated
Jaccard similarity of their word n-grams at or over `duplicates.jaccard`. All work is linear in
the documents: a group of equals is a star around its smallest key, and in a bucket of equal LSH
bands each document is compared with two others, not with all.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the name all of Spark's users know

from conf import tables
from jobs import command, components, session, slices, stream, train_filter
from udfs import minhash

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from conf.settings import Settings

# Rules in order of strength.
_TEXT, _URL, _MINHASH = 1, 2, 3


def main(spark: SparkSession, settings: Settings) -> None:
    """Sign new documents, then find the clusters among all."""
    ngram, jaccard = settings.duplicates.ngram, settings.duplicates.jaccard
    stream.append(
        spark,
        settings,
        job="find_duplicates",
        source=tables.DOCUMENTS,
        where="rejected_by IS NULL",
        columns=("doc_id", "crawl", "url", "text"),
        function=partial(minhash.sign, ngram=ngram, jaccard=jaccard),
        target=tables.SIGNATURES,
    )
    versions = session.versions(spark, settings, [tables.SIGNATURES, tables.SCORES, tables.FILTERS])
    signatures = session.table(spark, settings, tables.SIGNATURES, versions=versions)
    scores = session.table(spark, settings, tables.CURRENT_SCORES, versions=versions)
    method = minhash.method(ngram=ngram, jaccard=jaccard)
    slices.replace(
        spark,
        settings,
        job="find_duplicates",
        target=tables.DUPLICATES,
        frame=clusters(
            signatures.where(F.col("method") == F.lit(method)),
            scores,
            jaccard=jaccard,
        ),
        pinned={
            "versions": versions,
            "method": method,
            "jaccard": jaccard,
            "filter": train_filter.settings_id(settings),
        },
    )


def clusters(signatures: DataFrame, scores: DataFrame, *, jaccard: float) -> DataFrame:
    """Find the clusters of documents that are one, and the one document of each that stays.

    Args:
        signatures: rows of `signatures`, all of one method.
        scores: rows of `scores` that count.
        jaccard: lowest estimated similarity of a pair that is one.

    Returns:
        Rows of `duplicates`: the members of clusters of at least two.
    """
    found = ties(signatures, jaccard=jaccard).localCheckpoint()
    member = components.label(found).select(
        F.col("node").alias("doc_id"), F.col("component").alias("cluster_id")
    )
    return (
        survivors(member, signatures, scores)
        .join(strongest_rule(found), on="doc_id", how="inner")
        .select([column.name for column in tables.table(tables.DUPLICATES).columns])
    )


def ties(signatures: DataFrame, *, jaccard: float) -> DataFrame:
    """Find pairs that make documents one: enough of them to connect each cluster.

    Returns:
        `left`, `right` (doc_ids), `rule` (1 text, 2 url, 3 minhash).
    """
    same_text = star(signatures, "text_hash", _TEXT)
    same_url = star(signatures.where("url_hash IS NOT NULL"), "url_hash", _URL)
    near = similar(signatures, jaccard=jaccard).withColumn("rule", F.lit(_MINHASH))
    return same_text.union(same_url).union(near.select("left", "right", "rule"))


def star(signatures: DataFrame, column: str, rule: int) -> DataFrame:
    """Tie each document to the smallest doc_id with an equal value in a column."""
    first = F.first("doc_id").over(Window.partitionBy(column).orderBy("doc_id"))
    return (
        signatures.select("doc_id", first.alias("right"))
        .where("doc_id != right")
        .select(F.col("doc_id").alias("left"), "right", F.lit(rule).alias("rule"))
    )


def similar(signatures: DataFrame, *, jaccard: float) -> DataFrame:
    """Find near-duplicates: candidates that share a band, verified by their signatures.

    Returns:
        `left`, `right` (doc_ids), `jaccard` (estimated, at or over the threshold).
    """
    pairs = candidates(signatures)
    left = signatures.select(
        F.col("doc_id").alias("left"), F.col("signature").alias("left_signature")
    )
    right = signatures.select(
        F.col("doc_id").alias("right"), F.col("signature").alias("right_signature")
    )
    return (
        pairs.join(left, on="left", how="inner")
        .join(right, on="right", how="inner")
        .select("left", "right", "left_signature", "right_signature")
        .mapInArrow(minhash.compare, "left STRING, right STRING, jaccard DOUBLE")
        .where(F.col("jaccard") >= jaccard)
    )


def candidates(signatures: DataFrame) -> DataFrame:
    """Pair documents that share an LSH band: at most two pairs a document and band.

    A bucket is sorted by the next band, so that what also shares that band stands together; each
    member is paired with the bucket's first and with the one before it. A cluster whose bucket
    is full of strangers is still held together by its neighbours, where a star alone would be
    broken by a strange hub; and a bucket of a million costs two million pairs.

    Returns:
        `left`, `right` (doc_ids), each unordered pair once.
    """
    # Documents of equal text are tied already: one of them stands for all.
    copies = Window.partitionBy("text_hash").orderBy("doc_id")
    single = signatures.select("doc_id", "bands", F.row_number().over(copies).alias("copy")).where(
        "copy = 1"
    )
    count = F.size("bands")
    places = single.select("doc_id", "bands", F.posexplode("bands").alias("place", "band")).select(
        "doc_id",
        "band",
        F.element_at("bands", (((F.col("place") + 1) % count) + 1).cast("int")).alias("next_band"),
    )
    bucket = Window.partitionBy("band").orderBy("next_band", "doc_id")
    paired = places.select(
        "doc_id",
        F.first("doc_id").over(bucket).alias("first"),
        F.lag("doc_id").over(bucket).alias("before"),
    ).where("before IS NOT NULL")
    hubs = paired.select("doc_id", F.col("first").alias("other"))
    chain = paired.where("before != first").select("doc_id", F.col("before").alias("other"))
    return (
        hubs.union(chain)
        .select(
            F.greatest("doc_id", "other").alias("left"), F.least("doc_id", "other").alias("right")
        )
        .distinct()
    )


def survivors(member: DataFrame, signatures: DataFrame, scores: DataFrame) -> DataFrame:
    """Choose the document of each cluster that stays: earliest crawl, best score, smallest key.

    What belongs to no crawl comes after what does, and what has no score after what has one.

    Returns:
        The columns of `duplicates` but `rule`, one row a member.
    """
    best = scores.groupBy("doc_id").agg(F.max("score").alias("score"))
    known = member.join(
        signatures.select("doc_id", "crawl", "text_hash", "signature"), on="doc_id", how="inner"
    ).join(best, on="doc_id", how="left")
    rank = F.struct(
        F.col("crawl").isNull().alias("is_import"),
        F.col("crawl"),
        F.col("score").isNull().alias("is_unscored"),
        (-F.col("score")).alias("badness"),
        F.col("doc_id"),
    )
    chosen = known.groupBy("cluster_id").agg(
        F.min(F.struct(rank.alias("rank"), "signature", "text_hash")).alias("kept"),
        F.count("*").alias("cluster_size"),
    )
    compared = (
        known.join(chosen, on="cluster_id", how="inner")
        .select(
            "doc_id",
            "cluster_id",
            F.col("kept.rank.doc_id").alias("kept_id"),
            (F.col("kept.text_hash") == F.col("text_hash")).alias("is_equal"),
            "cluster_size",
            F.col("signature").alias("left_signature"),
            F.col("kept.signature").alias("right_signature"),
        )
        .mapInArrow(
            minhash.compare,
            "doc_id STRING, cluster_id STRING, kept_id STRING, is_equal BOOLEAN, "
            "cluster_size BIGINT, jaccard DOUBLE",
        )
    )
    return compared.select(
        "doc_id",
        "cluster_id",
        (F.col("doc_id") == F.col("kept_id")).alias("is_kept"),
        "kept_id",
        F.when(F.col("is_equal"), 1.0).otherwise(F.col("jaccard")).alias("jaccard"),
        "cluster_size",
    )


def strongest_rule(found: DataFrame) -> DataFrame:
    """Return `doc_id` and the name of the strongest `rule` of any tie that it has."""
    both = found.select(F.col("left").alias("doc_id"), "rule").union(
        found.select(F.col("right").alias("doc_id"), "rule")
    )
    rule = F.min("rule")
    name = F.when(rule == _TEXT, "text").when(rule == _URL, "url").otherwise("minhash")
    return both.groupBy("doc_id").agg(name.alias("rule"))


if __name__ == "__main__":
    command.run(main)
