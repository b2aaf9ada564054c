"""Files on servers that are busy, cut connections, lie about ranges, or change their files."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.server import serving
from udfs.files import open_input, open_jumping, open_spans, requests_of
from udfs.files.access import Access
from udfs.files.remote import FileChangedError, OutOfRangeError, Remote, WebPlace
from udfs.files.spans import Span, joined

DATA = bytes(range(256)) * 4000
FAST = Access(wait_seconds=0.001, requests_per_second=1e6)


@pytest.fixture
def server():
    with serving() as running:
        running.contents["/a"] = DATA
        yield running


def remote(server, path="/a", **settings):
    access = Access(**{"wait_seconds": 0.001, "requests_per_second": 1e6} | settings)
    return Remote(server.url + path, WebPlace(server.url + path), access)


def test_a_range_is_one_request_for_these_bytes(server):
    assert remote(server).span(1000, 50) == DATA[1000:1050]
    assert server.asked == [("GET", "/a", "bytes=1000-1049")]


def test_a_range_that_ends_behind_the_file_is_shorter(server):
    assert remote(server).span(len(DATA) - 5, 100) == DATA[-5:]


def test_a_range_behind_the_file_is_named(server):
    with pytest.raises(OutOfRangeError, match=r"/a: HTTP 416 .*behind the end"):
        remote(server).span(len(DATA) + 5, 100)


@pytest.mark.parametrize("fault", [429, 500, 503, "cut", "wrong range", "no range"])
def test_a_range_outlives_a_fault(server, fault):
    server.faults["/a"] = [fault, fault]
    assert remote(server).span(70_000, 200_000) == DATA[70_000:270_000]


def test_a_server_that_always_sends_another_range_is_named(server):
    server.faults["/a"] = ["wrong range"] * 9
    with pytest.raises(OSError, match=r"/a: the server sent another range .*asked 3 times"):
        remote(server, tries=3).span(10, 10)


def test_a_server_that_hangs_is_asked_again(server):
    server.faults["/a"] = ["slow"]
    assert remote(server, timeout_seconds=0.2).span(0, 100_000) == DATA[:100_000]
    # The byte that came is kept.
    assert server.asked[1][2] == "bytes=1-99999"


def test_a_file_that_changes_between_ranges_is_an_error(server):
    file = remote(server)
    file.span(0, 10)
    server.faults["/a"] = ["changed"]
    with pytest.raises(FileChangedError, match="/a: the file changed while it was read"):
        file.span(10, 10)


def test_a_file_that_changes_behind_a_cut_is_an_error(server):
    server.faults["/a"] = ["cut", "changed"]
    with open_input(f"{server.url}/a", access=FAST) as stream, pytest.raises(FileChangedError):
        stream.read()


def test_retry_after_is_waited_for_by_all_who_share_the_budget(server):
    server.contents["/b"] = DATA
    server.faults["/a"] = ["busy"]
    one, other = remote(server), remote(server, "/b")
    assert one.span(0, 10) == DATA[:10]
    assert other.span(0, 10) == DATA[:10]
    assert server.began[1] - server.began[0] >= 1


def test_requests_are_counted(server):
    server.faults["/a"] = [503, "cut"]
    with open_input(f"{server.url}/a", access=FAST) as stream:
        stream.read()
        assert requests_of(stream) == len(server.asked) == 3


def test_connections_are_used_again(server):
    file = remote(server)
    ports = set()
    handle = server.finish_request

    def noted(request, address):
        ports.add(address[1])
        handle(request, address)

    server.finish_request = noted
    for place in range(0, 8000, 1000):
        assert file.span(place, 700) == DATA[place : place + 700]
    assert len(ports) == 1


def test_a_reader_that_jumps_sends_a_request_a_read(server):
    with open_jumping(f"{server.url}/a", access=FAST) as stream:
        assert stream.seek(0, io.SEEK_END) == len(DATA)
        stream.seek(-8, io.SEEK_END)
        assert stream.read(8) == DATA[-8:]
        stream.seek(100)
        assert stream.read(5) == DATA[100:105]
    assert [asked[2] for asked in server.asked] == [
        "bytes=0-0",
        f"bytes={len(DATA) - 8}-{len(DATA) - 1}",
        "bytes=100-104",
    ]


def spans_of(path, spans, **settings):
    opened = open_spans(path, spans, **settings)
    found = [(span, stream.read(10**9)) for span, stream in opened]
    total = opened.total
    opened.close()
    return found, total


def test_neighbours_come_by_one_request(server):
    spans = [Span(500, 100), Span(700_000, 50), Span(600, 10), Span(100_000, 10)]
    found, total = spans_of(f"{server.url}/a", spans, access=FAST)
    assert found == [(s, DATA[s.offset : s.end]) for s in sorted(spans)]
    assert sorted(asked[2] for asked in server.asked) == ["bytes=500-100009", "bytes=700000-700049"]
    assert total == 100_010 - 500 + 50


def test_ranges_outlive_faults_and_keep_their_order(server):
    spans = [Span(place, 9) for place in range(0, len(DATA), 300_000)]
    server.faults["/a"] = [503, "cut", "wrong range", 500]
    found, _ = spans_of(f"{server.url}/a", spans, access=FAST)
    assert found == [(s, DATA[s.offset : s.end]) for s in spans]


def test_a_long_range_is_a_stream_and_is_not_held(server):
    spans = [Span(10, 20), Span(500_000, 400_000), Span(990_000, 5)]
    found, _ = spans_of(f"{server.url}/a", spans, access=FAST, most_bytes=1000)
    assert found == [(s, DATA[s.offset : s.end]) for s in spans]


def test_ranges_of_a_local_file_are_the_same(server, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(DATA)
    spans = [Span(5, 5), Span(8, 900_000), Span(len(DATA) - 3, 100), Span(len(DATA) + 9, 1)]
    for most in (100, 10**7):
        here, _ = spans_of(str(path), spans, most_bytes=most)
        there, _ = spans_of(f"{server.url}/a", spans, access=FAST, most_bytes=most)
        assert here == there
        assert here[-1][1] == b""


@given(
    st.lists(st.builds(Span, st.integers(0, 3_000_000), st.integers(1, 400_000)), max_size=30),
    st.integers(1, 1_000_000),
)
def test_joined_ranges_are_all_ranges_in_order_and_bounded(spans, most):
    groups = joined(spans, most)
    assert [span for group in groups for span in group] == sorted(set(spans))
    for group in groups:
        reach = max(span.end for span in group) - group[0].offset
        assert len(group) == 1 or reach <= most
