"""Sums, products, powers and determinants of matrices whose entries are expressions."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING

from udfs.verify.expression import Call, Expression, Matrix, Number

if TYPE_CHECKING:
    from collections.abc import Sequence

# Entries of a product grow with each factor; a determinant has n! terms.
MAX_SIDE = 6
MAX_POWER = 8


class ShapeError(ValueError):
    """The matrices do not fit, or are too big to be multiplied out."""


def total(terms: Sequence[Expression]) -> Expression:
    """A sum of terms; of matrices, entry by entry.

    Raises:
        ShapeError: matrices of different shapes, or a matrix and a number.
    """
    matrices = [term for term in terms if isinstance(term, Matrix)]
    if not matrices:
        return Call("add", tuple(terms))
    shapes = {(len(item.rows), len(item.rows[0])) for item in matrices}
    if len(matrices) != len(terms) or len(shapes) != 1:
        raise ShapeError("terms of different shapes")
    rows = zip(*(item.rows for item in matrices), strict=True)
    return Matrix(
        tuple(tuple(Call("add", entries) for entries in zip(*row, strict=True)) for row in rows)
    )


def product(factors: Sequence[Expression]) -> Expression:
    """A product of numbers and matrices; two columns or two rows have a scalar product.

    Raises:
        ShapeError: neighbours do not fit.
    """
    if not any(isinstance(factor, Matrix) for factor in factors):
        return Call("mul", tuple(factors))
    return reduce(_times, factors)


def _times(left: Expression, right: Expression) -> Expression:
    if isinstance(left, Matrix) and isinstance(right, Matrix):
        return _matrix_product(left, right)
    if isinstance(left, Matrix):
        return _scaled(left, right)
    if isinstance(right, Matrix):
        return _scaled(right, left)
    return Call("mul", (left, right))


def _scaled(matrix: Matrix, factor: Expression) -> Matrix:
    return Matrix(tuple(tuple(Call("mul", (factor, item)) for item in row) for row in matrix.rows))


def _matrix_product(left: Matrix, right: Matrix) -> Expression:
    if max(len(left.rows), len(left.rows[0]), len(right.rows[0])) > MAX_SIDE:
        raise ShapeError("too big")
    columns = list(zip(*right.rows, strict=True))
    if len(left.rows[0]) == len(right.rows):
        return Matrix(tuple(tuple(_dot(row, column) for column in columns) for row in left.rows))
    is_column = len(left.rows[0]) == len(right.rows[0]) == 1
    if is_column and len(left.rows) == len(right.rows):
        return _dot([row[0] for row in left.rows], [row[0] for row in right.rows])
    raise ShapeError("factors do not fit")


def _dot(first: Sequence[Expression], second: Sequence[Expression]) -> Expression:
    pairs = zip(first, second, strict=True)
    return Call("add", tuple(Call("mul", pair) for pair in pairs))


def power(matrix: Matrix, exponent: Expression) -> Expression:
    """A matrix to a small whole power at least 1.

    Raises:
        ShapeError: another exponent, or no square matrix.
    """
    if not isinstance(exponent, Number) or exponent.value.denominator != 1:
        raise ShapeError("power of a matrix")
    count = int(exponent.value)
    if not 1 <= count <= MAX_POWER or len(matrix.rows) != len(matrix.rows[0]):
        raise ShapeError("power of a matrix")
    factors: list[Expression] = [matrix] * count
    return reduce(_times, factors)


def transposed(matrix: Matrix) -> Matrix:
    """Rows as columns."""
    return Matrix(tuple(zip(*matrix.rows, strict=True)))


def determinant(matrix: Matrix) -> Expression:
    """The determinant, expanded along the first row.

    Raises:
        ShapeError: no square matrix, or a big one.
    """
    size = len(matrix.rows)
    if size != len(matrix.rows[0]) or size > MAX_SIDE:
        raise ShapeError("determinant")
    if size == 1:
        return matrix.rows[0][0]
    terms: list[Expression] = []
    for column, entry in enumerate(matrix.rows[0]):
        minor = Matrix(tuple((*row[:column], *row[column + 1 :]) for row in matrix.rows[1:]))
        sign = Number(Fraction(-1 if column % 2 else 1))
        terms.append(Call("mul", (sign, entry, determinant(minor))))
    return Call("add", tuple(terms))


def norm(matrix: Matrix) -> Expression:
    """The Euclidean length of a vector, or the square root of the sum of squares of a matrix."""
    squares = (
        Call("pow", (Call("Abs", (item,)), Number(Fraction(2))))
        for row in matrix.rows
        for item in row
    )
    return Call("sqrt", (Call("add", tuple(squares)),))
