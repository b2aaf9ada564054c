import filecmp
import os
import signal
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from megatron.core.datasets.indexed_dataset import DType, IndexedDataset, IndexedDatasetBuilder
from pyarrow import fs

from udfs import binidx, storage
from udfs.binidx import PairReader, PairWriter


def write(directory: Path, documents: list[list[int]], dtype: str, name: str = "web-train-00000"):
    with PairWriter(str(directory), name, dtype) as writer:
        for number, ids in enumerate(documents):
            writer.add(ids, f"d{number}")
        return writer.publish()


def by_megatron(prefix: Path, documents: list[list[int]], dtype: str) -> None:
    builder = IndexedDatasetBuilder(f"{prefix}.bin", dtype=np.dtype(dtype).type)
    for ids in documents:
        builder.add_document(torch.tensor(ids, dtype=torch.int64), [len(ids)])
    builder.finalize(f"{prefix}.idx")


@pytest.mark.parametrize("size", [257, 4096, 32000, 65499, 65500, 65536, 102400, 128256])
def test_dtype_is_megatrons_choice(size):
    assert binidx.dtype_for(size) == np.dtype(DType.optimal_dtype(size)).name


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    st.sampled_from([("uint16", 65499), ("int32", 128255)]).flatmap(
        lambda kind: st.tuples(
            st.just(kind[0]),
            st.lists(
                st.lists(st.integers(0, kind[1]), min_size=1, max_size=40), min_size=1, max_size=20
            ),
        )
    )
)
def test_files_equal_megatrons_own_byte_for_byte(tmp_path_factory, case):
    dtype, documents = case
    folder = tmp_path_factory.mktemp("pair")
    pair = write(folder, documents, dtype)
    by_megatron(folder / "megatron", documents, dtype)
    for end in ("bin", "idx"):
        assert filecmp.cmp(f"{pair.path}.{end}", folder / f"megatron.{end}", shallow=False)


def test_megatron_reads_what_was_written(tmp_path):
    documents = [[5, 6, 0], [0], [*range(1000), 0]]
    pair = write(tmp_path, documents, "uint16")
    dataset = IndexedDataset(pair.path)
    assert [dataset[i].tolist() for i in range(len(dataset))] == documents
    assert (pair.documents, pair.tokens) == (3, 1005)


def test_sums_and_sizes_are_those_of_the_files(tmp_path):
    pair = write(tmp_path, [[1, 2], [3]], "int32")
    reader = PairReader(pair.path)
    assert reader.sha256() == (pair.sha256, pair.idx_sha256)
    assert Path(f"{pair.path}.bin").stat().st_size == pair.bin_bytes == 12
    assert Path(f"{pair.path}.idx").stat().st_size == pair.idx_bytes


@pytest.mark.parametrize(("dtype", "token"), [("uint16", 65536), ("int32", 2**31), ("uint16", -1)])
def test_a_token_that_does_not_fit_names_the_document(tmp_path, dtype, token):
    with PairWriter(str(tmp_path), "p", dtype) as writer:
        writer.add([1], "d0")
        with pytest.raises(ValueError, match=f"document d1 holds a token that {dtype} cannot"):
            writer.add([token], "d1")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_visible_before_publication_nor_left_after_a_failure(tmp_path):
    writer = PairWriter(str(tmp_path), "p", "uint16")
    writer.add([1, 2], "d0")
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == []
    with pytest.raises(KeyboardInterrupt), writer:
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_pair_without_documents_is_refused(tmp_path):
    with (
        PairWriter(str(tmp_path), "p", "uint16") as writer,
        pytest.raises(ValueError, match="cannot be opened"),
    ):
        writer.publish()


def test_writing_the_same_again_touches_nothing(tmp_path):
    pair = write(tmp_path, [[1, 2]], "uint16")
    before = [path.stat().st_ino for path in sorted(tmp_path.iterdir())]
    assert write(tmp_path, [[1, 2]], "uint16") == pair
    assert [path.stat().st_ino for path in sorted(tmp_path.iterdir())] == before


def test_other_content_replaces_a_pair(tmp_path):
    write(tmp_path, [[1, 2]], "uint16")
    pair = write(tmp_path, [[1, 3]], "uint16")
    assert PairReader(pair.path).sha256() == (pair.sha256, pair.idx_sha256)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".bin", ".idx"]


