r"""The passages of a text that compute something, with what each computation rests on."""

from __future__ import annotations

import gc
import re
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from udfs.contexts import plain
from udfs.contexts.clauses import RELATIONS, Clause, Part, clauses, join
from udfs.contexts.conditions import Fact, Kind, Symbols, head_of, select, squeezed
from udfs.contexts.formulas import Formula, Heading, scan
from udfs.contexts.readable import (
    function_at_number,
    is_about_chance,
    is_index_or_order,
    is_nameless,
    is_of_events,
    is_of_unknown_function,
    letters_alone,
    words_in,
)
from udfs.contexts.sentences import index_at, mask, paragraphs, sentence_starts
from udfs.translate.computation import Computation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Characters of a passage, unless one sentence is longer.
MAX_PASSAGE = 2_000
# Characters of a sentence that is kept with its computation.
MAX_SENTENCE = 1_000
# Characters of a relation: what is longer is a table or a listing.
MAX_RELATION = 3_000
# The end of the problem statement when the document has no paragraphs.
MAX_STATEMENT = 3_000

OPERATORS = {
    "eq": "=",
    "approx": r"\approx",
    "equiv": r"\equiv",
    "lt": "<",
    "le": r"\le",
    "gt": ">",
    "ge": r"\ge",
    "ne": r"\ne",
    "in": r"\in",
}
"""LaTeX of a relation, by the word that `contexts.computations.relation` has for it."""

