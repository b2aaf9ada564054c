from pathlib import Path

import pytest
from pyarrow import fs

from udfs import storage


def test_dbfs_paths_are_those_of_the_mount():
    assert storage.plain_path("dbfs:/pile/shards/") == "/dbfs/pile/shards"
    assert storage.plain_path("dbfs:///pile") == "/dbfs/pile"
    assert storage.plain_path("s3://bucket/pile/") == "s3://bucket/pile"


def test_a_url_of_an_unknown_scheme_is_refused():
    with pytest.raises(ValueError, match=r"nothing://x/y: no file system for this URL"):
        storage.locate("nothing://x/y")


def test_relative_paths_count_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    storage.write_text("a/b.txt", "x = 1 é漢\n")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "x = 1 é漢\n".encode()
    assert storage.read_bytes("a/b.txt") == storage.read_bytes(f"file://{tmp_path}/a/b.txt")


def test_text_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "manifest.json"
    storage.write_text(str(path), "old")

    def fails(self, target):
        raise OSError("no rename")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fails)
        with pytest.raises(OSError, match="no rename"):
            storage.write_text(str(path), "new")
    assert [file.name for file in tmp_path.iterdir()] == ["manifest.json"]
    assert path.read_text() == "old"
    storage.write_text(str(path), "new")
    assert path.read_text() == "new"


def test_a_file_system_without_rename_gets_the_text(tmp_path, monkeypatch):
    (tmp_path / "bucket").mkdir()
    store = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    monkeypatch.setattr(storage, "locate", lambda path: (store, path.split("://")[1]))
    storage.write_text("s3://bucket/manifest.json", "{}")
    assert storage.read_bytes("s3://bucket/manifest.json") == b"{}"
    storage.upload(tmp_path / "bucket" / "manifest.json", store, "bucket/copy.json")
    assert (tmp_path / "bucket" / "copy.json").read_text() == "{}"


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        storage.read_bytes(str(tmp_path / "missing"))