# The child writes the name in a loop, its content changing, until it is killed.
KILLED = """
    import itertools, sys
    from udfs.binidx import PairWriter
    for turn in itertools.count(1):
        with PairWriter(sys.argv[1], "p", "uint16") as writer:
            for number in range(50):
                writer.add([turn % 60000] * (turn % 97 + 1), str(number))
            writer.publish()
        if turn == 3:
            print("going", flush=True)
"""


@pytest.mark.parametrize("delay", [0.0, 0.003, 0.011, 0.029, 0.05])
def test_a_kill_leaves_a_whole_pair_or_none(tmp_path, delay):
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout.readline() == b"going\n"
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(timeout=delay)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    if (tmp_path / "p.idx").exists():
        reader = PairReader(str(tmp_path / "p"))
        assert len({int(token) for number in range(len(reader)) for token in reader[number]}) == 1
    binidx.sweep(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} <= {"p.bin", "p.idx"}


def test_sweep_counts_what_it_removes_and_spares_pairs(tmp_path):
    write(tmp_path, [[1]], "uint16")
    (tmp_path / ".p.abc.bin.part").write_bytes(b"x")
    assert binidx.sweep(str(tmp_path)) == 1
    assert binidx.sweep(str(tmp_path / "missing")) == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_system_without_rename_gets_the_same_files(tmp_path, monkeypatch):
    # A subtree is no LocalFileSystem: the writer stages and uploads, as to an object store.
    store = fs.SubTreeFileSystem(str(tmp_path / "store"), fs.LocalFileSystem())
    monkeypatch.setattr(storage, "locate", lambda path: (store, path.split("://")[1]))
    with PairWriter("s3://bucket/shards", "p", "uint16") as writer:
        writer.add([1, 2, 3], "d0")
        pair = writer.publish()
    assert pair.path == "s3://bucket/shards/p"
    assert PairReader(pair.path)[0].tolist() == [1, 2, 3]
    folder = tmp_path / "store" / "bucket" / "shards"
    assert sorted(path.name for path in folder.iterdir()) == ["p.bin", "p.idx"]


def test_a_folder_that_cannot_be_made_names_the_shard(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"file/shards/p: cannot write the shard"):
        PairWriter(str(tmp_path / "file" / "shards"), "p", "uint16")


def test_a_full_disk_names_the_shard(tmp_path, monkeypatch):
    # /dev/full refuses every write, as a full disk does.
    writer = PairWriter(str(tmp_path), "p", "uint16")
    writer._file.close()
    writer._file = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115 - the writer closes it
    with writer, pytest.raises(OSError, match=r"p: cannot write the shard: .*No space left"):
        writer.add([1] * 10, "d0")
    assert list(tmp_path.iterdir()) == []


def damaged(index: bytes, at: int, value: bytes) -> bytes:
    return index[:at] + value + index[at + len(value) :]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda index: index[:20], "cut off within the header"),
        (lambda index: index[:-3], "bytes for 2 sequences"),
        (lambda index: damaged(index, 0, b"PK"), "not a Megatron index"),
        (lambda index: damaged(index, 17, b"\x05"), "not a Megatron index"),
        (lambda index: damaged(index, 18, struct.pack("<Q", 2**60)), "sequences, not"),
        (lambda index: damaged(index, 34, struct.pack("<i", 3)), "contradict each other"),
        (lambda index: damaged(index, 38, struct.pack("<i", 9)), "but the index says"),
        (lambda index: damaged(index, len(index) - 16, struct.pack("<q", 2)), "not one sequence"),
    ],
)
def test_an_index_that_lies_is_refused(tmp_path, change, message):
    pair = write(tmp_path, [[1, 2], [3]], "uint16")
    path = Path(f"{pair.path}.idx")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=message):
        PairReader(pair.path)


def test_a_cut_bin_is_refused(tmp_path):
    pair = write(tmp_path, [[1, 2], [3]], "uint16")
    path = Path(f"{pair.path}.bin")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"\.bin: 5 bytes, but the index says 6"):
        PairReader(pair.path)
