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

from udfs.files import s3
from udfs.files.access import DEFAULT, Access
from udfs.files.remote import Remote, WebPlace
from udfs.files.s3 import S3Object
from udfs.files.spans import MOST_HELD_BYTES, RemoteSource, Span, Spans, StreamSource
from udfs.files.streams import ArrowFile, RemoteFile, SpanFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from udfs.files.remote import Place

PREFIX = "https://data.commoncrawl.org/"
"""Where the relative paths of a Common Crawl list stand."""

BUFFER_BYTES = 1 << 20
"""Read ahead of a local file or a connection."""

STORE_BUFFER_BYTES = 8 << 20
"""Read ahead on object stores that Arrow reads, where every read is a paid request of its own."""


@dataclass(frozen=True, order=True)
class FileEntry:
    """One input file.

    Attributes:
        path: absolute path or URL, as `open_input` takes it.
        bytes: size; None where asking would cost a request a file, or the file is not there.
    """

    path: str
    bytes: int | None = None


def list_files(
    patterns: Sequence[str], *, prefix: str = PREFIX, access: Access = DEFAULT
) -> list[FileEntry]:
    """Find the files that patterns name.

    Args:
        patterns: paths, globs (`*`, `?`, `[..]`, `**`; not over HTTP), or lists of paths
            (`*.paths`, `*.paths.gz`: one path a line). Local, `file://`, `s3://`, `http(s)://`,
            or another scheme that pyarrow knows.
        prefix: put before the relative paths of a list; a URL or a folder.
        access: how servers are asked.

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
        for entry in _match(pattern, access):
            for item in _read_list(entry.path, prefix, access) if is_list else (entry,):
                if item.path not in found or found[item.path].bytes is None:
                    found[item.path] = item
    return sorted(found.values(), key=lambda entry: entry.path)


def open_input(path: str, *, access: Access = DEFAULT) -> BinaryIO:
    """Open a file for reading from its start to its end.

    On servers and S3 a busy answer (429, 5xx) and a cut connection are tried again, after a
    random wait that doubles, within the budget of requests; a cut download goes on where it
    stopped, and of the same version of the file.

    Args:
        path: as `list_files` gives it.
        access: how servers are asked.

    Returns:
        A stream; seekable on local files, object stores, and HTTP servers that serve ranges.

    Raises:
        OSError: the file cannot be opened; the message names it. Reading may raise it too.
    """
    place = _place(path, access)
    if place is not None:
        raw = RemoteFile(Remote(path, place, access))
        return io.BufferedReader(raw, BUFFER_BYTES)
    if not _is_remote(path):
        return Path(_local(path)).open("rb", buffering=BUFFER_BYTES)
    opened = _on_store(path, lambda store, name: store.open_input_file(name), "cannot be opened")
    # Arrow's file is a raw stream to Python: readinto, seek and tell, each read a request.
    return io.BufferedReader(cast("io.RawIOBase", ArrowFile(opened)), STORE_BUFFER_BYTES)


def open_jumping(path: str, *, access: Access = DEFAULT) -> BinaryIO:
    """Open a file for a reader that jumps about in it, such as Parquet's: a request a read.

    Args:
        path: as `list_files` gives it.
        access: how servers are asked.

    Raises:
        OSError: the file cannot be opened, or its server serves no ranges.
    """
    place = _place(path, access)
    if place is not None:
        return cast("BinaryIO", SpanFile(Remote(path, place, access)))
    if not _is_remote(path):
        return Path(_local(path)).open("rb", buffering=0)
    opened = _on_store(path, lambda store, name: store.open_input_file(name), "cannot be opened")
    return cast("BinaryIO", ArrowFile(opened))


def open_spans(
    path: str, spans: Sequence[Span], *, access: Access = DEFAULT, most_bytes: int = MOST_HELD_BYTES
) -> Spans:
    """Open some ranges of a file: neighbours by one request, several requests at once.

    Args:
        path: as `list_files` gives it.
        spans: the ranges wanted; may overlap.
        access: how servers are asked.
        most_bytes: longest range that is held in memory; a longer one is read as a stream.

    Returns:
        The ranges with their bytes, in the order of their offsets.

    Raises:
        OSError: the file cannot be opened; reading may raise it too.
    """
    place = _place(path, access)
    if place is not None:
        remote = Remote(path, place, access)
        return Spans(RemoteSource(remote), spans, access.connections, most_bytes)
    return Spans(StreamSource(open_jumping(path, access=access)), spans, 1, most_bytes)


def requests_of(stream: BinaryIO) -> int | None:
    """Return how many requests the reading of a stream took; None for files of this machine."""
    remote = getattr(getattr(stream, "raw", stream), "remote", None)
    return remote.requests if remote is not None else None


def under(prefix: str, name: str) -> str:
    """Put a prefix before a relative path; an absolute one or a URL is left as it is."""
    is_absolute = "://" in name or name.startswith("/")
    return name if is_absolute else f"{prefix.rstrip('/')}/{name}"


def base_name(path: str) -> str:
    """Return the file's name without folders and without the query of a URL."""
    if path.startswith(("http://", "https://")):
        path = re.split(r"[?#]", path, maxsplit=1)[0]
    return path.rstrip("/").rpartition("/")[2] or path


