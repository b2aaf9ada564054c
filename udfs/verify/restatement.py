"""Does a program compute anything, or does it only print the result it was told?"""

from __future__ import annotations

import ast
import copy
import re
import warnings

from udfs.verify.answer import UnreadableError, convert, read_number
from udfs.verify.expression import CONSTANTS, Call, Expression, Number, Symbol, children, walk
from udfs.verify.stated import UnstatedError, read_stated

# Longer programs are no restatement; the bound keeps the analysis in time.
MAX_CHARACTERS = 50_000
MAX_DEPTH = 40

# Calls that turn a literal into the same value in another type or spelling.
_CONVERSIONS = frozenset(
    {"Fraction", "Rational", "Integer", "Float", "Decimal", "int", "float", "complex", "str"}
    | {"repr", "S", "sympify", "simplify", "nsimplify", "N", "round", "bool", "list", "tuple"}
    | {"set", "frozenset", "FiniteSet", "Tuple", "Interval", "Matrix", "ImmutableMatrix"}
    | {"mpf", "print", "latex", "pretty", "sstr", "format", "expand"}
    | {"factor", "cancel", "together", "radsimp", "trigsimp", "iter", "next", "sorted", "reversed"}
    | {"UnevaluatedExpr", "dict", "array"}
)
# Methods of a value that leave it as it is.
_METHODS = frozenset(
    {"evalf", "simplify", "doit", "expand", "strip", "copy", "n", "item", "format", "join"}
    | {"limit_denominator", "rstrip", "lstrip"}
)
# What reads a string as an expression.
_READERS = frozenset({"eval", "literal_eval", "loads", "parse_expr", "sympify", "S"})
# What an expression is wrapped in without becoming another.
_WRAPPERS = frozenset(
    {"simplify", "expand", "nsimplify", "radsimp", "trigsimp", "str", "sympify", "S", "print"}
)
_MODULES = frozenset({"math", "sympy", "sp", "np", "numpy", "fractions", "cmath", "mpmath"})


def is_restatement(code: str, result: str) -> bool:
    r"""Whether a program prints a value that it did not compute.

    True when what is printed last comes from literals alone (through names, conversions,
    displays, branches, arithmetic that changes nothing such as `5 * 1`, and functions that
    return a literal), or is, as an expression of literals and fresh symbols, the stated result
    piece by piece: `print(sqrt(3)/2)` for `\frac{\sqrt3}{2}`. `print(3 + 4)` for `7` computes.

    Args:
        code: Python source.
        result: LaTeX of the stated result.

    Returns:
        False also for code that cannot be read: it will not run either.
    """
    return _is_restatement(code, result, depth=3)


def _is_restatement(code: str, result: str, depth: int) -> bool:
    if len(code) > MAX_CHARACTERS or depth == 0:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    printed = _printed(tree)
    if not printed:
        return False
    program = _Program(tree, result)
    try:
        last = printed[-1]
        match last:
            case ast.Call(func=ast.Name(id="exec"), args=[ast.Constant(value=str(inner)), *_]):
                return _is_restatement(inner, result, depth - 1)
        if program.is_literal(last, MAX_DEPTH) or _is_result(last, program, result):
            return True
        # Of the branches of one statement any may be what runs: `if x == 5: print(5)`.
        return any(
            program.is_literal(other, MAX_DEPTH) and program.says_result(other)
            for other in printed[:-1]
        )
    except RecursionError:
        return False


def _printed(tree: ast.Module) -> list[ast.expr]:
    """What is printed by the statement that holds the last print, in order: each call's end.

    A call of `exec` stands for what it runs.
    """
    found: list[tuple[tuple[int, int], int, ast.expr]] = []
    for place, statement in enumerate(tree.body):
        for node in ast.walk(statement):
            match node:
                case ast.Call(func=ast.Name(id="print"), args=[*_, last]):
                    shown = last.value if isinstance(last, ast.Starred) else last
                case ast.Call(func=ast.Attribute(attr="write"), args=[shown]):
                    pass
                case ast.Call(func=ast.Name(id="exec"), args=[ast.Constant(), *_]):
                    shown = node
                case _:
                    continue
            found.append(((node.lineno, node.col_offset), place, shown))
    found.sort(key=lambda item: item[0])
    return [shown for _, place, shown in found if place == found[-1][1]]


