r"""The unit of a computed number against that of the stated one: `5\text{ km} = 5000\text{ m}`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from udfs.latex import nodes, split_relations
from udfs.verify.answer import plain_name
from udfs.verify.stated import UnstatedError, read_tree
from udfs.verify.units import NUMBER, Unit, UnitError, unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# What a formula needs to hold for a unit to be in it.
_MARK = re.compile(r"\\(?:text|mbox|hbox|mathrm|rm\b|operatorname|\$)|[$¢€£¥]")


def may_have_unit(latex: str | None) -> bool:
    """Whether LaTeX holds what units are written with: a cheap look before it is read."""
    return latex is not None and _MARK.search(latex) is not None


@dataclass(frozen=True, slots=True)
class Conversion:
    """How the number of a stated result relates to that of an expression.

    Attributes:
        factor: the stated number times this is in the expression's unit.
        is_one_sided: only one of the sides says its unit.
    """

    factor: Fraction = Fraction(1)
    is_one_sided: bool = False


_SAME = Conversion()


def conversion(
    expression: str | None, result: str, conditions: Sequence[str], functions: tuple[str, ...] = ()
) -> Conversion:
    """Compare the units of an expression and of a stated result.

    Args:
        expression: LaTeX of what was computed; None when it is not known.
        result: LaTeX of the stated result.
        conditions: LaTeX of what the text says of symbols.
        functions: names that the text defines as functions.

    Raises:
        UnitError: the units are of different kinds, or those inside one side do not fit.
        UnstatedError: the result cannot be read.
    """
    if not any(may_have_unit(latex) for latex in (result, expression, *conditions)):
        return _SAME
    known = _units_of_symbols(conditions, functions)
    stated = unit_of(read_tree(result, functions), known)
    computed = None
    if expression is not None:
        try:
            computed = unit_of(read_tree(expression, functions), known)
        except UnstatedError as error:
            if may_have_unit(expression) and stated not in (None, NUMBER):
                raise UnitError("the expression's unit cannot be read") from error
    if computed is None or stated is None or NUMBER in (computed, stated):
        # Of a symbol whose unit nobody said there is no telling either.
        has_unit = any(unit not in (None, NUMBER) for unit in (computed, stated))
        return Conversion(is_one_sided=has_unit)
    if computed.dimensions != stated.dimensions:
        raise UnitError("units of different kinds")
    return Conversion(stated.factor / computed.factor)


def _units_of_symbols(
    conditions: Sequence[str], functions: tuple[str, ...]
) -> dict[str, Unit | None]:
    known: dict[str, Unit | None] = {}
    for condition in conditions:
        sides = split_relations(condition)
        if len(sides) < 2 or any(side.operator not in ("eq", "approx") for side in sides[1:]):
            continue
        try:
            left = read_tree(sides[0].latex, functions)
            if not isinstance(left, nodes.Name):
                continue
            unit = unit_of(read_tree(sides[-1].latex, functions), known)
        except (UnstatedError, UnitError):
            continue
        # A bare number given for a symbol says nothing of its unit.
        known[plain_name(left.name)] = None if unit == NUMBER else unit
    return known
