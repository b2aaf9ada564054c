"""Hosts of URLs, and lists of hosts and URLs that are not to be used."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
from functools import cache
from typing import TYPE_CHECKING, Final, Literal, cast
from urllib.parse import urlsplit

import numpy as np

from udfs.files import open_input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from numpy.typing import NDArray

BLOCKED_HOST: Final = "blocked_host"
BLOCKED_URL: Final = "blocked_url"

_PLAIN = re.compile(r"[a-zA-Z0-9._*-]+")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# Where a part of a URL ends: an address that is listed covers what stands below it.
_BOUNDARY = re.compile(r"[/?&=#]")
# `0.0.0.0 ads.example`: the form of /etc/hosts, in which many lists come.
_SINKS = frozenset({"0.0.0.0", "127.0.0.1", "::", "::1"})  # noqa: S104 - read, not bound
_MAX_LABELS = 127  # RFC 1035, 2.3.4: of 255 characters


def host_of(url: str | None) -> str | None:
    """Return the host of a URL, lower case, without port; None when the URL has none."""
    try:
        return urlsplit(url or "").hostname or None
    except ValueError:
        return None  # e.g. brackets that enclose no IPv6 address


class BlockList:
    """Hosts and URLs that are blocked.

    An entry is kept as 64 bits of its BLAKE2b hash, in sorted order: 8 bytes each, so ten
    million take 80 MB. That one of a billion URLs meets an entry that it does not equal has a
    probability under 1 in 100.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        """Read entries.

        Args:
            entries: one a line: a host or domain (`example.org`, `.example.org`, `*.example.org`,
                `0.0.0.0 example.org`), which stands for itself and all hosts under it, or a URL
                (`example.org/private`, the scheme is ignored), which stands for itself and what
                is under it. Empty lines and what follows `#` at the start or after a blank are
                ignored.
        """
        hosts: list[bytes] = []
        urls: list[bytes] = []
        for line in entries:
            entry = line.strip()
            if _PLAIN.fullmatch(entry):  # nearly every line of a long list
                hosts.append(_hash(entry.lower().lstrip("*").strip(".")))
                continue
            entry = entry.partition(" #")[0].strip()
            if not entry or entry[0] in "#!":
                continue
            fields = entry.split()
            if len(fields) > 1 and fields[0] in _SINKS:
                hosts += [_hash(_ascii(name)) for name in fields[1:]]
                continue
            host, rest = _split(fields[0])
            host = host.lstrip("*").strip(".")
            if rest in ("", "/"):
                hosts.append(_hash(host))
            else:
                urls.append(_hash(host + rest))
        self._hosts = _sorted(hosts)
        self._urls = _sorted(urls)

    def __len__(self) -> int:
        """How many different entries there are."""
        return len(self._hosts) + len(self._urls)

    def find(self, url: str) -> Literal["blocked_host", "blocked_url"] | None:
        """Return how a URL is blocked, None when it is not.

        Costs one look-up for each label of the host and each part of the path.
        """
        host, rest = _split(url)
        if len(self._hosts):
            suffix = host.strip(".")
            for _ in range(_MAX_LABELS):
                if _holds(self._hosts, suffix):
                    return BLOCKED_HOST
                suffix = suffix.partition(".")[2]
                if not suffix:
                    break
        if len(self._urls):
            names = {host, host.removeprefix("www.")}
            ends = {len(rest)}
            for boundary in _BOUNDARY.finditer(rest):
                ends |= set(boundary.span())
            if any(_holds(self._urls, name + rest[:end]) for name in names for end in ends if end):
                return BLOCKED_URL
        return None


@cache
def block_list(paths: Sequence[str]) -> BlockList:
    """Read block lists, once a process.

    Args:
        paths: files (a tuple), plain or `.gz`, as `udfs.files.open_input` opens them; UTF-8.

    Raises:
        OSError: a file cannot be read.
    """
    return BlockList(_lines(paths))


def _lines(paths: Sequence[str]) -> Iterator[str]:
    for path in paths:
        with open_input(path) as stream:
            plain = gzip.GzipFile(fileobj=stream) if path.endswith(".gz") else stream
            yield from io.TextIOWrapper(cast("BinaryIO", plain), "utf-8", "replace")


def _split(url: str) -> tuple[str, str]:
    """Cut a URL, with scheme or without, in its host (ASCII, lower case) and what follows."""
    scheme = _SCHEME.match(url)
    rest = url[scheme.end() :] if scheme else url.removeprefix("//")
    end = re.search(r"[/?#]|\Z", rest)
    place = end.start() if end else len(rest)
    host = rest[:place].rpartition("@")[2]
    name, _, port = host.rpartition(":")
    if name and port.isdigit():
        host = name
    return _ascii(host), rest[place:]


def _ascii(host: str) -> str:
    """A host as it stands in the DNS: lower case, names in other scripts in Punycode."""
    host = host.lower()
    if not host.isascii():
        try:
            return host.encode("idna").decode("ascii")
        except UnicodeError:
            return host
    return host


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _sorted(hashes: list[bytes]) -> NDArray[np.uint64]:
    """Return hashes as an array: (entries,), uint64, ascending, each once."""
    return np.unique(np.frombuffer(b"".join(hashes), dtype="<u8"))


def _holds(hashes: NDArray[np.uint64], text: str) -> bool:
    wanted = np.uint64(int.from_bytes(_hash(text), "little"))
    place = int(np.searchsorted(hashes, wanted))
    return place < len(hashes) and bool(hashes[place] == wanted)
