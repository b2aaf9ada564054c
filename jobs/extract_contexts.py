"""kept_documents -> contexts: passages with their computations and what these rest on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conf import tables
from jobs import command, session, slices
from udfs.contexts import extract_contexts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Settings
    from jobs.stream import ArrowFunction


def main(spark: SparkSession, settings: Settings) -> None:
    """Find the computations of kept documents that were not searched yet."""
    slices.append(
        spark,
        settings,
        job="extract_contexts",
        source=session.table(spark, settings, tables.KEPT_DOCUMENTS).select(
            "doc_id", "title", "text"
        ),
        key="doc_id",
        function=function(settings),
        target=tables.CONTEXTS,
        rows_per_slice=settings.contexts.documents_per_slice,
    )


def function(settings: Settings) -> ArrowFunction:
    """Return the Arrow function of the job, as the settings have it."""
    return partial(
        extract_contexts,
        earlier_sentences=settings.contexts.earlier_sentences,
        cpu_seconds=settings.contexts.cpu_seconds,
        memory_bytes=settings.contexts.memory_bytes,
    )


if __name__ == "__main__":
    command.run(main)
