import itertools
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs import filters, model_card, score

TRAINING = filters.Training(dimension=8, epochs=20, seed=1)


def texts(kind, count):
    """Return texts of two kinds that a model can tell apart."""
    if kind == "math":
        return [f"The root of $x^2 = {i}$ is $\\sqrt{{{i}}}$ by theorem {i}." for i in range(count)]
    return [f"The shop {i} sells {i} chairs and ships them in a week." for i in range(count)]


def rows(math=30, other=30, **more):
    return [
        filters.Row(text, label, text, **more)
        for label, count in (("math", math), ("other", other))
        for text in texts(label, count)
    ]


def lines(found):
    return [(line, row.label) for row in found for line in score.passages(row.text)]


def train(path, found=None):
    filters.train(lines(found or rows()), path, dimension=8, epochs=20, seed=1)
    return path.read_bytes()


def test_training_gives_the_same_bytes_again_and_leaves_nothing_else(tmp_path):
    assert train(tmp_path / "one.bin") == train(tmp_path / "two.bin")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.bin", "two.bin"]


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([], "two labels or more"),
        ([("a", "math"), ("b", "math")], "two labels or more"),
        ([("a", "math"), ("b", "two words")], "a label is one word"),
        ([("a", "math"), ("b", "")], "a label is one word"),
    ],
)
def test_rows_that_train_no_filter_are_refused(found, message, tmp_path):
    with pytest.raises(filters.FilterError, match=message):
        filters.train(found, tmp_path / "m.bin", dimension=8, epochs=5, seed=1)
    assert list(tmp_path.iterdir()) == []


def test_a_version_names_rows_settings_target_and_earlier_stages():
    found = rows(2, 2)
    known = filters.version(found, TRAINING, "recall 0.9")
    assert known == filters.version(list(found), TRAINING, "recall 0.9")
    others = [
        filters.version(found[::-1], TRAINING, "recall 0.9"),
        filters.version(rows(2, 2, labeller="rules-1"), TRAINING, "recall 0.9"),
        filters.version(found, filters.Training(8, 21, 1), "recall 0.9"),
        filters.version(found, TRAINING, "recall 0.95"),
        filters.version(found, TRAINING, "recall 0.9", "before"),
    ]
    assert len({known, *others}) == 6


@st.composite
def held_rows(draw):
    found = draw(
        st.lists(
            st.tuples(st.floats(0, 1), st.booleans(), st.floats(0.1, 10)), min_size=1, max_size=30
        )
    )
    return [
        filters.Held(filters.Row("t", "math" if is_math else "other", "g", weight=weight), (), 0, s)
        for s, is_math, weight in found
    ]


@given(held_rows())
def test_a_curve_is_what_counting_gives(held):
    points = filters.curve(held, "math")
    domain = [one for one in held if one.row.label == "math"]
    assert bool(points) == bool(domain)
    assert [point.threshold for point in points] == sorted(point.threshold for point in points)
    for point in points:
        passed = [one for one in held if one.score >= point.threshold]
        right = sum(one.row.weight for one in passed if one.row.label == "math")
        assert point.recall == pytest.approx(right / sum(one.row.weight for one in domain))
        if passed:
            assert point.precision == pytest.approx(right / sum(one.row.weight for one in passed))
    for before, after in itertools.pairwise(points):
        assert after.recall <= before.recall


@given(held_rows())
def test_auc_is_the_share_of_pairs_in_order(held):
    inside = [one.score for one in held if one.row.label == "math"]
    outside = [one.score for one in held if one.row.label != "math"]
    if not inside or not outside:
        assert filters.auc(held, "math") is None
        return
    pairs = [(a > b) + 0.5 * (a == b) for a in inside for b in outside]
    assert filters.auc(held, "math") == pytest.approx(sum(pairs) / len(pairs))


def test_rows_of_one_group_are_held_out_together(tmp_path):
    copies = [filters.Row(text, "math", f"host{i % 7}") for i, text in enumerate(texts("math", 42))]
    found = [*copies, *rows(0, 30)]
    trained = filters.first(found, tmp_path / "m.bin", TRAINING, domain="math", recall=0.9)
    folds = {}
    for one in trained.held:
        folds.setdefault(one.row.group, set()).add(one.fold)
    assert all(len(found) == 1 for found in folds.values())
    assert len({fold for found in folds.values() for fold in found}) > 1


def test_the_first_threshold_is_the_highest_that_keeps_the_recall(tmp_path):
    trained = filters.first(rows(), tmp_path / "m.bin", TRAINING, domain="math", recall=0.9)
    assert trained.is_met
    assert trained.chosen.recall >= 0.9
    higher = [point for point in trained.curve if point.threshold > trained.threshold]
    assert all(point.recall < 0.9 for point in higher)


def test_seeds_without_a_formula_train_and_choose_no_threshold(tmp_path):
    prose = [
        filters.Row(f"The shop {i} sells {i} proofs and ships them in a week.", "math", str(i))
        for i in range(30)
    ]
    mixed = filters.first([*rows(), *prose], tmp_path / "m.bin", TRAINING, domain="math", recall=1)
    assert len(mixed.held) == 90
    formulas = [one.score for one in mixed.held if "$" in one.row.text]
    assert mixed.threshold <= min(formulas)
    assert mixed.threshold > min(one.score for one in mixed.held if "proofs" in one.row.text)


