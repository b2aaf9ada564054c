"""Planted leaks are found and located, clean texts are clean, bad benchmark files are explained."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from conf import tables
from udfs import contamination, normal
from udfs.contamination import Benchmark, BenchmarkError, Document, Index, Item

LONG = (
    r"A baker sells $\frac{1}{2}$ of his 1,200 rolls before noon and $\frac{2}{3}$ of the rest "
    "before he closes the shop in the evening. How many rolls has he left to give away?"
)
SHORT = r"Compute $\sin\left(60^\circ\right) + \frac{3}{4}$ exactly."


def filler(seed: int, count: int) -> str:
    rng = random.Random(seed)
    return " ".join(f"f{rng.randrange(5000)}" for _ in range(count))


def found(text, *items, ngram=13, jaccard=0.6):
    index = Index([Item("bench", str(number), item) for number, item in enumerate(items)], ngram)
    return index.overlaps(Document(text), jaccard)


@pytest.fixture
def benchmark(tmp_path):
    def make(rows, *fields, name="bench.jsonl", **named):
        path = tmp_path / name
        if isinstance(rows, bytes):
            path.write_bytes(rows)
        elif name.endswith(".parquet"):
            parquet.write_table(pa.Table.from_pylist(rows), path)
        else:
            path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        return Benchmark(
            "bench",
            str(path),
            fields or ("question",),
            named.get("id", "id"),
            contamination.version_of(str(path)),
        )

    return make


def documents(texts):
    return pa.record_batch({"doc_id": [str(i) for i in range(len(texts))], "text": texts})


def rows(batches):
    return [row for batch in batches for row in batch.to_pylist()]


@pytest.mark.parametrize("item", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize(
    "rewrite",
    [
        lambda text: text,
        lambda text: text.upper().replace("\\FRAC", "\\dfrac").replace("\\SIN", "\\sin")
        .replace("\\LEFT", "").replace("\\RIGHT", "").replace("\\CIRC", "\\circ"),
        lambda text: text.replace(r"\frac{1}{2}", r"\frac12").replace("$", "$$"),
        lambda text: text.replace(" ", " \n "),
        lambda text: text.replace(r"\left", "").replace(r"\right", "").replace("1,200", "1200"),
    ],
    ids=["as it is", "case and sizes", "display", "white space", "bare"],
)  # fmt: skip
def test_a_planted_item_is_found_where_it_stands(item, rewrite):
    leak = rewrite(item)
    before = filler(1, 300) + " "
    (overlap,) = found(f"{before}{leak} {filler(2, 300)}", "no item " * 9, item)
    assert (overlap.item.item_id, overlap.rule, overlap.overlap) == ("1", "substring", 1.0)
    # The closing full stop belongs to no word.
    assert overlap.start == len(before)
    assert overlap.end in (len(before) + len(leak), len(before) + len(leak) - 1)


def test_an_edited_item_is_found_by_its_ngrams():
    words = filler(3, 80).split()
    leak = [*words[:40], "changed", *words[41:]]
    before = filler(4, 500)
    (overlap,) = found(f"{before} {' '.join(leak)} {filler(5, 500)}", " ".join(words))
    # Of 68 n-grams 13 hold the changed word.
    wanted = 80 * 2
    assert normal.words(" ".join(words)) != normal.words(" ".join(leak))
    assert wanted == len(normal.words(" ".join(words)))
    assert overlap.rule == "ngram"
    assert 0.6 < overlap.overlap < 1


def slow_best(text, item, ngram):
    """Compare every window with the item, set by set."""

    def grams(words):
        return [tuple(words[i : i + ngram]) for i in range(len(words) - ngram + 1)]

    document, wanted = grams(normal.words(text)), grams(normal.words(item))
    best = 0.0
    for start in range(max(1, len(document) - len(wanted) + 1)):
        window = document[start : start + len(wanted)]
        common = len(set(window) & set(wanted))
        best = max(best, common / (len(window) + len(set(wanted)) - common))
    return best


@given(st.integers(0, 10**6), st.integers(0, 6), st.integers(14, 40))
def test_ngram_overlap_is_that_of_the_best_window(seed, edits, length):
    rng = random.Random(seed)
    item = [f"w{chr(97 + rng.randrange(26))}" + "x" * rng.randrange(6) for _ in range(length)]
    leak = list(item)
    for _ in range(edits):
        leak[rng.randrange(length)] = "changed"
    text = " ".join([*(["aa"] * rng.randrange(30)), *leak, *(["bb"] * rng.randrange(30))])
    best = slow_best(text, " ".join(item), 4)
    overlaps = found(text, " ".join(item), ngram=4, jaccard=0.3)
    if " ".join(item) in text:
        assert [o.rule for o in overlaps] == ["substring"]
    elif best > 0.3:
        assert [(o.rule, pytest.approx(best)) for o in overlaps] == [("ngram", overlaps[0].overlap)]
    else:
        assert overlaps == []


@pytest.mark.parametrize("rule", [(12, 0.0), (13, 0.6)], ids=["datatrove", "MathCoder2"])
def test_one_ngram_is_enough_where_the_limit_is_none(rule):
    ngram, jaccard = rule
    item = filler(1, 40)
    text = " ".join([filler(2, 50), *item.split()[5:18], filler(3, 50)])
    overlaps = found(text, item, ngram=ngram, jaccard=jaccard)
    assert [(o.rule, o.overlap < 0.2) for o in overlaps] == (
        [("ngram", True)] if not jaccard else []
    )


def test_all_benchmarks_are_looked_for_at_once(benchmark):
    """Items of one id in two benchmarks are two, and each row names the version of its own."""
    one = benchmark([{"id": 1, "question": LONG}], name="one.jsonl")
    two = benchmark([{"id": 1, "question": SHORT}, {"id": 2, "question": LONG}], name="two.jsonl")
    named = [replace(one, name="one"), replace(two, name="two")]
    texts = [f"{SHORT} {LONG}", SHORT, "nothing"]
    found = rows(contamination.find_overlaps([documents(texts)], benchmarks=named))
    assert [(row["doc_id"], row["benchmark"], row["item_id"]) for row in found] == [
        ("0", "one", "1"), ("0", "two", "1"), ("0", "two", "2"), ("1", "two", "1"),
    ]  # fmt: skip
    assert {row["benchmark"]: row["benchmark_version"] for row in found} == {
        "one": one.version, "two": two.version,
    }  # fmt: skip


def test_a_sign_parts_short_items():
    assert (
        found(
            "You should compute $17 - 25 - 31$ as fast as you can.",
            "compute $17+25+31$ as fast as you",
        )
        == []
    )
    assert (
        len(
            found(
                "You should compute $17 + 25+31$ as fast as you can.",
                "compute $17+25+31$ as fast as you",
            )
        )
        == 1
    )


def test_items_that_tell_nothing_are_not_looked_for():
    items = ["What is $2+2$?", "", "Find x", "a b c d e f"]
    index = Index([Item("bench", item, item) for item in items], 13)
    assert (index.items, index.skipped) == ([], len(items))


def test_clean_documents_leave_no_row(benchmark):
    made = benchmark([{"id": 1, "question": LONG}, {"id": 2, "question": SHORT}])
    texts = [filler(seed, 400) for seed in range(20)] + ["", None, "$", LONG[:60]]
    assert rows(contamination.find_overlaps([documents(texts)], benchmarks=[made])) == []


def test_rows_have_the_schema_and_quote_the_text(benchmark):
    made = benchmark([{"id": 7, "question": LONG, "answer": SHORT}], "question", "answer")
    text = f"First. {LONG} Then: {SHORT}"
    batches = list(contamination.find_overlaps([documents([text])], benchmarks=[made]))
    assert all(batch.schema == tables.arrow_schema("contamination") for batch in batches)
    (row,) = rows(batches)
    assert row["matched"] == text[row["span_start"] : row["span_end"]] == LONG.rstrip("?")
    assert (row["doc_id"], row["benchmark"], row["item_id"]) == ("0", "bench", "7")
    assert row["benchmark_version"] == made.version


@pytest.fixture(scope="module")
def two_items(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "two.jsonl"
    items = [{"id": 1, "question": LONG}, {"id": 2, "question": SHORT}]
    path.write_text("\n".join(map(json.dumps, items)), encoding="utf-8")
    return Benchmark("b", str(path), ("question",), "id", contamination.version_of(str(path)))


@given(
    texts=st.lists(st.sampled_from([LONG, SHORT, "nothing here", LONG + SHORT]), max_size=8),
    cut=st.integers(0, 8),
)
def test_result_does_not_depend_on_batching(two_items, texts, cut):
    batch = documents(pa.array(texts, pa.string()))
    whole = rows(contamination.find_overlaps([batch], benchmarks=[two_items]))
    assert len(whole) == sum((LONG in text) + (SHORT in text) for text in texts)
    parts = [batch.slice(0, cut), batch.slice(min(cut, batch.num_rows))]
    assert rows(contamination.find_overlaps(parts, benchmarks=[two_items])) == whole


def test_parquet_and_lists_of_texts_are_read(benchmark):
    made = benchmark(
        [{"key": "p", "choices": [LONG, SHORT]}], "choices", name="bench.parquet", id="key"
    )
    assert contamination.load_benchmark(made) == [
        Item("bench", "p", LONG),
        Item("bench", "p", SHORT),
    ]


def test_items_without_id_have_their_row_number(benchmark):
    made = benchmark([{"question": LONG}, {"question": SHORT}])
    assert [item.item_id for item in contamination.load_benchmark(made)] == ["0", "1"]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (
            [{"question": LONG}, {"text": LONG}],
            "b.jsonl",
            "row 1: no field 'question'; there are text",
        ),
        ([{"question": 5}], "b.jsonl", "row 0: field 'question' is no text but int"),
        (b'{"question": "x"}\n{oops\n', "b.jsonl", "row 1: no JSON"),
        (b"[1]\n", "b.jsonl", "row 0: no JSON object"),
        (b"\xff\xfe\n", "b.jsonl", "row 0: no JSON"),
        (b"PAR1 not really", "b.parquet", "no Parquet file"),
    ],
)
def test_a_bad_benchmark_file_is_explained(benchmark, content, name, message):
    made = benchmark(content, name=name)
    with pytest.raises(BenchmarkError, match=message) as error:
        contamination.load_benchmark(made)
    assert made.path in str(error.value)


def test_a_missing_benchmark_file_is_explained(tmp_path):
    with pytest.raises(BenchmarkError, match=r"none\.jsonl: cannot be read"):
        contamination.version_of(str(tmp_path / "none.jsonl"))


def test_a_benchmark_that_changes_in_use_is_refused(benchmark):
    made = benchmark([{"question": LONG}])
    benchmark([{"question": SHORT}])
    with pytest.raises(BenchmarkError, match="changed while it was in use"):
        contamination.load_benchmark(made)


def test_time_is_linear_in_repetition():
    """A book that says one item's words again and again is searched in seconds."""
    item = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen ends"
    text = item.removesuffix("ends") * 20_000
    assert found(text, item) == []
