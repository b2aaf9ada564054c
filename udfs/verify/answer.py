"""What a program printed, read as mathematics: Python and SymPy syntax without evaluating it."""

from __future__ import annotations

import ast
import re
import warnings
from fractions import Fraction

from udfs.verify.expression import (
    CONSTANTS,
    IMAGINARY_UNIT,
    INFINITY,
    Call,
    Expression,
    Group,
    Interval,
    Matrix,
    Number,
    Relation,
    Symbol,
    Truth,
)

# Longest line that is read as an answer, and the most nodes that it may hold. A number may be
# longer than an expression: 1000! has 2,568 digits.
MAX_CHARACTERS = 20_000
MAX_NODES = 4_000
# Nested deeper than this no answer is; CPython's own parser gives up at some 100 brackets.
MAX_DEPTH = 80

_INTEGER = re.compile(r"[+-]?\d{1,10000}")
_FRACTION = re.compile(r"([+-]?\d{1,4000})/(\d{1,4000})")
_DECIMAL = re.compile(r"[+-]?(?:\d{1,4000}\.\d{0,4000}|\.\d{1,4000})(?:[eE]([+-]?\d{1,4}))?")
_EXPONENT = re.compile(r"[+-]?\d{1,400}[eE]([+-]?\d{1,4})")
_ASSIGNED = re.compile(r"\s*[A-Za-z_]\w*(?:\([\w, ]*\))?\s*(?:=|:)\s*(?![=:])")
# SymPy prints a symbol called lambda as it is; Python cannot read that.
_KEYWORD = re.compile(r"\b(lambda|lamda)\b(?!\s*[\w:])")

_BINARY: dict[type[ast.operator], str] = {ast.Add: "add", ast.Mult: "mul", ast.Pow: "pow"}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
}
_RELATIONS = {"Eq": "eq", "Ne": "ne", "Lt": "lt", "Le": "le", "Gt": "gt", "Ge": "ge"} | {
    "Equality": "eq",
    "Unequality": "ne",
    "StrictLessThan": "lt",
    "LessThan": "le",
    "StrictGreaterThan": "gt",
    "GreaterThan": "ge",
}
# SymPy prints half-open intervals as `Interval.Lopen(0, 1)`: which ends are open.
_OPEN_ENDS = {"open": (True, True), "Lopen": (True, False), "Ropen": (False, True)}
_MATRICES = frozenset({"Matrix", "ImmutableMatrix", "MutableDenseMatrix", "ImmutableDenseMatrix"})


class UnreadableError(ValueError):
    """The printed text is no mathematical value that is known here."""


def last_line(output: str) -> str:
    """The last line that is not blank, without white space around it; '' when there is none."""
    # From the end: output may be 64 KiB of lines.
    end = len(output)
    while end > 0:
        start = output.rfind("\n", 0, end) + 1
        line = output[start:end].strip()
        if line:
            return line
        end = start - 1
    return ""


def read_answer(line: str) -> Expression:
    """Read one printed line: a number, expression, tuple, set, interval, matrix or truth value.

    A name before it (`x = 3`) is dropped.

    Args:
        line: as printed, one line.

    Raises:
        UnreadableError: it is none of these, or too long.
    """
    number = read_number(line)
    if number is not None:
        return number
    if len(line) > MAX_CHARACTERS:
        raise UnreadableError("too long")
    line = _ASSIGNED.sub("", line, count=1)
    number = read_number(line)
    if number is not None:
        return number
    return _parse(line)


def read_number(line: str) -> Number | None:
    """Read a plain integer, fraction or float, the common case; None for anything else."""
    if _INTEGER.fullmatch(line):
        return Number(Fraction(_to_int(line)))
    fraction = _FRACTION.fullmatch(line)
    if fraction is not None:
        bottom = _to_int(fraction[2])
        return Number(Fraction(_to_int(fraction[1]), bottom)) if bottom else None
    decimal = _DECIMAL.fullmatch(line) or _EXPONENT.fullmatch(line)
    if decimal is not None and abs(int(decimal[1] or 0)) <= 4_000:
        return Number(Fraction(line), is_exact=False)
    return None


def _to_int(digits: str) -> int:
    """`int` without CPython's limit of 4,300 digits, which is there against quadratic time.

    Blocks of 4,000 digits keep the work bounded: at most three are allowed by the caller.
    """
    if len(digits) <= 4_000:
        return int(digits)
    sign = -1 if digits[0] == "-" else 1
    total = 0
    digits = digits.lstrip("+-")
    for start in range(0, len(digits), 4_000):
        block = digits[start : start + 4_000]
        total = total * 10 ** len(block) + int(block)
    return sign * total


