r"""What stands in a formula and is no value to compute: words, indices, orders of growth.

`len(v)` is no product of five letters, `d[i]` none of two, and `O(n)` none at all. Read as
products, such relations may even come out true.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from udfs.latex import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable

# Commands, what they set upright, and subscripts, whose words are names.
_COMMAND = re.compile(
    r"\\begin\s*\{[^{}]*\}(?:\s*\{[lcr|\s]*\})?"
    r"|\\(?:text\w*|mbox|hbox|mathrm|operatorname\*?|end|label|tag)\s*\{[^{}]*\}"
    r"|_\s*\{[^{}]*\}|\\[a-zA-Z]+"
)
_SIZE = re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![a-zA-Z])")
_PLACE = "\0"  # stands for them
_RUN = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{3,}")
_ALONE = re.compile(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])")
# Names that are functions without a backslash too.
_FUNCTIONS = frozenset(
    [
        "sin",
        "cos",
        "tan",
        "cot",
        "sec",
        "csc",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "cis",
        "log",
        "exp",
        "gcd",
        "lcm",
        "max",
        "min",
        "det",
        "mod",
    ]
)
_INDEXED = re.compile(r"[A-Za-z]\s?\[\s*(?:\0|[A-Za-z]\w{0,2}\s*(?:[-+]\s*\w{1,3})?|\d+)\s*\]")
# `j0`, `x1`: names of variables in programs.
_NUMBERED = re.compile(r"(?<![A-Za-z0-9\\_^{}.])[A-Za-z]\d")
_ORDER = re.compile(
    r"(?<![A-Za-z\\])(?:[Oo]|\\(?:mathcal|mathscr|cal)\s*\{?\s*O\s*\}?)\s*(?:\\left\s*)?"
    r"\((?!\s*-?[\d.]+\s*,)"
)
_NAMELESS = re.compile(r"\(\s*\\?[A-Za-z]+\s*\)")
_AT_A_NUMBER = re.compile(
    r"\s*\\?(?P<name>[A-Za-z]+(?:_(?:\{\w+\}|\w))?)'*\s*(?:\\left\s*)?\(\s*-?\d+(?:\.\d+)?\s*"
    r"(?:\\right\s*)?\)\s*"
)


# Letters that mean the same function everywhere: of Euler and of Riemann.
_KNOWN_LETTERS = frozenset(["Gamma", "zeta", "phi", "varphi"])

# `P(A)`, `E[X]`: values of events and random variables, in texts that speak of chance.
_OF_EVENTS = re.compile(
    r"(?<![A-Za-z\\])(?:P|E|Pr|Var|Cov|\\Pr|\\mathbb\s*\{?\s*[PE]\s*\}?|\\operatorname\s*\{(?:Var|Cov)\})"
    r"\s*(?:\\left\s*)?[(\[]\s*(?:\\(?:text|mathrm)\b|[A-Z](?![a-z]))"
)
_CHANCE = re.compile(r"\b(?:probabilit|random|expect(?:ed|ation)|events?\b|varian)", re.IGNORECASE)


def is_about_chance(text: str) -> bool:
    """Whether a text speaks of probabilities, so that `P(A)` is no function of a number."""
    return _CHANCE.search(text) is not None


def is_of_events(latex: str) -> bool:
    """Whether the probability of an event or the like stands in LaTeX."""
    return _OF_EVENTS.search(latex) is not None


# Upright names before a bracket: functions; those that are known by these names.
_UPRIGHT = re.compile(
    r"\\(?:mathrm|operatorname\*?|mathit|mathsf|text)\s*\{\s*(?P<name>[A-Za-z]{2,})\s*\}"
    r"(?:\s*[_^]\s*(?:\{[^{}]*\}|\w))*\s*(?:\\left\s*)?[(\[]"
)
_DIFFERENTIAL = re.compile(
    r"(?<![A-Za-z\\])d\s*/\s*d\s*[a-z]|(?<![A-Za-z\\])d[a-zA-Z]\s*/\s*d[a-z]"
)


def is_of_unknown_function(latex: str) -> bool:
    r"""Whether a function that is not known is applied: `\mathrm{Li}_2(x)`, or `d/dx`."""
    if any(
        found["name"] not in vocabulary.FUNCTION_WORDS and found["name"] not in _FUNCTIONS
        for found in _UPRIGHT.finditer(latex)
    ):
        return True
    return "/" in latex and _DIFFERENTIAL.search(latex) is not None


def letters_alone(formulas: Iterable[str]) -> frozenset[str]:
    """The letters that some formula uses as a symbol of its own.

    Args:
        formulas: LaTeX of all formulas of a document.
    """
    found = set("eid")  # numbers and signs, which stand in products as they are
    for latex in formulas:
        found.update(_ALONE.findall(_COMMAND.sub(_PLACE, latex)))
    return frozenset(found)


def words_in(latex: str) -> list[str]:
    """Runs of three letters or more that may be words: not functions, not names like `ABC`."""
    if _RUN.search(latex) is None:
        return []
    found = _RUN.findall(_COMMAND.sub(_PLACE, latex))
    return [run for run in found if run not in _FUNCTIONS and not run.isupper()]


def is_nameless(latex: str) -> bool:
    """Whether it is `(x)` alone: a function that lost its name on the way to this text."""
    return latex[:1] == "(" and _NAMELESS.fullmatch(latex) is not None


def is_index_or_order(latex: str) -> bool:
    r"""Whether an element of a list (`d[i]`, `E[X]`, `j0`) or an order of growth stands in it."""
    if is_nameless(latex):
        return True
    if _NUMBERED.search(latex) is not None:
        return True
    if "[" in latex:
        bare = _COMMAND.sub(_PLACE, _SIZE.sub("", latex))
        if _INDEXED.search(bare) is not None:
            return True
    return ("O" in latex or "o(" in latex) and _ORDER.search(latex) is not None


def function_at_number(latex: str) -> str | None:
    """The name of what may be a function at a number: `y_1` of `y_1(0)`; None of anything else.

    `f`, `g` and `h` are left out: nobody takes `f(0)` for a product.
    """
    if not latex.rstrip().endswith(")"):
        return None
    found = _AT_A_NUMBER.fullmatch(latex)
    if found is None or found["name"] in ("f", "g", "h"):
        return None
    word = found["name"].partition("_")[0]
    if word in _FUNCTIONS or word in vocabulary.FUNCTION_WORDS or word in _KNOWN_LETTERS:
        return None
    return found["name"].replace("{", "").replace("}", "")
