"""Listing and opening files: on disk, over HTTP with faults, and on an object store's protocol."""

import gzip
import re

import pytest

from tests.server import serving
from udfs import files
from udfs.files import FileEntry, base_name, list_files, open_input, s3
from udfs.files.access import Access

DATA = bytes(range(256)) * 4000


@pytest.fixture
def server():
    with serving() as running:
        yield running


@pytest.fixture
def bucket(server, monkeypatch, tmp_path):
    """The same server as an S3 endpoint that asks for no keys."""
    for name in s3._KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    s3._keys.cache_clear()
    files._s3.cache_clear()
    yield server
    s3._keys.cache_clear()
    files._s3.cache_clear()


def read(url, **settings):
    with open_input(url, access=Access(wait_seconds=0.001, **settings)) as stream:
        return stream.read()


def test_a_glob_lists_each_file_once_in_order_with_its_size(tmp_path):
    for name in ("b.warc.gz", "a.warc.gz", "c.txt"):
        (tmp_path / name).write_bytes(b"x" * len(name))
    found = list_files([str(tmp_path / "*.gz"), str(tmp_path / "a*")])
    assert found == [
        FileEntry(str(tmp_path / "a.warc.gz"), 9),
        FileEntry(str(tmp_path / "b.warc.gz"), 9),
    ]


def test_a_relative_path_is_listed_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.warc").write_bytes(b"1")
    assert list_files(["sub/a.warc"]) == list_files(["**/*.warc"])
    assert list_files(["sub/a.warc"]) == [FileEntry(str(tmp_path / "sub" / "a.warc"), 1)]


def test_a_name_with_brackets_that_exists_is_no_glob(tmp_path):
    path = tmp_path / "a[1].warc.gz"
    path.write_bytes(b"12")
    assert list_files([str(path)]) == [FileEntry(str(path), 2)]


def test_a_missing_file_is_listed_so_that_its_reading_tells(tmp_path):
    assert list_files([str(tmp_path / "no.gz")]) == [FileEntry(str(tmp_path / "no.gz"), None)]


