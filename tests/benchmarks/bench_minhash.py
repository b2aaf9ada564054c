"""Documents deduplicated per second: find_duplicates on Spark, and rensa in one process.

Both read the same JSONL of documents, sign each, and end with the clusters. The corpus is
seeded: words by Zipf's law, 300 to 800 a document, with planted clusters whose members' true
Jaccard similarity is known, one large cluster, and a chain. Agreement is told over pairs whose
true similarity lies clear of the threshold.

`duplicates-cluster` counts neither Spark's start nor its first small job; rensa needs no start,
keeps all in memory and stops at one core. `duplicates-sign` is signing alone, one process each:
what grows with the text.
"""

from __future__ import annotations

import itertools
import json
import random
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.case import Case, Clock, Contestant, Given, Outcome, Request

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

COUNTS = {"tiny": 200, "small": 2_000, "full": 30_000}
NGRAM = 5
JACCARD = 0.8
# Bands and values that `udfs.minhash.bands_for` derives from JACCARD: the peer gets the same.
BANDS, VALUES = 26, 208
CHAIN = 200  # documents, each near the next only


def build(folder: Path, request: Request) -> Given:
    """The corpus, and the pairs whose similarity is known."""
    texts, known = corpus(COUNTS[request.size])
    with (folder / "documents.jsonl").open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"doc_id": f"{number:032d}", "text": text}) + "\n")
    (folder / "known.json").write_text(json.dumps(known), encoding="utf-8")
    size = sum(map(len, texts)) / 1e6
    about = f"{len(texts):,} documents, {size:.1f} MB, {len(known):,} pairs of known similarity"
    return Given(len(texts), about)


