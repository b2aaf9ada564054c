r"""Commands: fractions, roots, derivatives, bars, money and figures."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from udfs.latex import vocabulary
from udfs.latex.errors import LatexError
from udfs.latex.grammar.brackets import read_paired
from udfs.latex.grammar.calculus import read_integral, read_limit, read_series
from udfs.latex.grammar.calls import applied, read_function
from udfs.latex.grammar.names import read_subscript, read_variable
from udfs.latex.nodes import (
    Call,
    Constant,
    Derivative,
    Div,
    Ellipsis,  # noqa: A004 - see its definition
    Mul,
    Name,
    Node,
    Number,
    Quantity,
    Sequence,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from udfs.latex.grammar.reader import Reader


def read_command(reader: Reader) -> Node:
    """Read what a command begins: a letter, function, constant or one of the table below."""
    text = reader.peek().text
    if text in vocabulary.LETTERS:
        reader.at += 1
        return applied(reader, text[1:] + read_subscript(reader))
    if text in vocabulary.NAMES:
        reader.at += 1
        return applied(reader, vocabulary.NAMES[text] + read_subscript(reader))
    if text in vocabulary.FUNCTIONS:
        reader.at += 1
        return read_function(reader, vocabulary.FUNCTIONS[text])
    if text in vocabulary.CONSTANTS:
        reader.at += 1
        return Constant(vocabulary.CONSTANTS[text])
    if text in (r"\lfloor", r"\lceil", r"\langle"):
        reader.at += 1
        return read_paired(reader, text)
    handler = _COMMANDS.get(text)
    if handler is None:
        raise reader.unexpected()
    reader.at += 1
    return handler(reader)


def read_fraction(reader: Reader) -> Node:
    """Read a fraction, or a derivative that is written as one."""
    derivative = read_leibniz(reader)
    if derivative is not None:
        return derivative
    numerator = reader.argument()
    return Div(numerator, reader.argument())


def read_leibniz(reader: Reader) -> Node | None:
    r"""`\frac{d}{dx} body`, `\frac{d^2}{dx^2} body` or `\frac{dy}{dx}`, or None."""
    texts = [reader.peek(k).text for k in range(12)]
    if texts[0] != "{" or texts[1] not in ("d", r"\partial"):
        return None
    mark = texts[1]
    place, order = 2, 1
    if texts[2] == "^" and texts[3].isdigit():
        order, place = int(texts[3]), 4
    subject = None
    if texts[place] != "}":
        subject = reader.peek(place)
        place += 1
    if texts[place : place + 3] != ["}", "{", mark] or not 1 <= order <= 9:
        return None
    start = reader.at
    reader.at += place + 2
    variables = _read_differentials(reader, mark)
    if sum(times for _, times in variables) != order:
        reader.at = start
        return None
    if subject is not None:
        if subject.kind != "name" and subject.text not in vocabulary.LETTERS:
            reader.at = start
            return None
        body: Node = Name(subject.text.lstrip("\\"))
    else:
        body = reader.term()
    for variable, times in reversed(variables):
        body = Derivative(body, variable, times)
    return body


def _read_differentials(reader: Reader, mark: str) -> list[tuple[str, int]]:
    r"""Read `dx^2}` or `\partial x \partial y}`: the variables, each with how many times."""
    found = []
    while reader.take(mark):
        if reader.peek().kind != "name" and reader.peek().text not in vocabulary.LETTERS:
            return []
        variable = read_variable(reader)
        times = 1
        if reader.take("^"):
            script = reader.script()
            if not isinstance(script, Number) or not 1 <= script.value <= 9:
                return []
            times = int(script.value)
        found.append((variable, times))
    return found if reader.take("}") else []


def read_root(reader: Reader) -> Node:
    """Read a root with its index."""
    index = None
    if reader.is_next("["):
        reader.at += 1
        index = reader.expression()
        reader.expect("]")
    value = reader.argument()
    return Call("sqrt", (value,)) if index is None else Call("root", (value, index))


def read_binomial(reader: Reader) -> Node:
    """Read a binomial coefficient."""
    top = reader.argument()
    return Call("binomial", (top, reader.argument()))


def read_overline(reader: Reader) -> Node:
    """Read what stands under a line: a segment, or a conjugate."""
    value = reader.argument()
    match value:
        case Name(name) if name.isupper() and len(name) > 1:
            return value
        case Number() | Mul():
            if all(isinstance(part, Number | Name) for part in getattr(value, "factors", (value,))):
                raise LatexError("numeral")
    return Call("conjugate", (value,))


def read_bar(reader: Reader) -> Node:
    """Read what stands under a short bar: a name such as a mean, or a conjugate."""
    value = reader.argument()
    if isinstance(value, Name):
        return Name(value.name + "_bar" + read_subscript(reader))
    return Call("conjugate", (value,))


def read_accent(reader: Reader, mark: str) -> Node:
    r"""Read a letter with a mark over it, which is another name than the letter: `\hat{p}`."""
    value = reader.argument()
    if not isinstance(value, Name):
        raise LatexError("unsupported_argument", mark)
    return applied(reader, f"{value.name}_{mark}" + read_subscript(reader))


def read_braced(reader: Reader) -> Node:
    r"""Read what stands over a brace, and pass over the note at it."""
    value = reader.argument()
    while reader.peek().text in ("_", "^") and reader.peek(1).text == "{":
        reader.at += 2
        level = 1
        while level:
            token = reader.next()
            if not token.kind:
                raise LatexError("unbalanced", "{")
            level += (token.text == "{") - (token.text == "}")
    return value


def read_money(reader: Reader) -> Node:
    """Read a sum of money behind its sign."""
    return Quantity(reader.factor(), "$")


def read_figure(reader: Reader, word: str) -> Node:
    r"""`\angle ABC`, `\triangle ABC`: a name."""
    run = ""
    while reader.peek().kind == "name" and reader.peek().text.isupper():
        run += reader.next().text
    if run:
        return Name(f"{word}_{run}")
    if word == "angle" and (
        reader.peek().kind in ("name", "number") or reader.peek().text in vocabulary.LETTERS
    ):
        inner = reader.next().text.lstrip("\\")
        return Name(f"angle_{inner}")
    return Name(word)


_COMMANDS: dict[str, Callable[[Reader], Node]] = {
    r"\frac": read_fraction,
    r"\sqrt": read_root,
    r"\binom": read_binomial,
    r"\overline": read_overline,
    r"\bar": read_bar,
    r"\underbrace": read_braced,
    r"\mathcal": lambda reader: read_accent(reader, "cal"),
    **{f"\\{mark}": partial(read_accent, mark=mark) for mark in vocabulary.ACCENTS},
    r"\$": read_money,
    r"\angle": lambda reader: read_figure(reader, "angle"),
    r"\triangle": lambda reader: read_figure(reader, "triangle"),
    r"\sum": lambda reader: read_series(reader, "sum"),
    r"\prod": lambda reader: read_series(reader, "product"),
    r"\lim": read_limit,
    r"\int": read_integral,
    r"\cdots": lambda _: Ellipsis(),
    r"\emptyset": lambda _: Sequence((), "{}"),
    r"\varnothing": lambda _: Sequence((), "{}"),
}
