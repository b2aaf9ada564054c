"""kept_documents -> contexts: the passages that compute something, with their conditions."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from conf import tables
from udfs.contexts.passages import Passage, find_contexts
from udfs.isolate import Failure, isolated
from udfs.keys import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EXTRACTOR = "contexts-2"

# Rows and characters of a batch that is handed on.
MAX_ROWS = 256
MAX_CHARACTERS = 8 * 1024 * 1024


def extract_contexts(
    batches: Iterable[pa.RecordBatch],
    *,
    earlier_sentences: int = 8,
    cpu_seconds: float = 20.0,
    memory_bytes: int = 2 * 1024**3,
) -> Iterator[pa.RecordBatch]:
    """Find the passages of documents that compute something.

    Args:
        batches: rows of `kept_documents`; reads `doc_id`, `title` and `text` (not NULL).
        earlier_sentences: sentences before a computation that may hold its conditions, at
            least 0; the problem statement always may.
        cpu_seconds: CPU time for one document, above 0.
        memory_bytes: memory that one document may take, above 0.

    Yields:
        Rows of `contexts`: one a passage, in order. A document without a passage gives one row
        with `rejected_by`: no_computation, timeout, memory, crashed or error.

    Raises:
        ValueError: a setting is out of range. No single document raises.
    """
    if earlier_sentences < 0:
        raise ValueError(f"earlier_sentences must be at least 0, not {earlier_sentences}")
    waiting: deque[tuple[str, str | None, str]] = deque()

    def texts() -> Iterator[str]:
        for batch in batches:
            for start in range(0, batch.num_rows, MAX_ROWS):
                part = batch.slice(start, MAX_ROWS)
                columns = (part.column(name).to_pylist() for name in ("doc_id", "title", "text"))
                for doc_id, title, text in zip(*columns, strict=True):
                    waiting.append((doc_id, title, text or ""))
                    yield text or ""

    find = partial(find_contexts, earlier_sentences=earlier_sentences)
    rows: list[dict[str, Any]] = []
    characters = 0
    for found in isolated(find, texts(), cpu_seconds=cpu_seconds, memory_bytes=memory_bytes):
        doc_id, title, text = waiting.popleft()
        for row in _rows(doc_id, title, text, found):
            rows.append(row)
            characters += len(row["passage"] or "")
            if len(rows) >= MAX_ROWS or characters >= MAX_CHARACTERS:
                yield _batch(rows)
                rows, characters = [], 0
    if rows:
        yield _batch(rows)


def _rows(
    doc_id: str, title: str | None, text: str, found: list[Passage] | Failure
) -> Iterator[dict[str, Any]]:
    if isinstance(found, Failure) or not found:
        reason = found.reason if isinstance(found, Failure) else "no_computation"
        yield {
            "context_id": key(doc_id, 0, len(text)),
            "doc_id": doc_id,
            "context_start": 0,
            "context_end": len(text),
            "rejected_by": reason,
            "extractor": EXTRACTOR,
            "title": title,
            "section": None,
            "computations": [],
            "passage": None,
        }
        return
    for passage in found:
        yield {
            "context_id": key(doc_id, passage.start, passage.end),
            "doc_id": doc_id,
            "context_start": passage.start,
            "context_end": passage.end,
            "rejected_by": None,
            "extractor": EXTRACTOR,
            "title": title,
            "section": passage.section,
            "computations": [
                {
                    "span_start": item.span_start,
                    "span_end": item.span_end,
                    "relation": item.relation,
                    "expression": item.expression,
                    "result": item.result,
                    "modulus": item.modulus,
                    "conditions": list(item.conditions),
                    "sentence": item.sentence,
                }
                for item in passage.computations
            ],
            "passage": text[passage.start : passage.end],
        }


def _batch(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(rows, schema=tables.arrow_schema(tables.CONTEXTS))
