"""AsciiMath to LaTeX, by the examples of its grammar."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.html.asciimath import to_latex


@pytest.mark.parametrize(
    ("source", "latex"),
    [
        ("x^2", "x^{2}"),
        ("x_1^2", "x_{1}^{2}"),
        ("a/b", "\\frac{a}{b}"),
        ("(a+b)/(c-d)", "\\frac{a + b}{c - d}"),
        ("sqrt(x+1)", "\\sqrt{x + 1}"),
        ("root(3)(x)", "\\sqrt[3]{x}"),
        ("sin x / x", "\\frac{\\sin x}{x}"),
        ("sin(x)", "\\sin(x)"),
        ("alpha <= beta", "\\alpha \\le \\beta"),
        ("[[a,b],[c,d]]", "\\begin{bmatrix}a & b \\\\ c & d\\end{bmatrix}"),
        ("|x|", "\\left|x\\right|"),
        ('"if " x', "\\text{if }x"),
        ("bb A", "\\mathbf{A}"),
        ("1.5 xx 10^3", "1.5 \\times 10^{3}"),
        ("f(x,y)", "f(x,y)"),
        ("oo", "\\infty"),
        ("int_-1^1 x", "\\int_{-1}^{1}x"),
        ("sin^-1(x)", "\\sin^{-1}(x)"),
        ("1/-x", "\\frac{1}{-x}"),
        ("a-b", "a-b"),
        ("stackrel(+)(->)", "\\stackrel{+}{\\to}"),
        ("{(2x,+,y),(x,-,y):}", "\\begin{cases}2x & + & y \\\\ x & - & y\\end{cases}"),
        ("", ""),
    ],
)
def test_each_construct_becomes_latex(source, latex):
    squeezed = "".join(to_latex(source).split())
    assert squeezed == "".join(latex.split())


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(alphabet='ab12()[]{}|/_^,+-= \\"sqrt', max_size=60))
def test_no_source_makes_it_raise_or_unbalances_braces(source):
    latex = to_latex(source).replace("\\{", "").replace("\\}", "").replace("\\\\", "")
    if "\\" not in source and '"' not in source:
        assert latex.count("{") == latex.count("}")


def test_deep_nesting_ends():
    assert "x" in to_latex("(" * 5000 + "x" + ")" * 5000)
