"""MathML to LaTeX: source first, else conversion."""

import pytest

from udfs.html.mathml import to_formula
from udfs.html.tree import parse


def convert(inner, attributes=""):
    nodes = parse(f"<math {attributes}>{inner}</math>")
    found = to_formula(next(node for node in nodes if node.tag == "math"))
    return None if found is None else "".join(found.latex.split())


@pytest.mark.parametrize(
    ("markup", "latex"),
    [
        ("<mfrac><mi>a</mi><mi>b</mi></mfrac>", "\\frac{a}{b}"),
        ("<mfrac linethickness=0><mi>n</mi><mi>k</mi></mfrac>", "{n\\atopk}"),
        ("<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>", "x_{1}^{2}"),
        ("<msup><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></msup>", "{a+b}^{2}"),
        ("<msup><mi>f</mi><mo>′</mo></msup>", "f'"),
        ("<mover><mi>x</mi><mo>¯</mo></mover>", "\\bar{x}"),
        ("<munder><mi>lim</mi><mi>n</mi></munder>", "\\lim_{n}"),
        ("<mi>x</mi><mo>∈</mo><mi>ℝ</mi>", "x\\in\\mathbb{R}"),
        ("<mi>ab</mi>", "\\mathrm{ab}"),
        ("<menclose notation=box><mn>4</mn></menclose>", "\\boxed{4}"),
        ("<mo>(</mo><mfrac><mn>1</mn><mn>2</mn></mfrac><mo>)</mo>", "\\left(\\frac{1}{2}\\right)"),
        ("<mphantom><mi>x</mi></mphantom>", "\\phantom{x}"),
        ("<mtext>50 %</mtext>", "\\text{50\\%}"),
        ("<mi>&#x1D4D0;</mi>", "\\mathcal{A}"),
        ("<apply><divide></divide><ci>a</ci><cn>2</cn></apply>", "\\frac{a}{2}"),
        ("<apply><sin></sin><ci>x</ci></apply>", "\\sin(x)"),
    ],
)  # fmt: skip
def test_each_element_becomes_latex(markup, latex):
    assert convert(markup) == latex


def test_the_annotation_comes_first_then_the_alternative_text():
    annotated = "<semantics><mi>q</mi><annotation encoding='LaTeX'>a^2</annotation></semantics>"
    assert convert(annotated, "alttext='b^2'") == "a^2"
    assert convert("<mi>q</mi>", "alttext='b^2'") == "b^2"
    assert convert("<mi>q</mi>", "alttext='the letter that we call q'") == "q"
    assert convert("") is None


def test_depth_is_no_limit():
    assert convert("<mrow>" * 20_000 + "<mi>x</mi>") == "x"


def test_a_formula_that_grows_with_its_depth_is_given_up():
    assert convert("<mrow><mi>x</mi>" * 20_000) is None
