"""import_rows over data set files that the tests write, whole and broken."""

import bz2
import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conf import tables
from udfs.datasets import READ_DOCUMENTS_SCHEMA, REASONS, import_rows, rows

INPUT = pa.schema(
    [
        *[
            (name, pa.string())
            for name in (
                "file_id",
                "path",
                "kind",
                "component",
                "text_column",
                "id_column",
                "url_column",
                "crawl",
            )
        ],
        ("attempt", pa.int32()),
    ]
)
TEXT = "The square of an even number is even, since $(2k)^2 = 2 \\cdot 2k^2$."


def load(path, data=None, *, kind="jsonl", batch_rows=256, mask=None, **columns):
    if data is not None:
        path.write_bytes(data)
    file = {
        "file_id": "f1",
        "path": str(path),
        "kind": kind,
        "component": "synthetic",
        "text_column": "text",
        "id_column": "id",
        "url_column": "url",
        "attempt": 1,
    } | columns
    batch = pa.RecordBatch.from_pylist([file], schema=INPUT)
    found = list(import_rows([batch], batch_rows=batch_rows, mask=mask))
    for part in found:
        part.validate(full=True)
        assert part.schema == READ_DOCUMENTS_SCHEMA
        assert part.num_rows <= batch_rows
    every = [row for part in found for row in part.to_pylist()]
    assert all((row["document"] is None) != (row["read"] is None) for row in every)
    documents, last = [row["document"] for row in every[:-1]], every[-1]["read"]
    assert last["rows_out"] == sum(document["text"] is not None for document in documents)
    assert last["records"] - last["rows_out"] == sum(count for _, count in last["rejected"])
    assert {reason for reason, _ in last["rejected"]} <= set(REASONS)
    for document in documents:
        assert (document["text"] is None) == (document["rejected_by"] is not None)
    return documents, last


def lines(*values):
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def texts(documents):
    return [document["text"] for document in documents]


def test_personal_data_are_masked_where_it_is_asked_for(tmp_path):
    data = lines({"id": "a", "text": f"Write to jane@example.org. {TEXT}"})
    (as_it_came,), _ = load(tmp_path / "plain.jsonl", data)
    assert "jane@example.org" in as_it_came["text"]
    assert as_it_came["masked"] is None
    (masked,), _ = load(tmp_path / "plain.jsonl", mask=("email",))
    assert masked["text"] == f"Write to <EMAIL_ADDRESS>. {TEXT}"
    assert masked["masked"] == [("email", 1)]
    assert masked["char_count"] == len(masked["text"])
    assert masked["doc_id"] == as_it_came["doc_id"]


def test_a_row_becomes_a_document_with_every_column(tmp_path):
    data = lines({"id": 7, "text": TEXT, "url": "https://Example.org/a", "more": [1]})
    [row], last = load(tmp_path / "a.jsonl", data)
    assert list(row) == tables.arrow_schema(tables.DOCUMENTS).names
    assert row["source_id"] == "7"
    assert row["host"] == "example.org"
    assert row["text"] == TEXT
    assert row["language"] == "en"
    assert row["formula_count"] == 1
    assert row["char_count"] == len(TEXT)
    assert (row["component"], row["extractor"]) == ("synthetic", "import-1")
    assert (row["warc_filename"], row["warc_record_offset"]) == ("a.jsonl", 0)
    assert (last["outcome"], last["error"], last["read_bytes"]) == ("complete", None, len(data))


