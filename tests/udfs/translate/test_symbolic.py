import contextlib
import io
from fractions import Fraction

import pytest
from hypothesis import given, settings

from tests.udfs.latex.test_parser import arithmetic
from udfs.latex import split_relations
from udfs.translate import Computation, translate_symbolic


def computation(latex, *conditions):
    left, right = split_relations(latex)
    return Computation(
        0, len(latex), right.operator, left.latex, right.latex, right.modulus, conditions
    )


def output(code):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "program", "exec"), {"__name__": "__main__"})
    return printed.getvalue().strip()


PRINTED = [
    # arithmetic, fractions, roots, powers
    (r"12 + 3 \cdot 5 = 27", (), "27"),
    (r"\frac{3}{4} - \frac{1}{6} = \frac{7}{12}", (), "7/12"),
    (r"24 \div 6 = 4", (), "4"),
    (r"0.25 \cdot 3 = 0.75", (), "3/4"),
    (r"2^{-3} = \frac18", (), "1/8"),
    (r"\sqrt{50} = 5\sqrt2", (), "7.0710678118654755"),
    (r"(1 + 2i)(3 - i) = 5 + 5i", (), "5 + 5*I"),
    # trigonometry and logarithms
    (r"\log 1000 = 3", (), "3.0"),
    (r"\log_2 8 = 3", (), "3.0"),
    # free symbols
    (r"(x + 3)^2 = x^2 + 6x + 9", (), "x**2 + 6*x + 9"),
    (r"\frac{x^2 - 4}{x - 2} = x + 2", (), "x + 2"),
    (r"\cos^2 t + \sin^2 t = 1", (), "1"),
    # definitions
    (r"2a + b = 11", ("a = 3", "b = a + 2"), "11"),
    (r"f(3) = 10", ("f(x) = x^2 + 1",), "10"),
    (r"f(g(2)) = 26", ("f(x) = x^2 + 1", "g(x) = 2x + 1"), "26"),
    (r"3 \star 5 = 24", (r"a \star b = (a + b) a",), "24"),
    (r"\frac{1}{2} \cdot AB \cdot h = 30", ("AB = 12", "h = 5"), "30"),
    (r"f'(4) = 8", ("f(x) = x^2",), "8"),
    # equations and systems
    (r"x = 4", ("2x + 1 = 9",), "[4]"),
    (r"x = 3", ("x^2 = 9",), "[-3, 3]"),
    (r"x = 3", ("x^2 = 9", "x > 0"), "[3]"),
    (r"x = 7", ("x + y = 10", "x - y = 4"), "{7}"),
    (r"2x = 3", (r"2^{2x} = 2^3",), "{3}"),
    (r"b = 9 - a", ("a + b = 9",), "[9 - a]"),
    (r"36s^2 = s^3", (r"6s^2 = \frac16 s^3",), "s**3"),
    (r"0 = 4x(x - 5)", ("0 = 4x^2 - 20x",), "4*x*(x - 5)"),
    # sums, counting, divisors, residues
    (r"1 + 3 + 5 + \cdots + 19 = 100", (), "100"),
    (r"\sum_{k=1}^{10} k = 55", (), "55"),
    (r"\frac13 + \frac19 + \frac{1}{27} + \cdots = \frac12", (), "1/2"),
    (r"\frac{7!}{3!} = 840", (), "840"),
    (r"\binom{8}{3} = 56", (), "56"),
    (r"\gcd(12, 18) = 6", (), "6"),
    (r"17 \cdot 3 \equiv 1 \pmod{5}", (), "1"),
    (r"n \equiv 8 \pmod{11}", (r"3n \equiv 2 \pmod{11}",), "8"),
    (r"1011_2 = 11", (), "11"),
    # matrices and calculus
    (r"\det \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} = -2", (), "-2"),
    (r"\frac{d}{dx} x^3 = 3x^2", (), "3*x**2"),
    (r"\frac{dy}{dx} = \frac{3t}{2}", ("x = t^2", "y = t^3"), "3*t/2"),
    (r"\int_0^1 x^2 \, dx = \frac13", (), "1/3"),
    (r"\lim_{x \to 0} \frac{\sin x}{x} = 1", (), "1"),
    # units, money, degrees, both signs
    (r"20\% \cdot \$45 = \$9", (), "9"),
    (r"180^\circ - 60^\circ = 120^\circ", (), "120"),
    (r"5 \text{ cm} + 7 \text{ cm} = 12 \text{ cm}", (), "12"),
    (r"3 \pm 2 = 5, 1", (), "[5, 1]"),
    (r"\operatorname{cis} 90^\circ = i", (), "I"),
    (r"2 \text{ h} + 30 \text{ min} = 2.5 \text{ h}", (), "5/2"),
    # values of compound expressions
    (r"2 \sin a \cos a = \frac{24}{25}", (r"\sin a = \frac35", r"\cos a = \frac45"), "24/25"),
    (r"a^2 + 2ac + c^2 = x + 2", ("a^2 + c^2 = x", "ac = 1"), "x + 2"),
    (r"3 f(2) - 1 = 14", ("f(2) = 5",), "14"),
    (
        r"P(A) + P(B) - P(A \cap B) = 0.7",
        ("P(A) = 0.3", "P(B) = 0.5", r"P(A \cap B) = 0.1"),
        "7/10",
    ),
    (r"\gcd(m, n) = \gcd(m, n - m)", ("m = 12", "n = 18"), "6"),
    # two equations together
    ("a - c = -20", ("a + b = 160", "b + c = 180"), "-20"),
    ("xy + xz + yz = 9", (r"\frac1x + \frac1y + \frac1z = 9", "xyz = 1"), "9"),
    # cases and inverses
    (
        r"f(-3) = 3",
        (r"f(x) = \begin{cases} x^2 & x \ge 0 \\ -x & \text{if } x < 0 \end{cases}",),
        "3",
    ),
    (
        r"f(7) = 22",
        (r"f(n) = \begin{cases} n/2 & n \text{ is even} \\ 3n+1 & n \text{ is odd} \end{cases}",),
        "22",
    ),
    (r"f^{-1}(3) = 2", (r"f(x) = \frac{x+1}{x-1}",), "2"),
    (r"x = 2", ("f(x) = 3x - 6", "f(x) = 0"), "[2]"),
    # counting and divisors
    (r"{}_{10}C_3 = 120", (), "120"),
    (r"^7P_2 = 42", (), "42"),
    (r"C(8, 3) + P(5, 2) = 76", (), "76"),
    (r"\sum_{d \mid 12} d = 28", (), "28"),
    (r"\sum_{2 \le k < 5} k = 9", (), "9"),
    (r"\varphi(36) = 12", (), "12"),
    (r"-17 \equiv 3 \pmod 5", (), "3"),
    # vectors and matrices
    (r"\|v\| = 5", ("v = (3, 4)",), "5"),
    (
        r"A^T b = 5",
        (r"A = \begin{pmatrix} 1 \\ 2 \end{pmatrix}", r"b = \begin{pmatrix} 3 \\ 1 \end{pmatrix}"),
        "Matrix([[5]])",
    ),
]