# Listing


def _match(pattern: str, access: Access) -> list[FileEntry]:
    if pattern.startswith(("http://", "https://")):
        if "*" in pattern:
            raise FileNotFoundError(
                f"{pattern}: HTTP servers list no files; name a file, or a .paths.gz list of them"
            )
        return [FileEntry(pattern)]
    if _is_remote(pattern):
        return _match_remote(pattern, access)
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


def _match_remote(pattern: str, access: Access) -> list[FileEntry]:
    scheme, _, rest = pattern.partition("://")
    scheme = "s3" if scheme in s3.SCHEMES else scheme
    if not glob.has_magic(rest):
        return [FileEntry(f"{scheme}://{rest}")]
    folder = re.split(r"[*?\[]", rest, maxsplit=1)[0].rpartition("/")[0]
    is_deep = "/" in rest[len(folder) + 1 :]
    selector = pafs.FileSelector(folder, recursive=is_deep)

    def listing(store: pafs.FileSystem, _: str) -> list[pafs.FileInfo]:
        return store.get_file_info(selector)

    infos = _on_store(pattern, listing, "cannot be listed", access)
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


def _read_list(path: str, prefix: str, access: Access) -> Iterator[FileEntry]:
    with open_input(path, access=access) as stream:
        try:
            lines = gzip.GzipFile(fileobj=stream) if path.endswith(".gz") else stream
            for line in lines:
                name = line.decode("utf-8", "replace").strip()
                if not name:
                    continue
                yield FileEntry(under(prefix, name))
        except (OSError, EOFError) as error:
            raise OSError(f"{path}: the list of paths cannot be read: {error}") from error


# Object stores


def _is_remote(path: str) -> bool:
    return "://" in path and not path.startswith("file://")


def _local(path: str) -> str:
    if path.startswith("dbfs:/"):
        return "/dbfs/" + path.removeprefix("dbfs:").lstrip("/")
    return str(Path(path.removeprefix("file://")).expanduser())


def _place(path: str, access: Access) -> Place | None:
    """Return where a file stands on a server that we ask ourselves; None for all others."""
    scheme = path.partition("://")[0] if "://" in path else ""
    if scheme in ("http", "https"):
        return WebPlace(path)
    return S3Object(path, access) if scheme in s3.SCHEMES else None


def _on_store(
    path: str,
    action: Callable[[pafs.FileSystem, str], Any],
    failure: str,
    access: Access = DEFAULT,
) -> Any:
    """Do something with a path of an object store, as anyone first where no keys are found."""
    scheme, _, rest = path.partition("://")
    try:
        if scheme not in s3.SCHEMES:
            store, name = pafs.FileSystem.from_uri(path)
            return action(store, name)
        bucket = rest.partition("/")[0]
        is_signed = s3.signs(access)
        try:
            return action(_s3(bucket, access, is_anonymous=not is_signed), rest)
        except OSError as error:
            if is_signed or access.s3_anonymous or not _is_denied(error):
                raise
            # As S3Object does: a machine's role is asked for keys where nothing else opens.
            if os.environ.get("AWS_EC2_METADATA_DISABLED"):
                raise
            return action(_s3(bucket, access, is_anonymous=False), rest)
    except (OSError, ValueError) as error:
        raise _same_kind(error)(f"{path}: {failure}: {error}") from error


def _same_kind(error: Exception) -> type[OSError]:
    return FileNotFoundError if isinstance(error, FileNotFoundError) else OSError


def _is_denied(error: OSError) -> bool:
    return "ACCESS_DENIED" in str(error) or "HTTP status 403" in str(error)


@cache
def _s3(bucket: str, access: Access, *, is_anonymous: bool) -> pafs.S3FileSystem:
    """Return Arrow's client, which lists buckets; objects are read by our own requests."""
    endpoint = s3.endpoint(access)
    region = s3.region(access)
    if not region:
        region = "us-east-1" if endpoint else pafs.resolve_s3_region(bucket)
    scheme, _, host = endpoint.rpartition("://") if endpoint else ("", "", None)
    return pafs.S3FileSystem(
        anonymous=is_anonymous,
        region=region,
        endpoint_override=host,
        scheme=scheme or "https",
        connect_timeout=10,
        request_timeout=access.timeout_seconds,
        retry_strategy=pafs.AwsStandardS3RetryStrategy(max_attempts=access.tries),
    )
