"""Documents deduplicated per second: find_duplicates on Spark, and the peers' whole ways.

All read the same seeded corpus (dedup_corpus.py) and end with clusters of near-duplicates, which
are held against the truth (dedup_truth.py); how the peers are set stands in dedup_peers.py.

- `duplicates-cluster`: from text to clusters, ours and all peers. Neither Spark's start nor a
  first hundred documents are counted. Ours keeps signatures and clusters in Delta tables, as the
  job does; rensa keeps all in memory and stops at one core.
- `duplicates-sign`: signing alone, one process each: what grows with the text.
- `duplicates-growth`: ours on 1, 10 and 100 times as many documents. `exponent` is p in
  cost = documents ** p between the two sizes; `exponent without fixed part` is that of
  fixed + documents ** p through all three.
"""

from __future__ import annotations

import itertools
import math
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.benchmarks import dedup_corpus, dedup_peers
from tests.benchmarks.case import Case, Clock, Contestant, Given, Outcome, Request
from tests.benchmarks.dedup_corpus import JACCARD, NGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

COUNTS = {"tiny": 200, "small": 2_000, "full": 100_000}
# Documents of the smallest of the three corpora whose growth is told.
GROWTH = {"tiny": 20, "small": 200, "full": 10_000}
TIMES = (1, 10, 100)


def build(folder: Path, request: Request) -> Given:
    """One corpus."""
    return Given(COUNTS[request.size], dedup_corpus.write(folder, COUNTS[request.size]))


def build_growth(folder: Path, request: Request) -> Given:
    """One corpus of each size, each with its share of everything that is planted."""
    base = GROWTH[request.size]
    for times in TIMES:
        (folder / f"{times}").mkdir()
        about = dedup_corpus.write(folder / f"{times}", base * times)
    return Given(base, f"1x is {base:,} documents, 100x is {about}")


def ours(given: Path, out: Path, clock: Clock, *, corpus: str = "") -> dict[str, Any]:
    """Sign and cluster on Spark, tables in Delta as in the job."""
    from conf import settings as conf_settings
    from jobs import session

    given /= corpus
    settings = conf_settings.load(words=[f"root={out}", "spark.master=local[2]"])
    spark = session.start(settings, out / "spark.log")
    documents = given / "documents.jsonl"
    few = out / "few.jsonl"
    with documents.open(encoding="utf-8") as file:
        lines = itertools.islice(file, dedup_corpus.FEW)
        few.write_text("".join(lines), encoding="utf-8")
    _clusters(spark, few, out / "first")  # the JVM compiles, workers start
    with clock:
        clusters = _clusters(spark, documents, out / "whole")
    spark.stop()
    return dedup_peers.finish(given, out, clusters)


def _clusters(spark: SparkSession, documents: Path, folder: Path) -> dict[int, object]:
    """Return the cluster of each document that has one."""
    from conf import tables
    from jobs import find_duplicates, session
    from udfs import minhash

    method = minhash.Method(JACCARD, NGRAM)
    signed, found = str(folder / "signatures"), str(folder / "duplicates")
    frame = spark.read.json(str(documents), schema="doc_id STRING, text STRING")
    frame.selectExpr(
        "doc_id", "CAST(NULL AS STRING) crawl", "CAST(NULL AS STRING) url", "text"
    ).mapInArrow(partial(minhash.sign, method=method), session.ddl(tables.SIGNATURES)).write.format(
        "delta"
    ).save(signed)
    find_duplicates.clusters(
        spark.read.format("delta").load(signed),
        spark.createDataFrame([], session.ddl(tables.SCORES)),
        spark.createDataFrame([], session.ddl(tables.DUPLICATES)),
        method=method,
    ).write.format("delta").save(found)
    rows = spark.read.format("delta").load(found).select("doc_id", "cluster_id").collect()
    return {int(row["doc_id"]): row["cluster_id"] for row in rows}


def agree(mine: Outcome, peer: Outcome) -> dict[str, float]:
    """Share of the known pairs judged alike, and how near each came to the truth.

    What the names mean stands in `dedup_truth.score`; the rest of it stands in the JSON.
    """
    left, right = ((one.out / "verdicts").read_text(encoding="ascii") for one in (mine, peer))
    same = sum(a == b for a, b in zip(left, right, strict=True)) / max(len(left), 1)
    told = {"same": same}
    for name in ("pair_recall", "pair_precision", "cluster_recall", "removed"):
        told |= {name: peer.summary[name], f"ours {name}": mine.summary[name]}
    return told


def agree_grown(mine: Outcome, other: Outcome) -> dict[str, float]:
    """How near the result on the larger corpus came to the truth; `mine` is the smallest."""
    return {name: other.summary[name] for name in ("pair_recall", "pair_precision")} | {
        "1x pair_recall": mine.summary["pair_recall"]
    }


