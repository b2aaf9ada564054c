"""documents, filters -> scores: how sure the filter is that a document is of the domain."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conf import tables
from jobs import command, stream, train_filter
from udfs import score

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from conf.settings import Settings


def main(spark: SparkSession, settings: Settings) -> None:
    """Score new documents; all of them where the filter is a new one."""
    model = train_filter.current(spark, settings)
    stream.append(
        spark,
        settings,
        job="score_documents",
        source=tables.DOCUMENTS,
        where="rejected_by IS NULL",
        columns=("doc_id", "text"),
        function=partial(score.score_documents, model=model),
        target=tables.SCORES,
        checkpoint=model.version,
    )


if __name__ == "__main__":
    command.run(main)
