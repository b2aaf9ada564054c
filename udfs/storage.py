"""Where a path or URL lives: the file system behind it, for files that are read or put whole."""

from __future__ import annotations

import uuid
from pathlib import Path

from pyarrow import fs

# pyarrow writes and reads in pieces of this size, in bytes: large enough for object stores.
_CHUNK = 8 * 2**20


def plain_path(path: str) -> str:
    """Return `path` as local tools take it: `dbfs:/x` becomes `/dbfs/x`, Databricks' own mount.

    Other paths and URLs come back as they are, less a slash at the end.
    """
    if path.startswith("dbfs:"):
        path = "/dbfs/" + path.removeprefix("dbfs:").lstrip("/")
    return path.rstrip("/") or "/"


def locate(path: str) -> tuple[fs.FileSystem, str]:
    """Find the file system of a path, and the path within it.

    Args:
        path: a local path, `dbfs:/...`, or a URL that pyarrow knows (file, s3, gs, abfs, hdfs).

    Raises:
        ValueError: a URL of a scheme that pyarrow does not know.
    """
    path = plain_path(path)
    if "://" not in path:
        return fs.LocalFileSystem(), str(Path(path).absolute())
    try:
        return fs.FileSystem.from_uri(path)
    except (ValueError, NotImplementedError) as error:
        raise ValueError(f"{path}: no file system for this URL ({error})") from error


def read_bytes(path: str) -> bytes:
    """Read a whole small file.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it cannot be read.
    """
    filesystem, inner = locate(path)
    with filesystem.open_input_stream(inner) as stream:
        return bytes(stream.readall())


def upload(source: Path, filesystem: fs.FileSystem, target: str) -> None:
    """Copy a local file to `target`; object stores show it only when it is complete.

    Raises:
        OSError: the copy failed; nothing is visible under `target`.
    """
    fs.copy_files(
        str(source),
        target,
        source_filesystem=fs.LocalFileSystem(),
        destination_filesystem=filesystem,
        chunk_size=_CHUNK,
    )


def write_text(path: str, text: str) -> None:
    """Write a small text file, UTF-8, whole or not at all.

    Raises:
        OSError: it cannot be written; what stood there before still does.
    """
    filesystem, inner = locate(path)
    data = text.encode("utf-8")
    if not isinstance(filesystem, fs.LocalFileSystem):
        # Object stores show a file when its stream is closed.
        with filesystem.open_output_stream(inner) as stream:
            stream.write(data)
        return
    target = Path(inner)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside its target: a rename is atomic within one file system only.
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
