"""What conditions say of symbols: their values, the functions they name, their bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from udfs.latex import nodes, split_relations
from udfs.verify.answer import plain_name
from udfs.verify.expression import Call, Expression, Group, Matrix, Symbol, substitute, symbols
from udfs.verify.stated import UnstatedError, convert, read_tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Definitions that may rest on definitions before giving up.
MAX_DEFINITION_DEPTH = 8

_SIGNATURE = re.compile(
    r"\s*(\\?[A-Za-z]+)\s*(?:\\left)?\(\s*[A-Za-z](?:\s*,\s*[A-Za-z])*\s*(?:\\right)?\)\s*="
)
_REALS = re.compile(r"\s*(?:\\mathbb\s*\{?\s*R\s*\}?|\\mathbf\s*\{?\s*R\s*\}?|\\R|ℝ)\s*")


@dataclass(frozen=True, slots=True)
class Definitions:
    """What conditions say that symbols and functions are.

    Attributes:
        values: expression of each symbol that is set equal to something.
        functions: parameters and body of each function that is defined for all arguments.
    """

    values: Mapping[str, Expression]
    functions: Mapping[str, tuple[tuple[str, ...], Expression]]


def definitions(
    conditions: Sequence[str], *, except_for: frozenset[str] = frozenset()
) -> Definitions:
    """Read `x = 3` and `f(x) = x^2 + 1` out of conditions; the last one of a name holds.

    Conditions of any other form say nothing about a single symbol and are passed over.

    Args:
        conditions: LaTeX of relations.
        except_for: symbols whose values are left out.
    """
    values: dict[str, Expression] = {}
    functions: dict[str, tuple[tuple[str, ...], Expression]] = {}
    names_of_functions = defined_functions(conditions)
    for condition in conditions:
        sides = split_relations(condition)
        if len(sides) < 2 or any(side.operator != "eq" for side in sides[1:]):
            continue
        try:
            left = read_tree(sides[0].latex, names_of_functions)
            right = convert(read_tree(sides[-1].latex, names_of_functions))
        except UnstatedError:
            continue
        match left:
            case nodes.Name(name):
                if plain_name(name) not in except_for:
                    values[plain_name(name)] = right
            case nodes.Apply(function, arguments, 0):
                names = [item.name for item in arguments if isinstance(item, nodes.Name)]
                if len(names) == len(arguments) == len(set(names)):
                    parameters = tuple(plain_name(item) for item in names)
                    functions[plain_name(function)] = (parameters, right)
    return Definitions(values, functions)


def defined_functions(conditions: Sequence[str]) -> tuple[str, ...]:
    """Names that conditions define as functions of symbols: `t` of `t(x) = 3 - g(x)`."""
    found = (_SIGNATURE.match(condition) for condition in conditions)
    return tuple(dict.fromkeys(match[1].lstrip("\\") for match in found if match is not None))


def bounds(conditions: Sequence[str]) -> dict[str, tuple[Expression | None, Expression | None]]:
    r"""Read the lower and upper bounds of symbols out of conditions such as `0 \le x`, `x < 5`.

    Of several bounds on one side the last holds; one in other symbols is passed over. A symbol
    that is said to be real has None for both.
    """
    found: dict[str, tuple[Expression | None, Expression | None]] = {}
    for condition in conditions:
        sides = split_relations(condition)
        for left, right in pairwise(sides):
            if right.operator == "in" and _REALS.fullmatch(right.latex):
                for name in left.latex.split(","):
                    found.setdefault(plain_name(name.strip()), (None, None))
            if right.operator not in ("lt", "le", "gt", "ge"):
                continue
            try:
                first, second = convert(read_tree(left.latex)), convert(read_tree(right.latex))
            except UnstatedError:
                continue
            if right.operator in ("gt", "ge"):
                first, second = second, first
            if isinstance(second, Symbol) and not symbols(first):
                found[second.name] = (first, found.get(second.name, (None, None))[1])
            elif isinstance(first, Symbol) and not symbols(second):
                found[first.name] = (found.get(first.name, (None, None))[0], second)
    return found


def apply_definitions(expression: Expression, known: Definitions) -> Expression:
    """Put definitions in place of symbols and calls, and theirs in turn, to a bounded depth."""
    for _ in range(MAX_DEFINITION_DEPTH):
        replaced = _expand(substitute(expression, known.values), known)
        if replaced == expression:
            break
        expression = replaced
    return expression


def _expand(expression: Expression, known: Definitions) -> Expression:
    match expression:
        case Call(function, arguments):
            items = tuple(_expand(item, known) for item in arguments)
            definition = known.functions.get(function)
            if definition is not None and len(definition[0]) == len(items):
                parameters, body = definition
                return substitute(body, dict(zip(parameters, items, strict=True)))
            return Call(function, items)
        case Group(kind, items):
            return Group(kind, tuple(_expand(item, known) for item in items))
        case Matrix(rows):
            return Matrix(tuple(tuple(_expand(item, known) for item in row) for row in rows))
    return expression
