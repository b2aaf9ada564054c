"""One computation into one program, or a word for why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from udfs.latex import LatexError, parse
from udfs.latex.nodes import (
    Apply,
    Between,
    Call,
    Derivative,
    Div,
    Integral,
    Limit,
    Matrix,
    Name,
    Neg,
    Node,
    Number,
    free_names,
    walk,
)
from udfs.translate.computation import Computation, Translation
from udfs.translate.symbolic.conditions import CONSTANTS, Conditions, Function, read_conditions
from udfs.translate.symbolic.known import with_known_values
from udfs.translate.symbolic.matrices import with_matrices
from udfs.translate.symbolic.numeric import (
    PROBES,
    WIDE_PROBES,
    agree,
    are_identical,
    inline,
    without_plus_minus,
)
from udfs.translate.symbolic.program import (
    Resting,
    closed_program,
    resting,
    symbolic_program,
    value_of,
)
from udfs.translate.symbolic.solving import congruence_program, solving_program
from udfs.translate.symbolic.steps import combined_program, step_program
from udfs.translate.symbolic.text import NeedsSympyError
from udfs.translate.symbolic.units import in_one_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from udfs.latex.evaluate import Value

VERSION = "symbolic-2"
MAX_ALTERNATIVES = 4
_ORDERS = ("lt", "le", "gt", "ge")


class _Reading(NamedTuple):
    """One way to read the notation."""

    target: Node
    log_base: int | None


def translate_symbolic(computation: Computation) -> Translation:
    """Write a program that computes a left side from its conditions.

    The stated result is never an input of the program. It is looked at for three choices only:
    in terms of which symbols to answer, which of several readings of the notation is meant
    (`a/bc`, a mixed number, the base of a logarithm), and which equation a step starts from.

    Args:
        computation: the relation and what it rests on.

    Returns:
        The program, the same for the same input; or the reason for leaving it.
    """
    try:
        return Translation(_translate(computation), None)
    except LatexError as error:
        return Translation(None, error.reason)
    except NeedsSympyError:
        return Translation(None, "unsupported_form")
    except RecursionError:
        return Translation(None, "too_deep")
    except OverflowError:
        # A whole number that no float holds, in an exponent or a bound.
        return Translation(None, "too_large")


def _translate(computation: Computation) -> str:
    if computation.relation not in ("eq", "approx", "equiv", *_ORDERS):
        raise LatexError("unsupported_relation")
    conditions = read_conditions(
        computation.conditions, (computation.expression, computation.result, computation.modulus)
    )
    result = _result(computation.result, conditions)
    modulus = parse(computation.modulus) if computation.modulus else None
    is_ordered = computation.relation in _ORDERS
    first: str | None = None
    reason: LatexError | None = None
    for reading in _readings(computation.expression, conditions, result):
        try:
            code, agrees = _program(reading, result, conditions, modulus, is_ordered=is_ordered)
        except LatexError as error:
            reason = reason or error
            continue
        if agrees:
            return code
        first = first or code
    if first is not None:
        return first
    raise reason or LatexError("unsupported_form")


def _result(latex: str, conditions: Conditions) -> Node | None:
    """The stated result, or None where it is not understood: it is not needed."""
    try:
        return parse(
            latex, functions=tuple(conditions.functions), operators=tuple(conditions.operators)
        )
    except LatexError:
        return None


def _has_bare_log(node: Node) -> bool:
    return any(
        isinstance(n, Call) and n.function == "log" and len(n.arguments) == 1 for n in walk(node)
    )


def _readings(latex: str, conditions: Conditions, result: Node | None) -> Iterator[_Reading]:
    functions, operators = tuple(conditions.functions), tuple(conditions.operators)
    names = frozenset(name for name in conditions.definitions if len(name) == 1)
    plain = parse(latex, functions=functions, operators=operators, symbols=names - set(functions))
    has_log = _has_bare_log(plain)
    # School mathematics writes log for base 10, most else for the natural one. Where the result
    # has one too, both sides mean the same and it does not matter.
    is_natural = not has_log or (result is not None and _has_bare_log(result))
    yield _Reading(plain, None if is_natural else 10)
    if has_log:
        yield _Reading(plain, 10 if is_natural else None)
    if "/" in latex:
        other = parse(latex, functions=functions, operators=operators, slash_groups=True)
        if other != plain:
            yield _Reading(other, None)
    if "frac" in latex:
        other = parse(latex, functions=functions, operators=operators, mixed=False)
        if other != plain:
            yield _Reading(other, None)


def _program(
    reading: _Reading,
    result: Node | None,
    conditions: Conditions,
    modulus: Node | None,
    *,
    is_ordered: bool,
) -> tuple[str, bool]:
    """A program, and whether its value is known to agree with the stated result."""
    target, log_base = _parametric(reading.target, conditions), reading.log_base
    target = in_one_unit(with_matrices(target, conditions))
    keep = frozenset(free_names(result) - CONSTANTS) if result is not None else frozenset()
    found = resting(target, conditions, keep)
    if any(isinstance(n, Apply) and n.function not in conditions.functions for n in walk(target)):
        # Of a function that is not defined some values may be known.
        known = _from_known_values(target, result, conditions, keep, log_base)
        if known is not None:
            return known
    if not found.free:
        return _closed(target, found, result, conditions, keep, log_base, modulus)
    if modulus is not None:
        return congruence_program(target, modulus, conditions), True
    as_written = Resting({}, {}, frozenset(free_names(target) - CONSTANTS))
    for rest in (as_written, found):
        if result is None or not (rest is as_written or found.free <= keep):
            continue
        if found.free <= keep and rest is found and _has_no_values(target, found):
            return symbolic_program(target, found, conditions, log_base=log_base), True
        if _is_identity(target, rest, result, log_base, functions=conditions.functions):
            is_wide = _is_identity(target, rest, result, log_base, WIDE_PROBES)
            code = symbolic_program(
                target, rest, conditions, log_base=log_base, is_positive=not is_wide
            )
            return code, True
    if result is not None and keep & set(conditions.definitions):
        # Both sides in the same symbols, equal for their values and not for all.
        valued = resting(target, conditions, frozenset())
        if not valued.free and _is_true_of_values(target, valued, result, conditions, log_base):
            return closed_program(target, valued, log_base=log_base, modulus=None), True
    inlined = inline(target, found.functions)
    known = _from_known_values(inlined, result, conditions, keep, log_base)
    if known is not None and known[1]:
        return known
    reason = "no_condition" if conditions.equations else "undefined_symbol"
    if is_ordered:
        # What is greater is told of values; an inequality in symbols would need a proof.
        raise LatexError(reason)
    derivations: list[Callable[[], tuple[str, bool]]] = [
        lambda: (step_program(inlined, result, conditions, log_base=log_base), True),
        lambda: (combined_program(inlined, result, conditions, log_base=log_base), True),
        lambda: solving_program(inlined, result, conditions, keep, log_base=log_base),
    ]
    if isinstance(target, Name):
        # A symbol is solved for; a step would lose the other roots.
        derivations.reverse()
    for derivation in derivations:
        try:
            return derivation()
        except LatexError as error:
            reason = error.reason if error.reason != "no_condition" else reason
    if known is not None:
        return known
    if not _is_worth_trying(target, found, keep):
        raise LatexError(reason)
    return symbolic_program(target, found, conditions, log_base=log_base), False


def _closed(
    target: Node,
    found: Resting,
    result: Node | None,
    conditions: Conditions,
    keep: frozenset[str],
    log_base: int | None,
    modulus: Node | None,
) -> tuple[str, bool]:
    is_restated = _is_literal(target) or (
        isinstance(target, Name) and _is_literal(found.definitions.get(target.name, target))
    )
    if is_restated:
        if result is not None and free_names(result):
            return step_program(target, result, conditions, log_base=log_base), True
        if isinstance(target, Name):
            reduced = _without(conditions, target.name)
            return solving_program(target, result, reduced, keep, log_base=log_base)
        if modulus is None:
            raise LatexError("literal")
    code = closed_program(target, found, log_base=log_base, modulus=modulus)
    stated = _stated_value(result, conditions, log_base) if modulus is None else None
    if stated is None:
        return code, False
    if _comes_to(target, found, stated, log_base):
        return code, True
    for name in found.definitions:
        for value in conditions.alternatives.get(name, ())[::-1][:MAX_ALTERNATIVES]:
            other = Conditions(**vars(conditions))
            other.definitions = {**conditions.definitions, name: value}
            again = resting(target, other, keep)
            if not again.free and _comes_to(target, again, stated, log_base):
                return closed_program(target, again, log_base=log_base, modulus=modulus), True
    if isinstance(target, Name):
        try:
            solved, agrees = solving_program(
                target, result, _without(conditions, target.name), keep, log_base=log_base
            )
        except LatexError:
            return code, False
        if agrees:
            return solved, True
    return code, False


def _from_known_values(
    target: Node,
    result: Node | None,
    conditions: Conditions,
    keep: frozenset[str],
    log_base: int | None,
) -> tuple[str, bool] | None:
    """A program from values of compound expressions, where these determine the expression."""
    replaced = with_known_values(target, conditions, keep)
    if replaced is None:
        return None
    target, conditions = replaced
    found = resting(target, conditions, keep)
    try:
        if not found.free:
            code = closed_program(target, found, log_base=log_base, modulus=None)
            stated = _stated_value(result, conditions, log_base)
            return code, stated is not None and _comes_to(target, found, stated, log_base)
        if (
            result is not None
            and found.free <= keep
            and _is_identity(target, found, result, log_base)
        ):
            return symbolic_program(target, found, conditions, log_base=log_base), True
    except (LatexError, NeedsSympyError):
        pass
    return None


def _is_true_of_values(
    target: Node, found: Resting, result: Node, conditions: Conditions, log_base: int | None
) -> bool:
    rest = resting(result, conditions, frozenset())
    stated = None if rest.free else value_of(result, rest, log_base)
    return stated is not None and _comes_to(target, found, stated, log_base)


def _stated_value(
    result: Node | None, conditions: Conditions, log_base: int | None
) -> Value | None:
    if result is None:
        return None
    return value_of(result, Resting({}, conditions.functions, frozenset()), log_base)


def _without(conditions: Conditions, name: str) -> Conditions:
    """The conditions, a name's definition taken as one equation among others."""
    reduced = Conditions(**vars(conditions))
    reduced.definitions = {
        other: value for other, value in conditions.definitions.items() if other != name
    }
    return reduced


