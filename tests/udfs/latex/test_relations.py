import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.latex import split_relations

CHAINS = [
    (r"a + b = c", [(None, "a + b"), ("eq", "c")]),
    (r"a=b \approx c.", [(None, "a"), ("eq", "b"), ("approx", "c")]),
    (r"f\left(x=2\right) \le 3\,", [(None, r"f\left(x=2\right)"), ("le", "3")]),
    (r"P(X=3) \geq \frac{a=b}{2}", [(None, "P(X=3)"), ("ge", r"\frac{a=b}{2}")]),
    (r"(0,1] = x", [(None, "(0,1]"), ("eq", "x")]),
    (r"x \not= 4", [(None, "x"), ("ne", "4")]),
    (r"a\leftarrow b < c", [(None, r"a\leftarrow b"), ("lt", "c")]),
    (r"= 3", [(None, ""), ("eq", "3")]),
    (r"\text{a=b} = 1", [(None, r"\text{a=b}"), ("eq", "1")]),
    (r"\begin{cases}a=1\\b=2\end{cases}", [(None, r"\begin{cases}a=1\\b=2\end{cases}")]),
    (r"(a = b", [(None, "(a"), ("eq", "b")]),
    (r"5\ = 3 \ne 2", [(None, "5"), ("eq", "3"), ("ne", "2")]),
]


@pytest.mark.parametrize(("latex", "sides"), CHAINS)
def test_sides_are_cut_at_top_level_relations(latex, sides):
    assert [(side.operator, side.latex) for side in split_relations(latex)] == sides


@pytest.mark.parametrize(
    "latex",
    [
        r"17 \equiv 2 \pmod{5}",
        r"17 \equiv 2 \pmod 5",
        r"17\equiv 2 (\bmod 5)",
        r"17 \equiv 2\ (\text{mod}\ 5)",
        r"17 \equiv 2 \pod{5}",
    ],
)
def test_modulus_is_taken_off_the_side(latex):
    sides = split_relations(latex)
    assert [(side.operator, side.latex.strip(), side.modulus) for side in sides] == [
        (None, "17", None),
        ("equiv", "2", "5"),
    ]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(alphabet=r"ab12=<>{}()[]\ ,.&", max_size=60))
def test_offsets_point_at_the_sides(latex):
    for side in split_relations(latex):
        assert latex[side.start : side.end] == side.latex


@pytest.mark.parametrize(
    "sign", [r"\overset{?}{=}", r"\stackrel{\text{def}}{=}", r"\underset{x}{ = }"]
)
def test_sign_with_a_note_is_the_sign(sign):
    assert [side.latex for side in split_relations(f"a + b {sign} c")] == ["a + b", "c"]
