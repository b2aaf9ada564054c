"""What a computation rests on: definitions, functions, equations, congruences and domains."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from udfs.latex import LatexError, Side, parse, split_relations
from udfs.latex.nodes import Apply, Name, Node, Number, PlusMinus, Sequence, free_names, walk

_VARIABLE = r"\\?[a-zA-Z]+(?:_\{?\w+\}?)?"
_SIGNATURE = re.compile(
    rf"^(?P<name>{_VARIABLE})\s*(?:\\left)?\(\s*(?P<first>{_VARIABLE})(?:\s*,\s*{_VARIABLE})*\s*(?:\\right)?\)$"
)
_OPERATION = re.compile(
    r"^\s*(?P<left>[a-zA-Z])(?:\\[;:, ]|\s)*"
    r"(?P<operator>\\(?:star|ast|oplus|otimes|ominus|odot|circ|diamond"
    r"|clubsuit|spadesuit|heartsuit|diamondsuit|triangle|square|Box|bigstar|dagger|ddagger|#)"
    r"|[@#*◊♣♠])(?:\\[;:, ]|\s)*(?P<right>[a-zA-Z])\s*$"
)
_INTEGER_SETS = re.compile(r"\\mathbb\s*\{?\s*([ZN])|\\text\{\s*integer")
_FUNCTION_LETTERS = frozenset("fghpqrstuvwFGHPQRTk") | {"phi", "psi", "sigma", "tau", "omega"}

CONSTANTS = frozenset(["e", "i"])


@dataclass(frozen=True)
class Function:
    """A function that the document defines."""

    name: str
    parameters: tuple[str, ...]
    body: Node


@dataclass
class Conditions:
    """The conditions of one computation, read.

    Attributes:
        definitions: value of each name that an equation gives alone on one side.
        alternatives: every value of each of these names, in text order.
        functions: by name; an operation such as a star counts as one of two parameters.
        points: values of functions that are stated, as in `f(2) = 5`.
        equations: every equation, in text order.
        congruences: (left, right, modulus).
        positive: names that are greater than zero.
        integers: names that are whole.
        operators: the LaTeX of operations that are defined.
    """

    definitions: dict[str, Node] = field(default_factory=dict)
    alternatives: dict[str, list[Node]] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    points: list[tuple[Apply, Node]] = field(default_factory=list)
    equations: list[tuple[Node, Node]] = field(default_factory=list)
    congruences: list[tuple[Node, Node, Node]] = field(default_factory=list)
    positive: set[str] = field(default_factory=set)
    integers: set[str] = field(default_factory=set)
    operators: set[str] = field(default_factory=set)


@lru_cache(maxsize=4096)
def _split(latex: str) -> tuple[Side, ...]:
    return tuple(split_relations(latex))


def read_conditions(latex: tuple[str, ...], skip: tuple[str, str, str | None]) -> Conditions:
    """Read conditions; one that is not understood is passed over.

    Args:
        latex: the conditions in text order; each a relation or a chain of them.
        skip: expression, result and modulus of the computation: the same relation is no
            condition of itself.
    """
    found = Conditions()
    chains = [_split(condition) for condition in latex]
    for chain in chains:
        _collect_functions(chain, found)
    own = tuple(_bare(side) for side in skip[:2])
    modulus = skip[2]
    for chain in chains:
        for left, right in pairwise(chain):
            sides = (_bare(left.latex), _bare(right.latex))
            if sides not in (own, own[::-1]) or right.modulus != modulus:
                _collect(left, right, found)
    _drop_both_signs(found)
    return found


def _drop_both_signs(found: Conditions) -> None:
    r"""Forget `x = \pm 4` where `x^2 = 16` says as much, and lets a domain choose."""
    for name, value in list(found.definitions.items()):
        if not any(isinstance(inner, PlusMinus) for inner in walk(value)):
            continue
        stated = [pair for pair in found.equations if value in pair]
        others = [
            (left, right)
            for left, right in found.equations
            if value not in (left, right) and name in free_names(left) | free_names(right)
        ]
        if others:
            del found.definitions[name]
            found.alternatives.pop(name, None)
            found.equations = [pair for pair in found.equations if pair not in stated]


@lru_cache(maxsize=4096)
def _parsed(latex: str, functions: tuple[str, ...], operators: tuple[str, ...]) -> Node:
    return parse(latex, functions=functions, operators=operators)


def _bare(latex: str) -> str:
    return re.sub(r"\\boxed|\\left|\\right|\\[,;!: ]|[\s{}$&]", "", latex)


def _collect_functions(chain: tuple[Side, ...], found: Conditions) -> None:
    """Learn which names are functions before anything is parsed: `f(x)` depends on it."""
    for left, right in pairwise(chain):
        if right.operator != "eq":
            continue
        operation = _OPERATION.match(left.latex)
        if operation is not None:
            found.operators.add(operation["operator"])
            continue
        signature = _SIGNATURE.match(left.latex)
        if signature is not None:
            name = signature["name"].lstrip("\\")
            if name in ("P", "Pr") and _is_event(signature["first"], right.latex):
                continue
            if name in _FUNCTION_LETTERS or "_" in name or len(name) > 1:
                found.functions[name] = Function(name, (), Name(name))


def _is_event(argument: str, value: str) -> bool:
    """Whether a probability is stated, and no polynomial defined: `P(A) = 0.3`."""
    return len(argument) == 1 and argument.isupper() and argument not in value


def _collect(left: Side, right: Side, found: Conditions) -> None:
    names = tuple(found.functions)
    operators = tuple(found.operators)
    try:
        if right.operator == "in":
            if _INTEGER_SETS.search(right.latex):
                found.integers |= free_names(parse(left.latex))
            return
        first = _parsed(left.latex, names, operators)
        second = _parsed(right.latex, names, operators)
        if right.operator == "equiv" and right.modulus is not None:
            found.congruences.append((first, second, parse(right.modulus)))
            return
    except LatexError:
        return
    if right.operator in ("gt", "ge") and isinstance(first, Name) and _is_not_negative(second):
        found.positive.add(first.name)
    elif right.operator in ("lt", "le") and isinstance(second, Name) and _is_not_negative(first):
        found.positive.add(second.name)
    elif right.operator == "eq":
        _add_equation(first, second, found)


def _is_not_negative(node: Node) -> bool:
    return isinstance(node, Number) and node.value >= 0


def _add_equation(left: Node, right: Node, found: Conditions) -> None:
    match left, right:
        case Sequence(items, brackets), Sequence(others, also) if (
            len(items) == len(others) and brackets in ("()", "") and also in ("()", "")
        ):
            for item, other in zip(items, others, strict=True):
                _add_equation(item, other, found)
            return
        case Apply(name, arguments, 0), _:
            parameters = tuple(a.name for a in arguments if isinstance(a, Name))
            is_constant = not free_names(right) & set(parameters)
            if is_constant:
                # `f(x) = 0` is solved for x; it defines nothing.
                found.points.append((left, right))
                return
            if len(parameters) == len(arguments) and len(set(parameters)) == len(parameters):
                if name not in {n.function for n in _calls(right)}:
                    found.functions[name] = Function(name, parameters, right)
                return
            found.points.append((left, right))
            return
    if isinstance(right, Sequence):
        if isinstance(left, Name) and right.brackets in ("()", "<>"):
            found.definitions[left.name] = right
        return
    found.equations.append((left, right))
    for side, value in ((left, right), (right, left)):
        if isinstance(side, Name) and side.name not in free_names(value):
            if side.name in CONSTANTS and side is right:
                continue
            found.alternatives.setdefault(side.name, []).append(value)
            known = found.definitions.get(side.name)
            # A value takes precedence over an expression in other symbols.
            if known is None or not free_names(value) or free_names(known):
                found.definitions[side.name] = value
            break


def _calls(node: Node) -> list[Apply]:
    return [inner for inner in walk(node) if isinstance(inner, Apply)]