@pytest.mark.parametrize(("latex", "conditions", "printed"), PRINTED)
def test_program_prints_the_left_side(latex, conditions, printed):
    translation = translate_symbolic(computation(latex, *conditions))
    assert translation.reason is None
    assert output(translation.code) == printed


FALSE = [
    (r"12 + 3 \cdot 5 = 75", (), "27"),
    (r"(x + 3)^2 = x^2 + 9", (), "x**2 + 6*x + 9"),
    (r"2a + b = 12", ("a = 3", "b = a + 2"), "11"),
    (r"x = 5", ("2x + 1 = 9",), "[4]"),
    (r"n \equiv 9 \pmod{11}", (r"3n \equiv 2 \pmod{11}",), "8"),
    (r"f(-3) = 9", (r"f(x) = \begin{cases} x^2 & x \ge 0 \\ -x & x < 0 \end{cases}",), "3"),
    (r"2 \text{ h} + 30 \text{ min} = 32 \text{ h}", (), "5/2"),
]


@pytest.mark.parametrize(("latex", "conditions", "printed"), FALSE)
def test_false_result_does_not_reach_the_output(latex, conditions, printed):
    assert output(translate_symbolic(computation(latex, *conditions)).code) == printed


LEFT = [
    (r"x = 3", (), "undefined_symbol"),
    (r"6 = 2 + 4", (), "literal"),
    (r"3 \star 5 = 15", (), "unsupported_command"),
    (r"9^{9^{9^9}} = 1", (), "too_large"),
    (r"(10^9)! = 1", (), "too_large"),
    (r"2^{10^{400}} = 1", (), "too_large"),
    (r"x = 1", (r"x^{10^{400}} = 1",), "too_large"),
    (r"\Gamma(10^9) = 1", (), "too_large"),
    (r"\text{the number of ways to choose a committee} = 3", (), "prose"),
    (r"x = 3", ("x = 3",), "undefined_symbol"),
    (r"3 \text{ m} + 5 \text{ kg} = 8", (), "mixed_units"),
    (
        r"f(t) = t",
        (r"f(x) = \begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}",),
        "cases",
    ),
    (r"\max\{\} = -\infty", (), "incomplete"),
    (r"1 2 3 = 6", (), "unexpected"),
    (r"x^2 + y^2 \ge 2xy", ("x + y = 5",), "no_condition"),
]


