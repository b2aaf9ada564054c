r"""Sums and products with terms left out: what `1 + 3 + \cdots + 15` says in full."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from udfs.latex.errors import LatexError
from udfs.latex.evaluate import evaluate, rational
from udfs.latex.nodes import (
    Add,
    Call,
    Constant,
    Div,
    Ellipsis,  # noqa: A004 - see its definition
    Mul,
    Name,
    Neg,
    Node,
    Number,
    Pow,
    Series,
    free_names,
)

_INDEX = ("k", "j", "m", "index")
_PROBES = (Fraction(3, 7), Fraction(11, 5))


def without_ellipsis(node: Node) -> Node:
    """Return a sum or product with an `Ellipsis` as a `Series`.

    The terms that are written out must fit an arithmetic or geometric progression in the one
    number, or in each of the numbers, in which they differ.

    Args:
        node: an `Add` or a `Mul` that holds one `Ellipsis`.

    Raises:
        LatexError: reason `ellipsis`: no progression fits, or there are several.
    """
    if isinstance(node, Add):
        items, kind = node.terms, "sum"
    elif isinstance(node, Mul):
        items, kind = node.factors, "product"
    else:
        return node
    places = [at for at, item in enumerate(items) if isinstance(item, Ellipsis)]
    if len(places) != 1 or places[0] == 0:
        raise LatexError("ellipsis")
    before, after = list(items[: places[0]]), list(items[places[0] + 1 :])
    index = next(name for name in _INDEX if name not in free_names(node))
    return (
        _of_numbers(kind, before, after, index)
        or _of_integers_to(kind, before, after, index)
        or _of_shapes(kind, before, after, index)
        or _fail()
    )


def _fail() -> Node:
    raise LatexError("ellipsis")


def _of_numbers(kind: str, before: list[Node], after: list[Node], index: str) -> Node | None:
    head = [rational(term) for term in before]
    tail = [rational(term) for term in after]
    first = [value for value in head if value is not None]
    last = [value for value in tail if value is not None]
    if len(first) < len(head) or len(last) < len(tail):
        return None
    if len(first) == 1 and len(last) >= 1:
        # `1 + ... + 100` counts by ones.
        first.append(first[0] + (1 if last[-1] > first[0] else -1))
        if len(last) == 1 and first[1] == last[0]:
            return None
    return _progression(kind, first, last, index)


def _progression(kind: str, head: list[Fraction], tail: list[Fraction], index: str) -> Node | None:
    if len(head) < 2:
        return None
    step = head[1] - head[0]
    if len(head) == 2 and tail and head[0] and head[1] / head[0] >= 5:
        # Of two terms alone, 1 + 10 + ... + 10000 is no arithmetic progression.
        geometric = _geometric(kind, head, tail, index)
        if geometric is not None:
            return geometric
    if step and all(b - a == step for a, b in pairwise(head)):
        if not tail:
            return None
        count = (tail[-1] - head[0]) / step
        if count.denominator == 1 and count >= len(head) - 1 and _ends(tail, step):
            lower, upper = head[0], tail[-1]
            if abs(step) == 1 and lower.denominator == 1:
                low, high = sorted((lower, upper))
                return Series(kind, index, _number(low), _number(high), Name(index))
            return Series(kind, index, _number(0), _number(count), _linear(head[0], step, index))
    return _geometric(kind, head, tail, index)


def _ends(tail: list[Fraction], step: Fraction) -> bool:
    return all(b - a == step for a, b in pairwise(tail))


def _geometric(kind: str, head: list[Fraction], tail: list[Fraction], index: str) -> Node | None:
    if 0 in head or 0 in tail:
        return None
    ratio = head[1] / head[0]
    if ratio in (1, -1) or any(b / a != ratio for a, b in pairwise(head)):
        return None
    body: Node = Pow(_number(ratio), Name(index))
    if head[0] != 1:
        body = Mul((_number(head[0]), body), ("", "cdot"))
    if not tail:
        if kind == "product":
            return None
        return Series(kind, index, _number(0), Constant("infinity"), body)
    value, count = head[0], 0
    while value != tail[-1] and count < 2000:
        value, count = value * ratio, count + 1
    if value != tail[-1] or any(b / a != ratio for a, b in pairwise(tail)):
        return None
    return Series(kind, index, _number(0), _number(count), body)


def _of_integers_to(kind: str, before: list[Node], after: list[Node], index: str) -> Node | None:
    """`1 + 2 + ... + n`, where the last term is symbolic."""
    head = [rational(term) for term in before]
    values = [value for value in head if value is not None]
    if len(values) < len(head) or len(values) < 2 or not after or rational(after[-1]) is not None:
        return None
    if any(b - a != 1 for a, b in pairwise(values)):
        return None
    last = after[-1]
    if len(after) == 2 and _difference(after[1], after[0]) != 1:
        return None
    if len(after) > 2 or not isinstance(last, Name | Add):
        return None
    return Series(kind, index, _number(values[0]), last, Name(index))


def _difference(left: Node, right: Node) -> Fraction | None:
    names = sorted(free_names(left) | free_names(right))
    found = set()
    for shift in (3, 8):
        values = {name: Fraction(shift + 2 * at) for at, name in enumerate(names)}
        try:
            found.add(evaluate(left, values) - evaluate(right, values))
        except LatexError:
            return None
    value = found.pop()
    return value if not found and isinstance(value, Fraction) else None


def _of_shapes(kind: str, before: list[Node], after: list[Node], index: str) -> Node | None:
    """Terms alike but for numbers, each of which moves on by steps: `x^2 + x^4 + ... + x^{22}`."""
    for skipped in range(len(before)):
        head = [_shape(term) for term in before[skipped:]]
        tail = [_shape(term) for term in after]
        shapes = {shape for shape, _ in [*head, *tail]}
        if len(shapes) != 1 or (len(head) < 2 and not tail):
            continue
        body, count = _template(before[skipped], head, tail, index, skipped)
        if body is None:
            continue
        upper: Node = Constant("infinity") if count is None else _number(count + skipped)
        series = Series(kind, index, _number(0), upper, body)
        if all(_fits(body, index, at, term) for at, term in enumerate(before)):
            return series
    return None


def _template(
    first: Node,
    head: list[tuple[object, tuple[Fraction, ...]]],
    tail: list[tuple[object, tuple[Fraction, ...]]],
    index: str,
    skipped: int,
) -> tuple[Node | None, Fraction | None]:
    rows = [values for _, values in head]
    ends = [values for _, values in tail]
    count: Fraction | None = None
    replacements: list[Node | None] = []
    for place in range(len(rows[0])):
        column = [row[place] for row in rows]
        end = [row[place] for row in ends]
        if len(set(column + end)) == 1:
            replacements.append(None)
            continue
        step = column[1] - column[0] if len(column) > 1 else Fraction(1)
        if not step or any(b - a != step for a, b in pairwise(column)):
            return None, None
        if end:
            reached = (end[-1] - column[0]) / step
            if reached.denominator != 1 or reached < 1 or (count is not None and count != reached):
                return None, None
            count = reached
        replacements.append(_linear(column[0] - skipped * step, step, index))
    if all(replacement is None for replacement in replacements):
        return None, None
    return _fill(first, replacements), count


def _fits(body: Node, index: str, place: int, term: Node) -> bool:
    names = (free_names(term) | free_names(body)) - {index}
    try:
        for probe in _PROBES:
            values = {name: probe + at for at, name in enumerate(sorted(names))}
            found = evaluate(body, {**values, index: Fraction(place)})
            if abs(complex(found) - complex(evaluate(term, values))) > 1e-9:
                return False
    except LatexError:
        return False
    return True


def _shape(node: Node) -> tuple[object, tuple[Fraction, ...]]:
    """An expression with its numbers taken out, and these numbers in order."""
    match node:
        case Number(value=value):
            return "number", (value,)
        case Name(name):
            return name, ()
        case Neg(inner):
            return _join("neg", (inner,))
        case Add(terms):
            return _join("add", terms)
        case Mul(factors, _):
            return _join("mul", factors)
        case Div(a, b):
            return _join("div", (a, b))
        case Pow(a, b):
            return _join("pow", (a, b))
        case Call(function, arguments):
            return _join(function, arguments)
    return node, ()


def _join(word: str, inner: tuple[Node, ...]) -> tuple[object, tuple[Fraction, ...]]:
    shapes = [_shape(part) for part in inner]
    return (word, *(shape for shape, _ in shapes)), tuple(n for _, found in shapes for n in found)


def _fill(node: Node, replacements: list[Node | None]) -> Node:
    """Put expressions in the place of an expression's numbers, in their order."""
    match node:
        case Number():
            replacement = replacements.pop(0)
            return node if replacement is None else replacement
        case Neg(inner):
            return Neg(_fill(inner, replacements))
        case Add(terms):
            return Add(tuple(_fill(term, replacements) for term in terms))
        case Mul(factors, signs):
            return Mul(tuple(_fill(factor, replacements) for factor in factors), signs)
        case Div(a, b):
            return Div(_fill(a, replacements), _fill(b, replacements))
        case Pow(a, b):
            return Pow(_fill(a, replacements), _fill(b, replacements))
        case Call(function, arguments):
            return Call(function, tuple(_fill(a, replacements) for a in arguments))
    return node


def _linear(start: Fraction, step: Fraction, index: str) -> Node:
    moving: Node = Name(index)
    if step == -1:
        moving = Neg(moving)
    elif step != 1:
        moving = Mul((_number(step), moving), ("", "cdot"))
    return Add((_number(start), moving)) if start else moving


def _number(value: Fraction | int) -> Node:
    value = Fraction(value)
    if value < 0:
        return Neg(_number(-value))
    if value.denominator != 1:
        return Div(_number(value.numerator), _number(value.denominator))
    return Number(value, None, str(value.numerator))
