"""find_duplicates on real Spark and Delta, against exact Jaccard and networkx."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import dataclass
from pathlib import Path

import networkx as nx
import pyarrow as pa
import pytest

from conf import settings as conf_settings
from conf import tables
from jobs import components, find_duplicates, session, train_filter
from tests import lake
from udfs import minhash, normal

GOLDEN = Path(__file__).parent.parent / "golden/minhash/survivors.json"
LATE = "CC-MAIN-2024-30"
JACCARD = 0.8
NGRAM = 3
METHOD = minhash.Method(jaccard=JACCARD, ngram=NGRAM)


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
    table = pa.Table.from_batches(minhash.sign([batch], method=METHOD))
    return spark.createDataFrame(table)


def scored(spark, pages):
    rows = [(p.doc_id, "m", "v", p.score) for p in pages if p.score is not None]
    return spark.createDataFrame(rows, session.ddl(tables.SCORES))


def clusters(spark, pages, partitions=2, earlier=()):
    frame = find_duplicates.clusters(
        signed(spark, pages).repartition(partitions),
        scored(spark, pages),
        spark.createDataFrame(list(earlier), session.ddl(tables.DUPLICATES)),
        method=METHOD,
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


def unnamed(rows):
    """Return rows of `duplicates` without the names of the clusters."""
    return [{**row.asDict(), "cluster_id": None} for row in rows]


def by_id(row):
    return row["doc_id"]


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


@pytest.mark.parametrize("few", [0, 200_000], ids=["as if many", "few"])
def test_clusters_are_those_of_exact_jaccard(spark, monkeypatch, few):
    monkeypatch.setattr(find_duplicates, "FEW_PAIRS", few)
    pages = corpus(1)
    assert members(clusters(spark, pages)) == exact_clusters(pages)


def test_same_rows_for_any_order_and_partitioning(spark):
    pages = corpus(3)
    shuffled = random.Random(4).sample(pages, len(pages))
    assert clusters(spark, pages, partitions=1) == clusters(spark, shuffled, partitions=7)


def test_survivors_are_those_of_old_on_any_engine(spark, tmp_path):
    """A golden corpus, on local threads and on executors of their own with other partitions."""
    settings = conf_settings.load(words=[f"root={tmp_path}/root", f"duplicates.ngram={NGRAM}"])
    (rows,) = rows_after(spark, settings, [corpus(5)])
    named = [f"{row['doc_id']} {row['kept_id']} {row['jaccard']:.6f}" for row in rows]
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert {"kept": sorted(kept(corpus(5), rows)), "rows": named} == golden

    other = tmp_path / "cluster"
    moved = conf_settings.load(words=[f"root={other}", f"duplicates.ngram={NGRAM}"])
    write_documents(spark, moved, corpus(5))
    for name in (tables.SIGNATURES, tables.DUPLICATES, tables.SCORES):
        session.create(spark, moved, name)
    lake.command(
        "find_duplicates",
        f"root={other}",
        f"duplicates.ngram={NGRAM}",
        "spark.master='local-cluster[1,2,1024]'",
        "spark.shuffle_partitions=5",
    )
    assert sorted(lake.table(other, "duplicates"), key=by_id) == [row.asDict() for row in rows]


def test_earliest_crawl_then_best_score_then_smallest_key_is_kept(spark):
    late, early = LATE, "CC-MAIN-2024-10"
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


def test_a_chain_is_one_cluster_and_boilerplate_another(spark):
    """Of a chain, each is like the next only; of boilerplate, all are alike."""
    link, chain = prose(20, 300), []
    for number in range(150):
        chain.append(Page(f"c{number:03}", " ".join(link)))
        link = edited(link, 3, number)
    base = prose(21, 300)
    alike = [Page(f"b{i:03}", " ".join(edited(base, 1 + i % 2, i))) for i in range(300)]
    single = [Page(f"s{i:03}", " ".join(prose(1000 + i, 200))) for i in range(100)]
    rows = clusters(spark, [*chain, *alike, *single], partitions=3)
    found = members(rows)
    assert found == {frozenset(page.doc_id for page in pages) for pages in (chain, alike)}
    far = next(row for row in rows if row["doc_id"] == "c149")
    assert (far["kept_id"], far["cluster_size"]) == ("c000", 150)
    assert far["jaccard"] < 0.3


@pytest.mark.parametrize("text", ["", "one", "the same words in all of the documents", "x " * 200])
def test_a_corpus_of_one_text_is_one_cluster(spark, text):
    pages = [Page(f"{number:03}", text) for number in range(500)]
    rows = clusters(spark, pages, partitions=4)
    assert {(row["kept_id"], row["cluster_size"], row["rule"]) for row in rows} == {
        ("000", 500, "text")
    }


def test_a_cluster_keeps_its_name(spark):
    """Documents join it, of an earlier crawl too; and two that become one have the older's."""
    base = prose(30, 400)
    near, far = edited(base, 30, 1), edited(base, 60, 2)
    first = [Page("m", " ".join(base)), Page("n", " ".join(edited(base, 2, 3)))]
    other = [Page("p", " ".join(near), crawl=LATE), Page("q", " ".join(near), crawl=LATE)]
    before = clusters(spark, [*first, *other])
    assert {row["doc_id"]: row["cluster_id"] for row in before} == {
        "m": "m", "n": "m", "p": "p", "q": "p",
    }  # fmt: skip
    joined = clusters(spark, [*first, *other, Page("a", " ".join(base))], earlier=ids(before))
    assert {row["cluster_id"] for row in joined if row["doc_id"] in "amn"} == {"m"}
    # The bridge is like both.
    bridge = [Page("b", " ".join(edited(base, 18, 1)), crawl=LATE), Page("c", " ".join(far))]
    assert len({row["cluster_id"] for row in before}) == 2
    merged = clusters(spark, [*first, *other, *bridge], earlier=ids(before))
    assert {row["cluster_id"] for row in merged if row["doc_id"] in "mnpqb"} == {"m"}


