"""read_crawl over WARC files that the tests write, whole and broken in every way we know."""

import base64
import gzip
import hashlib
import io
import json
import random
import subprocess
import sys
import zlib

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from conf import tables
from udfs.warc import READ_PAGES_SCHEMA, REASONS, read_crawl, records
from udfs.warc.index import crawl_of

MATH = b"<html><body><p>Let \\(x_%d = 1\\), then it halves.</p></body></html>"
MARKERS = [r"\("]
INPUT = pa.schema(
    [
        ("file_id", pa.string()),
        ("path", pa.string()),
        ("crawl", pa.string()),
        ("attempt", pa.int32()),
    ]
)


def digest(data):
    return b"sha1:" + base64.b32encode(hashlib.sha1(data).digest())


def http(body, *, status=b"HTTP/1.1 200 OK", headers=(b"Content-Type: text/html",)):
    return b"\r\n".join([status, *headers]) + b"\r\n\r\n" + body


def record(block, *, number=0, kind=b"response", length=None, extra=(), body=None):
    payload = block.partition(b"\r\n\r\n")[2] if body is None else body
    head = [
        b"WARC/1.0",
        b"WARC-Type: " + kind,
        b"WARC-Date: 2026-10-01T00:00:30Z",
        b"WARC-Target-URI: https://Example.org:8080/page/%d" % number,
        b"WARC-Block-Digest: " + digest(block),
        b"WARC-Payload-Digest: " + digest(payload),
        b"Content-Type: application/http; msgtype=" + kind,
        b"Content-Length: %d" % (len(block) if length is None else length),
        *extra,
    ]
    return b"\r\n".join(head) + b"\r\n\r\n" + block + b"\r\n\r\n"


def page(number, **kw):
    return record(http(MATH % number), number=number, **kw)


def member(data):
    return gzip.compress(data, mtime=0)


def pages_file(count):
    """Members whose blocks are longer than their headers, so that damage falls into them."""
    noise = random.Random(5).randbytes(400 * count).hex().encode()
    blocks = [http(MATH % i + noise[800 * i :][:800]) for i in range(count)]
    return [member(record(block, number=i)) for i, block in enumerate(blocks)]


def read(tmp_path, data, *, markers=MARKERS, max_html_bytes=1 << 20, name="x.warc.gz"):
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    rows = [{"file_id": "f1", "path": str(path), "crawl": "CC-MAIN-2026-40", "attempt": 1}]
    batch = pa.RecordBatch.from_pylist(rows, schema=INPUT)
    found = list(read_crawl([batch], markers=markers, max_html_bytes=max_html_bytes))
    for part in found:
        part.validate(full=True)
        assert part.schema == READ_PAGES_SCHEMA
    rows = [row for part in found for row in part.to_pylist()]
    assert all((row["page"] is None) != (row["read"] is None) for row in rows)
    last = rows[-1]["read"]
    pages = [row["page"] for row in rows[:-1]]
    assert last["rows_out"] == len(pages)
    assert last["records"] - last["rows_out"] == sum(count for _, count in last["rejected"])
    assert {reason for reason, _ in last["rejected"]} <= set(REASONS)
    return pages, last


def numbers(pages):
    return [int(page["url"].rpartition("/")[2]) for page in pages]


def test_a_page_has_every_column_of_the_table(tmp_path):
    data = member(page(7))
    [row], last = read(tmp_path, member(record(b"x", kind=b"warcinfo")) + data)
    html = MATH % 7
    sha1 = base64.b32encode(hashlib.sha1(html).digest()).decode()
    assert list(row) == tables.arrow_schema(tables.PAGES).names
    assert row["host"] == "example.org"
    assert row["url"] == "https://Example.org:8080/page/7"
    assert row["html"] == html
    assert row["html_bytes"] == len(html)
    assert row["payload_digest"] == sha1
    assert row["content_type"] == "text/html"
    assert row["crawl"] == "CC-MAIN-2026-40"
    assert row["warc_filename"] == "x.warc.gz"
    assert row["fetch_time"].isoformat() == "2026-10-01T00:00:30+00:00"
    assert not row["is_truncated"]
    assert (last["outcome"], last["records"], last["error"]) == ("complete", 1, None)


