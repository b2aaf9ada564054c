r"""What a computation rests on: the facts stated before it that its symbols lead to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# One or two suffice for nine computations in ten; systems of equations need some more.
MAX_CONDITIONS = 12

_WORDS = re.compile(
    r"\\(?:text\w*|mbox|hbox|mathrm|operatorname\*?|begin|end|label|tag|mathop)\s*\{[^{}]*\}"
)
_NAME = re.compile(
    r"\\(?P<command>[a-zA-Z]+)|(?P<capitals>[A-Z]{2,})|(?P<letter>[A-Za-z])"
    r"|(?P<sign>[@#★☆♣♠♥♦◊△□])"
)
_SUBSCRIPT = re.compile(r"\s*_\s*(?:\{([^{}]*)\}|([A-Za-z0-9]|\\[a-zA-Z]+))")
# Commands that are symbols or operators which a text may define.
_SYMBOLS = frozenset(
    re.findall(
        r"\w+",
        """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu
        xi rho varrho sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi
        Sigma Upsilon Phi Psi Omega ell hbar star ast oplus otimes odot ominus diamond clubsuit
        spadesuit heartsuit diamondsuit triangle square Box bigstar circledast boxplus bullet circ
        wedge vee dagger ddagger""",
    )
)
# `\circ` is a degree sign far more often than an operator.
_DEGREE = re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ)")
_NUMBER_SIGNS = frozenset({"e", "i"})
# Where `d` is a sign of calculus; elsewhere it is a common difference or a distance.
_DIFFERENTIAL = re.compile(r"\\i*o?int(?![a-zA-Z])|frac\s*(?:\{\s*d\b|\{\s*d\^|d\b)|d\s*/\s*d")
_HEAD = re.compile(
    r"\s*(?:\\(?:mathbf|vec|overline|hat|bar|boldsymbol|mathrm|bm|angle|text\w*|mbox)\s*\{?\s*)*"
    r"(?P<name>\\[a-zA-Z]+|[A-Z]{2,4}|[A-Za-z])\}?'*"
    r"(?P<subscript>\s*_\s*(?:\{[^{}]*\}|[A-Za-z0-9]))?'*\s*"
    r"(?P<call>(?:\\left)?\(\s*(?P<arguments>[^()]{0,40}?)\s*(?:\\right)?\))?\s*"
)
_ARGUMENTS = re.compile(r"[a-zA-Z](?:_\w)?(?:\s*,\s*[a-zA-Z](?:_\w)?)*")

Kind = Literal["value", "function", "equation", "domain"]


class Fact(NamedTuple):
    """A statement that later computations may rest on.

    Attributes:
        latex: the statement: `x = 3`, `f(x) = x^2`, `x + y = 10`, `n > 0`.
        plain: the same without white space and boxes: two that agree in it say the same.
        position: offset in the document where it is stated.
        sentence: number of its sentence.
        kind: a symbol's value, a function's definition, an equation, or a domain.
        symbols: bit set of the symbols in it, numbered by `Symbols`.
        head_bit: bit of the symbol whose value or definition it is, else 0.
        is_lasting: its symbol is a name such as `AB` or `x_1`, which a text does not use again
            for something else, so that it holds through the section.
        row: where the row of a table begins in which it stands; for an item of an unordered list
            -2 less where that begins; -1 outside of both.
    """

    latex: str
    plain: str
    position: int
    sentence: int
    kind: Kind
    symbols: int
    head_bit: int
    is_lasting: bool = False
    row: int = -1


class Symbols:
    """Numbers the symbols of one document, so that sets of them are bits of an integer."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.seen: dict[str, int] = {}

    def bit(self, name: str) -> int:
        """The bit of a symbol."""
        return 1 << self.numbers.setdefault(name, len(self.numbers))

    def bits(self, latex: str) -> int:
        """The bits of the symbols in a formula."""
        known = self.seen.get(latex)
        if known is None:
            known = 0
            for name in symbols_in(latex):
                known |= self.bit(name)
            self.seen[latex] = known
        return known


