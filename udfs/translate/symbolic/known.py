r"""Values that the text states of compound expressions: `\cos a = \frac35`, `xy = 12`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udfs.latex.nodes import (
    Add,
    Apply,
    Call,
    Div,
    Mul,
    Name,
    Neg,
    Node,
    Number,
    Pow,
    Quantity,
    free_names,
    product,
    total,
    walk,
)
from udfs.translate.symbolic.conditions import CONSTANTS, Conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_EQUATIONS = 40
"""Most equations that are looked through."""


def with_known_values(
    target: Node, conditions: Conditions, keep: frozenset[str]
) -> tuple[Node, Conditions] | None:
    """Replace compound parts of an expression by names of the values that the text gives them.

    Args:
        target: an expression in names of which not all are known.
        conditions: what the text says.
        keep: names that a value may be in terms of, since the stated result is.

    Returns:
        The expression in the new names, and the conditions with these defined; None where no
        part of it has a value.
    """
    definitions: dict[str, Node] = {}
    taken = set(conditions.definitions) | free_names(target)
    for part, value in _stated(conditions, keep | CONSTANTS):
        if part == target:
            continue
        if isinstance(value, Name):
            target = _replaced(target, part, value)
            continue
        name = _name_for(part, taken)
        replaced = _replaced(target, part, Name(name))
        if replaced != target:
            target = replaced
            definitions[name] = value
            taken.add(name)
    if not definitions or isinstance(target, Name):
        # Nothing is left to compute.
        return None
    known = Conditions(**vars(conditions))
    known.definitions = {**conditions.definitions, **definitions}
    return target, known


def _stated(conditions: Conditions, keep: frozenset[str]) -> Iterator[tuple[Node, Node]]:
    """Compound expressions with their values, the nearest first."""
    pairs = [*conditions.equations, *conditions.points][::-1][:MAX_EQUATIONS]
    for left, right in pairs:
        for part, value in ((left, right), (right, left)):
            is_compound = isinstance(part, Call | Apply | Mul | Add | Div | Pow)
            is_known = free_names(value) <= keep
            is_point = isinstance(part, Apply) and not any(
                isinstance(n, Apply) for n in walk(value)
            )
            if is_point or (is_compound and is_known and free_names(part) - keep):
                yield part, value


def _name_for(part: Node, taken: set[str]) -> str:
    match part:
        case Call(function, arguments) | Apply(function, arguments):
            words = [function.strip("\\")]
            for argument in arguments:
                words += sorted(free_names(argument))
                words += [n.digits for n in walk(argument) if isinstance(n, Number)]
            name = "_".join(words[:4])
        case Mul(factors, _) if all(isinstance(factor, Name) for factor in factors):
            name = "".join(sorted(free_names(part)))
        case _:
            name = "known"
    name = "".join(c for c in name if c.isalnum() or c == "_")
    count = 1
    while (shown := name if count == 1 else f"{name}_{count}") in taken:
        count += 1
    return shown


def _replaced(node: Node, part: Node, by: Node) -> Node:
    """An expression with each occurrence of a part replaced, also among factors or terms."""
    if node == part:
        return by

    def inner(child: Node) -> Node:
        return _replaced(child, part, by)

    match node:
        case Mul(factors, signs):
            if isinstance(part, Mul):
                rest = _without(factors, part.factors)
                if rest is not None:
                    return product([by, *map(inner, rest)], ["", *[""] * len(rest)])
            return Mul(tuple(map(inner, factors)), signs)
        case Add(terms):
            if isinstance(part, Add):
                rest = _without(terms, part.terms)
                if rest is not None:
                    return total([by, *map(inner, rest)])
            return Add(tuple(map(inner, terms)))
        case Neg(value):
            return Neg(inner(value))
        case Div(above, below):
            return Div(inner(above), inner(below))
        case Pow(base, exponent):
            return Pow(inner(base), inner(exponent))
        case Quantity(value, unit):
            return Quantity(inner(value), unit)
        case Call(function, arguments):
            return Call(function, tuple(map(inner, arguments)))
    return node


def _without(items: tuple[Node, ...], taken: tuple[Node, ...]) -> list[Node] | None:
    """The items that are left when others are taken away; None when not all are there."""
    left = list(items)
    for item in taken:
        if item not in left:
            return None
        left.remove(item)
    return left
