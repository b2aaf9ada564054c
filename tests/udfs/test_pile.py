import ast
import re
from typing import get_args

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf import tables
from conf.settings import Pile
from conf.tokenizers.build import TARGET
from udfs import pile, tokens
from udfs.keys import key
from udfs.pile import PileText, VerifiedProgram, interleave

TOKENIZER = str(TARGET)


def program(text: str, span: str, *, name: str = "p", conditions=(), code: str = "print(5)"):
    start = text.index(span)
    return VerifiedProgram(
        program_id=name,
        span_start=start,
        span_end=start + len(span),
        expression=span.split("=")[0].strip(),
        result=span.split("=")[-1].strip(),
        conditions=tuple(conditions),
        code=code,
        output="5\n",
    )


def without(found: PileText) -> str:
    text = found.text
    for start, end in reversed(found.insertions):
        text = text[:start] + text[end:]
    return text


def test_code_stands_after_the_sentence_with_conditions_expression_and_result():
    text = "Let $r = 5$. The area is $\\pi r^2 = 25\\pi$. So it is large."
    found = interleave(
        text, [program(text, "\\pi r^2 = 25\\pi", conditions=["r = 5"], code="r = 5\nprint(r)\n")]
    )
    assert found.text == (
        "Let $r = 5$. The area is $\\pi r^2 = 25\\pi$. \n\n"
        "Conditions: $r = 5$\n"
        "Expression: $\\pi r^2$\n"
        "Result: $25\\pi$\n\n"
        "```python\nr = 5\nprint(r)\n```\n\n"
        "So it is large."
    )
    assert found.program_ids == ("p",)
    assert without(found) == text


def test_several_programs_of_a_step_stand_in_order():
    text = "So $1 + 1 = 2$ and $2 + 2 = 4$, done.\n\nNext."
    a, b = program(text, "1 + 1 = 2", name="z"), program(text, "2 + 2 = 4", name="a")
    found = interleave(text, [b, a])
    assert found == interleave(text, [a, b])
    assert found.program_ids == ("z", "a")
    assert len(found.insertions) == 1
    assert found.text.startswith("So $1 + 1 = 2$ and $2 + 2 = 4$, done.\n\nExpression: $1 + 1$")
    assert found.text.endswith("```\n\nNext.")


def test_overlapping_and_nested_spans_keep_their_order():
    text = "We get $1 + 1 = 2 = 4 / 2$. Then more."
    whole, first = program(text, "1 + 1 = 2 = 4 / 2", name="w"), program(text, "1 + 1 = 2")
    last = program(text, "2 = 4 / 2", name="l")
    assert interleave(text, [last, whole, first]).program_ids == ("p", "w", "l")


def test_spans_outside_the_text_are_skipped_and_reported():
    text = "So $1 + 1 = 2$."
    good = program(text, "1 + 1 = 2")
    spans = [(-1, 3), (3, 3), (5, 3), (3, len(text) + 1), (99, 100)]
    bad = [
        VerifiedProgram(f"bad{n}", *span, "a", "b", (), "print(1)", None)
        for n, span in enumerate(spans)
    ]
    found = interleave(text, [*bad, good])
    assert found.program_ids == ("p",)
    assert sorted(found.skipped) == [(f"bad{n}", "outside_text") for n in range(5)]
    assert without(found) == text


def test_the_same_computation_stands_once_at_one_place():
    text = "So $1 + 1 = 2$, yes $1 + 1 = 2$. And $1 + 1 = 2$."
    places = [match.start() for match in re.finditer(r"1 \+", text)]
    programs = [
        VerifiedProgram(f"p{n}", at, at + 9, "1 + 1", "2", (), "print(1 + 1)", "2\n")
        for n, at in enumerate(places)
    ]
    found = interleave(text, programs)
    assert found.program_ids == ("p0", "p2")
    assert found.skipped == (("p1", "repeated"),)


def test_code_stands_after_a_display_a_table_a_fence_and_a_list_item():
    text = (
        "| $1 + 1 = 2$ | x |\n| --- | --- |\n| y. Z | w |\n\n"
        "- item $2 + 2 = 4$. More.\n- other\n\n"
        "$$3 + 3 = 6. Q$$\nas said.\n\n"
        "```\n4 + 4 = 8\n\nrest\n```\n"
    )
    spans = ("1 + 1 = 2", "2 + 2 = 4", "3 + 3 = 6", "4 + 4 = 8")
    found = interleave(text, [program(text, s, name=s, code=f"print({s[0]})") for s in spans])
    assert without(found) == text
    for before, code in zip(
        ("| y. Z | w |", "- item $2 + 2 = 4$. More.", "$$\nas said.", "rest\n```"),
        "1234",
        strict=True,
    ):
        head, _ = found.text.split(f"```python\nprint({code})")
        assert head.rsplit("\n\nExpression", 1)[0].endswith(before)


