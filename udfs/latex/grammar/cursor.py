"""The place in a formula's tokens, what was seen on the way, and how deep it went."""

from __future__ import annotations

from udfs.latex import vocabulary
from udfs.latex.errors import LatexError
from udfs.latex.lexer import Token

MAX_DEPTH = 60
"""Deepest nesting that is read; two levels, a bracket and what is in it, cost ten frames."""

MAX_NESTS = 1000
"""Most signs of a formula that each make the tree a level deeper, such as a slash."""

END = Token("", "", False)


class Cursor:
    """The place in the tokens, and the readings that were chosen."""

    def __init__(
        self,
        found: list[Token],
        functions: frozenset[str],
        symbols: frozenset[str],
        operators: frozenset[str],
        *,
        mixed: bool,
        slash_groups: bool,
    ) -> None:
        self.tokens = found
        self.at = 0
        self.depth = 0
        self.bars = 0
        self.nests = 0
        self.integrals = 0
        self.differential = ""
        self.functions = functions
        self.symbols = symbols
        self.operators = operators
        self.mixed = mixed
        self.slash_groups = slash_groups

    def peek(self, ahead: int = 0) -> Token:
        """The token that comes after so many others, without taking it."""
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else END

    def next(self) -> Token:
        """Take a token."""
        token = self.peek()
        self.at += 1
        return token

    def is_next(self, text: str) -> bool:
        """Whether this comes next."""
        return self.peek().text == text

    def take(self, text: str) -> bool:
        """Take this if it comes next."""
        if self.is_next(text):
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        """Take this; an error if it does not come next."""
        if not self.take(text):
            raise LatexError("unbalanced", f"{text} wanted, {self.peek().text or 'the end'} found")

    def unexpected(self) -> LatexError:
        """The error for what comes next."""
        token = self.peek()
        if not token.kind:
            return LatexError("incomplete")
        if token.text in vocabulary.RELATIONS:
            return LatexError("relation", token.text)
        if token.kind == "text":
            return LatexError("prose", token.text)
        if token.kind == "command":
            return LatexError("unsupported_command", token.text)
        if token.kind in ("begin", "end"):
            return LatexError("unsupported_environment", token.text)
        return LatexError("unexpected", token.text)

    def script_at(self, ahead: int = 0) -> str:
        """The only token of the script that comes after so many tokens, else nothing."""
        if self.peek(ahead).text == "{":
            return self.peek(ahead + 1).text if self.peek(ahead + 2).text == "}" else ""
        return self.peek(ahead).text

    def radix(self, ahead: int) -> int:
        """The base that the script after so many tokens states, else 0."""
        base = self.script_at(ahead)
        return int(base) if base.isdigit() and len(base) <= 2 else 0

    def script_skip(self) -> None:
        """Pass over a script of one token."""
        self.at += 3 if self.is_next("{") else 1

    def is_differential(self) -> bool:
        """Whether `dx` of an integral comes next."""
        token = self.peek()
        return (
            self.integrals > 0
            and token.text == "d"
            and token.kind in ("name", "text")
            and (self.peek(1).kind == "name" or self.peek(1).text in vocabulary.LETTERS)
        )

    def deepen(self) -> None:
        """Go one level deeper; the caller comes up again."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise LatexError("too_deep")

    def nest(self) -> None:
        """Count what makes the tree deeper without a bracket: a slash, a factorial, a unit."""
        self.nests += 1
        if self.nests > MAX_NESTS:
            raise LatexError("too_deep")
