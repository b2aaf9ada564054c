"""The expression tree: what a formula says, apart from how it is typeset."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet


class Node:
    """An expression."""

    __slots__ = ("names",)


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number as it is written.

    Attributes:
        value: its exact value; a decimal is what its digits say, a repeating one its limit.
        decimals: digits stated after the point; None for an integer or a repeating decimal.
        digits: the digits without separators, e.g. `1250`, `.5`, `0.(27)`.
        base: the base that a subscript states, else 10.
    """

    value: Fraction
    decimals: int | None
    digits: str
    base: int = 10


@dataclass(frozen=True, slots=True)
class Name(Node):
    r"""A symbol under the document's own name: `x`, `x_1`, `alpha`, `AB`, `angle_ABC`."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """`pi` or `infinity`. `e` and `i` are names: only the context says what they are."""

    name: str


@dataclass(frozen=True, slots=True)
class Neg(Node):
    """The negative."""

    value: Node


@dataclass(frozen=True, slots=True)
class Add(Node):
    """A sum; a subtracted term is a `Neg`. May hold an `Ellipsis`."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mul(Node):
    r"""A product. May hold an `Ellipsis`.

    Attributes:
        factors: at least two.
        signs: what stands before each factor: empty for the first and for juxtaposition,
            else `cdot` or `times`.
    """

    factors: tuple[Node, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Div(Node):
    """A quotient: a fraction, a slash or a division sign."""

    numerator: Node
    denominator: Node


@dataclass(frozen=True, slots=True)
class Pow(Node):
    """A power."""

    base: Node
    exponent: Node


@dataclass(frozen=True, slots=True)
class PlusMinus(Node):
    r"""`left \pm right`, or `\mp` (`is_minus_first`); `left` is None for the sign alone."""

    left: Node | None
    right: Node
    is_minus_first: bool


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function whose meaning is fixed: `sin`, `log`, `sqrt`, `gcd`, `binomial`, `abs`, ...

    `log` has one argument where no base is stated, else (value, base); `root` is (value, index).
    """

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Apply(Node):
    """A function of the document: `f(x)`, `f'(x)` with order 1, `f^{-1}(x)` with order -1."""

    function: str
    arguments: tuple[Node, ...]
    order: int = 0


@dataclass(frozen=True, slots=True)
class Series(Node):
    """A `sum` or `product` over integers from `lower` to `upper`."""

    kind: str
    variable: str
    lower: Node
    upper: Node
    body: Node


@dataclass(frozen=True, slots=True)
class DivisorSeries(Node):
    """A `sum` or `product` over the divisors of a number."""

    kind: str
    variable: str
    number: Node
    body: Node


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """A condition of a case; `operator` is eq, ne, lt, le, gt or ge."""

    left: Node
    operator: str
    right: Node


@dataclass(frozen=True, slots=True)
class Cases(Node):
    """A value by cases: of the first branch whose comparisons all hold; none hold always."""

    branches: tuple[tuple[Node, tuple[Comparison, ...]], ...]


@dataclass(frozen=True, slots=True)
class Integral(Node):
    """An integral; `lower` and `upper` are None where it is indefinite."""

    body: Node
    variable: str
    lower: Node | None
    upper: Node | None


@dataclass(frozen=True, slots=True)
class Derivative(Node):
    """A derivative."""

    body: Node
    variable: str
    order: int = 1


@dataclass(frozen=True, slots=True)
class Limit(Node):
    """A limit; `side` is `+`, `-` or empty."""

    body: Node
    variable: str
    point: Node
    side: str = ""


@dataclass(frozen=True, slots=True)
class Between(Node):
    r"""`\left[ body \right]_lower^upper`: the difference of two values of an antiderivative."""

    body: Node
    lower: Node
    upper: Node


@dataclass(frozen=True, slots=True)
class Sequence(Node):
    """Several expressions together.

    Attributes:
        items: in order.
        brackets: `()`, `[]`, `(]`, `[)`, `{}`, `<>`; empty for a bare list `2, 3`.
    """

    items: tuple[Node, ...]
    brackets: str


@dataclass(frozen=True, slots=True)
class Matrix(Node):
    """A matrix; a column vector is one of width 1."""

    rows: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Quantity(Node):
    """A value with a unit: `degree`, `percent`, `$`, or the text that stands behind it."""

    value: Node
    unit: str


@dataclass(frozen=True, slots=True)
class Ellipsis(Node):  # noqa: A001 - the word for what is written
    r"""Terms left out: the dots of `1 + 2 + \cdots + 9`."""


ONE = Number(Fraction(1), None, "1")


def total(terms: list[Node]) -> Node:
    """Return the sum of terms; the term itself where there is one alone."""
    return terms[0] if len(terms) == 1 else Add(tuple(map(_opened, terms)))


def product(factors: list[Node], signs: list[str]) -> Node:
    """Return the product of factors; the factor itself where there is one alone."""
    return factors[0] if len(factors) == 1 else Mul(tuple(map(_opened, factors)), tuple(signs))


def _opened(node: Node) -> Node:
    r"""What stands alone in `\{ \}` beside other terms or factors: these are brackets, no set."""
    if isinstance(node, Sequence) and node.brackets == "{}" and len(node.items) == 1:
        return node.items[0]
    return node


_CHILDREN: dict[type[Node], Callable[[Any], tuple[Node, ...]]] = {
    Neg: lambda node: (node.value,),
    Quantity: lambda node: (node.value,),
    Add: lambda node: node.terms,
    Mul: lambda node: node.factors,
    Div: lambda node: (node.numerator, node.denominator),
    Pow: lambda node: (node.base, node.exponent),
    PlusMinus: lambda node: (node.right,) if node.left is None else (node.left, node.right),
    Call: lambda node: node.arguments,
    Apply: lambda node: node.arguments,
    Series: lambda node: (node.lower, node.upper, node.body),
    Between: lambda node: (node.lower, node.upper, node.body),
    DivisorSeries: lambda node: (node.number, node.body),
    Comparison: lambda node: (node.left, node.right),
    Cases: lambda node: tuple(
        part for value, comparisons in node.branches for part in (value, *comparisons)
    ),
    Integral: lambda node: tuple(
        part for part in (node.lower, node.upper, node.body) if part is not None
    ),
    Derivative: lambda node: (node.body,),
    Limit: lambda node: (node.point, node.body),
    Sequence: lambda node: node.items,
    Matrix: lambda node: tuple(item for row in node.rows for item in row),
}


def children(node: Node) -> tuple[Node, ...]:
    """Return the expressions directly inside one, in the order in which they are written."""
    inside = _CHILDREN.get(type(node))
    return inside(node) if inside is not None else ()


def walk(node: Node) -> list[Node]:
    """Return a node and all nodes below it."""
    found = [node]
    for inner in found:
        found.extend(children(inner))
    return found


def depth(node: Node) -> int:
    """Return how many levels an expression has, without recursion."""
    levels = 0
    row: list[Node] = [node]
    while row:
        levels += 1
        row = [inner for outer in row for inner in children(outer)]
    return levels


def free_names(node: Node) -> frozenset[str]:
    """Return the names that stand free: not the variable of a sum, integral or limit in it."""
    try:
        # Conditions are asked again and again, for each computation that rests on them.
        return node.names  # type: ignore[attr-defined]
    except AttributeError:
        kind = type(node)
        names: frozenset[str]
        if kind is Name:
            names = frozenset((node.name,))  # type: ignore[attr-defined]
        elif kind in _BINDERS:
            names = frozenset(_free_of_binder(node))
        else:
            inside = children(node)
            names = _NONE.union(*map(free_names, inside)) if inside else _NONE
        object.__setattr__(node, "names", names)
        return names


_NONE: frozenset[str] = frozenset()
_BINDERS = frozenset([Series, DivisorSeries, Integral, Limit, Between])


def _free_of_binder(node: Node) -> AbstractSet[str]:
    match node:
        case Series(_, variable, lower, upper, body):
            return (free_names(body) - {variable}) | free_names(lower) | free_names(upper)
        case DivisorSeries(_, variable, number, body):
            return (free_names(body) - {variable}) | free_names(number)
        case Integral(body, variable, Node() as lower, Node() as upper):
            return (free_names(body) - {variable}) | free_names(lower) | free_names(upper)
        case Integral(body, variable, _, _):
            return free_names(body) | {variable}
        case Limit(body, variable, point, _):
            return (free_names(body) - {variable}) | free_names(point)
        case Between(body, lower, upper):
            names = free_names(body)
            # Only with a single name is it clear which one the bounds are for.
            own = names if len(names - {"e", "i"}) == 1 else _NONE
            return (names - own) | free_names(lower) | free_names(upper)
    return set()