def test_formulas_with_dollars_alignment_and_line_breaks_stay_readable():
    text = "It costs $3 + 4 = 7$."
    written = VerifiedProgram(
        "p",
        10,
        19,
        "3 &+\n\n 4",
        r"\$7",
        ("price $x = 3$", r"y = \begin{pmatrix}1 & 2\end{pmatrix}"),
        "1",
        None,
    )
    found = interleave(text, [written])
    assert "Conditions: price $x = 3$, $y = \\begin{pmatrix}1 & 2\\end{pmatrix}$\n" in found.text
    assert "Expression: $3 + 4$\nResult: $\\$7$\n" in found.text


def test_code_with_backticks_gets_a_longer_fence():
    text = "So $1 + 1 = 2$."
    found = interleave(text, [program(text, "1 + 1 = 2", code='print("""```""")')])
    assert '````python\nprint("""```""")\n````' in found.text


def test_plain_leaves_the_text_alone():
    text = "So $1 + 1 = 2$. \n"
    assert interleave(text, [program(text, "1 + 1 = 2")], "plain") == PileText(text, ())


def test_code_after_puts_all_code_at_the_end():
    text = "So $1 + 1 = 2$. Then $2 + 2 = 4$. End.\n"
    programs = [program(text, "2 + 2 = 4", name="b"), program(text, "1 + 1 = 2", name="a")]
    found = interleave(text, programs, "code_after")
    assert found.text.startswith("So $1 + 1 = 2$. Then $2 + 2 = 4$. End.\n\nExpression: $1 + 1$\n")
    assert found.program_ids == ("a", "b")
    assert without(found) == text


def test_code_only_keeps_the_steps_that_have_code():
    text = "Intro here. So $1 + 1 = 2$. Chat. Then $2 + 2 = 4$. End."
    programs = [program(text, "2 + 2 = 4", name="b"), program(text, "1 + 1 = 2", name="a")]
    found = interleave(text, programs, "code_only")
    assert found.text == (
        "So $1 + 1 = 2$.\n\nExpression: $1 + 1$\nResult: $2$\n\n```python\nprint(5)\n```\n\n"
        "Then $2 + 2 = 4$.\n\nExpression: $2 + 2$\nResult: $4$\n\n```python\nprint(5)\n```"
    )
    assert found.program_ids == ("a", "b")
    assert [found.text[a:b].startswith("Expression") for a, b in found.insertions] == [True, True]
    assert interleave(text, [], "code_only").text == ""


def test_an_unknown_form_is_an_error():
    with pytest.raises(ValueError, match=r"pile\.form: no form 'mixed'"):
        interleave("x", [], "mixed")


PIECES = st.sampled_from(
    [
        "$1 + 1 = 2$",
        "$$3 = 3$$",
        "\\[4. A\\]",
        "it is.",
        "Then",
        "e.g. ",
        "\n\n",
        "\n",
        " ",
        "- item",
        "| a | b |",
        "```\ncode\n```\n",
        "$",
        "# Head",
        "é漢🙂",
        "  \n",
        "> quote",
    ]
)
TEXTS = st.lists(PIECES, max_size=25).map("".join) | st.text(max_size=60)


@st.composite
def documents(draw):
    text = draw(TEXTS)
    bound = len(text) + 2
    spans = draw(st.lists(st.tuples(st.integers(-1, bound), st.integers(-1, bound)), max_size=8))
    programs = [
        VerifiedProgram(f"p{n}", a, b, f"{n} + 1", str(n + 1), (), f"print({n} + 1)", None)
        for n, (a, b) in enumerate(spans)
    ]
    return text, programs


@settings(max_examples=600, derandomize=True, deadline=None)
@given(
    documents(), st.sampled_from(["interleaved", "code_after"]), st.randoms(use_true_random=False)
)
def test_without_what_was_put_in_the_text_is_the_document(document, form, chance):
    text, programs = document
    found = interleave(text, programs, form)
    assert without(found) == text
    named = [*found.program_ids, *(program_id for program_id, _ in found.skipped)]
    assert sorted(named) == sorted(p.program_id for p in programs)
    shuffled = chance.sample(programs, len(programs))
    assert interleave(text, shuffled, form) == found


@settings(max_examples=300, derandomize=True, deadline=None)
@given(documents(), st.sampled_from(["interleaved", "code_after", "code_only"]))
def test_code_stands_on_lines_of_its_own_and_after_its_span(document, form):
    text, programs = document
    found = interleave(text, programs, form)
    spans = {p.program_id: p.span_end for p in programs}
    ids = list(found.program_ids)
    inserted = 0
    for start, end in found.insertions:
        block = found.text[start:end]
        before, after = found.text[:start] + block, found.text[end:]
        lead = block[: len(block) - len(block.lstrip())]
        assert not found.text[:start].strip() or re.search(r"\n\s*\n\Z", found.text[:start] + lead)
        assert not after.strip() or re.match(r"\n\s*\n", block[len(block.rstrip()) :] + after)
        for code in re.findall(r"^```python\n(.*?)\n```$", block, re.DOTALL | re.MULTILINE):
            ast.parse(code)
            if form != "code_only":
                place = start - inserted
                assert place >= min(spans[ids[0]], len(text.rstrip()))
            ids.pop(0)
        inserted += end - start
        assert before
    assert ids == []


