"""Numbers: decimals, separators of thousands, repeating periods and bases."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from udfs.latex.errors import LatexError
from udfs.latex.lexer import Token
from udfs.latex.nodes import Node, Number

if TYPE_CHECKING:
    from udfs.latex.grammar.reader import Reader


MAX_DIGITS = 1000
_HIGH_DIGITS = frozenset("ABCDEF")


def read_number(reader: Reader) -> Node:
    """Read a number, in the base that a subscript states."""
    if reader.peek(1).text in _HIGH_DIGITS and (run := _hexadecimal(reader)):
        reader.at += len(run)
        return based(reader, Number(Fraction(0), None, "".join(run)))
    number = number_of(reader.next())
    return based(reader, number) if reader.is_next("_") else number


def _hexadecimal(reader: Reader) -> list[str]:
    """The tokens of a number with letters for digits and its base behind it: `2A3_{16}`."""
    run: list[str] = []
    while (token := reader.peek(len(run))).kind in ("number", "name") and len(run) < MAX_DIGITS:
        if token.text not in _HIGH_DIGITS and not token.text.isdigit():
            return []
        run.append(token.text)
    return run if token.text == "_" and len(run) > 1 and reader.radix(len(run) + 1) > 10 else []


def based(reader: Reader, number: Number) -> Number:
    """Read the base that a subscript states, and the digits in it.

    Raises:
        LatexError: it is none, or the digits are not all below it.
    """
    radix = reader.radix(1)
    reader.expect("_")
    reader.script()
    digits = number.digits
    if number.decimals or not 2 <= radix <= 36 or any(int(d, 36) >= radix for d in digits):
        raise LatexError("unsupported_subscript", f"base {radix}")
    return Number(Fraction(int(digits, radix)), None, digits, radix)


def number_of(token: Token) -> Number:
    """Return the number that a token spells."""
    text = token.text
    if len(text) > MAX_DIGITS:
        raise LatexError("too_large", "number")
    if text.isdigit():
        return Number(Fraction(int(text)), None, text)
    if token.kind == "repeating":
        head, _, tail = text.partition("\\")
        period = re.sub(r"\D", "", tail)
        whole, _, fixed = head.partition(".")
        shown = f"{whole or '0'}.{fixed}({period})"
        value = Fraction(int(whole + fixed + period) - int(whole + fixed or "0"), 1)
        value /= 10 ** len(fixed) * (10 ** len(period) - 1)
        return Number(value, None, shown)
    digits = text.replace("{.}", ".")
    if re.search(r"\{,\}\d{3}(?!\d)", digits) is None:
        digits = digits.replace("{,}", ".")
    digits = re.sub(r"[^\d.]", "", digits)
    _, point, decimals = digits.partition(".")
    return Number(Fraction(digits), len(decimals) if point else None, digits)
