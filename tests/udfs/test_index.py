"""The columnar index: which captures a selection chooses, and the ranges that are then read."""

import datetime
import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conf import tables
from conf.settings import Index
from tests.server import serving
from udfs.files.access import Access
from udfs.warc import read_crawl
from udfs.warc.index import READ_INDEX_SCHEMA, check, crawl_of, read_index, row_groups, span_files

# https://github.com/commoncrawl/cc-index-table: the columns and their types.
SCHEMA = pa.schema(
    [
        ("url_surtkey", pa.string()),
        ("url", pa.string()),
        ("url_host_name", pa.string()),
        ("url_host_registered_domain", pa.string()),
        ("fetch_time", pa.timestamp("ms", "UTC")),
        ("fetch_status", pa.int16()),
        ("content_digest", pa.string()),
        ("content_mime_type", pa.string()),
        ("content_mime_detected", pa.string()),
        ("content_languages", pa.string()),
        ("warc_filename", pa.string()),
        ("warc_record_offset", pa.int32()),
        ("warc_record_length", pa.int32()),
    ]
)
WARC = "crawl-data/CC-MAIN-2026-40/segments/1/warc/x.warc.gz"
INPUT = pa.schema(
    [
        ("file_id", pa.string()),
        ("path", pa.string()),
        ("crawl", pa.string()),
        ("attempt", pa.int32()),
    ]
)


def capture(host, number=0, *, warc=WARC, **columns):
    labels = host.removeprefix("www.").split(".")
    return {
        "url_surtkey": f"{','.join(reversed(labels))})/page/{number}",
        "url": f"https://{host}/page/{number}",
        "url_host_name": host,
        "url_host_registered_domain": ".".join(labels[-2:]),
        "fetch_time": datetime.datetime(2026, 10, 1, tzinfo=datetime.UTC),
        "fetch_status": 200,
        "content_digest": "A" * 32,
        "content_mime_type": "text/html",
        "content_mime_detected": "text/html",
        "content_languages": "eng",
        "warc_filename": warc,
        "warc_record_offset": 100 * number,
        "warc_record_length": 50,
    } | columns


def write(path, rows, schema=SCHEMA, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = sorted(rows, key=lambda row: row.get("url_surtkey") or "")
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, **options)
    return str(path)


def find(path, *, crawl=None, prefix="https://data.example", access=None, **selection):
    row = {"file_id": "i", "path": path, "crawl": crawl, "attempt": 1}
    batch = pa.RecordBatch.from_pylist([row], schema=INPUT)
    found = list(
        read_index(
            [batch], index=Index(**selection), prefix=prefix, access=access or Access(tries=2)
        )
    )
    rows = [row for part in found for row in part.to_pylist()]
    for part in found:
        part.validate(full=True)
        assert part.schema == READ_INDEX_SCHEMA
    read = rows[-1]["read"]
    hits = [row["hit"] for row in rows[:-1]]
    assert read["rows_out"] == len(hits)
    assert read["records"] - len(hits) == sum(count for _, count in read["rejected"])
    return hits, read


