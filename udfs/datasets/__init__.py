"""Data set files -> documents: rows that come with their text, each with its quality signals."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from conf import tables
from udfs.datasets.rows import (
    BAD_JSON,
    DAMAGED,
    NO_TEXT,
    TOO_LARGE,
    ColumnError,
    Columns,
    Damage,
    Row,
    Source,
    read_jsonl,
    read_parquet,
)
from udfs.files import base_name, open_input
from udfs.hosts import host_of
from udfs.keys import key
from udfs.language import detect_language
from udfs.privacy import mask as mask_text
from udfs.quality import measure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

EXTRACTOR = "import-1"
"""Name and version in `documents.extractor`: raised when the same row would give another text."""

REASONS = (NO_TEXT, BAD_JSON, TOO_LARGE, DAMAGED)
"""Why a row has no text. A DAMAGED row cannot be read at all and is only counted."""

READ_DOCUMENTS_SCHEMA = pa.schema(
    [
        pa.field("document", pa.struct(list(tables.arrow_schema(tables.DOCUMENTS)))),
        pa.field("read", pa.struct(list(tables.arrow_schema(tables.FILE_READS)))),
    ]
)
"""Output of `import_rows`: a row of `documents` or a row of `file_reads`, the other one NULL."""

_BATCH_CHARS = 8 << 20

_INPUT = (
    "file_id",
    "path",
    "kind",
    "component",
    "text_column",
    "id_column",
    "url_column",
    "attempt",
)


def import_rows(
    batches: Iterable[pa.RecordBatch],
    *,
    batch_rows: int = 256,
    mask: Sequence[str] | None = None,
) -> Iterator[pa.RecordBatch]:
    """Read data set files and make a document of each row.

    Args:
        batches: rows of `crawl_files` of kind jsonl or parquet with `attempt` (which try this
            is, from 1); reads `file_id`, `path`, `kind`, `component`, `text_column`,
            `id_column`, `url_column`, `attempt`.
        batch_rows: most documents in a batch, at least 1; long texts make it fewer.
        mask: personal data that are masked, of `udfs.privacy.KINDS`; None looks for none.

    Yields:
        Rows of READ_DOCUMENTS_SCHEMA: the documents of a file in its order, those without text
        with `rejected_by` one of `REASONS`, then one row of what the file gave.

    Raises:
        ValueError: `batch_rows` is not positive. No file and no row raises.
    """
    if batch_rows < 1:
        raise ValueError(f"batch_rows: {batch_rows}, must be at least 1")
    for batch in batches:
        for file in batch.select(_INPUT).to_pylist():
            yield from _read_file(file, batch_rows, mask)


def _read_file(
    file: dict[str, Any], batch_rows: int, mask: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    began = time.perf_counter()
    path = file["path"]
    name = base_name(path)
    columns = Columns(file["text_column"] or "text", file["id_column"], file["url_column"])
    read = read_parquet if file["kind"] == "parquet" else read_jsonl
    damage = Damage()
    rejected: Counter[str] = Counter()
    rows_out = read_bytes = 0
    failure = None
    source = None
    try:
        with open_input(path) as stream:
            source = Source(stream)
            for rows in _bounded(read(source, path, columns, damage), batch_rows):
                for row in rows:
                    if row.reason:
                        rejected[row.reason] += 1
                    else:
                        rows_out += 1
                yield _batch("document", [_document(row, file, name, mask) for row in rows])
    except ColumnError as error:
        failure = str(error)
    except OSError as error:
        place = f" (after byte {source.total} of {path})" if source else ""
        failure = f"{type(error).__name__}: {error}{place}"
    if source is not None:
        read_bytes = source.total
    if damage.lost:
        rejected[DAMAGED] += damage.lost
    outcome = {
        "file_id": file["file_id"],
        "kind": file["kind"],
        "attempt": file["attempt"],
        "outcome": "failed" if failure else "damaged" if damage.first else "complete",
        "records": rows_out + rejected.total(),
        "rows_out": rows_out,
        "rejected": sorted(rejected.items()),
        "read_bytes": read_bytes,
        "read_at": datetime.now(UTC),
        "read_seconds": time.perf_counter() - began,
        "error": failure or damage.first or None,
    }
    yield _batch("read", [outcome])


def _bounded(rows: Iterator[Row], batch_rows: int) -> Iterator[list[Row]]:
    """Cut rows into lists of bounded length; a text over the bound stands alone."""
    some: list[Row] = []
    size = 0
    for row in rows:
        chars = len(row.text or "")
        if some and (size + chars > _BATCH_CHARS or len(some) == batch_rows):
            yield some
            some, size = [], 0
        some.append(row)
        size += chars
    if some:
        yield some


def _document(
    row: Row, file: dict[str, Any], name: str, mask: Sequence[str] | None
) -> dict[str, Any]:
    document = {
        "doc_id": key(name, row.number, row.source_id, row.text),
        "source_id": row.source_id,
        "file_id": file["file_id"],
        "component": file["component"],
        "host": host_of(row.url),
        "rejected_by": row.reason,
        "extractor": EXTRACTOR,
        "warc_filename": name,
        "warc_record_offset": row.number,
        "url": row.url,
        "text": row.text,
    }
    if row.text is not None:
        text = row.text
        if mask is not None:
            # The key stays that of the row as it came.
            text, counts = mask_text(text, mask)
            document |= {"text": text, "masked": sorted(counts.items())}
        found = measure(text)
        document |= {
            "language": detect_language(text),
            "char_count": found.char_count,
            "formula_count": found.formula_count,
            "formula_chars": found.formula_chars,
            "symbol_ratio": found.symbol_ratio,
            "repetition_ratio": found.repetition_ratio,
            "list_ratio": found.list_ratio,
        }
    return document


def _batch(column: str, rows: list[dict[str, Any]]) -> pa.RecordBatch:
    arrays = [
        pa.array(rows, field.type) if field.name == column else pa.nulls(len(rows), field.type)
        for field in READ_DOCUMENTS_SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=READ_DOCUMENTS_SCHEMA)
