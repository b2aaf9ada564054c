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
from udfs import filters, score

SEEDS = Path(tables.FOLDER).parent / "domains" / "math.seed.jsonl"
TRAINING = filters.Training(dimension=16, epochs=40, seed=1)


def seed_rows():
    lines = SEEDS.read_text(encoding="utf-8").splitlines()
    return [filters.Row(row["text"], row["label"], row["text"]) for row in map(json.loads, lines)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "math.bin"
    trained = filters.first(seed_rows(), path, TRAINING, domain="math", recall=0.99)
    return score.Filter("math-test", "v", "math", (score.Stage(str(path), trained.threshold),))


@pytest.fixture(scope="module")
def judge(model):
    return partial(score.score, model=model)


def documents(texts):
    ids = [f"{i:032x}" for i in range(len(texts))]
    return pa.RecordBatch.from_pydict(
        {"doc_id": pa.array(ids, pa.string()), "text": pa.array(texts, pa.string())}
    )


def run(batches, model):
    return list(score.score_documents(batches, model=model))


def test_seed_labels_are_many_and_all_different():
    rows = seed_rows()
    assert sum(row.label == "math" for row in rows) >= 250
    assert sum(row.label == "other" for row in rows) >= 400
    assert len({row.text for row in rows}) == len(rows)


def test_a_model_is_small_enough_for_every_worker(model):
    assert Path(model.stages[0].path).stat().st_size < 4_000_000


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


def test_score_rows_have_the_schema_of_the_table_and_keep_the_order(model):
    texts = ["Solve $x^2 = 4$.", "Bake for ten minutes.", ""]
    [batch] = run([documents(texts)], model)
    assert batch.schema == tables.arrow_schema(tables.SCORES)
    rows = batch.to_pylist()
    assert [row["doc_id"] for row in rows] == [f"{i:032x}" for i in range(3)]
    assert {(row["model"], row["version"]) for row in rows} == {("math-test", "v")}
    assert rows[0]["score"] > 0.5 > rows[1]["score"]


@settings(max_examples=20, derandomize=True, deadline=None)
@given(st.lists(st.integers(0, 12), max_size=4))
def test_result_does_not_depend_on_batching(model, cuts):
    texts = [f"Page {i} says $x_{i} = {i}$ and sells {i} chairs. " * (i + 1) for i in range(12)]
    whole = documents(texts)
    edges = sorted({0, 12, *cuts})
    parts = [whole.slice(a, b - a) for a, b in pairwise(edges)]
    cut = [row for batch in run(parts, model) for row in batch.to_pylist()]
    assert cut == [row for batch in run([whole], model) for row in batch.to_pylist()]


def test_big_batches_come_out_in_small_ones(model):
    batches = run([documents(["text"] * 600)], model)
    assert [batch.num_rows for batch in batches] == [256, 256, 88]


def test_no_rows_give_no_rows(model):
    assert run([documents([])], model) == []


def test_a_missing_model_and_an_unknown_domain_are_clear_errors(model, tmp_path):
    missing = (score.Stage(str(tmp_path / "none.bin"), 0.5),)
    with pytest.raises(FileNotFoundError, match="no such model; run train_filter"):
        score.score("x", score.Filter("m", "v", "math", missing))
    with pytest.raises(ValueError, match="not __label__physics"):
        score.score("x", score.Filter("m", "v", "physics", model.stages))


@given(raw=st.floats(0, 1), other=st.floats(0, 1), threshold=st.floats(0.0001, 0.9999))
def test_calibration_keeps_the_order_and_puts_the_threshold_at_one_half(raw, other, threshold):
    here, there = score.calibrate(raw, threshold), score.calibrate(other, threshold)
    assert 0 <= here <= 1
    if raw <= other:
        assert here <= there
    assert (here >= 0.5) == (raw >= threshold)
    assert score.calibrate(threshold, threshold) == 0.5
    assert [score.calibrate(edge, threshold) for edge in (0.0, 1.0)] == [0.0, 1.0]


def test_a_text_that_fails_the_first_stage_passes_no_filter(model):
    path = model.stages[0].path
    text = "The council has $n$ members, and each of them may speak for ten minutes."
    [raw] = score.judge(score.passages(text), path=path, domain="math")
    assert 0.001 < raw < 0.999
    strict, lax = score.Stage(path, (1 + raw) / 2), score.Stage(path, raw / 2)
    assert score.score(text, score.Filter("m", "v", "math", (lax, lax))) > 0.5
    assert score.score(text, score.Filter("m", "v", "math", (strict, lax))) < 0.5
    assert score.score(text, score.Filter("m", "v", "math", (lax, strict))) < 0.5


def test_a_passage_says_whether_it_holds_a_formula():
    assert score.has_formula(score.passages("so $x = 1$ holds")[0])
    assert not score.has_formula(score.passages("from $5 to $10 a piece, see texts: here")[0])


def test_seeds_alone_tell_the_sample_pages_apart(judge):
    math, other = [], []
    for page in load():
        if page.format not in {"asciimath", "mathml_content"}:  # their bodies hold no LaTeX alone
            (math if page.kind == "math" else other).append(judge(f"{page.title}\n\n{page.body}"))
    assert sum(value >= 0.5 for value in math) / len(math) >= 0.97
    assert sum(value < 0.5 for value in other) / len(other) >= 0.95


def test_prose_around_a_formula_does_not_hide_it(judge):
    formulas = "Let $x^2 = 9$ with $x > 0$, so that $x = \\sqrt{9} = 3$ solves the equation. " * 5
    prose = "The council voted to close the old bridge to cars until the spring of next year. " * 7
    assert judge(prose) < 0.5
    for times in (0, 1, 3, 9):
        assert judge(formulas + prose * times) > 0.5
        assert judge(prose * times + formulas) > 0.5
