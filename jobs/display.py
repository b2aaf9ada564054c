"""What the command line says about runs and tables, on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from conf import tables
from jobs import pipeline, session
from jobs.progress import console, output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import SparkSession

    from conf.settings import Settings
    from jobs.runner import Outcome

QUERIES = (
    "SELECT outcome, count(*) AS programs FROM verdicts GROUP BY outcome ORDER BY programs DESC",
    "SELECT rejected_by, count(*) AS documents FROM documents GROUP BY rejected_by",
    "SELECT component, count(*) AS documents, sum(token_count) AS tokens FROM pile GROUP BY 1",
)
_REASONS = 5


def outcome(found: Outcome) -> None:
    """Say in one line what came of a job."""
    if found.is_skipped:
        console.print(f"[dim]  {found.job:<19} nothing new[/dim]")
        return
    gone = ", ".join(
        f"{count:,} {reason}" for reason, count in list(found.rejected.items())[:_REASONS]
    )
    more = len(found.rejected) - _REASONS
    if more > 0:
        gone += f" and {more} reasons more"
    console.print(
        f"[green]✓[/green] {found.job:<19}"
        f"{found.rows_in:>10,} in {found.rows_out:>10,} out {found.seconds:>7.1f} s"
        + (f"   left: {gone}" if gone else ""),
        soft_wrap=True,
    )


def end(
    spark: SparkSession, settings: Settings, outcomes: Sequence[Outcome], seconds: float
) -> None:
    """Say where things are, and what to ask them."""
    if all(found.is_skipped or not found.rows_in for found in outcomes):
        console.print(f"Nothing new; all is in {settings.root}")
        return
    row = spark.sql(
        "SELECT count(*) AS documents, coalesce(sum(token_count), 0) AS tokens, "
        "coalesce(sum(size(program_ids)), 0) AS programs "
        f"FROM {session.table_name(settings, tables.PILE)}"
    ).collect()[0]
    console.print(
        f"\n[bold]{row['documents']:,} documents, {row['tokens']:,} tokens, "
        f"{row['programs']:,} verified programs[/bold] in {seconds:.0f} s"
    )
    places = {
        "report": f"{settings.root}/report.html",
        "tables": settings.catalog or f"{settings.root}/tables",
        "shards": f"{settings.root}/shards",
        "log": f"{settings.root}/logs/spark.log",
    }
    for name, place in places.items():
        console.print(f"  {name:<8} {place}", soft_wrap=True)
    console.print("\nTry:")
    for query in QUERIES:
        console.print(f'  mathcode-pile sql "{query}" root={settings.root}', soft_wrap=True)


def status(spark: SparkSession, settings: Settings) -> None:
    """Show every table's rows and the last run of every job, on standard output."""
    shown = Table("table", "rows", "version", "a row is", title=f"Tables of {settings.root}")
    for name in tables.NAMES:
        if tables.table(name).is_view:
            count = session.table(spark, settings, name).count()
            shown.add_row(name, f"{count:,}", "view", tables.table(name).comment)
        elif session.exists(spark, settings, name):
            count = session.table(spark, settings, name).count()
            version = session.version(spark, settings, name)
            shown.add_row(name, f"{count:,}", str(version), tables.table(name).comment)
        else:
            shown.add_row(f"[dim]{name}", "[dim]-", "", f"[dim]{tables.table(name).comment}")
    output.print(shown)
    shown = Table(
        "job", "outcome", "started (UTC)", "seconds", "in", "out", "left", title="Last runs"
    )
    rows = {}
    if session.exists(spark, settings, tables.RUNS):
        rows = {
            row["job"]: row["last"]
            for row in spark.sql(
                "SELECT job, max_by(struct(*), started_at) AS last "
                f"FROM {session.table_name(settings, tables.RUNS)} GROUP BY job"
            ).collect()
        }
    for job in pipeline.JOBS:
        row = rows.get(job.name)
        if row is None:
            shown.add_row(job.name, "[dim]not run", "", "", "", "", "")
            continue
        colour = "green" if row["outcome"] == "done" else "red"
        left = ", ".join(f"{count:,} {reason}" for reason, count in sorted(row["rejected"].items()))
        shown.add_row(
            job.name,
            f"[{colour}]{row['outcome']}",
            f"{row['started_at']:%Y-%m-%d %H:%M:%S}",
            f"{row['seconds']:.1f}",
            f"{row['rows_in']:,}",
            f"{row['rows_out']:,}",
            row["error"] or left,
        )
    output.print(shown)