def _comes_to(target: Node, found: Resting, stated: Value, log_base: int | None) -> bool:
    value = value_of(target, found, log_base)
    return value is not None and agree(value, stated)


def _is_literal(node: Node) -> bool:
    inner = node.value if isinstance(node, Neg) else node
    return isinstance(inner, Number) and inner.base == 10 and "(" not in inner.digits


def _has_no_values(target: Node, found: Resting) -> bool:
    """Whether an expression is of a kind that is not tried at points: calculus, matrices."""
    kinds = Derivative | Integral | Limit | Between | Matrix
    parts = [target, *found.definitions.values()]
    return any(isinstance(n, kinds) for part in parts for n in walk(part))


def _parametric(target: Node, conditions: Conditions) -> Node:
    """dy/dx of a curve that is given by a parameter is a quotient of two derivatives."""
    match target:
        case Derivative(Name(name), variable, 1):
            first = conditions.definitions.get(name)
            second = conditions.definitions.get(variable)
            if first is None or second is None:
                return target
            names = (free_names(first) | free_names(second)) - CONSTANTS
            if len(names) == 1 and names == free_names(second) - CONSTANTS:
                (parameter,) = names
                return Div(Derivative(Name(name), parameter), Derivative(Name(variable), parameter))
    return target


def _is_identity(
    target: Node,
    found: Resting,
    result: Node,
    log_base: int | None,
    probes: tuple[float, ...] = PROBES,
    functions: Mapping[str, Function] | None = None,
) -> bool:
    try:
        left, right = inline(target, found.functions), inline(result, functions or {})
        definitions = {
            name: inline(value, found.functions) for name, value in found.definitions.items()
        }
    except LatexError:
        return False
    if any(isinstance(n, Apply) for n in walk(left)):
        return False
    left, _ = without_plus_minus(left)
    right, _ = without_plus_minus(right)
    return are_identical(left, right, definitions, log_base, probes)


def _is_worth_trying(target: Node, found: Resting, keep: frozenset[str]) -> bool:
    """Whether an expression in free symbols may be meant as an identity."""
    if isinstance(target, Name | Number | Neg):
        return False
    return bool(keep) and keep <= found.free and found.free <= keep
