import re
from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.latex import LatexError, parse, to_sympy
from udfs.latex.evaluate import evaluate
from udfs.latex.nodes import Apply, Name, Number, Quantity, Sequence, free_names

VALUES = [
    (r"\frac12", "1/2"),
    (r"\dfrac{3}{4}x", "3*x/4"),
    (r"\sqrt3", "sqrt(3)"),
    (r"\sqrt[3]{-27}", "-3"),
    (r"2\frac{1}{2}", "5/2"),
    (r"2(3)", "6"),
    (r"(2)(3)", "6"),
    (r"12{,}500", "12500"),
    (r"\$25,\!000", "25000"),
    (r"1,250", "1250"),
    (r"3{,}5", "7/2"),
    (r"0.\overline{36}", "4/11"),
    (r"2.1\overline{6}", "13/6"),
    (r"1011_2", "11"),
    (r"5\%", "1/20"),
    (r"90^\circ", "pi/2"),
    (r"\boxed{25}\text{ cm}", "25"),
    (r"12^2 \mbox{ inches}^2", "144"),
    (r"5!!", "15"),
    (r"\binom{6}{2} + {4 \choose 2}", "21"),
    (r"{1 \over 3}", "1/3"),
    (r"\sin^2 x \cos x", "sin(x)**2*cos(x)"),
    (r"\sin^{-1} 1", "pi/2"),
    (r"\log_2 8", "3"),
    (r"\ln e^2", "2"),
    (r"\left| -3 \right| + |2 - 5|", "6"),
    (r"\lfloor 7/2 \rfloor", "3"),
    (r"\text{lcm}[4, 6]", "12"),
    (r"\gcd(100,250)", "50"),
    (r"6 \cdot -2", "-12"),
    (r"10^{12} \div 10^{10}", "100"),
    (r"2^10", "1024"),
    (r"x^2y", "x**2*y"),
    (r"AB + BC", "AB + BC"),
    (r"(A+B)AB", "A*B*(A + B)"),
    (r"\overline{3 - 2i}", "3 + 2*I"),
    (r"\sum_{k=1}^{4} k^2", "30"),
    (r"\prod_{k=1}^4 k", "24"),
    (r"1 + 2 + \cdots + 100", "5050"),
    (r"1 + 3 + 5 + \ldots + 15", "64"),
    (r"\frac12 + \frac14 + \frac18 + \cdots", "1"),
    (r"7 \cdot 6 \cdots 2 \cdot 1", "5040"),
    (r"1 + x + x^2 + \dots + x^5", "x**5 + x**4 + x**3 + x**2 + x + 1"),
    (r"\frac{d}{dx} x^3", "3*x**2"),
    (r"\frac{d^2}{dx^2} x^4", "12*x**2"),
    (r"\begin{vmatrix} 1 & 2 \\ 3 & 4 \end{vmatrix}", "-2"),
    (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix} \cdot \begin{pmatrix} 3 \\ 4 \end{pmatrix}", "11"),
    (r"17 \bmod 5", "2"),
    (r"{\rm lcm}(4, 6) + \mathop{\text{gcd}}(4, 6)", "14"),
    ("2½ + ⅔", "19/6"),
    ("x² + x⁻¹", "x**2 + 1/x"),
    ("2π√16", "8*pi"),
    (r"{}_{6}C_{2} + ^{5}P_2 + C(4, 1)", "39"),
    (r"12^\circ 30' + 15^{\circ} 30''", "27.5*pi/180 + pi/21600"),
    (r"2A3_{16} + (1101)_2", "688"),
    (r"\sum_{1 \le k \le 4} k^3 + \sum_{0 < k < 3} k", "103"),
    (r"\sum_{d \mid 12} d + \prod_{d \mid 6} d", "64"),
    (r"\hat{p} - \tilde{p}_1", "p_hat - p_tilde_1"),
    (r"P(A \cap B) + P(A | B) - |A \cup B|", "P_A_and_B + P_A_given_B - size_A_or_B"),
    (r"\begin{vmatrix} 1 & 2 \cr 3 & 4 \cr \end{vmatrix}", "-2"),
    (r"5^{\rm th} + 14^\text{th}", "19"),
    (r"12 500 + 1\,500", "14000"),
    (r"2 \left\{ 3 + 4 \right\}", "14"),
    (r"1 + 2 + ... + 10", "55"),
    (r"\underbrace{2 + 3}_{=5} \cdot 2^{\overbrace{1 + 1}^{\text{two}}}", "20"),
    (r"\Gamma(5) + \Gamma(\tfrac12)^2", "24 + pi"),
    (r"\frac{\partial^2}{\partial x \partial y} (x^2 y^3)", "6*x*y**2"),
    (r"\frac{\mathrm{d}^3}{\mathrm{d}x^3} x^4", "24*x"),
    (r"x_1 + x_{12}", "x_1 + x_12"),
    (r"\alpha\beta", "alpha*beta"),
]


@pytest.mark.parametrize(("latex", "value"), VALUES)
def test_value_is_what_is_written(latex, value):
    expected = sympy.sympify(value, locals={"beta": sympy.Symbol("beta")})
    assert sympy.simplify(to_sympy(parse(latex)) - expected) == 0


def test_sign_in_braces_is_a_sign():
    assert parse(r"4 {\pm} 3 {+} 1") == parse(r"4 \pm 3 + 1")


def test_unit_behind_a_number_is_no_function():
    assert parse(r"30 \text{ min}") == Quantity(Number(Fraction(30), None, "30"), "min")
    assert parse(r"\text{min}(3, 4)").function == "min"


