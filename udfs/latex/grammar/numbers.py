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


def read_number(reader: Reader) -> Node:
    """Read a number, in the base that a subscript states."""
    token = reader.next()
    number = number_of(token)
    if not reader.is_next("_"):
        return number
    reader.at += 1
    base = reader.script()
    if not isinstance(base, Number) or base.value.denominator != 1 or number.decimals:
        raise LatexError("unsupported_subscript")
    radix = int(base.value)
    digits = number.digits
    if not 2 <= radix <= 36 or any(int(digit, 36) >= radix for digit in digits):
        raise LatexError("unsupported_subscript", f"base {radix}")
    return Number(Fraction(int(digits, radix)), None, digits, radix)


def number_of(token: Token) -> Number:
    """Return the number that a token spells."""
    text = token.text
    if len(text) > MAX_DIGITS:
        raise LatexError("too_large", "number")
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
