"""documents -> labels: judge a sample of the documents, for the second stage of the filter.

The sample covers all stretches of the first stage's scores, and follows from the documents' keys
alone. Once `label.documents` are judged, nothing more is asked.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 - the name all of Spark's users know

from conf import tables
from jobs import command, progress, session, slices, train_filter
from udfs import score
from udfs.label import Candidate, draw, label_documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyspark.sql import DataFrame, SparkSession

    from conf.settings import Settings

# Candidates that are scored for each document that is judged: enough to fill every stretch.
_CANDIDATES = 10
# Documents between two commits: what a killed run may have to ask again.
_SLICE = 1000


def main(spark: SparkSession, settings: Settings) -> None:
    """Draw documents and ask the labeller about them, where judgements are missing."""
    if settings.score.rounds == 1:
        return
    labeller = train_filter.labeller(settings)
    # Rows of the sample alone, so few enough for the driver.
    asked = {
        row["doc_id"]: row["labels"] > 0
        for row in session.table(spark, settings, tables.LABELS)
        .where(F.col("labeller") == F.lit(labeller.name))
        .groupBy("doc_id")
        .agg(F.count("label").alias("labels"), F.count("*").alias("tries"))
        .where(f"labels > 0 OR tries >= {settings.label.tries}")
        .collect()
    }
    room = settings.label.documents - sum(asked.values())
    if room <= 0:
        return
    documents = session.table(spark, settings, tables.DOCUMENTS).where(
        "rejected_by IS NULL AND component = 'web'"
    )
    # Drawn from all, asked or not: a run that was killed half-way goes on with the same sample.
    wanted = draw(_candidates(settings, documents), settings.label.documents)
    drawn = [one for one in wanted if one.doc_id not in asked][:room]
    progress.meter().expect(len(drawn), "documents")
    for start in range(0, len(drawn), _SLICE):
        part = drawn[start : start + _SLICE]
        chosen = spark.createDataFrame(
            [(one.doc_id, one.score, one.weight) for one in part],
            "doc_id STRING, score DOUBLE, weight DOUBLE",
        )
        # Joined by all tasks and judged by one, which bounds the requests that are under way.
        rows = (
            documents.select("doc_id", "text")
            .join(F.broadcast(chosen), on="doc_id", how="inner")
            .repartition(1)
            .mapInArrow(partial(label_documents, labeller=labeller), session.ddl(tables.LABELS))
        )
        slices.add(spark, settings, job="label_documents", target=tables.LABELS, rows=rows)
        progress.meter().advance(len(part))


def inputs(settings: Settings) -> str:
    """Return what the sample and its judgements follow from beside the documents."""
    if settings.score.rounds == 1:
        return ""
    return f"{train_filter.first_version(settings)} {train_filter.labeller(settings).name}"


def _candidates(settings: Settings, documents: DataFrame) -> list[Candidate]:
    """Score enough documents to draw from, chosen by a hash of their keys."""
    place = F.xxhash64("doc_id", F.lit(settings.score.seed))
    share = _CANDIDATES * settings.label.documents / max(documents.count(), 1)
    if share < 1:
        documents = documents.where(place < F.lit(-(2**63) + int(share * 2**64)))
    card = train_filter.first(settings)
    stages = (train_filter.stage(settings, card),)
    first = score.Filter(card.model, card.version, settings.domain, stages)
    rows = documents.select("doc_id", place.alias("place"), "text").mapInArrow(
        partial(_scored, model=first), "doc_id STRING, place BIGINT, score DOUBLE"
    )
    # Keys and numbers of a bounded sample: few enough for the driver.
    return [Candidate(row["doc_id"], row["place"], row["score"]) for row in rows.collect()]


def _scored(batches: Iterable[pa.RecordBatch], model: score.Filter) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        scores = [score.score(text, model) for text in batch["text"].to_pylist()]
        yield pa.RecordBatch.from_arrays(
            [batch["doc_id"], batch["place"], pa.array(scores, pa.float64())],
            names=["doc_id", "place", "score"],
        )


if __name__ == "__main__":
    command.run(main)