def zstd(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


CODECS = {"plain": bytes, "gz": gzip.compress, "bz2": bz2.compress, "zst": zstd}


@pytest.mark.parametrize("codec", CODECS)
def test_compressed_files_give_the_rows_of_plain_ones(tmp_path, codec):
    data = lines(*({"id": str(i), "text": f"{TEXT} {i}"} for i in range(2000)))
    documents, last = load(tmp_path / "a.jsonl", CODECS[codec](data))
    assert texts(documents) == [f"{TEXT} {i}" for i in range(2000)]
    assert last["outcome"] == "complete"
    double, _ = load(tmp_path / "a.jsonl", CODECS[codec](data) * 2)
    assert len(double) == 4000


@pytest.mark.parametrize("codec", ["gz", "bz2", "zst"])
def test_a_cut_file_keeps_its_rows_and_is_damaged(tmp_path, codec):
    data = lines(*({"id": str(i), "text": f"{TEXT} {i * i}"} for i in range(12_000)))
    coded = CODECS[codec](data)
    documents, last = load(tmp_path / "a.jsonl", coded[: len(coded) * 3 // 4])
    kept = [document for document in documents if document["text"]]
    assert 500 < len(kept) < 12_000
    assert texts(kept) == [f"{TEXT} {i * i}" for i in range(len(kept))]
    assert last["outcome"] == "damaged"
    assert f"after row {len(documents) - 1}" in last["error"]


def test_what_is_no_row_with_text_is_rejected_and_counted(tmp_path):
    data = b"\n".join(
        [
            json.dumps({"id": "a", "text": TEXT}).encode(),
            b"",
            b"{not json",
            b"[1, 2]",
            b'{"id": "b"}',
            b'{"id": "c", "text": " \\n"}',
            b'{"id": "d", "text": 5}',
            b'{"id": "e", "text": null}',
            b"[" * 100_000,
            b'{"text": ' + b"9" * 5000 + b"}",
        ]
    )
    documents, last = load(tmp_path / "a.jsonl", data)
    assert [(row["source_id"], row["rejected_by"]) for row in documents] == [
        ("a", None),
        (None, "bad_json"),
        (None, "bad_json"),
        ("b", "no_text"),
        ("c", "no_text"),
        ("d", "no_text"),
        ("e", "no_text"),
        (None, "bad_json"),
        (None, "bad_json"),
    ]
    assert last["rejected"] == [("bad_json", 4), ("no_text", 4)]
    assert last["outcome"] == "complete"
    assert [row["warc_record_offset"] for row in documents] == list(range(9))
    assert len({row["doc_id"] for row in documents}) == 9


def test_a_line_too_long_is_rejected_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "LINE_BYTES", 3000)
    data = lines({"text": "a"}, {"text": "x" * 5_000_000}, {"text": "b"}, {"text": "y" * 9000})
    documents, _ = load(tmp_path / "a.jsonl", data.rstrip())
    assert [(row["text"], row["rejected_by"]) for row in documents] == [
        ("a", None),
        (None, "too_large"),
        ("b", None),
        (None, "too_large"),
    ]


def test_bytes_that_are_no_utf8_are_replaced(tmp_path):
    documents, _ = load(tmp_path / "a.jsonl", b'\xef\xbb\xbf{"text": "caf\xe9 \\ud800 x"}')
    assert texts(documents) == ["caf\ufffd \ufffd x"]


def test_ids_of_any_kind_become_strings(tmp_path):
    values = [3, 3.5, "x", True, {"b": 1, "a": 2}, None]
    data = lines(*({"id": value, "text": "a"} for value in values))
    documents, _ = load(tmp_path / "a.jsonl", data)
    assert [row["source_id"] for row in documents] == [
        "3",
        "3.5",
        "x",
        "true",
        '{"a": 2, "b": 1}',
        None,
    ]


def test_columns_are_named_by_the_file(tmp_path):
    data = lines({"body": TEXT, "key": "k", "link": "http://h.example/"})
    [row], _ = load(
        tmp_path / "a.jsonl", data, text_column="body", id_column="key", url_column="link"
    )
    assert (row["text"], row["source_id"], row["url"]) == (TEXT, "k", "http://h.example/")


def test_a_file_without_the_text_column_fails_and_names_the_nearest(tmp_path):
    data = lines(*({"texts": "a", "id": "1"} for _ in range(3000)))
    documents, last = load(tmp_path / "a.jsonl", data)
    assert (documents, last["outcome"]) == ([], "failed")
    assert last["error"].endswith("a.jsonl: no column text; did you mean texts?")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"texts": ["a"], "id": ["1"]}), path)
    documents, last = load(path, kind="parquet")
    assert (documents, last["outcome"]) == ([], "failed")
    assert last["error"].endswith("a.parquet: no column text; did you mean texts?")


