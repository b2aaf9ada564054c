"""find_contamination on real Spark and Delta."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from conf import settings as conf_settings
from conf import tables
from jobs import find_contamination, session

ITEM = (
    r"Two trains leave the same station at the same hour, one at $\frac{3}{2}$ of the speed of "
    "the other. After how many hours are they 400 kilometres apart on the straight line?"
)


@pytest.fixture
def bench(tmp_path):
    def make(name, *questions):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("\n".join(json.dumps({"question": q}) for q in questions), encoding="utf-8")
        return f"{{name: {name}, path: {path}}}"

    return make


def add_documents(spark, settings, texts):
    session.create(spark, settings, tables.DOCUMENTS)
    schema = tables.arrow_schema(tables.DOCUMENTS)
    fixed = {"file_id": "f", "component": "web", "extractor": "html-2"}
    rows = [
        dict.fromkeys(schema.names) | fixed | {"doc_id": doc_id, "text": text}
        | {"rejected_by": "empty" if text is None else None}
        for doc_id, text in texts.items()
    ]  # fmt: skip
    frame = spark.createDataFrame(pa.Table.from_pylist(rows, schema=schema))
    frame.write.format("delta").mode("append").save(session.table_path(settings, tables.DOCUMENTS))


def contaminated(spark, tmp_path, *benchmarks):
    settings = conf_settings.load(
        words=[f"root={tmp_path}/root", f"contamination.benchmarks=[{', '.join(benchmarks)}]"]
    )
    session.create(spark, settings, tables.CONTAMINATION)
    find_contamination.main(spark, settings)
    found = session.table(spark, settings, tables.CONTAMINATION)
    return sorted((row["doc_id"], row["benchmark"]) for row in found.collect())


def test_each_document_is_searched_once_for_each_benchmark(spark, tmp_path, bench):
    settings = conf_settings.load(words=[f"root={tmp_path}/root"])
    first = bench("first", ITEM)
    add_documents(spark, settings, {"a": f"It says: {ITEM}", "b": "Nothing of it.", "c": None})
    assert contaminated(spark, tmp_path, first) == [("a", "first")]
    add_documents(spark, settings, {"d": ITEM.replace(r"\frac{3}{2}", r"\dfrac32")})
    second = bench("second", "Nothing of it.", ITEM)
    # The new document against both, the old ones against the new benchmark only.
    expected = [("a", "first"), ("a", "second"), ("d", "first"), ("d", "second")]
    assert contaminated(spark, tmp_path, first, second) == expected
    assert contaminated(spark, tmp_path, first, second) == expected


def test_a_benchmark_that_cannot_be_used_is_an_error_of_the_settings(tmp_path, bench):
    missing = f"{{name: gone, path: {tmp_path}/gone.jsonl}}"
    wrong = bench("wrong", 5)
    for entry, message in ((missing, "gone.jsonl: cannot be read"), (wrong, "row 0: field")):
        settings = conf_settings.load(words=[f"contamination.benchmarks=[{entry}]"])
        with pytest.raises(conf_settings.SettingsError, match=message):
            find_contamination.benchmarks(settings)


def test_two_benchmarks_of_one_name_are_refused(bench):
    entry = bench("same", ITEM)
    settings = conf_settings.load(words=[f"contamination.benchmarks=[{entry}, {entry}]"])
    with pytest.raises(conf_settings.SettingsError, match="same: named twice"):
        find_contamination.benchmarks(settings)
