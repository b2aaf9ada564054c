"""documents, scores -> signatures, duplicates: which documents are one, and which of them stays.

Three ties make documents one: equal normalised text, equal canonical URL, and a Jaccard similarity
of their shingles at or over `duplicates.jaccard`. Documents with an equal hash of their text, of
their URL or of an LSH band share a bucket; of a bucket, at most two pairs a document are compared
(`udfs.buckets`), so that all work is linear in the documents, and the pairs that are tied make
clusters. Everything is found anew from the signatures of all crawls, which costs about as much as
making them: thus what is found does not depend on which crawl came when.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the name all of Spark's users know

from conf import tables
from jobs import command, components, session, slices, stream, train_filter
from udfs import buckets, minhash
from udfs.keys import key

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from conf.settings import Settings

# Rules in order of strength.
_TEXT, _URL, _MINHASH = 1, 2, 3
# Most pairs whose documents' ids are sent to all workers: some 20 MB.
FEW_PAIRS = 200_000


def main(spark: SparkSession, settings: Settings) -> None:
    """Sign the documents that are not signed by the method at hand, then cluster all of them."""
    how = method(settings)
    stream.append(
        spark,
        settings,
        job="find_duplicates",
        source=tables.DOCUMENTS,
        where="rejected_by IS NULL",
        columns=("doc_id", "crawl", "url", "text"),
        function=partial(minhash.sign, method=how),
        target=tables.SIGNATURES,
        checkpoint=key(str(how)),
    )
    versions = session.versions(spark, settings, [tables.SIGNATURES, tables.SCORES, tables.FILTERS])
    signatures = session.table(spark, settings, tables.SIGNATURES, versions=versions)
    slices.replace(
        spark,
        settings,
        job="find_duplicates",
        target=tables.DUPLICATES,
        frame=clusters(
            signatures.where(F.col("method") == F.lit(str(how))),
            session.table(spark, settings, tables.CURRENT_SCORES, versions=versions),
            session.table(spark, settings, tables.DUPLICATES),
            method=how,
        ),
        pinned={
            "versions": versions,
            "method": str(how),
            "jaccard": how.jaccard,
            "filter": train_filter.settings_id(settings),
        },
    )


def method(settings: Settings) -> minhash.Method:
    """Return how the settings want documents signed and compared."""
    chosen = settings.duplicates
    return minhash.Method(chosen.jaccard, chosen.ngram, chosen.shingle, chosen.verify)


def clusters(
    signatures: DataFrame, scores: DataFrame, earlier: DataFrame, *, method: minhash.Method
) -> DataFrame:
    """Find the clusters of documents that are one, and the one document of each that stays.

    Args:
        signatures: rows of `signatures`, all of one method.
        scores: rows of `scores` that count.
        earlier: rows of `duplicates` that this is to take the place of: their ids stay.
        method: how documents are compared.

    Returns:
        Rows of `duplicates`: the members of clusters of at least two.
    """
    found = ties(signatures, method=method).localCheckpoint()
    member = components.label(found).withColumnRenamed("node", "doc_id")
    ranked = rank(member, signatures, scores, earlier).localCheckpoint()
    return (
        similarity(ranked, signatures, method=method)
        .join(strongest_rule(found), on="doc_id", how="inner")
        .select([column.name for column in tables.table(tables.DUPLICATES).columns])
    )


def ties(signatures: DataFrame, *, method: minhash.Method) -> DataFrame:
    """Find pairs that make documents one: enough of them to connect each cluster.

    Returns:
        `left`, `right` (doc_ids), `rule` (1 text, 2 url, 3 minhash).
    """
    rule = (
        F.when(F.col("is_equal"), _TEXT)
        .when(F.col("is_one_page"), _URL)
        .when(F.col("jaccard") >= method.jaccard, _MINHASH)
    )
    return (
        compare(candidates(signatures).localCheckpoint(), signatures, on=_node(), method=method)
        .select("left", "right", rule.alias("rule"))
        .where("rule IS NOT NULL")
    )


def candidates(signatures: DataFrame) -> DataFrame:
    """Pair documents that share a bucket: a band, the text, or the URL.

    Returns:
        `left`, `right` (nodes), each unordered pair once.
    """
    # 64 bits of a hash are enough to bring documents together: `compare` looks at the whole.
    text, url = (F.array(F.xxhash64(F.lit(name), name)) for name in ("text_hash", "url_hash"))
    # An array that is NULL would make the whole NULL.
    band = F.concat("bands", text, F.when(F.col("url_hash").isNotNull(), url).otherwise(F.array()))
    following = F.concat(F.slice("bands", 2, F.size("bands")), F.slice("bands", 1, 1))
    zipped = F.arrays_zip(band.alias("band"), following.alias("next"))
    return (
        signatures.select(_node().alias("node"), F.explode(zipped).alias("place"))
        .select("place.band", F.coalesce("place.next", F.lit(0)).alias("next"), "node")
        .repartition("band")
        .sortWithinPartitions("band", "next", "node")
        .mapInArrow(buckets.pair, "left BIGINT, right BIGINT")
        .distinct()
    )


def _node() -> Column:
    """Return the number that stands for a document in buckets: a third of the bytes of its id.

    Where two documents have one number, as a pair or two of 10**10 do, `compare` takes both.
    """
    return F.xxhash64("doc_id")


def compare(
    pairs: DataFrame, signatures: DataFrame, *, on: Column, method: minhash.Method
) -> DataFrame:
    """Compare pairs of documents.

    Args:
        pairs: `left` and `right`, keys of documents. Read several times: a checkpointed frame.
        signatures: rows of `signatures`, all of one method.
        on: the key of a row of `signatures`.
        method: how documents are compared.

    Returns:
        `left` and `right` (doc_ids), `is_equal` (the texts), `is_one_page` (the URLs), and
        `jaccard`.
    """
    signed = signatures.select(on.alias("key"), "doc_id", "text_hash", "url_hash", "signature")
    if pairs.count() <= FEW_PAIRS:
        # What is in no pair need not be moved about.
        keys = pairs.select(F.explode(F.array("left", "right")).alias("key")).distinct()
        signed = signed.join(F.broadcast(keys), on="key", how="left_semi")
    for side in ("left", "right"):
        columns = [f"{side}_{name}" for name in ("id", "text", "url", "signature")]
        pairs = pairs.join(signed.toDF(side, *columns), on=side, how="inner")
    return pairs.select(
        F.col("left_id").alias("left"),
        F.col("right_id").alias("right"),
        F.expr("left_text = right_text").alias("is_equal"),
        F.expr("coalesce(left_url = right_url, false)").alias("is_one_page"),
        "left_signature",
        "right_signature",
    ).mapInArrow(
        partial(minhash.compare, verify=method.verify),
        "left STRING, right STRING, is_equal BOOLEAN, is_one_page BOOLEAN, jaccard DOUBLE",
    )


def rank(
    member: DataFrame, signatures: DataFrame, scores: DataFrame, earlier: DataFrame
) -> DataFrame:
    """Choose the document of each cluster that stays: earliest crawl, best score, smallest key.

    What belongs to no crawl comes after what does, and what has no score after what has one. A
    cluster is named by one of its members: by the one that named a cluster before, else, and
    where clusters became one, by the earliest crawl's, then the smallest.

    Args:
        member: `doc_id` and `component`.
        signatures: rows of `signatures`, all of one method.
        scores: rows of `scores` that count.
        earlier: rows of `duplicates` of before.

    Returns:
        `doc_id`, `cluster_id`, `kept_id`, `cluster_size`; a row a member.
    """
    best = scores.groupBy("doc_id").agg(F.max("score").alias("score"))
    named = earlier.select(F.col("cluster_id").alias("doc_id"), F.lit(0).alias("is_new")).distinct()
    known = (
        member.join(signatures.select("doc_id", "crawl"), on="doc_id", how="inner")
        .join(best, on="doc_id", how="left")
        .join(named, on="doc_id", how="left")
    )
    crawl = (F.col("crawl").isNull(), F.col("crawl"))
    score = (F.col("score").isNull(), -F.col("score"))
    worth = F.struct(*_named(*crawl, *score, F.col("doc_id")))
    age = F.struct(*_named(F.coalesce("is_new", F.lit(1)), *crawl, F.col("doc_id")))
    chosen = known.groupBy("component").agg(
        F.min(worth).alias("kept"), F.min(age).alias("oldest"), F.count("*").alias("cluster_size")
    )
    return known.join(chosen, on="component", how="inner").select(
        "doc_id",
        F.col("oldest.key3").alias("cluster_id"),
        F.col("kept.key4").alias("kept_id"),
        "cluster_size",
    )


def _named(*columns: Column) -> list[Column]:
    return [column.alias(f"key{place}") for place, column in enumerate(columns)]


def similarity(ranked: DataFrame, signatures: DataFrame, *, method: minhash.Method) -> DataFrame:
    """Complete the rows of `duplicates`, but `rule`, by the similarity to the kept document."""
    pairs = ranked.where("doc_id != kept_id").select(
        F.col("doc_id").alias("left"), F.col("kept_id").alias("right")
    )
    compared = compare(pairs, signatures, on=F.col("doc_id"), method=method).select(
        F.col("left").alias("doc_id"), "jaccard"
    )
    return (
        ranked.join(compared, on="doc_id", how="left")
        .withColumn("is_kept", F.expr("doc_id = kept_id"))
        .withColumn("jaccard", F.coalesce("jaccard", F.lit(1.0)))
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
