"""The peers of the duplicates cases: each from texts to clusters on two cores.

All read the same documents, compare sets of word 5-grams with the threshold 0.8 as far as they
can be told so, and keep one document of each cluster. Beside its name stands what each was given
and what it does not do. Standard library and, within each function, the peer's own packages.

What is counted begins when Python's packages are imported, the JVM runs and a hundred documents
have gone through the same steps.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.benchmarks.dedup_corpus import JACCARD, NGRAM
from tests.benchmarks.dedup_truth import score, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.benchmarks.case import Clock

# What ours derives from JACCARD where candidates are verified by their MinHash values.
BANDS, VALUES = 26, 208
CORES = 2
PARTITIONS = 8

GRAPHFRAMES = "io.graphframes:graphframes-spark4_2.13:0.12.3"
# Taken before Maven's, for where Maven has none: `graphframes-*.jar`, compiled from its source.
JARS = Path(__file__).parent.parent.parent / ".bench" / "jars"


def finish(given: Path, out: Path, clusters: Mapping[int, object]) -> dict[str, Any]:
    """Return the scores, and write each known pair's verdict to `verdicts` in `out`."""
    known = json.loads((given / "known.json").read_text(encoding="utf-8"))
    (out / "verdicts").write_text(verdicts(clusters, known), encoding="ascii")
    return dict(score(clusters, known))