def ids(rows):
    """Return rows as `duplicates` holds them."""
    names = [column.name for column in tables.table(tables.DUPLICATES).columns]
    return [tuple(row[name] for name in names) for row in rows]


def test_texts_without_words_are_one_only_when_equal(spark):
    pages = [Page("a", "!?"), Page("b", "!?"), Page("c", "..."), Page("d", ""), Page("e", "word")]
    assert members(clusters(spark, pages)) == {frozenset("ab")}


def test_a_corpus_without_duplicates_gives_no_rows(spark):
    assert clusters(spark, [Page(str(i), " ".join(prose(i, 50))) for i in range(5)]) == []


def test_candidates_share_a_band_the_text_or_the_url(spark):
    rows = [
        ("a", "t1", None, [7, 1, 2]), ("b", "t2", None, [7, 3, 4]), ("c", "t3", "u", [8, 5, 6]),
        ("d", "t3", None, []), ("e", "t4", "u", []), ("f", "t5", "v", [9, 1, 7]),
    ]  # fmt: skip
    schema = "doc_id STRING, text_hash STRING, url_hash STRING, bands ARRAY<BIGINT>"
    frame = spark.createDataFrame(rows, schema)
    names = {
        row["node"]: row["doc_id"]
        for row in frame.selectExpr("doc_id", "xxhash64(doc_id) AS node").collect()
    }
    pairs = {
        frozenset((names[row["left"]], names[row["right"]]))
        for row in find_duplicates.candidates(frame).collect()
    }
    # Bands of different places never have an equal hash; in this table they have.
    assert pairs == {frozenset(pair) for pair in ("ab", "cd", "ce", "fa", "fb")}


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


def rows_after(spark, settings, crawls):
    """Run the job after each crawl; return the rows that it left each time."""
    for name in (tables.SIGNATURES, tables.DUPLICATES, tables.SCORES):
        session.create(spark, settings, name)
    found = []
    for pages in crawls:
        write_documents(spark, settings, pages)
        find_duplicates.main(spark, settings)
        found.append(sorted(session.table(spark, settings, tables.DUPLICATES).collect()))
    return found


def kept(pages, rows):
    """Return the documents that are not thrown out."""
    return {page.doc_id for page in pages} - {row["doc_id"] for row in rows if not row["is_kept"]}


def test_crawl_after_crawl_keeps_what_all_at_once_keeps(spark, tmp_path):
    rng = random.Random(12)
    pages = [
        Page(p.doc_id, p.text, f"https://example.org/{rng.randrange(300)}", f"CC-MAIN-2024-{week}")
        for p in corpus(12)[:120]
        for week in [rng.randrange(10, 12)]
    ]
    crawls = [[p for p in pages if p.crawl == f"CC-MAIN-2024-{week}"] for week in (10, 11)]
    one = conf_settings.load(words=[f"root={tmp_path}/one", "duplicates.ngram=3"])
    many = conf_settings.load(words=[f"root={tmp_path}/many", "duplicates.ngram=3"])
    (at_once,) = rows_after(spark, one, [pages])
    first, last = rows_after(spark, many, crawls)
    assert unnamed(at_once) == unnamed(last)
    assert {row["rule"] for row in last} == {"text", "url", "minhash"}
    # A cluster of the first crawl keeps its name, or has that of another that it became one with.
    named = {row["doc_id"]: row["cluster_id"] for row in last}
    assert {named[row["doc_id"]] for row in first} <= {row["cluster_id"] for row in first}


def test_scores_of_other_models_choose_nothing(spark, tmp_path):
    text = " ".join(prose(13, 100))
    settings = conf_settings.load(words=[f"root={tmp_path}/root"])
    current = train_filter.first_version(settings)
    session.create(spark, settings, tables.SCORES)
    rows = [("a", "m", "old", 0.99), ("b", "m", current, 0.5), ("a", "m", current, 0.1)]
    spark.createDataFrame(rows, session.ddl(tables.SCORES)).write.format("delta").mode(
        "append"
    ).save(session.table_path(settings, tables.SCORES))
    pages = [Page("a", text), Page("b", text)]
    (found,) = rows_after(spark, settings, [pages])
    assert kept(pages, found) == {"b"}

    # Signatures of another method count no more: all documents are signed anew.
    changed = conf_settings.load(words=[f"root={tmp_path}/root", "duplicates.ngram=4"])
    third = Page("c", " ".join([*prose(13, 100), "end"]))
    (found,) = rows_after(spark, changed, [[third]])
    assert {row["doc_id"] for row in found} == {"a", "b", "c"}
    assert kept([*pages, third], found) == {"b"}
