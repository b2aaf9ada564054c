"""Input that is broken costs itself alone: each case a counted reason or one clear error."""

from __future__ import annotations

import json
import random
import subprocess
from collections import Counter

import pytest

from conf import tables
from conf.sample.build import Response, write_warc
from jobs import (
    extract_text,
    import_datasets,
    list_crawl,
    pipeline,
    read_crawl,
    runner,
)
from tests import lake

# What they all rest on is made once, by one worker.
pytestmark = pytest.mark.xdist_group("bad_input")

_MATH = b"<html><body><p>The area is \\(\\pi r^2 = 9\\pi\\) for a circle of %s.</p></body></html>"


def _page(name: str, body: bytes, **options) -> Response:
    return Response(url=f"https://bad.example.org/{name}", body=body, **options)


@pytest.fixture(scope="module")
def bad(spark, tmp_path_factory):
    """Return a root after a crawl of bad pages and two good ones, beside missing and cut files."""
    from conf import settings as conf_settings

    folder = tmp_path_factory.mktemp("bad")
    pages = [
        _page("good-first", _MATH % b"radius 3"),
        _page("empty", b""),
        _page("large", b"<p>\\(x^2\\)</p>" + b"x" * 50 * 2**20),
        _page("nested", b"<div>" * 10_000 + b"<p>\\(a^2+b^2=c^2\\)</p>" + b"</div>" * 10_000),
        _page("binary", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
        _page(
            "charset",
            "<p>Größe \\(x^2\\) über \\(y^2\\)</p>".encode("latin-1"),
            content_type="text/html; charset=utf-8",
        ),
        _page("gone", b"<p>\\(x\\)</p>", status=404),
        _page(
            "damaged",
            _MATH % b"damage",
            spoil_member=lambda data: data[:40] + b"\0" * 60 + data[100:],
        ),
        _page("good-last", _MATH % b"radius 9"),
    ]
    write_warc(folder / "bad.warc.gz", pages)
    # Random words do not compress: the cut falls into the second response.
    noise = random.Random(1).randbytes(60_000).hex().encode()
    two = [_page("first", _MATH % b"1"), _page("cut", _MATH % noise)]
    write_warc(folder / "whole.warc.gz", two)
    whole = (folder / "whole.warc.gz").read_bytes()
    (folder / "cut.warc.gz").write_bytes(whole[: len(whole) * 2 // 3])
    (folder / "corrupt.warc.gz").write_bytes(b"this is no WARC file at all" * 100)
    rows = [
        {"id": "1", "text": "A sum: $1+2=3$."},
        {"id": "2"},
        {"id": "3", "text": ""},
        {"id": "4", "text": 17},
    ]
    lines = [json.dumps(row) for row in rows] + ["{not json"]
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    paths = [
        str(folder / name)
        for name in ("bad.warc.gz", "cut.warc.gz", "corrupt.warc.gz", "missing.warc.gz")
    ]
    settings = conf_settings.load(
        words=[
            f"root={folder / 'root'}",
            f"crawl.paths={json.dumps(paths)}",
            f"datasets=[{{path: {folder / 'rows.jsonl'}, component: synthetic}}]",
        ]
    )
    for module in (list_crawl, read_crawl, extract_text, import_datasets):
        runner.run(spark, settings, pipeline.job(module.__name__.rpartition(".")[2]))
    return settings


def _reads(settings) -> dict[str, dict]:
    files = {row["file_id"]: row["path"] for row in lake.table(_root(settings), tables.CRAWL_FILES)}
    return {
        files[row["file_id"]].rpartition("/")[2]: row
        for row in lake.table(_root(settings), tables.FILE_READS)
    }


def _root(settings):
    from pathlib import Path

    return Path(settings.root)


def _documents(settings) -> dict[str, dict]:
    rows = lake.table(_root(settings), tables.DOCUMENTS)
    return {
        row["url"].rpartition("/")[2]: row
        for row in rows
        if row["url"] and row["warc_filename"] == "bad.warc.gz"
    }


def test_good_pages_beside_bad_ones_are_read(bad):
    documents = _documents(bad)
    assert "\\pi r^2" in documents["good-first"]["text"]
    assert "radius 9" in documents["good-last"]["text"]


def test_each_bad_page_is_counted_by_its_reason(bad):
    rejected = Counter(dict(_reads(bad)["bad.warc.gz"]["rejected"]))
    assert rejected["empty_body"] == 1
    assert rejected["too_large"] == 1
    assert rejected["not_html"] == 1
    assert rejected["http_status"] == 1
    assert rejected["damaged_record"] == 1


def test_ten_thousand_nested_tags_give_the_text_in_them_or_a_reason(bad):
    nested = _documents(bad)["nested"]
    assert nested["rejected_by"] is not None or "a^2+b^2=c^2" in nested["text"]


def test_a_wrong_charset_is_seen_through(bad):
    assert "Größe" in _documents(bad)["charset"]["text"]


def test_a_cut_file_keeps_what_came_before(bad):
    read = _reads(bad)["cut.warc.gz"]
    assert read["outcome"] == "damaged"
    assert read["rows_out"] == 1
    assert dict(read["rejected"])["truncated_file"] == 1


def test_a_file_that_is_no_warc_is_damaged_and_counted(bad):
    read = _reads(bad)["corrupt.warc.gz"]
    assert (read["outcome"], read["rows_out"]) == ("damaged", 0)
    assert read["error"]


def test_a_missing_file_failed_and_is_tried_again(spark, bad):
    read = _reads(bad)["missing.warc.gz"]
    assert read["outcome"] == "failed"
    assert "missing.warc.gz" in read["error"]
    pages = lake.comparable(_root(bad), tables.PAGES)
    runner.run(spark, bad, pipeline.job("read_crawl"))
    tries = [
        row
        for row in lake.table(_root(bad), tables.FILE_READS)
        if row["file_id"] == read["file_id"]
    ]
    assert sorted(row["attempt"] for row in tries) == [1, 2]
    assert lake.comparable(_root(bad), tables.PAGES) == pages


def test_rows_without_text_are_documents_with_a_reason(bad):
    rows = [
        row for row in lake.table(_root(bad), tables.DOCUMENTS) if row["component"] == "synthetic"
    ]
    assert Counter(row["rejected_by"] for row in rows) == {None: 1, "no_text": 3, "bad_json": 1}
    read = _reads(bad)["rows.jsonl"]
    assert (read["records"], read["rows_out"]) == (5, 1)


def test_a_failed_file_that_appears_later_is_read(spark, tmp_path, root_settings):
    path = tmp_path / "later.warc.gz"
    settings = root_settings(f"crawl.paths=['{path}']", "datasets=[]")
    for name in ("list_crawl", "read_crawl"):
        runner.run(spark, settings, pipeline.job(name))
    assert lake.table(_root(settings), tables.PAGES) == []
    write_warc(path, [_page("late", _MATH % b"radius 1")])
    runner.run(spark, settings, pipeline.job("read_crawl"))
    (page,) = lake.table(_root(settings), tables.PAGES)
    assert page["url"].endswith("/late")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["keep.min_scoer=1"], 2, "unknown key keep.min_scoer; did you mean keep.min_score?"),
        (["crawl.paths=['/nowhere/*.warc.gz']"], 1, "/nowhere/*.warc.gz"),
        (["no/such.yaml"], 2, "no/such.yaml: no such file"),
        (["domain=alchemy"], 2, "no alchemy.yaml in conf/domains"),
    ],
)
def test_a_wrong_word_is_one_clear_error(tmp_path, words, status, said):
    ended = subprocess.run(
        [lake.COMMAND, "run", f"root={tmp_path / 'root'}", *words],
        capture_output=True,
        text=True,
        cwd=lake.PROJECT,
        env=lake.environment(),
        timeout=120,
    )
    assert ended.returncode == status, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
