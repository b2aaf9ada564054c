"""pile -> shards: Megatron .bin/.idx pairs of the tokenised training text."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812 - the name all of Spark's users know

from conf import settings as conf_settings
from conf import tables
from jobs import command, progress, session, slices
from udfs import binidx, shards, storage, tokens
from udfs.keys import key

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from conf.settings import Settings


def main(spark: SparkSession, settings: Settings) -> None:
    """Write the shards of one version of the pile, then name them in `shards`."""
    tokenizer = conf_settings.place(settings.shards.tokenizer)
    versions = session.versions(spark, settings, [tables.PILE])
    version = versions[tables.PILE]
    # What gives the pairs their content names their folder: a change leaves the old set whole.
    content = key(tokens.load(tokenizer).fingerprint, settings.shards.model_dump_json())
    directory = f"{settings.root}/shards/{version:06d}-{content[:8]}"
    binidx.sweep(directory)
    pile = session.table(spark, settings, tables.PILE, version)
    rows, documents = planned(pile, settings)
    progress.meter().expect(documents, "documents")
    frame = rows.mapInArrow(
        partial(
            shards.write_shards,
            directory=directory,
            tokenizer_path=tokenizer,
            eod=settings.shards.eod,
            pile_version=version,
        ),
        session.ddl(tables.SHARDS),
    )
    slices.replace(
        spark,
        settings,
        job="write_shards",
        target=tables.SHARDS,
        frame=frame,
        pinned={"directory": directory, "shards": settings.shards.model_dump()},
    )
    # One row a pair: few enough for the driver, which writes the blend that Megatron is given.
    written = [row.asDict() for row in session.table(spark, settings, tables.SHARDS).collect()]
    text = shards.manifest(
        written,
        weights={str(name): weight for name, weight in settings.pile.weights.items()},
        tokenizer_path=tokenizer,
        table_versions=versions,
    )
    storage.write_text(f"{directory}/manifest.json", text)


def planned(pile: DataFrame, settings: Settings) -> tuple[DataFrame, int]:
    """Return the pile with split and shard, whole shards in one task and in order, and its size.

    Both follow from the document's key alone, so that any cluster makes the same shards.
    """
    split = F.expr(shards.split_expression(settings.shards.validation_share))
    rows = pile.select("component", split.alias("split"), "pile_id", "token_count", "text")
    totals = [
        shards.Total(row["component"], row["split"], row["documents"], row["tokens"])
        for row in rows.groupBy("component", "split")
        .agg(F.count("*").alias("documents"), F.sum("token_count").alias("tokens"))
        .collect()
    ]
    counts = shards.plan(totals, settings.shards.tokens_per_shard)
    place = ("component", "split", "shard_index")
    planned_rows = (
        rows.withColumn("shard_index", F.expr(shards.shard_expression(counts)))
        .select(*place, "pile_id", "text")
        .repartition(*place)
        .sortWithinPartitions(*place, "pile_id")
    )
    return planned_rows, sum(total.documents for total in totals)


if __name__ == "__main__":
    command.run(main)
