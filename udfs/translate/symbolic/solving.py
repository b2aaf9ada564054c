"""Programs that solve: equations and systems, congruences, and steps from one equation."""

from __future__ import annotations

from itertools import combinations, islice
from math import lcm
from typing import TYPE_CHECKING

from udfs.latex import LatexError
from udfs.latex.evaluate import approximate, rational
from udfs.latex.nodes import Add, Apply, Div, Name, Neg, Node, Sequence, free_names, walk
from udfs.translate.symbolic.conditions import CONSTANTS, Conditions
from udfs.translate.symbolic.names import identifier
from udfs.translate.symbolic.numeric import PROBES, agree, are_identical, inline, point
from udfs.translate.symbolic.program import (
    Program,
    Resting,
    has_trigonometry,
    resting,
)
from udfs.translate.symbolic.text import ATOM, PRODUCT, NeedsSympyError, held
from udfs.translate.symbolic.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator


MAX_UNKNOWNS = 4
MAX_EQUATIONS = 12
MAX_SYSTEMS = 12
MAX_MODULUS = 20_000


def solving_program(
    target: Node,
    result: Node | None,
    conditions: Conditions,
    keep: frozenset[str],
    *,
    log_base: int | None,
) -> tuple[str, bool]:
    """A program that solves equations for what an expression rests on.

    Args:
        target: the expression.
        result: the stated result, to tell which of several equations is meant.
        conditions: what the text says.
        keep: names in terms of which the result is stated.
        log_base: base of a logarithm that states none.

    Returns:
        The program, and whether the stated result fits the equations.

    Raises:
        LatexError: reason `no_condition`: no equations determine it.
    """
    known, equations = _usable(conditions, keep)
    wanted = _unknowns(target, known, keep)
    if not wanted:
        raise LatexError("no_condition")
    chosen, unknowns, agrees = _chosen(target, result, wanted, equations, known, keep, log_base)
    parts = [target, *(side for equation in chosen for side in equation)]
    if len(chosen) > 1 and has_trigonometry(*parts):
        # SymPy does not come back from these.
        raise LatexError("no_condition")
    found = _resting_of(parts, known)
    radians = has_trigonometry(*parts, *found.definitions.values())
    program = Program(Writer(is_sympy=True, log_base=log_base, radians=radians))
    others = set().union(*(free_names(part) for part in parts)) - set(found.definitions)
    is_complex = (
        any("i" in free_names(part) for part in parts) and "i" not in conditions.definitions
    )
    for name in sorted(others - (CONSTANTS - set(unknowns))):
        program.declare(name, _assumption(name, conditions, is_complex=is_complex))
    program.take_over(found)
    written = []
    for left, right in chosen:
        program.writer.sympy("Eq")
        written.append(f"Eq({program.writer.write(left)}, {program.writer.write(right)})")
    program.writer.sympy("solve")
    if len(chosen) == len(unknowns) == 1:
        name = identifier(unknowns[0])
        program.lines.append(f"solutions = solve({written[0]}, {name})")
        if target == Name(unknowns[0]):
            program.lines.append("print(solutions)")
        else:
            simplified = _at_solution(program.writer, target, f"{name}, value")
            program.lines.append(f"print({{{simplified} for value in solutions}})")
        return program.source(), agrees
    if len(written) == 1:
        system = f"[{written[0]}]"
    else:
        program.lines.append("equations = [")
        program.lines += [f"    {equation}," for equation in written]
        program.lines.append("]")
        system = "equations"
    names = ", ".join(identifier(name) for name in unknowns)
    program.lines.append(f"solutions = solve({system}, [{names}], dict=True)")
    simplified = _at_solution(program.writer, target, "solution")
    program.lines.append(f"print({{{simplified} for solution in solutions}})")
    return program.source(), agrees


def _at_solution(writer: Writer, target: Node, solution: str) -> str:
    """An expression, or each of a list, with the solution put in."""
    if isinstance(target, Sequence):
        if target.brackets not in ("()", ""):
            raise LatexError("unsupported_form")
        listed = ", ".join(_at_solution(writer, item, solution) for item in target.items)
        return f"({listed})"
    shown = held(writer.of(target), ATOM)
    return f"{writer.sympy('simplify')}({shown}.subs({solution}))"


def _usable(
    conditions: Conditions, keep: frozenset[str]
) -> tuple[dict[str, Node], list[tuple[Node, Node]]]:
    """Definitions that come to a known value, and the equations that say more."""
    known: dict[str, Node] = {}
    for name, value in conditions.definitions.items():
        rest = resting(value, conditions, keep)
        if (
            name not in keep
            and not rest.free
            and not rest.functions
            and _has_once(name, conditions)
        ):
            known[name] = value
    equations: list[tuple[Node, Node]] = []
    for left, right in conditions.equations:
        names = (free_names(left) | free_names(right)) - CONSTANTS
        if (isinstance(left, Name) and left.name in known) or not names:
            continue
        try:
            pair = inline(left, conditions.functions), inline(right, conditions.functions)
            probe = Writer(is_sympy=True, kinds=dict.fromkeys(names | set(known), "symbolic"))
            probe.of(pair[0])
            probe.of(pair[1])
        except (LatexError, NeedsSympyError):
            continue
        if not _is_known(pair, equations, known):
            equations.append(pair)
    for call, value in conditions.points:
        try:
            pair = inline(call, conditions.functions), value
        except LatexError:
            continue
        has_calls = any(isinstance(n, Apply) for side in pair for n in walk(side))
        if not has_calls and not _is_known(pair, equations, known):
            equations.append(pair)
    return known, equations


