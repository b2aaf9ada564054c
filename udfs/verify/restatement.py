"""Does a program compute anything, or does it only print the result it was told?"""

from __future__ import annotations

import ast
import re
import warnings

from udfs.verify.answer import UnreadableError, convert
from udfs.verify.expression import CONSTANTS, Call, Expression, Symbol, children, walk
from udfs.verify.stated import UnstatedError, read_stated

# Longer programs are no restatement; the bound keeps the analysis in time.
MAX_CHARACTERS = 50_000
MAX_DEPTH = 40

# Calls that turn a literal into the same value in another type or spelling.
_CONVERSIONS = frozenset(
    {"Fraction", "Rational", "Integer", "Float", "Decimal", "int", "float", "complex", "str"}
    | {"repr", "S", "sympify", "simplify", "nsimplify", "N", "round", "bool", "list", "tuple"}
    | {"set", "frozenset", "FiniteSet", "Tuple", "Interval", "Matrix", "ImmutableMatrix"}
    | {"Symbol", "symbols", "mpf", "print", "latex", "pretty", "sstr", "format"}
)


def is_restatement(code: str, result: str) -> bool:
    r"""Whether a program prints a value that it did not compute.

    True when what is printed last comes from literals alone (through names, conversions,
    displays and functions that return a literal), or is, as an expression of literals and fresh
    symbols, the stated result piece by piece: `print(sqrt(3)/2)` for `\frac{\sqrt3}{2}`.
    `print(3 + 4)` for `7` computes.

    Args:
        code: Python source.
        result: LaTeX of the stated result.

    Returns:
        False also for code that cannot be read: it will not run either.
    """
    if len(code) > MAX_CHARACTERS:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    printed = _printed(tree)
    if printed is None:
        return False
    program = _Program(tree)
    try:
        if program.is_literal(printed, MAX_DEPTH):
            return True
        return _is_result(printed, program, result)
    except RecursionError:
        return False


def _printed(tree: ast.Module) -> ast.expr | None:
    """The argument of the last `print` in the program, wherever it stands."""
    found: ast.expr | None = None
    line = (-1, -1)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="print"), args=[*_, last]):
                if (node.lineno, node.col_offset) > line:
                    found, line = last, (node.lineno, node.col_offset)
    return found


class _Program:
    """Names of a program that are bound once, and the functions that return one expression."""

    def __init__(self, tree: ast.Module) -> None:
        self.values: dict[str, ast.expr] = {}
        self.functions: dict[str, ast.expr] = {}
        bound: dict[str, int] = {}
        for node in ast.walk(tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.values[name] = value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self.values[name] = value
                case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                    for target, value in zip(names, values, strict=False):
                        if isinstance(target, ast.Name):
                            self.values[target.id] = value
                case ast.FunctionDef(name=name, body=[*_, ast.Return(value=ast.expr() as value)]):
                    self.functions[name] = value
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound[node.id] = bound.get(node.id, 0) + 1
        for name, count in bound.items():
            if count > 1:
                # Bound again, as in a loop: what it holds is not told by one assignment.
                self.values.pop(name, None)

    def is_literal(self, node: ast.expr, depth: int) -> bool:
        """Whether an expression comes from literals without any arithmetic."""
        if depth == 0:
            return False
        match node:
            case ast.Constant():
                return True
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self.is_literal(operand, depth - 1)
            case ast.BinOp(
                left=left, op=ast.Add() | ast.Sub(), right=ast.Constant(value=complex())
            ):
                return self._is_number(left)
            case ast.Name(id=name):
                value = self.values.get(name)
                return value is not None and self.is_literal(value, depth - 1)
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
                return all(self.is_literal(item, depth - 1) for item in items)
            case ast.Dict(values=values):
                return all(self.is_literal(item, depth - 1) for item in values)
            case ast.JoinedStr(values=parts):
                return all(self.is_literal(item, depth - 1) for item in parts)
            case ast.FormattedValue(value=value):
                return self.is_literal(value, depth - 1)
            case ast.Call(
                func=ast.Name(id="int" | "round" | "Integer" | "Fraction" | "Rational"),
                args=[_, _, *_],
            ):
                # A numeral in another base, rounding to places and a quotient compute; a quotient
                # that is the stated one is looked at for itself.
                return False
            case ast.Call(func=func, args=arguments):
                return self._is_literal_call(func, arguments, depth)
        return False

    def _is_literal_call(self, func: ast.expr, arguments: list[ast.expr], depth: int) -> bool:
        match func:
            case ast.Name(id=name) if name in self.functions:
                return self.is_literal(self.functions[name], depth - 1)
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(), attr=name):
                if name in _CONVERSIONS:
                    return all(self.is_literal(item, depth - 1) for item in arguments)
        return False

    @staticmethod
    def _is_number(node: ast.expr) -> bool:
        match node:
            case ast.Constant(value=int() | float()):
                return True
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return _Program._is_number(operand)
            case ast.Call(func=ast.Name(id="Integer" | "S"), args=[ast.Constant(value=int())]):
                return True
        return False