class _Program:
    """What the names of a program are bound to, and the functions that return expressions."""

    def __init__(self, tree: ast.Module, result: str) -> None:
        self.result = result
        self.values: dict[str, list[ast.expr]] = {}
        self.functions: dict[str, list[ast.expr]] = {}
        # Bound by a loop, an argument or in place: no assignment tells what they hold.
        unsteady: set[str] = set()
        for node in ast.walk(tree):
            match node:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._bind(target, value)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self._bind(target, value)
                case ast.NamedExpr(target=target, value=value):
                    self._bind(target, value)
                case ast.For(target=ast.Name(id=name), iter=ast.List() | ast.Tuple() as values):
                    if len(values.elts) == 1:
                        self._bind(node.target, values.elts[0])
                    else:
                        unsteady.add(name)
                case ast.For(target=target) | ast.comprehension(target=target):
                    unsteady |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
                case ast.FunctionDef(name=name, args=arguments):
                    unsteady |= {argument.arg for argument in arguments.args}
                    returned = [n.value for n in ast.walk(node) if isinstance(n, ast.Return)]
                    self.functions[name] = [value for value in returned if value is not None]
                case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                    before = self.values.get(name, [])
                    if len(before) == 1 and node in tree.body:
                        self.values[name] = [ast.BinOp(before[0], op, value)]
                    else:
                        unsteady.add(name)
        for name in unsteady:
            self.values.pop(name, None)

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        match target, value:
            case ast.Name(id=name), _:
                self.values.setdefault(name, []).append(value)
            case ast.Tuple(elts=names) | ast.List(elts=names), (
                ast.Tuple(elts=values) | ast.List(elts=values)
            ):
                for inner, part in zip(names, values, strict=False):
                    self._bind(inner, part)

    def says_result(self, node: ast.expr) -> bool:
        """Whether a literal is the stated number."""
        node = _unwrapped(node, self)
        try:
            written = (
                read_number(node.value.strip())
                if isinstance(node, ast.Constant) and isinstance(node.value, str)
                else convert(node)
            )
            stated = read_stated(self.result).readings
        except (UnreadableError, UnstatedError):
            return False
        return isinstance(written, Number) and any(
            isinstance(reading, Number) and reading.value == written.value for reading in stated
        )

    def is_literal(self, node: ast.expr, depth: int) -> bool:
        """Whether an expression comes from literals without arithmetic that changes anything."""
        if depth == 0:
            return False
        depth -= 1
        match node:
            case ast.Constant():
                return True
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self.is_literal(operand, depth)
            case ast.BinOp(
                left=left, op=ast.Add() | ast.Sub(), right=ast.Constant(value=complex())
            ):
                return self._is_number(left)
            case ast.BinOp(left=left, op=op, right=right):
                kept = _kept_operand(left, op, right)
                return kept is not None and self.is_literal(kept, depth)
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(), attr=name):
                values = self.values.get(name, [])
                return bool(values) and all(self.is_literal(value, depth) for value in values)
            case ast.NamedExpr(value=value) | ast.FormattedValue(value=value):
                return self.is_literal(value, depth)
            case ast.Starred(value=value):
                return self.is_literal(value, depth)
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
                return all(self.is_literal(item, depth) for item in items)
            case ast.Dict(values=items) | ast.JoinedStr(values=items):
                return all(self.is_literal(item, depth) for item in items)
            case ast.Subscript(value=value, slice=index):
                return self.is_literal(value, depth) and self.is_literal(index, depth)
            case ast.IfExp(body=body, orelse=other):
                return self._is_either(body, other, depth)
            case ast.BoolOp(values=[first, *_, other]):
                return self._is_either(first, other, depth)
            case ast.Call(func=func, args=arguments):
                return self._is_literal_call(func, arguments, depth)
        return False

    def _is_either(self, first: ast.expr, second: ast.expr, depth: int) -> bool:
        """Whether both of two branches are literals, or one that says the result."""
        literals = [item for item in (first, second) if self.is_literal(item, depth)]
        return len(literals) == 2 or any(self.says_result(item) for item in literals)

    def _is_literal_call(self, func: ast.expr, arguments: list[ast.expr], depth: int) -> bool:
        match func:
            case ast.Lambda(body=body):
                return self.is_literal(body, depth)
            case ast.Name(id=name) if name in self.functions:
                returned = self.functions[name]
                return bool(returned) and all(self.is_literal(item, depth) for item in returned)
            case ast.Name(id=name) if any(
                isinstance(value, ast.Lambda) for value in self.values.get(name, [])
            ):
                return all(
                    isinstance(value, ast.Lambda) and self.is_literal(value.body, depth)
                    for value in self.values[name]
                )
            case ast.Attribute(value=ast.expr() as held, attr=name) if name in _METHODS:
                parts = [held, *arguments]
                if not (isinstance(held, ast.Name) and held.id in _MODULES):
                    return all(self.is_literal(item, depth) for item in parts)
                return all(self.is_literal(item, depth) for item in arguments)
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(), attr=name):
                return self._is_literal_function(name, arguments, depth)
        return False

    def _is_literal_function(self, name: str, arguments: list[ast.expr], depth: int) -> bool:
        match name, arguments:
            case _, [ast.Constant(value=str(text))] if name in _READERS:
                try:
                    inner = ast.parse(text.strip(), mode="eval").body
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    return False
                return self.is_literal(inner, depth)
            case (("int" | "round" | "Integer" | "Fraction" | "Rational"), [_, _, *_]):
                # A numeral in another base, rounding to places and a quotient compute; a
                # quotient that is the stated one is looked at for itself.
                return False
            case "round", [ast.Constant(value=float(value))]:
                return value.is_integer()
            case (("sum" | "max" | "min"), [ast.List(elts=[only]) | ast.Tuple(elts=[only])]):
                return self.is_literal(only, depth)
            case (("max" | "min"), [first, *rest]) if rest:
                same = all(ast.dump(item) == ast.dump(first) for item in arguments)
                return same and self.is_literal(first, depth)
        if name not in _CONVERSIONS:
            return False
        return all(self.is_literal(item, depth) for item in arguments)

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


