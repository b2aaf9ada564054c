"""Whether a value, rounded to the digits that a text states, is the decimal stated."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from udfs.verify.evaluate import Evaluator
from udfs.verify.expression import context

if TYPE_CHECKING:
    from udfs.verify.evaluate import Value
    from udfs.verify.stated import Stated

# A single figure with zeros behind it (`1996 \\approx 2000`) says less than its place would allow.
ONE_FIGURE: Final = Fraction(1, 20)


def rounds_to(value: Value, stated: Stated, relation: str) -> bool:
    r"""Compare a value with a decimal in the unit in which the decimal is written.

    `=` before a rounded value is common, but then the text shows it: two digits at least, with a
    point. Under `\approx` a whole number counts, and its trailing zeros may be rounding. Halves
    may be rounded either way.

    Args:
        value: a Fraction or mpmath number.
        stated: what is stated, in one reading.
        relation: eq or approx; no other relation rounds.
    """
    target = stated.written
    if stated.digits == 0 or target is None or relation not in ("eq", "approx"):
        return False
    exact = _exact(value, Evaluator().value(stated.scales[0]))
    if exact is None:
        return False
    if relation == "eq":
        return bool(
            stated.places and stated.digits >= 2 and _half_step(exact, target, stated.places)
        )
    if target == 0 and stated.places is None:
        return False
    if _half_step(exact, target, stated.places or 0):
        return True
    figures = str(abs(target.numerator)) if stated.places is None else ""
    zeros = len(figures) - len(figures.rstrip("0"))
    if zeros == 0 or not _half_step(exact, target, -zeros):
        return False
    return len(figures) - zeros >= 2 or abs(exact - target) <= ONE_FIGURE * abs(target)


def _exact(value: Value, scale: Value) -> Fraction | None:
    """A value over a scale as a fraction, to 40 digits after the point; None if not real."""
    mp = context()
    if isinstance(value, Fraction) and isinstance(scale, Fraction):
        return value / scale
    if isinstance(value, mp.mpc):
        if abs(value.imag) > abs(value) * mp.mpf(10) ** -30:
            return None
        value = value.real
    if isinstance(value, Fraction):
        value = mp.mpf(value.numerator) / value.denominator
    if isinstance(scale, Fraction):
        scale = mp.mpf(scale.numerator) / scale.denominator
    if not mp.isfinite(value):
        return None
    return Fraction(int(mp.nint(value / scale * mp.mpf(10) ** 40)), 10**40)


def _half_step(value: Fraction, target: Fraction, places: int) -> bool:
    return abs(value - target) * 2 <= Fraction(10) ** -places
