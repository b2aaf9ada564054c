"""What a translator is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Computation:
    """One relation of a text with all that it rests on: an element of `contexts.computations`.

    Attributes:
        span_start: first character of the relation in the document's text.
        span_end: character after the relation.
        relation: eq, approx, equiv (congruent), lt, le, gt or ge.
        expression: LaTeX of the left side, which is computed.
        result: LaTeX of the right side, which the text states.
        modulus: LaTeX of the modulus of a congruence, else None.
        conditions: LaTeX of the definitions, values and equations it rests on, in text order.
        sentence: the sentence around it.
    """

    span_start: int
    span_end: int
    relation: str
    expression: str
    result: str
    modulus: str | None = None
    conditions: tuple[str, ...] = ()
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class Translation:
    """A program for one computation, or the reason there is none; exactly one is set.

    Attributes:
        code: Python source that prints the computed left side.
        reason: one short word, snake_case, for `programs.rejected_by`.
    """

    code: str | None
    reason: str | None