def corpus(count: int, seed: int = 1) -> tuple[list[str], list[tuple[int, int, float]]]:
    """Make texts, and pairs of them with their true Jaccard similarity."""
    rng = random.Random(seed)
    vocabulary = [
        "".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(2, 10))) for _ in range(50_000)
    ]
    weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(vocabulary))))

    def fresh() -> list[str]:
        return rng.choices(vocabulary, cum_weights=weights, k=rng.randint(300, 800))

    def edited(words: list[str], share: float) -> list[str]:
        changed = list(words)
        for place in rng.sample(range(len(words)), int(share * len(words))):
            changed[place] = rng.choice(vocabulary)
        return changed

    texts: list[list[str]] = []
    pairs: list[tuple[int, int]] = []
    boilerplate = fresh()
    while len(texts) < count // 10:
        texts.append(edited(boilerplate, 0.004))
        pairs.append((0, len(texts) - 1))
    link = fresh()
    for _ in range(min(CHAIN, count // 10)):
        texts.append(link)
        link = edited(link, 0.015)
    while len(texts) < count:
        words = fresh()
        first = len(texts)
        texts.append(words)
        if rng.random() < 0.3:
            for _ in range(rng.choice((1, 1, 2, 4))):
                texts.append(edited(words, rng.choice((0.0, 0.005, 0.015, 0.05, 0.1))))
                pairs.append((first, len(texts) - 1))
    texts = texts[:count]

    def shingles(words: list[str]) -> set[tuple[str, ...]]:
        return {tuple(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)}

    known = []
    for left, right in pairs:
        if left < right < count:
            one, two = shingles(texts[left]), shingles(texts[right])
            known.append((left, right, len(one & two) / len(one | two)))
    return [" ".join(words) for words in texts], known


def ours(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Sign and cluster on Spark, tables in Delta as in the job."""
    from conf import settings as conf_settings
    from jobs import session

    settings = conf_settings.load(words=[f"root={out}", "spark.master=local[2]"])
    spark = session.start(settings, out / "spark.log")
    documents = given / "documents.jsonl"
    few = out / "few.jsonl"
    with documents.open(encoding="utf-8") as file:
        few.write_text("".join(itertools.islice(file, 100)), encoding="utf-8")
    _clusters(spark, few, out / "first")  # the JVM compiles, workers start
    with clock:
        clusters = _clusters(spark, documents, out / "whole")
    session.stop(spark)
    return _finish(given, clusters)


def _clusters(spark: SparkSession, documents: Path, folder: Path) -> dict[int, object]:
    """Return the cluster of each document that has one."""
    from conf import tables
    from jobs import find_duplicates, session
    from udfs import minhash

    signed, found = str(folder / "signatures"), str(folder / "duplicates")
    frame = spark.read.json(str(documents), schema="doc_id STRING, text STRING")
    frame.selectExpr(
        "doc_id", "CAST(NULL AS STRING) crawl", "CAST(NULL AS STRING) url", "text"
    ).mapInArrow(
        lambda batches: minhash.sign(batches, ngram=NGRAM, jaccard=JACCARD),
        session.ddl(tables.SIGNATURES),
    ).write.format("delta").save(signed)
    find_duplicates.clusters(
        spark.read.format("delta").load(signed),
        spark.createDataFrame([], session.ddl(tables.SCORES)),
        jaccard=JACCARD,
    ).write.format("delta").save(found)
    rows = spark.read.format("delta").load(found).select("doc_id", "cluster_id").collect()
    return {int(row["doc_id"]): row["cluster_id"] for row in rows}


def rensa(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Sign, look up, compare and unite, document by document."""
    from rensa import RMinHash, RMinHashLSH

    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    with clock:
        lsh = RMinHashLSH(JACCARD, VALUES, BANDS)
        signed: dict[int, Any] = {}
        with (given / "documents.jsonl").open(encoding="utf-8") as file:
            for number, line in enumerate(file):
                made = RMinHash(VALUES, 42)
                made.update(_rensa_shingles(json.loads(line)["text"]))
                parent[number] = number
                for other in lsh.query(made):
                    is_new = root(other) != root(number)
                    if is_new and made.jaccard(signed[other]) >= JACCARD:
                        low, high = sorted((root(other), root(number)))
                        parent[high] = low
                lsh.insert(number, made)
                signed[number] = made
        clusters: dict[int, object] = {number: root(number) for number in parent}
    return _finish(given, clusters)


def _rensa_shingles(text: str) -> list[str]:
    words = text.lower().split()
    return [" ".join(words[i : i + NGRAM]) for i in range(max(len(words) - NGRAM + 1, 1))]


def _finish(given: Path, clusters: dict[int, object]) -> dict[str, Any]:
    """Return the verdict on each known pair, clear of the threshold, and how many are right."""
    near, far = [], []
    for left, right, true in json.loads((given / "known.json").read_text(encoding="utf-8")):
        is_one = clusters.get(left, left) == clusters.get(right, right)
        if true >= JACCARD + 0.08:
            near.append(is_one)
        elif true <= JACCARD - 0.08:
            far.append(is_one)
    return {
        "verdicts": "".join("01"[is_one] for is_one in [*near, *far]),
        "recall": statistics.fmean(near),
        "kept_apart": 1 - statistics.fmean(far),
    }


def agree(mine: Outcome, peer: Outcome) -> dict[str, float]:
    """Share of the known pairs judged alike, and the share that each judged right."""
    pairs = list(zip(mine.summary["verdicts"], peer.summary["verdicts"], strict=True))
    return {
        "same": sum(left == right for left, right in pairs) / len(pairs),
        "recall": peer.summary["recall"],
        "ours recall": mine.summary["recall"],
        "apart": peer.summary["kept_apart"],
        "ours apart": mine.summary["kept_apart"],
    }


def sign_ours(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """`sign`, on batches as Spark hands them over."""
    import pyarrow as pa

    from udfs import minhash

    cut = minhash.bands_for(JACCARD)
    assert (cut.bands, cut.values) == (BANDS, VALUES), "give the peer what ours takes"

    def sign(texts: list[str]) -> list[bytes]:
        nothing = pa.nulls(len(texts), pa.string())
        batch = pa.RecordBatch.from_pydict(
            {"doc_id": texts, "crawl": nothing, "url": nothing, "text": texts}
        )
        signed = minhash.sign([batch], ngram=NGRAM, jaccard=JACCARD)
        return [value for one in signed for value in one["signature"].to_pylist()]

    sign(["one text"])  # a worker lives long: it reads the schema and draws the functions once
    values: list[bytes] = []
    with clock:
        texts = _texts(given)
        for start in range(0, len(texts), 10_000):
            values += sign(texts[start : start + 10_000])
    return _estimates(given, lambda a, b: minhash.estimate(values[a], values[b]))


def sign_rensa(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The same number of values of each document's shingles."""
    from rensa import RMinHash

    signed = []
    with clock:
        for text in _texts(given):
            made = RMinHash(VALUES, 42)
            made.update(_rensa_shingles(text))
            signed.append(made)
    return _estimates(given, lambda a, b: signed[a].jaccard(signed[b]))


def _texts(given: Path) -> list[str]:
    with (given / "documents.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def _estimates(given: Path, estimate: Any) -> dict[str, Any]:
    known = json.loads((given / "known.json").read_text(encoding="utf-8"))
    errors = [abs(estimate(left, right) - true) for left, right, true in known]
    return {"error": statistics.fmean(errors)}


def agree_signed(mine: Outcome, peer: Outcome) -> dict[str, float]:
    """Mean error of the estimated similarity of known pairs, of the peer and of ours."""
    return {"error": peer.summary["error"], "ours error": mine.summary["error"]}


RENSA = ("rensa==0.5.0",)
CASES = [
    Case(
        name="duplicates-cluster",
        question="documents per second from text to clusters of near-duplicates",
        unit="documents",
        build=build,
        contestants=(Contestant("ours", ours), Contestant("rensa", rensa, packages=RENSA)),
        agree=agree,
        rounds=2,
        warmups=0,  # ours has its own, and Spark's start takes longer than all else
    ),
    Case(
        name="duplicates-sign",
        question="documents signed per second, one process",
        unit="documents",
        build=build,
        contestants=(
            Contestant("ours", sign_ours),
            Contestant("rensa", sign_rensa, packages=RENSA),
        ),
        agree=agree_signed,
    ),
]
