"""documents -> contamination: the benchmark items that a document holds, and where they stand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conf import settings as conf_settings
from conf import tables
from jobs import command, stream
from udfs import contamination
from udfs.keys import key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import SparkSession

    from conf.settings import Settings
    from jobs.stream import ArrowFunction


# What tells the rows of the table apart.
KEY = ("doc_id", "benchmark", "item_id", "benchmark_version")


def main(spark: SparkSession, settings: Settings) -> None:
    """Look for all benchmarks in the documents that were not searched for them yet.

    One pass over the texts, whatever the number of benchmarks. Where one is added or changed,
    all documents are searched again, and what was found before is not written twice.
    """
    named = benchmarks(settings)
    if not named:
        return
    stream.append(
        spark,
        settings,
        job="find_contamination",
        source=tables.DOCUMENTS,
        where="rejected_by IS NULL",
        columns=("doc_id", "text"),
        function=function(settings, named),
        target=tables.CONTAMINATION,
        unless=KEY,
        checkpoint=key(_versions(named)),
    )


def function(settings: Settings, named: Sequence[contamination.Benchmark]) -> ArrowFunction:
    """Return the Arrow function of the job, as the settings have it, for some benchmarks."""
    return partial(
        contamination.find_overlaps,
        benchmarks=named,
        ngram=settings.contamination.ngram,
        jaccard=settings.contamination.jaccard,
    )


def inputs(settings: Settings) -> str:
    """Return the benchmarks with their versions."""
    return _versions(benchmarks(settings))


def _versions(named: Sequence[contamination.Benchmark]) -> str:
    return "\n".join(f"{one.name} {one.version} {one.fields}" for one in named)


def benchmarks(settings: Settings) -> list[contamination.Benchmark]:
    """Return the benchmarks that the settings and their domain name, with their versions.

    Raises:
        SettingsError: a file cannot be used, or two benchmarks have one name.
    """
    named = conf_settings.benchmarks(settings)
    names = [benchmark.name for benchmark in named]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise conf_settings.SettingsError(
            f"contamination.benchmarks: {', '.join(twice)}: named twice, maybe by the domain "
            f"{settings.domain} too; give each benchmark a name of its own"
        )
    found = []
    for benchmark in named:
        path = conf_settings.place(benchmark.path)
        try:
            declared = contamination.Benchmark(
                name=benchmark.name,
                path=path,
                fields=tuple(benchmark.text),
                id=benchmark.id,
                version=contamination.version_of(path),
            )
            contamination.load_benchmark(declared)
        except contamination.BenchmarkError as error:
            raise conf_settings.SettingsError(f"contamination.benchmarks: {error}") from error
        found.append(declared)
    return found


if __name__ == "__main__":
    command.run(main)
