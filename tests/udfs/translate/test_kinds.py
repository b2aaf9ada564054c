import pytest

from udfs.latex import split_relations
from udfs.translate import Computation
from udfs.translate.kinds import KINDS, kind

EXAMPLES = {
    "arithmetic": [r"12 \cdot 3 + 4 = 40", r"\text{three} + 2 = 5", "-7 + 3 = -4"],
    "fractions, roots, powers": [r"\frac{1}{2} + 1 = 1.5", r"\sqrt{8} = 2\sqrt2", "2^5 = 32"],
    "trigonometry, logarithms": [r"\sin 30^\circ = \frac12", r"\log_2 8 = 3", r"\arctan 1 = x"],
    "identities": ["(x + 1)^2 = x^2 + 2x + 1", r"\frac{a^2}{a} = a"],
    "solving": ["x = 3", r"\theta = 2\pi", "x_1 = 4", r"\alpha_{max} = 2"],
    "calculus": [r"\int_0^1 x \, dx = \frac12", r"\lim_{x \to 0} x = 0", r"\frac{d}{dx} x^2 = 2x"],
    "matrices": [r"\begin{pmatrix} 1 \\ 2 \end{pmatrix} = v", r"\vec{a} \cdot \vec{b} = 3"],
    "sums and series": [r"\sum_{k=1}^3 k = 6", r"1 + 2 + \dots + 9 = 45", r"1+2+\cdots+9=45"],
    "counting": [r"\binom{5}{2} = 10", "5! = 120", r"\frac{n!}{2} = 3"],
    "number theory": [r"\gcd(4, 6) = 2", r"17 \equiv 2 \pmod{5}", r"0.\overline{3} = \frac13"],
}


@pytest.mark.parametrize(
    ("latex", "expected"),
    [(latex, name) for name, examples in EXAMPLES.items() for latex in examples],
)
def test_notation_tells_the_kind(latex, expected):
    left, right = split_relations(latex)
    computation = Computation(
        0, 1, right.operator or "eq", left.latex, right.latex, right.modulus, ()
    )
    assert kind(computation) == expected


def test_letters_with_conditions_make_a_definition():
    assert kind(Computation(0, 1, "eq", r"\pi r^2", r"9\pi", None, ("r = 3",))) == "definitions"
    assert kind(Computation(0, 1, "eq", r"\pi r^2", r"9\pi", None, ())) == "identities"


def test_every_kind_occurs():
    assert set(EXAMPLES) | {"definitions"} == set(KINDS)
