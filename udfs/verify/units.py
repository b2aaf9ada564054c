r"""Units of measure: what `\text{ km/h}` is, and what unit an expression comes out in.

Programs compute with numbers and leave units out, so `5\text{ km} = 5\text{ m}` prints a 5 that
is stated. Factors: BIPM, "The International System of Units" (9th edition), tables 2 to 8; NIST
Special Publication 811, appendix B (inch, pound, gallon and what is made of them, all exact).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from udfs.latex import nodes
from udfs.verify.answer import plain_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class UnitError(ValueError):
    """Units of different kinds where one kind is needed: in a sum, on the sides of a relation."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit.

    Attributes:
        dimensions: base quantities with their exponents, sorted; exponents are not 0.
        factor: how many of the base units it is.
    """

    dimensions: tuple[tuple[str, Fraction], ...] = ()
    factor: Fraction = Fraction(1)

    def times(self, other: Unit) -> Unit:
        """The product of two units."""
        powers = dict(self.dimensions)
        for name, exponent in other.dimensions:
            powers[name] = powers.get(name, Fraction(0)) + exponent
        left = tuple(sorted(item for item in powers.items() if item[1]))
        return Unit(left, self.factor * other.factor)

    def power(self, exponent: Fraction) -> Unit | None:
        """The unit raised to a power; None where its factor has no such root."""
        powers = tuple((name, old * exponent) for name, old in self.dimensions if exponent)
        if exponent.denominator == 1:
            if abs(exponent) > MAX_POWER:
                return None
            return Unit(powers, self.factor**exponent.numerator)
        return Unit(powers) if self.factor == 1 else None


NUMBER: Final = Unit()
"""What numbers without a unit are in."""

MAX_CHARACTERS = 60
MAX_POWER = 12

_LENGTH, _MASS, _TIME, _CURRENT = "m", "kg", "s", "A"
_INCH, _POUND = Fraction(254, 10_000), Fraction(45_359_237, 100_000_000)
_GALLON = 231 * _INCH**3
_GRAVITY = Fraction(980_665, 100_000)


def _unit(factor: Fraction | int | str, **dimensions: int) -> Unit:
    powers = tuple(sorted((name, Fraction(exponent)) for name, exponent in dimensions.items()))
    return Unit(powers, Fraction(factor))


_NEWTON = {"kg": 1, "m": 1, "s": -2}
_JOULE = {"kg": 1, "m": 2, "s": -2}
_WATT = {"kg": 1, "m": 2, "s": -3}

# Symbols that take the prefixes of the SI.
_PREFIXED: dict[str, Unit] = {
    "m": _unit(1, m=1),
    "g": _unit("1/1000", kg=1),
    "s": _unit(1, s=1),
    "A": _unit(1, A=1),
    "K": _unit(1, K=1),
    "mol": _unit(1, mol=1),
    "L": _unit("1/1000", m=3),
    "l": _unit("1/1000", m=3),
    "N": _unit(1, **_NEWTON),
    "J": _unit(1, **_JOULE),
    "W": _unit(1, **_WATT),
    "Wh": _unit(3600, **_JOULE),
    "Pa": _unit(1, kg=1, m=-1, s=-2),
    "Hz": _unit(1, s=-1),
    "C": _unit(1, A=1, s=1),
    "V": _unit(1, kg=1, m=2, s=-3, A=-1),
    "Ω": _unit(1, kg=1, m=2, s=-3, A=-2),
    "F": _unit(1, kg=-1, m=-2, s=4, A=2),
    "H": _unit(1, kg=1, m=2, s=-2, A=-2),
    "T": _unit(1, kg=1, s=-2, A=-1),
    "Wb": _unit(1, kg=1, m=2, s=-2, A=-1),
    "eV": _unit(Fraction(1_602_176_634, 10**28), **_JOULE),
    "cal": _unit("4.184", **_JOULE),
    "B": _unit(8, bit=1),
    "bit": _unit(1, bit=1),
}
_PREFIXES = {
    "T": 12,
    "G": 9,
    "M": 6,
    "k": 3,
    "h": 2,
    "d": -1,
    "c": -2,
    "m": -3,
    "μ": -6,
    "µ": -6,
    "u": -6,
    "n": -9,
    "p": -12,
}
_SYMBOLS: dict[str, Unit] = {
    "min": _unit(60, s=1),
    "h": _unit(3600, s=1),
    "hr": _unit(3600, s=1),
    "hrs": _unit(3600, s=1),
    "sec": _unit(1, s=1),
    "secs": _unit(1, s=1),
    "mins": _unit(60, s=1),
    "ha": _unit(10_000, m=2),
    "t": _unit(1000, kg=1),
    "bar": _unit(100_000, kg=1, m=-1, s=-2),
    "atm": _unit(101_325, kg=1, m=-1, s=-2),
    "cc": _unit("1/1000000", m=3),
    "in": _unit(_INCH, m=1),
    "ft": _unit(12 * _INCH, m=1),
    "yd": _unit(36 * _INCH, m=1),
    "yds": _unit(36 * _INCH, m=1),
    "mi": _unit(63_360 * _INCH, m=1),
    "lb": _unit(_POUND, kg=1),
    "lbs": _unit(_POUND, kg=1),
    "oz": _unit(_POUND / 16, kg=1),
    "lbf": _unit(_POUND * _GRAVITY, **_NEWTON),
    "gal": _unit(_GALLON, m=3),
    "qt": _unit(_GALLON / 4, m=3),
    "pt": _unit(_GALLON / 8, m=3),
    "mph": _unit(Fraction(63_360 * _INCH, 3600), m=1, s=-1),
    "kph": _unit("5/18", m=1, s=-1),
    "kmh": _unit("5/18", m=1, s=-1),
    "$": _unit(1, dollar=1),
    "USD": _unit(1, dollar=1),
    "¢": _unit("1/100", dollar=1),
    "€": _unit(1, euro=1),
    "EUR": _unit(1, euro=1),
    "£": _unit(1, sterling=1),
    "¥": _unit(1, yen=1),
}
# Words, in the singular; they take prefixes written out (`kilometre`).
_WORDS: dict[str, Unit] = {
    "metre": _PREFIXED["m"],
    "meter": _PREFIXED["m"],
    "gram": _PREFIXED["g"],
    "gramme": _PREFIXED["g"],
    "second": _PREFIXED["s"],
    "ampere": _PREFIXED["A"],
    "amp": _PREFIXED["A"],
    "mole": _PREFIXED["mol"],
    "litre": _PREFIXED["L"],
    "liter": _PREFIXED["L"],
    "newton": _PREFIXED["N"],
    "joule": _PREFIXED["J"],
    "watt": _PREFIXED["W"],
    "pascal": _PREFIXED["Pa"],
    "hertz": _PREFIXED["Hz"],
    "coulomb": _PREFIXED["C"],
    "volt": _PREFIXED["V"],
    "ohm": _PREFIXED["Ω"],
    "farad": _PREFIXED["F"],
    "tesla": _PREFIXED["T"],
    "calorie": _PREFIXED["cal"],
    "byte": _PREFIXED["B"],
    "bit": _PREFIXED["bit"],
}
_WORD_PREFIXES = {
    "giga": 9,
    "mega": 6,
    "kilo": 3,
    "hecto": 2,
    "deci": -1,
    "centi": -2,
    "milli": -3,
    "micro": -6,
    "nano": -9,
}
_OTHER_WORDS: dict[str, Unit] = {
    "minute": _SYMBOLS["min"],
    "hour": _SYMBOLS["h"],
    "day": _unit(86_400, s=1),
    "week": _unit(604_800, s=1),
    "inch": _SYMBOLS["in"],
    "inche": _SYMBOLS["in"],  # what the plural leaves
    "foot": _SYMBOLS["ft"],
    "feet": _SYMBOLS["ft"],
    "yard": _SYMBOLS["yd"],
    "mile": _SYMBOLS["mi"],
    "acre": _unit(43_560 * 144 * _INCH**2, m=2),
    "hectare": _SYMBOLS["ha"],
    "pound": _SYMBOLS["lb"],
    "ounce": _SYMBOLS["oz"],
    "tonne": _SYMBOLS["t"],
    "gallon": _SYMBOLS["gal"],
    "quart": _SYMBOLS["qt"],
    "pint": _SYMBOLS["pt"],
    "cup": _unit(_GALLON / 16, m=3),
    "dollar": _SYMBOLS["$"],
    "cent": _SYMBOLS["¢"],
    "euro": _SYMBOLS["€"],
    "month": _unit(1, month=1),
    "year": _unit(12, month=1),
}
_PIECE = re.compile(
    r"\s*(?:(?P<per>/|per\b)|(?P<times>\\cdot\b|\\times\b|[*·⋅×.-])"
    r"|(?P<square>(?:square|sq)\b\.?)|(?P<cubic>(?:cubic|cu)\b\.?)"
    r"|(?P<name>[A-Za-zΩμµ]+|[$¢€£¥])\.?\s*"
    r"(?:\^\s*\{?\s*(?P<exponent>-?\d)\s*\}?|(?P<raised>[²³])|(?P<squared>squared)|(?P<cubed>cubed))?)"
)


def _named(name: str) -> Unit | None:
    found = _SYMBOLS.get(name) or _PREFIXED.get(name)
    if found is not None:
        return found
    if len(name) > 1 and name[0] in _PREFIXES and name[1:] in _PREFIXED:
        return Unit((), Fraction(10) ** _PREFIXES[name[0]]).times(_PREFIXED[name[1:]])
    word = name.lower()
    for singular in (word, word.removesuffix("s")):
        found = _WORDS.get(singular) or _OTHER_WORDS.get(singular)
        if found is not None:
            return found
        for prefix, exponent in _WORD_PREFIXES.items():
            if singular.startswith(prefix) and singular.removeprefix(prefix) in _WORDS:
                return Unit((), Fraction(10) ** exponent).times(
                    _WORDS[singular.removeprefix(prefix)]
                )
    return None


@lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit | None:
    """Read a unit as it is written: `km/h`, `m/s^2`, `square feet`, `miles per hour`.

    Args:
        text: words and symbols without a number.

    Returns:
        None for what is no unit that is known here: `apples`.
    """
    if len(text) > MAX_CHARACTERS or not text.strip():
        return None
    total = NUMBER
    is_below = False
    ahead = 1  # the exponent that `square` gives to what follows
    position = 0
    has_name = False
    text = text.strip()
    while position < len(text):
        found = _PIECE.match(text, position)
        if found is None or found.end() == position:
            return None
        position = found.end()
        if found["per"]:
            is_below = True
        elif found["square"] or found["cubic"]:
            ahead = 2 if found["square"] else 3
        elif found["name"]:
            unit = _named(found["name"])
            if unit is None:
                return None
            exponent = int(found["exponent"] or 1) * ahead
            if found["raised"] or found["squared"] or found["cubed"]:
                exponent *= 3 if found["raised"] == "³" or found["cubed"] else 2
            raised = unit.power(Fraction(-exponent if is_below else exponent))
            if raised is None:
                return None
            total = total.times(raised)
            ahead = 1
            has_name = True
    return total if has_name and ahead == 1 else None


def unit_of(node: nodes.Node, known: Mapping[str, Unit | None]) -> Unit | None:
    r"""The unit that an expression comes out in.

    Args:
        node: the expression.
        known: units of symbols, as the text gives them.

    Returns:
        `NUMBER` where only numbers stand; None where it cannot be told: a symbol of unknown
        unit, a word that is no unit. A number without a unit beside terms with one counts as
        having theirs: `3 + 4\text{ m}`.

    Raises:
        UnitError: terms of a sum have units of different kinds. Of one kind, the sum is in the
            unit of its first term that has one.
    """
    match node:
        case nodes.Number() | nodes.Constant():
            return NUMBER
        case nodes.Name(name):
            return known.get(plain_name(name))
        case nodes.Quantity(value, "degree" | "percent"):
            return unit_of(value, known)
        case nodes.Quantity(value, text):
            inner, outer = unit_of(value, known), read_unit(text)
            return None if inner is None or outer is None else inner.times(outer)
        case nodes.Neg(value):
            return unit_of(value, known)
        case nodes.Add(terms):
            return _common([unit_of(term, known) for term in terms])
        case nodes.Sequence(items, _) if items:
            return _common([unit_of(item, known) for item in items])
        case nodes.PlusMinus(left, right, _):
            sides = [right] if left is None else [left, right]
            return _common([unit_of(side, known) for side in sides])
        case nodes.Mul(factors, _):
            total: Unit | None = NUMBER
            for factor in factors:
                unit = unit_of(factor, known)
                total = None if total is None or unit is None else total.times(unit)
            return total
        case nodes.Div(top, bottom):
            above, below = unit_of(top, known), unit_of(bottom, known)
            inverse = None if below is None else below.power(Fraction(-1))
            return None if above is None or inverse is None else above.times(inverse)
        case nodes.Pow(base, exponent):
            return _power(unit_of(base, known), exponent)
        case nodes.Call("sqrt", (inner_node,)):
            inner = unit_of(inner_node, known)
            return None if inner is None else inner.power(Fraction(1, 2))
        case nodes.Call("abs" | "max" | "min" | "gcd" | "lcm" | "floor" | "ceiling", arguments):
            return _common([unit_of(argument, known) for argument in arguments])
        case nodes.Call(_, arguments):
            plain = all(unit_of(argument, known) == NUMBER for argument in arguments)
            return NUMBER if plain else None
    return None


def _power(base: Unit | None, exponent: nodes.Node) -> Unit | None:
    match base, exponent:
        case None, _:
            return None
        case Unit(()), _ if base == NUMBER:
            return NUMBER
        case Unit(), nodes.Number(value):
            return base.power(value)
        case Unit(), nodes.Neg(nodes.Number(value)):
            return base.power(-value)
    return None


def _common(units: Sequence[Unit | None]) -> Unit | None:
    given = [unit for unit in units if unit is not None and unit != NUMBER]
    if any(unit.dimensions != given[0].dimensions for unit in given):
        raise UnitError("terms in units of different kinds")
    if None in units:
        return None
    return given[0] if given else NUMBER


def in_first_unit(terms: Sequence[nodes.Node]) -> list[Fraction]:
    r"""What each term of a sum is to be multiplied by: `5\text{ km} + 300\text{ m}`.

    Returns:
        A factor for each, 1 for a term without a unit. All are 1 where a unit is unknown.

    Raises:
        UnitError: the units are of different kinds.
    """
    units = [unit_of(term, {}) for term in terms]
    first = _common(units)
    if first is None or first == NUMBER:
        return [Fraction(1)] * len(terms)
    return [
        Fraction(1) if unit is None or unit == NUMBER else unit.factor / first.factor
        for unit in units
    ]
