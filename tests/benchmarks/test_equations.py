"""The cases about computations: their inputs are what they say, and answers are told right."""

from __future__ import annotations

import gzip
import itertools
import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks import __main__ as command
from tests.benchmarks import (
    bench_contexts,
    bench_equations,
    equation_items,
    equation_peers,
    generated,
    harness,
)
from tests.benchmarks.case import InputError, Request
from udfs.verify.sandbox import Sandbox
from udfs.verify.trial import trial


def test_an_item_becomes_a_document_with_its_equality_in_place():
    for item in equation_items.load(None):
        text, start, end = equation_items.document(item)
        assert text[start:end] == f"${item['latex']}$"
        assert text.startswith(item["context_before"])
        assert text.endswith(item["context_after"])


def test_each_false_item_is_a_true_one_with_another_right_side():
    items = equation_items.load(None)
    true = {item["id"]: item for item in items if item["truth"]}
    false = [item for item in items if not item["truth"]]
    assert len(true) + len(false) == len(items) > 40
    for item in false:
        base = true[item["base_id"]]
        assert (item["lhs"], item["context_before"]) == (base["lhs"], base["context_before"])
        assert item["rhs"] != base["rhs"]


def test_ours_verifies_the_true_items_of_the_repository_and_none_of_the_false_ones():
    (case,) = command.choose(["equations"], command.cases())
    ours = [one for one in case.contestants if one.name == "ours"]
    mine = type(case)(**{**vars(case), "contestants": tuple(ours)})
    report = harness.run_case(mine, Request("small"))
    assert report.base.not_measured is None
    kinds = report.base.rounds[0].summary["kinds"].values()
    assert sum(kind["false_accepted"] for kind in kinds) == 0
    assert sum(kind["true_accepted"] for kind in kinds) >= 0.9 * sum(k["true"] for k in kinds)


def test_files_may_be_packed_and_what_is_missing_is_named(tmp_path):
    shutil.copy(equation_items.OURS / "equations.jsonl", tmp_path)
    with pytest.raises(InputError, match=r"no equations_false\.jsonl or .*\.gz in"):
        equation_items.load(tmp_path)
    packed = (equation_items.OURS / "equations_false.jsonl").read_bytes()
    (tmp_path / "equations_false.jsonl.gz").write_bytes(gzip.compress(packed))
    assert equation_items.load(tmp_path) == equation_items.load(None)
    (tmp_path / "equations.jsonl").write_text('{"id": "a", "kind": "b", "latex": "1 = 1"}\n')
    with pytest.raises(InputError, match=r"equations, line 1: no lhs, rhs, .*truth"):
        equation_items.load(tmp_path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["equations", "--data", "/nowhere/at/all"], "no such folder: /nowhere/at/all"),
        (["contexts", "--data", "."], "no documents.jsonl or documents.jsonl.gz"),
    ],
)
def test_a_folder_without_data_is_refused_before_anything_runs(words, message, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    assert ended.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_texts_of_a_folder_are_read(tmp_path):
    rows = [{"id": "1", "text": "One is $1 + 0 = 1$."}, {"id": "2", "text": ""}]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "documents.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    given_folder = tmp_path / "given"
    given_folder.mkdir()
    found = bench_contexts.build(given_folder, Request("tiny", data=tmp_path))
    assert found.about.startswith("1 documents")


def test_generated_documents_are_true_and_each_another():
    texts = list(generated.documents(12))
    assert texts == list(generated.documents(12))
    bodies = [text.partition("\n")[2] for text in [*texts, *generated.documents(12, seed=1)]]
    assert len(set(bodies)) == 24
    with Sandbox() as sandbox:
        outcomes = [one.outcome for text in texts[:6] for one in trial(text, sandbox=sandbox)]
    assert outcomes.count("mismatch") == 0
    assert outcomes.count("verified") > 0.7 * len(outcomes)


@pytest.mark.parametrize(
    ("result", "output", "is_ok", "is_kept"),
    [
        ("12", "12\n", True, True),
        ("12", "12.009", True, True),
        ("12", "13", True, False),
        ("12", "13", False, False),
        ("12", "", False, False),
        # What does not read as a complex number is not held against the program.
        (r"\frac{1}{2}", "17", True, True),
        ("12", "[12]", True, True),
        ("3.14159265358979323846", "2", True, True),
    ],
)
def test_the_published_rule_keeps_what_it_cannot_read(result, output, is_ok, is_kept):
    assert bench_equations.rule(result, output, is_ok=is_ok) is is_kept


@given(st.integers(-999, 999), st.integers(-999, 999))
def test_the_published_rule_tells_whole_numbers_apart(stated, printed):
    assert bench_equations.rule(str(stated), str(printed), is_ok=True) is (stated == printed)


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"\boxed{\dfrac{1}{2}}", r"\frac{1}{2}"),
        (r"2 + \boxed{3 \cdot \boxed{4}}", r"2 + 3 \cdot 4"),
        (r"\left( x \right)\,y", "( x )y"),
        (r"\left. x \right|", r"\left. x \right|"),
        (r"a \leftarrow b", r"a \leftarrow b"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}"),
        (r"3{,}200", "3200"),
        (r"\boxed{5", "5"),
    ],
)
def test_peers_are_spared_what_no_parser_of_expressions_knows(latex, expected):
    assert equation_peers.cleaned(latex) == expected


