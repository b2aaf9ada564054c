"""What letters mean beside matrices that the text gives."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from udfs.latex.nodes import ONE, Add, Call, Matrix, Mul, Name, Neg, Node, Number, Pow

if TYPE_CHECKING:
    from udfs.translate.symbolic.conditions import Conditions


def with_matrices(target: Node, conditions: Conditions) -> Node:
    """Read `A^T` as the transpose where the text gives a matrix A, and I as the identity.

    Args:
        target: an expression.
        conditions: what the text says.
    """
    sizes = {
        name: len(value.rows)
        for name, value in conditions.definitions.items()
        if isinstance(value, Matrix)
    }
    if not sizes:
        return target
    return _of_matrices(target, sizes, conditions.definitions)


def _of_matrices(node: Node, sizes: dict[str, int], definitions: dict[str, Node]) -> Node:
    def inner(child: Node) -> Node:
        return _of_matrices(child, sizes, definitions)

    match node:
        case Pow(Name(name), Name("T")) if name in sizes and "T" not in definitions:
            return Call("transpose", (Name(name),))
        case Name("I") if "I" not in definitions and len(set(sizes.values())) == 1:
            (size,) = set(sizes.values())
            zero = Number(Fraction(0), None, "0")
            return Matrix(
                tuple(tuple(ONE if i == j else zero for j in range(size)) for i in range(size))
            )
        case Add(terms):
            return Add(tuple(map(inner, terms)))
        case Mul(factors, signs):
            return Mul(tuple(map(inner, factors)), signs)
        case Neg(value):
            return Neg(inner(value))
        case Pow(base, exponent):
            return Pow(inner(base), exponent)
        case Call(function, arguments):
            return Call(function, tuple(map(inner, arguments)))
    return node
