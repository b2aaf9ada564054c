"""Names and calls: functions of mathematics and of the document, with their arguments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.latex import vocabulary
from udfs.latex.errors import LatexError
from udfs.latex.grammar.brackets import read_brackets
from udfs.latex.grammar.names import read_capitals, read_event, read_subscript
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
    free_names,
    product,
    walk,
)

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader

_WORDS = re.compile(r"[^\W\d_]+\d?(?:[ \-'][^\W\d_]+){0,3}\.?")
_COUNTS = {"C": "binomial", "P": "permutation"}
_COUNTED = frozenset("nkrm")
_SPECIAL = {"Gamma": "gamma", "zeta": "zeta"}


def is_function(token: Token) -> bool:
    """Whether a token is the name of a function of mathematics."""
    return token.text in vocabulary.FUNCTIONS or (
        token.kind == "text" and token.text in vocabulary.FUNCTION_WORDS
    )


def function_of(token: Token) -> str:
    """Return the function that a token names."""
    return vocabulary.FUNCTIONS.get(token.text) or vocabulary.FUNCTION_WORDS[token.text]


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
    if words.split()[0] in vocabulary.CONJUNCTIONS or not _WORDS.fullmatch(words):
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
    is_known = name in reader.functions or (name in "fgh" and name not in reader.symbols)
    if is_known and not order and reader.is_next("^") and _is_inverse_ahead(reader):
        reader.at += 5
        order = -1
    token = reader.peek()
    opens = token.text == "(" and token.kind in ("(", "open")
    if opens and not order and not is_known:
        meant = _meant(reader, name)
        if meant is not None:
            return meant
    if opens and (is_known or order > 0):
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


def _meant(reader: Reader, name: str) -> Node | None:
    r"""What a letter before a bracket means everywhere: `P(A \cap B)`, `C(8, 3)`, `\varphi(36)`."""
    start = reader.at
    if name in ("P", "Pr", "n", "N"):
        event = read_event(reader, ")")
        if event and (name in ("P", "Pr") or "_" in event):
            return Name(f"{name}_{event}")
        reader.at = start
    if name in ("phi", "varphi") and reader.peek(1).text.isdigit() and reader.peek(2).text == ")":
        argument = number_of(reader.peek(1))
        if argument.value > 2:
            reader.at += 3
            return Call("totient", (argument,))
    if name in _SPECIAL and not _has_comma(reader):
        inside = read_brackets(reader)
        if not free_names(inside) or (name == "Gamma" and "Gamma" not in free_names(inside)):
            return Call(_SPECIAL[name], (inside,))
        reader.at = start
    if name in _COUNTS and _has_comma(reader):
        inside = read_brackets(reader)
        if isinstance(inside, Sequence) and len(inside.items) == 2 and _is_count(inside):
            return Call(_COUNTS[name], inside.items)
        reader.at = start
    return None


def _is_count(inside: Sequence) -> bool:
    """Whether a pair says how many of how many are chosen; `C(9, -2)` is a point."""
    match inside.items:
        case Number(value=n), Number(value=k):
            return n.denominator == k.denominator == 1 and n > k >= 0
    parts = [part for part in walk(inside) if isinstance(part, Name | Number)]
    return all(isinstance(part, Number) or part.name in _COUNTED for part in parts)


def read_prescript(reader: Reader) -> Node:
    """Read a number of choices with its total before the letter: `{}_{10}C_3`, `^7P_2`."""
    if reader.take("{"):
        reader.expect("}")
    reader.at += 1
    total = reader.script()
    letter = reader.next().text
    if letter not in _COUNTS or reader.next().text not in ("_", "^"):
        raise LatexError("unsupported_subscript", letter)
    return Call(_COUNTS[letter], (total, reader.script()))


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
