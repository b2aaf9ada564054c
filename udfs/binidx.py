"""Megatron's .bin/.idx pairs: written token by token without torch or Megatron, read and checked.

Layout, little-endian (Megatron-Core 0.16, `core/datasets/indexed_dataset.py`): `.bin` is the
tokens, back to back. `.idx` is nine bytes of magic, the version (u64), a code for the dtype (u8),
the number of sequences (u64), the number of documents plus one (u64), the length of each sequence
in tokens (i32), its byte offset in `.bin` (i64), and the sequence at which each document begins,
closed by the number of sequences (i64). A document is one sequence here.
"""

from __future__ import annotations

import array
import hashlib
import os
import shutil
import struct
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np
from pyarrow import fs

from udfs import storage

if TYPE_CHECKING:
    from types import TracebackType

_MAGIC = b"MMIDIDX\x00\x00"
_HEADER = struct.Struct("<9sQBQQ")
_VERSION = 1
_CODES = {"uint16": 8, "int32": 4}
# Codes of the `array` module; both have the sizes we need on every platform CPython runs on.
_ARRAY_CODES = {"uint16": "H", "int32": "i"}
_LONGEST = 2**31 - 1
_PART = ".part"


def dtype_for(vocab_size: int) -> str:
    """Return the dtype that Megatron takes for a vocabulary: uint16 below 65,500, else int32."""
    return "uint16" if vocab_size < 65500 else "int32"


@dataclass(frozen=True)
class Pair:
    """A pair that was published: its path without extension, sizes and SHA-256 sums (hex)."""

    path: str
    documents: int
    tokens: int
    bin_bytes: int
    idx_bytes: int
    sha256: str
    idx_sha256: str


