"""Mathematical values as a small tree.

Both what a program printed and what a text states are read into it, so that they can be compared
without handing untrusted text to `eval` or to SymPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Digits carried by floating evaluation.
WORKING_DIGITS = 50


@dataclass(frozen=True, slots=True)
class Number:
    """A rational number; `is_exact` is False when it was printed as a binary float."""

    value: Fraction
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Symbol:
    """A free symbol by its plain name: `x`, `x_1`, `alpha`, `AB`."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function applied to arguments: `add`, `mul`, `pow`, `sin`, or a name nobody defined."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Several values: in an order (tuple, list) or not (set); `union` joins sets and intervals."""

    kind: Literal["tuple", "list", "set", "union"]
    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """The real numbers between two ends."""

    low: Expression
    high: Expression
    is_low_open: bool
    is_high_open: bool


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix by rows, all of one length; a column vector has rows of one."""

    rows: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """True or False."""

    value: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """An equation or inequality, `operator` one of eq, ne, lt, le, gt, ge."""

    operator: str
    left: Expression
    right: Expression


Expression: TypeAlias = Number | Symbol | Call | Group | Interval | Matrix | Truth | Relation

INFINITY = Call("oo", ())
IMAGINARY_UNIT = Call("I", ())
PI = Call("pi", ())
EULER_NUMBER = Call("E", ())
CONSTANTS: dict[str, Expression] = {
    "oo": INFINITY,
    "inf": INFINITY,
    "pi": PI,
    "E": EULER_NUMBER,
    "I": IMAGINARY_UNIT,
    "EulerGamma": Call("EulerGamma", ()),
    "GoldenRatio": Call("GoldenRatio", ()),
    "Catalan": Call("Catalan", ()),
}
"""What SymPy prints for constants. Each is also a name that a text may use for something else."""


def walk(expression: Expression) -> Iterator[Expression]:
    """Every node of a tree, parents before children."""
    stack: list[Expression] = [expression]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(children(node))


def children(node: Expression) -> tuple[Expression, ...]:
    """The nodes directly under a node, in order."""
    match node:
        case Call(_, arguments):
            return arguments
        case Group(_, items):
            return items
        case Interval(low, high, _, _):
            return (low, high)
        case Matrix(rows):
            return tuple(item for row in rows for item in row)
        case Relation(_, left, right):
            return (left, right)
    return ()


def symbols(expression: Expression) -> frozenset[str]:
    """Names of the symbols in a tree that no summation or integral binds."""
    match expression:
        case Symbol(name):
            return frozenset((name,))
        case Call("Sum" | "Product" | "Integral" | "Limit", (body, *limits)):
            bound: set[str] = set()
            free: set[str] = set()
            for limit in limits:
                if isinstance(limit, Group) and limit.items and isinstance(limit.items[0], Symbol):
                    bound.add(limit.items[0].name)
                    for end in limit.items[1:]:
                        free |= symbols(end)
            return frozenset((symbols(body) - bound) | free)
    return frozenset().union(*(symbols(child) for child in children(expression)))


def is_float(expression: Expression) -> bool:
    """Whether a number in the tree was printed as a binary float and so is not exact."""
    return any(isinstance(node, Number) and not node.is_exact for node in walk(expression))


def replace(expression: Expression, values: Mapping[Expression, Expression]) -> Expression:
    """Put expressions in place of nodes, once: the replacements are not searched again.

    The variable of a sum, product or integral is its own and stays.
    """
    if expression in values:
        return values[expression]
    match expression:
        case Call("Sum" | "Product" | "Integral" as function, (body, Group(kind, limit))) if limit:
            inner = {key: value for key, value in values.items() if key != limit[0]}
            ends = tuple(replace(end, values) for end in limit[1:])
            return Call(function, (replace(body, inner), Group(kind, (limit[0], *ends))))
        case Call(function, arguments):
            return Call(function, tuple(replace(item, values) for item in arguments))
        case Group(kind, items):
            return Group(kind, tuple(replace(item, values) for item in items))
        case Interval(low, high, is_low_open, is_high_open):
            return Interval(replace(low, values), replace(high, values), is_low_open, is_high_open)
        case Matrix(rows):
            return Matrix(tuple(tuple(replace(item, values) for item in row) for row in rows))
        case Relation(operator, left, right):
            return Relation(operator, replace(left, values), replace(right, values))
    return expression


def substitute(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """Replace free symbols by expressions, once."""
    if not values:
        return expression
    return replace(expression, {Symbol(name): value for name, value in values.items()})


_context: Any = None


def context() -> Any:
    """The mpmath context of all floating evaluation, made on first use: the import is slow."""
    global _context  # noqa: PLW0603 - one context a process, and no import where none is needed
    if _context is None:
        import mpmath  # type: ignore[import-untyped]  # noqa: PLC0415

        _context = mpmath.MPContext()
        _context.dps = WORKING_DIGITS
    return _context