@pytest.mark.parametrize(("latex", "conditions", "reason"), LEFT)
def test_what_cannot_be_computed_is_left_with_a_reason(latex, conditions, reason):
    translation = translate_symbolic(computation(latex, *conditions))
    assert (translation.code, translation.reason) == (None, reason)


def test_program_reads_like_a_solution():
    translation = translate_symbolic(
        computation(r"V = 12\pi", r"V = \pi r^2 h", "r = 2", "h = r + 1")
    )
    assert translation.code == (
        "import math\n\nr = 2\nh = r + 1\nV = math.pi * r**2 * h\nprint(V)\n"
    )


def test_system_is_solved_by_name():
    translation = translate_symbolic(computation("x = 7", "x + y = 10", "x - y = 4"))
    assert translation.code == (
        "from sympy import Eq, simplify, solve, symbols\n"
        "\n"
        'x, y = symbols("x y", real=True)\n'
        "equations = [\n"
        "    Eq(x + y, 10),\n"
        "    Eq(x - y, 4),\n"
        "]\n"
        "solutions = solve(equations, [x, y], dict=True)\n"
        "print({simplify(x.subs(solution)) for solution in solutions})\n"
    )


def test_cases_are_branches_of_a_function():
    conditions = r"f(x) = \begin{cases} 2x & 0 \le x < 3 \\ x^2 & \text{otherwise} \end{cases}"
    assert translate_symbolic(computation("f(2) + f(5) = 29", conditions)).code == (
        "def f(x):\n"
        "    if 0 <= x < 3:\n"
        "        return 2 * x\n"
        "    return x**2\n"
        "\n"
        "print(f(2) + f(5))\n"
    )


def test_values_of_compound_expressions_are_named():
    translation = translate_symbolic(
        computation(r"\sin a \cos b = \frac{9}{65}", r"\sin a = \frac35", r"\cos b = \frac{3}{13}")
    )
    assert translation.code == (
        "from fractions import Fraction\n"
        "\n"
        "cos_b = Fraction(3, 13)\n"
        "sin_a = Fraction(3, 5)\n"
        "print(sin_a * cos_b)\n"
    )


def test_inverse_of_a_function_is_solved_for():
    translation = translate_symbolic(computation("g^{-1}(7) = 2", "g(x) = 3x + 1"))
    assert translation.code == (
        "from sympy import Eq, solve, symbols\n"
        "\n"
        'x = symbols("x")\n'
        "\n"
        "def g(x):\n"
        "    return 3 * x + 1\n"
        "\n"
        "def g_inverse(value):\n"
        "    (solution,) = solve(Eq(g(x), value), x)\n"
        "    return solution\n"
        "\n"
        "print(g_inverse(7))\n"
    )


HUGE = [
    "1 + " * 25_000 + "1",
    "{" * 50_000 + "x" + "}" * 50_000,
    r"\begin{pmatrix}" + r"1 & 2 \\" * 10_000 + r"\end{pmatrix}",
    r"\begin{pmatrix}" + r"1 \\" * 1500 + r"\end{pmatrix}",
    r"\frac{1}{" * 500 + "2" + "}" * 500,
    "9^{9^{9^9}}",
    "((1" * 900,
    r"\begin{cases}" * 300,
]


@pytest.mark.parametrize("latex", HUGE, ids=range(len(HUGE)))
def test_huge_formulas_are_translated_or_left_for_a_reason(latex):
    for expression, conditions in ((latex, ()), ("x + 1", (f"x = {latex}",))):
        translation = translate_symbolic(Computation(0, 1, "eq", expression, "1", None, conditions))
        assert (translation.code is None) == (translation.reason is not None)


def test_names_that_python_keeps_are_evaded():
    code = translate_symbolic(computation(r"2\lambda = 6", r"\lambda = 3")).code
    assert output(code) == "6"


@settings(max_examples=150, derandomize=True, deadline=None)
@given(arithmetic())
def test_arithmetic_is_exact(pair):
    latex, value = pair
    translation = translate_symbolic(Computation(0, 0, "eq", f"{latex} + 1", "1"))
    assert Fraction(output(translation.code)) == value + 1
