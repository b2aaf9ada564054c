"""A real S3 on this machine (moto's server): with keys and without, ranges, lists, faults."""

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from tests.server import serving
from udfs import files
from udfs.files import list_files, open_input, open_jumping, open_spans, s3
from udfs.files.access import Access
from udfs.files.s3 import S3Object
from udfs.files.spans import Span

DATA = bytes(range(256)) * 4000
NAME = "crawl-data/CC-MAIN-2026-40/a b+c=ü.warc.gz"


@pytest.fixture(scope="module")
def address():
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket="crawl")
    client.put_object(Bucket="crawl", Key=NAME, Body=DATA, ACL="public-read")
    client.put_object(Bucket="crawl", Key="closed", Body=DATA)
    client.put_object(
        Bucket="crawl", Key="warc.paths", Body=f"{NAME}\n".encode(), ACL="public-read"
    )
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def no_keys(monkeypatch, tmp_path):
    for name in (*s3._KEY_VARIABLES, "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    s3._keys.cache_clear()
    files._s3.cache_clear()
    yield
    s3._keys.cache_clear()
    files._s3.cache_clear()


@pytest.fixture(params=["anonymous", "keys", "variables"])
def access(request, address, monkeypatch):
    if request.param == "variables":
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        return Access(wait_seconds=0.001)
    if request.param == "keys":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return Access(
        wait_seconds=0.001, s3_endpoint=address, s3_anonymous=request.param == "anonymous"
    )


def test_an_object_is_read_whole_and_by_ranges(access):
    path = f"s3://crawl/{NAME}"
    with open_input(path, access=access) as stream:
        assert stream.read() == DATA
        stream.seek(-4, 2)
        assert stream.read() == DATA[-4:]
    with open_jumping(path, access=access) as stream:
        stream.seek(77)
        assert stream.read(9) == DATA[77:86]
    opened = open_spans(path, [Span(3, 4), Span(900_000, 50)], access=access)
    assert [stream.read(99) for _, stream in opened] == [DATA[3:7], DATA[900_000:900_050]]
    assert opened.requests == 2


def test_globs_and_lists_of_a_bucket_are_listed(access):
    path = f"s3://crawl/{NAME}"
    assert [entry.path for entry in list_files(["s3://crawl/**/*.gz"], access=access)] == [path]
    found = list_files(["s3://crawl/warc.paths"], prefix="s3://crawl/", access=access)
    assert [entry.path for entry in found] == [path]


def test_what_is_not_there_is_named(access):
    with pytest.raises(FileNotFoundError, match=r"s3://crawl/none: HTTP 404 .*NoSuchKey"):
        open_input("s3://crawl/none", access=access)


def test_what_is_closed_opens_with_keys_alone(address, monkeypatch):
    with pytest.raises(PermissionError, match="s3://crawl/closed: HTTP 403"):
        open_input("s3://crawl/closed", access=Access(s3_endpoint=address))
    s3._keys.cache_clear()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with open_input("s3://crawl/closed", access=Access(s3_endpoint=address)) as stream:
        assert stream.read() == DATA


def test_a_signature_covers_the_range_and_names_the_key(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    headers = S3Object("s3://crawl/a", Access()).sign({"Range": "bytes=0-1"})
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=test/")
    assert "range" in headers["Authorization"]


def test_keys_that_are_asked_for_and_not_found_are_an_error():
    with pytest.raises(PermissionError, match="s3://crawl/a: no AWS keys are found"):
        open_input("s3://crawl/a", access=Access(s3_anonymous=False, s3_endpoint="http://x"))


@pytest.mark.parametrize(
    ("path", "region", "url"),
    [
        ("s3://commoncrawl/a/b c", None, "https://commoncrawl.s3.us-east-1.amazonaws.com/a/b%20c"),
        ("s3a://with.dot/a", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/with.dot/a"),
        ("s3n://cnb/a", "cn-north-1", "https://cnb.s3.cn-north-1.amazonaws.com.cn/a"),
    ],
)
def test_objects_stand_where_amazon_says(path, region, url):
    assert S3Object(path, Access(s3_region=region)).url == url


def test_another_region_is_learnt():
    place = S3Object("s3://bucket/a", Access())
    assert place.learn(301, {"x-amz-bucket-region": "eu-central-1"})
    assert place.url == "https://bucket.s3.eu-central-1.amazonaws.com/a"
    assert not place.learn(301, {"x-amz-bucket-region": "eu-central-1"})


def test_a_bucket_that_says_slow_down_is_asked_again():
    with serving() as server:
        server.contents["/crawl/a"] = DATA
        server.faults["/crawl/a"] = ["busy", 503, "cut", "wrong range"]
        access = Access(wait_seconds=0.001, s3_endpoint=server.url)
        with open_input("s3://crawl/a", access=access) as stream:
            assert stream.read() == DATA


def test_a_bucket_that_refuses_the_anonymous_is_asked_with_keys(monkeypatch, tmp_path):
    # Keys that only botocore knows of: a file that the configuration names.
    config = tmp_path / "config"
    config.write_text("[default]\naws_access_key_id = test\naws_secret_access_key = test\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    with serving() as server:
        server.contents["/crawl/a"] = DATA
        server.faults["/crawl/a"] = [403]
        access = Access(wait_seconds=0.001, s3_endpoint=server.url)
        assert not s3.signs(access)
        with open_input("s3://crawl/a", access=access) as stream:
            assert stream.read() == DATA