def rensa(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """Sign, look up, compare and unite, document by document, in one process.

    26 bands of 8 values (a pair at 0.8 shares one with probability 0.99); candidates are verified
    by their values, which tell 0.8 with a standard error of 0.03. All stays in memory; one core.
    """
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
        for number, text in enumerate(texts(given)):
            made = RMinHash(VALUES, 42)
            made.update(rensa_shingles(text))
            parent[number] = number
            for other in lsh.query(made):
                is_new = root(other) != root(number)
                if is_new and made.jaccard(signed[other]) >= JACCARD:
                    low, high = sorted((root(other), root(number)))
                    parent[high] = low
            lsh.insert(number, made)
            signed[number] = made
        clusters: dict[int, object] = {number: root(number) for number in parent}
    return finish(given, out, clusters)


def rensa_shingles(text: str) -> list[str]:
    """Return a text's n-grams of words, in lower case."""
    words = text.lower().split()
    return [" ".join(words[i : i + NGRAM]) for i in range(max(len(words) - NGRAM + 1, 1))]


def texts(given: Path) -> Iterator[str]:
    """Yield the documents' texts, in order."""
    with (given / "documents.jsonl").open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["text"]


def text_dedup(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """`text_dedup.minhash_spark`, its own script, with partitions for two cores.

    As published it shuffles into 8,192 partitions, its graph into 4,096, and writes at least 256
    files; these four numbers are changed as the script is loaded, all else runs as installed.
    Bands and rows are its own choice for the threshold and 250 permutations: 16 of 15, by which a
    pair at 0.8 shares one with probability 0.44 (more bands would cost it more time, and more
    precision, as candidates are not verified). `--debug` writes the clusters.
    """
    spark = _spark(out, graphframes=True)
    _run_text_dedup(given / "few.parquet", out / "first", out)
    with clock:
        _run_text_dedup(given / "documents.parquet", out / "kept", out)
    rows = spark.read.parquet(str(out / "kept-assignment" / "assignment.parquet")).collect()
    clusters = {int(row["id"]): row["component"] for row in rows}
    spark.stop()
    return finish(given, out, clusters)


# Of text_dedup 0.4.0: what is replaced, by what, and how often it occurs.
_PARTITIONS = (
    (
        '"spark.sql.shuffle.partitions", "8192"',
        f'"spark.sql.shuffle.partitions", "{PARTITIONS}"',
        1,
    ),
    (".repartition(4096)", f".repartition({PARTITIONS})", 2),
    ("max(256, ", f"max({PARTITIONS}, ", 1),
)


def _run_text_dedup(documents: Path, target: Path, out: Path) -> None:
    """Run the script in this process, which holds the session that it will take."""
    spec = importlib.util.find_spec("text_dedup.minhash_spark")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).read_text(encoding="utf-8")
    for old, new, times in _PARTITIONS:
        if source.count(old) != times:
            raise RuntimeError(f"{spec.origin} is not the script that was looked at: no {old}")
        source = source.replace(old, new)
    words = {
        "--input": documents,
        "--output": target,
        "--checkpoint_dir": out / "checkpoints",
        "--column": "text",
        "--index": "number",
        "--ngram_size": NGRAM,
        "--threshold": JACCARD,
    }
    sys.argv = [spec.origin, "--debug", *(str(word) for pair in words.items() for word in pair)]
    # It ends by `sys.exit(0)` where it finds no duplicates.
    with contextlib.suppress(SystemExit):
        exec(compile(source, spec.origin, "exec"), {"__name__": "__main__"})


def datatrove(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """The four stages of its MinHash example on two local workers.

    14 buckets of 8 hashes, as it comes and as FineWeb took it (a pair at 0.8 shares one with
    probability 0.92); its English tokenizer, spaCy's; a fork for each worker, so that nothing is
    imported twice; kept texts written uncompressed. Candidates are not verified, clustering is in
    one process.
    """
    import spacy.lang.en
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import minhash as stages
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import JsonlWriter

    assert spacy.lang.en.English
    config = stages.MinhashConfig(n_grams=NGRAM)

    def run(documents: Path, folder: Path) -> None:
        signatures, matches, removed, kept = (
            str(folder / name) for name in ("signatures", "matches", "removed", "kept")
        )
        files = len(list(documents.glob("*.parquet")))

        def read() -> Any:
            return ParquetReader(
                str(documents), glob_pattern="*.parquet", id_key="doc_id", read_metadata=False
            )

        steps: tuple[tuple[list[Any], int], ...] = (
            ([read(), stages.MinhashDedupSignature(signatures, config=config)], files),
            ([stages.MinhashDedupBuckets(signatures, matches, config=config)], config.num_buckets),
            ([stages.MinhashDedupCluster(matches, removed, config, save_cluster_id=True)], 1),
            (
                [read(), stages.MinhashDedupFilter(removed), JsonlWriter(kept, compression=None)],
                files,
            ),
        )
        for number, (pipeline, tasks) in enumerate(steps):
            LocalPipelineExecutor(
                pipeline,
                tasks=tasks,
                workers=min(CORES, tasks),
                logging_dir=str(folder / f"logs-{number}"),
                start_method="fork",
            ).run()

    few = out / "few"
    few.mkdir()
    (few / "few.parquet").symlink_to(given / "few.parquet")
    run(few, out / "first")
    with clock:
        run(given / "documents.parquet", out / "whole")
    return finish(given, out, _datatrove_clusters(given / "documents.parquet", out / "whole"))


def _datatrove_clusters(documents: Path, folder: Path) -> dict[int, object]:
    """Read the clusters: each task took one file, and counted its documents from 0."""
    from pyarrow import parquet

    clusters: dict[int, object] = {}
    start = 0
    for task, path in enumerate(sorted(documents.glob("*.parquet"))):
        found = folder / "removed" / f"{task:06d}.clusters"
        if found.exists():
            for place, label in struct.iter_unpack("<2I", found.read_bytes()):
                clusters[start + place] = label
        start += parquet.ParquetFile(path).metadata.num_rows
    return clusters


def distributed_curator(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """`partition_aware_deduplicate` on Spark 3.5, the newest that its JAR runs on.

    128 hashes in 16 bands (a pair at 0.8 shares one with probability 0.95), candidates verified
    by their signatures. It knows n-grams of characters alone: 29 of them are as many in common as
    5 words, since an edit of a word of 6 letters and a space changes 5 words' worth of both.
    """
    import distributed_curator as curator
    from distributed_curator import spark_partition_aware_deduplication as steps
    from distributed_curator import two_phase_partition_aware_union_find as merging

    # Else it leaves its checkpoints in folders that all runs share.
    for module in (steps, merging):
        module.get_checkpoint_dir = lambda **named: str(out / named["name"])
    spark = _spark(out, jar=curator.get_jar_path())

    def run(documents: Path) -> dict[int, object]:
        found = curator.partition_aware_deduplicate(
            spark=spark,
            input_df=spark.read.parquet(str(documents)).select("doc_id", "text"),
            similarity_threshold=JACCARD,
            num_hashes=128,
            num_bands=16,
            num_partitions=PARTITIONS,
            ngram=29,
            is_input_doc_id_unique=True,
        )
        rows = found.select("doc_id", "representative_id").collect()
        return {int(row["doc_id"]): row["representative_id"] for row in rows}

    run(given / "few.parquet")
    with clock:
        clusters = run(given / "documents.parquet")
    spark.stop()
    return finish(given, out, clusters)


def _spark(out: Path, *, jar: str = "", graphframes: bool = False) -> Any:
    """Start Spark as ours is: two cores, 3 GiB, no page."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    conf = {
        "spark.driver.memory": "3g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(out / "spark"),
        "spark.sql.warehouse.dir": str(out / "warehouse"),
        "spark.default.parallelism": str(PARTITIONS),
        "spark.sql.shuffle.partitions": str(PARTITIONS),
        "spark.sql.files.minPartitionNum": str(PARTITIONS),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }
    if graphframes:
        found = sorted(str(path) for path in JARS.glob("graphframes-*.jar"))
        conf |= {"spark.jars": ",".join(found)} if found else {"spark.jars.packages": GRAPHFRAMES}
    if jar:
        conf["spark.jars"] = jar
    builder = SparkSession.builder.master(f"local[{CORES}]")
    for name, value in conf.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def sign_rensa(given: Path, out: Path, clock: Clock) -> dict[str, Any]:
    """As many values of each document's shingles as ours."""
    from rensa import RMinHash

    signed = []
    with clock:
        for text in texts(given):
            made = RMinHash(VALUES, 42)
            made.update(rensa_shingles(text))
            signed.append(made)
    return estimates(given, lambda left, right: signed[left].jaccard(signed[right]))


def estimates(given: Path, estimate: Any) -> dict[str, Any]:
    """Return the mean error of the estimated similarity over the families' pairs."""
    known = json.loads((given / "known.json").read_text(encoding="utf-8"))
    errors = [
        abs(estimate(one["members"][left], one["members"][right]) - true)
        for one in known["families"]
        if one["kind"] == "family"
        for left, right, true in one["pairs"]
    ]
    return {"error": float(sum(errors) / len(errors))}