def conclude(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Tell how wall time, CPU time and memory grow with the documents."""
    found: dict[str, float] = {}
    for name, key in (("wall", "wall_seconds"), ("CPU", "cpu_seconds")):
        points = [(row["units"], row[key]) for row in rows]
        for (x1, y1), (x2, y2) in itertools.pairwise(points):
            found[f"{name} exponent {x1:,} to {x2:,}"] = math.log(y2 / y1) / math.log(x2 / x1)
        found[f"{name} exponent without fixed part"] = exponent(points)
        found[f"{name} ms a document at {points[-1][0]:,}"] = points[-1][1] / points[-1][0] * 1e3
    for row in rows:
        found[f"peak MiB at {row['units']:,}"] = row["peak_bytes"] / 2**20
    return found


def exponent(points: list[tuple[float, float]]) -> float:
    """Return p of y = fixed + factor * x ** p through three points, each x so many times the last.

    Returns:
        NaN where y does not grow.
    """
    (x1, y1), (x2, y2), (x3, y3) = points
    assert math.isclose(x2 / x1, x3 / x2), "each size must be as many times the one before"
    if y2 <= y1 or y3 <= y2:
        return float("nan")
    return math.log((y3 - y2) / (y2 - y1)) / math.log(x2 / x1)


def sign_ours(given: Path, out: Path, clock: Clock, *, verify: str) -> dict[str, Any]:
    """`sign`, on batches as Spark hands them over.

    By `signature` it makes the values that the peer makes; by `jaccard` fewer, and keeps the
    hashes of all n-grams.
    """
    import pyarrow as pa

    from udfs import minhash

    method = minhash.Method(JACCARD, NGRAM, verify=verify)
    similarity = {"signature": minhash.estimate, "jaccard": minhash.measure}[verify]
    if verify == "signature":
        expected = (dedup_peers.BANDS, dedup_peers.VALUES)
        assert (method.bands.bands, method.bands.values) == expected, "the peer gets what ours has"

    def sign(texts: list[str]) -> list[bytes]:
        nothing = pa.nulls(len(texts), pa.string())
        batch = pa.RecordBatch.from_pydict(
            {"doc_id": texts, "crawl": nothing, "url": nothing, "text": texts}
        )
        signed = minhash.sign([batch], method=method)
        return [value for one in signed for value in one["signature"].to_pylist()]

    sign(["one text"])  # a worker lives long: it reads the schema and draws the functions once
    values: list[bytes] = []
    with clock:
        texts = dedup_peers.texts(given)
        while some := list(itertools.islice(texts, 10_000)):
            values += sign(some)
    return dedup_peers.estimates(given, lambda left, right: similarity(values[left], values[right]))


def agree_signed(mine: Outcome, peer: Outcome) -> dict[str, float]:
    """Mean error of the estimated similarity of known pairs, of the peer and of ours."""
    return {"error": peer.summary["error"], "ours error": mine.summary["error"]}


RENSA = ("rensa==0.5.0",)
TEXT_DEDUP = ("text-dedup==0.4.0", "pyspark==4.1.4", "graphframes-py==0.12.3")
DATATROVE = (
    "datatrove==0.10.1",
    "spacy==3.8.18",
    "xxhash==3.6.0",
    "pyarrow==26.0.1",
    "orjson==3.13.0",
    "regex==2026.11.15",
    "tokenizers==0.23.3",
)
CURATOR = ("distributed-curator==0.1.6", "pyspark==3.5.9", "pandas==2.3.3", "pyarrow==26.0.1")
CASES = [
    Case(
        name="duplicates-cluster",
        question="documents per second from text to clusters of near-duplicates",
        unit="documents",
        build=build,
        contestants=(
            Contestant("ours", ours),
            Contestant("rensa", dedup_peers.rensa, packages=RENSA),
            Contestant("text-dedup", dedup_peers.text_dedup, packages=TEXT_DEDUP),
            Contestant("datatrove", dedup_peers.datatrove, packages=DATATROVE),
            Contestant("distributed-curator", dedup_peers.distributed_curator, packages=CURATOR),
        ),
        agree=agree,
        rounds=2,
        warmups=0,  # each has its own, and Spark's start takes longer than all else
        limit_seconds=3600,
    ),
    Case(
        name="duplicates-sign",
        question="documents signed per second, one process",
        unit="documents",
        build=build,
        contestants=(
            Contestant("ours", sign_ours, options={"verify": "jaccard"}),
            Contestant("ours, values alone", sign_ours, options={"verify": "signature"}),
            Contestant("rensa", dedup_peers.sign_rensa, packages=RENSA),
        ),
        agree=agree_signed,
    ),
    Case(
        name="duplicates-growth",
        question="find_duplicates: does its cost grow linearly with the documents?",
        unit="documents",
        build=build_growth,
        contestants=tuple(
            Contestant(f"{times}x", ours, options={"corpus": f"{times}"}, copies=times)
            for times in TIMES
        ),
        agree=agree_grown,
        conclude=conclude,
        rounds=1,
        warmups=0,
        limit_seconds=7200,
    ),
]