CAPTURES = [
    capture("math.example.edu", 1),
    capture("www.example.edu", 2, content_languages="deu,eng"),
    capture("example.edu", 3, content_languages="fra"),
    capture("myexample.edu", 4),
    capture("example.edu.org", 5),
    capture("shop.example.com", 6, fetch_status=404),
    capture("shop.example.com", 7, content_mime_detected="application/pdf"),
    capture("shop.example.com", 8, content_mime_detected=None),
    capture("shop.example.com", 9, content_mime_detected="application/xhtml+xml"),
    capture("shop.example.com", 10, content_languages=None),
]


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        ({}, {1, 2, 3, 4, 5, 8, 9, 10}),
        ({"hosts": ["Example.edu"]}, {3}),
        ({"hosts": ["www.example.edu"]}, {2}),
        ({"host_suffixes": ["example.edu"]}, {1, 2, 3}),
        ({"host_suffixes": [".edu"], "hosts": ["example.edu.org"]}, {1, 2, 3, 4, 5}),
        ({"url_pattern": r"/page/[34]$"}, {3, 4}),
        ({"languages": ["eng"], "host_suffixes": ["example.edu"]}, {1, 2}),
        ({"mime_types": ["application/pdf"]}, {7}),
        ({"statuses": [404]}, {6}),
        ({"statuses": [], "mime_types": []}, set(range(1, 11))),
        ({"hosts": ["nowhere.example"]}, set()),
    ],
)
def test_every_condition_must_hold(tmp_path, selection, chosen):
    hits, read = find(write(tmp_path / "i.parquet", CAPTURES), **selection)
    assert {hit["offset"] // 100 for hit in hits} == chosen
    assert (read["kind"], read["outcome"], read["records"]) == ("index", "complete", 10)


def test_a_hit_says_where_its_record_stands(tmp_path):
    path = write(tmp_path / "i.parquet", [capture("a.example", 3), capture("b.example", 4)])
    hits, _ = find(path, hosts=["a.example"])
    assert hits == [
        {
            "path": f"https://data.example/{WARC}",
            "crawl": "CC-MAIN-2026-40",
            "offset": 300,
            "length": 50,
        }
    ]
    assert find(path, hosts=["a.example"], crawl="C")[0][0]["crawl"] == "C"
    assert find(path, hosts=["a.example"], prefix="/disk/")[0][0]["path"] == f"/disk/{WARC}"


def test_captures_that_name_no_record_are_counted(tmp_path):
    rows = [
        capture("a.example", 1),
        capture("a.example", 2, warc_filename=None),
        capture("a.example", 3, warc_record_length=0),
        capture("a.example", 4, warc_record_offset=None),
    ]
    hits, read = find(write(tmp_path / "i.parquet", rows))
    assert len(hits) == 1
    assert read["rejected"] == [("no_record", 3)]


def test_the_result_is_that_of_reading_all_row_groups(tmp_path):
    rows = [capture(f"h{n % 50}.example.{tld}", n) for n in range(500) for tld in ("org", "net")]
    path = write(tmp_path / "i.parquet", rows, row_group_size=37)
    metadata = pq.read_metadata(path)
    for selection in ({"hosts": ["h7.example.org"]}, {"host_suffixes": ["example.net"]}):
        chosen = row_groups(metadata, Index(**selection))
        assert 0 < len(chosen) < metadata.num_row_groups
        hits, _ = find(path, **selection)
        names = next(iter(selection.values()))
        wanted = [row for row in rows if row["url_host_name"].endswith(names[0])]
        assert len(hits) == len(wanted)


@pytest.mark.parametrize("surt", ["", "no key", None])
def test_keys_that_are_no_surt_keys_leave_no_group_out(tmp_path, surt):
    rows = [capture(f"h{n}.example", n, url_surtkey=surt and f"{surt} {n}") for n in range(20)]
    hits, _ = find(write(tmp_path / "i.parquet", rows, row_group_size=5), hosts=["h7.example"])
    assert [hit["offset"] for hit in hits] == [700]


def test_an_index_with_few_columns_will_do(tmp_path):
    schema = pa.schema([field for field in SCHEMA if field.name.startswith(("warc", "url"))])
    rows = [{name: capture("a.example", 1)[name] for name in schema.names}]
    hits, _ = find(write(tmp_path / "i.parquet", rows, schema), hosts=["a.example"])
    assert len(hits) == 1


def test_a_column_that_is_asked_for_and_missing_is_named(tmp_path):
    schema = pa.schema([field for field in SCHEMA if field.name != "content_languages"])
    rows = [{name: capture("a.example", 1)[name] for name in schema.names}]
    path = write(tmp_path / "i.parquet", rows, schema)
    hits, read = find(path, languages=["eng"])
    assert (hits, read["outcome"]) == ([], "damaged")
    assert "the index has no column content_languages" in read["error"]


def test_what_is_no_parquet_is_damaged_and_what_is_missing_failed(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no, not really PAR1")
    assert find(str(tmp_path / "x.parquet"))[1]["outcome"] == "damaged"
    assert find(str(tmp_path / "none.parquet"))[1]["outcome"] == "failed"


def test_over_http_only_what_is_needed_is_asked_for(tmp_path):
    rows = [capture(f"h{n % 99:02}.example", n, content_digest=str(n) * 30) for n in range(20_000)]
    path = write(tmp_path / "i.parquet", rows, row_group_size=1000, compression="none")
    data = (tmp_path / "i.parquet").read_bytes()
    with serving() as server:
        server.contents["/i.parquet"] = data
        server.faults["/i.parquet"] = [503, "cut", "cut"]
        access = Access(wait_seconds=0.001)
        there, read = find(f"{server.url}/i.parquet", hosts=["h07.example"], access=access)
    assert there == find(path, hosts=["h07.example"])[0]
    assert read["requests"] == len(server.asked)
    assert read["read_bytes"] < len(data) / 10


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"crawl.index.url_pattern"):
        check(Index(url_pattern="(?<!x)"))


def test_the_crawl_of_an_index_is_in_its_path():
    path = (
        "s3://commoncrawl/cc-index/table/cc-main/warc/crawl=CC-MAIN-2026-40/subset=warc/a.parquet"
    )
    assert crawl_of(path) == "CC-MAIN-2026-40"


def test_ranges_become_files_whose_keys_tell_them_apart():
    schema = pa.schema(
        [
            ("path", pa.string()),
            ("crawl", pa.string()),
            ("spans", tables.arrow_schema(tables.CRAWL_FILES).field("spans").type),
        ]
    )
    spans = [{"offset": 1, "length": 2}, {"offset": 9, "length": 3}]
    rows = [
        {"path": "p", "crawl": "C", "spans": spans},
        {"path": "p", "crawl": "C", "spans": spans[:1]},
        {"path": "q", "crawl": None, "spans": spans},
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=schema)
    [found] = span_files([batch])
    assert found.schema == tables.arrow_schema(tables.CRAWL_FILES)
    assert [row["spans"] for row in found.to_pylist()] == [row["spans"] for row in rows]
    assert len(set(found["file_id"].to_pylist())) == 3
    assert [part["file_id"].to_pylist() for part in span_files([batch])] == [
        found["file_id"].to_pylist()
    ]


def member(number, body=None):
    body = body or b"<html><p>Let \\(x_%d = 1\\), then it halves.</p></html>" % number
    block = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + body
    head = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example/%d\r\n"
        b"WARC-Date: 2026-10-01T00:00:30Z\r\nContent-Type: application/http\r\n"
        b"Content-Length: %d\r\n\r\n"
    )
    return gzip.compress(head % (number, len(block)) + block + b"\r\n\r\n", mtime=0)


