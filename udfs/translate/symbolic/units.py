"""Sums of quantities in several units of one kind: metres and centimetres, hours and minutes."""

from __future__ import annotations

from fractions import Fraction

from udfs.latex import LatexError
from udfs.latex.nodes import Add, Div, Mul, Neg, Node, Number, Quantity, walk
from udfs.verify.stated import UnstatedError
from udfs.verify.units import NUMBER, UnitError, unit_of


def in_one_unit(node: Node) -> Node:
    r"""Return an expression with the terms of each sum in the unit of its first.

    `3\text{ m} + 45\text{ cm}` becomes 3 + 45 / 100, in metres; whoever compares that knows.

    Raises:
        LatexError: reason `mixed_units`: the terms are of different kinds.
    """
    if not any(isinstance(inner, Quantity) for inner in walk(node)):
        return node
    match node:
        case Add(terms):
            return Add(_aligned(tuple(in_one_unit(term) for term in terms)))
        case Neg(value):
            return Neg(in_one_unit(value))
        case Mul(factors, signs):
            return Mul(tuple(in_one_unit(factor) for factor in factors), signs)
        case Div(above, below):
            return Div(in_one_unit(above), in_one_unit(below))
    return node


def _aligned(terms: tuple[Node, ...]) -> tuple[Node, ...]:
    try:
        units = [unit_of(term, {}) for term in terms]
    except (UnitError, UnstatedError) as error:
        raise LatexError("mixed_units") from error
    known = [unit for unit in units if unit is not None and unit != NUMBER]
    if not known or all(unit == known[0] for unit in known):
        return terms
    if len(known) < len(terms) or any(u.dimensions != known[0].dimensions for u in known):
        raise LatexError("mixed_units")
    return tuple(
        _scaled(term, unit.factor / known[0].factor)
        for term, unit in zip(terms, known, strict=True)
    )


def _scaled(term: Node, factor: Fraction) -> Node:
    if isinstance(term, Neg):
        return Neg(_scaled(term.value, factor))
    if factor.numerator != 1:
        term = Mul((term, _number(factor.numerator)), ("", "cdot"))
    return Div(term, _number(factor.denominator)) if factor.denominator != 1 else term


def _number(value: int) -> Number:
    return Number(Fraction(value), None, str(value))