def _is_result(printed: ast.expr, program: _Program, result: str) -> bool:
    """Whether the printed expression is the stated result as it stands, spelt in Python."""
    if isinstance(printed, ast.Name) and printed.id in program.values:
        printed = program.values[printed.id]
    quotient = _quotient(printed)
    if quotient is not None:
        return quotient == _stated_quotient(result)
    # An expression over names that were given values computes with them.
    for node in ast.walk(printed):
        if isinstance(node, ast.Name) and node.id in program.values:
            value = program.values[node.id]
            if not _is_fresh_symbol(value):
                return False
    try:
        stated = read_stated(result).readings[0]
        written = convert(printed)
    except (UnreadableError, UnstatedError):
        return False
    if not any(_is_irrational(node) for node in walk(written)):
        # `5 + 10 / 2` for `5 + 5`: arithmetic was done, if only a part of it.
        return False
    return _spelling(written) == _spelling(stated)


def _is_irrational(node: Expression) -> bool:
    return isinstance(node, Symbol) or (
        isinstance(node, Call) and node.function not in ("add", "mul", "pow")
    )


def _quotient(printed: ast.expr) -> tuple[int, int] | None:
    """The whole numbers of a fraction as it is written in Python."""
    match printed:
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _quotient(operand)
            return None if inner is None else (-inner[0], inner[1])
        case (
            ast.Call(func=ast.Name(id="Fraction" | "Rational"), args=[top, bottom])
            | ast.BinOp(left=top, op=ast.Div(), right=bottom)
        ):
            numbers = _whole(top), _whole(bottom)
            if numbers[0] is not None and numbers[1] is not None:
                return numbers[0], numbers[1]
    return None


def _whole(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return -value
        case ast.Call(
            func=ast.Name(id="Fraction" | "Integer" | "S" | "Rational"),
            args=[ast.Constant(value=int(value))],
        ):
            return value
    return None


def _stated_quotient(result: str) -> tuple[int, int] | None:
    r"""The whole numbers of a stated fraction, boxed or not: `\frac{27}{99}` is (27, 99)."""
    found = _FRACTION.fullmatch(result)
    if found is None:
        return None
    top, bottom = [int(part) for part in found.groups()[1:] if part is not None][:2]
    return (-top if found[1] else top), bottom


_FRACTION = re.compile(
    r"\s*(?:\\boxed\s*\{)?\s*(-)?\s*(?:\\[dtc]?frac\s*(?:\{\s*(\d+)\s*\}\s*\{\s*(\d+)\s*\}|(\d)\s*(\d))"
    r"|(\d+)\s*/\s*(\d+))\s*\}?\s*"
)


def _is_fresh_symbol(value: ast.expr) -> bool:
    match value:
        case ast.Call(
            func=ast.Name(id="symbols" | "Symbol") | ast.Attribute(attr="symbols" | "Symbol")
        ):
            return True
    return False


def _spelling(expression: Expression) -> str:
    """One spelling of an expression that Python and LaTeX nest differently."""
    match expression:
        case Symbol("e"):
            return _spelling(CONSTANTS["E"])
        case Symbol("i"):
            return _spelling(CONSTANTS["I"])
        case Call("add" | "mul" as function, arguments):
            parts: list[str] = []
            for item in arguments:
                text = _spelling(item)
                # `a + b + c` is nested to the left in Python and flat in LaTeX.
                flat = isinstance(item, Call) and item.function == function
                parts.append(text[len(function) + 1 : -1] if flat else text)
            return f"{function}({','.join(parts)})"
        case Call(function, arguments):
            return f"{function}({','.join(_spelling(item) for item in arguments)})"
    inner = children(expression)
    if not inner:
        return repr(expression)
    return f"{type(expression).__name__}({','.join(_spelling(item) for item in inner)})"