def test_bounds_of_an_integral_are_kept():
    integral = to_sympy(parse(r"\int_0^2 (3x^2 - 2x + 1)\,dx"))
    assert integral.doit() == 6


def test_differential_may_stand_in_the_numerator():
    assert to_sympy(parse(r"\int_1^e \frac{dx}{x}")).doit() == 1


def test_one_sided_limit():
    assert to_sympy(parse(r"\lim_{x \to 0^+} \frac{|x|}{x}")).doit() == 1


@pytest.mark.parametrize(
    ("latex", "kind"),
    [(r"\{1, 2\}", sympy.FiniteSet), ("[0, 1)", sympy.Interval), ("(1, 2)", sympy.Tuple)],
)
def test_brackets_tell_sets_intervals_and_points(latex, kind):
    assert isinstance(to_sympy(parse(latex)), kind)


def test_ambiguous_readings_are_parameters():
    assert to_sympy(parse(r"2\frac12", mixed=False)) == 1
    assert to_sympy(parse("6/2x", slash_groups=True)) == 3 / sympy.Symbol("x")
    assert to_sympy(parse(r"\log 100"), log_base=10) == 2
    assert to_sympy(parse(r"90^\circ"), degrees="plain") == 90


def test_name_before_brackets_is_a_call_only_where_it_is_a_function():
    assert parse("t(4)", functions=["t"]) == Apply("t", (Number(Fraction(4), None, "4"),))
    assert free_names(parse("t(4)")) == {"t"}
    assert to_sympy(parse("t(4)")) == 4 * sympy.Symbol("t")


def test_operation_of_the_document_is_a_call():
    node = parse(r"3 \star 5 - 1", operators=[r"\star"])
    assert any(isinstance(term, Apply) for term in node.terms)


def test_bare_list_is_a_sequence():
    assert parse(r"2, 3 \text{ and } 5") == Sequence(
        tuple(Number(Fraction(n), None, str(n)) for n in (2, 3, 5)), ""
    )


def test_angle_and_area_are_names():
    assert parse(r"\angle ABC") == Name("angle_ABC")
    assert parse("[ABC]") == Name("area_ABC")


ERRORS = [
    ("", "empty"),
    (r"\frac{1}", "incomplete"),
    ("(1 + 2", "unbalanced"),
    ("a = b", "relation"),
    (r"x \text{ and } y", None),
    (r"\text{where } r \text{ is the radius of the circle}", "prose"),
    (r"3 \star 5", "unsupported_command"),
    (r"\begin{tikzpicture}\end{tikzpicture}", "unsupported_environment"),
    ("{" * 500 + "x" + "}" * 500, "too_deep"),
    ("-" * 5000 + "1", "too_deep"),
    ("1+" * 100_000 + "1", "too_long"),
]


@pytest.mark.parametrize(("latex", "reason"), ERRORS)
def test_what_is_not_understood_has_a_reason(latex, reason):
    if reason is None:
        assert isinstance(parse(latex), Sequence)
        return
    with pytest.raises(LatexError) as caught:
        parse(latex)
    assert caught.value.reason == reason


@pytest.mark.parametrize("latex", [r"9^{9^{9^9}}", r"(10^9)!", r"\binom{10^9}{5\cdot 10^8}"])
def test_huge_numbers_are_refused(latex):
    with pytest.raises(LatexError, match="too_large"):
        to_sympy(parse(latex))


PIECES = r"""
    \frac \sqrt \left( \right) \left| \right| \sin \log_ ^ _ { } ( ) [ ] | + - \cdot / , . ! ' & \\
    \sum_{k=1}^n \int_0^1 dx \lim_{x\to0} \text{cm} \text{and} \overline \begin{pmatrix}
    \end{pmatrix} \cdots \pm ^\circ \% \$ = < x AB 12 0.5 \pi f( \over \choose 1_2 \{ \}
"""


def tree_or_reason(latex):
    try:
        parse(latex)
    except LatexError as error:
        return error.reason
    return "tree"


@settings(max_examples=600, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(PIECES.split()), max_size=14))
def test_any_row_of_tokens_gives_a_tree_or_a_reason(pieces):
    assert re.fullmatch(r"[a-z_]+", tree_or_reason(" ".join(pieces)))


@st.composite
def arithmetic(draw, depth=3):
    """LaTeX of an arithmetic expression and its value."""
    if depth == 0 or draw(st.booleans()):
        n = draw(st.integers(0, 40))
        return str(n), Fraction(n)
    left, a = draw(arithmetic(depth=depth - 1))
    right, b = draw(arithmetic(depth=depth - 1))
    kind = draw(st.sampled_from(["+", "-", "cdot", "juxtaposed", "frac", "power", "negative"]))
    match kind:
        case "+" | "-":
            value = a + b if kind == "+" else a - b
            return rf"\left({left} {kind} ({right})\right)", value
        case "cdot":
            return rf"{{{left}}} \cdot {{{right}}}", a * b
        case "juxtaposed":
            return rf"({left})({right})", a * b
        case "frac" if b:
            return rf"\frac{{{left}}}{{{right}}}", a / b
        case "power":
            return rf"({left})^{{2}}", a**2
    return rf"(-{{{left}}})", -a


@settings(max_examples=300, derandomize=True, deadline=None)
@given(arithmetic())
def test_arithmetic_comes_to_its_value(pair):
    latex, value = pair
    assert evaluate(parse(latex), {}) == value
