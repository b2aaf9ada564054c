r"""LaTeX into an expression tree: recursive descent over the forms that people write."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from udfs.latex import vocabulary
from udfs.latex.errors import LatexError
from udfs.latex.lexer import Token, tokens
from udfs.latex.nodes import (
    Add,
    Apply,
    Between,
    Call,
    Constant,
    Derivative,
    Div,
    Ellipsis,  # noqa: A004 - see its definition
    Integral,
    Limit,
    Matrix,
    Mul,
    Name,
    Neg,
    Node,
    Number,
    PlusMinus,
    Pow,
    Quantity,
    Sequence,
    Series,
    depth,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

MAX_DEPTH = 60
"""Deepest nesting that is read; two levels, a bracket and what is in it, cost ten frames."""

MAX_NESTS = 1000
"""Most signs of a formula that each make the tree a level deeper, such as a slash."""
MAX_TREE_DEPTH = 120
MAX_DIGITS = 1000

_END = Token("", "", False)
_ONE = Number(Fraction(1), None, "1")
_CLOSERS = {"(": ")]", "[": "])"}
_STOPS = frozenset(["", ")", "]", "}", ",", ";", "&", "close", "end", "+", "-", "=", "<", ">", "."])
_NOT_FACTORS = frozenset(
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
_CAPITALS = re.compile(r"(?<![A-Za-z\\])[A-Z](?![A-Za-z])")


def parse(
    latex: str,
    *,
    functions: Collection[str] = (),
    symbols: Collection[str] = (),
    operators: Collection[str] = (),
    mixed: bool = True,
    slash_groups: bool = False,
) -> Node:
    r"""Read an expression: one side of a relation, without delimiters.

    Args:
        latex: the expression; punctuation behind it is dropped.
        functions: names that the document defines as functions: `f(x)` is a call for these, for
            `f`, `g` and `h` unless they are `symbols`, and where several arguments stand.
        symbols: names that the document uses as single letters; `AB` is the name of a segment
            unless both its letters stand alone here or in the expression.
        operators: binary operators that the document defines, as `\star` or `@`.
        mixed: read `2\frac{1}{2}` as two and a half; else as a product.
        slash_groups: read `a/bc` as a over bc; else as a over b, times c.

    Raises:
        LatexError: it is no expression that is understood; `reason` says why.
    """
    reader = _Reader(
        tokens(latex),
        frozenset(functions),
        frozenset(symbols) | set(_CAPITALS.findall(latex)),
        frozenset(operators),
        mixed=mixed,
        slash_groups=slash_groups,
    )
    return reader.everything()


class _Reader:
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

    # Tokens

    def peek(self, ahead: int = 0) -> Token:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else _END

    def next(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def is_next(self, text: str) -> bool:
        return self.peek().text == text

    def take(self, text: str) -> bool:
        if self.is_next(text):
            self.at += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise LatexError("unbalanced", f"{text} wanted, {self.peek().text or 'the end'} found")

    def unexpected(self) -> LatexError:
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

    # Lists, sums, products

    def everything(self) -> Node:
        while self.tokens and self.tokens[-1].text in (",", ".", ";", r"\\", ":"):
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
                left = _sum(terms) if terms else None
                terms = [PlusMinus(left, self.term(), sign == r"\mp")]
            elif not terms:
                terms.append(self.term())
            else:
                break
        self.depth -= 1
        return _sum(terms)

    def term(self) -> Node:
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
                factors, signs = [Div(_product(factors, signs), denominator)], [""]
            elif text in (r"\bmod", r"\mod"):
                self.at += 1
                self.nest()
                factors, signs = [Call("mod", (_product(factors, signs), self.factor()))], [""]
            elif text in self.operators:
                self.at += 1
                self.nest()
                left = _product(factors, signs)
                factors, signs = [Apply(text, (left, self.signed_factor()))], [""]
            elif text == r"\cdots":
                self.at += 1
                factors.append(Ellipsis())
                signs.append("cdot")
            elif self.starts_factor(token):
                factors.append(self.factor())
                signs.append("")
            else:
                return _product(factors, signs)

    def denominator(self, numerator: Node) -> Node:
        if isinstance(numerator, Quantity) and self.peek().kind == "text":
            # Kilometres per hour: the second unit divides no number.
            self.at += 1
            return _ONE
        first = self.signed_factor()
        if not self.slash_groups:
            return first
        factors, signs = [first], [""]
        while self.starts_factor(self.peek()):
            factors.append(self.factor())
            signs.append("")
        return _product(factors, signs)

    def starts_factor(self, token: Token) -> bool:
        if token.kind in _STOPS or token.text in _NOT_FACTORS:
            return False
        if token.text in ("|", r"\|"):
            return not self.bars or token.kind == "open"
        if token.text in self.operators or token.text in vocabulary.RELATIONS:
            return False
        if self.is_differential():
            return False
        if token.kind == "text":
            return token.text not in vocabulary.CONJUNCTIONS
        return token.kind in ("number", "repeating", "name", "command", "begin", "open") or (
            token.kind in "([{"
        )

    def is_differential(self) -> bool:
        token = self.peek()
        return (
            self.integrals > 0
            and token.text == "d"
            and token.kind in ("name", "text")
            and (self.peek(1).kind == "name" or self.peek(1).text in vocabulary.LETTERS)
        )

    def signed_factor(self) -> Node:
        sign = self.peek().text
        if sign in ("-", "+"):
            self.at += 1
            self.deepen()
            value = self.signed_factor()
            self.depth -= 1
            return Neg(value) if sign == "-" else value
        return self.factor()

    # Factors

    def factor(self) -> Node:
        start = self.at
        value = before = self.atom()
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
                value = Quantity(value, "degree")
            elif token.kind == "text" and self.is_unit(token.text):
                value = Quantity(value, self.unit())
            else:
                return value

    def power(self, base: Node) -> Node:
        self.at += 1
        token = self.peek()
        if token.text in (r"\circ", r"\degree"):
            self.at += 1
            return Quantity(base, "degree")
        if (
            token.text == "{"
            and self.peek(1).text in (r"\circ", r"\degree")
            and self.peek(2).text == "}"
        ):
            self.at += 3
            return Quantity(base, "degree")
        if token.kind == "text" or (
            token.text == "{" and self.peek(1).kind == "text" and self.peek(2).text == "}"
        ):
            # 5^{\text{th}}: an ordinal is its number.
            ordinal = token.text if token.kind == "text" else self.peek(1).text
            if ordinal in ("st", "nd", "rd", "th"):
                self.at += 1 if token.kind == "text" else 3
                return base
        if isinstance(base, Matrix) and self.script_text() in ("T", r"\top", r"\intercal"):
            self.script()
            return Call("transpose", (base,))
        return Pow(base, self.script())

    def script_text(self) -> str:
        """The only token of the script that comes next, else nothing."""
        if self.is_next("{"):
            return self.peek(1).text if self.peek(2).text == "}" else ""
        return self.peek().text

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
            return _number(token) if token.kind == "number" else Name(token.text)
        return self.atom()

    def mixed_number(self, whole: Number) -> Node:
        if whole.decimals is not None or whole.base != 10 or not self.is_next(r"\frac"):
            return whole
        start = self.at
        fraction = self.atom()
        if (
            isinstance(fraction, Div)
            and isinstance(fraction.numerator, Number)
            and isinstance(fraction.denominator, Number)
            and fraction.numerator.value < fraction.denominator.value
        ):
            return Add((whole, fraction))
        self.at = start
        return whole

    def is_unit(self, text: str) -> bool:
        return (
            text not in vocabulary.CONJUNCTIONS
            and text not in vocabulary.FUNCTION_WORDS
            and text not in ("d", "e", "i")
            and len(text.split()) <= 4
        )

    def unit(self) -> str:
        unit = self.next().text
        if self.is_next("^"):
            self.at += 1
            exponent = self.script()
            unit += "^" + (exponent.digits if isinstance(exponent, Number) else "?")
        return unit

    # Atoms

    def atom(self) -> Node:
        self.deepen()
        value = self.bare_atom()
        self.depth -= 1
        return value

    def nest(self) -> None:
        """Count what makes the tree deeper without a bracket: a slash, a factorial, a unit."""
        self.nests += 1
        if self.nests > MAX_NESTS:
            raise LatexError("too_deep")

    def deepen(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise LatexError("too_deep")

    def bare_atom(self) -> Node:
        token = self.peek()
        kind, text = token.kind, token.text
        if kind in ("number", "repeating"):
            return self.number()
        if kind == "name":
            return self.name()
        if kind == "{":
            return self.group()
        if kind in ("(", "[") or text == r"\{" or kind == "open":
            return self.brackets()
        if text in ("|", r"\|"):
            return self.absolute(text)
        if kind == "command":
            return self.command()
        if kind == "text":
            return self.text()
        if kind == "begin":
            return self.environment()
        if kind in ("€", "£", "¥"):
            self.at += 1
            return Quantity(self.factor(), text)
        raise self.unexpected()

    def number(self) -> Node:
        token = self.next()
        number = _number(token)
        if not self.is_next("_"):
            return number
        self.at += 1
        base = self.script()
        if not isinstance(base, Number) or base.value.denominator != 1 or number.decimals:
            raise LatexError("unsupported_subscript")
        radix = int(base.value)
        digits = number.digits
        if not 2 <= radix <= 36 or any(int(digit, 36) >= radix for digit in digits):
            raise LatexError("unsupported_subscript", f"base {radix}")
        return Number(Fraction(int(digits, radix)), None, digits, radix)

    def group(self) -> Node:
        self.expect("{")
        bars, self.bars = self.bars, 0
        if self.is_differential():
            value: Node = _ONE
        else:
            items = self.items()
            value = items[0] if len(items) == 1 else Sequence(tuple(items), "")
        if self.is_differential():
            self.at += 1
            self.differential = self.variable()
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
            return _number(Token("number", token.text[0], False))
        if token.kind == "name":
            self.at += 1
            return Name(token.text)
        return self.atom()

    def brackets(self) -> Node:
        opener = self.next()
        mark = opener.text
        if mark in ("|", r"\|"):
            self.at -= 1
            return self.absolute(mark)
        if mark in (r"\lfloor", r"\lceil", r"\langle", "<"):
            return self.paired(mark)
        bars, self.bars = self.bars, 0
        if mark == r"\{" and self.peek().text == r"\}":
            self.at += 1
            self.bars = bars
            return Sequence((), "{}")
        items = self.items()
        closer = self.next()
        self.bars = bars
        close = closer.text
        if mark == ".":
            if close not in ("|", "]") or closer.kind != "close":
                raise LatexError("unbalanced", close)
        elif (close not in _CLOSERS[mark] if mark in _CLOSERS else close != r"\}") or not close:
            raise (
                self.unexpected()
                if closer.text in vocabulary.RELATIONS
                else LatexError("unbalanced", f"{mark} ... {close}")
            )
        if mark in ("[", ".") and self.is_next("_"):
            return self.between(items[0])
        if mark == r"\{":
            return Sequence(tuple(items), "{}")
        if len(items) > 1:
            return Sequence(tuple(items), mark + close)
        if mark == "[" and isinstance(items[0], Name) and _is_figure(items[0].name):
            return Name("area_" + items[0].name.removeprefix("triangle_"))
        return items[0]

    def between(self, body: Node) -> Node:
        self.expect("_")
        lower = self.script()
        self.expect("^")
        return Between(body, lower, self.script())

    def paired(self, mark: str) -> Node:
        close, function = {
            r"\lfloor": (r"\rfloor", "floor"),
            r"\lceil": (r"\rceil", "ceiling"),
            r"\langle": (r"\rangle", "<>"),
            "<": (">", "<>"),
        }[mark]
        bars, self.bars = self.bars, 0
        items = self.items()
        self.bars = bars
        self.expect(close)
        if function == "<>":
            return Sequence(tuple(items), "<>")
        if len(items) > 1:
            raise LatexError("unexpected", ",")
        return Call(function, (items[0],))

    def absolute(self, mark: str) -> Node:
        self.at += 1
        self.bars += 1
        value = self.expression()
        self.bars -= 1
        self.expect(mark)
        return Call("abs" if mark == "|" else "norm", (value,))

    def name(self) -> Node:
        token = self.next()
        name = token.text
        if name.isupper():
            name += self.capitals(name)
        name += self.subscript()
        if re.fullmatch(r"D_[a-z]", name) and name not in self.symbols:
            return Derivative(self.term(), name[2:])
        return self.applied(name)

    def capitals(self, first: str) -> str:
        """The rest of a run of capital letters that is one name, as `AB` is a segment."""
        run = first
        ahead = 0
        while (token := self.peek(ahead)).kind == "name" and token.text.isupper():
            if token.is_spaced:
                break
            run += token.text
            ahead += 1
        if len(run) == 1 or self.symbols.issuperset(run):
            return ""
        self.at += ahead
        return run[1:]

    def subscript(self) -> str:
        if not self.is_next("_"):
            return ""
        self.at += 1
        if self.is_next("{"):
            self.at += 1
            parts = []
            level = 1
            while level:
                token = self.next()
                if not token.kind:
                    raise LatexError("unbalanced", "{")
                level += (token.text == "{") - (token.text == "}")
                parts.append(token.text)
            parts.pop()
        else:
            parts = [self.next().text]
        if not parts or not parts[0]:
            raise LatexError("incomplete")
        words = [part.strip("\\") for part in parts]
        words = [vocabulary.SUBSCRIPT_WORDS.get(word, word) for word in words]
        return "_" + re.sub(r"\W+", "_", "".join(words)).strip("_")

    def applied(self, name: str) -> Node:
        """A name, or a call of it where the document says that it is a function."""
        order = 0
        start = self.at
        while self.peek().text in ("'", "’", "′") or (
            self.is_next("^") and self.script_at(1) in ("'", r"\prime")
        ):
            if self.is_next("^"):
                self.at += 1
                self.script_skip()
            else:
                self.at += 1
            order += 1
        is_function = name in self.functions or (name in "fgh" and name not in self.symbols)
        if is_function and not order and self.is_next("^") and self.inverse_ahead():
            self.at += 5
            order = -1
        token = self.peek()
        opens = token.text == "(" and token.kind in ("(", "open")
        if opens and (is_function or order > 0):
            inside = self.brackets()
            arguments = (
                inside.items
                if isinstance(inside, Sequence) and inside.brackets == "()"
                else (inside,)
            )
            return Apply(name, arguments, order)
        if order == -1:
            self.at = start
        if order > 0:
            return Name(name + "_prime" * order)
        if opens and self.has_comma():
            inside = self.brackets()
            if isinstance(inside, Sequence):
                return Apply(name, inside.items)
            self.at = start
        return Name(name)

    def script_at(self, ahead: int) -> str:
        if self.peek(ahead).text == "{":
            return self.peek(ahead + 1).text if self.peek(ahead + 2).text == "}" else ""
        return self.peek(ahead).text

    def script_skip(self) -> None:
        self.at += 3 if self.is_next("{") else 1

    def inverse_ahead(self) -> bool:
        return [self.peek(k).text for k in range(1, 6)] == ["{", "-", "1", "}", "("]

    def has_comma(self) -> bool:
        """Whether the bracket that comes next holds a list."""
        level = 0
        for place in range(self.at, min(len(self.tokens), self.at + 200)):
            text = self.tokens[place].text
            if text in ("(", "{", "[", r"\{"):
                level += 1
            elif text in (")", "}", "]", r"\}"):
                level -= 1
                if level == 0:
                    return False
            elif text == "," and level == 1:
                return True
        return False

    def variable(self) -> str:
        token = self.next()
        if token.kind == "name":
            return token.text + self.subscript()
        if token.text in vocabulary.LETTERS:
            return token.text[1:] + self.subscript()
        raise LatexError("unsupported_variable", token.text)

    def text(self) -> Node:
        token = self.peek()
        words = token.text
        if words in vocabulary.FUNCTION_WORDS:
            self.at += 1
            return self.function(vocabulary.FUNCTION_WORDS[words])
        if words.isdigit():
            self.at += 1
            return _number(Token("number", words, False))
        if words in vocabulary.CONJUNCTIONS or not re.fullmatch(
            r"[^\W\d_]+(?:[ \-'][^\W\d_]+){0,3}\.?", words
        ):
            raise self.unexpected()
        self.at += 1
        name = re.sub(r"\W+", "_", words).strip("_")
        return self.applied(name + self.subscript())

    # Commands

    def command(self) -> Node:
        text = self.peek().text
        if text in vocabulary.LETTERS:
            self.at += 1
            return self.applied(text[1:] + self.subscript())
        if text in vocabulary.FUNCTIONS:
            self.at += 1
            return self.function(vocabulary.FUNCTIONS[text])
        if text in vocabulary.CONSTANTS:
            self.at += 1
            return Constant(vocabulary.CONSTANTS[text])
        if text in (r"\lfloor", r"\lceil", r"\langle"):
            self.at += 1
            return self.paired(text)
        handler = _COMMANDS.get(text)
        if handler is None:
            raise self.unexpected()
        self.at += 1
        return handler(self)

    def fraction(self) -> Node:
        derivative = self.leibniz()
        if derivative is not None:
            return derivative
        numerator = self.argument()
        return Div(numerator, self.argument())

    def leibniz(self) -> Node | None:
        r"""`\frac{d}{dx} body`, `\frac{d^2}{dx^2} body` or `\frac{dy}{dx}`, or None."""
        texts = [self.peek(k).text for k in range(12)]
        if texts[0] != "{" or texts[1] not in ("d", r"\partial"):
            return None
        mark = texts[1]
        place, order = 2, 1
        if texts[2] == "^" and texts[3].isdigit():
            order, place = int(texts[3]), 4
        subject = None
        if texts[place] != "}":
            subject = self.peek(place)
            place += 1
        if texts[place : place + 3] != ["}", "{", mark] or not 1 <= order <= 9:
            return None
        start = self.at
        self.at += place + 3
        variable = self.variable()
        if self.take("^"):
            self.script()
        if not self.take("}"):
            self.at = start
            return None
        if subject is not None:
            if subject.kind != "name" and subject.text not in vocabulary.LETTERS:
                self.at = start
                return None
            return Derivative(Name(subject.text.lstrip("\\")), variable, order)
        return Derivative(self.term(), variable, order)

    def root(self) -> Node:
        index = None
        if self.is_next("["):
            self.at += 1
            index = self.expression()
            self.expect("]")
        value = self.argument()
        return Call("sqrt", (value,)) if index is None else Call("root", (value, index))

    def binomial(self) -> Node:
        top = self.argument()
        return Call("binomial", (top, self.argument()))

    def overline(self) -> Node:
        value = self.argument()
        match value:
            case Name(name) if name.isupper() and len(name) > 1:
                return value
            case Number() | Mul():
                if all(
                    isinstance(part, Number | Name) for part in getattr(value, "factors", (value,))
                ):
                    raise LatexError("numeral")
        return Call("conjugate", (value,))

    def bar(self) -> Node:
        value = self.argument()
        return Name(value.name + "_bar") if isinstance(value, Name) else Call("conjugate", (value,))

    def money(self) -> Node:
        return Quantity(self.factor(), "$")

    def figure(self, word: str) -> Node:
        r"""`\angle ABC`, `\triangle ABC`: a name."""
        run = ""
        while self.peek().kind == "name" and self.peek().text.isupper():
            run += self.next().text
        if run:
            return Name(f"{word}_{run}")
        if word == "angle" and (
            self.peek().kind in ("name", "number") or self.peek().text in vocabulary.LETTERS
        ):
            inner = self.next().text.lstrip("\\")
            return Name(f"angle_{inner}")
        return Name(word)

    def series(self, kind: str) -> Node:
        lower: Node | None = None
        upper: Node | None = None
        variable = ""
        while self.peek().text in ("_", "^"):
            if self.next().text == "^":
                upper = self.script()
                continue
            self.expect("{")
            variable = self.variable()
            if not self.take("="):
                raise LatexError("unsupported_series", self.peek().text)
            lower = self.expression()
            self.expect("}")
        if lower is None or upper is None:
            raise LatexError("unsupported_series")
        return Series(kind, variable, lower, upper, self.term())

    def limit(self) -> Node:
        self.expect("_")
        self.expect("{")
        variable = self.variable()
        self.expect(r"\to")
        side = ""
        point: Node
        start = self.at
        while self.peek().text not in ("^", "}", ""):
            self.at += 1
        if self.is_next("^") and self.script_at(1) in ("+", "-"):
            end = self.at
            rest = self.tokens
            self.tokens, self.at = [*rest[:end]], start
            point = self.expression()
            self.tokens = rest
            self.at += 1
            side = self.script_at(0)
            self.script_skip()
        else:
            self.at = start
            point = self.expression()
        self.expect("}")
        return Limit(self.term(), variable, point, side)

    def integral(self) -> Node:
        lower: Node | None = None
        upper: Node | None = None
        while self.peek().text in ("_", "^"):
            if self.next().text == "^":
                upper = self.script()
            else:
                lower = self.script()
        if (lower is None) != (upper is None):
            raise LatexError("unsupported_integral")
        self.integrals += 1
        outer, self.differential = self.differential, ""
        body: Node = _ONE if self.is_differential() else self.expression()
        self.integrals -= 1
        if self.peek().text == "d" and not self.differential:
            self.at += 1
            self.differential = self.variable()
        if not self.differential:
            raise LatexError("unsupported_integral")
        variable, self.differential = self.differential, outer
        return Integral(body, variable, lower, upper)

    # Functions and environments

    def function(self, function: str) -> Node:
        base: Node | None = None
        exponent: Node | None = None
        while self.peek().text in ("_", "^"):
            if self.next().text == "_":
                base = self.script()
            else:
                exponent = self.script()
        arguments = self.arguments(function)
        if function == "log" and base is not None:
            arguments = (arguments[0], base)
        elif base is not None and function not in ("max", "min"):
            raise LatexError("unsupported_subscript", function)
        if isinstance(exponent, Neg) and exponent.value == _ONE and function in vocabulary.INVERSES:
            return Call(vocabulary.INVERSES[function], arguments)
        call = Call(function, arguments)
        return call if exponent is None else Pow(call, exponent)

    def arguments(self, function: str) -> tuple[Node, ...]:
        token = self.peek()
        if token.text in ("(", "[", r"\{") and token.kind in ("(", "[", "open", "command"):
            inside = self.brackets()
            if isinstance(inside, Sequence) and function in vocabulary.MANY:
                return inside.items
            return (inside,)
        if function in vocabulary.MANY and token.kind != "{":
            raise LatexError("unsupported_argument", function)
        if token.kind == "-":
            self.at += 1
            return (Neg(self.bare_argument()),)
        if not self.starts_factor(token):
            raise LatexError("incomplete") if not token.kind else self.unexpected()
        inside = self.bare_argument()
        if isinstance(inside, Sequence) and function in vocabulary.MANY:
            return inside.items
        return (inside,)

    def bare_argument(self) -> Node:
        r"""The product behind a function without brackets: `\sin 2x \cos x` stops at `\cos`."""
        factors: list[Node] = []
        while True:
            token = self.peek()
            if factors and (
                token.text in vocabulary.FUNCTIONS
                or (token.kind == "text" and token.text in vocabulary.FUNCTION_WORDS)
                or (token.text in ("(", r"\{") and not isinstance(factors[-1], Number))
            ):
                break
            if not self.starts_factor(token):
                break
            factors.append(self.factor())
        return _product(factors, [""] * len(factors))

    def environment(self) -> Node:
        which = self.next().text
        if which not in vocabulary.MATRICES:
            raise LatexError("unsupported_environment", which)
        bars, self.bars = self.bars, 0
        rows: list[tuple[Node, ...]] = []
        row: list[Node] = []
        while True:
            if self.peek().kind == "end":
                break
            row.append(self.expression())
            token = self.next()
            if token.text == "&":
                continue
            if token.text == r"\\" or token.kind == "end":
                rows.append(tuple(row))
                row = []
                if token.kind == "end":
                    self.at -= 1
                    break
            else:
                self.at -= 1
                raise self.unexpected()
        self.next()
        self.bars = bars
        if not rows or row or len({len(found) for found in rows}) != 1:
            raise LatexError("ragged_matrix")
        matrix = Matrix(tuple(rows))
        if which == "vmatrix":
            return Call("det", (matrix,))
        return Call("norm", (matrix,)) if which == "Vmatrix" else matrix


_COMMANDS: dict[str, Callable[[_Reader], Node]] = {
    r"\frac": _Reader.fraction,
    r"\sqrt": _Reader.root,
    r"\binom": _Reader.binomial,
    r"\overline": _Reader.overline,
    r"\bar": _Reader.bar,
    r"\$": _Reader.money,
    r"\angle": lambda reader: reader.figure("angle"),
    r"\triangle": lambda reader: reader.figure("triangle"),
    r"\sum": lambda reader: reader.series("sum"),
    r"\prod": lambda reader: reader.series("product"),
    r"\lim": _Reader.limit,
    r"\int": _Reader.integral,
    r"\cdots": lambda _: Ellipsis(),
    r"\emptyset": lambda _: Sequence((), "{}"),
    r"\varnothing": lambda _: Sequence((), "{}"),
}


def _number(token: Token) -> Number:
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


def _sum(terms: list[Node]) -> Node:
    return terms[0] if len(terms) == 1 else Add(tuple(terms))


def _product(factors: list[Node], signs: list[str]) -> Node:
    return factors[0] if len(factors) == 1 else Mul(tuple(factors), tuple(signs))


def _is_figure(name: str) -> bool:
    return name.startswith("triangle_") or (name.isupper() and len(name) >= 3)