def _is_known(
    pair: tuple[Node, Node], equations: list[tuple[Node, Node]], known: dict[str, Node]
) -> bool:
    """Whether an equation says nothing, or what another says, up to a factor."""
    names = set().union(*(free_names(side) for side in pair))
    if are_identical(*pair, {name: known[name] for name in known if name in names}):
        return True
    difference = Add((pair[0], Neg(pair[1])))
    for left, right in equations:
        if free_names(left) | free_names(right) == names:
            other = Add((left, Neg(right)))
            if _is_constant_ratio(difference, other, names):
                return True
    return False


def _is_constant_ratio(left: Node, right: Node, names: set[str]) -> bool:
    ratios = []
    for start in PROBES:
        values = point(names - CONSTANTS, start)
        try:
            ratios.append(complex(approximate(Div(left, right), values)))
        except (LatexError, OverflowError):
            return False
    return agree(*ratios)


def _has_once(name: str, conditions: Conditions) -> bool:
    values = [right for left, right in conditions.equations if left == Name(name) and right != left]
    closed = {rational(value) for value in values} - {None}
    return len(closed) <= 1


def _unknowns(target: Node, known: dict[str, Node], keep: frozenset[str]) -> list[str]:
    return sorted(free_names(target) - set(known) - keep - CONSTANTS)


def _chosen(
    target: Node,
    result: Node | None,
    wanted: list[str],
    equations: list[tuple[Node, Node]],
    known: dict[str, Node],
    keep: frozenset[str],
    log_base: int | None,
) -> tuple[list[tuple[Node, Node]], list[str], bool]:
    """The system that the stated result fits, of those in one unknown; else the first."""
    first = None
    for chosen, unknowns in islice(_systems(target, wanted, equations, known, keep), MAX_SYSTEMS):
        if result is None or target != Name(wanted[0]) or len(chosen) > 1:
            return first or (chosen, unknowns, True)
        left, right = chosen[0]
        values = {**known, wanted[0]: result}
        if are_identical(left, right, values, log_base):
            return chosen, unknowns, True
        first = first or (chosen, unknowns, False)
    if first is None:
        raise LatexError("no_condition")
    return first


def _systems(
    target: Node,
    wanted: list[str],
    equations: list[tuple[Node, Node]],
    known: dict[str, Node],
    keep: frozenset[str],
) -> Iterator[tuple[list[tuple[Node, Node]], list[str]]]:
    """Systems that may determine an expression: the smallest first, then the nearest."""

    def unknowns(equation: tuple[Node, Node]) -> frozenset[str]:
        names = free_names(equation[0]) | free_names(equation[1])
        return names - set(known) - keep - CONSTANTS

    near = equations[::-1][:MAX_EQUATIONS]
    needed = set(wanted)
    for size in range(1, MAX_UNKNOWNS + 1):
        if size > 2:
            near = near[: MAX_EQUATIONS - 2 * size]
        for chosen in combinations(near, size):
            names = frozenset().union(*(unknowns(equation) for equation in chosen))
            if len(names) == size and needed <= names:
                yield list(chosen[::-1]), [*wanted, *sorted(names - needed)]
    # Fewer equations than unknowns: solved for one of them, in terms of the rest.
    for equation in near:
        names = unknowns(equation)
        if needed <= names and (len(needed) > 1 or not isinstance(target, Name)):
            yield [equation], wanted[:1]


def _resting_of(parts: list[Node], known: dict[str, Node]) -> Resting:
    needed: dict[str, Node] = {}
    conditions = Conditions(definitions=dict(known))
    for part in parts:
        needed.update(resting(part, conditions, frozenset()).definitions)
    return Resting(needed, {}, frozenset())


def _assumption(name: str, conditions: Conditions, *, is_complex: bool) -> str:
    if name in conditions.integers:
        return "integer"
    if name in conditions.positive or (name.isupper() and len(name) > 1):
        # A length: AB names a segment.
        return "positive"
    return "" if is_complex else "real"


def congruence_program(target: Node, modulus: Node, conditions: Conditions) -> str:
    """A program that finds an unknown from congruences by trying each residue.

    Raises:
        LatexError: reason `no_condition`: they do not determine it.
    """
    names = free_names(target) - CONSTANTS
    divisor = _whole(modulus)
    if len(names) != 1:
        raise LatexError("no_condition")
    (name,) = names
    used = []
    period = 1
    for left, right, found in conditions.congruences:
        inner = (free_names(left) | free_names(right)) - CONSTANTS
        if inner == {name}:
            period = lcm(period, _whole(found))
            used.append((left, right, found))
    if not used or period > MAX_MODULUS or divisor > MAX_MODULUS:
        raise LatexError("no_condition")
    if period % divisor:
        raise LatexError("no_condition")
    writer = Writer(is_sympy=False, kinds={name: "int"})
    tests = []
    try:
        for left, right, found in used:
            first = held(writer.of(left), PRODUCT)
            remainder = rational(right)
            size = _whole(found)
            if remainder is not None and remainder.denominator == 1:
                tests.append(f"{first} % {size} == {remainder.numerator % size}")
            else:
                tests.append(f"({first} - ({writer.write(right)})) % {size} == 0")
        shown = held(writer.of(target), PRODUCT)
    except NeedsSympyError as error:
        raise LatexError("no_condition") from error
    variable = identifier(name)
    lines = [
        f"numbers = [{variable} for {variable} in range({period}) if {' and '.join(tests)}]",
        f"residues = {{{shown} % {divisor} for {variable} in numbers}}",
        "print(*residues)",
    ]
    return "\n".join(lines) + "\n"


def _whole(node: Node) -> int:
    value = rational(node)
    if value is None or value.denominator != 1 or value < 1:
        raise LatexError("unsupported_modulus")
    return value.numerator