def test_equality_of_what_parsers_return():
    from sympy import I, MatMul, Matrix, Symbol, cos, pi, sin, sqrt, symbols

    x, y = symbols("x y")
    same = [
        (sqrt(8), 2 * sqrt(2)),
        (sin(x) ** 2 + cos(x) ** 2, x / x),
        ((x + y) ** 2, x**2 + 2 * x * y + y**2),
        (Symbol("pi") * 2, 2 * pi),
        (Symbol("i") ** 2, I**2),
        (Matrix([1, 2]), Matrix([1, 2])),
        (MatMul(Matrix([[x, 2]]), Matrix([1, 2])), Matrix([[x + 4]])),
    ]
    assert [equation_peers.is_equal(*pair) for pair in same] == [True] * len(same)
    z = Symbol("z")
    slip = ((y - x) / (y - z) + (z - x) / (z - y), (y - z) / (y - x) + (x - z) / (y - z))
    other = [slip, (sqrt(8), 3 * sqrt(2)), (x + y, x - y), (Matrix([1, 2]), Matrix([2, 1]))]
    assert [equation_peers.is_equal(*pair) for pair in other] == [False] * len(other)


def test_congruences_of_what_parsers_return(monkeypatch):
    from sympy import sympify

    monkeypatch.setitem(equation_peers.PARSERS, "peer", lambda: sympify)
    is_true = equation_peers.checker("peer")

    def item(left, right, modulus):
        return {"lhs": left, "rhs": right, "relation": "equiv", "modulus": modulus}

    assert is_true(item("7**5", "7", "30"))
    assert is_true(item("17", r"2 \pmod{5}", 5))
    assert is_true(item("1/3", "5", "7"))
    assert not is_true(item("17", r"3 \pmod 5", 5))
    assert not is_true(item("1/7", "0", "7"))


def test_an_item_on_which_a_peer_hangs_or_dies_costs_that_item_alone(monkeypatch):
    from sympy import sympify

    def parse(latex: str):
        if latex == "hang":
            return sum(itertools.repeat(0))
        if latex == "die":
            raise SystemExit(1)
        return sympify(latex)

    monkeypatch.setitem(equation_peers.PARSERS, "peer", lambda: parse)
    items = [
        {"lhs": left, "rhs": right}
        for left, right in [("1+1", "2"), ("hang", "2"), ("1+1", "3"), ("die", "1"), ("4", "2**2")]
    ]
    found = list(equation_peers.judged("peer", items, limit=2))
    assert [is_true for is_true, _ in found] == [True, False, False, False, True]
    assert [seconds is None for _, seconds in found] == [False, True, False, True, False]


def test_the_table_tells_shares_by_kind():
    def row(name, kinds):
        return {
            "contestant": name,
            "units": 4,
            "cpu_seconds": 0.1,
            "summary": {"kinds": kinds},
        }

    def counts(*numbers):
        return dict(zip(("true", "true_accepted", "false", "false_accepted"), numbers, strict=True))

    table = bench_equations.tabulate(
        [
            row("ours", {"modular": counts(2, 1, 0, 0), "calculus": counts(1, 1, 1, 0)}),
            row("peer", {"modular": counts(2, 0, 0, 0), "calculus": counts(1, 0, 1, 1)}),
        ]
    )
    assert table[0][1:] == ["true", "false", "ours", "peer"]
    assert table[1:4] == [
        ["all", "3", "1", "66.7% / 0.0%", "0.0% / 100.0%"],
        ["modular", "2", "0", "50.0% / -", "0.0% / -"],
        ["calculus", "1", "1", "100.0% / 0.0%", "0.0% / 100.0%"],
    ]
    assert table[4] == ["CPU ms an item", "", "", "25.0", "25.0"]
