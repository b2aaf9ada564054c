"""Runs one job: is there anything to do, does it fit what is there, and what came of it."""

from __future__ import annotations

import datetime
import hashlib
import json
import time
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Any

from conf import settings as conf_settings
from conf import tables
from jobs import pipeline, progress, session, slices, stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyspark.sql import SparkSession

    from conf.settings import Settings
    from jobs.pipeline import Job

_MEANING = "mathcode_pile."
# Reasons in `runs` that begin so are of files and rows that the next run tries again.
_FAILED = "failed_"
_FAILED_FILE = "failed_file"


class RunError(RuntimeError):
    """A job that must not run as it was asked to; the message says what to do."""


@dataclass(frozen=True)
class Outcome:
    """What came of one job.

    Attributes:
        job: its name.
        rows_in: rows or files it took in.
        rows_out: rows that it added and that go on.
        rejected: rows that it added and that go no further, by reason.
        seconds: wall time.
        is_skipped: whether nothing had changed since its last run.
    """

    job: str
    rows_in: int = 0
    rows_out: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    is_skipped: bool = False


@dataclass(frozen=True)
class LastRun:
    """What `runs` remembers of a job's last run that was done."""

    versions: Mapping[str, int]
    fingerprint: str
    failed: int


def last_runs(spark: SparkSession, settings: Settings) -> dict[str, LastRun]:
    """Return the last finished run of each job."""
    if not session.exists(spark, settings, tables.RUNS):
        return {}
    runs = session.table(spark, settings, tables.RUNS).where("outcome = 'done'")
    last = runs.groupBy("job").agg({"started_at": "max"}).toDF("job", "started_at")
    return _last(row.asDict() for row in runs.join(last, ["job", "started_at"]).collect())


def nothing_is_due(settings: Settings) -> bool:
    """Return whether no job has anything to do, without a Spark session.

    Spark takes seconds to start and as many for its first query; at a local root the answer is
    in the names of commit files and in one small table, which deltalake reads.
    """
    if settings.catalog is not None or not session.is_local(settings):
        return False
    if not session.is_created(settings, tables.RUNS):
        return False
    from deltalake import DeltaTable  # noqa: PLC0415 - only for local roots

    rows = DeltaTable(session.table_path(settings, tables.RUNS)).to_pyarrow_table(
        columns=["job", "outcome", "started_at", "versions", "fingerprint", "rejected"]
    )
    done = (row for row in rows.to_pylist() if row["outcome"] == "done")
    last = _last(sorted(done, key=lambda row: row["started_at"]))
    return all(
        _is_same(
            job,
            last.get(job.name),
            session.local_versions(settings, _tables(job)),
            _fingerprint(settings, job),
        )
        for job in pipeline.JOBS
    )


def _last(rows: Iterable[Mapping[str, Any]]) -> dict[str, LastRun]:
    return {
        row["job"]: LastRun(
            dict(row["versions"]),
            row["fingerprint"],
            sum(n for reason, n in dict(row["rejected"]).items() if reason.startswith(_FAILED)),
        )
        for row in rows
    }


def _tables(job: Job) -> list[str]:
    return [name for name in {*job.reads, *job.writes} if not tables.table(name).is_view]


def _is_same(job: Job, last: LastRun | None, now: Mapping[str, int], fingerprint: str) -> bool:
    """Return whether a job has read what there is, and what it wrote is still there."""
    if last is None or last.failed or last.fingerprint != fingerprint:
        return False
    return all(last.versions.get(name) == now.get(name) for name in job.reads) and all(
        now.get(name, -1) >= last.versions.get(name, 0) for name in job.writes
    )


def run(spark: SparkSession, settings: Settings, job: Job, last: LastRun | None = None) -> Outcome:
    """Run one job and write its row of `runs`.

    Args:
        spark: the session.
        settings: of the run.
        job: to run.
        last: its last finished run; None runs it in any case.

    Raises:
        RunError: its rows would not mean what those of its table mean.
    """
    started = time.monotonic()
    started_at = datetime.datetime.now(datetime.UTC)
    names = _tables(job)
    fingerprint = _fingerprint(settings, job)
    if _is_same(job, last, session.versions(spark, settings, names), fingerprint):
        return Outcome(job.name, is_skipped=True)
    session.note(settings, f"{job.name} begins")
    _prepare(spark, settings, job)
    before = session.versions(spark, settings, names)
    with progress.job(job.name, last.versions if last else {}) as meter:
        try:
            job.main(spark, settings)
        except Exception as error:
            said = stream.cause(error)
            session.note(settings, f"{job.name} failed: {said}")
            outcome = Outcome(job.name, meter.done, seconds=time.monotonic() - started)
            _record(spark, settings, outcome, started_at, before, fingerprint, said)
            raise
    after = session.versions(spark, settings, names)
    added, rejected = _counts(spark, settings, job, before, after)
    outcome = Outcome(job.name, meter.done, added, rejected, time.monotonic() - started)
    session.note(
        settings,
        f"{job.name} done: {outcome.rows_in} in, {added} out, left {dict(rejected)}, "
        f"{outcome.seconds:.1f} s",
    )
    _record(spark, settings, outcome, started_at, after, fingerprint, None)
    return outcome


