"""Programs that carry known equations over to an expression, one or two of them."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from udfs.latex import LatexError
from udfs.latex.evaluate import approximate, rational
from udfs.latex.nodes import Add, Div, Mul, Neg, Node, free_names
from udfs.translate.symbolic.conditions import CONSTANTS, Conditions
from udfs.translate.symbolic.numeric import PROBES, agree, point
from udfs.translate.symbolic.program import (
    Program,
    has_trigonometry,
    resting,
    symbolic_program,
)
from udfs.translate.symbolic.text import PRODUCT, held
from udfs.translate.symbolic.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from udfs.latex.evaluate import Value

MAX_PAIRED = 6
"""Most equations of which pairs are tried, the nearest."""


def step_program(
    target: Node, result: Node | None, conditions: Conditions, *, log_base: int | None
) -> str:
    """A program that carries a known equation over to the expression.

    From left = right follows target = target * right / left, target = target - left + right, and
    the same for squares; that one is taken which arrives at an expression in the stated form.

    Raises:
        LatexError: reason `no_condition`: no equation leads there in one step.
    """
    if result is None:
        raise LatexError("no_condition")
    names = free_names(target) | free_names(result)
    for left, right in conditions.equations:
        names |= free_names(left) | free_names(right)
    points = [point(names - CONSTANTS, start) for start in PROBES]
    aims = [(_at(target, values, log_base), _at(result, values, log_base)) for values in points]
    if any(None in aim for aim in aims):
        raise LatexError("no_condition")
    for left, right in _both_ways(conditions):
        if rational(left) == 0 and left != target:
            continue
        kinds = set(_STEPS)
        for values, (start, end) in zip(points, aims, strict=True):
            before, after = _at(left, values, log_base), _at(right, values, log_base)
            if start is None or end is None or before is None or after is None:
                kinds.clear()
            kinds = {kind for kind in kinds if _leads(kind, start, end, before, after)}
            if not kinds:
                break
        for kind in _STEPS:
            if kind in kinds:
                return _step_source(target, left, right, kind, conditions, log_base)
    raise LatexError("no_condition")


_STEPS = ("scale", "shift", "square", "root")


def _at(node: Node, values: dict[str, Value], log_base: int | None) -> Value | None:
    try:
        return approximate(node, values, log_base=log_base)
    except LatexError:
        return None


def _leads(
    kind: str, start: Value | None, end: Value | None, before: Value | None, after: Value | None
) -> bool:
    """Whether left = right (`before`, `after`) carries an expression over to the result."""
    if start is None or end is None or before is None or after is None:
        return False
    try:
        match kind:
            case "scale":
                return bool(before and after) and agree(start * after / before, end)
            case "shift":
                return agree(start - before + after, end)
            case "square":
                return agree(start, before**2) and agree(end, after**2)
            case _:
                return agree(start**2, before) and agree(end**2, after)
    except OverflowError:
        return False


def _both_ways(conditions: Conditions) -> Iterator[tuple[Node, Node]]:
    for left, right in reversed(conditions.equations):
        yield left, right
        yield right, left


def _step_source(
    target: Node, left: Node, right: Node, kind: str, conditions: Conditions, log_base: int | None
) -> str:
    if kind == "shift" and target == left:
        found = resting(right, Conditions(), frozenset())
        code = symbolic_program(right, found, conditions, log_base=log_base)
        return code.replace("print(expand(", "print(factor(").replace("expand", "factor")
    parts = (target, left, right)
    names = set().union(*(free_names(part) for part in parts)) - CONSTANTS
    program = Program(Writer(is_sympy=True, log_base=log_base, radians=has_trigonometry(*parts)))
    for name in sorted(names):
        program.declare(name, "positive" if kind == "root" else "")
    writer = program.writer
    program.lines.append(f"left = {writer.write(left)}")
    program.lines.append(f"right = {writer.write(right)}")
    shown = held(writer.of(target), PRODUCT)
    simplify = writer.sympy("simplify")
    line = {
        "scale": f"{shown} * right / left",
        "shift": f"{writer.write(target)} - left + right",
        "square": "right**2",
        "root": f"{writer.sympy('sqrt') if kind == 'root' else ''}(right)",
    }[kind]
    program.lines.append(f"print({simplify}({line}))")
    return program.source()


def combined_program(
    target: Node, result: Node | None, conditions: Conditions, *, log_base: int | None
) -> str:
    """A program that adds, subtracts, multiplies or divides two known equations.

    That pair is taken of which the left sides come to the expression and the right sides to the
    stated result.

    Raises:
        LatexError: reason `no_condition`: no two equations lead there.
    """
    if result is None:
        raise LatexError("no_condition")
    near = [
        (left, right)
        for left, right in dict.fromkeys(conditions.equations[::-1][:MAX_PAIRED])
        if left != target and rational(left) is None
    ]
    names = free_names(target) | free_names(result)
    names = names.union(*(free_names(side) for equation in near for side in equation))
    points = [point(names - CONSTANTS, start) for start in PROBES]
    aim = _at(target, points[0], log_base)
    lefts = [_at(left, points[0], log_base) for left, _ in near]
    if aim is None:
        raise LatexError("no_condition")
    for first, second in combinations(range(len(near)), 2):
        for sign, one, other in _combinations(lefts, first, second, aim):
            left, right = (
                _joined(sign, *pair) for pair in zip(near[one], near[other], strict=True)
            )
            if all(
                _is_same(left, target, values, log_base)
                and _is_same(right, result, values, log_base)
                for values in points
            ):
                return _combined_source(target, (left, right), sign, log_base)
    raise LatexError("no_condition")


def _combinations(
    values: list[Value | None], first: int, second: int, aim: Value
) -> Iterator[tuple[str, int, int]]:
    """The signs by which two values come to a third, with the places of the two in order."""
    a, b = values[first], values[second]
    if a is None or b is None:
        return
    try:
        found = [
            ("+", first, second, a + b),
            ("-", first, second, a - b),
            ("-", second, first, b - a),
            ("*", first, second, a * b),
            ("/", first, second, a / b),
            ("/", second, first, b / a),
        ]
    except (ArithmeticError, ValueError):
        return
    for sign, one, other, value in found:
        if agree(value, aim):
            yield sign, one, other


def _is_same(left: Node, right: Node, values: dict[str, Value], log_base: int | None) -> bool:
    one, other = _at(left, values, log_base), _at(right, values, log_base)
    return one is not None and other is not None and agree(one, other)


def _combined_source(
    target: Node, equation: tuple[Node, Node], sign: str, log_base: int | None
) -> str:
    left, right = equation
    parts = (target, left, right)
    names = frozenset().union(*(free_names(part) for part in parts)) - CONSTANTS
    program = Program(Writer(is_sympy=True, log_base=log_base, radians=has_trigonometry(*parts)))
    for name in sorted(names):
        program.declare(name)
    writer = program.writer
    program.lines.append(f"left = {writer.write(left)}")
    program.lines.append(f"right = {writer.write(right)}")
    shown = held(writer.of(target), PRODUCT)
    simplify = writer.sympy("simplify")
    line = f"{shown} * right / left" if sign in "*/" else f"{shown} - left + right"
    program.lines.append(f"print({simplify}({line}))")
    return program.source()


def _joined(sign: str, one: Node, other: Node) -> Node:
    match sign:
        case "+":
            return Add((one, other))
        case "-":
            return Add((one, Neg(other)))
        case "*":
            return Mul((one, other), ("", "cdot"))
    return Div(one, other)
