"""The one place that starts Spark sessions and knows where tables stand."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import re
import shutil
import sys
import time
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql import SparkSession

from conf import settings as conf_settings
from conf import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyspark.sql import DataFrame

    from conf.settings import Settings

# Built against each other: another pair fails late, with linkage errors inside a task.
PYSPARK_VERSION = "4.1.4"
DELTA_VERSION = "4.4.0"
DELTA_PACKAGE = f"io.delta:delta-spark_4.1_2.13:{DELTA_VERSION}"
JAVA_VERSIONS = (17, 21)
_JAVA_FOLDERS = (
    "/usr/lib/jvm",
    "/opt/java",
    "/Library/Java/JavaVirtualMachines",
    "/opt/homebrew/opt",
)

# Older readers (deltalake among them) know no deletion vectors; rows here are never deleted.
_TABLE_PROPERTIES = {"delta.enableDeletionVectors": "false"}
_COMMIT = re.compile(r"(\d{20})\.")
_MAX_LOG_BYTES = 20 * 2**20


class SessionError(RuntimeError):
    """Something that Spark needs is missing on this machine; the message says what to type."""


def start(settings: Settings, log: Path | None = None) -> SparkSession:
    """Return the running Spark session, or start one as the settings say.

    Args:
        settings: of the run; `spark` names master, memory and further conf.
        log: file that takes all that Spark's JVM and workers print; they share this process's
            standard error when None.

    Raises:
        SessionError: pyspark and delta-spark are no pair, Java is missing, or Delta's jar
            is not on the class path.
    """
    check_pair()
    running = SparkSession.getActiveSession()
    if running is None:
        # Workers must run this environment's Python, not the system's.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    is_submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    is_remote = settings.spark.remote is not None or "SPARK_REMOTE" in os.environ
    starts_jvm = running is None and not is_submitted
    if starts_jvm and not (settings.spark.remote or "").startswith("sc://"):
        os.environ["JAVA_HOME"] = find_java()
    builder = SparkSession.builder.appName("mathcode-pile")
    if settings.spark.remote is not None:
        # `SPARK_REMOTE` would contradict an explicit address.
        builder = builder.remote(settings.spark.remote)
    elif not is_submitted and not is_remote:
        builder = builder.master(settings.spark.master)
    for name, value in _spark_conf(settings, starts_jvm=starts_jvm).items():
        builder = builder.config(name, value)
    with _output_to(log if starts_jvm else None):
        spark = builder.getOrCreate()
        _check_delta(spark)
    for name, value in _session_conf(settings).items():
        spark.conf.set(name, value)
    return spark


@contextlib.contextmanager
def running(settings: Settings, log: Path | None) -> Iterator[SparkSession]:
    """Start a session for the body; one that a notebook or a test runs already goes on after it."""
    is_ours = SparkSession.getActiveSession() is None
    spark = start(settings, log)
    try:
        yield spark
    finally:
        if is_ours:
            spark.stop()


def check_pair() -> None:
    """Refuse a pyspark/delta-spark pair that was not built against each other.

    Raises:
        SessionError: the pair installed is not the pinned one.
    """
    pair = (installed_version("pyspark"), installed_version("delta-spark"))
    if pair != (PYSPARK_VERSION, DELTA_VERSION):
        raise SessionError(
            f"pyspark {pair[0]} with delta-spark {pair[1]} is not the pair this project is built "
            f"on; type: pip install pyspark=={PYSPARK_VERSION} delta-spark=={DELTA_VERSION}"
        )


def find_java() -> str:
    """Return the home of a Java 17 or 21: JAVA_HOME, the `java` on the PATH, or a usual place.

    Raises:
        SessionError: there is none; the message says what to type.
    """
    candidates = [os.environ.get("JAVA_HOME", "")]
    if on_path := shutil.which("java"):
        candidates.append(str(Path(on_path).resolve().parent.parent))
    for folder in _JAVA_FOLDERS:
        candidates += sorted(str(home) for home in Path(folder).glob("*"))
    for home in candidates:
        for place in (
            Path(home),
            Path(home, "Contents/Home"),
            Path(home, "libexec/openjdk.jdk/Contents/Home"),
        ):
            if home and _java_version(place) in JAVA_VERSIONS:
                return str(place)
    raise SessionError(
        "Java 17 or 21 is needed and was not found; type `make setup`, or install it "
        "(Debian, Ubuntu: sudo apt-get install openjdk-17-jre-headless; macOS: brew install "
        "openjdk@17) and set JAVA_HOME"
    )


def table_name(settings: Settings, name: str) -> str:
    """Return a table's name in SQL: `catalog.schema.name`, or delta.`root/tables/name`."""
    if settings.catalog is not None:
        return f"{settings.catalog}.{name}"
    return f"delta.`{table_path(settings, name)}`"


