"""Puts pages through `extract_text` and keeps account of them."""

from __future__ import annotations

import datetime
import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from conf import tables
from tests.fuzz.pages import page
from udfs.html import REASONS, extract_text
from udfs.html.stage import to_document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CPU_SECONDS = 5.0
MEMORY_BYTES = 1 << 30
BATCH = 200
# What no page may come to: these name faults of ours, not of the page.
FAULTS = ("error", "crashed", "timeout", "memory")


@dataclass
class Account:
    """What became of the pages.

    Attributes:
        pages: how many went in.
        outcomes: rows out by `rejected_by`, None for a text.
        faults: numbers of pages that came to one of `FAULTS`, with which.
        wrong: what rows say that they must not, with the page's number.
        batches: CPU seconds and number of the first page of each batch.
        peak_bytes: largest resident memory of a child.
    """

    pages: int = 0
    outcomes: Counter[str | None] = field(default_factory=Counter)
    faults: list[tuple[int, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    batches: list[tuple[float, int]] = field(default_factory=list)
    peak_bytes: int = 0


def run(seed: int, numbers: range) -> Iterator[Account]:
    """Extract pages batch by batch; yield the account so far after each."""
    account = Account()
    for first in numbers[::BATCH]:
        part = range(first, min(first + BATCH, numbers.stop))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        rows: list[dict[str, Any]] = []
        for batch in extract_text(
            [_batch(seed, part)],
            min_formulas=0,
            mask=("email", "phone", "ip"),
            honour_robots_meta=("noai",),
            cpu_seconds=CPU_SECONDS,
            memory_bytes=MEMORY_BYTES,
        ):
            rows += batch.to_pylist()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        account.batches.append((used, first))
        account.peak_bytes = after.ru_maxrss * 1024
        account.pages += len(part)
        if [row["doc_id"] for row in rows] != [str(number) for number in part]:
            account.wrong.append(f"{first}: {len(rows)} rows for {len(part)} pages")
        for row in rows:
            _judge(account, row)
        yield account


def _judge(account: Account, row: dict[str, Any]) -> None:
    number, reason, text = int(row["doc_id"]), row["rejected_by"], row["text"]
    account.outcomes[reason] += 1
    if reason in FAULTS:
        account.faults.append((number, reason))
    if (text is None) == (reason is None) or (reason is not None and reason not in REASONS):
        account.wrong.append(f"{number}: text {text is not None}, reason {reason}")
    if text is not None and (
        not text.strip() or any("\ue000" <= char <= "\ue00f" for char in text)
    ):
        account.wrong.append(f"{number}: no text, or place holders left in it")


def slowest(seed: int, account: Account, count: int) -> list[tuple[float, int]]:
    """The pages of the slowest batches timed one by one: CPU seconds and number."""
    found = []
    for _, first in sorted(account.batches, reverse=True)[:count]:
        for number in range(first, min(first + BATCH, account.pages)):
            html, header = page(seed, number)
            start = time.process_time()
            if all(number != fault for fault, _ in account.faults):
                to_document(
                    (html, "https://example.org/", header, None),
                    min_formulas=0,
                    honour_robots_meta=(),
                    blocked=(),
                    mask=("email", "phone", "ip"),
                )
            found.append((time.process_time() - start, number))
    return sorted(found, reverse=True)[:count]


def save(seed: int, number: int, folder: Path) -> Path:
    """Write a page to a file."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{seed}-{number}.html"
    target.write_bytes(page(seed, number)[0])
    return target


def _batch(seed: int, numbers: range) -> pa.RecordBatch:
    rows = []
    for number in numbers:
        html, header = page(seed, number)
        rows.append(
            {
                "page_id": str(number),
                "file_id": "fuzz",
                "crawl": None,
                "host": "example.org",
                "fetch_time": datetime.datetime(2026, 10, 1, tzinfo=datetime.UTC),
                "warc_record_offset": 0,
                "warc_record_length": 0,
                "payload_digest": "",
                "content_type": header,
                "robots": None,
                "html_bytes": len(html),
                "is_truncated": False,
                "warc_filename": "",
                "url": f"https://example.org/{number}",
                "html": html,
            }
        )
    return pa.RecordBatch.from_pylist(rows, schema=tables.arrow_schema(tables.PAGES))
