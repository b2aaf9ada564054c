"""From a columnar index on a server to pages: only the ranges chosen, each once, over faults."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conf import tables
from conf.sample.warc import Response, write_warc
from jobs import pipeline, runner
from tests import lake
from tests.server import serving

CRAWL = "CC-MAIN-2026-40"
WARCS = [f"crawl-data/{CRAWL}/segments/1/warc/{name}.warc.gz" for name in ("a", "b")]
INDEX = f"cc-index/table/cc-main/warc/crawl={CRAWL}"
PARTS = [f"{INDEX}/subset={name}.parquet" for name in ("warc/part-0", "warc/part-1", "robotstxt/x")]
SCHEMA = pa.schema(
    [
        ("url_surtkey", pa.string()),
        ("url", pa.string()),
        ("url_host_name", pa.string()),
        ("fetch_status", pa.int16()),
        ("content_mime_detected", pa.string()),
        ("content_languages", pa.string()),
        ("warc_filename", pa.string()),
        ("warc_record_offset", pa.int32()),
        ("warc_record_length", pa.int32()),
    ]
)


def captures(warc, data):
    """Return a row of the index for each response of a WARC file."""
    place = 0
    while place < len(data):
        inflater = zlib.decompressobj(31)
        record = inflater.decompress(data[place:])
        length = len(data) - place - len(inflater.unused_data)
        head = dict(
            line.split(b": ", 1) for line in record.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        )
        if head[b"WARC-Type"] == b"response":
            url = head[b"WARC-Target-URI"].decode()
            host = url.split("/")[2]
            yield {
                "url_surtkey": f"{','.join(reversed(host.split('.')))})/{url.split('/', 3)[3]}",
                "url": url,
                "url_host_name": host,
                "fetch_status": 200,
                "content_mime_detected": "text/html",
                "content_languages": "eng",
                "warc_filename": warc,
                "warc_record_offset": place,
                "warc_record_length": length,
            }
        place += length


@pytest.fixture
def server(tmp_path):
    """A server with two WARC files and an index of both: a part for each, and one of robots.txt."""
    with serving() as running:
        for number, (warc, part) in enumerate(zip(WARCS, PARTS, strict=False)):
            pages = [
                Response(
                    f"https://host{n % 3}.example.org/{number}/{n}",
                    b"<html><p>The area is \\(\\pi r^2 = %d\\) here.</p></html>" % n,
                )
                for n in range(12)
            ]
            write_warc(tmp_path / "warc.gz", pages)
            data = (tmp_path / "warc.gz").read_bytes()
            running.contents[f"/{warc}"] = data
            rows = sorted(captures(warc, data), key=lambda row: row["url_surtkey"])
            pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), tmp_path / "part")
            running.contents[f"/{part}"] = (tmp_path / "part").read_bytes()
        running.contents[f"/{PARTS[2]}"] = b"not even read"
        listed = "".join(f"{part}\n" for part in PARTS)
        running.contents["/cc-index-table.paths.gz"] = gzip.compress(listed.encode())
        yield running


def run(spark, settings):
    """Run the two jobs as a whole run does; return what came of them."""
    last = runner.last_runs(spark, settings)
    return [
        runner.run(spark, settings, pipeline.job(name), last.get(name))
        for name in ("list_crawl", "read_crawl")
    ]


def rows(settings, table):
    return lake.table(Path(settings.root), table)


def keys(settings):
    found = [row["page_id"] for row in rows(settings, tables.PAGES)]
    assert len(found) == len(set(found))
    return {row["page_id"]: row["url"] for row in rows(settings, tables.PAGES)}


def words(server, **index):
    chosen = {"paths": [f"{server.url}/cc-index-table.paths.gz"]} | index
    return (
        "crawl.paths=[]",
        "datasets=[]",
        f"crawl.prefix={server.url}/",
        f"crawl.index={json.dumps(chosen)}",
        "crawl.tries=2",
        "crawl.requests_per_second=1000",
    )


def test_an_index_chooses_the_records_that_are_read(spark, server, root_settings, tmp_path):
    # What a reading of the whole files gives is the measure.
    files = json.dumps([f"{server.url}/{warc}" for warc in WARCS])
    whole = root_settings(f"root={tmp_path / 'whole'}", f"crawl.paths={files}", "datasets=[]")
    run(spark, whole)
    assert len(keys(whole)) == 24
    server.asked.clear()

    # One part of the index and one WARC file are out of reach at first.
    server.faults[f"/{PARTS[1]}"] = [503] * 2
    server.faults[f"/{WARCS[0]}"] = [503] * 2
    settings = root_settings(*words(server, hosts=["host1.example.org"]))
    listing, reading = run(spark, settings)
    assert listing.rejected == {"failed_file": 1}
    assert reading.rejected == {"failed_file": 1}
    files = {row["file_id"]: row for row in rows(settings, tables.CRAWL_FILES)}
    assert sorted((row["kind"], row["crawl"]) for row in files.values()) == [
        ("index", CRAWL),
        ("index", CRAWL),
        ("warc", CRAWL),
    ]
    assert not any(path.endswith("x.parquet") for _, path, _ in server.asked)

    # The next run reads what failed, and nothing else again.
    listing, reading = run(spark, settings)
    assert listing.rejected == reading.rejected == {}
    wanted = {key for key, url in keys(whole).items() if "//host1." in url}
    assert set(keys(settings)) == wanted
    tries = sorted(
        (row["kind"], row["attempt"], row["outcome"], row["records"])
        for row in rows(settings, tables.FILE_READS)
    )
    assert tries == [
        ("index", 1, "complete", 12),
        ("index", 1, "failed", 0),
        ("index", 2, "complete", 12),
        ("warc", 1, "complete", 4),
        ("warc", 1, "failed", 0),
        ("warc", 2, "complete", 4),
    ]
    for row in rows(settings, tables.FILE_READS):
        assert row["outcome"] == "failed" or row["requests"] >= 1
    assert all(asked[2].startswith("bytes=") for asked in server.asked if "warc.gz" in asked[1])

    # A wider selection adds captures, and asks for no range twice.
    server.asked.clear()
    wider = root_settings(*words(server, host_suffixes=["example.org"], url_pattern="/[0-9]$"))
    run(spark, wider)
    wanted |= {key for key, url in keys(whole).items() if len(url.rpartition("/")[2]) == 1}
    assert set(keys(wider)) == wanted
    spans = [
        (row["path"], span["offset"])
        for row in rows(wider, tables.CRAWL_FILES)
        for span in row["spans"] or []
    ]
    assert len(spans) == len(set(spans)) == len(wanted)

    # Listed as whole files too, they give the pages that are left.
    both = root_settings(
        *words(server)[1:], f"crawl.paths={json.dumps([f'{server.url}/{WARCS[0]}'])}"
    )
    run(spark, both)
    first = {key for key, url in keys(whole).items() if "/0/" in url}
    assert set(keys(both)) == set(keys(whole)) | first


def test_a_limit_is_kept_and_spread(spark, server, root_settings):
    settings = root_settings(*words(server, limit=7))
    runner.run(spark, settings, pipeline.job("list_crawl"))
    files = [row for row in rows(settings, tables.CRAWL_FILES) if row["kind"] == "warc"]
    # The names of the files are always the same, so that this is, whatever the server's port.
    assert len(files) == 2
    assert sum(len(row["spans"]) for row in files) == 7
