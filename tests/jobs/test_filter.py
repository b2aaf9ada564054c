"""The filter in two rounds, on real tables: drawn, judged, trained, applied, and what moves it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conf import tables
from jobs import pipeline, runner, session, train_filter
from tests import lake
from tests.udfs import llm_server
from tests.udfs.llm_server import Answer

MATHEMATICS = (
    "Solve $x^2 - {i}x = 0$. The equation factors, so $x = 0$ or $x = {i}$. By theorem {i}."
)
STRAY = (
    "The shop number {i} ships chairs and lamps. Replace $name$ by yours in the letter; "
    "the price was $5{i} and is $4{i}. Add to cart, free shipping. "
    + "We are open on Monday. "
    * 20
)


def documents(spark, settings, texts, component="web", first=0):
    """Append documents, a host each."""
    session.create(spark, settings, tables.DOCUMENTS)
    names = [column.name for column in tables.table(tables.DOCUMENTS).columns]
    rows = []
    for i, text in enumerate(texts, start=first):
        values = {
            "doc_id": f"{component}{i:03}",
            "file_id": "f",
            "component": component,
            "host": f"host{i}.example",
            "extractor": "test-1",
            "text": text,
            "char_count": len(text),
            "formula_count": text.count("$") // 2,
            "formula_chars": 3,
            "symbol_ratio": 0.0,
            "repetition_ratio": 0.0,
            "link_ratio": 0.0,
        }
        rows.append(tuple(values.get(name) for name in names))
    frame = spark.createDataFrame(rows, session.ddl(tables.DOCUMENTS)).repartition(3)
    frame.write.format("delta").mode("append").save(session.table_path(settings, tables.DOCUMENTS))


def run(spark, settings, *names):
    outcomes = {}
    for name in names or ("label_documents", "train_filter", "score_documents"):
        last = runner.last_runs(spark, settings).get(name)
        outcomes[name] = runner.run(spark, settings, pipeline.job(name), last)
    return outcomes


def texts(count):
    pairs = [(MATHEMATICS.format(i=i), STRAY.format(i=i)) for i in range(count)]
    return [text for pair in pairs for text in pair]


def test_documents_are_drawn_judged_learned_from_and_scored(spark, root_settings):
    settings = root_settings("label.documents=40")
    root = Path(settings.root)
    documents(spark, settings, texts(30))
    documents(spark, settings, ["A problem of a data set: $1 + 1 = 2$."], component="synthetic")
    outcomes = run(spark, settings)
    assert outcomes["label_documents"].rows_out == 40

    labels = lake.table(root, tables.LABELS)
    assert all(row["doc_id"].startswith("web") for row in labels)
    assert {(int(row["doc_id"][3:]) % 2, row["label"]) for row in labels} == {
        (0, "math"),
        (1, "other"),
    }
    assert {row["labeller"] for row in labels} == {train_filter.labeller(settings).name}

    one, two = sorted(lake.table(root, tables.FILTERS), key=lambda row: row["stage"])
    assert (one["model"], two["model"]) == ("math-round1", "math-round2")
    assert two["earlier"] == one["version"] == train_filter.first_version(settings)
    assert (two["label_rows"], two["target"], two["is_met"]) == (40, "precision 0.95", True)
    for row in (one, two):
        assert json.loads(Path(row["path"], "curve.json").read_text())["version"] == row["version"]
        assert Path(row["path"], "model.bin").is_file()

    scores = lake.table(root, tables.SCORES)
    assert len(scores) == 61
    assert {(row["model"], row["version"]) for row in scores} == {("math-round2", two["version"])}
    kept = {
        row["doc_id"] for row in session.table(spark, settings, tables.KEPT_DOCUMENTS).collect()
    }
    assert kept == {f"web{i:03}" for i in range(0, 60, 2)} | {"synthetic000"}

    # Nothing new: nothing is done. New documents: the filter has its labels and stays.
    assert all(outcome.is_skipped for outcome in run(spark, settings).values())
    documents(spark, settings, texts(2), first=60)
    run(spark, settings)
    assert len(lake.table(root, tables.LABELS)) == 40
    assert len(lake.table(root, tables.FILTERS)) == 2
    assert lake.count(root, tables.SCORES, "doc_id") == {
        row["doc_id"]: 1 for row in lake.table(root, tables.DOCUMENTS)
    }

    # A person knows better: a new version scores all, and the view reads that one.
    wrong = next(row["doc_id"] for row in labels if row["label"] == "math")
    name = session.table_name(settings, tables.LABELS)
    spark.sql(
        f"INSERT INTO {name} SELECT doc_id, 'person-ada', 'other', NULL, NULL, NULL, NULL, now() "
        f"FROM {name} WHERE doc_id = '{wrong}'"
    )
    run(spark, settings)
    newest = max(lake.table(root, tables.FILTERS), key=lambda row: row["trained_at"])
    assert newest["version"] not in {one["version"], two["version"]}
    assert newest["other_rows"] == two["other_rows"] + 1
    current = session.table(spark, settings, tables.CURRENT_SCORES).collect()
    assert len(current) == 65
    assert {row["version"] for row in current} == {newest["version"]}
    versions = lake.count(root, tables.SCORES, "version")
    assert versions == {two["version"]: 65, newest["version"]: 65}


def test_too_few_labels_leave_the_first_stage_and_say_so(spark, root_settings):
    settings = root_settings()
    documents(spark, settings, texts(2))
    run(spark, settings)
    (row,) = lake.table(Path(settings.root), tables.FILTERS)
    assert (row["model"], row["stage"], row["labeller"]) == ("math-round1", 1, None)
    assert row["note"] == "4 labels, and score.min_labels asks for 40"
    assert lake.count(Path(settings.root), tables.SCORES, "model") == {"math-round1": 4}
    kept = {
        row["doc_id"] for row in session.table(spark, settings, tables.KEPT_DOCUMENTS).collect()
    }
    assert kept >= {"web000", "web002"}
    # One round labels nothing.
    alone = root_settings("score.rounds=1", f"root={settings.root}/alone")
    documents(spark, alone, texts(2))
    assert run(spark, alone, "label_documents", "train_filter")["label_documents"].rows_out == 0
    (row,) = lake.table(Path(alone.root), tables.FILTERS)
    assert row["note"] is None


def test_what_a_model_did_not_answer_is_asked_again_by_the_next_run(spark, root_settings):
    is_down = True

    def answer(_, body):
        text = body["messages"][1]["content"]
        if is_down and "shop" in text:
            return Answer(None, status=503)
        return Answer(json.dumps({"label": "math" if "theorem" in text else "other"}))

    with llm_server.serving(answer) as server:
        words = ("label.labeller=endpoint", "endpoint.model=judge", f"endpoint.url={server.url}")
        settings = root_settings(*words, "endpoint.tries=1", "endpoint.concurrency=16")
        root = Path(settings.root)
        documents(spark, settings, texts(4))
        outcome = run(spark, settings, "label_documents")["label_documents"]
        assert (outcome.rows_out, dict(outcome.rejected)) == (4, {"failed_http_503": 4})
        is_down = False
        # Failed rows make the job due, though no table that it reads has changed.
        outcome = run(spark, settings, "label_documents")["label_documents"]
        assert (outcome.is_skipped, outcome.rows_out) == (False, 4)
        assert run(spark, settings, "label_documents")["label_documents"].is_skipped
    judged = {
        (row["doc_id"], row["label"]) for row in lake.table(root, tables.LABELS) if row["label"]
    }
    assert judged == {(f"web{i:03}", ("math", "other")[i % 2]) for i in range(8)}
    assert lake.count(root, tables.LABELS, "rejected_by") == {None: 8, "failed_http_503": 4}


def test_rules_over_quality_leave_documents_out_by_name(spark, root_settings):
    settings = root_settings()
    documents(spark, settings, [MATHEMATICS.format(i=i) for i in range(3)])
    version = train_filter.first_version(settings)
    session.create(spark, settings, tables.SCORES)
    listed = ", ".join(f"('web{i:03}', 'm', '{version}', 0.9)" for i in range(3))
    spark.sql(f"INSERT INTO {session.table_name(settings, tables.SCORES)} VALUES {listed}")

    def kept(*words):
        moved = root_settings(*words)
        return {
            row["doc_id"] for row in session.table(spark, moved, tables.KEPT_DOCUMENTS).collect()
        }

    assert kept() == {"web000", "web001", "web002"}
    assert kept("keep.rules={first: \"doc_id = 'web000'\"}") == {"web001", "web002"}
    # NULL is no reason, and a comment swallows nothing.
    assert kept('keep.rules={old: "fetch_time < now() -- or so"}') == {"web000", "web001", "web002"}
    assert kept('keep.rules={a: "char_count > 10", b: "true"}') == set()
    assert kept("keep.rules={}") == {"web000", "web001", "web002"}


def test_a_model_that_is_asked_needs_a_name(spark, root_settings):
    settings = root_settings("label.labeller=endpoint")
    with pytest.raises(ValueError, match=r"endpoint\.model"):
        runner.run(spark, settings, pipeline.job("label_documents"))
