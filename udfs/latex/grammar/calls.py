"""Names and calls: functions of mathematics and of the document, with their arguments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.latex import vocabulary
from udfs.latex.errors import LatexError
from udfs.latex.grammar.brackets import read_brackets
from udfs.latex.grammar.names import read_capitals, read_subscript
from udfs.latex.grammar.numbers import number_of
from udfs.latex.lexer import Token
from udfs.latex.nodes import (
    ONE,
    Apply,
    Call,
    Derivative,
    Name,
    Neg,
    Node,
    Number,
    Pow,
    Sequence,
    product,
)

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader


def read_name(reader: Reader) -> Node:
    """Read a letter or a run of capitals, with its subscript and what it is applied to."""
    token = reader.next()
    name = token.text
    if name.isupper():
        name += read_capitals(reader, name)
    name += read_subscript(reader)
    if re.fullmatch(r"D_[a-z]", name) and name not in reader.symbols:
        return Derivative(reader.term(), name[2:])
    return applied(reader, name)


def read_text(reader: Reader) -> Node:
    """Read text that is a function, a number or a name."""
    token = reader.peek()
    words = token.text
    if words in vocabulary.FUNCTION_WORDS:
        reader.at += 1
        return read_function(reader, vocabulary.FUNCTION_WORDS[words])
    if words.isdigit():
        reader.at += 1
        return number_of(Token("number", words, False))
    if words in vocabulary.CONJUNCTIONS or not re.fullmatch(
        r"[^\W\d_]+(?:[ \-'][^\W\d_]+){0,3}\.?", words
    ):
        raise reader.unexpected()
    reader.at += 1
    name = re.sub(r"\W+", "_", words).strip("_")
    return applied(reader, name + read_subscript(reader))


def applied(reader: Reader, name: str) -> Node:
    """A name, or a call of it where the document says that it is a function."""
    order = 0
    start = reader.at
    while reader.peek().text in ("'", "’", "′") or (
        reader.is_next("^") and reader.script_at(1) in ("'", r"\prime")
    ):
        if reader.is_next("^"):
            reader.at += 1
            reader.script_skip()
        else:
            reader.at += 1
        order += 1
    is_function = name in reader.functions or (name in "fgh" and name not in reader.symbols)
    if is_function and not order and reader.is_next("^") and _is_inverse_ahead(reader):
        reader.at += 5
        order = -1
    token = reader.peek()
    opens = token.text == "(" and token.kind in ("(", "open")
    if opens and (is_function or order > 0):
        inside = read_brackets(reader)
        arguments = (
            inside.items if isinstance(inside, Sequence) and inside.brackets == "()" else (inside,)
        )
        return Apply(name, arguments, order)
    if order == -1:
        reader.at = start
    if order > 0:
        return Name(name + "_prime" * order)
    if opens and _has_comma(reader):
        inside = read_brackets(reader)
        if isinstance(inside, Sequence):
            return Apply(name, inside.items)
        reader.at = start
    return Name(name)


def _is_inverse_ahead(reader: Reader) -> bool:
    return [reader.peek(k).text for k in range(1, 6)] == ["{", "-", "1", "}", "("]


def _has_comma(reader: Reader) -> bool:
    """Whether the bracket that comes next holds a list."""
    level = 0
    for place in range(reader.at, min(len(reader.tokens), reader.at + 200)):
        text = reader.tokens[place].text
        if text in ("(", "{", "[", r"\{"):
            level += 1
        elif text in (")", "}", "]", r"\}"):
            level -= 1
            if level == 0:
                return False
        elif text == "," and level == 1:
            return True
    return False


def read_function(reader: Reader, function: str) -> Node:
    """Read the script and arguments behind the name of a function."""
    base: Node | None = None
    exponent: Node | None = None
    while reader.peek().text in ("_", "^"):
        if reader.next().text == "_":
            base = reader.script()
        else:
            exponent = reader.script()
    arguments = read_arguments(reader, function)
    if function == "log" and base is not None:
        arguments = (arguments[0], base)
    elif base is not None and function not in ("max", "min"):
        raise LatexError("unsupported_subscript", function)
    if isinstance(exponent, Neg) and exponent.value == ONE and function in vocabulary.INVERSES:
        return Call(vocabulary.INVERSES[function], arguments)
    call = Call(function, arguments)
    return call if exponent is None else Pow(call, exponent)


def read_arguments(reader: Reader, function: str) -> tuple[Node, ...]:
    """Read the arguments of a function, in brackets or without."""
    token = reader.peek()
    if token.text in ("(", "[", r"\{") and token.kind in ("(", "[", "open", "command"):
        inside = read_brackets(reader)
        if isinstance(inside, Sequence) and function in vocabulary.MANY:
            return inside.items
        return (inside,)
    if function in vocabulary.MANY and token.kind != "{":
        raise LatexError("unsupported_argument", function)
    if token.kind == "-":
        reader.at += 1
        return (Neg(bare_argument(reader)),)
    if not reader.starts_factor(token):
        raise LatexError("incomplete") if not token.kind else reader.unexpected()
    inside = bare_argument(reader)
    if isinstance(inside, Sequence) and function in vocabulary.MANY:
        return inside.items
    return (inside,)


def bare_argument(reader: Reader) -> Node:
    r"""The product behind a function without brackets: `\sin 2x \cos x` stops at `\cos`."""
    factors: list[Node] = []
    while True:
        token = reader.peek()
        if factors and (
            token.text in vocabulary.FUNCTIONS
            or (token.kind == "text" and token.text in vocabulary.FUNCTION_WORDS)
            or (token.text in ("(", r"\{") and not isinstance(factors[-1], Number))
        ):
            break
        if not reader.starts_factor(token):
            break
        factors.append(reader.factor())
    return product(factors, [""] * len(factors))
