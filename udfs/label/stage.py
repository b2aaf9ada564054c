"""documents -> labels: ask a labeller about each document."""

from __future__ import annotations

import datetime
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from conf import tables
from udfs.keys import key
from udfs.label import rules
from udfs.llm import Client, LlmError, Message, Reply, Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

RULES = "rules"
ENDPOINT = "endpoint"

# Rows that are held as Python strings at once.
_ROWS = 256
# An answer is one short JSON object.
_ANSWER_TOKENS = 64
_FENCED = re.compile(r"```(?:json)?\s*(\{.*\})\s*```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a labeller says of one text.

    Attributes:
        label: the domain or `other`; None when there is no judgement.
        confidence: 0 to 1; None when the labeller does not say.
        reason: why there is no judgement; None when there is one.
    """

    label: str | None
    confidence: float | None = None
    reason: str | None = None


class Labeller(Protocol):
    """Judges texts; it is sent to workers, so it holds plain values alone."""

    @property
    def name(self) -> str:
        """`labels.labeller`: changes with everything that changes its judgements."""

    def judge(self, texts: Sequence[str]) -> Iterator[Judgement]:
        """Judge texts, in order. A text that cannot be judged has a reason; none raises."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The labeller by rules: see `udfs.label.rules`.

    Attributes:
        domain: label of a text of the domain.
        terms: words and phrases of the domain, lower case.
        needs_terms: whether formulas speak for the domain only beside its words.
    """

    domain: str
    terms: tuple[str, ...]
    needs_terms: bool = False

    @property
    def name(self) -> str:
        """`rules-VERSION-HASH`, the hash that of what the domain gives."""
        return f"{RULES}-{rules.VERSION}-{key(self.domain, self.needs_terms, *self.terms)[:8]}"

    def judge(self, texts: Sequence[str]) -> Iterator[Judgement]:
        """Judge texts by rules."""
        for text in texts:
            label, confidence = rules.judge(
                text, domain=self.domain, terms=self.terms, needs_terms=self.needs_terms
            )
            yield Judgement(label, confidence)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A language model behind an OpenAI-compatible server.

    Attributes:
        server: where it is.
        prompt: instructions that hold `{domain}` and `{description}`; the excerpt is the
            message after them.
        domain: label of a text of the domain.
        description: what the domain is, for the prompt.
        max_chars: longest excerpt of a document, in characters.
    """

    server: Server
    prompt: str
    domain: str
    description: str
    max_chars: int

    @property
    def name(self) -> str:
        """`endpoint-MODEL-HASH`, the hash that of prompt, domain and length of the excerpt."""
        version = key(self.prompt, self.domain, self.description, self.max_chars)
        return f"{ENDPOINT}-{self.server.model}-{version[:8]}"

    def judge(self, texts: Sequence[str]) -> Iterator[Judgement]:
        """Judge texts by a language model."""
        instructions = self.prompt.replace("{domain}", self.domain)
        instructions = instructions.replace("{description}", self.description)
        asked = (
            [Message("system", instructions), Message("user", excerpt(text, self.max_chars))]
            for text in texts
        )
        client = Client(self.server)
        for answer in client.complete_all(asked, max_tokens=_ANSWER_TOKENS):
            yield self._read(answer)

    def _read(self, answer: Reply | LlmError) -> Judgement:
        if isinstance(answer, LlmError):
            return Judgement(None, reason=f"failed_{answer.reason}")
        return parse(answer.text, self.domain)


def parse(text: str, domain: str) -> Judgement:
    """Read a model's answer: one JSON object with a label, and a confidence where it gives one.

    Args:
        text: of the answer; a fence of Markdown around the object is let pass, nothing else is.
        domain: the label beside `other`.

    Returns:
        The judgement, or the reason `failed_answer`.
    """
    failed = Judgement(None, reason="failed_answer")
    fenced = _FENCED.fullmatch(text.strip())
    try:
        answer = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return failed
    if not isinstance(answer, dict) or not {"label"} <= set(answer) <= {"label", "confidence"}:
        return failed
    label, confidence = answer["label"], answer.get("confidence")
    if label not in (domain, "other"):
        return failed
    if confidence is None:
        return Judgement(label)
    if isinstance(confidence, bool) or not isinstance(confidence, int | float):
        return failed
    return Judgement(label, float(confidence)) if 0 <= confidence <= 1 else failed


def excerpt(text: str, max_chars: int) -> str:
    """Cut a text to the length that is judged: its beginning, and a piece from its middle."""
    if len(text) <= max_chars:
        return text
    head = max_chars * 2 // 3
    tail = max_chars - head
    middle = (len(text) + head - tail) // 2
    return f"{text[:head]}\n[...]\n{text[middle : middle + tail]}"


def label_documents(
    batches: Iterable[pa.RecordBatch], *, labeller: Labeller
) -> Iterator[pa.RecordBatch]:
    """Ask a labeller about documents.

    Args:
        batches: documents with text; reads `doc_id`, `text`, and from the drawing `score` and
            `weight`.
        labeller: who judges.

    Yields:
        Rows of `labels`, one a document, in order. One that could not be judged has a NULL
        label and `rejected_by`.
    """
    schema = tables.arrow_schema(tables.LABELS)
    for whole in batches:
        for start in range(0, whole.num_rows, _ROWS):
            batch = whole.slice(start, _ROWS)
            found = list(labeller.judge(batch.column("text").to_pylist()))
            now = datetime.datetime.now(datetime.UTC)
            columns = {
                "doc_id": batch.column("doc_id"),
                "labeller": [labeller.name] * len(found),
                "label": [one.label for one in found],
                "confidence": [one.confidence for one in found],
                "rejected_by": [one.reason for one in found],
                "score": batch.column("score"),
                "weight": batch.column("weight"),
                "labelled_at": [now] * len(found),
            }
            yield pa.RecordBatch.from_arrays(
                [
                    column
                    if isinstance(column, pa.Array)
                    else pa.array(column, schema.field(name).type)
                    for name, column in ((name, columns[name]) for name in schema.names)
                ],
                schema=schema,
            )