def table_path(settings: Settings, name: str) -> str:
    """Return the path of a table that stands under `root`."""
    return f"{settings.root}/tables/{name}"


def table(
    spark: SparkSession,
    settings: Settings,
    name: str,
    version: int | None = None,
    *,
    versions: Mapping[str, int] | None = None,
) -> DataFrame:
    """Return the rows of a table or view.

    Args:
        spark: the session.
        settings: of the run.
        name: of the table or view.
        version: Delta version of the table; the newest when None.
        versions: Delta versions by table name, for a view that rests on several tables.
    """
    if tables.table(name).is_view:
        return spark.sql(view_query(spark, settings, name, versions or {}))
    if version is None and versions is not None:
        version = versions.get(name)
    at = "" if version is None else f" VERSION AS OF {version}"
    return spark.sql(f"SELECT * FROM {table_name(settings, name)}{at}")


def exists(spark: SparkSession, settings: Settings, name: str) -> bool:
    """Return whether a table has been created."""
    if settings.catalog is not None:
        return spark.catalog.tableExists(f"{settings.catalog}.{name}")
    if is_local(settings):
        return is_created(settings, name)
    return version(spark, settings, name) is not None


def is_created(settings: Settings, name: str) -> bool:
    """Return whether a table of a local root has been created; asks no Spark."""
    return Path(table_path(settings, name), "_delta_log").is_dir()


def version(spark: SparkSession, settings: Settings, name: str) -> int | None:
    """Return the newest Delta version of a table; None where it has not been created."""
    if settings.catalog is None and is_local(settings):
        # A listing instead of a query: every job asks this of several tables.
        return local_versions(settings, [name]).get(name)
    try:
        rows = spark.sql(f"DESCRIBE HISTORY {table_name(settings, name)} LIMIT 1").collect()
    except Exception as error:  # Spark Connect and classic raise different classes
        if "NOT_FOUND" in str(error) or "MISSING" in str(error) or "doesn't exist" in str(error):
            return None
        raise
    return int(rows[0]["version"]) if rows else None


def local_versions(settings: Settings, names: Sequence[str]) -> dict[str, int]:
    """Return the newest Delta version of each table of a local root that has been created.

    A commit is a file named by its version (Delta protocol, "Delta Log Entries").
    """
    found = {}
    for name in names:
        if is_created(settings, name):
            log = Path(table_path(settings, name), "_delta_log")
            commits = (_COMMIT.match(file.name) for file in log.iterdir())
            numbers = [int(commit[1]) for commit in commits if commit]
            if numbers:
                found[name] = max(numbers)
    return found


def versions(spark: SparkSession, settings: Settings, names: Sequence[str]) -> dict[str, int]:
    """Return the newest Delta version of each of the tables that has been created."""
    found = {name: version(spark, settings, name) for name in names}
    return {name: number for name, number in found.items() if number is not None}


def create(spark: SparkSession, settings: Settings, name: str) -> None:
    """Create a table from its declaration where it is missing."""
    declared = tables.table(name)
    if declared.is_view:
        if settings.catalog is not None:
            query = view_query(spark, settings, name, {})
            spark.sql(f"CREATE OR REPLACE VIEW {settings.catalog}.{name} AS {query}")
        return
    if exists(spark, settings, name):
        return
    columns = ", ".join(
        f"{c.name} {c.sql_type}{'' if c.is_nullable else ' NOT NULL'} COMMENT {literal(c.comment)}"
        for c in declared.columns
    )
    properties = dict(_TABLE_PROPERTIES)
    for constraint, condition in declared.constraints.items():
        # As a property of CREATE, a constraint costs nothing; ALTER TABLE takes seconds each.
        properties[f"delta.constraints.{constraint}"] = condition
    listed = ", ".join(f"{literal(k)} = {literal(v)}" for k, v in properties.items())
    spark.sql(
        f"CREATE TABLE IF NOT EXISTS {table_name(settings, name)} ({columns}) USING DELTA "
        f"CLUSTER BY ({', '.join(declared.clustering)}) COMMENT {literal(declared.comment)} "
        f"TBLPROPERTIES ({listed})"
    )


