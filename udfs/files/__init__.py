"""Where input files stand: listing and opening them, locally, over HTTP and on object stores."""

from __future__ import annotations

import glob
import gzip
import io
import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pyarrow.fs as pafs

from udfs.files.http_file import BUFFER_BYTES, TIMEOUT_SECONDS, HttpFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PREFIX = "https://data.commoncrawl.org/"
"""Where the relative paths of a Common Crawl list stand."""

S3_BUFFER_BYTES = 8 << 20
"""Read ahead on an object store, where every read is a paid request of its own."""

_AWS_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(frozen=True, order=True)
class FileEntry:
    """One input file.

    Attributes:
        path: absolute path or URL, as `open_input` takes it.
        bytes: size; None where asking would cost a request a file, or the file is not there.
    """

    path: str
    bytes: int | None = None


def list_files(patterns: Sequence[str], *, prefix: str = PREFIX) -> list[FileEntry]:
    """Find the files that patterns name.

    Args:
        patterns: paths, globs (`*`, `?`, `[..]`, `**`; not over HTTP), or lists of paths
            (`*.paths`, `*.paths.gz`: one path a line). Local, `file://`, `s3://`, `http(s)://`,
            or another scheme that pyarrow knows.
        prefix: put before the relative paths of a list; a URL or a folder.

    Returns:
        Files in the order of their paths, each once. A path without wildcards is listed
        whether or not it can be read: its reading tells what is wrong with it.

    Raises:
        FileNotFoundError: a glob that matches nothing.
        IsADirectoryError: a folder where a file or a glob was expected.
        OSError: a list that cannot be read, or a bucket that cannot be listed.
    """
    found: dict[str, FileEntry] = {}
    for pattern in patterns:
        is_list = pattern.endswith((".paths", ".paths.gz"))
        for entry in _match(pattern):
            for item in _read_list(entry.path, prefix) if is_list else (entry,):
                if item.path not in found or found[item.path].bytes is None:
                    found[item.path] = item
    return sorted(found.values(), key=lambda entry: entry.path)


def open_input(path: str, *, tries: int = 5, wait_seconds: float = 0.5) -> BinaryIO:
    """Open a file for reading from its start to its end.

    Over HTTP a busy server (429, 5xx) and a cut connection are tried again, after a random
    wait that doubles; a cut download goes on where it stopped.

    Args:
        path: as `list_files` gives it.
        tries: how often one HTTP request is sent before it counts as failed, at least 1.
        wait_seconds: upper bound of the first wait.

    Returns:
        A stream; seekable on local files, object stores, and HTTP servers that serve ranges.

    Raises:
        OSError: the file cannot be opened; the message names it. Reading may raise it too.
    """
    if path.startswith(("http://", "https://")):
        raw = HttpFile(path, tries=tries, wait_seconds=wait_seconds)
        return io.BufferedReader(raw, BUFFER_BYTES)
    if not _is_remote(path):
        return Path(_local(path)).open("rb", buffering=BUFFER_BYTES)
    opened = _on_store(path, lambda store, name: store.open_input_file(name), "cannot be opened")
    # Arrow's file is a raw stream to Python: readinto, seek and tell, each read a request.
    return io.BufferedReader(cast("io.RawIOBase", _ArrowRaw(opened)), S3_BUFFER_BYTES)


def base_name(path: str) -> str:
    """Return the file's name without folders and without the query of a URL."""
    if path.startswith(("http://", "https://")):
        path = re.split(r"[?#]", path, maxsplit=1)[0]
    return path.rstrip("/").rpartition("/")[2] or path


# Listing


def _match(pattern: str) -> list[FileEntry]:
    if pattern.startswith(("http://", "https://")):
        if "*" in pattern:
            raise FileNotFoundError(
                f"{pattern}: HTTP servers list no files; name a file, or a .paths.gz list of them"
            )
        return [FileEntry(pattern)]
    if _is_remote(pattern):
        return _match_remote(pattern)
    return _match_local(_local(pattern))


def _match_local(pattern: str) -> list[FileEntry]:
    plain = Path(pattern)
    if plain.is_dir():
        raise IsADirectoryError(f"{pattern}: a folder; name its files, e.g. {plain / '*.warc.gz'}")
    # A name that holds brackets is a glob only when no such file exists.
    if plain.exists() or not glob.has_magic(pattern):
        return [_stat(plain)]
    # glob, since Path.glob takes no absolute pattern.
    names = glob.glob(pattern, recursive=True)  # noqa: PTH207
    found = [_stat(path) for path in map(Path, names) if path.is_file()]
    if not found:
        raise _no_match(pattern)
    return found


def _stat(path: Path) -> FileEntry:
    try:
        return FileEntry(str(path.absolute()), path.stat().st_size)
    except OSError:
        return FileEntry(str(path.absolute()))


