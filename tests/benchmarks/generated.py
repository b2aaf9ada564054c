"""Documents with computations, made up from a seed: worked problems in plain prose.

Every computation is true, its numbers are drawn, and its conditions stand where texts have them:
in the problem statement, in a sentence before, in the same one. No two documents are the same, so
that nothing is won by remembering. All sentences are written here.
"""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Characters of a document, about: as long as the worked solutions that people publish.
LENGTH = 1500

_PROSE = (
    "It helps to draw a picture first and to write down what is given and what is asked for.",
    "Most mistakes in exercises of this kind come from a sign that was lost on the way.",
    "The same idea works for larger numbers, only the arithmetic becomes longer.",
    "Before we go on, check for yourself that each quantity has the unit that you expect.",
    "There is a second way, by symmetry, which the reader may want to find alone.",
    "Nothing here depends on the order in which the terms are written.",
    "Teachers like to ask for this in examinations, since it needs no calculator.",
    "An estimate by rounding shows that the size of the answer is plausible.",
    "We shall need the next step again later, so it is worth a line of its own.",
    "Compare this with the exercise before, where the roles were exchanged.",
)


def documents(count: int, seed: int = 0) -> Iterator[str]:
    """Yield documents; the same for the same seed."""
    for number in range(count):
        draw = random.Random(f"{seed} {number}")
        parts = [f"# Exercise {number + 1}"]
        length = 0
        # Each kind once a document: a letter that means something else further down is a
        # difficulty of its own, and not what is measured.
        for step in draw.sample(_STEPS, len(_STEPS)):
            if length >= LENGTH:
                break
            paragraph = f"{step(draw)} {draw.choice(_PROSE)}"
            if draw.random() < 0.5:
                paragraph += f" {draw.choice(_PROSE)}"
            parts.append(paragraph)
            length += len(paragraph)
        yield "\n\n".join(parts)


def _latex(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


def _arithmetic(draw: random.Random) -> str:
    a, b, c = (draw.randint(3, 90) for _ in range(3))
    return (
        f"There are {a} boxes with {b} screws in each, and {c} screws lie beside them. Together "
        rf"this makes ${a} \cdot {b} + {c} = {a * b + c}$ screws."
    )


def _fractions(draw: random.Random) -> str:
    first, second = (Fraction(draw.randint(1, 30), draw.randint(2, 12)) for _ in range(2))
    sign, value = draw.choice([("+", first + second), (r"\cdot", first * second)])
    return (
        "With a common denominator the term becomes "
        f"$$ {_latex(first)} {sign} {_latex(second)} = {_latex(value)}, $$ in lowest terms."
    )


def _root(draw: random.Random) -> str:
    a, square = draw.randint(2, 15), draw.choice([2, 3, 5, 6, 7])
    return (
        "Take out of the root what is a square: "
        rf"\(\sqrt{{{a * a * square}}} = {a}\sqrt{{{square}}}\)."
    )


def _definition(draw: random.Random) -> str:
    r, h = draw.randint(2, 40), draw.randint(2, 40)
    return (
        f"A cylinder has the radius $r = {r}$ and the height $h = {h}$. Its volume is "
        rf"$\pi r^2 h = {r * r * h}\pi$ and its surface $2\pi r(r + h) = {2 * r * (r + h)}\pi$."
    )


def _function(draw: random.Random) -> str:
    a, b, x = draw.randint(2, 9), draw.randint(1, 20), draw.randint(2, 12)
    return (
        f"Let $f(x) = {a}x^2 - {b}$. For the value at {x} we find $f({x}) = {a * x * x - b}$, "
        f"and the slope there is $f'({x}) = {2 * a * x}$."
    )


def _equation(draw: random.Random) -> str:
    a, x, b = draw.randint(2, 12), draw.randint(-9, 30), draw.randint(1, 50)
    return (
        f"From the condition we get ${a}x + {b} = {a * x + b}$. Solving for the unknown gives "
        f"$x = {x}$, as putting it in confirms."
    )


def _system(draw: random.Random) -> str:
    u, v = draw.randint(5, 60), draw.randint(1, 40)
    return (
        f"Two numbers satisfy $u + v = {u + v}$ and $u - v = {u - v}$. Adding both equations "
        f"shows that $u = {u}$, and then $v = {v}$."
    )


def _chain(draw: random.Random) -> str:
    a, b = draw.randint(2, 30), draw.randint(2, 30)
    return (
        "The steps, one below the other:\n\n"
        rf"\begin{{align*}} ({a} + {b})^2 &= {a}^2 + 2 \cdot {a} \cdot {b} + {b}^2 \\"
        "\n"
        rf"&= {a * a} + {2 * a * b} + {b * b} \\ &= {(a + b) ** 2}. \end{{align*}}"
    )


def _identity(draw: random.Random) -> str:
    b = draw.randint(2, 12)
    a = b + draw.randint(2, 9)
    return (
        "Multiplying out the brackets we obtain "
        f"$(x + {a})(x - {b}) = x^2 {a - b:+}x - {a * b}$ for every number."
    )


def _binomial(draw: random.Random) -> str:
    n, k = draw.randint(5, 20), draw.randint(2, 4)
    return (
        f"Out of {n} people {k} are chosen, which can be done in "
        rf"\[ \binom{{{n}}}{{{k}}} = {math.comb(n, k)} \] ways."
    )


def _sum(draw: random.Random) -> str:
    n, a = draw.randint(5, 60), draw.randint(1, 9)
    total = sum(k + a for k in range(1, n + 1))
    return rf"Adding them all up gives $\sum_{{k=1}}^{{{n}}} (k + {a}) = {total}$ as a whole."


def _percent(draw: random.Random) -> str:
    rate, price = draw.choice([5, 15, 20, 35]), draw.randint(2, 40) * 20
    return (
        f"The coat costs {price} euros and is reduced, so the discount is "
        rf"${rate}\% \cdot {price} = {price * rate // 100}$ euros."
    )


def _logarithm(draw: random.Random) -> str:
    base, power = draw.randint(2, 7), draw.randint(2, 6)
    return (
        f"Since the number is a power of {base} we know "
        rf"$\log_{{{base}}} {base**power} = {power}$ without a table."
    )


def _remainder(draw: random.Random) -> str:
    a, m = draw.randint(50, 999), draw.randint(3, 30)
    return (
        rf"What is left after the division is seen from ${a} \equiv {a % m} \pmod{{{m}}}$, and "
        f"by Euclid's algorithm $\\gcd({a}, {m}) = {math.gcd(a, m)}$."
    )


def _integral(draw: random.Random) -> str:
    a, b = draw.randint(1, 9) * 3, draw.randint(1, 9)
    return (
        "The area below the curve is "
        rf"$$\int_0^{{{b}}} {a}x^2 \, dx = {a // 3 * b**3}$$ square units."
    )


def _rounded(draw: random.Random) -> str:
    a = draw.randint(2, 99)
    return (
        f"Rounded to two places the diagonal of a square with the side {a} is "
        rf"${a}\sqrt{{2}} \approx {a * math.sqrt(2):.2f}$."
    )


_STEPS: tuple[Callable[[random.Random], str], ...] = (
    _arithmetic,
    _fractions,
    _root,
    _definition,
    _function,
    _equation,
    _system,
    _chain,
    _identity,
    _binomial,
    _sum,
    _percent,
    _logarithm,
    _remainder,
    _integral,
    _rounded,
)
