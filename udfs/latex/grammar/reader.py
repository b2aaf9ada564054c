r"""Lists, sums, products, powers and groups: what every other form is made of."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from udfs.latex import vocabulary
from udfs.latex.errors import LatexError
from udfs.latex.grammar.atoms import read_atom
from udfs.latex.grammar.calls import function_of, is_function, read_function
from udfs.latex.grammar.cursor import MAX_DEPTH, Cursor
from udfs.latex.grammar.names import read_variable
from udfs.latex.grammar.numbers import number_of
from udfs.latex.grammar.units import UNITS_TOO, is_unit, read_unit
from udfs.latex.lexer import Token
from udfs.latex.nodes import (
    ONE,
    Add,
    Apply,
    Call,
    Div,
    Ellipsis,  # noqa: A004 - see its definition
    Matrix,
    Name,
    Neg,
    Node,
    Number,
    PlusMinus,
    Pow,
    Quantity,
    Sequence,
    depth,
    product,
    total,
)

if TYPE_CHECKING:
    from udfs.latex.lexer import Token


MAX_TREE_DEPTH = 120
_MARKS = {1: [True, False, False], 2: [True, True, False]}
"""Whether a minute or second sign comes next, by how many."""
_ENDS = frozenset([",", ".", ";", r"\\", ":"])

STOPS = frozenset(["", ")", "]", "}", ",", ";", "&", "close", "end", "+", "-", "=", "<", ">", "."])
NOT_FACTORS = frozenset(
    [
        r"\cdot",
        r"\times",
        r"\div",
        r"\pm",
        r"\mp",
        r"\cdots",
        r"\\",
        r"\}",
        r"\to",
        r"\mid",
        r"\bmod",
        r"\mod",
        r"\pmod",
        r"\choose",
        r"\over",
        r"\rangle",
        r"\rfloor",
        r"\rceil",
        r"\atop",
        r"\vdots",
        r"\ddots",
        r"\colon",
        r"\le",
        r"\ge",
        r"\leq",
        r"\geq",
        r"\ne",
        r"\neq",
        r"\approx",
        r"\equiv",
    ]
)


class Reader(Cursor):
    """Reads the forms that hold others; the rest are functions of a reader."""

    def everything(self) -> Node:
        """Read a whole formula."""
        while self.tokens and self.tokens[-1].text in _ENDS and self.tokens[-1].kind != "close":
            self.tokens.pop()
        if not self.tokens:
            raise LatexError("empty")
        items = self.items()
        if self.peek().kind:
            raise self.unexpected()
        tree = items[0] if len(items) == 1 else Sequence(tuple(items), "")
        if self.nests > MAX_DEPTH and depth(tree) > MAX_TREE_DEPTH:
            raise LatexError("too_deep")
        return tree

    def items(self) -> list[Node]:
        """Read a list, separated by commas, semicolons or words."""
        items = [self.expression()]
        while True:
            if self.peek().text in (",", ";"):
                self.at += 1
                if self.peek().text in vocabulary.CONJUNCTIONS:
                    self.at += 1
            elif self.peek().kind == "text" and self.peek().text in vocabulary.CONJUNCTIONS:
                self.at += 1
            else:
                return items
            items.append(self.expression())

    def expression(self) -> Node:
        """Read a sum."""
        self.deepen()
        terms: list[Node] = []
        while True:
            sign = self.peek().text
            if sign in ("+", "-"):
                self.at += 1
                term = self.term()
                terms.append(Neg(term) if sign == "-" else term)
            elif sign in (r"\pm", r"\mp"):
                self.at += 1
                self.nest()
                left = total(terms) if terms else None
                terms = [PlusMinus(left, self.term(), sign == r"\mp")]
            elif not terms:
                terms.append(self.term())
            else:
                break
        self.depth -= 1
        return total(terms)

    def term(self) -> Node:
        """Read a product."""
        factors: list[Node] = [self.signed_factor()]
        signs = [""]
        while True:
            token = self.peek()
            text = token.text
            if text in (r"\cdot", r"\times", "*") and text not in self.operators:
                self.at += 1
                factors.append(self.signed_factor())
                signs.append("times" if text == r"\times" else "cdot")
            elif text in ("/", r"\div", ":"):
                self.at += 1
                self.nest()
                denominator = self.denominator(factors[-1])
                factors, signs = [Div(product(factors, signs), denominator)], [""]
            elif text in (r"\bmod", r"\mod"):
                self.at += 1
                self.nest()
                factors, signs = [Call("mod", (product(factors, signs), self.factor()))], [""]
            elif text in self.operators:
                self.at += 1
                self.nest()
                left = product(factors, signs)
                factors, signs = [Apply(text, (left, self.signed_factor()))], [""]
            elif text == r"\cdots":
                self.at += 1
                factors.append(Ellipsis())
                signs.append("cdot")
            elif self.starts_factor(token):
                if token.kind == "number" and self.tokens[self.at - 1].kind == "number":
                    # Two numbers with nothing but space between are no product.
                    raise self.unexpected()
                factors.append(self.factor())
                signs.append("")
            else:
                return product(factors, signs)

    def denominator(self, numerator: Node) -> Node:
        """Read what stands behind a slash."""
        if isinstance(numerator, Quantity) and self.peek().kind == "text":
            # Kilometres per hour: the second unit divides no number.
            return Quantity(ONE, read_unit(self))
        first = self.signed_factor()
        if not self.slash_groups:
            return first
        factors, signs = [first], [""]
        while self.starts_factor(self.peek()):
            factors.append(self.factor())
            signs.append("")
        return product(factors, signs)

    def starts_factor(self, token: Token) -> bool:
        """Whether a token begins a factor that needs no sign before it."""
        if token.kind in STOPS or token.text in NOT_FACTORS:
            return False
        if token.text in ("|", r"\|"):
            return not self.bars or token.kind == "open"
        if token.text in self.operators or token.text in vocabulary.RELATIONS:
            return False
        if self.is_differential():
            return False
        if token.kind == "text":
            return token.text.split()[0] not in vocabulary.CONJUNCTIONS
        return token.kind in ("number", "repeating", "name", "command", "begin", "open") or (
            token.kind in "([{"
        )

    def signed_factor(self) -> Node:
        """Read a factor with its sign."""
        sign = self.peek().text
        if sign in ("-", "+"):
            self.at += 1
            self.deepen()
            value = self.signed_factor()
            self.depth -= 1
            return Neg(value) if sign == "-" else value
        return self.factor()

    def factor(self) -> Node:
        """Read a factor with its powers, factorials and units."""
        start = self.at
        value = before = read_atom(self)
        if self.mixed and isinstance(value, Number) and self.at == start + 1:
            value = self.mixed_number(value)
        while True:
            token = self.peek()
            if value is not before:
                self.nest()
                before = value
            if token.kind == "^":
                value = self.power(value)
            elif token.kind == "!":
                self.at += 1
                kind = "factorial"
                if self.is_next("!") and not self.peek().is_spaced:
                    self.at += 1
                    kind = "double_factorial"
                value = Call(kind, (value,))
            elif token.text in (r"\%", "%"):
                self.at += 1
                value = Quantity(value, "percent")
            elif token.text == r"\degree":
                self.at += 1
                value = self.minutes(Quantity(value, "degree"))
            elif token.kind == "text" and (
                is_unit(token.text)
                or (token.text in UNITS_TOO and not self.starts_factor(self.peek(1)))
            ):
                value = Quantity(value, read_unit(self))
            else:
                return value

    def power(self, base: Node) -> Node:
        """Read what is raised above a base."""
        self.at += 1
        token = self.peek()
        if token.text in (r"\circ", r"\degree"):
            self.at += 1
            return self.minutes(Quantity(base, "degree"))
        if (
            token.text == "{"
            and self.peek(1).text in (r"\circ", r"\degree")
            and self.peek(2).text == "}"
        ):
            self.at += 3
            return self.minutes(Quantity(base, "degree"))
        if token.kind == "text" or (
            token.text == "{" and self.peek(1).kind == "text" and self.peek(2).text == "}"
        ):
            # 5^{\text{th}}: an ordinal is its number.
            ordinal = token.text if token.kind == "text" else self.peek(1).text
            if ordinal in ("st", "nd", "rd", "th"):
                self.at += 1 if token.kind == "text" else 3
                return base
        if isinstance(base, Matrix) and self.script_at() in ("T", r"\top", r"\intercal"):
            self.script()
            return Call("transpose", (base,))
        return Pow(base, self.script())

    def minutes(self, degrees: Quantity) -> Quantity:
        r"""Read the minutes and seconds behind degrees: `12^\circ 30' 15''`."""
        parts = [degrees.value]
        for marks in (1, 2):
            token = self.peek()
            if (
                token.kind != "number"
                or [self.peek(k).text == "'" for k in range(1, 4)] != _MARKS[marks]
            ):
                continue
            self.at += 1 + marks
            sixtieth = Number(Fraction(60**marks), None, str(60**marks))
            parts.append(Div(number_of(token), sixtieth))
        return Quantity(total(parts), "degree")

    def script(self) -> Node:
        """What is raised or lowered: a group, or the next sign. `10^23` is read as it is meant."""
        token = self.peek()
        if token.kind == "{":
            return self.group()
        if token.kind in ("-", "+"):
            self.at += 1
            self.deepen()
            inner = self.script()
            self.depth -= 1
            return Neg(inner) if token.kind == "-" else inner
        if token.kind in ("number", "name"):
            self.at += 1
            return number_of(token) if token.kind == "number" else Name(token.text)
        return read_atom(self)

    def mixed_number(self, whole: Number) -> Node:
        """Read the fraction of a mixed number, if one follows."""
        if whole.decimals is not None or whole.base != 10 or not self.is_next(r"\frac"):
            return whole
        start = self.at
        fraction = read_atom(self)
        if (
            isinstance(fraction, Div)
            and isinstance(fraction.numerator, Number)
            and isinstance(fraction.denominator, Number)
            and fraction.numerator.value < fraction.denominator.value
        ):
            return Add((whole, fraction))
        self.at = start
        return whole

    def group(self) -> Node:
        """Read what stands in braces."""
        self.expect("{")
        word = self.peek()
        if self.peek(1).text == "}" and is_function(word):
            # `{\rm lcm}(4, 6)`, `\mathop{\text{gcd}}(4, 6)`
            self.at += 2
            return read_function(self, function_of(word))
        bars, self.bars = self.bars, 0
        if self.is_differential():
            value: Node = ONE
        else:
            items = self.items()
            value = items[0] if len(items) == 1 else Sequence(tuple(items), "")
        if self.is_differential():
            self.at += 1
            self.differential = read_variable(self)
        if self.take(r"\choose"):
            value = Call("binomial", (value, self.expression()))
        elif self.take(r"\over"):
            value = Div(value, self.expression())
        self.bars = bars
        self.expect("}")
        return value

    def argument(self) -> Node:
        r"""An argument of a command: a group, or one sign: `\frac12` is a half."""
        token = self.peek()
        if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
            self.tokens[self.at] = Token("number", token.text[1:], False)
            return number_of(Token("number", token.text[0], False))
        if token.kind == "name":
            self.at += 1
            return Name(token.text)
        return read_atom(self)
