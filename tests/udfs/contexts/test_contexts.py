"""Computations of texts, their places and what they rest on."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf import tables
from udfs.contexts import extract_contexts, find_contexts
from udfs.translate.computation import Computation


def computations(text: str) -> list[Computation]:
    return [item for passage in find_contexts(text) for item in passage.computations]


def sides(text: str) -> list[tuple[str, str, str]]:
    return [(item.expression, item.relation, item.result) for item in computations(text)]


def conditions(text: str) -> tuple[str, ...]:
    """Conditions of the last computation."""
    return computations(text)[-1].conditions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We see $3+4=7$.", [("3+4", "eq", "7")]),
        ("$1+2+3=3+3=6$", [("1+2+3", "eq", "3+3"), ("3+3", "eq", "6")]),
        (r"\begin{align*} 2(3+4) &= 2 \cdot 7 \\ &= 14. \end{align*}",
         [("2(3+4)", "eq", r"2 \cdot 7"), (r"2 \cdot 7", "eq", "14")]),
        (r"\[\begin{aligned} 1+1 &= 2, \\ 2+2 &= 4 \end{aligned}\]",
         [("1+1", "eq", "2"), ("2+2", "eq", "4")]),
        (r"\begin{align*} 1+1 &= 2 & 3+3 &= 6 \end{align*}",
         [("1+1", "eq", "2"), ("3+3", "eq", "6")]),
        (r"\begin{align*} 5 \cdot 2 &= 10 && \text{by hand} \end{align*}",
         [(r"5 \cdot 2", "eq", "10")]),
        (r"$\pi^2 \approx 9.87$", [(r"\pi^2", "approx", "9.87")]),
        (r"$2 < 3 \le 7 - 4$", [("2", "lt", "3"), ("3", "le", "7 - 4")]),
        (r"$\boxed{2 + 2 = 4}$", [("2 + 2", "eq", "4")]),
        (r"$1+1 = 2, \quad 2+2 = 4$", [("1+1", "eq", "2"), ("2+2", "eq", "4")]),
        (r"$1+1 = 2 \text{ and } 2+2 = 4$", [("1+1", "eq", "2"), ("2+2", "eq", "4")]),
        ("$3 \\cdot 4$ $= 12$", [(r"3 \cdot 4", "eq", "12")]),
        (r"since $51 = 3 \cdot 17$", [(r"3 \cdot 17", "eq", "51")]),
        ("so $3 + 4$ equals $7$", [("3 + 4", "eq", "7")]),
        ("Let $x = 3$.", []),
        ("Let $f(x) = x^2 + 1$.", []),
        ("For $n > 3$ nothing is said.", []),
        ("He paid 12 * 5 = 60 in all.", [(r"12 \times 5", "eq", "60")]),
        ("She sold 48/2 = <<48/2=24>>24 clips.", [("48/2", "eq", "24")]),
        ("Set a=1 and b = 2.", []),
        ("`3+4=7` and\n```\n5+6=11\n```", []),
        # Words, indices, orders of growth and values of unknown functions are no products.
        ("We have $len(v) = len(p) + 1$.", []),
        ("First $d[v] = l[v]$ and $a[i-1] = 0$.", []),
        (r"Then $y\left[0\right] = x\left[0\right]$.", []),
        (r"It takes $O(n) + O(n) = O(2n)$.", []),
        (r"We have $\mathrm{Li}_2(x) = x \mathrm{Li}_2(1)$.", []),
        ("We know $d/dx(f) = df/dx$.", []),
        ("Each time $S = S + 2k$ is done.", []),
        ("Far off $P(0) = 0$ holds.", []),
        ("Initially $j0 = 0$ and $p1 + p2 = 3$.", []),
        ("At the start $y(0) = 1$ and $y_1(0) = 0$.", []),
        ("The probability of both is $P(A) P(B) = P(B) P(A)$.", []),
        (r"We pay \$3.50 + \$2.50 = \$6.00 in all.", [(r"\$3.50 + \$2.50", "eq", r"\$6.00")]),
        ("For all $a$, $b$, $c$ we see $abc = cba$.", [("abc", "eq", "cba")]),
        (r"So $x\sqrt[3]{8} = 2x$.", [(r"x\sqrt[3]{8}", "eq", "2x")]),
        # What is computed stands on the right.
        (r"$\frac{9}{160} = \frac{9 \cdot 5}{800}$",
         [(r"\frac{9 \cdot 5}{800}", "eq", r"\frac{9}{160}")]),
        (r"$\frac{360}{6} = 60^\circ$", [(r"\frac{360}{6}", "eq", r"60^\circ")]),
    ],
)  # fmt: skip
def test_what_is_a_computation(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert sides(text) == expected


def test_a_congruence_has_its_modulus_on_every_link() -> None:
    found = computations(r"Then $35 \cdot 40 \equiv 1400 \equiv 1 \pmod{1399}$.")
    assert [(item.relation, item.modulus) for item in found] == [("equiv", "1399")] * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Let $x=3$ and $y = 4$. Then $x^2 + y^2 = 25$.", ("x = 3", "y = 4")),
        ("Let $x=3$. Let $z = 9$. Then $x + 1 = 4$.", ("x = 3",)),
        ("If $f(x) = x^2+1$ we find $f(2) = 5$.", ("f(x) = x^2+1",)),
        ("Given that $2x + 1 = 7$. Solving gives $x = 3$.", ("2x + 1 = 7",)),
        ("Let $x = 1$. Now let $x = 2$. Then $3x = 6$.", ("x = 2",)),
        ("Let $a = b + 1$ and $b = 2$. Then $2a = 6$.", ("a = b + 1", "b = 2")),
        ("We have $x = 8/2 = 4$. Hence $3x = 12$.", ("x = 4",)),
        ("Here $AB = 7$, $AC = 8$, and $BC=9$. So $AB + AC + BC = 24$.",
         ("AB = 7", "AC = 8", "BC = 9")),
        ("Let $n$ be a positive integer with $n^2 = 9$. So $n = 3$.",
         (r"n \in \mathbb{Z}", "n > 0", "n^2 = 9")),
        ("Since $x^2 = 64$ we get $x = 8$ or $x = -8$. So $x + y = 3$.", ("x^2 = 64",)),
        (r"\begin{align*} 2x &= 6 \\ x &= 3 \end{align*}", ("2x = 6",)),
        (r"$P \ast Q$ means $\frac{P+Q}{2}$. So $6 \ast 8 = 7$.", (r"P \ast Q = \frac{P+Q}{2}",)),
        ("The value of $k$ is $5$. Then $2k = 10$.", ("k = 5",)),
        ("The operation is $a \\star b = ab + a$. So $2 \\star 3 = 8$.", (r"a \star b = ab + a",)),
    ],
)  # fmt: skip
def test_conditions_are_what_the_symbols_lead_to(text: str, expected: tuple[str, ...]) -> None:
    assert conditions(text) == expected


def test_the_problem_statement_counts_at_any_distance() -> None:
    far = " ".join(f"Sentence number {number} says nothing." for number in range(40))
    text = "Let $r = 5$ be the radius." + "\n\n" + far + "\n\nThe area is $r^2 = 25$."
    assert conditions(text) == ("r = 5",)


def test_conditions_of_a_sentence_too_far_back_are_left_out() -> None:
    text = "An exercise.\n\nLet $r = 5$. " + "And on. " * 9 + "Now $r^2 = 25$ holds."
    assert conditions(text) == ()


def test_conditions_stay_in_their_section() -> None:
    text = "# One\n\nLet $r = 5$.\n\n# Two\n\nWe find $r^2 = 36$."
    assert conditions(text) == ()


def test_rows_of_a_table_are_no_conditions_of_each_other() -> None:
    text = "We have $k = 2$ here.\n\n| $x = 1$ |\n| $3x = 12$ |\n| $x = 5$ so $kx = 10$ |"
    found = {item.expression: item.conditions for item in computations(text)}
    assert found["3x"] == ()
    assert found["kx"] == ("k = 2", "x = 5")


def test_items_of_a_list_are_no_conditions_of_each_other_but_of_what_follows() -> None:
    text = "Kinds of equations:\n\n- single: $x = 1$\n- none: $x^2 + 1 = 0$\n\nSo $x + 1 = 2$."
    found = {item.expression: item.conditions for item in computations(text)}
    assert found["x^2 + 1"] == ()
    assert "x = 1" in found["x + 1"]


def test_sections_are_paths_of_headings() -> None:
    text = "# Book\n\n## One\n\n$1+1=2$\n\n## Two\n\n$2+2=4$\n"
    assert [passage.section for passage in find_contexts(text)] == ["Book > One", "Book > Two"]


def test_the_sentence_is_the_one_around_the_relation() -> None:
    found = computations("First, e.g. by Eq. 3, nothing. We see $1.5 + 1.5 = 3$ here. Last.")
    assert found[0].sentence == "We see $1.5 + 1.5 = 3$ here."


def test_spans_cover_the_relation_as_it_stands() -> None:
    text = "😀 So \\begin{align*} 2 + 3 &= 1 + 4 \\\\ &= 5 \\end{align*} and $6+1 = 7$."
    spans = [text[item.span_start : item.span_end] for item in computations(text)]
    assert spans == ["2 + 3 &= 1 + 4", "1 + 4 \\\\ &= 5", "6+1 = 7"]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = " ".join(f"Step {number} adds $1 + {number} = {number + 1}$." for number in range(300))
    passages = find_contexts(text)
    assert sum(len(passage.computations) for passage in passages) == 300
    assert all(passage.end - passage.start <= 2100 for passage in passages)
    assert all(text[passage.start : passage.end].startswith("Step") for passage in passages)


TEXTS = st.lists(
    st.sampled_from(
        ["Let $x = 3$.", "Then $x + 1 = 4$.", r"\[a = b \\ = 2\]", "$", "$$", r"\[", r"\)", "\n\n",
         "# Title\n", "```", r"\begin{align} y &= 1 + 1 \\ &= 2 \end{align}", r"\begin{cases}",
         "12 * 3 = 36.", "😀", r"$\left\{ x = 1 \right.$", "$= 5$", r"$1 < 2 < 3$", "&", "{", "}"]
    ),
    max_size=25,
).map(" ".join)  # fmt: skip


@settings(max_examples=200, derandomize=True, deadline=None)
@given(TEXTS)
def test_spans_are_inside_their_passage_and_start_with_the_expression(text: str) -> None:
    for passage in find_contexts(text):
        assert 0 <= passage.start < passage.end <= len(text)
        for item in passage.computations:
            assert passage.start <= item.span_start < item.span_end <= passage.end
            assert item.expression
            assert item.result


def documents(texts: list[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(
        [
            {"doc_id": f"{number:032x}", "title": None, "text": text}
            for number, text in enumerate(texts)
        ],
        schema=pa.schema([("doc_id", pa.string()), ("title", pa.string()), ("text", pa.string())]),
    )


def test_every_document_gives_passages_or_a_reason() -> None:
    batch = documents(["No formula.", "So $1+1=2$.\n\nAnd $2+2=4$.", ""])
    rows = [row for part in extract_contexts([batch]) for row in part.to_pylist()]
    assert [(row["doc_id"][-1], row["rejected_by"]) for row in rows] == [
        ("0", "no_computation"),
        ("1", None),
        ("1", None),
        ("2", "no_computation"),
    ]
    assert len({row["context_id"] for row in rows}) == 4
    assert rows[1]["passage"] == "So $1+1=2$."


def test_batches_have_the_schema_of_the_table() -> None:
    for part in extract_contexts([documents(["So $1+1=2$."])]):
        assert part.schema == tables.arrow_schema(tables.CONTEXTS)


@settings(max_examples=10, derandomize=True, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6), st.integers(1, 6))
def test_the_result_does_not_depend_on_batching(texts: list[str], size: int) -> None:
    whole = documents(texts)
    cut = [whole.slice(start, size) for start in range(0, len(texts), size)]
    assert [row for part in extract_contexts(cut) for row in part.to_pylist()] == [
        row for part in extract_contexts([whole]) for row in part.to_pylist()
    ]


def test_a_negative_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="earlier_sentences"):
        next(extract_contexts([], earlier_sentences=-1))


@pytest.mark.parametrize(
    "text",
    ["$" * 200_000, "\\[" * 100_000, "$a=b" * 50_000, "$" + "{" * 100_000 + "$", "(" * 200_000,
     r"\begin{align}" * 20_000, "1+1=" * 50_000, "# a\n" * 20_000, "`" * 200_000,
     "$x" + "=x" * 100_000 + "$", "1 + " * 50_000 + "1 = 3", "Let $x=1$. " * 5_000],
    ids=range(12),
)  # fmt: skip
@pytest.mark.timeout(120)  # what is not linear takes hours
def test_hostile_text_comes_to_an_end(text: str) -> None:
    for passage in find_contexts(text):
        assert 0 <= passage.start < passage.end <= len(text)