def _match_remote(pattern: str) -> list[FileEntry]:
    scheme, _, rest = pattern.partition("://")
    scheme = "s3" if scheme in ("s3a", "s3n") else scheme
    if not glob.has_magic(rest):
        return [FileEntry(f"{scheme}://{rest}")]
    folder = re.split(r"[*?\[]", rest, maxsplit=1)[0].rpartition("/")[0]
    is_deep = "/" in rest[len(folder) + 1 :]
    selector = pafs.FileSelector(folder, recursive=is_deep)

    def listing(store: pafs.FileSystem, _: str) -> list[pafs.FileInfo]:
        return store.get_file_info(selector)

    infos = _on_store(pattern, listing, "cannot be listed")
    is_wanted = re.compile(_glob_regex(rest)).fullmatch
    found = [
        FileEntry(f"{scheme}://{info.path}", info.size)
        for info in infos
        if info.type == pafs.FileType.File and is_wanted(info.path)
    ]
    if not found:
        raise _no_match(pattern)
    return found


def _no_match(pattern: str) -> FileNotFoundError:
    return FileNotFoundError(f"{pattern}: no file matches; check the folder and the wildcards")


def _glob_regex(pattern: str) -> str:
    """Translate a glob over `/`-separated names into a regular expression."""
    parts = []
    for piece in re.findall(r"\*\*/|\*\*|\*|\?|\[[!^]?\]?[^\]]*\]|.", pattern, re.DOTALL):
        if piece == "**/":
            parts.append(r"(?:.*/)?")
        elif piece == "**":
            parts.append(r".*")
        elif piece == "*":
            parts.append(r"[^/]*")
        elif piece == "?":
            parts.append(r"[^/]")
        elif len(piece) > 1:
            inner = piece[1:-1].replace("\\", r"\\")
            parts.append(f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]")
        else:
            parts.append(re.escape(piece))
    return "".join(parts)


def _read_list(path: str, prefix: str) -> Iterator[FileEntry]:
    with open_input(path) as stream:
        try:
            lines = gzip.GzipFile(fileobj=stream) if path.endswith(".gz") else stream
            for line in lines:
                name = line.decode("utf-8", "replace").strip()
                if not name:
                    continue
                is_absolute = "://" in name or name.startswith("/")
                yield FileEntry(name if is_absolute else f"{prefix.rstrip('/')}/{name}")
        except (OSError, EOFError) as error:
            raise OSError(f"{path}: the list of paths cannot be read: {error}") from error


# Object stores


def _is_remote(path: str) -> bool:
    return "://" in path and not path.startswith("file://")


def _local(path: str) -> str:
    if path.startswith("dbfs:/"):
        return "/dbfs/" + path.removeprefix("dbfs:").lstrip("/")
    return str(Path(path.removeprefix("file://")).expanduser())


def _on_store(path: str, action: Callable[[pafs.FileSystem, str], Any], failure: str) -> Any:
    """Do something with a path of an object store, as anyone first where no keys are found."""
    scheme, _, rest = path.partition("://")
    try:
        if scheme not in ("s3", "s3a", "s3n"):
            store, name = pafs.FileSystem.from_uri(path)
            return action(store, name)
        bucket = rest.partition("/")[0]
        has_keys = _has_aws_keys()
        try:
            return action(_s3(bucket, is_anonymous=not has_keys), rest)
        except OSError as error:
            # A machine's role gives keys that no variable shows; asking for them is slow, so
            # it is done only where the bucket is not open to anyone.
            if has_keys or not _is_denied(error) or os.environ.get("AWS_EC2_METADATA_DISABLED"):
                raise
            return action(_s3(bucket, is_anonymous=False), rest)
    except (OSError, ValueError) as error:
        raise _same_kind(error)(f"{path}: {failure}: {error}") from error


def _same_kind(error: Exception) -> type[OSError]:
    return FileNotFoundError if isinstance(error, FileNotFoundError) else OSError


def _is_denied(error: OSError) -> bool:
    return "ACCESS_DENIED" in str(error) or "HTTP status 403" in str(error)


def _has_aws_keys() -> bool:
    named = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    file = Path(named) if named else Path.home() / ".aws" / "credentials"
    return any(os.environ.get(key) for key in _AWS_KEYS) or file.is_file()


@cache
def _s3(bucket: str, *, is_anonymous: bool) -> pafs.S3FileSystem:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if not region:
        region = "us-east-1" if endpoint else pafs.resolve_s3_region(bucket)
    scheme, _, host = endpoint.rpartition("://") if endpoint else ("", "", None)
    return pafs.S3FileSystem(
        anonymous=is_anonymous,
        region=region,
        endpoint_override=host,
        scheme=scheme or "https",
        connect_timeout=10,
        request_timeout=TIMEOUT_SECONDS,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=5),
    )


class _ArrowRaw(io.RawIOBase):
    """A raw Python stream over an Arrow file, so that `io` buffers it."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return int(self._file.readinto(buffer))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._file.seek(offset, whence)
        return int(self._file.tell())

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()