def _kept_operand(left: ast.expr, op: ast.operator, right: ast.expr) -> ast.expr | None:
    """The operand that arithmetic with 0 or 1 leaves as it is: `5 * 1`; None of any other."""

    def is_number(node: ast.expr, number: int) -> bool:
        return isinstance(node, ast.Constant) and node.value == number

    match op:
        case ast.Add() if is_number(left, 0):
            return right
        case ast.Mult() if is_number(left, 1):
            return right
        case ast.Add() | ast.Sub() if is_number(right, 0):
            return left
        case ast.Mult() | ast.Div() | ast.FloorDiv() | ast.Pow() if is_number(right, 1):
            return left
        case ast.Mod() if isinstance(left, ast.Constant) and isinstance(left.value, str):
            return right  # "%d" % 5
    return None


def _is_result(printed: ast.expr, program: _Program, result: str) -> bool:
    """Whether the printed expression is the stated result as it stands, spelt in Python."""
    printed = _unwrapped(printed, program)
    quotient = _quotient(printed)
    if quotient is not None:
        return quotient == _stated_quotient(result)
    # An expression over names that were given values computes with them.
    for node in ast.walk(printed):
        bound = program.values.get(node.id, []) if isinstance(node, ast.Name) else []
        if not all(_is_fresh_symbol(value) for value in bound):
            return False
    try:
        stated = read_stated(result).readings[0]
        written = convert(_Bare().visit(copy.deepcopy(printed)))
    except (UnreadableError, UnstatedError):
        return False
    if not any(_is_irrational(node) for node in walk(written)):
        # `5 + 10 / 2` for `5 + 5`: arithmetic was done, if only a part of it.
        return False
    return _spelling(written) == _spelling(stated)


def _unwrapped(node: ast.expr, program: _Program) -> ast.expr:
    """An expression without the names and the calls around it that leave it what it is."""
    for _ in range(MAX_DEPTH):
        match node:
            case ast.Name(id=name) if len(program.values.get(name, [])) == 1:
                value = program.values[name][0]
                if _is_fresh_symbol(value):
                    return node
                node = value
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(value=ast.Name(), attr=name), args=[inner]
            ) if name in _WRAPPERS:
                node = inner
            case _:
                return node
    return node


class _Bare(ast.NodeTransformer):
    """Takes modules off names: `math.sqrt` becomes `sqrt`."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id in _MODULES:
            return ast.Name(node.attr, ast.Load())
        return node


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