def test_a_glob_without_match_is_named_with_a_remedy(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\*\.gz: no file matches; check"):
        list_files([str(tmp_path / "no*.gz")])


def test_a_folder_is_refused_with_a_remedy(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"name its files, e\.g\."):
        list_files([str(tmp_path)])


def test_a_list_of_paths_is_put_behind_the_prefix(tmp_path):
    text = b"crawl-data/b.warc.gz\n\n/abs/a.warc.gz\ns3://bucket/c.warc.gz\n"
    for name, data in (("x.paths", text), ("x.paths.gz", gzip.compress(text))):
        (tmp_path / name).write_bytes(data)
        found = list_files([str(tmp_path / name)], prefix="https://host.example/data")
        assert [entry.path for entry in found] == [
            "/abs/a.warc.gz",
            "https://host.example/data/crawl-data/b.warc.gz",
            "s3://bucket/c.warc.gz",
        ]


def test_a_broken_list_is_named(tmp_path):
    path = tmp_path / "x.paths.gz"
    path.write_bytes(gzip.compress(b"a\n" * 999)[:-9])
    with pytest.raises(OSError, match=r"x\.paths\.gz: the list of paths cannot be read"):
        list_files([str(path)])


def test_http_gives_the_bytes_and_seeks_by_ranges(server):
    server.contents["/a"] = DATA
    assert read(f"{server.url}/a") == DATA
    with open_input(f"{server.url}/a") as stream:
        stream.seek(-10, 2)
        assert stream.read() == DATA[-10:]


@pytest.mark.parametrize("fault", [429, 500, 503, "cut"])
def test_http_outlives_a_fault(server, fault):
    server.contents["/a"] = DATA
    server.faults["/a"] = [fault, fault]
    assert read(f"{server.url}/a") == DATA


def test_a_cut_download_goes_on_where_it_stopped(server):
    server.contents["/a"] = DATA
    server.faults["/a"] = ["cut", "cut"]
    assert read(f"{server.url}/a") == DATA
    starts = [int(wanted[6:-1]) for _, _, wanted in server.asked[1:]]
    assert len(starts) == 2
    assert 0 < starts[0] < starts[1] < len(DATA)


def test_a_server_without_ranges_is_read_again_to_the_place(server):
    server.contents["/a"] = DATA
    server.faults["/a"] = ["cut", "no range"]
    assert read(f"{server.url}/a") == DATA


def test_a_server_that_stays_busy_is_named_after_all_tries(server):
    server.contents["/a"] = DATA
    server.faults["/a"] = [503] * 9
    with pytest.raises(OSError, match=r"/a: HTTP 503 .*asked 3 times"):
        read(f"{server.url}/a", tries=3)
    assert len(server.asked) == 3


def test_a_connection_that_is_always_cut_is_named_with_its_place(server):
    server.contents["/a"] = DATA
    server.faults["/a"] = ["cut"] * 99
    with pytest.raises(OSError, match=r"/a: cut at byte \d+ of 1024000"):
        read(f"{server.url}/a", tries=2)


def test_what_http_refuses_is_not_asked_twice(server):
    server.contents["/a"] = DATA
    server.faults["/a"] = [403]
    with pytest.raises(OSError, match="HTTP 403"):
        read(f"{server.url}/a")
    with pytest.raises(FileNotFoundError, match="/b: HTTP 404"):
        read(f"{server.url}/b")
    assert len(server.asked) == 2


def test_a_glob_over_http_is_refused_with_a_remedy():
    with pytest.raises(FileNotFoundError, match=r"\.paths\.gz"):
        list_files(["https://host.example/*.warc.gz"])


def test_s3_lists_globs_and_opens_files(bucket):
    for name in ("x/1/a.warc.gz", "x/2/b.warc.gz", "x/2/b.txt"):
        bucket.contents[f"/data/{name}"] = DATA
    found = list_files(["s3://data/x/*/*.warc.gz"])
    assert found == [
        FileEntry("s3://data/x/1/a.warc.gz", len(DATA)),
        FileEntry("s3://data/x/2/b.warc.gz", len(DATA)),
    ]
    with open_input(found[0].path) as stream:
        assert stream.read() == DATA


def test_s3_that_cannot_be_read_is_named(bucket):
    bucket.contents["/data/a"] = DATA
    with pytest.raises(FileNotFoundError, match="s3://data/b: HTTP 404"):
        open_input("s3://data/b")
    bucket.faults["/data/a"] = [403] * 9
    with pytest.raises(PermissionError, match="s3://data/a: HTTP 403"):
        open_input("s3://data/a")
    with pytest.raises(FileNotFoundError, match=r"s3://data/z\*: no file matches"):
        list_files(["s3://data/z*"])


def test_a_plain_s3_path_is_listed_without_a_request(bucket):
    assert list_files(["s3a://data/a"]) == [FileEntry("s3://data/a", None)]
    assert bucket.asked == []


def test_an_unknown_scheme_is_named():
    with pytest.raises(OSError, match="gopher://host/a: cannot be opened"):
        open_input("gopher://host/a")


@pytest.mark.parametrize(
    ("pattern", "name", "is_match"),
    [
        ("b/*.gz", "b/a.gz", True),
        ("b/*.gz", "b/c/a.gz", False),
        ("b/**/*.gz", "b/c/d/a.gz", True),
        ("b/**/*.gz", "b/a.gz", True),
        ("b/?.gz", "b/a.gz", True),
        ("b/[!a].gz", "b/a.gz", False),
        ("b/[a-c].gz", "b/b.gz", True),
        ("b/a+b.gz", "b/aab.gz", False),
    ],
)
def test_globs_of_object_stores_mean_what_those_of_disks_mean(pattern, name, is_match):
    assert bool(re.fullmatch(files._glob_regex(pattern), name)) is is_match


def test_the_base_name_leaves_folders_and_queries_out():
    assert base_name("/a/b.warc.gz") == "b.warc.gz"
    assert base_name("https://host.example/a/b.gz?sig=x/y") == "b.gz"
    assert base_name("s3://bucket/a/b?c.gz") == "b?c.gz"