def refresh(spark: SparkSession, settings: Settings, job: Job) -> list[str]:
    """Forget a job's rows and those of all jobs that rest on them; return the jobs' names.

    Rows are deleted in a commit, so older versions of the tables can still be read.
    """
    jobs = pipeline.downstream(job)
    for one in jobs:
        stream.forget(settings, one.name)
        for name, where in one.writes.items():
            if session.exists(spark, settings, name):
                target = session.table_name(settings, name)
                spark.sql(f"DELETE FROM {target} WHERE {where}")
                meaning = session.literal(_MEANING + one.name)
                spark.sql(f"ALTER TABLE {target} UNSET TBLPROPERTIES IF EXISTS ({meaning})")
    if session.exists(spark, settings, tables.RUNS):
        listed = ", ".join(session.literal(one.name) for one in jobs)
        spark.sql(
            f"DELETE FROM {session.table_name(settings, tables.RUNS)} WHERE job IN ({listed})"
        )
    return [one.name for one in jobs]


def _prepare(spark: SparkSession, settings: Settings, job: Job) -> None:
    """Create the job's tables, and check that its rows mean what those in them mean."""
    for name in (*job.reads, *job.writes):
        session.create(spark, settings, name)
    if job.replaces or not job.settings:
        return
    target = session.table_name(settings, next(iter(job.writes)))
    key = _MEANING + job.name
    here = json.dumps(_chosen(settings, job.settings), sort_keys=True)
    properties = spark.sql(f"SHOW TBLPROPERTIES {target}").collect()
    there = next((row["value"] for row in properties if row["key"] == key), None)
    if there is None:
        spark.sql(
            f"ALTER TABLE {target} SET TBLPROPERTIES "
            f"({session.literal(key)} = {session.literal(here)})"
        )
    elif there != here:
        old, new = json.loads(there), json.loads(here)
        changes = ", ".join(
            f"{name} {old.get(name)!r} there, {new.get(name)!r} in conf"
            for name in sorted({*old, *new})
            if old.get(name) != new.get(name)
        )
        raise RunError(
            f"{next(iter(job.writes))}: {changes}; run {job.name} --full-refresh to rebuild its "
            "rows and all that rests on them, or give this run a root of its own"
        )


def _counts(
    spark: SparkSession,
    settings: Settings,
    job: Job,
    before: Mapping[str, int],
    after: Mapping[str, int],
) -> tuple[int, dict[str, int]]:
    """Return rows added that go on, and rows added that do not, by reason."""
    if not job.writes:
        return 0, {}
    name, where = next(iter(job.writes.items()))
    failed = 0
    if tables.FILE_READS in job.writes and name != tables.FILE_READS:
        failed = _failed_files(spark, settings, job, before, after)
    more = {_FAILED_FILE: failed} if failed else {}
    if name not in after or after[name] == before.get(name):
        return 0, more

    def counted(version: int | None) -> dict[str | None, int]:
        rows = session.table(spark, settings, name, version).where(where)
        if name == tables.FILE_READS:
            gone = rows.selectExpr("explode(rejected) AS (reason, count)")
            gone = gone.groupBy("reason").agg({"count": "sum"})
            kept = rows.agg({"rows_out": "sum"}).selectExpr("CAST(NULL AS STRING)", "*")
            failed = rows.where("outcome = 'failed'").selectExpr(f"'{_FAILED_FILE}'", "count(*)")
            found = kept.union(gone).union(failed)
        else:
            found = rows.selectExpr(f"{job.reason} AS reason").groupBy("reason").count()
        return {row[0]: row[1] or 0 for row in found.collect()}

    now = counted(after[name])
    # A table that is replaced tells how it stands, one that grows what was added. Its first
    # two versions are its creation and its meaning, without rows.
    is_empty = before.get(name, 0) <= 1
    then = {} if job.replaces or is_empty else counted(before[name])
    added = {reason: count - then.get(reason, 0) for reason, count in now.items()}
    rejected = {reason: count for reason, count in added.items() if reason and count} | more
    return added.get(None, 0), dict(sorted(rejected.items(), key=lambda item: -item[1]))


def _failed_files(
    spark: SparkSession,
    settings: Settings,
    job: Job,
    before: Mapping[str, int],
    after: Mapping[str, int],
) -> int:
    """Return how many tries to read a file failed in this run."""
    name = tables.FILE_READS
    if after.get(name) == before.get(name):
        return 0
    where = f"({job.writes[name]}) AND outcome = 'failed'"

    def counted(version: int) -> int:
        return session.table(spark, settings, name, version).where(where).count()

    return counted(after[name]) - counted(before.get(name, 0))


def _record(
    spark: SparkSession,
    settings: Settings,
    outcome: Outcome,
    started_at: datetime.datetime,
    versions: Mapping[str, int],
    fingerprint: str,
    error: str | None,
) -> None:
    session.create(spark, settings, tables.RUNS)
    row = (
        hashlib.sha256(f"{outcome.job} {started_at.isoformat()}".encode()).hexdigest()[:32],
        outcome.job,
        "done" if error is None else "failed",
        started_at,
        outcome.seconds,
        outcome.rows_in,
        outcome.rows_out,
        dict(outcome.rejected),
        dict(versions),
        installed_version("mathcode-pile"),
        fingerprint,
        conf_settings.dump(settings),
        error,
    )
    frame = spark.createDataFrame([row], session.ddl(tables.RUNS)).coalesce(1)
    slices.save(settings, frame.write.format("delta").mode("append"), tables.RUNS)


def _chosen(settings: Settings, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the values of settings by dotted key."""
    values = settings.model_dump(mode="json")
    chosen = {}
    for name in names:
        value: Any = values
        for part in name.split("."):
            value = value[part]
        chosen[name] = value
    return chosen


def _fingerprint(settings: Settings, job: Job) -> str:
    chosen = {
        "code": installed_version("mathcode-pile"),
        "settings": _chosen(settings, job.settings + job.options),
        "inputs": job.inputs(settings),
    }
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:32]