def test_offset_and_length_give_the_record_back(tmp_path):
    parts = []
    for number in range(20):
        parts += [member(record(b"GET /", kind=b"request")), member(page(number))]
    data = b"".join(parts)
    pages, _ = read(tmp_path, data)
    assert len(pages) == 20
    for row in pages:
        begin, length = row["warc_record_offset"], row["warc_record_length"]
        assert gzip.decompress(data[begin : begin + length]) == page(numbers([row])[0])


def test_another_reader_finds_the_same_offsets(tmp_path):
    data = b"".join(pages_file(30))
    pages, _ = read(tmp_path, data)
    found = ArchiveIterator(io.BytesIO(data))
    expected = []
    for item in found:
        item.content_stream().read()
        expected.append((item.rec_headers["WARC-Target-URI"], found.get_record_offset()))
    assert [(row["url"], row["warc_record_offset"]) for row in pages] == expected


def test_plain_and_whole_gzip_files_give_the_pages_of_a_file_of_members(tmp_path):
    plain = b"".join(page(number) for number in range(50))
    expected = [MATH % number for number in range(50)]
    for name, data in (("a.warc", plain), ("a.warc.gz", member(plain))):
        pages, last = read(tmp_path, data, name=name)
        assert [row["html"] for row in pages] == expected
        assert last["outcome"] == "complete"
        for row in pages:
            begin, length = row["warc_record_offset"], row["warc_record_length"]
            assert plain[begin : begin + length] == page(numbers([row])[0])