def _parse(line: str) -> Expression:
    line = _KEYWORD.sub("lambda_", line)
    depth = 0
    for character in line:
        if character in "([{":
            depth += 1
            if depth > MAX_DEPTH:
                raise UnreadableError("nested too deep")
        elif character in ")]}":
            depth -= 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # `2(x)` warns; it is refused below
            tree = ast.parse(line, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError("not an expression") from error
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        raise UnreadableError("too many parts")
    try:
        return convert(tree.body)
    except RecursionError as error:
        raise UnreadableError("nested too deep") from error


def convert(node: ast.expr) -> Expression:
    """Turn a Python expression into a value tree.

    Raises:
        UnreadableError: it holds something else than arithmetic, names, calls by name, displays
            and comparisons.
    """
    match node:
        case ast.Constant(value=bool(value)):
            return Truth(value)
        case ast.Constant(value=int(value)):
            return Number(Fraction(value))
        case ast.Constant(value=float(value)):
            return _from_float(value)
        case ast.Constant(value=complex(imag=imag)):
            return Call("mul", (_from_float(imag), IMAGINARY_UNIT))
        case ast.Name(id=name):
            return _name(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return negate(convert(operand))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return convert(operand)
        case ast.BinOp(left=left, op=operator, right=right):
            return _binary(convert(left), operator, convert(right))
        case ast.Tuple(elts=items):
            return Group("tuple", tuple(convert(item) for item in items))
        case ast.List(elts=items):
            return Group("list", tuple(convert(item) for item in items))
        case ast.Set(elts=items):
            return Group("set", tuple(convert(item) for item in items))
        case ast.Dict(keys=keys, values=values):
            return _solution(keys, values)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            relation = _COMPARISONS.get(type(operator))
            if relation is not None:
                return Relation(relation, convert(left), convert(right))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _call(name, arguments)
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="Interval"), attr=name),
            args=[low, high],
            keywords=[],
        ) if name in _OPEN_ENDS:
            return Interval(convert(low), convert(high), *_OPEN_ENDS[name])
    raise UnreadableError(type(node).__name__)


def negate(value: Expression) -> Expression:
    """The value with its sign changed; a number stays a number."""
    if isinstance(value, Number):
        return Number(-value.value, value.is_exact)
    if isinstance(value, Matrix):
        return Matrix(tuple(tuple(negate(item) for item in row) for row in value.rows))
    return Call("mul", (Number(Fraction(-1)), value))


def _from_float(value: float) -> Expression:
    if value != value:  # noqa: PLR0124 - only NaN differs from itself
        raise UnreadableError("nan")
    if value in (float("inf"), float("-inf")):
        return INFINITY if value > 0 else negate(INFINITY)
    # The shortest decimal that reads back as this float is what was printed.
    return Number(Fraction(repr(value)), is_exact=False)


def _name(name: str) -> Expression:
    if name in ("nan", "zoo", "None", "NaN"):
        raise UnreadableError(name)
    if name == "EmptySet":
        return Group("set", ())
    if name in ("Reals", "Complexes"):
        return (
            Interval(negate(INFINITY), INFINITY, is_low_open=True, is_high_open=True)
            if name == "Reals"
            else Symbol(name)
        )
    return CONSTANTS.get(name) or Symbol(plain_name(name))


def plain_name(name: str) -> str:
    r"""One spelling for a symbol's name, whoever wrote it: `lambda_`, `x_{1}`, `\alpha`."""
    name = name.replace("\\", "").replace("{", "").replace("}", "").replace(" ", "").rstrip("_")
    return "lambda" if name == "lamda" else name


def _binary(left: Expression, operator: ast.operator, right: Expression) -> Expression:
    match operator:
        case ast.Sub():
            return Call("add", (left, negate(right)))
        case ast.Div():
            if isinstance(left, Number) and isinstance(right, Number) and right.value:
                return Number(left.value / right.value, left.is_exact and right.is_exact)
            return Call("mul", (left, Call("pow", (right, Number(Fraction(-1))))))
    name = _BINARY.get(type(operator))
    if name is None:
        raise UnreadableError(type(operator).__name__)
    return Call(name, (left, right))


def _solution(keys: list[ast.expr | None], values: list[ast.expr]) -> Expression:
    """The dictionary that SymPy's `solve` gives: one unknown is its value, more are no answer."""
    if len(keys) == 1 and keys[0] is not None:
        return convert(values[0])
    raise UnreadableError("several unknowns")


def _call(name: str, arguments: list[ast.expr]) -> Expression:
    items = tuple(convert(item) for item in arguments if not isinstance(item, ast.Starred))
    if len(items) != len(arguments):
        raise UnreadableError("starred argument")
    match name, items:
        case (("Fraction" | "Rational"), (Number(top), Number(bottom))) if bottom:
            return Number(top / bottom)
        case (("Fraction" | "Rational" | "Integer" | "Float" | "mpf" | "abs"), (only,)):
            return Call("Abs", (only,)) if name == "abs" else only
        case (("FiniteSet" | "set" | "frozenset"), _):
            return Group("set", items[0].items if _is_one_group(items) else items)  # type: ignore[union-attr]
        case "Tuple" | "tuple", _:
            return Group("tuple", items[0].items if _is_one_group(items) else items)  # type: ignore[union-attr]
        case "Union", _:
            return Group("union", items)
        case "Interval", (low, high):
            return Interval(low, high, is_low_open=False, is_high_open=False)
        case "Interval", (low, high, Truth(is_low_open), Truth(is_high_open)):
            return Interval(low, high, is_low_open, is_high_open)
        case _ if name in _MATRICES and len(items) == 1:
            return matrix(items[0])
        case _ if name in _RELATIONS and len(items) == 2:
            return Relation(_RELATIONS[name], items[0], items[1])
    return Call(name, items)


def _is_one_group(items: tuple[Expression, ...]) -> bool:
    return len(items) == 1 and isinstance(items[0], Group)


def matrix(value: Expression) -> Matrix:
    """A matrix from a list of rows, or a column from a list of values.

    Raises:
        UnreadableError: rows of different lengths, or no list.
    """
    if not isinstance(value, Group) or not value.items:
        raise UnreadableError("not a matrix")
    rows = tuple(row.items if isinstance(row, Group) else (row,) for row in value.items)
    if len({len(row) for row in rows}) != 1:
        raise UnreadableError("rows of different lengths")
    return Matrix(rows)