def row(number: int, text: str | None, programs=None) -> dict:
    schema = tables.arrow_schema("documents")
    found = dict.fromkeys(schema.names)
    found |= {"doc_id": key(number), "file_id": "f", "component": "web", "text": text}
    found |= {"url": f"https://example.org/{number}", "score": 0.9, "weight": 1.5}
    return found | {"source_id": str(number), "programs": programs}


PROGRAMS = pa.list_(
    pa.struct(
        [
            ("span_start", pa.int64()),
            ("span_end", pa.int64()),
            ("program_id", pa.string()),
            ("expression", pa.string()),
            ("result", pa.string()),
            ("conditions", pa.list_(pa.string())),
            ("code", pa.string()),
            ("output", pa.string()),
        ]
    )
)
INPUT = pa.schema(
    [
        *((f.name, f.type) for f in tables.arrow_schema("documents")),
        ("score", pa.float64()),
        ("weight", pa.float64()),
        ("programs", PROGRAMS),
    ]
)
TEXT = "So $1 + 1 = 2$. Then $2 + 2 = 4$. End."
CODE = {
    "span_start": 4,
    "span_end": 13,
    "program_id": "p",
    "expression": "1 + 1",
    "result": "2",
    "conditions": None,
    "code": "print(1 + 1)",
    "output": None,
}


def built(rows: list[dict], sizes: int = 1000, form: str = "interleaved") -> list[dict]:
    cut = [rows[i : i + sizes] for i in range(0, len(rows), sizes)]
    batches = [pa.RecordBatch.from_pylist(part, schema=INPUT) for part in cut]
    made = list(pile.build(batches, form=form, tokenizer_path=TOKENIZER))
    assert all(batch.schema == tables.arrow_schema("pile") for batch in made)
    assert all(batch.num_rows <= 256 for batch in made)
    return [found for batch in made for found in batch.to_pylist()]


def test_rows_are_those_of_the_table_with_their_keys_and_tokens():
    (with_code, plain) = built([row(1, TEXT, [CODE]), row(2, TEXT)])
    assert with_code["pile_id"] == key(with_code["doc_id"], "interleaved")
    assert with_code["program_ids"] == ["p"]
    assert with_code["text"] == interleave(TEXT, [pile._program(CODE)]).text
    assert (plain["program_ids"], plain["text"]) == ([], TEXT)
    tokenizer = tokens.load(TOKENIZER)
    for found in (with_code, plain):
        assert found["token_count"] == tokenizer.count([found["text"]])[0]
        assert found["tokenizer"] == tokenizer.fingerprint
        assert (found["score"], found["weight"], found["form"]) == (0.9, 1.5, "interleaved")
    assert with_code["url"] == "https://example.org/1"
    assert with_code["source_id"] == "1"


@pytest.mark.parametrize("form", pile.FORMS)
def test_forms_have_keys_of_their_own_and_code_only_leaves_out_what_has_none(form):
    rows = built([row(1, TEXT, [CODE]), row(2, TEXT, []), row(3, None)], form=form)
    assert [found["doc_id"] for found in rows] == [key(1), key(2)][
        : 1 if form == "code_only" else 2
    ]
    assert [found["pile_id"] for found in rows] == [key(found["doc_id"], form) for found in rows]
    assert rows[0]["program_ids"] == ([] if form == "plain" else ["p"])


@settings(max_examples=20, derandomize=True, deadline=None)
@given(size=st.integers(1, 700))
def test_result_does_not_depend_on_batching(size):
    rows = [row(n, f"{n}. {TEXT}", [CODE] if n % 3 else None) for n in range(600)]
    assert built(rows, size) == built(rows)


def test_hostile_rows_raise_nothing():
    null = dict.fromkeys(CODE) | {"program_id": "n", "span_start": 0, "span_end": 1}
    rows = built(
        [
            row(1, "", [CODE]),
            row(2, "\x00" * 20, [CODE, null, None]),
            row(3, "$" * 50_000, [CODE] * 20),
            row(4, "🙂" * 20, [CODE | {"span_start": None}]),
        ]
    )
    assert [found["doc_id"] for found in rows] == [key(2), key(3), key(4)]


def test_forms_are_those_that_conf_knows():
    assert get_args(Pile.model_fields["form"].annotation) == pile.FORMS
