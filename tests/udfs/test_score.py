import json
from functools import partial
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf import tables
from conf.sample.sources import load
from udfs import score

SEEDS = Path(tables.FOLDER).parent / "domains" / "math.seed.jsonl"
SETTINGS = {"dimension": 16, "epochs": 40, "seed": 1}


def seed_rows():
    lines = SEEDS.read_text(encoding="utf-8").splitlines()
    return [(row["text"], row["label"]) for row in map(json.loads, lines)]


@pytest.fixture(scope="module")
def model_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "math.bin"
    score.train(seed_rows(), path, **SETTINGS)
    return str(path)


@pytest.fixture(scope="module")
def judge(model_path):
    return partial(score.score, model_path=model_path, domain="math")


def documents(texts):
    ids = [f"{i:032x}" for i in range(len(texts))]
    return pa.RecordBatch.from_pydict(
        {"doc_id": pa.array(ids, pa.string()), "text": pa.array(texts, pa.string())}
    )


def run(batches, model_path):
    return list(
        score.score_documents(
            batches, model_path=model_path, model="math-test", version="v", domain="math"
        )
    )


def test_seed_labels_are_many_and_all_different():
    rows = seed_rows()
    assert sum(label == "math" for _, label in rows) >= 150
    assert sum(label == "other" for _, label in rows) >= 250
    assert len({text for text, _ in rows}) == len(rows)


def test_training_gives_the_same_bytes_again(model_path, tmp_path):
    score.train(seed_rows(), tmp_path / "again.bin", **SETTINGS)
    assert (tmp_path / "again.bin").read_bytes() == Path(model_path).read_bytes()


def test_training_leaves_the_model_and_nothing_else(tmp_path):
    score.train([("one two", "math"), ("three four", "other")], tmp_path / "m.bin", **SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["m.bin"]


def test_a_model_is_small_enough_for_every_worker(model_path):
    assert Path(model_path).stat().st_size < 4_000_000


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "two labels or more"),
        ([("a", "math"), ("b", "math")], "two labels or more"),
        ([("a", "math"), ("b", "two words")], "a label is one word"),
        ([("a", "math"), ("b", "")], "a label is one word"),
    ],
)
def test_rows_that_train_no_filter_are_refused(rows, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        score.train(rows, tmp_path / "m.bin", **SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_version_names_rows_and_settings():
    rows = [("a", "math"), ("b", "other")]
    known = score.version(rows, SETTINGS)
    assert known == score.version(list(rows), dict(reversed(SETTINGS.items())))
    changed = [
        score.version(rows[::-1], SETTINGS),
        score.version([("ab", "math"), ("", "other")], SETTINGS),
        score.version(rows, SETTINGS | {"epochs": 41}),
        score.version(rows, {"dimension": 16, "epochs": 40}),
    ]
    assert len({known, *changed}) == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("Two\n\twords\x00here", "two words here"),
        (r"so $\frac{a}{b} = c$.", "so tex: tex:frac tex:eq"),
        (r"so $\frac{x}{y} = z$.", "so tex: tex:frac tex:eq"),
        ("$$x^2$$", "tex: tex:sup"),
        ("from $5 to $10 a piece", "from $ 5 to $ 1 a piece"),
        ("$2.50-$3.50", "$ 2 5 $ 3 5"),
        (r"costs \$5, was \$7", r"costs \$ 5 was \$ 7"),
        ("set $PATH and then the $HOME, $x$", "set $ path and then the $ home tex:"),
        ("a $rate of change = 5$ here", "a $ rate of change = 5 $ here"),
        (r"$x \text{ for all cases}$", "tex: tex:text"),
        ("====== a => b", "====== a => b"),
        ("`$a$` and $a$", "$ a $ and tex:"),
        ("```sh\necho $x $y\n```", "sh echo $ x $ y"),
        ("the formula", "the formula"),
        ("1,234.5", "1 2 5"),
        ("数学 x", "数 学 x"),
    ],
)
def test_normalised_words(text, words):
    assert score.normalise(text) == words


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_becomes_one_line_and_a_probability(judge, text):
    line = score.normalise(text)
    assert line == " ".join(line.split())
    assert 0 <= judge(text) <= 1


@pytest.mark.parametrize(
    "text",
    ["", " \n", "\x00", "a" * 1_000_000, "x = 1 " * 200_000, "$" * 300_000, "`" * 300_000,
     "$a " * 300_000, "$$a" * 300_000, "`a " * 300_000, "\\$$" * 300_000, "\ud800 lone"],
    ids=range(12),
)  # fmt: skip
def test_hostile_texts_are_scored_in_time(judge, text):
    assert 0 <= judge(text) <= 1


def test_a_long_document_costs_no_more_than_its_passages():
    pieces = score.passages("word $x$ " * 200_000)
    assert len(pieces) == 48
    assert max(len(piece.split(" ")) for piece in pieces) == 108


def test_score_rows_have_the_schema_of_the_table_and_keep_the_order(model_path):
    texts = ["Solve $x^2 = 4$.", "Bake for ten minutes.", ""]
    [batch] = run([documents(texts)], model_path)
    assert batch.schema == tables.arrow_schema(tables.SCORES)
    rows = batch.to_pylist()
    assert [row["doc_id"] for row in rows] == [f"{i:032x}" for i in range(3)]
    assert {(row["model"], row["version"]) for row in rows} == {("math-test", "v")}
    assert rows[0]["score"] > 0.5 > rows[1]["score"]


@settings(max_examples=20, derandomize=True, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=4))
def test_result_does_not_depend_on_batching(model_path, cuts):
    texts = [f"Page {i} says $x_{i} = {i}$ and sells {i} chairs. " * (i + 1) for i in range(12)]
    whole = documents(texts)
    edges = sorted({0, 12, *cuts})
    parts = [whole.slice(a, b - a) for a, b in pairwise(edges)]
    cut = [row for batch in run(parts, model_path) for row in batch.to_pylist()]
    assert cut == [row for batch in run([whole], model_path) for row in batch.to_pylist()]


def test_big_batches_come_out_in_small_ones(model_path):
    batches = run([documents(["text"] * 600)], model_path)
    assert [batch.num_rows for batch in batches] == [256, 256, 88]


def test_no_rows_give_no_rows(model_path):
    assert run([documents([])], model_path) == []


def test_a_missing_model_and_an_unknown_domain_are_clear_errors(model_path, tmp_path):
    with pytest.raises(FileNotFoundError, match="no such model"):
        score.score("x", model_path=str(tmp_path / "none.bin"), domain="math")
    with pytest.raises(ValueError, match="not __label__physics"):
        score.score("x", model_path=model_path, domain="physics")


def test_seeds_alone_tell_the_sample_pages_apart(judge):
    math, other = [], []
    for page in load():
        if page.format not in {"asciimath", "mathml_content"}:  # their bodies hold no LaTeX alone
            (math if page.kind == "math" else other).append(judge(f"{page.title}\n\n{page.body}"))
    assert sum(value >= 0.5 for value in math) / len(math) >= 0.97
    assert sum(value < 0.5 for value in other) / len(other) >= 0.95


def test_the_more_of_a_page_is_mathematics_the_higher_its_score(judge):
    formulas = "Let $x^2 = 9$ with $x > 0$, so that $x = \\sqrt{9} = 3$ solves the equation. " * 5
    prose = "The council voted to close the old bridge to cars until the spring of next year. " * 7
    scores = [judge(formulas + prose * times) for times in (0, 1, 3, 9)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] - scores[-1] > 0.1
    assert scores[-1] > 0.5 > judge(prose)