def register(spark: SparkSession, settings: Settings) -> None:
    """Make every table and view known by its bare name, for SQL in this session.

    A table that no job has created yet is an empty one with its columns.
    """
    for name in tables.NAMES:
        if tables.table(name).is_view:
            continue
        if exists(spark, settings, name):
            frame = table(spark, settings, name)
        else:
            frame = spark.createDataFrame([], ddl(name))
        frame.createOrReplaceTempView(name)
    for name in tables.NAMES:
        if tables.table(name).is_view:
            table(spark, settings, name).createOrReplaceTempView(name)


def ddl(name: str) -> str:
    """Return the columns of a table as Spark's DDL, for `mapInArrow` and empty frames."""
    return ", ".join(f"{c.name} {c.sql_type}" for c in tables.table(name).columns)


def struct(name: str) -> str:
    """Return a row of a table as Spark's struct type."""
    return f"STRUCT<{', '.join(f'{c.name}: {c.sql_type}' for c in tables.table(name).columns)}>"


def view_query(
    spark: SparkSession, settings: Settings, name: str, versions: Mapping[str, int]
) -> str:
    """Return the query of a view with its parameters, tables and their versions filled in."""
    from jobs import train_filter  # noqa: PLC0415 - a view names the filter's settings

    parameters = {
        "filter_settings": literal(train_filter.settings_id(settings)),
        "first_version": literal(train_filter.first_version(settings)),
        "min_score": repr(settings.keep.min_score),
        "any_language": str(not settings.keep.languages).lower(),
        "languages": ", ".join(map(literal, settings.keep.languages)) or "NULL",
        # A rule stands on a line of its own, since it may end in a comment.
        "rules": " OR ".join(
            f"coalesce((\n{rule}\n), false)" for rule in settings.keep.rules.values()
        )
        or "false",
        "keep_duplicates": str(settings.keep.duplicates).lower(),
        "keep_contaminated": str(settings.keep.contaminated).lower(),
    }
    query = tables.table(name).query
    assert query is not None
    query = re.sub(r":(\w+)", lambda found: parameters[found[1]], query)

    def placed(found: re.Match[str]) -> str:
        source = found[2]
        if tables.table(source).is_view:
            return f"{found[1]} ({view_query(spark, settings, source, versions)})"
        if not exists(spark, settings, source):
            # Not created yet: the same columns, no rows.
            nulls = ", ".join(
                f"CAST(NULL AS {c.sql_type}) AS {c.name}" for c in tables.table(source).columns
            )
            return f"{found[1]} (SELECT {nulls} WHERE false)"
        at = f" VERSION AS OF {versions[source]}" if source in versions else ""
        return f"{found[1]} {table_name(settings, source)}{at}"

    return re.sub(rf"\b(FROM|JOIN) ({'|'.join(tables.NAMES)})\b", placed, query)


