"""The normal form: one spelling for what is the same, and where its words stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs import normal

SAME = {
    "fraction": [
        r"$\frac{1}{2}$",
        r"$\frac12$",
        r"$\dfrac 1 2$",
        r"\(\tfrac{1}2\)",
        r"\[ \frac {1} {2} \]",
        r"$$\cfrac{1}{2}$$",
        r"${1 \over 2}$",
        r"\frac{1}{2}",
        r"\begin{equation*}\frac12\end{equation*}",
    ],
    "root and power": [r"$\sqrt3 + x^2$", r"$\sqrt{3}+x^{2}$", r"$\sqrt 3 + x^ 2$"],
    "power of one digit": [r"$x^23$", r"$x^{2}3$", r"$x^2 3$"],
    "brackets": [r"$f\left(x\right)$", r"$f(x)$", r"$f\bigl( x \bigr)$", r"$f\,(x)$"],
    "letters": ["$A B C$", "$ABC$", "ABC", "abc", r"$\mathrm{ABC}$", r"$\text{ABC}$"],
    "thousands": ["$1{,}000$", "1,000", "$1000$", r"$1,\!000$", "$1,000$"],
    "unicode": [
        "$α ≤ β·x²$",
        r"$\alpha \le \beta \cdot x^2$",
        r"$\alpha\leqslant\beta\cdot x^{2}$",
    ],
    "dots": [r"$1, \ldots, n$", r"$1,\dots,n$", r"$1,\cdots,n$"],
    "table": [
        r"$\begin{array}{cc} a & b \\ c & d \end{array}$",
        r"$\begin{matrix} a & b \\ c & d\end{matrix}$",
    ],
    "case and marks": ["Über café", "über cafe\u0301", "ÜBER  CAFÉ"],
    "punctuation": ["One, two: (three)!", "one two three", "ONE -- two *three*"],
}
DIFFERENT = [
    (r"$\frac{1}{23}$", r"$\frac{12}{3}$"),
    (r"$x^{23}$", r"$x^23$"),
    (r"$\alpha$", r"$\beta$"),
    ("1,00", "100"),
    ("costs $5 and $6", "costs $56"),
]


@pytest.mark.parametrize("name", SAME)
def test_spellings_of_one_text_have_the_same_words(name):
    found = {tuple(normal.words(text)) for text in SAME[name]}
    assert len(found) == 1, found


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_different_texts_differ(left, right):
    assert normal.words(left) != normal.words(right)


def test_prices_are_no_formula():
    assert normal.words("Tea is $5 and cake is $6.") == [
        *("tea", "is", "5", "and", "cake", "is", "6"),
    ]


def test_scripts_without_spaces_give_a_word_a_character():
    assert normal.words("求解 方程式x") == ["求", "解", "方", "程", "式", "x"]


def test_signs_tell_squeezed_texts_apart():
    assert normal.squeeze("Find $2 + 3$.") == normal.squeeze(r"find \(2+3\)") == "find2+3"
    assert normal.squeeze("Find $2 - 3$.") != normal.squeeze("Find $2 + 3$.")


ATOMS = st.sampled_from(
    [
        *("a", "B", "3", "x", " ", "\n", "\n\n", "$", "$$", "\\", "{", "}", "^", "_", ",", "000"),
        *(r"\frac", r"\left(", r"\(", r"\)", r"\[", r"\]", r"\over", "1,234", "İ", "e\u0301", "ß"),
        *(r"\begin{align}", r"\end{align}", "\u1100\u1161\u11a8", "क\u093c", "\U0001f600", "求"),
        *("\ud800", "\x00", "Σ", "²"),
    ]
)
SOUP = st.lists(ATOMS, max_size=25).map("".join)


@given(SOUP)
def test_each_word_has_a_span_in_the_text(text):
    spans = normal.spans(text)
    assert len(spans) == len(normal.words(text))
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)


@given(st.lists(st.sampled_from(["one", "Two", "3", "4,000", "x2"]), max_size=20))
def test_spans_of_prose_hold_their_words(parts):
    text = "; ".join(parts)
    found = [text[start:end].replace(",", "").lower() for start, end in normal.spans(text)]
    assert found == normal.words(text)


def test_words_of_a_formula_have_the_span_of_the_formula():
    text = r"Let $\frac12 x$ be."
    assert [text[start:end] for start, end in normal.spans(text)] == [
        *("Let", *[r"$\frac12 x$"] * 4, "be"),
    ]


@pytest.mark.parametrize(
    "unit", ["$", "$$", "\\(", "\\begin{align}", "\\frac", "{", "$x ", "1,", "^"]
)
def test_time_is_linear_in_junk(unit):
    """Half a megabyte of what could start a formula is done in seconds, not in hours."""
    assert isinstance(normal.words(unit * (500_000 // len(unit))), list)
