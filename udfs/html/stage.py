"""pages -> documents: text with its formulas as LaTeX, or the reason there is none."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa

from conf import tables
from udfs.hosts import BLOCKED_HOST, BLOCKED_URL, block_list
from udfs.html import extract as reasons
from udfs.html import meta
from udfs.html.charset import narrow
from udfs.html.extract import Extraction, extract
from udfs.isolate import Failure, isolated
from udfs.language import identifier
from udfs.privacy import mask as mask_text
from udfs.quality import Quality, measure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

EXTRACTOR = "html-2"
"""Name and version of this extractor; a change that alters texts raises the number."""

COMPONENT = "web"

REASONS = (
    BLOCKED_HOST,
    BLOCKED_URL,
    meta.OPTED_OUT,
    reasons.EMPTY_BODY,
    reasons.NOT_HTML,
    reasons.TOO_BIG,
    reasons.TOO_DEEP,
    reasons.NO_TEXT,
    reasons.TOO_FEW_FORMULAS,
    "error",
    "timeout",
    "memory",
    "crashed",
)
"""Values of `documents.rejected_by` for a page; the last four name how the row function ended."""

_SLICE_ROWS = 256
_SLICE_BYTES = 32 << 20
_READ = ("html", "url", "content_type", "robots")
_COPIED = (
    "file_id",
    "crawl",
    "host",
    "fetch_time",
    "warc_filename",
    "warc_record_offset",
    "warc_record_length",
    "url",
)


@dataclass(frozen=True, slots=True)
class Document:
    """What a page gave.

    Attributes:
        extraction: its text, or why there is none.
        quality: signals of its text; None when rejected.
        masked: personal data that were replaced, by kind; None when rejected.
        licence: id of the licence that the page claims; None when rejected or without one.
    """

    extraction: Extraction
    quality: Quality | None = None
    masked: list[tuple[str, int]] | None = None
    licence: str | None = None


def to_document(
    page: tuple[bytes, str, str | None, str | None],
    *,
    min_formulas: int,
    honour_robots_meta: Collection[str],
    blocked: Sequence[str],
    mask: Sequence[str],
) -> Document:
    """Extract one page, mask personal data in its text, and measure it.

    Args:
        page: HTML bytes, URL, HTTP Content-Type, X-Robots-Tag (the two None when there was none).
        min_formulas: fewest formulas that a kept page holds.
        honour_robots_meta: directives that reject a page.
        blocked: block lists.
        mask: kinds of personal data that are masked.
    """
    html, url, content_type, robots = page
    if blocked and (reason := block_list(tuple(blocked)).find(url)):
        return Document(Extraction(None, rejected_by=reason))
    plain = narrow(html)
    if meta.is_opted_out(plain, robots, honour_robots_meta):
        return Document(Extraction(None, rejected_by=meta.OPTED_OUT))
    found = extract(html, url=url, content_type=content_type)
    if found.text is None:
        return Document(found)
    text, masked = mask_text(found.text, mask)
    title = found.title
    if title is not None:
        title, more = mask_text(title, mask)
        masked = {kind: masked.get(kind, 0) + more.get(kind, 0) for kind in {*masked, *more}}
    quality = measure(text)
    if quality.formula_count < min_formulas:
        rejected = replace(found, text=None, title=title, rejected_by=reasons.TOO_FEW_FORMULAS)
        return Document(rejected)
    found = replace(found, text=text, title=title)
    return Document(found, quality, sorted(masked.items()), meta.licence(plain))


def extract_text(
    batches: Iterable[pa.RecordBatch],
    *,
    min_formulas: int,
    honour_robots_meta: Sequence[str] = (),
    blocked: Sequence[str] = (),
    mask: Sequence[str] = (),
    cpu_seconds: float,
    memory_bytes: int,
) -> Iterator[pa.RecordBatch]:
    """Turn HTML pages into text with formulas as LaTeX.

    Args:
        batches: rows of `pages`.
        min_formulas: fewest formulas that a kept page holds, at least 0.
        honour_robots_meta: directives of the robots meta tag or header that reject a page
            (`noai`, `noindex`); `tdm-reservation` among them.
        blocked: block lists (files) whose hosts and URLs are rejected.
        mask: personal data that are masked, of `udfs.privacy.KINDS`.
        cpu_seconds: CPU time that one page may use, above 0.
        memory_bytes: memory that one page may use, above 0.

    Yields:
        Rows of `documents`, one a page, in order, at most 256 rows a batch. A page without text
        has `text` NULL and `rejected_by` one of `REASONS`.

    Raises:
        ValueError: `min_formulas` is negative or a limit is not positive. No single page raises.
        OSError: a block list cannot be read.

    Delimiters: MathJax 3 documentation, "TeX and LaTeX input".
    """
    if min_formulas < 0:
        raise ValueError(f"extract_text: min_formulas must not be negative: {min_formulas}")
    # What is loaded here is shared by all forks.
    identifier()
    if blocked:
        block_list(tuple(blocked))
    waiting: deque[pa.RecordBatch] = deque()

    def pages() -> Iterator[tuple[bytes, str, str | None, str | None]]:
        for batch in batches:
            for piece in _slices(batch):
                waiting.append(piece.select(["page_id", *_COPIED]))
                columns = [piece.column(name) for name in _READ]
                for row in range(piece.num_rows):
                    html, url, content_type, robots = (column[row].as_py() for column in columns)
                    yield html, url, content_type, robots

    found: list[Document] = []
    for result in isolated(
        partial(
            to_document,
            min_formulas=min_formulas,
            honour_robots_meta=frozenset(map(str.lower, honour_robots_meta)),
            blocked=tuple(blocked),
            mask=tuple(mask),
        ),
        pages(),
        cpu_seconds=cpu_seconds,
        memory_bytes=memory_bytes,
    ):
        if isinstance(result, Failure):
            result = Document(Extraction(None, rejected_by=result.reason))  # noqa: PLW2901
        found.append(result)
        if len(found) == waiting[0].num_rows:
            yield _documents(waiting.popleft(), found)
            found = []


def _slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch by rows and bytes: Spark cuts by rows alone, and pages are big."""
    start = size = 0
    html = batch.column(batch.schema.get_field_index("html"))
    for row in range(batch.num_rows):
        length = len(html[row].as_buffer())
        if row > start and (row - start == _SLICE_ROWS or size + length > _SLICE_BYTES):
            yield batch.slice(start, row - start)
            start, size = row, 0
        size += length
    if start < batch.num_rows:
        yield batch.slice(start)


def _documents(pages: pa.RecordBatch, found: list[Document]) -> pa.RecordBatch:
    schema = tables.arrow_schema(tables.DOCUMENTS)
    count = len(found)
    values: dict[str, pa.Array | list[object]] = {name: pages.column(name) for name in _COPIED}
    values["doc_id"] = values["source_id"] = pages.column("page_id")
    values["component"] = [COMPONENT] * count
    values["extractor"] = [EXTRACTOR] * count
    for name in ("text", "title", "language", "link_ratio", "rejected_by"):
        values[name] = [getattr(document.extraction, name) for document in found]
    values["masked"] = [document.masked for document in found]
    values["licence"] = [document.licence for document in found]
    for name in Quality.__slots__:
        values[name] = [getattr(document.quality, name, None) for document in found]
    return pa.RecordBatch.from_arrays(
        [
            value if isinstance(value, pa.Array) else pa.array(value, schema.field(name).type)
            for name, value in ((name, values[name]) for name in schema.names)
        ],
        schema=schema,
    )
