"""The jobs in their order: the architecture on one screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conf import tables
from jobs import (
    build_pile,
    extract_contexts,
    extract_text,
    find_contamination,
    find_duplicates,
    import_datasets,
    label_documents,
    list_crawl,
    read_crawl,
    report,
    score_documents,
    train_filter,
    translate,
    verify,
    write_shards,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from pyspark.sql import SparkSession

    from conf.settings import Settings


ALL = "true"


@dataclass(frozen=True)
class Job:
    """One job of the pipeline.

    Attributes:
        module: holds `main(spark, settings)`; its name is the job's.
        reads: tables and views it reads.
        writes: tables it writes, each with the SQL condition on the rows that are its own. The
            first is the one that tells how the job went.
        settings: keys of the settings that give the rows their meaning.
        options: keys of the settings that choose which rows there are.
        reason: SQL expression over rows of the first table of `writes`: why the row goes no
            further; NULL when it does.
        replaces: whether it replaces its table as a whole; else it appends, and a change of
            `settings` would mix two meanings in one table.
    """

    module: ModuleType
    reads: tuple[str, ...]
    writes: Mapping[str, str]
    settings: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    reason: str = "CAST(NULL AS STRING)"
    replaces: bool = False

    @property
    def name(self) -> str:
        """Name of the job: that of its module."""
        return self.module.__name__.rpartition(".")[2]

    @property
    def summary(self) -> str:
        """What it does: the first line of its module."""
        return (self.module.__doc__ or "").splitlines()[0]

    def inputs(self, settings: Settings) -> str:
        """Return what the job would read from outside the tables, as text that can be compared.

        It is the module's `inputs(settings)`; empty where a job reads tables alone.
        """
        found = getattr(self.module, "inputs", None)
        return found(settings) if found is not None else ""

    @property
    def main(self) -> Callable[[SparkSession, Settings], None]:
        """Run the job."""
        return self.module.main


_SCORED = (tables.FILTERS, tables.SCORES)
_KEPT = (tables.DOCUMENTS, *_SCORED, tables.DUPLICATES, tables.CONTAMINATION)
# What the view current_scores follows from, and what kept_documents does.
_FILTER = ("domain", "score", "label")
_KEEP = (*_FILTER, "keep")
_WARC = "kind = 'warc'"
_INDEX = "kind = 'index'"
_DATASET = "kind NOT IN ('warc', 'index')"
_IMPORTED = "extractor LIKE 'import%'"

JOBS: tuple[Job, ...] = (
    Job(list_crawl, (), {tables.CRAWL_FILES: f"{_WARC} OR {_INDEX}", tables.FILE_READS: _INDEX}),
    # Before read_crawl: it lists its files in crawl_files too, which read_crawl reads.
    Job(
        import_datasets,
        (),
        {tables.DOCUMENTS: _IMPORTED, tables.FILE_READS: _DATASET, tables.CRAWL_FILES: _DATASET},
        reason="rejected_by",
    ),
    Job(
        read_crawl,
        (tables.CRAWL_FILES,),
        {tables.FILE_READS: _WARC, tables.PAGES: ALL},
        settings=("domain", "crawl.max_html_bytes"),
    ),
    Job(
        extract_text,
        (tables.PAGES,),
        {tables.DOCUMENTS: f"NOT {_IMPORTED}"},
        settings=(
            "extract.min_formulas",
            "extract.honour_robots_meta",
            "extract.blocked",
            "privacy.mask",
        ),
        reason="rejected_by",
    ),
    Job(
        label_documents,
        (tables.DOCUMENTS,),
        {tables.LABELS: "labeller NOT LIKE 'person%'"},
        settings=("domain",),
        options=_FILTER,
        reason="rejected_by",
    ),
    Job(
        train_filter,
        (tables.LABELS, tables.DOCUMENTS),
        {tables.FILTERS: ALL},
        options=_FILTER,
    ),
    Job(
        score_documents,
        (tables.DOCUMENTS, tables.FILTERS),
        {tables.SCORES: ALL},
        settings=("domain",),
        options=_FILTER,
    ),
    Job(
        find_duplicates,
        (tables.DOCUMENTS, *_SCORED),
        {tables.DUPLICATES: ALL, tables.SIGNATURES: ALL},
        settings=("duplicates",),
        options=_FILTER,
        reason="CASE WHEN NOT is_kept THEN concat('same_', rule) END",
        replaces=True,
    ),
    Job(
        find_contamination,
        (tables.DOCUMENTS,),
        {tables.CONTAMINATION: ALL},
        settings=("contamination.ngram", "contamination.jaccard"),
        reason="benchmark",
    ),
    Job(
        extract_contexts,
        _KEPT,
        {tables.CONTEXTS: ALL},
        settings=("contexts.earlier_sentences",),
        options=_KEEP,
        reason="rejected_by",
    ),
    Job(
        translate,
        (tables.CONTEXTS,),
        {tables.PROGRAMS: ALL},
        options=("translate.translators",),
        reason="rejected_by",
    ),
    Job(
        verify,
        (tables.PROGRAMS,),
        {tables.VERDICTS: ALL},
        reason="nullif(outcome, 'verified')",
    ),
    Job(
        build_pile,
        (*_KEPT, tables.PROGRAMS, tables.VERDICTS),
        {tables.PILE: ALL},
        settings=("pile", "shards.tokenizer"),
        options=_KEEP,
        replaces=True,
    ),
    Job(
        write_shards,
        (tables.PILE,),
        {tables.SHARDS: ALL},
        settings=("shards",),
        replaces=True,
    ),
    Job(
        report,
        tuple(name for name in tables.NAMES if name != tables.RUNS),
        {},
        options=_KEEP,
    ),
)


def job(name: str) -> Job:
    """Return the job of that name.

    Raises:
        KeyError: there is none; the message lists those there are.
    """
    for found in JOBS:
        if found.name == name:
            return found
    raise KeyError(f"no job {name!r}; there are {', '.join(found.name for found in JOBS)}")


def downstream(first: Job) -> list[Job]:
    """Return the job and all that rest on what it writes, in order."""
    found = [first]
    written = set(first.writes)
    for later in JOBS:
        if (
            later is not first
            and written & set(later.reads)
            and JOBS.index(later) > JOBS.index(first)
        ):
            found.append(later)
            written |= set(later.writes)
    return found
