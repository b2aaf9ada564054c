"""Outcomes of comparisons, on pairs whose truth is known."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.verify.compare import compare, is_restatement

VERIFIED = [
    ("7", "7", "number"),
    ("7", r"\boxed{7}", "number"),
    ("-7", "-7", "number"),
    ("warming up\n\n7\n\n", "7", "number"),
    ("1/2", r"\frac12", "number"),
    ("0.5", r"\frac{1}{2}", "number"),
    ("0.5", r"\frac{\sqrt4}{4}", "number"),
    ("0.30000000000000004", "0.3", "number"),
    ("5/2", r"2\frac12", "number"),
    ("3110400", r"3,\!110,\!400", "number"),
    ("3110400", "3{,}110{,}400", "number"),
    ("1/3", r"0.\overline{3}", "number"),
    ("1/3", "0.33", "rounded"),
    ("3.14159", "3.14", "rounded"),
    ("sqrt(2)/2", r"\frac{1}{\sqrt2}", "exact"),
    ("1.4142135623730951", r"\sqrt{2}", "number"),
    ("pi/2", r"90^\circ", "exact"),
    ("90", r"90^\circ", "number"),
    ("1/2", r"50\%", "number"),
    ("50", r"50\%", "number"),
    ("12", r"\$12", "number"),
    ("5", r"5\text{ cm}", "number"),
    ("(1+2j)", "1+2i", "number"),
    ("1 + 2*I", "1+2i", "exact"),
    ("E", "e", "exact"),
    ("120", "5!", "number"),
    ("4851", r"\binom{99}{2}", "number"),
    ("210", r"1 + 2 + \cdots + 20", "number"),
    ("x = 3", "3", "number"),
    ("{x: 3}", "3", "number"),
    ("x**2 - 1", "(x-1)(x+1)", "numeric"),
    ("2*x + 1", "2x+1", "symbolic"),
    ("2*lambda", r"2\lambda", "symbolic"),
    ("n*(n+1)/2", r"\sum_{k=1}^n k", "numeric"),
    ("2*sin(x)*cos(x)", r"\sin 2x", "numeric"),
    ("sin(3*x)/3", r"\frac13 \sin(3x) + C", "numeric"),
    ("-cos(x)**2/2", r"\frac{\sin^2 x}{2} + C", "numeric"),
    ("[1, 2]", r"\{2, 1\}", "set"),
    ("[-3, 3]", r"\pm 3", "set"),
    ("[3, 3]", "3", "set"),
    ("(1, 2)", "(1,2)", "tuple"),
    ("[(1, 2)]", "(1,2)", "tuple"),
    ("Interval(0, 1)", "[0,1]", "interval"),
    ("Interval.open(0, 1)", "(0,1)", "interval"),
    ("Interval.Ropen(0, oo)", r"[0,\infty)", "interval"),
    ("Matrix([[1, 2], [3, 4]])", r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "matrix"),
    ("Matrix([[7], [15]])", r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} "
     r"\begin{pmatrix} 1 \\ 3 \end{pmatrix}", "matrix"),
    ("1/4", r"\sum_{n=2}^\infty \frac{1}{n^3 - n}", "exact"),
    ("1", r"\det \begin{pmatrix} 19 & 30 \\ -45 & -71 \end{pmatrix}", "number"),
]  # fmt: skip

DIFFERENT = [
    ("7", "8"),
    ("7", "-7"),
    ("18", "81"),
    ("1/2", r"\frac{2}{1}"),
    ("0.05625", "0.5625"),
    ("3.14159", "3"),
    ("3.14159", "3.15"),
    ("1/3", "0.3"),
    ("0.004", "0.0"),
    ("sqrt(65)", r"\sqrt{66}"),
    ("4*sqrt(2)", "32"),
    ("1/2", r"0.5\%"),
    ("x**2 - 1", "(x-1)(x+2)"),
    ("a*b - a - b + 1", "ab - a - b"),
    ("(r - s)**2", "r^3 - 2rs + s^2"),
    ("4*cos(A)**3 - 3*cos(A)", r"4 \cos^3 A + 3 \cos A"),
    ("-tan(x)", r"\tan x"),
    ("sin(3*x)/3", r"3 \sin(3x) + C"),
    ("[1, 2]", r"\{1, 3\}"),
    ("[1, 2, 3]", r"\{1, 2\}"),
    ("(2, 1)", "(1,2)"),
    ("Interval(0, 1)", "[0,1)"),
    ("Matrix([[1, 2], [3, 4]])", r"\begin{pmatrix} 1 & 2 \\ 3 & 5 \end{pmatrix}"),
    (str(10**60), str(10**60 + 1)),
]

NOT_COMPARABLE = [
    ("", "3"),
    ("None", "3"),
    ("nan", "3"),
    ("True", "3"),
    ("all good", "3"),
    ("__import__('os')", "3"),
    ("2(3)", "6"),
    ("9**9**9**9", "3"),
    ("factorial(10**9)", "3"),
    ("1e+20", "100000000000000000001"),
    ("{x: 3, y: 4}", "3"),
    ("a*x", "3x"),
    ("f(2)", "7"),
    ("(2, 4, 6)", "4"),
    ("3", r"\text{three apples and a pear}"),
    ("3", r"\frac{"),
    ("(" * 5000 + "3" + ")" * 5000, "3"),
    ("7" * 30_000, "3"),
]


@pytest.mark.parametrize(("output", "result", "method"), VERIFIED)
def test_equal_values_in_other_forms_verify(output: str, result: str, method: str) -> None:
    found = compare(output, result, relation="eq")
    assert (found.outcome, found.method) == ("verified", method)


@pytest.mark.parametrize(("output", "result"), DIFFERENT)
def test_different_values_mismatch(output: str, result: str) -> None:
    assert compare(output, result, relation="eq").outcome == "mismatch"


@pytest.mark.parametrize(("output", "result"), NOT_COMPARABLE)
def test_what_cannot_be_compared_has_no_result(output: str, result: str) -> None:
    found = compare(output, result, relation="eq")
    assert (found.outcome, found.method) == ("no_result", None)


@pytest.mark.parametrize(
    ("output", "result", "outcome"),
    [
        ("3.14159", "3", "verified"),
        ("3.14159", "3.14", "verified"),
        ("3.14159", "3.1415", "mismatch"),
        ("sqrt(2)", "1.41", "verified"),
        ("sqrt(2)", "1.42", "mismatch"),
        ("1234", "1200", "verified"),
        ("1234", "1300", "mismatch"),
        ("314159.26", r"3.14 \times 10^5", "verified"),
        ("314159.26", r"3.15 \times 10^5", "mismatch"),
        ("pi", r"\frac{22}{7}", "no_result"),
    ],
)
def test_an_approximation_holds_to_the_digits_stated(
    output: str, result: str, outcome: str
) -> None:
    assert compare(output, result, relation="approx").outcome == outcome


@pytest.mark.parametrize(
    ("relation", "outcomes"),
    [
        ("lt", ["verified", "mismatch", "mismatch"]),
        ("le", ["verified", "verified", "mismatch"]),
        ("gt", ["mismatch", "mismatch", "verified"]),
        ("ge", ["mismatch", "verified", "verified"]),
    ],
)
def test_an_inequality_orders_the_left_side_and_the_right(
    relation: str, outcomes: list[str]
) -> None:
    found = [compare(left, "4", relation=relation).outcome for left in ("sqrt(15)", "4", "9/2")]
    assert found == outcomes


@pytest.mark.parametrize(
    ("output", "result", "modulus", "outcome"),
    [
        ("18", "2", "4", "verified"),
        ("18", "3", "4", "mismatch"),
        ("1", "-1", "1399", "mismatch"),
        ("5", r"\frac13", "7", "verified"),
        ("5", r"\frac17", "7", "no_result"),
        ("18", "2", "m", "no_result"),
    ],
)
def test_a_congruence_needs_a_difference_that_the_modulus_divides(
    output: str, result: str, modulus: str, outcome: str
) -> None:
    assert compare(output, result, relation="equiv", modulus=modulus).outcome == outcome


@pytest.mark.parametrize(
    ("output", "result", "expression", "outcome"),
    [
        ("[-3, 3]", "3", "x", "verified"),
        ("[-3, 3]", "-3", "x", "no_result"),
        ("[-5, 3]", "-5", "x", "verified"),
        ("[-5, 3]", "4", "x", "mismatch"),
        ("[0, 200]", "0", "4x(x+5)", "no_result"),
        ("[0, 200]", "0", None, "no_result"),
        ("[12, 12]", "12", "a + b", "verified"),
    ],
)
def test_one_of_several_roots_may_be_stated_of_a_symbol_alone(
    output: str, result: str, expression: str | None, outcome: str
) -> None:
    assert compare(output, result, relation="eq", expression=expression).outcome == outcome


def test_symbols_of_the_result_take_their_values_from_conditions() -> None:
    conditions = ("a = 4", "b = 2a", "f(x) = 2x + 1")
    assert compare("24", "a^2 + b", relation="eq", conditions=conditions).outcome == "verified"
    assert compare("25", "a^2 + b", relation="eq", conditions=conditions).outcome == "mismatch"
    assert compare("7", "f(3)", relation="eq", conditions=conditions).outcome == "verified"
    conditions = ("t(x) = 3 - g(x)", r"g(x) = \sqrt{x}")
    assert compare("1", "t(4)", relation="eq", conditions=conditions).outcome == "verified"


def test_a_symbol_that_the_program_left_open_is_not_filled_in() -> None:
    found = compare("sqrt(a**3)", r"-\frac{a^2}{2}", relation="eq", conditions=("a = 0",))
    assert found.outcome != "verified"


@pytest.mark.parametrize(
    ("output", "result", "conditions"),
    [
        ("Abs(x - 5)", "-(x-5)", ("x < 5",)),
        ("acos(cos(x))", "x", (r"0 \le x", r"x \le \pi")),
        ("sqrt(x**2)", "-x", ("x < 0",)),
    ],
)
def test_an_identity_holds_where_conditions_say(
    output: str, result: str, conditions: tuple[str, ...]
) -> None:
    found = compare(output, result, relation="eq", conditions=conditions)
    assert (found.outcome, found.method) == ("verified", "numeric")
    assert compare(output, result, relation="eq").outcome == "mismatch"


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.fractions(max_denominator=10**6))
def test_every_fraction_agrees_with_its_latex_and_not_with_a_neighbour(value: Fraction) -> None:
    latex = rf"{'-' if value < 0 else ''}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
    assert compare(str(value), latex, relation="eq").outcome == "verified"
    other = value + Fraction(1, value.denominator)
    assert compare(str(other), latex, relation="eq").outcome == "mismatch"


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.integers(-(10**6), 10**6), st.integers(1, 6), st.integers(-9, 9).filter(bool))
def test_a_decimal_with_one_wrong_digit_never_verifies(scaled: int, places: int, slip: int) -> None:
    value = Fraction(scaled, 10**places)
    wrong = Fraction(scaled + slip, 10**places)
    stated = f"{'-' if wrong < 0 else ''}{abs(wrong) // 1}." + str(
        abs(wrong.numerator * (10**places // wrong.denominator)) % 10**places
    ).zfill(places)
    for relation in ("eq", "approx"):
        assert compare(str(value), stated, relation=relation).outcome == "mismatch"


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["eq", "approx", "lt", "equiv"]))
def test_no_text_raises(output: str, result: str, relation: str) -> None:
    assert compare(output, result, relation=relation, modulus=result, conditions=(output,))


@pytest.mark.parametrize(
    ("output", "result"),
    [
        ("2**2**2**2**2**2", r"2^{2^{2^{2^{2^{2}}}}}"),
        ("binomial(10**7, 10**6)", r"\sum_{k=1}^{10^9} k^{k}"),
        ("gamma(10**30)", r"\int_0^1 \sin\left(\frac{1}{x}\right) dx"),
        ("sin(10**400)", r"\frac{1}{0}"),
        ("+".join(["x**99"] * 900), "x"),
        ("Sum(1/n, (n, 1, oo))", r"\sum_{n=1}^\infty \frac{1}{n}"),
    ],
)
@pytest.mark.timeout(120)  # what is not bounded takes hours
def test_hard_values_take_bounded_time(output: str, result: str) -> None:
    assert compare(output, result, relation="eq").outcome != "verified"


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("print(7)", "7"),
        ("print('7')", "7"),
        ("x = 7\nprint(x)", "7"),
        ("print(f'x = {7}')", "7"),
        ("def answer():\n    return 7\nprint(answer())", "7"),
        ("from fractions import Fraction\nprint(Fraction(1, 2))", r"\frac12"),
        ("print(27 / 99)", r"\boxed{\frac{27}{99}}"),
        ("from sympy import sqrt\nprint(sqrt(3) / 2)", r"\frac{\sqrt{3}}{2}"),
        ("from sympy import symbols\nx = symbols('x')\nprint(x**2 + 1)", "x^2 + 1"),
        ("print([1, 2])", r"\{1, 2\}"),
    ],
)
def test_printing_what_was_told_is_a_restatement(code: str, result: str) -> None:
    assert is_restatement(code, result)


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("print(3 + 4)", "7"),
        ("x = 3\ny = x + 4\nprint(y)", "7"),
        ("x = 3\ny = 4\nprint(x + y)", "3 + 4"),
        ("from fractions import Fraction\nprint(Fraction(16) / 2)", "8"),
        ("from fractions import Fraction\nprint(5 + Fraction(500, 100) * 10)", r"5 + 5 \cdot 10"),
        ("print(int('1230', 4))", "108"),
        ("total = 0\nfor i in range(3):\n    total += i\nprint(total)", "3"),
        ("from sympy import sin, pi\nprint(sin(pi / 3))", r"\frac{\sqrt{3}}{2}"),
        ("print(", "7"),
    ],
)
def test_a_computation_is_no_restatement(code: str, result: str) -> None:
    assert not is_restatement(code, result)