def test_rows_that_cannot_be_held_out_leave_the_threshold_in_the_middle(tmp_path):
    found = [filters.Row("$x = 1$ holds", "math", "one"), filters.Row("a chair", "other", "one")]
    trained = filters.first(found, tmp_path / "m.bin", TRAINING, domain="math", recall=0.9)
    assert (trained.threshold, trained.is_met, trained.chosen) == (0.5, False, None)


def labelled(documents):
    return [
        filters.Row(text, label, f"host{i}", "rules-1", f"doc{i}", 1.0 + i % 3)
        for i, (text, label) in enumerate(documents)
    ]


@pytest.fixture(scope="module")
def first_stage(tmp_path_factory):
    path = tmp_path_factory.mktemp("first") / "model.bin"
    trained = filters.first(rows(), path, TRAINING, domain="math", recall=0.99)
    return score.Stage(str(path), trained.threshold)


def test_the_second_stage_learns_what_the_first_cannot_know(first_stage, tmp_path):
    # Manuals whose formulas are placeholders: to the first stage they are formulas like others.
    manuals = [
        (f"Replace $name = {i}$ in the template of printer {i} by your own value.", "other")
        for i in range(30)
    ]
    pages = [(text + " Hence the equation holds.", "math") for text in texts("math", 60)[30:]]
    path = tmp_path / "model.bin"
    trained = filters.second(
        rows(),
        labelled(manuals + pages),
        path,
        TRAINING,
        earlier=first_stage,
        domain="math",
        precision=0.95,
    )
    assert trained.is_met
    assert trained.chosen.precision >= 0.95
    stages = (first_stage, score.Stage(str(path), trained.threshold))
    one = score.Filter("m", "v", "math", stages[:1])
    two = score.Filter("m", "v", "math", stages)
    manual = "Replace $name = 77$ in the template of printer 77 by your own value."
    page = "The root of $x^2 = 77$ is $\\sqrt{77}$ by theorem 77. Hence the equation holds."
    assert score.score(manual, one) > 0.5 > score.score(manual, two)
    assert score.score(page, two) > 0.5


def test_prose_of_a_page_of_the_domain_does_not_train_as_such(first_stage, tmp_path):
    prose = "Visitors find the town hall next to the market and the old mill by the river. " * 40
    pages = [(f"{text} {prose}", "math") for text in texts("math", 20)]
    other = [(text, "other") for text in texts("other", 20)]
    trained = filters.second(
        rows(),
        labelled(pages + other),
        tmp_path / "m.bin",
        TRAINING,
        earlier=first_stage,
        domain="math",
        precision=0.9,
    )
    for one in trained.held:
        if one.row.labeller != filters.SEED and one.row.label == "math":
            assert len(score.passages(one.row.text)) > 4
            assert [score.has_formula(line) for line in one.lines] == [True]


def test_a_target_out_of_reach_is_said_to_be(first_stage, tmp_path):
    # The labels contradict each other: no threshold can be precise.
    pages = [(text, ("math", "other")[i % 2]) for i, text in enumerate(texts("math", 40) * 2)]
    trained = filters.second(
        rows(),
        labelled(pages),
        tmp_path / "m.bin",
        TRAINING,
        earlier=first_stage,
        domain="math",
        precision=1.0,
    )
    assert not trained.is_met
    assert trained.chosen.recall >= 0.5


def make_card(folder, found=None):
    return model_card.make(
        str(folder),
        lambda path: filters.first(found or rows(), path, TRAINING, domain="math", recall=0.9),
        model="math-round1",
        version="v1",
        stage=1,
        domain="math",
    )


def test_a_stage_is_stored_with_its_rows_curve_and_card(tmp_path):
    folder = tmp_path / "models" / "math-round1-v1"
    card = make_card(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "card.md",
        "curve.json",
        "curve.svg",
        "model.bin",
        "rows.parquet",
    ]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert model_card.read(str(folder)) == card
    assert (card.domain_rows, card.other_rows, card.label_rows) == (30, 30, 0)
    stored = pq.read_table(folder / "rows.parquet").to_pylist()
    assert [row["label"] for row in stored] == ["math"] * 30 + ["other"] * 30
    curve = json.loads((folder / "curve.json").read_text())
    assert min(abs(point["threshold"] - card.threshold) for point in curve["points"]) < 1e-9
    said = (folder / "card.md").read_text()
    assert "recall 0.9, reached" in said
    assert f"{card.threshold:.6f}" in said
    assert (folder / "curve.svg").read_text().startswith("<svg")


def test_the_stored_passages_train_the_same_model(tmp_path):
    folder = tmp_path / "math-round1-v1"
    make_card(folder)
    stored = pq.read_table(folder / "rows.parquet").to_pylist()
    again = [(line, row["label"]) for row in stored for line in row["passages"]]
    filters.train(again, tmp_path / "again.bin", dimension=8, epochs=20, seed=1)
    assert (tmp_path / "again.bin").read_bytes() == (folder / "model.bin").read_bytes()


def test_a_stage_that_exists_is_not_trained_again_and_a_torn_one_is(tmp_path):
    folder = tmp_path / "math-round1-v1"
    card = make_card(folder)
    assert make_card(folder, rows(5, 5)) == card
    (folder / "curve.json").unlink()
    assert make_card(folder, rows(5, 5)).domain_rows == 5
    assert model_card.read(str(tmp_path / "none")) is None


def test_a_failed_training_leaves_no_folder(tmp_path):
    with pytest.raises(filters.FilterError):
        make_card(tmp_path / "models" / "x", rows(5, 0))
    assert list(Path(tmp_path, "models").iterdir()) == []