def read(path, spans=None, **settings):
    schema = INPUT.append(
        pa.field("spans", tables.arrow_schema(tables.CRAWL_FILES).field("spans").type)
    )
    row = {"file_id": "f", "path": str(path), "crawl": None, "attempt": 1, "spans": spans}
    batch = pa.RecordBatch.from_pylist([row], schema=schema)
    found = list(read_crawl([batch], markers=[r"\("], max_html_bytes=1 << 20, **settings))
    rows = [row for part in found for row in part.to_pylist()]
    return [row["page"] for row in rows[:-1]], rows[-1]["read"]


@pytest.fixture
def warc(tmp_path):
    """A WARC file and the places of its records."""
    parts = [member(number) for number in range(30)]
    path = tmp_path / "x.warc.gz"
    path.write_bytes(b"".join(parts))
    ends = [sum(map(len, parts[: n + 1])) for n in range(30)]
    places = zip([0, *ends], parts, strict=False)
    return path, [{"offset": offset, "length": len(part)} for offset, part in places]


def test_a_record_read_by_its_range_is_the_same_page(warc):
    path, spans = warc
    whole, _ = read(path)
    some, last = read(path, spans[3:20:4])
    assert some == whole[3:20:4]
    assert (last["outcome"], last["records"], last["requests"]) == ("complete", 5, None)
    assert last["read_bytes"] < path.stat().st_size


def test_ranges_over_http_are_read_past_faults(warc):
    path, spans = warc
    with serving() as server:
        server.contents["/x.warc.gz"] = path.read_bytes()
        server.faults["/x.warc.gz"] = [503, "cut", "wrong range"]
        there, last = read(f"{server.url}/x.warc.gz", spans[5:9], access=Access(wait_seconds=0.001))
        assert last["requests"] == len(server.asked)
    assert there == read(path, spans[5:9])[0]


def test_a_range_that_lies_costs_itself_alone(warc):
    path, spans = warc
    size = path.stat().st_size
    wrong = [
        {"offset": spans[4]["offset"] + 5, "length": 60},
        {"offset": spans[9]["offset"], "length": 40},
        {"offset": size + 100, "length": 50},
    ]
    pages, last = read(path, sorted([spans[1], *wrong, spans[7]], key=lambda s: s["offset"]))
    assert [page["warc_record_offset"] for page in pages] == [
        spans[1]["offset"],
        spans[7]["offset"],
    ]
    assert last["outcome"] == "damaged"
    assert last["records"] == 5
    assert sum(count for _, count in last["rejected"]) == 3


def test_a_server_that_is_down_leaves_a_failed_reading(warc):
    _, spans = warc
    with serving() as server:
        address = f"{server.url}/x.warc.gz"
    pages, last = read(address, spans, access=Access(tries=2, wait_seconds=0.001))
    assert (pages, last["outcome"], last["records"]) == ([], "failed", 0)
    assert "/x.warc.gz" in last["error"]


def test_a_range_longer_than_is_held_is_read_as_a_stream(tmp_path):
    long = member(1, b"<html>\\(x\\)" + bytes(range(1, 256)) * 60_000)
    noise = gzip.compress(b"", mtime=0)
    path = tmp_path / "x.warc.gz"
    path.write_bytes(member(0) + long + noise + member(2))
    first = len(member(0))
    spans = [
        {"offset": 0, "length": first},
        {"offset": first, "length": len(long)},
        {"offset": first + len(long) + len(noise), "length": len(member(2))},
    ]
    pages, last = read(path, spans)
    assert [page["url"][-1] for page in pages] == ["0", "2"]
    assert last["rejected"] == [("too_large", 1)]
