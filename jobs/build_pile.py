"""kept_documents, programs, verdicts -> pile: a training document with its verified code."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F  # noqa: N812 - the name all of Spark's users know

from conf import settings as conf_settings
from conf import tables
from jobs import command, session, slices, train_filter
from udfs import tokens
from udfs.pile import build

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from conf.settings import Settings


def main(spark: SparkSession, settings: Settings) -> None:
    """Build the pile from one version of every table it rests on."""
    versions = session.versions(
        spark,
        settings,
        [
            tables.DOCUMENTS,
            tables.SCORES,
            tables.DUPLICATES,
            tables.CONTAMINATION,
            tables.PROGRAMS,
            tables.VERDICTS,
        ],
    )
    tokenizer = conf_settings.place(settings.shards.tokenizer)
    documents = session.table(spark, settings, tables.KEPT_DOCUMENTS, versions=versions)
    programs = session.table(spark, settings, tables.PROGRAMS, versions=versions)
    verdicts = session.table(spark, settings, tables.VERDICTS, versions=versions)
    frame = (
        documents.join(verified(programs, verdicts), on="doc_id", how="left")
        .withColumn("weight", weight(settings))
        .mapInArrow(
            partial(
                build,
                form=settings.pile.form,
                tokenizer_path=tokenizer,
            ),
            session.ddl(tables.PILE),
        )
    )
    slices.replace(
        spark,
        settings,
        job="build_pile",
        target=tables.PILE,
        frame=frame,
        pinned={
            "versions": versions,
            "pile": settings.pile.model_dump(),
            "keep": settings.keep.model_dump(),
            "filter": train_filter.settings_id(settings),
            "tokenizer": tokens.load(tokenizer).fingerprint,
        },
    )


def verified(programs: DataFrame, verdicts: DataFrame) -> DataFrame:
    """Return each document's verified programs, one a span: (doc_id, programs)."""
    is_verified = verdicts.where("outcome = 'verified'").select("program_id", "output")
    # Two translators may have written a program for one span: the first by name, then key.
    rank = Window.partitionBy("doc_id", "span_start", "span_end").orderBy(
        F.when(F.col("translator") == "symbolic", 0).otherwise(1), "program_id"
    )
    return (
        programs.join(is_verified, on="program_id", how="inner")
        .withColumn("rank", F.row_number().over(rank))
        .where("rank = 1")
        .groupBy("doc_id")
        .agg(
            F.sort_array(
                F.collect_list(
                    F.struct(
                        "span_start",
                        "span_end",
                        "program_id",
                        "expression",
                        "result",
                        "conditions",
                        "code",
                        "output",
                    )
                )
            ).alias("programs")
        )
    )


def weight(settings: Settings) -> Column:
    """Return the sampling weight of a document by its component."""
    column = F.lit(1.0)
    for component, value in sorted(settings.pile.weights.items()):
        column = F.when(F.col("component") == component, float(value)).otherwise(column)
    return column


if __name__ == "__main__":
    command.run(main)
