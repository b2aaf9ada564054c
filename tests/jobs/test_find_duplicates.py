"""find_duplicates on real Spark and Delta, against exact Jaccard and networkx."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

import networkx as nx
import pyarrow as pa
import pytest

from conf import settings as conf_settings
from conf import tables
from jobs import components, find_duplicates, session, train_filter
from udfs import minhash, normal

JACCARD = 0.8
NGRAM = 3


@dataclass(frozen=True)
class Page:
    """What find_duplicates reads of one document."""

    doc_id: str
    text: str
    url: str | None = None
    crawl: str | None = "CC-MAIN-2024-10"
    score: float | None = None


def prose(seed: int, length: int) -> list[str]:
    rng = random.Random(seed)
    return [f"w{rng.randrange(4000)}" for _ in range(length)]


def edited(words: list[str], edits: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    changed = list(words)
    for place in rng.sample(range(len(words)), edits):
        changed[place] = f"x{seed}y{place}"
    return changed


def signed(spark, pages):
    batch = pa.RecordBatch.from_pylist(
        [{"doc_id": p.doc_id, "crawl": p.crawl, "url": p.url, "text": p.text} for p in pages],
        schema=pa.schema([(name, pa.string()) for name in ("doc_id", "crawl", "url", "text")]),
    )
    table = pa.Table.from_batches(minhash.sign([batch], ngram=NGRAM, jaccard=JACCARD))
    return spark.createDataFrame(table)


def scored(spark, pages):
    rows = [(p.doc_id, "m", "v", p.score) for p in pages if p.score is not None]
    return spark.createDataFrame(rows, session.ddl(tables.SCORES))


def clusters(spark, pages, partitions=2):
    frame = find_duplicates.clusters(
        signed(spark, pages).repartition(partitions), scored(spark, pages), jaccard=JACCARD
    )
    return sorted((row.asDict() for row in frame.collect()), key=lambda row: row["doc_id"])


def exact_clusters(pages):
    """Compare all pairs by their true shingle sets: slow and obvious."""
    shingles = {}
    for page in pages:
        words = normal.words(page.text)
        shingles[page.doc_id] = {tuple(words[i : i + NGRAM]) for i in range(len(words) - NGRAM + 1)}
    graph = nx.Graph()
    for left, right in itertools.combinations(shingles, 2):
        common = len(shingles[left] & shingles[right])
        if common / (len(shingles[left]) + len(shingles[right]) - common) >= JACCARD:
            graph.add_edge(left, right)
    return {frozenset(found) for found in nx.connected_components(graph)}


def members(rows):
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["cluster_id"], set()).add(row["doc_id"])
    return {frozenset(cluster) for cluster in found.values()}


def corpus(seed: int) -> list[Page]:
    """Make 60 families whose pairs lie clear of the threshold, exact copies and single texts."""
    rng = random.Random(seed)
    texts = []
    for family in range(60):
        words = prose(seed * 1000 + family, rng.randrange(150, 400))
        # Up to 1% of the words: true Jaccard over 0.87 to the family's first.
        texts += [
            " ".join(edited(words, len(words) // 100 if copy else 0, copy))
            for copy in range(rng.choice((1, 1, 2, 3, 5)))
        ]
        if family % 5 == 0:
            texts += [texts[-1], " ".join(edited(words, len(words) // 5, 99))]
    rng.shuffle(texts)
    return [Page(f"{number:032x}", text) for number, text in enumerate(texts)]


def test_clusters_are_those_of_exact_jaccard(spark):
    pages = corpus(1)
    assert members(clusters(spark, pages)) == exact_clusters(pages)


def test_same_rows_for_any_order_and_partitioning(spark):
    pages = corpus(3)
    shuffled = random.Random(4).sample(pages, len(pages))
    assert clusters(spark, pages, partitions=1) == clusters(spark, shuffled, partitions=7)


def test_earliest_crawl_then_best_score_then_smallest_key_is_kept(spark):
    late, early = "CC-MAIN-2024-30", "CC-MAIN-2024-10"
    cases = {
        "crawl before score": [("d", late, 0.9), ("c", early, 0.1), ("b", None, 1.0)],
        "score before key": [("f", early, None), ("e", early, 0.2), ("g", early, 0.8)],
        "key at last": [("k", None, 0.5), ("j", None, 0.5), ("l", None, None)],
    }
    pages = [
        Page(doc_id, " ".join(prose(seed, 100)), crawl=crawl, score=score)
        for seed, group in enumerate(cases.values())
        for doc_id, crawl, score in group
    ]
    kept = {row["doc_id"] for row in clusters(spark, pages) if row["is_kept"]}
    assert kept == {"c", "g", "j"}


def test_rule_names_the_strongest_tie(spark):
    base = prose(6, 200)
    pages = [
        Page("a", " ".join(base)),
        Page("b", " ".join(base).upper() + "  "),
        Page("c", " ".join(edited(base, 2, 1))),
        Page("d", " ".join(prose(7, 200)), url="https://example.org/page"),
        Page("e", " ".join(prose(8, 200)), url="http://www.example.org/page/#top"),
        Page("f", " ".join(prose(9, 200)), url="https://example.org/other"),
        Page("g", " ".join(prose(10, 200)), url="https://example.org/other", crawl=None),
    ]
    rows = {row["doc_id"]: row for row in clusters(spark, pages)}
    rules = {doc_id: (row["cluster_id"], row["rule"]) for doc_id, row in rows.items()}
    assert rules == {
        "a": ("a", "text"),
        "b": ("a", "text"),
        "c": ("a", "minhash"),
        "d": ("d", "url"),
        "e": ("d", "url"),
    }
    assert rows["b"]["jaccard"] == 1.0
    assert 0.8 <= rows["c"]["jaccard"] < 1.0
    assert rows["e"]["jaccard"] < 0.2


def test_texts_without_words_are_one_only_when_equal(spark):
    pages = [Page("a", "!?"), Page("b", "!?"), Page("c", "..."), Page("d", ""), Page("e", "word")]
    assert members(clusters(spark, pages)) == {frozenset("ab")}


def test_a_corpus_without_duplicates_gives_no_rows(spark):
    assert clusters(spark, [Page(str(i), " ".join(prose(i, 50))) for i in range(5)]) == []


def test_a_bucket_full_of_strangers_costs_two_pairs_a_member(spark):
    """All documents share one band, as boilerplate makes them do."""
    count = 3000
    frame = spark.range(count).selectExpr(
        "lpad(hex(id), 32, '0') AS doc_id",
        "hex(id) AS text_hash",
        "array(7L, hash(id)) AS bands",
    )
    assert find_duplicates.candidates(frame).count() <= 2 * count


def test_a_pair_in_a_bucket_of_strangers_is_found_through_the_next_band(spark):
    rows = [(f"{i:03}", str(i), [7, 1000 + i]) for i in range(200)]
    rows += [("x", "x", [7, 5]), ("y", "y", [7, 5])]
    frame = spark.createDataFrame(rows, "doc_id STRING, text_hash STRING, bands ARRAY<BIGINT>")
    pairs = {(row["left"], row["right"]) for row in find_duplicates.candidates(frame).collect()}
    assert ("y", "x") in pairs


def graph() -> list[tuple[int, int]]:
    """Make a chain of 1,000, a star, a clique, random edges and loops, apart from each other."""
    rng = random.Random(11)
    chain = list(range(1000))
    rng.shuffle(chain)
    parts = [
        itertools.pairwise(chain),
        ((0, i) for i in range(1, 500)),
        itertools.combinations(range(30), 2),
        ((rng.randrange(800), rng.randrange(800)) for _ in range(500)),
        [(3, 3), (4, 5), (5, 4), (4, 5)],
    ]
    return [(10_000 * n + a, 10_000 * n + b) for n, part in enumerate(parts) for a, b in part]


@pytest.mark.parametrize("few", [0, components.FEW_EDGES], ids=["rounds", "one worker"])
@pytest.mark.parametrize("edges", [graph(), []], ids=["mixed", "none"])
def test_components_are_those_of_networkx(spark, edges, few):
    frame = spark.createDataFrame(edges, "left BIGINT, right BIGINT")
    found: dict[int, set[int]] = {}
    rows = components.label(frame, few=few).collect()
    for row in rows:
        found.setdefault(row["component"], set()).add(row["node"])
    assert len(rows) == len({row["node"] for row in rows})
    assert all(component == min(nodes) for component, nodes in found.items())
    exact = nx.Graph([edge for edge in edges if edge[0] != edge[1]])
    expected = {frozenset(nodes) for nodes in nx.connected_components(exact)}
    assert {frozenset(nodes) for nodes in found.values()} == expected


def write_documents(spark, settings, pages):
    session.create(spark, settings, tables.DOCUMENTS)
    rows = [
        dict.fromkeys(tables.arrow_schema(tables.DOCUMENTS).names)
        | {
            "doc_id": page.doc_id,
            "file_id": "f",
            "component": "web",
            "extractor": "html-2",
            "crawl": page.crawl,
            "url": page.url,
            "text": page.text,
        }
        for page in pages
    ]
    table = pa.Table.from_pylist(rows, schema=tables.arrow_schema(tables.DOCUMENTS))
    spark.createDataFrame(table).write.format("delta").mode("append").save(
        session.table_path(settings, tables.DOCUMENTS)
    )


def kept_after(spark, settings, crawls):
    """Run the job after each crawl; return the documents that are not thrown out."""
    for name in (tables.SIGNATURES, tables.DUPLICATES, tables.SCORES):
        session.create(spark, settings, name)
    everything = set()
    for pages in crawls:
        write_documents(spark, settings, pages)
        everything |= {page.doc_id for page in pages}
        find_duplicates.main(spark, settings)
    rows = session.table(spark, settings, tables.DUPLICATES).collect()
    return everything - {row["doc_id"] for row in rows if not row["is_kept"]}, sorted(rows)


def test_crawl_after_crawl_keeps_what_all_at_once_keeps(spark, tmp_path):
    pages = [
        Page(p.doc_id, p.text, p.url, f"CC-MAIN-2024-{10 + number % 2}")
        for number, p in enumerate(corpus(12)[:60])
    ]
    crawls = [[p for p in pages if p.crawl == f"CC-MAIN-2024-{10 + i}"] for i in range(2)]
    one = conf_settings.load(words=[f"root={tmp_path}/one", "duplicates.ngram=3"])
    many = conf_settings.load(words=[f"root={tmp_path}/many", "duplicates.ngram=3"])
    assert kept_after(spark, one, [pages]) == kept_after(spark, many, crawls)


def test_scores_of_other_models_choose_nothing(spark, tmp_path):
    text = " ".join(prose(13, 100))
    settings = conf_settings.load(words=[f"root={tmp_path}/root"])
    current = train_filter.first_version(settings)
    session.create(spark, settings, tables.SCORES)
    rows = [("a", "m", "old", 0.99), ("b", "m", current, 0.5), ("a", "m", current, 0.1)]
    spark.createDataFrame(rows, session.ddl(tables.SCORES)).write.format("delta").mode(
        "append"
    ).save(session.table_path(settings, tables.SCORES))
    kept, _ = kept_after(spark, settings, [[Page("a", text), Page("b", text)]])
    assert kept == {"b"}