# What makes a formula after it a condition: `let $x = 3$`, `if $n = 10$ and $k = 2$`.
_GIVES = re.compile(
    r"\b(?:let(?:'s|ting)?|where|if|given(?! by)|suppos(?:e|ing)|assum(?:e|ing)|defined?"
    r"|such that|so that|provided|satisf(?:y|ies|ying)|equations?|system|conditions?|constraints?)"
    r"\b[^.;:]{0,60}$",
    re.IGNORECASE,
)
# These give a symbol's value but may also stand before a statement about all values.
_SETS = re.compile(
    r"\b(?:when(?:ever)?|set(?:ting)?|denot(?:e|ing)|consider|for|choose|take|taking|function|with"
    r"|plug(?:ging)?(?: in)?|substitut(?:e|ing)|at)"
    r"\b[^.;:]{0,60}$",
    re.IGNORECASE,
)
# What ends the reach of such a word.
_CONCLUDES = re.compile(
    r"\b(?:then|so|thus|hence|therefore|we (?:get|have|find|obtain|see)|gives?|yields?|is|are|get"
    r"|obtain|find|becomes?|implies|means|follows|compute|simplif\w+|solving|goes|yielding"
    r"|solutions?|roots?)\b",
    re.IGNORECASE,
)
# What leads from a computation to the values that it rests on: `$ab = 6$, where $a = 2$`.
_GOES_ON = re.compile(
    r"\x01*\s*[,;(]?\s*(?:where|with|when|if|for|since|because|as|given|taking|using)\b",
    re.IGNORECASE,
)
_KINDS = (
    r"positive|non-?negative|negative|integers?|integral|whole numbers?|natural numbers?"
    r"|primes?|prime numbers?|even|odd"
)
# `positive integers $a$ and $b$`, `$n$ is a positive integer`: before and after a list of formulas.
_KIND_BEFORE = re.compile(rf"\b(?:{_KINDS})\b(?: [a-z]+){{0,2}} $")
_KIND_AFTER = re.compile(
    rf",? (?:is|are|be|must be|being) (?:(?:an?|the|both|all|two|three|distinct) )*"
    rf"(?:{_KINDS})\b(?: (?:{_KINDS})\b)?"
)
# Each of the kinds holds one of these.
_KIND_STEMS = ("positive", "negative", "integ", "whole", "natural", "prime", "even", "odd")
_LIST_GAP = re.compile(r",? (?:and |or )?")
_REACH = 60  # characters before a formula in which such words stand
_MOST_LISTED = 7
_NAMES_LIST = re.compile(
    r"\s*(?:\\[a-zA-Z]+|[A-Za-z](?:_\w)?)(?:\s*,\s*(?:\\[a-zA-Z]+|[A-Za-z](?:_\w)?))*[,.]?\s*"
)
_WHOLE = re.compile(r"integ|whole|natural|prime|even|odd")
_POSITIVE = re.compile(r"(?<!non-)(?<!non)\bpositive|natural|prime")
_OR = re.compile(r"[\s,]*(?:or|and|or else)[\s,]*")
_LITERAL = re.compile(r"[-+]?\s*(?:\d[\d,.]*|\.\d+)(?:_\{?10\}?)?")
_QUOTIENT = re.compile(
    r"-?\s*(?:\\[dtc]?frac\s*(?:\{\s*\d+\s*\}\s*\{\s*\d+\s*\}|\d\s*\d)|\d+\s*/\s*\d+)\s*"
)
_OPERATION = re.compile(
    r"\\(?:cdot|times|sqrt|binom|sum|prod)(?![a-zA-Z])|[*!]|\^(?!\s*\{?\s*\\circ)|[\d})]\s*[-+(]"
)
_ITEM = re.compile(r"[ \t]*[-*+][ \t]")
_HAS_ROWS = re.compile(r"^(?:\||[ \t]*[-*+][ \t])", re.MULTILINE)
# Words between two formulas that say what an equals sign says.
_EQUALS = re.compile(r"\s+(?:equals|is equal to)\s+")
_MEANS = re.compile(
    r"\s+(?:means|denotes|stands for|is defined (?:as|by|to be|to mean)|equals|is equal to|is)\s+"
)
_HAS_CONTENT = re.compile(
    r"[0-9]|[-+*/^!]|\\(?:frac|dfrac|tfrac|sqrt|cdot|times|binom|sum|int|pi)\b"
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A step of a text, with its computations.

    Attributes:
        start: offset of its first character in the document's text.
        end: offset after its last.
        section: titles of the headings over it, outermost first, joined by ` > `; None without.
        computations: in text order, at least one.
    """

    start: int
    end: int
    section: str | None
    computations: tuple[Computation, ...]


def find_contexts(text: str, *, earlier_sentences: int = 8) -> list[Passage]:
    r"""Find the computations of a text and what each rests on.

    A relation between two sides is a computation, each link of a chain `a = b = c` one of its
    own. Definitions (`let $x = 3$`, `f(x) = x^2` where f is new) are not computations but
    conditions of others, as are given equations.

    Args:
        text: Markdown with formulas as LaTeX.
        earlier_sentences: sentences before a computation's own that may hold its conditions, at
            least 0; the problem statement, which is the first paragraph of the document or
            section, always may. 8 reach 99% of what worked solutions need.

    Returns:
        Passages in text order.

    Raises:
        ValueError: `earlier_sentences` is negative.
    """
    if earlier_sentences < 0:
        raise ValueError(f"earlier_sentences must be at least 0, not {earlier_sentences}")
    # Thousands of small tuples that refer to no circle: the collector would look through them
    # again and again, for a fifth of the time, and find nothing.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _Reader(text, earlier_sentences).passages()
    finally:
        if was_enabled:
            gc.enable()


@dataclass(frozen=True, slots=True)
class _Section:
    start: int
    title: str | None
    statement_end: int


@dataclass(frozen=True, slots=True)
class _Pending:
    """A computation whose sentence is not over.

    Attributes:
        index: of the computation.
        sentence: number of its sentence.
        facts: how many stood before it.
        later: those that were given after it.
        choose: chooses among facts.
    """

    index: int
    sentence: int
    facts: int
    later: list[Fact]
    choose: Callable[[list[Fact]], tuple[str, ...]]


class _Reader:
    """One document while its formulas are read in order."""

    def __init__(self, text: str, earlier_sentences: int) -> None:
        self.text = text
        self.earlier_sentences = earlier_sentences
        parts = list(scan(text))
        self.formulas = [part for part in parts if isinstance(part, Formula)]
        self.headings = [part for part in parts if isinstance(part, Heading)]
        self.masked = mask(text, parts)
        self.starts = sentence_starts(self.masked, self.headings)
        self.sections = self._sections()
        self.symbols = Symbols()
        # Letters that stand alone somewhere, once a word needs to be told from a product.
        self.alone: frozenset[str] | None = None
        self.chance: bool | None = None
        self.has_rows = _HAS_ROWS.search(text) is not None
        self.heads: dict[str, tuple[str, bool] | None] = {}
        self.facts: list[Fact] = []
        # Symbols that some fact or computation has named so far.
        self.known = 0
        self.computations: list[Computation] = []
        # Squeezed relations stated so far: said again, they compute nothing.
        self.stated: set[str] = set()
        # Computations of the sentence that is read, for what it says of their symbols at its end.
        self.pending: list[_Pending] = []

    def passages(self) -> list[Passage]:
        found = self._all_computations()
        if not found:
            return []
        steps = paragraphs(self.masked, self.headings, self.starts, limit=MAX_PASSAGE)
        ends = [end for _, end in steps]
        held: dict[int, list[Computation]] = {}
        for computation in found:
            index = min(bisect_left(ends, computation.span_start + 1), len(steps) - 1)
            held.setdefault(index, []).append(computation)
        return [
            # A relation that goes on in the next step widens the one in which it begins.
            Passage(
                min(steps[index][0], inside[0].span_start),
                max(steps[index][1], *(item.span_end for item in inside)),
                self._section(inside[0].span_start).title,
                tuple(inside),
            )
            for index, inside in held.items()
        ]

    def _sections(self) -> list[_Section]:
        trail: list[Heading] = []
        sections = [_Section(0, None, self._statement_end(0))]
        for heading in self.headings:
            while trail and trail[-1].level >= heading.level:
                trail.pop()
            trail.append(heading)
            title = " > ".join(item.title for item in trail)
            sections.append(_Section(heading.start, title, self._statement_end(heading.end)))
        return sections

    def _statement_end(self, start: int) -> int:
        while start < len(self.masked) and self.masked[start].isspace():
            start += 1
        end = self.masked.find("\n\n", start, start + MAX_STATEMENT)
        return end if end >= 0 else min(len(self.text), start + MAX_STATEMENT)

    def _section(self, position: int) -> _Section:
        index = len(self.sections) - 1
        while index > 0 and self.sections[index].start > position:
            index -= 1
        return self.sections[index]

    def _all_computations(self) -> list[Computation]:
        previous: Clause | None = None
        previous_end = -1
        domains = deque(self._domains())
        for index, formula in enumerate(self.formulas):
            while domains and domains[0].position < formula.start:
                self.facts.append(domains.popleft())
            found = list(clauses(self.text, formula.inner_start, formula.inner_end))
            is_given = any(len(clause.parts) > 1 for clause in found) and self._is_given(index)
            if previous is not None and found:
                self._read_words(previous, found[0], self.masked[previous_end : formula.start])
            for clause in found:
                if len(clause.parts) == 1:
                    continue  # it states nothing
                begins_with_relation = clause.parts[0].latex == ""
                if (
                    begins_with_relation
                    and clause is found[0]
                    and previous
                    and not self.text[previous_end : formula.start].strip(" \n\t,")
                ):
                    # `$a$ $= b$`: a chain in two formulas with nothing but space between.
                    clause = join(_last_side(previous), clause)  # noqa: PLW2901
                is_first = clause.start <= found[0].start
                between = self.masked[previous_end : formula.start] if is_first else ""
                follows_or = clause.is_alternative or _OR.fullmatch(between) is not None
                is_one_of_two = follows_or and self._withdraw(clause)
                facts_before = len(self.facts)
                self._read(clause, is_given=is_given)
                if is_one_of_two:
                    self._withdraw(clause)
                elif is_given and self.pending:
                    for fact in self.facts[facts_before:]:
                        self._say_of_pending(fact)
            previous = found[-1] if found else None
            previous_end = formula.end
        computations = self.computations
        written = plain.computations(self.masked)
        for start, end, expression, result in written:
            computations.append(
                Computation(
                    start, end, "eq", expression, result, None, (), self._sentence(start, end)
                )
            )
        if written:
            computations.sort(key=lambda item: (item.span_start, item.span_end))
        return computations

    def _read_words(self, first: Clause, second: Clause, between: str) -> None:
        r"""Take what words say of two formulas: `$P \ast Q$ means $\frac{P+Q}{2}$`."""
        if len(first.parts) > 1 or not _MEANS.fullmatch(between):
            return
        left, right = first.parts[0], second.parts[0]._replace(operator="eq")
        if not left.latex or not right.latex:
            return
        is_symbol = self._head(left.latex) is not None
        if between.strip() == "is" and not (is_symbol and _LITERAL.fullmatch(right.latex)):
            # `$n$ is $k$` may be said of anything.
            return
        if _EQUALS.fullmatch(between) and not is_symbol and len(second.parts) == 1:
            self._compute(left, right, squeezed(_statement(left, right)))
        self._state(left, right)
        self.known |= self.facts[-1].symbols

    def _withdraw(self, clause: Clause) -> bool:
        """Take back the value just stated of a clause's symbol: `x = 8 or x = -8` is none."""
        head = self._head(clause.parts[0].latex)
        if head is None or len(clause.parts) < 2 or not self.facts:
            return False
        if self.facts[-1].kind != "value":
            return False
        if self.facts[-1].head_bit != self.symbols.bit(head[0]):
            return False
        del self.facts[-1]
        return True

    def _read(self, clause: Clause, *, is_given: bool) -> None:
        """Take the computations and facts of one clause."""
        links: list[tuple[Part, Part]] = []
        parts = clause.parts
        facts_before = len(self.facts)
        for left, right in pairwise(parts):
            if right.operator == "implies" or not left.latex or not right.latex:
                continue
            if right.end - left.start > MAX_RELATION or right.operator is None:
                continue
            latex = _statement(left, right)
            plain_latex = squeezed(latex)
            if right.operator in RELATIONS and self._is_computation(
                left, right, parts, is_given, plain_latex
            ):
                self._compute(left, right, plain_latex)
            links.append((left, right))
            if not (is_nameless(left.latex) or self._is_assignment(left, right)):
                self._fact(left, right, latex, plain_latex)
        equal = all(right.operator == "eq" for _, right in links)
        if len(links) > 1 and equal:
            # The last side is the simplest: `x = \frac{288}{72} = 4` says that x is 4.
            self._state(links[0][0], links[-1][1])
        for fact in self.facts[facts_before:]:
            self.known |= fact.symbols

    def _is_computation(
        self, left: Part, right: Part, parts: tuple[Part, ...], is_given: bool, statement: str
    ) -> bool:
        head = self._head(left.latex)
        is_first = left is parts[0]
        bits = self.symbols.bits(left.latex) | self.symbols.bits(right.latex)
        if bits and (
            statement in self.stated
            or self._is_assignment(left, right)
            or self._is_no_value(left.latex, right.latex)
        ):
            return False
        if right.operator in ("lt", "le", "gt", "ge"):
            # A symbol's bound is its domain.
            return head is None and self._head(right.latex) is None and not is_given
        bits = self.symbols.bits(left.latex)
        if head is not None and is_first:
            name, is_function = head
            is_new = not self.known & self.symbols.bit(name)
            return not (is_given or is_new or (is_function and not self._is_bound(name)))
        if is_given and is_first and bits:
            # A given equation; what is given about numbers alone can still be computed.
            return self._head(left.latex) is None and not self._is_unknown(bits)
        return bool(_HAS_CONTENT.search(left.latex) or _HAS_CONTENT.search(right.latex) or bits)

    def _is_no_value(self, left: str, right: str) -> bool:
        """Whether a side holds a word, an element of a list or the like."""
        for latex in (left, right):
            if is_index_or_order(latex) or is_of_unknown_function(latex):
                return True
            if is_of_events(latex) and self._is_about_chance():
                return True
            words = words_in(latex)
            if words and self.alone is None:
                self.alone = letters_alone(
                    self.text[formula.inner_start : formula.inner_end] for formula in self.formulas
                )
            if any(not self.alone.issuperset(word) for word in words if self.alone is not None):
                return True
        # `y(0) = 1` is no product, and what y is at 0 nobody can compute before y is known.
        name = function_at_number(left)
        if name is None:
            return False
        bit = self.symbols.bit(name)
        return not any(fact.head_bit & bit for fact in self.facts)

    def _is_assignment(self, left: Part, right: Part) -> bool:
        """Whether it is a step of a program, `S = S + 2k`, which as an equation is false."""
        name, value = left.latex, right.latex
        return (
            value.startswith(name)
            and value[len(name) :].lstrip()[:1] in ("+", "-", "*")
            and self._head(name) is not None
        )

    def _is_about_chance(self) -> bool:
        if self.chance is None:
            self.chance = is_about_chance(self.masked)
        return self.chance

    def _head(self, latex: str) -> tuple[str, bool] | None:
        try:
            return self.heads[latex]
        except KeyError:
            return self.heads.setdefault(latex, head_of(latex))

    def _is_bound(self, name: str) -> bool:
        bit = self.symbols.bit(name)
        return any(fact.symbols & bit for fact in self.facts)

    def _is_derived(self, name: str) -> bool:
        """Whether a symbol was defined last by what others are."""
        bit = self.symbols.bit(name)
        latest = next((fact for fact in reversed(self.facts) if fact.head_bit & bit), None)
        return latest is not None and latest.symbols != latest.head_bit

    def _is_unknown(self, bits: int) -> bool:
        """Whether a symbol has no value or definition yet."""
        for fact in self.facts:
            bits &= ~fact.head_bit
        return bool(bits)

    def _compute(self, left: Part, right: Part, statement: str) -> None:
        section = self._section(left.start)
        sentence = index_at(self.starts, left.start)
        head = self._head(left.latex)
        goal = self.symbols.bit(head[0]) if head is not None else 0
        expression, result = left.latex, right.latex
        if right.operator == "eq" and not self.symbols.bits(result):
            is_known = _LITERAL.fullmatch(expression) and not _LITERAL.fullmatch(result)
            if is_known or (_QUOTIENT.fullmatch(expression) and _OPERATION.search(result)):
                # `51 = 3 \\cdot 17`: what is computed stands on the right.
                expression, result = result, expression
        choose = partial(
            select,
            wanted=self.symbols.bits(left.latex) | self.symbols.bits(right.latex),
            goal=goal,
            first_sentence=max(
                sentence - self.earlier_sentences, index_at(self.starts, section.start)
            ),
            statement=(section.start, section.statement_end),
            section_start=section.start,
            exclude=statement,
            row=self._row(left.start),
        )
        conditions = choose(self.facts)
        name = function_at_number(expression)
        if name is not None and not any(_defines(condition, name) for condition in conditions):
            return  # what the definition far off says is not known to whoever computes it
        self.computations.append(
            Computation(
                left.start,
                right.end,
                right.operator or "eq",
                expression,
                result,
                right.modulus if right.operator == "equiv" else None,
                conditions,
                self._sentence(left.start, right.end),
            )
        )
        if self.pending and self.pending[-1].sentence != sentence:
            self.pending.clear()
        if self.symbols.bits(expression):
            self.pending.append(
                _Pending(len(self.computations) - 1, sentence, len(self.facts), [], choose)
            )

    def _say_of_pending(self, fact: Fact) -> None:
        r"""Give a value to the computations before it in its sentence: `$ab = 6$, where $a = 2$`.

        Only where they have no value yet: `if $x = 2$, $x^2 = 4$, and if $x = 3$, $x^2 = 9$`.
        """
        for pending in self.pending:
            if pending.sentence != fact.sentence or not fact.head_bit:
                continue
            computation = self.computations[pending.index]
            if self.symbols.bits(computation.result) & fact.head_bit:
                continue  # an identity, said of all its values
            if not _GOES_ON.match(self.masked, computation.span_end, fact.position):
                continue
            named = self.symbols.bits(computation.expression)
            for condition in computation.conditions:
                left = condition.partition("=")[0].strip()
                head = self._head(left)
                if head is not None and self.symbols.bit(head[0]) == fact.head_bit:
                    break
                named |= self.symbols.bits(condition)
            else:
                if named & fact.head_bit:
                    pending.later.append(fact)
                    conditions = pending.choose([*self.facts[: pending.facts], *pending.later])
                    self.computations[pending.index] = replace(computation, conditions=conditions)

    def _sentence(self, start: int, end: int) -> str:
        first, last = index_at(self.starts, start), index_at(self.starts, end - 1)
        begin = self.starts[first]
        stop = self.starts[last + 1] if last + 1 < len(self.starts) else len(self.text)
        if stop - begin > MAX_SENTENCE:
            begin = max(begin, start - MAX_SENTENCE // 2)
            stop = min(stop, max(end, begin + MAX_SENTENCE))
        return self.text[begin:stop].strip()

    def _row(self, position: int) -> int:
        """Which row of a table or item of a list holds a place, as in `Fact`."""
        if not self.has_rows:
            return -1
        start = self.text.rfind("\n", 0, position) + 1
        if self.text.startswith("|", start):
            return start
        return -start - 2 if _ITEM.match(self.text, start) else -1

    def _state(self, left: Part, right: Part) -> None:
        latex = _statement(left, right)
        self._fact(left, right, latex, squeezed(latex))

    def _fact(self, left: Part, right: Part, latex: str, plain_latex: str) -> None:
        self.stated.add(plain_latex)
        bits = self.symbols.bits(left.latex) | self.symbols.bits(right.latex)
        head = self._head(left.latex) if right.operator in ("eq", "approx") else None
        kind: Kind = "equation"
        head_bit = 0
        if head is not None:
            head_bit = self.symbols.bit(head[0])
            kind = "function" if head[1] else "value"
            if head_bit & self.symbols.bits(right.latex):
                # `x = 3x - 4` is an equation for x.
                head_bit, kind = 0, "equation"
        elif right.operator in ("lt", "le", "gt", "ge", "ne", "in"):
            kind = "domain"
        self.facts.append(
            Fact(
                latex,
                plain_latex,
                left.start,
                index_at(self.starts, left.start),
                kind,
                bits,
                head_bit,
                head_bit != 0 and head is not None and len(head[0]) > 1,
                self._row(left.start),
            )
        )

    def _is_given(self, index: int) -> bool:
        """Whether the words before a formula make it a condition: `let`, `if`, `where`."""
        formula = self.formulas[index]
        start = self.starts[index_at(self.starts, formula.start)]
        before = self.masked[max(start, formula.start - 200) : formula.start]
        words = before.replace("\x01", "")
        # What `_GIVES` and `_SETS` do not reach over.
        words = words[max(words.rfind(mark) for mark in ".;:") + 1 :]
        found = _GIVES.search(words)
        if found is None:
            begins = head_of(self.text[formula.inner_start : formula.inner_end].split("=")[0])
            found = _SETS.search(words) if begins is not None else None
            if begins is not None and before.endswith("\x01, ") and self._is_derived(begins[0]):
                return False  # `at $x = 10$, $y = 21$` of the line `$y = 2x + 1$`
        if found is None:
            return False
        # `For $x = 2$, \\[..\\]`: the display is what holds then.
        if formula.is_display and before.rstrip().endswith("\x01,"):
            return False
        # `If a = 1, then b = 2`: what comes after `then` follows and is not given.
        return _CONCLUDES.search(words, found.start()) is None

    def _domains(self) -> Iterator[Fact]:
        """Facts that words state of symbols: `positive integers $a$ and $b$`."""
        masked, formulas = self.masked, self.formulas
        if not any(kind in masked for kind in _KIND_STEMS):
            return
        index = 0
        while index < len(formulas):
            last = index
            while last + 1 < len(formulas) and last + 1 - index < _MOST_LISTED:
                gap = formulas[last].end, formulas[last + 1].start
                if gap[1] - gap[0] > 6 or not _LIST_GAP.fullmatch(masked, *gap):
                    break
                last += 1
            listed = formulas[index : last + 1]
            start, end = listed[0].start, listed[-1].end
            index = last + 1
            before = _KIND_BEFORE.search(masked, max(0, start - _REACH), start)
            after = _KIND_AFTER.match(masked, end)
            if before is None and after is None:
                continue
            words = (before[0] if before else "") + (after[0] if after else "")
            for formula in listed:
                inner = self.text[formula.inner_start : formula.inner_end]
                if not _NAMES_LIST.fullmatch(inner):
                    continue
                for name in re.split(r"[\s,.]+", inner.strip(" ,.\n\t")):
                    if _WHOLE.search(words):
                        yield self._domain_fact(rf"{name} \in \mathbb{{Z}}", name, formula.start)
                    if _POSITIVE.search(words):
                        yield self._domain_fact(f"{name} > 0", name, formula.start)

    def _domain_fact(self, latex: str, name: str, position: int) -> Fact:
        sentence = index_at(self.starts, position)
        return Fact(
            latex, squeezed(latex), position, sentence, "domain", self.symbols.bits(name), 0
        )


def _defines(condition: str, name: str) -> bool:
    if len(name) == 1 and name.isupper() and f"{name}(" in condition:
        return True  # an equation between values of a function, which is none of a number
    head = head_of(condition.partition("=")[0])
    return head is not None and head[0] == name


def _last_side(clause: Clause) -> Clause:
    return Clause((clause.parts[-1],))


def _statement(left: Part, right: Part) -> str:
    operator = OPERATORS.get(right.operator or "eq", "=")
    modulus = rf" \pmod{{{right.modulus}}}" if right.modulus and right.operator == "equiv" else ""
    return f"{left.latex} {operator} {right.latex}{modulus}"
