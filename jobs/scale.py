"""What a crawl of any size costs: each stage's rate on one core, times the rows that reach it.

The rates are measured on the rows of a finished root, a stage's Arrow function in this process
and its children, on a machine that does nothing else; the shares of rows that go on are that
root's own. Spark is not in them: for its part see `docs/scale.md`.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from conf import settings as conf_settings
from conf import tables
from jobs import (
    extract_contexts,
    extract_text,
    find_contamination,
    find_duplicates,
    read_crawl,
    session,
    verify,
)
from udfs import minhash, score, tokens
from udfs.translate import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from conf.settings import Settings

_ROWS = 256  # of a batch, as Spark hands them over
_SECONDS = 20.0  # after which a stage is known well enough


@dataclass(frozen=True)
class Rate:
    """What one core does.

    Attributes:
        stage: the job whose Arrow function it is.
        unit: what is counted, plural.
        units: how many were done.
        seconds: wall time: a stage keeps one core busy, its child or sandbox included.
    """

    stage: str
    unit: str
    units: float
    seconds: float

    @property
    def per_second(self) -> float:
        """Units a core does in a second."""
        return self.units / self.seconds


@dataclass(frozen=True)
class Cost:
    """What one stage costs for a whole crawl: `units` of `rate.unit`, in `core_hours`."""

    rate: Rate
    units: float

    @property
    def core_hours(self) -> float:
        """Hours of one core."""
        return self.units / self.rate.per_second / 3600


def rows(settings: Settings, name: str) -> pa.Table:
    """Return a table of a local root, without Spark."""
    return DeltaTable(session.table_path(settings, name)).to_pyarrow_table()


def measure(settings: Settings, model: score.Filter, seconds: float = _SECONDS) -> list[Rate]:
    """Measure each stage on a root's own rows.

    Args:
        settings: of a finished run with a local root; its WARC files are read again.
        model: the filter that scores documents.
        seconds: wall time after which a stage is known well enough.
    """
    documents = rows(settings, tables.DOCUMENTS)
    texts = documents.filter(pc.is_null(documents["rejected_by"]))
    contexts = rows(settings, tables.CONTEXTS)
    programs = rows(settings, tables.PROGRAMS)
    files = rows(settings, tables.CRAWL_FILES)
    attempts = pa.array([1] * len(files), pa.int32())
    files = files.append_column("attempt", attempts).filter(pc.equal(files["kind"], "warc"))
    stages: list[tuple[str, str, pa.Table, Callable[..., Iterator[pa.RecordBatch]]]] = [
        (
            "extract_text",
            "pages",
            rows(settings, tables.PAGES),
            extract_text.function(settings),
        ),
        ("score_documents", "documents", texts, partial(score.score_documents, model=model)),
        (
            "find_duplicates",
            "documents",
            texts,
            partial(minhash.sign, method=find_duplicates.method(settings)),
        ),
        (
            "find_contamination",
            "documents",
            texts,
            find_contamination.function(settings, find_contamination.benchmarks(settings)),
        ),
        (
            "extract_contexts",
            "documents",
            texts,
            extract_contexts.function(settings),
        ),
        (
            "translate",
            "contexts",
            contexts.filter(pc.is_null(contexts["rejected_by"])),
            partial(translate, translators=tuple(settings.translate.translators)),
        ),
        (
            "verify",
            "programs",
            programs.filter(pc.is_valid(programs["code"])),
            verify.function(settings),
        ),
    ]
    found = [_read(settings, files, seconds)]
    found += [
        _rate(stage, unit, table, function, seconds) for stage, unit, table, function in stages
    ]
    found.append(_tokens(settings, rows(settings, tables.PILE), seconds))
    return found


def counts(settings: Settings) -> dict[str, int]:
    """Return how many rows reached each stage of a root, in the units of `measure`."""
    reads = rows(settings, tables.FILE_READS)
    reads = reads.filter(pc.equal(reads["kind"], "warc"))
    documents = rows(settings, tables.DOCUMENTS)
    texts = documents.filter(pc.is_null(documents["rejected_by"]))
    contexts = rows(settings, tables.CONTEXTS)
    programs = rows(settings, tables.PROGRAMS)
    verdicts = rows(settings, tables.VERDICTS)
    pile = rows(settings, tables.PILE)
    web = pile.filter(pc.equal(pile["component"], "web"))
    return {
        "captures": pc.sum(reads["records"]).as_py() or 0,
        "bytes": pc.sum(reads["read_bytes"]).as_py() or 0,
        "pages": len(rows(settings, tables.PAGES)),
        "documents": len(texts.filter(pc.equal(texts["component"], "web"))),
        "all_documents": len(texts),
        "kept": len(web),
        "all_kept": len(pile),
        "contexts": len(contexts.filter(pc.is_null(contexts["rejected_by"]))),
        "programs": len(programs.filter(pc.is_valid(programs["code"]))),
        "verified": len(verdicts.filter(pc.equal(verdicts["outcome"], "verified"))),
        "tokens": pc.sum(web["token_count"]).as_py() or 0,
    }


def plan(
    rates: Sequence[Rate],
    counted: Mapping[str, int],
    *,
    crawl_bytes: float,
    pages: float,
) -> list[Cost]:
    """Return what each stage costs for a crawl.

    Args:
        rates: as `measure` returns them.
        counted: as `counts` returns them: what share of rows goes on.
        crawl_bytes: its size as stored, compressed: captures differ in length.
        pages: how many of its captures hold marks of the domain, and are extracted.
    """
    documents = pages * _share(counted, "documents", "pages")
    kept = documents * _share(counted, "kept", "documents")
    contexts = kept * _share(counted, "contexts", "all_kept")
    units = {
        "read_crawl": crawl_bytes / 1e6,
        "extract_text": pages,
        "score_documents": documents,
        "find_duplicates": documents,
        "find_contamination": documents,
        "extract_contexts": kept,
        "translate": contexts,
        "verify": contexts * _share(counted, "programs", "contexts"),
        "write_shards": kept * _share(counted, "tokens", "kept"),
    }
    return [Cost(rate, units[rate.stage]) for rate in rates]


def row_bytes(settings: Settings) -> dict[str, float]:
    """Return the bytes that a row takes in each table of a local root, as stored."""
    found = {}
    for name in tables.NAMES:
        if tables.table(name).is_view or not session.is_created(settings, name):
            continue
        table = DeltaTable(session.table_path(settings, name))
        actions = pa.table(table.get_add_actions(flatten=True))
        count = table.to_pyarrow_dataset().count_rows()
        if count:
            found[name] = (pc.sum(actions["size_bytes"]).as_py() or 0) / count
    return found


def _share(counted: Mapping[str, int], some: str, of: str) -> float:
    return counted[some] / counted[of] if counted[of] else 0.0


def _read(settings: Settings, files: pa.Table, seconds: float) -> Rate:
    function = read_crawl.function(settings)
    read_bytes = 0
    for _ in function(_cut(files.slice(0, 1), 1, seconds)):
        pass
    began = time.perf_counter()
    for batch in function(_cut(files, 1, seconds)):
        reads = batch.column("read").drop_null()
        if len(reads):
            read_bytes += pc.sum(pc.struct_field(reads, "read_bytes")).as_py()
    return Rate("read_crawl", "MB of WARC", read_bytes / 1e6, time.perf_counter() - began)


def _rate(
    stage: str,
    unit: str,
    table: pa.Table,
    function: Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]],
    seconds: float,
) -> Rate:
    # What a worker does once (models, patterns, warm sandboxes) is left out: it lives for hours.
    for _ in function(itertools.islice(_cut(table, 1, seconds), 1)):
        pass
    began = time.perf_counter()
    taken = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal taken
        for batch in _cut(table, _ROWS, seconds):
            taken += batch.num_rows
            yield batch

    for _ in function(counted()):
        pass
    return Rate(stage, unit, taken, time.perf_counter() - began)


def _tokens(settings: Settings, pile: pa.Table, seconds: float) -> Rate:
    tokenizer = tokens.load(conf_settings.place(settings.shards.tokenizer))
    began = time.perf_counter()
    total = 0
    for batch in _cut(pile.select(["text"]), _ROWS, seconds):
        total += sum(map(len, tokenizer.encode(batch["text"].to_pylist())))
    return Rate("write_shards", "tokens", total, time.perf_counter() - began)


def _cut(table: pa.Table, size: int, seconds: float) -> Iterator[pa.RecordBatch]:
    """Return a table's rows in batches, until the time is over."""
    until = time.monotonic() + seconds
    for batch in table.to_batches(max_chunksize=size):
        if time.monotonic() > until:
            return
        yield batch
