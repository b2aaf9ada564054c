"""Units as they are written, and what sums and products of them come to."""

from fractions import Fraction

import pytest

from udfs.latex import parse
from udfs.verify.units import UnitError, in_first_unit, read_unit, unit_of


@pytest.mark.parametrize(
    ("one", "other", "factor"),
    [
        ("km", "m", Fraction(1000)),
        ("kilometres", "metres", Fraction(1000)),
        ("km/h", "m/s", Fraction(5, 18)),
        ("miles per hour", "mph", Fraction(1)),
        ("square feet", "ft^2", Fraction(1)),
        ("ft²", "in^2", Fraction(144)),
        ("cubic metres", "L", Fraction(1000)),
        ("mL", "cm^3", Fraction(1)),
        ("kWh", "J", Fraction(3_600_000)),
        ("N·m", "J", Fraction(1)),
        ("kg m/s^2", "N", Fraction(1)),
        ("lb", "kg", Fraction(45_359_237, 100_000_000)),
        ("gallons", "cubic inches", Fraction(231)),
        ("weeks", "hours", Fraction(168)),
        ("dollars", "cents", Fraction(100)),
        ("years", "months", Fraction(12)),
    ],
)
def test_units_of_one_kind_have_a_factor(one: str, other: str, factor: Fraction) -> None:
    first, second = read_unit(one), read_unit(other)
    assert first is not None
    assert second is not None
    assert first.dimensions == second.dimensions
    assert first.factor / second.factor == factor


@pytest.mark.parametrize(
    "text", ["", "apples", "square", "per", "km per apple", "m^", "5", "or", "k", "x" * 1000]
)
def test_what_is_no_unit_is_none(text: str) -> None:
    assert read_unit(text) is None


@pytest.mark.parametrize(
    ("latex", "unit"),
    [
        (r"3\text{ m} \cdot 4\text{ m}", "m^2"),
        (r"\frac{10\text{ km}}{2\text{ h}}", "km/h"),
        (r"3 + 4\text{ m}", "m"),
        (r"\sqrt{9\text{ m}^2}", "m"),
        (r"(2\text{ s})^3", "s^3"),
        (r"-2 \cdot \$5", "$"),
    ],
)
def test_an_expression_comes_out_in_a_unit(latex: str, unit: str) -> None:
    assert unit_of(parse(latex), {}) == read_unit(unit)


def test_a_symbol_of_unknown_unit_leaves_it_open() -> None:
    assert unit_of(parse(r"5\text{ km} \cdot t"), {}) is None
    assert unit_of(parse(r"5\text{ km} \cdot t"), {"t": read_unit("h")}) == read_unit("km h")


def test_a_sum_is_in_the_unit_of_its_first_term() -> None:
    assert unit_of(parse(r"5\text{ km} + 300\text{ m}"), {}) == read_unit("km")
    assert in_first_unit([parse(r"5\text{ km}"), parse(r"300\text{ m}")]) == [1, Fraction(1, 1000)]


def test_terms_of_different_kinds_have_no_sum() -> None:
    with pytest.raises(UnitError):
        unit_of(parse(r"5\text{ km} + 300\text{ kg}"), {})
