"""contexts -> programs: a Python program for each computation, or why there is none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conf import tables
from jobs import command, session, slices
from udfs.translate import translate

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Settings


def main(spark: SparkSession, settings: Settings) -> None:
    """Translate the contexts that have no programs yet."""
    slices.append(
        spark,
        settings,
        job="translate",
        source=session.table(spark, settings, tables.CONTEXTS)
        .where("rejected_by IS NULL")
        .select("context_id", "doc_id", "computations"),
        key="context_id",
        function=partial(translate, translators=tuple(settings.translate.translators)),
        target=tables.PROGRAMS,
        rows_per_slice=settings.translate.contexts_per_slice,
    )


if __name__ == "__main__":
    command.run(main)
