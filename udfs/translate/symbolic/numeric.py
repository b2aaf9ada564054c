"""Do two expressions agree in value? Decides which derivation is written, never its output."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from udfs.latex import LatexError
from udfs.latex.evaluate import Value, approximate
from udfs.latex.nodes import (
    Add,
    Apply,
    Call,
    Cases,
    Comparison,
    Div,
    DivisorSeries,
    Mul,
    Name,
    Neg,
    Node,
    PlusMinus,
    Pow,
    Quantity,
    Sequence,
    Series,
    free_names,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from udfs.translate.symbolic.conditions import Function

PROBES = (0.37, 1.18)
WIDE_PROBES = (-5.61, 8.23)
_MAX_CALLS = 12


def point(names: AbstractSet[str], start: float) -> dict[str, Value]:
    """Return a value for each name, its own on every machine: positive for a positive start."""
    return {name: start + 2.5 * crc32(name.encode()) / 2**32 for name in names}


def substitute(node: Node, values: Mapping[str, Node]) -> Node:
    """Replace free names by expressions."""
    match node:
        case Name(name):
            return values.get(name, node)
        case Neg(inner):
            return Neg(substitute(inner, values))
        case Add(terms):
            return Add(tuple(substitute(term, values) for term in terms))
        case Mul(factors, signs):
            return Mul(tuple(substitute(factor, values) for factor in factors), signs)
        case Div(a, b):
            return Div(substitute(a, values), substitute(b, values))
        case Pow(a, b):
            return Pow(substitute(a, values), substitute(b, values))
        case Quantity(inner, unit):
            return Quantity(substitute(inner, values), unit)
        case PlusMinus(left, right, is_minus_first):
            first = None if left is None else substitute(left, values)
            return PlusMinus(first, substitute(right, values), is_minus_first)
        case Call(function, arguments):
            return Call(function, tuple(substitute(a, values) for a in arguments))
        case Apply(function, arguments, order):
            return Apply(function, tuple(substitute(a, values) for a in arguments), order)
        case Sequence(items, brackets):
            return Sequence(tuple(substitute(item, values) for item in items), brackets)
        case Cases(branches):
            return Cases(
                tuple(
                    (substitute(value, values), tuple(_compared(c, values) for c in comparisons))
                    for value, comparisons in branches
                )
            )
        case DivisorSeries(kind, variable, number, body):
            others = {name: value for name, value in values.items() if name != variable}
            return DivisorSeries(
                kind, variable, substitute(number, values), substitute(body, others)
            )
        case Series(kind, variable, lower, upper, body):
            others = {name: value for name, value in values.items() if name != variable}
            return Series(
                kind,
                variable,
                substitute(lower, values),
                substitute(upper, values),
                substitute(body, others),
            )
    return node


def _compared(comparison: Comparison, values: Mapping[str, Node]) -> Comparison:
    left, right = substitute(comparison.left, values), substitute(comparison.right, values)
    return Comparison(left, comparison.operator, right)


def inline(node: Node, functions: Mapping[str, Function], depth: int = 0) -> Node:
    """Replace calls of the document's functions by their bodies."""
    if not functions:
        return node
    if depth > _MAX_CALLS:
        raise LatexError("recursive_function")
    match node:
        case Apply(function, arguments, 0) if function in functions:
            known = functions[function]
            if len(known.parameters) == len(arguments):
                given = [inline(a, functions, depth + 1) for a in arguments]
                body = substitute(known.body, dict(zip(known.parameters, given, strict=True)))
                return inline(body, functions, depth + 1)
        case Neg(inner):
            return Neg(inline(inner, functions, depth))
        case Add(terms):
            return Add(tuple(inline(term, functions, depth) for term in terms))
        case Mul(factors, signs):
            return Mul(tuple(inline(factor, functions, depth) for factor in factors), signs)
        case Div(a, b):
            return Div(inline(a, functions, depth), inline(b, functions, depth))
        case Pow(a, b):
            return Pow(inline(a, functions, depth), inline(b, functions, depth))
        case Call(function, arguments):
            return Call(function, tuple(inline(a, functions, depth) for a in arguments))
    return node


def without_plus_minus(node: Node) -> tuple[Node, bool]:
    r"""Write `a \pm b` as `a + sign * b`."""
    if not any(isinstance(inner, PlusMinus) for inner in walk(node)):
        return node, False

    def rewritten(inner: Node) -> Node:
        match inner:
            case PlusMinus(left, right, is_minus_first):
                sign: Node = Neg(Name("sign")) if is_minus_first else Name("sign")
                term = Mul((sign, rewritten(right)), ("", "cdot"))
                return term if left is None else Add((rewritten(left), term))
            case Neg(value):
                return Neg(rewritten(value))
            case Add(terms):
                return Add(tuple(rewritten(term) for term in terms))
            case Mul(factors, signs):
                return Mul(tuple(rewritten(factor) for factor in factors), signs)
            case Div(a, b):
                return Div(rewritten(a), rewritten(b))
            case Pow(a, b):
                return Pow(rewritten(a), rewritten(b))
            case Call(function, arguments):
                return Call(function, tuple(rewritten(a) for a in arguments))
        return inner

    return rewritten(node), True


def agree(left: Value, right: Value) -> bool:
    """Whether two values are equal but for rounding."""
    try:
        a, b = complex(left), complex(right)
    except OverflowError:
        return left == right
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def are_identical(
    left: Node,
    right: Node,
    definitions: Mapping[str, Node] | None = None,
    log_base: float | None = None,
    probes: tuple[float, ...] = PROBES,
) -> bool:
    """Whether two expressions have the same value at each probe.

    Args:
        left: an expression without calls of the document's functions.
        right: the other.
        definitions: values of names, in an order in which each rests on those before it.
        log_base: base of a logarithm that states none.
        probes: where to look; all values are positive unless said otherwise.
    """
    known = definitions or {}
    names = free_names(left) | free_names(right)
    for value in known.values():
        names |= free_names(value)
    names -= set(known)
    constants = {"e", "i"} & names
    for start in probes:
        values: dict[str, Value] = point(names - constants, start)
        try:
            for name, value in known.items():
                values[name] = approximate(value, values, log_base=log_base)
            if not agree(
                approximate(left, values, log_base=log_base),
                approximate(right, values, log_base=log_base),
            ):
                return False
        except (LatexError, OverflowError):
            return False
    return True