def test_a_text_column_that_comes_late_is_found(tmp_path):
    data = lines(*({"id": i} for i in range(900)), {"id": 900, "text": TEXT})
    documents, last = load(tmp_path / "a.jsonl", data)
    assert len(documents) == 901
    assert (last["outcome"], last["rows_out"]) == ("complete", 1)


def parquet(path, count, **options):
    table = pa.table(
        {
            "id": pa.array(range(count)),
            "text": [None if i % 50 == 7 else f"{TEXT} {i}" for i in range(count)],
            "unused": [b"z" * 100] * count,
        }
    )
    pq.write_table(table, path, **options)


def test_parquet_is_read_by_row_groups(tmp_path):
    path = tmp_path / "a.parquet"
    parquet(path, 1000, row_group_size=300)
    documents, last = load(path, kind="parquet", batch_rows=100)
    assert [row["source_id"] for row in documents] == [str(i) for i in range(1000)]
    assert [row["warc_record_offset"] for row in documents] == list(range(1000))
    assert last["rejected"] == [("no_text", 20)]
    assert last["outcome"] == "complete"


def test_text_types_of_parquet_are_all_text(tmp_path):
    path = tmp_path / "a.parquet"
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        pq.write_table(pa.table({"text": pa.array(["a", None, "b"]).cast(kind)}), path)
        documents, _ = load(path, kind="parquet")
        assert texts(documents) == ["a", None, "b"]
    pq.write_table(pa.table({"text": [1, 2]}), path)
    _, last = load(path, kind="parquet")
    assert last["rejected"] == [("no_text", 2)]


def test_a_broken_row_group_costs_its_own_rows(tmp_path):
    path = tmp_path / "a.parquet"
    parquet(path, 900, row_group_size=300, compression="zstd")
    column = pq.ParquetFile(path).metadata.row_group(1).column(1)
    data = bytearray(path.read_bytes())
    begin = column.dictionary_page_offset or column.data_page_offset
    data[begin : begin + column.total_compressed_size] = bytes(column.total_compressed_size)
    documents, last = load(path, bytes(data), kind="parquet")
    assert [row["warc_record_offset"] for row in documents] == [*range(300), *range(600, 900)]
    assert (last["outcome"], last["records"]) == ("damaged", 900)
    assert dict(last["rejected"])["damaged_record"] == 300
    assert "row group 1" in last["error"]


def test_what_is_no_parquet_file_fails_and_is_named(tmp_path):
    documents, last = load(tmp_path / "a.parquet", b"PAR1 nothing", kind="parquet")
    assert (documents, last["outcome"]) == ([], "failed")
    assert "a.parquet: not a Parquet file" in last["error"]


def test_a_missing_file_fails_and_is_named(tmp_path):
    documents, last = load(tmp_path / "a.jsonl")
    assert (documents, last["outcome"]) == ([], "failed")
    assert "a.jsonl" in last["error"]


def test_the_result_does_not_depend_on_batches(tmp_path):
    data = lines(*({"id": i, "text": f"{TEXT} {i}" if i % 3 else ""} for i in range(100)))
    path = tmp_path / "a.jsonl"
    assert load(path, data, batch_rows=7)[0] == load(path, data, batch_rows=100)[0]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.one_of(st.binary(max_size=30), st.sampled_from([b'{"text": "a $x$"}', b"{}"]))
        ).map(b"\n".join),
        st.binary(max_size=300).map(lambda data: gzip.compress(b'{"text": "a"}\n')[:-9] + data),
        st.binary(max_size=300).map(lambda data: b"PAR1" + data + b"PAR1"),
    ),
    kind=st.sampled_from(["jsonl", "parquet"]),
)
def test_any_bytes_give_a_row_of_what_was_read(tmp_path_factory, data, kind):
    _, last = load(tmp_path_factory.mktemp("data") / "a", data, kind=kind)
    assert last["read_bytes"] <= max(len(data) * 4, 1 << 20)


def test_no_rows_in_a_batch_is_refused():
    with pytest.raises(ValueError, match="batch_rows"):
        list(import_rows([], batch_rows=0))