class PairWriter:
    """Writes one pair; nothing is visible under its name before `publish`.

    Tokens go to a temporary file as they come; only the length of each document stays in memory
    (4 bytes). In a local folder the temporary files stand beside their target and are renamed;
    for an object store they stand in the machine's temporary folder and are uploaded. Leaving the
    `with` block without `publish` removes them. A killed process leaves them: see `sweep`.

    Args:
        directory: folder or URL; made when it is not there.
        name: file name without extension.
        dtype: `uint16` or `int32`.

    Raises:
        OSError: no space, no permission; the message names the pair.
    """

    def __init__(self, directory: str, name: str, dtype: str) -> None:
        self.path = f"{storage.plain_path(directory)}/{name}"
        self._name = name
        self._dtype = dtype
        self._filesystem, self._inner = storage.locate(directory)
        self._is_local = isinstance(self._filesystem, fs.LocalFileSystem)
        self._lengths = array.array("i")
        self._bytes = 0
        self._sha256 = hashlib.sha256()
        try:
            if self._is_local:
                self._staging = Path(self._inner)
                self._staging.mkdir(parents=True, exist_ok=True)
            else:
                self._staging = Path(tempfile.mkdtemp(prefix="shards-"))
            # Two attempts at one shard (speculative execution) must not write to one file.
            attempt = uuid.uuid4().hex[:12]
            self._bin_part = self._staging / f".{name}.{attempt}.bin{_PART}"
            self._idx_part = self._staging / f".{name}.{attempt}.idx{_PART}"
            self._file: BinaryIO = self._bin_part.open("wb", buffering=2**20)
        except OSError as error:
            raise self._failure(error) from error

    def add(self, ids: list[int], document: str) -> None:
        """Append one document.

        Args:
            ids: its tokens, the end-of-document token included; at least one.
            document: its key, for the error.

        Raises:
            ValueError: a token that the dtype cannot hold, or more than 2^31 - 1 tokens. Megatron's
                own builder lets such a token wrap around (70000 becomes 4464).
        """
        if len(ids) > _LONGEST:
            raise ValueError(f"{self.path}: document {document} has {len(ids)} tokens, over 2^31-1")
        try:
            tokens = array.array(_ARRAY_CODES[self._dtype], ids)
        except OverflowError as error:
            raise ValueError(
                f"{self.path}: document {document} holds a token that {self._dtype} cannot;"
                f" its tokenizer has ids beyond its vocabulary size"
            ) from error
        if sys.byteorder == "big":
            tokens.byteswap()
        data = tokens.tobytes()
        try:
            self._file.write(data)
        except OSError as error:
            raise self._failure(error) from error
        self._sha256.update(data)
        self._bytes += len(data)
        self._lengths.append(len(ids))

    def publish(self) -> Pair:
        """Make the pair visible: `.bin` first, `.idx` last, each whole and on disk.

        Where a pair of another content stands under the name, its `.idx` goes first, so that
        no reader ever sees the index of one pair beside the tokens of another.

        Raises:
            OSError: no space, no permission; the message names the pair.
            ValueError: no document was added; Megatron cannot open an empty pair.
        """
        if not self._lengths:
            raise ValueError(f"{self.path}: a shard without documents cannot be opened")
        try:
            _close(self._file)
            index = self._index()
            with self._idx_part.open("wb") as file:
                file.write(index)
                _close(file)
            pair = Pair(
                path=self.path,
                documents=len(self._lengths),
                tokens=self._bytes // np.dtype(self._dtype).itemsize,
                bin_bytes=self._bytes,
                idx_bytes=len(index),
                sha256=self._sha256.hexdigest(),
                idx_sha256=hashlib.sha256(index).hexdigest(),
            )
            self._expose(pair)
        except OSError as error:
            raise self._failure(error) from error
        return pair

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close and remove what was not published."""
        self._file.close()
        self._bin_part.unlink(missing_ok=True)
        self._idx_part.unlink(missing_ok=True)
        if not self._is_local:
            shutil.rmtree(self._staging, ignore_errors=True)

    def _index(self) -> bytes:
        lengths = np.frombuffer(self._lengths, dtype=np.int32)
        offsets: np.ndarray[Any, Any] = np.zeros(len(lengths), dtype="<i8")
        np.cumsum(lengths[:-1].astype(np.int64) * np.dtype(self._dtype).itemsize, out=offsets[1:])
        header = _HEADER.pack(_MAGIC, _VERSION, _CODES[self._dtype], len(lengths), len(lengths) + 1)
        documents: np.ndarray[Any, Any] = np.arange(len(lengths) + 1, dtype="<i8")
        return b"".join(
            (header, lengths.astype("<i4").tobytes(), offsets.tobytes(), documents.tobytes())
        )

    def _expose(self, pair: Pair) -> None:
        target = f"{self._inner}/{self._name}"
        if _holds(self._filesystem, target, pair):
            return
        if self._filesystem.get_file_info(f"{target}.idx").type != fs.FileType.NotFound:
            self._filesystem.delete_file(f"{target}.idx")
        if self._is_local:
            self._bin_part.replace(f"{target}.bin")
            self._idx_part.replace(f"{target}.idx")
            # The new names live in the folder, which has its own pages to flush.
            folder = os.open(self._inner, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        else:
            self._filesystem.create_dir(self._inner, recursive=True)
            storage.upload(self._bin_part, self._filesystem, f"{target}.bin")
            storage.upload(self._idx_part, self._filesystem, f"{target}.idx")

    def _failure(self, error: OSError) -> OSError:
        return type(error)(error.errno, f"{self.path}: cannot write the shard: {error}")


def sweep(directory: str) -> int:
    """Remove the temporary files that killed writers left in a local folder.

    Call it only while nobody writes there, as when a job starts. An object store has none: what
    was not uploaded whole was never visible.

    Returns:
        How many files were removed.
    """
    filesystem, inner = storage.locate(directory)
    if not isinstance(filesystem, fs.LocalFileSystem) or not Path(inner).is_dir():
        return 0
    left = [path for end in ("bin", "idx") for path in Path(inner).glob(f".*.{end}{_PART}")]
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


class PairReader:
    """Reads documents of a pair by their number, from any file system, without Megatron.

    Args:
        path: path or URL without extension.

    Attributes:
        dtype: `uint16` or `int32`.
        lengths: tokens of each document, (documents,), int32.
        offsets: byte offset of each document in `.bin`, (documents,), int64.

    Raises:
        ValueError: the index is not one that `PairWriter` writes, contradicts itself, or does not
            fit `.bin`; the message says where.
        OSError: a file of the pair is missing or cannot be read.
    """

    def __init__(self, path: str) -> None:
        self.path = storage.plain_path(path)
        index = storage.read_bytes(f"{self.path}.idx")
        if len(index) < _HEADER.size:
            raise ValueError(f"{self.path}.idx: {len(index)} bytes, cut off within the header")
        magic, version, code, sequences, documents = _HEADER.unpack_from(index)
        dtypes = {number: name for name, number in _CODES.items()}
        if magic != _MAGIC or version != _VERSION or code not in dtypes:
            raise ValueError(
                f"{self.path}.idx: not a Megatron index of version 1 that holds tokens"
            )
        expected = _HEADER.size + 12 * sequences + 8 * documents
        if len(index) != expected or documents != sequences + 1:
            raise ValueError(
                f"{self.path}.idx: {len(index)} bytes for {sequences} sequences, not {expected}"
            )
        self.dtype = dtypes[code]
        start = _HEADER.size
        self.lengths = np.frombuffer(index, "<i4", sequences, start)
        self.offsets = np.frombuffer(index, "<i8", sequences, start + 4 * sequences)
        borders = np.frombuffer(index, "<i8", documents, start + 12 * sequences)
        self._itemsize = np.dtype(self.dtype).itemsize
        sizes = self.lengths.astype(np.int64) * self._itemsize
        if (self.lengths < 1).any() or (np.cumsum(sizes) - sizes != self.offsets).any():
            raise ValueError(f"{self.path}.idx: lengths and offsets contradict each other")
        if (borders != np.arange(documents)).any():
            raise ValueError(f"{self.path}.idx: a document is not one sequence")
        filesystem, inner = storage.locate(self.path)
        self._file: Any = filesystem.open_input_file(f"{inner}.bin")
        size = self._file.size()
        if size != int(sizes.sum()):
            raise ValueError(f"{self.path}.bin: {size} bytes, but the index says {sizes.sum()}")

    def __len__(self) -> int:
        """Return how many documents there are."""
        return len(self.lengths)

    def __getitem__(self, number: int) -> np.ndarray[Any, Any]:
        """Return the tokens of one document, (tokens,), its dtype."""
        size = int(self.lengths[number]) * self._itemsize
        data = self._file.read_at(size, int(self.offsets[number]))
        return np.frombuffer(data, np.dtype(self.dtype).newbyteorder("<"))

    def sha256(self) -> tuple[str, str]:
        """Return the SHA-256 sums of `.bin` and `.idx`, hex; reads both."""
        filesystem, inner = storage.locate(self.path)
        return _sha256(filesystem, f"{inner}.bin"), _sha256(filesystem, f"{inner}.idx")

    def close(self) -> None:
        """Close `.bin`."""
        self._file.close()


def _close(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def _holds(filesystem: fs.FileSystem, target: str, pair: Pair) -> bool:
    """Tell whether the very same pair stands there: a repeated task then touches nothing."""
    infos = filesystem.get_file_info([f"{target}.bin", f"{target}.idx"])
    if [info.size for info in infos] != [pair.bin_bytes, pair.idx_bytes]:
        return False
    return (
        _sha256(filesystem, f"{target}.idx") == pair.idx_sha256
        and _sha256(filesystem, f"{target}.bin") == pair.sha256
    )


def _sha256(filesystem: fs.FileSystem, path: str) -> str:
    digest = hashlib.sha256()
    with filesystem.open_input_stream(path) as stream:
        while piece := stream.read(2**20):
            digest.update(piece)
    return digest.hexdigest()