def literal(text: str) -> str:
    """Return a SQL string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def is_local(settings: Settings) -> bool:
    """Return whether `root` is a folder of this machine."""
    return not conf_settings.is_url(settings.root)


@contextlib.contextmanager
def locked(settings: Settings, wait_seconds: float = 60.0) -> Iterator[Path | None]:
    """Hold a local `root` for one driver, and yield the log file that Spark is to write.

    The lock is an flock on the open log file, which Spark's JVM and its workers inherit as
    their standard error: a driver that was killed leaves it locked until the last of them has
    ended, so that a commit of theirs cannot land in the middle of the next run.

    Raises:
        SessionError: another run holds the root for longer than `wait_seconds`.
    """
    if not is_local(settings):
        yield None
        return
    log = Path(settings.root, "logs", "spark.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        until = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise SessionError(
                        f"{settings.root}: another run is at work here; wait for it, or give "
                        "this one a root of its own (root=...)"
                    ) from None
                time.sleep(0.2)
        if log.stat().st_size > _MAX_LOG_BYTES:
            file.truncate(0)
        global _log_descriptor  # noqa: PLW0603 - one session a process, so one log
        _log_descriptor = file.fileno()
        try:
            yield log
        finally:
            _log_descriptor = None


def note(settings: Settings, text: str) -> None:
    """Write a line into `root`/logs/run.log, which tells what was run when."""
    if is_local(settings):
        log = Path(settings.root, "logs", "run.log")
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")


def reader_log(settings: Settings) -> Path | None:
    """Return the log of commands that only read, which need no lock.

    Raises:
        SessionError: nothing was ever run at this root.
    """
    if not is_local(settings):
        return None
    if settings.catalog is None and not Path(settings.root, "tables").is_dir():
        raise SessionError(
            f"{settings.root}: no tables there; `mathcode-pile run root=...` makes them"
        )
    log = Path(settings.root, "logs", "reader.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    return log


_log_descriptor: int | None = None


@contextlib.contextmanager
def _output_to(log: Path | None) -> Iterator[None]:
    """Let processes started inside write standard output and error into the locked log."""
    if log is None:
        yield
        return
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    # The locked log by its own descriptor: what inherits it holds the lock.
    opened = log.open("a", encoding="utf-8") if _log_descriptor is None else None
    target = opened.fileno() if opened is not None else _log_descriptor
    assert target is not None
    try:
        os.dup2(target, 1)
        os.dup2(target, 2)
        yield
    except Exception as error:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise SessionError(f"Spark did not start: {error}\n{tail}\nmore in {log}") from error
    finally:
        for descriptor, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
        if opened is not None:
            opened.close()


def _spark_conf(settings: Settings, *, starts_jvm: bool) -> dict[str, str]:
    conf = _session_conf(settings) | {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
    if starts_jvm:
        conf |= {
            "spark.jars.packages": DELTA_PACKAGE,
            "spark.driver.memory": settings.spark.driver_memory,
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            # Else Spark makes an empty folder wherever it is started.
            "spark.sql.warehouse.dir": f"{settings.root}/warehouse",
            "spark.ui.showConsoleProgress": "false",
            # Stages hand over finished rows; a straggling copy of one would run programs twice.
            "spark.speculation": "false",
        }
    return conf | settings.spark.conf


def _session_conf(settings: Settings) -> dict[str, str]:
    partitions = str(settings.spark.shuffle_partitions)
    return {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": partitions,
        "spark.databricks.delta.snapshotPartitions": partitions,
        # Pages are big: rows of an Arrow batch are few enough to stand in a worker's memory.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "256",
        "spark.sql.files.maxPartitionBytes": "32m",
        "spark.sql.ansi.enabled": "true",
    }


def _check_delta(spark: SparkSession) -> None:
    try:
        spark.sql("SELECT 1").schema  # noqa: B018 - the extensions are loaded with the first plan
        extensions = spark.conf.get("spark.sql.extensions", "")
    except Exception as error:
        raise SessionError(
            f"Delta is not on Spark's class path: add --packages {DELTA_PACKAGE} to spark-submit"
        ) from error
    if "DeltaSparkSessionExtension" not in (extensions or ""):
        raise SessionError(
            "this Spark session was started without Delta: add --packages "
            f"{DELTA_PACKAGE} --conf spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension "
            "--conf spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog"
        )


def _java_version(home: Path) -> int | None:
    # The file `release` stands in every JDK and JRE since 9; asking `java -version` takes 0.2 s.
    release = home / "release"
    if not (home / "bin" / "java").exists() or not release.is_file():
        return None
    found = re.search(r'JAVA_VERSION="(\d+)', release.read_text(encoding="utf-8"))
    return int(found.group(1)) if found else None


def remove_folder(path: str) -> None:
    """Remove a folder of an object store; one that is not there is no error."""
    from pyarrow import fs  # noqa: PLC0415 - only for tables in object stores

    filesystem, inner = fs.FileSystem.from_uri(path)
    if filesystem.get_file_info(inner).type != fs.FileType.NotFound:
        filesystem.delete_dir(inner)


def model_folder(settings: Settings) -> str:
    """Return the folder of trained filter models."""
    return f"{settings.root}/models"
