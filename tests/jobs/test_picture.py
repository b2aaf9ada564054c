"""Pictures of notebooks say in characters and in HTML what was counted."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from conf import tables
from jobs.report import picture

COUNTS = {
    "arithmetic": {"verified": 30, "mismatch": 10},
    "a < b": {"verified": 1, "left": 1, "error": 2},
}


def test_a_bar_is_divided_as_the_counts_are():
    _, text = picture.shares(COUNTS)
    first, second, key = text.splitlines()
    assert first == "arithmetic  " + "█" * 30 + "▒" * 10 + "  30 of 40"
    assert second == "     a < b  " + "█" * 10 + "·" * 10 + "×" * 20 + "  1 of 4"
    assert re.findall(r"(\S) (\w+)", key) == [
        ("█", "verified"),
        ("▒", "mismatch"),
        ("·", "left"),
        ("×", "error"),
    ]


def test_the_html_says_the_same():
    html, _ = picture.shares(COUNTS)
    assert "a &lt; b" in html
    assert re.findall(r'title="(\w+: \d+)"', html) == [
        "verified: 30",
        "mismatch: 10",
        "verified: 1",
        "left: 1",
        "error: 2",
    ]
    assert "width:75.0%" in html
    assert picture.shares({}) == ("<table></table><p></p>", "  ")


def test_each_outcome_has_a_sign():
    (comment,) = [c.comment for c in tables.table(tables.VERDICTS).columns if c.name == "outcome"]
    outcomes = re.findall(r"(\w+)(?: \([^)]*\))?(?:, |$)", comment)
    _, text = picture.shares({"all": dict.fromkeys(outcomes, 1)})
    assert text.count("?") == 0
    assert [one for one in outcomes if one not in text] == []


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="⟦⟧"), max_size=60),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=5),
)
def test_a_marked_text_is_the_text_with_brackets(text, places):
    spans = [(min(pair), max(pair), "verified") for pair in places]
    _, shown = picture.marked(text, spans)
    assert re.sub(r"⟦|⟧\(verified\)", "", shown) == text


def test_marks_do_not_overlap_and_html_is_escaped():
    html, shown = picture.marked(
        "a < $b$ and $c$", [(12, 15, "left"), (4, 7, "verified"), (5, 14, "mismatch")]
    )
    assert shown == "a < ⟦$b$⟧(verified) and ⟦$c$⟧(left)"
    assert html.count("<mark ") == 2
    assert "a &lt; <mark" in html


def test_a_script_prints_the_characters(capsys):
    picture.show("<b>html</b>", "characters")
    assert capsys.readouterr().out == "characters\n"