REJECTED = {
    "http_status": http(MATH % 1, status=b"HTTP/1.1 404 Not Found"),
    "empty_body": http(b" \r\n"),
    "too_large": http(b"<html>\\(x\\)" + b" " * 5000),
    "no_markers": http(b"<html><p>Bread and butter.</html>"),
}
NOT_HTML = {
    "type": http(b"\\(x\\) is text", headers=[b"Content-Type: text/plain"]),
    "png": http(b"\x89PNG\r\n\x1a\n\\("),
    "pdf": http(b"%PDF-1.7\n\\("),
    "gzip": http(gzip.compress(b"<html>\\(x\\)")),
    "json": http(b'{"text": "<p>\\\\(x\\\\)</p>"}'),
    "svg": http(b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">\\(</svg>'),
    "controls": http(b"\x01\x02\x03\\(\x04\x05" * 50),
    "no type, no markup": http(b"\\(x\\) is text", headers=[]),
}


@pytest.mark.parametrize("reason", REJECTED)
def test_a_response_that_is_no_page_is_counted_by_its_reason(tmp_path, reason):
    data = member(record(REJECTED[reason])) + member(page(1))
    pages, last = read(tmp_path, data, max_html_bytes=4000)
    assert numbers(pages) == [1]
    assert last["rejected"] == [(reason, 1)]
    assert last["outcome"] == "complete"


@pytest.mark.parametrize("case", NOT_HTML)
def test_what_is_not_html_is_known_by_header_or_bytes(tmp_path, case):
    _, last = read(tmp_path, member(record(NOT_HTML[case])))
    assert last["rejected"] == [("not_html", 1)]


def chunked(body, size=10):
    pieces = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def deflated(body, bits):
    deflater = zlib.compressobj(wbits=bits)
    return deflater.compress(body) + deflater.flush()


BODY = MATH % 1
TYPE = b"Content-Type: text/html; charset=utf-8"
CODED = {
    "chunked": http(chunked(BODY), headers=[TYPE, b"Transfer-Encoding: chunked"]),
    "chunked lie": http(BODY, headers=[TYPE, b"transfer-encoding: Chunked"]),
    "gzip": http(gzip.compress(BODY), headers=[TYPE, b"Content-Encoding: gzip"]),
    "gzip lie": http(BODY, headers=[TYPE, b"Content-Encoding: gzip"]),
    "zlib": http(deflated(BODY, 15), headers=[TYPE, b"Content-Encoding: deflate"]),
    "deflate": http(deflated(BODY, -15), headers=[TYPE, b"Content-Encoding: deflate"]),
    "deflate lie": http(BODY, headers=[TYPE, b"Content-Encoding: deflate"]),
    "brotli lie": http(BODY, headers=[TYPE, b"Content-Encoding: br"]),
    "zstd": http(
        pa.Codec("zstd").compress(BODY, asbytes=True), headers=[TYPE, b"Content-Encoding: zstd"]
    ),
    "brotli": http(
        pa.Codec("brotli").compress(BODY, asbytes=True), headers=[TYPE, b"Content-Encoding: br"]
    ),
    "chunked gzip": http(
        chunked(gzip.compress(BODY)),
        headers=[TYPE, b"Transfer-Encoding: chunked", b"Content-Encoding: gzip"],
    ),
    "unknown coding": http(BODY, headers=[TYPE, b"Content-Encoding: rot13"]),
    "status not readable": http(BODY, status=b"HTTQ 2OO okay"),
    "headers without end": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX: " + BODY,
    "line feeds alone": b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n" + BODY,
    "NUL in headers": http(BODY, headers=[b"Ser\x00ver\xff: x", TYPE]),
    "no type": http(BODY, headers=[b"Server: x"]),
    "xhtml": http(BODY, headers=[b"Content-Type: application/xhtml+xml"]),
    "xml": http(BODY, headers=[b"Content-Type: text/xml"]),
}


@pytest.mark.parametrize("case", CODED)
def test_the_page_is_found_behind_codings_and_lies(tmp_path, case):
    [row], last = read(tmp_path, member(record(CODED[case])))
    assert row["html"] == BODY
    assert last["outcome"] == "complete"


def test_a_cut_gzip_body_gives_what_came_before_the_cut(tmp_path):
    body = b"<html><p>\\(x\\)" + random.Random(1).randbytes(9000).hex().encode()
    coded = gzip.compress(body)[:-2000]
    [row], _ = read(
        tmp_path, member(record(http(coded, headers=[TYPE, b"Content-Encoding: gzip"])))
    )
    assert 1000 < row["html_bytes"] < len(body)
    assert body.startswith(row["html"])


def test_a_bomb_is_too_large_and_costs_no_memory(tmp_path):
    bomb = gzip.compress(b"<html>\\(" + b" " * (50 << 20))
    data = member(record(http(bomb, headers=[TYPE, b"Content-Encoding: gzip"]))) + member(page(1))
    pages, last = read(tmp_path, data)
    assert numbers(pages) == [1]
    assert last["rejected"] == [("too_large", 1)]


GIGABYTE = """
import json, resource, sys
import pyarrow as pa
from udfs.warc import read_crawl

def read(name):
    rows = [{"file_id": "f", "path": f"{sys.argv[1]}/{name}", "crawl": None, "attempt": 1}]
    batch = pa.RecordBatch.from_pylist(rows)
    pages = []
    for part in read_crawl([batch], markers=["("], max_html_bytes=8 << 20):
        for row in part.to_pylist():
            if row["page"]:
                pages.append(row["page"]["url"])
            else:
                last = row["read"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"pages": pages, "rejected": dict(last["rejected"]), "peak": peak}

print(json.dumps([read("plain.warc.gz"), read("record.warc.gz"), read("body.warc.gz")]))
"""


def test_a_gigabyte_in_a_record_or_a_body_costs_itself_and_no_memory(tmp_path):
    size = 1 << 30

    def deflated(head, piece):
        squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
        yield squeeze.compress(head)
        for _ in range(size // len(piece)):
            yield squeeze.compress(piece)
        yield squeeze.flush()

    bomb = b"".join(deflated(b"<html>(", b" " * (1 << 22)))
    body = record(http(bomb, headers=[TYPE, b"Content-Encoding: gzip"]))
    head = record(http(b"<html>("), length=size + 1000)[:-4]
    (tmp_path / "plain.warc.gz").write_bytes(member(page(1)))
    with (tmp_path / "record.warc.gz").open("wb") as stream:
        stream.writelines([member(page(1)), *deflated(head, b"x" * (1 << 22)), member(page(2))])
    (tmp_path / "body.warc.gz").write_bytes(member(page(1)) + member(body) + member(page(2)))
    said = subprocess.run(
        [sys.executable, "-c", GIGABYTE, str(tmp_path)], capture_output=True, check=True
    ).stdout
    plain, long, coded = json.loads(said)
    for found in (long, coded):
        assert [url[-1] for url in found["pages"]] == ["1", "2"]
        assert found["rejected"] == {"too_large": 1}
        assert found["peak"] - plain["peak"] < 120_000  # KiB


@pytest.mark.parametrize("size", [2 << 20, 17 << 20])
def test_a_record_longer_than_is_kept_does_not_hide_the_next(tmp_path, size):
    long = record(http(b"<html>\\(x\\)" + b"y" * size))
    for name, data in (
        ("a.warc.gz", member(long) + member(page(1))),
        ("b.warc.gz", member(long + page(1))),
        ("c.warc", long + page(1)),
    ):
        pages, last = read(tmp_path, data, name=name, max_html_bytes=1 << 20)
        assert numbers(pages) == [1]
        assert last["rejected"] == [("too_large", 1)]
        assert last["outcome"] == "complete"


@pytest.mark.parametrize("length", [0, 10, 100, 400, 5000, 10**9, 10**15])
def test_a_content_length_that_lies_costs_no_other_record(tmp_path, length):
    parts = [page(0), page(1, length=length), page(2)]
    for name, data in (("x.warc.gz", b"".join(map(member, parts))), ("x.warc", b"".join(parts))):
        pages, _ = read(tmp_path, data, name=name)
        assert numbers(pages) == [0, 1, 2]
        assert pages[1]["html"] == MATH % 1


def flip(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x55]) + data[middle + 1 :]


DAMAGE = {
    "a flipped byte": flip,
    "zeros": lambda data: data[:60] + bytes(80) + data[140:],
    "a missing half": lambda data: data[: len(data) // 2],
    "junk for a record": lambda data: b"junk" * (len(data) // 4),
    "magic numbers": lambda data: data[:100] + b"\x1f\x8b\x08\x00" * 20 + data[180:],
}


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_broken_member_costs_itself_alone(tmp_path, name, place):
    parts = pages_file(5)
    parts[place] = DAMAGE[name](parts[place])
    pages, last = read(tmp_path, b"".join(parts))
    assert numbers(pages) == [number for number in range(5) if number != place]
    assert last["outcome"] == "damaged"
    assert last["records"] == 5
    begin = sum(map(len, parts[:place]))
    assert f"byte {begin}" in last["error"]


PROVED = {
    "wrong checksum": lambda data: data[:-8] + bytes(4) + data[-4:],
    "no magic number": lambda data: b"\x00\x00" + data[2:],
    "a lost first byte": lambda data: data[1:],
    "a length that is too great": lambda data: data[:-4] + b"\xff\xff\xff\x00",
    "a length that is a bomb's": lambda data: data[:-4] + b"\xff\xff\xff\xff",
    "a length of nothing": lambda data: data[:-4] + bytes(4),
}


@pytest.mark.parametrize("name", PROVED)
def test_a_record_whose_digest_holds_is_read_though_its_frame_is_broken(tmp_path, name):
    parts = pages_file(3)
    parts[1] = PROVED[name](parts[1])
    pages, last = read(tmp_path, b"".join(parts))
    assert numbers(pages) == [0, 1, 2]
    assert last["outcome"] == "damaged"
    assert last["rejected"] == []


@pytest.mark.parametrize("cut", [20, 60, 90, 150, 300])
def test_a_cut_anywhere_in_a_record_is_counted(tmp_path, cut):
    parts = pages_file(3)
    pages, last = read(tmp_path, b"".join(parts[:2]) + parts[2][:cut])
    assert numbers(pages) == [0, 1]
    assert (last["records"], last["rejected"]) == (3, [("truncated_file", 1)])


def test_a_magic_number_inside_a_member_does_not_end_it(tmp_path):
    # Stored, not compressed, so that the bytes of a member's start stand in the member.
    squeeze = zlib.compressobj(0, zlib.DEFLATED, 31)
    noise = b"<p>words </p>" * 500 + b"\x1f\x8b\x08\x00" * 50
    stored = squeeze.compress(record(http(MATH % 1 + noise), number=1)) + squeeze.flush()
    pages, last = read(tmp_path, member(page(0)) + stored + member(page(2)))
    assert numbers(pages) == [0, 1, 2]
    assert last["outcome"] == "complete"
    assert pages[1]["html"] == MATH % 1 + noise


def test_a_digest_is_taken_from_the_record_or_computed(tmp_path):
    html = MATH % 1
    sha1 = hashlib.sha1(html)
    base32 = base64.b32encode(sha1.digest()).decode()
    named = record(http(html), body=html)
    others = [
        named.replace(digest(html), b"SHA1:" + base32.lower().encode()),
        named.replace(digest(html), b"sha1:" + sha1.hexdigest().encode()),
        named.replace(digest(html), b"md5:" + b"0" * 32),
        named.replace(b"WARC-Payload-Digest: " + digest(html) + b"\r\n", b""),
    ]
    pages, _ = read(tmp_path, b"".join(map(member, [named, *others])))
    assert [page["payload_digest"] for page in pages] == [base32] * 5


def test_a_cut_file_is_damaged_and_keeps_what_came_before(tmp_path):
    data = b"".join(pages_file(4))
    pages, last = read(tmp_path, data[:-40])
    assert numbers(pages) == [0, 1, 2]
    assert (last["outcome"], last["rejected"]) == ("damaged", [("truncated_file", 1)])
    plain = b"".join(page(number) for number in range(4))
    pages, last = read(tmp_path, plain[:-40], name="x.warc")
    assert numbers(pages) == [0, 1, 2]
    assert (last["outcome"], last["rejected"]) == ("damaged", [("truncated_file", 1)])


@pytest.mark.parametrize("size", [1000, 4 << 20, 9 << 20, 16 << 20])
def test_a_member_ends_where_the_next_begins_whatever_its_size(size):
    parts = [member(record(http(b"y" * (size + extra)))) for extra in range(0, 900, 300)]
    found = list(records.read_records(io.BytesIO(b"".join(parts)), max_bytes=10 << 20))
    assert [one.length for one in found] == [len(part) for part in parts]
    assert [one.damage for one in found] == [None] * 3


def test_padding_behind_the_last_member_is_no_damage(tmp_path):
    data = b"".join(pages_file(2)) + bytes(5000)
    pages, last = read(tmp_path, data)
    assert numbers(pages) == [0, 1]
    assert last["outcome"] == "complete"


def test_an_empty_file_is_damaged(tmp_path):
    pages, last = read(tmp_path, b"")
    assert (pages, last["outcome"], last["records"]) == ([], "damaged", 0)


def test_a_missing_file_is_failed_and_named(tmp_path):
    pages, last = read(tmp_path, None)
    assert (pages, last["outcome"], last["records"]) == ([], "failed", 0)
    assert "x.warc.gz" in last["error"]


def test_a_batch_is_bounded_and_order_is_kept(tmp_path):
    filler = b"z" * (1 << 20)
    parts = [member(record(http(MATH % i + filler), number=i)) for i in range(20)]
    path = tmp_path / "x.warc.gz"
    path.write_bytes(b"".join(parts))
    rows = [{"file_id": "f", "path": str(path), "crawl": None, "attempt": 1}]
    batch = pa.RecordBatch.from_pylist(rows, schema=INPUT)
    found = list(read_crawl([batch], markers=MARKERS, max_html_bytes=4 << 20))
    assert all(part.nbytes < 10 << 20 for part in found)
    urls = [row["page"]["url"] for part in found[:-1] for row in part.to_pylist()]
    assert [int(url.rpartition("/")[2]) for url in urls] == list(range(20))


def test_the_result_does_not_depend_on_how_files_are_batched(tmp_path):
    rows = []
    for number in range(4):
        path = tmp_path / f"{number}.warc.gz"
        path.write_bytes(b"".join(pages_file(number + 1)))
        rows.append({"file_id": str(number), "path": str(path), "crawl": None, "attempt": 2})

    def result(batches):
        found = list(read_crawl(batches, markers=MARKERS, max_html_bytes=9999))
        kept = [row for part in found for row in part.to_pylist()]
        for row in kept:
            if row["read"]:
                del row["read"]["read_at"], row["read"]["read_seconds"]
        return kept

    whole = pa.RecordBatch.from_pylist(rows, schema=INPUT)
    assert result([whole]) == result([whole.slice(i, 1) for i in range(4)])


def listed(data, **patches):
    """Return what the reader makes of a file, with parts of it put out of use."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in patches.items():
            patch.setattr(records, name, value)
        found = list(records.read_records(io.BytesIO(data), max_bytes=100_000))
    return [(r.offset, r.length, r.head, r.block, r.reason, r.is_cut) for r in found]


def test_all_inflaters_give_the_same_records():
    parts = pages_file(40)
    parts[3] = flip(parts[3])
    parts[9] = PROVED["wrong checksum"](parts[9])
    data = b"".join(parts)[:-30]
    piecewise = listed(data, _inflate_whole=lambda *_: None)
    assert listed(data) == piecewise
    assert listed(data, _inflate_whole=lambda *_: None, _inflater=zlib) == piecewise


SEED = b"".join(pages_file(3))


@st.composite
def broken_files(draw):
    data = bytearray(draw(st.sampled_from([SEED, b"".join(page(i) for i in range(3))])))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(data)))
        data[place : place + draw(st.integers(0, 60))] = draw(st.binary(max_size=60))
    return bytes(data)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(broken_files())
def test_members_inflated_whole_are_those_inflated_piece_by_piece(data):
    assert listed(data) == listed(data, _inflate_whole=lambda *_: None)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.one_of(st.binary(max_size=400), broken_files()))
@example(b"WARC/1.0\r\n\r\n")
@example(b"\x1f\x8b\x08\x00")
@example(member(b"") * 3)
def test_any_bytes_give_a_row_of_what_was_read(tmp_path_factory, data):
    _, last = read(tmp_path_factory.mktemp("warc"), data)
    assert last["outcome"] in {"complete", "damaged"}
    assert last["read_bytes"] == len(data)


def test_the_crawl_is_read_from_the_folders_of_a_path():
    inside = "crawl-data/CC-MAIN-2026-40/segments/1/warc/CC-MAIN-20261001000000-00000.warc.gz"
    assert crawl_of(inside) == "CC-MAIN-2026-40"
    assert crawl_of(f"s3://commoncrawl/{inside}") == "CC-MAIN-2026-40"
    assert crawl_of("CC-MAIN-20261001000000-20261001030000-00000.warc.gz") is None


def test_a_length_of_nothing_is_refused():
    with pytest.raises(ValueError, match="max_html_bytes"):
        list(read_crawl([], markers=MARKERS, max_html_bytes=0))
