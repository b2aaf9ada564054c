"""Slices and streams: each row once, whatever was done before and however often it is run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from conf import tables
from jobs import pipeline, runner, session, slices, stream
from tests import lake


def _label(batches, name):
    """Turn documents into rows of `scores`."""
    for batch in batches:
        ids = batch["doc_id"].to_pylist()
        rows = [{"doc_id": i, "model": name, "version": "1", "score": 0.5} for i in ids]
        yield pa.RecordBatch.from_pylist(rows, schema=tables.arrow_schema(tables.SCORES))


def _drop(batches):
    """Break the contract: leave no row."""
    yield from (batch.slice(0, 0) for batch in _label(batches, "x"))


def _fail(batches):
    """Fail in a worker."""
    for _ in batches:
        raise ValueError("the worker says why")
    yield from ()


def _source(spark, count):
    return spark.range(count).selectExpr("concat('doc', id) AS doc_id")


def _append(spark, settings, count, function=None, size=10):
    slices.append(
        spark,
        settings,
        job="test",
        source=_source(spark, count),
        key="doc_id",
        function=function or partial(_label, name="m"),
        target=tables.SCORES,
        rows_per_slice=size,
    )


def test_slices_take_each_key_once_and_add_what_is_new(spark, root_settings):
    settings = root_settings()
    session.create(spark, settings, tables.SCORES)
    _append(spark, settings, 25)
    versions = session.version(spark, settings, tables.SCORES)
    assert lake.count(Path(settings.root), tables.SCORES, "doc_id") == {
        f"doc{i}": 1 for i in range(25)
    }
    _append(spark, settings, 25)
    assert session.version(spark, settings, tables.SCORES) == versions
    _append(spark, settings, 31)
    assert lake.count(Path(settings.root), tables.SCORES, "doc_id") == {
        f"doc{i}": 1 for i in range(31)
    }


def test_a_stage_that_loses_rows_is_an_error_and_not_a_loop(spark, root_settings):
    settings = root_settings()
    session.create(spark, settings, tables.SCORES)
    with pytest.raises(slices.SliceError, match="3 rows of its input left no row in scores"):
        _append(spark, settings, 3, function=_drop)


def test_a_slice_that_two_drivers_plan_counts_once(spark, root_settings):
    settings = root_settings()
    session.create(spark, settings, tables.SCORES)
    version = session.version(spark, settings, tables.SCORES)
    rows = _source(spark, 5).selectExpr("doc_id", "'m' AS model", "'1' AS version", "0.5D AS score")
    # A killed driver's JVM may still commit the slice that the next driver has planned too.
    for _ in range(2):
        slices._commit(settings, "test", tables.SCORES, rows, version + 1)
    assert len(lake.table(Path(settings.root), tables.SCORES)) == 5


def test_a_constraint_of_the_ddl_holds(spark, root_settings):
    settings = root_settings()
    session.create(spark, settings, tables.SCORES)
    rows = spark.sql("SELECT 'd' AS doc_id, 'm' AS model, '1' AS version, 2.0D AS score")
    with pytest.raises(Exception, match="score_is_probability"):
        slices._commit(settings, "test", tables.SCORES, rows, 1)


def test_a_replaced_table_is_not_written_again_for_the_same_input(spark, root_settings):
    settings = root_settings()
    session.create(spark, settings, tables.SCORES)
    rows = spark.sql("SELECT 'd' AS doc_id, 'm' AS model, '1' AS version, 0.5D AS score")
    for pinned in ({"versions": 1}, {"versions": 1}, {"versions": 2}):
        slices.replace(spark, settings, job="test", target=tables.SCORES, frame=rows, pinned=pinned)
    assert session.version(spark, settings, tables.SCORES) == 2
    assert len(lake.table(Path(settings.root), tables.SCORES)) == 1


def _documents(spark, settings, ids):
    row = {
        c.name: "CAST(NULL AS " + c.sql_type + ")" for c in tables.table(tables.DOCUMENTS).columns
    }
    row |= {
        "doc_id": "doc_id",
        "component": "'web'",
        "extractor": "'x'",
        "file_id": "'f'",
        "text": "'t'",
    }
    listed = ", ".join(f"'{i}'" for i in ids)
    frame = spark.sql(
        f"SELECT {', '.join(f'{e} AS {n}' for n, e in row.items())} "
        f"FROM (SELECT explode(array({listed})) AS doc_id)"
    )
    frame.write.format("delta").mode("append").save(session.table_path(settings, tables.DOCUMENTS))


def _stream(spark, settings, function=None, job="score_documents"):
    stream.append(
        spark,
        settings,
        job=job,
        source=tables.DOCUMENTS,
        target=tables.SCORES,
        columns=("doc_id",),
        function=function or partial(_label, name="m"),
    )


def test_a_stream_takes_each_new_row_once(spark, root_settings):
    settings = root_settings()
    session.create(spark, settings, tables.DOCUMENTS)
    session.create(spark, settings, tables.SCORES)
    _documents(spark, settings, ["a", "b"])
    for _ in range(2):
        _stream(spark, settings)
    assert lake.count(Path(settings.root), tables.SCORES, "doc_id") == {"a": 1, "b": 1}
    _documents(spark, settings, ["c"])
    _stream(spark, settings)
    assert lake.count(Path(settings.root), tables.SCORES, "doc_id") == {"a": 1, "b": 1, "c": 1}


def test_a_stream_that_failed_says_why_and_goes_on_later(spark, root_settings):
    settings = root_settings()
    session.create(spark, settings, tables.DOCUMENTS)
    session.create(spark, settings, tables.SCORES)
    _documents(spark, settings, ["a"])
    with pytest.raises(stream.StreamError, match=r"score_documents: .*the worker says why"):
        _stream(spark, settings, _fail)
    _stream(spark, settings)
    assert lake.count(Path(settings.root), tables.SCORES, "doc_id") == {"a": 1}


def test_a_setting_that_changes_the_meaning_of_rows_is_refused_until_a_refresh(
    spark, root_settings
):
    before, after = root_settings(), root_settings("extract.min_formulas=3")
    job = pipeline.job("extract_text")
    for settings in (before,):
        session.create(spark, settings, tables.PAGES)
        runner.run(spark, settings, job)
    with pytest.raises(runner.RunError) as error:
        runner.run(spark, after, job)
    assert "extract.min_formulas 1 there, 3 in conf" in str(error.value)
    assert "--full-refresh" in str(error.value)
    names = runner.refresh(spark, after, job)
    assert "build_pile" in names
    assert "read_crawl" not in names
    runner.run(spark, after, job)


def test_a_view_moves_with_its_threshold_without_a_rewrite(spark, root_settings):
    settings = root_settings()
    session.create(spark, settings, tables.DOCUMENTS)
    session.create(spark, settings, tables.SCORES)
    _documents(spark, settings, ["a", "b"])
    from jobs import train_filter

    version = train_filter.first_version(settings)
    spark.sql(
        f"INSERT INTO {session.table_name(settings, tables.SCORES)} VALUES "
        f"('a', 'm', '{version}', 0.9), ('b', 'm', '{version}', 0.6)"
    )
    for threshold, kept in ((0.5, {"a", "b"}), (0.7, {"a"}), (0.95, set())):
        moved = root_settings(f"keep.min_score={threshold}")
        rows = session.table(spark, moved, tables.KEPT_DOCUMENTS).collect()
        assert {row["doc_id"] for row in rows} == kept


def test_a_failed_job_leaves_a_row_of_runs_that_says_why(spark, root_settings):
    settings = root_settings("shards.tokenizer=nowhere.json")
    with pytest.raises(FileNotFoundError):
        runner.run(spark, settings, pipeline.job("write_shards"))
    (row,) = lake.table(Path(settings.root), tables.RUNS)
    assert (row["job"], row["outcome"]) == ("write_shards", "failed")
    assert "nowhere.json" in row["error"]