def symbols_in(latex: str) -> set[str]:
    """Names of the symbols in LaTeX, found without reading it as a formula.

    `AB` is one symbol, a letter with a subscript another than the letter; `e` and `i` are left
    out, being numbers far more often, and `d` where it is a differential.
    """
    if "\\" in latex:
        latex = _DEGREE.sub("", _WORDS.sub(" ", latex))
    names: set[str] = set()
    for found in _NAME.finditer(latex):
        name = found[0]
        if found["command"] is not None:
            name = found["command"]
            if name not in _SYMBOLS:
                continue
        elif name in _NUMBER_SIGNS or (name == "d" and _DIFFERENTIAL.search(latex)):
            continue
        if found.end() < len(latex) and latex[found.end()] in "_ ":
            subscript = _SUBSCRIPT.match(latex, found.end())
            if subscript is not None:
                name += "_" + (subscript[1] or subscript[2])
        names.add(name)
    return names


def head_of(latex: str) -> tuple[str, bool] | None:
    """The symbol that a left side names, and whether as a function of symbols.

    Returns:
        (`x`, False) for `x`, (`f`, True) for `f(x)`; None for `f(3)`, `2x`, `a + b`.
    """
    found = _HEAD.fullmatch(latex)
    if found is None:
        return None
    name = found["name"].lstrip("\\")
    if found["name"].startswith("\\") and name not in _SYMBOLS:
        return None
    subscript = found["subscript"]
    if subscript:
        name += "_" + subscript.strip(" _{}")
    if found["call"] is None:
        return name, False
    if _ARGUMENTS.fullmatch(found["arguments"]):
        return name, True
    return None


def select(
    facts: Sequence[Fact],
    *,
    wanted: int,
    goal: int,
    first_sentence: int,
    statement: tuple[int, int],
    section_start: int,
    exclude: str,
    row: int = -1,
) -> tuple[str, ...]:
    """Choose the facts that a computation rests on.

    Goes back from the nearest fact, follows definitions to the symbols they use, and keeps the
    nearest definition of each symbol. A symbol that is being solved for (`goal`) needs the
    equations that hold it; one with a value does not.

    Args:
        facts: all that stand before the computation, in text order.
        wanted: bits of the computation's symbols.
        goal: bit of the symbol alone on its left side, else 0.
        first_sentence: the earliest sentence that counts.
        statement: start and end of the problem statement, whose facts count at any distance.
        section_start: where the section begins, through which lasting facts hold.
        exclude: the computation itself, which is no condition of its own.
        row: as in `Fact`: rows of a table say nothing of each other, nor of the text around it;
            items of a list nothing of each other.

    Returns:
        LaTeX of at most `MAX_CONDITIONS` facts, in text order.
    """
    if not wanted:
        return ()
    near = [
        fact
        for fact in facts
        if (
            fact.sentence >= first_sentence
            or statement[0] <= fact.position < statement[1]
            or (fact.is_lasting and fact.position >= section_start)
        )
        and fact.symbols
        and fact.plain != exclude
        and (fact.row in (-1, row) or fact.row < -1 <= row)
    ]
    chosen: dict[int, Fact] = {}
    said: set[str] = set()
    defined = 0
    reach = wanted
    is_goal_bound = False
    while len(chosen) < MAX_CONDITIONS:
        found = None
        for index in range(len(near) - 1, -1, -1):
            fact = near[index]
            if index in chosen or fact.plain in said:
                continue
            if fact.head_bit & goal and is_goal_bound and fact.symbols == fact.head_bit:
                # A value that an equation nearer by has superseded: `x = 0` is not allowed,
                # so `3x + 1 = 7` and `x = 2`.
                continue
            if fact.head_bit:
                if fact.head_bit & reach & ~defined:
                    found = index
                    break
                # What a given value belongs to: `x = 2y` when y is sought.
                if not (fact.kind == "value" and fact.symbols & goal & ~fact.head_bit):
                    continue
            if fact.symbols & (reach & ~defined | goal):
                found = index
                break
        if found is None:
            break
        fact = near[found]
        chosen[found] = fact
        said.add(fact.plain)
        reach |= fact.symbols
        if fact.head_bit and not fact.head_bit & goal:
            defined |= fact.head_bit
        if fact.symbols & goal and fact.kind != "domain":
            is_goal_bound = True
    return tuple(chosen[index].latex for index in sorted(chosen))


_SPACING = re.compile(r"\\(?:boxed|left|right|displaystyle)\b|\\[,;:! ]|[\s{}]|(?<=\\)[dt](?=frac)")


def squeezed(latex: str) -> str:
    """LaTeX without white space, boxes and sizes, to tell the same statement."""
    if "\\" not in latex and "{" not in latex:
        return "".join(latex.split())
    return _SPACING.sub("", latex)
