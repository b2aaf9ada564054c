"""Hosts of URLs."""

from __future__ import annotations

from urllib.parse import urlsplit


def host_of(url: str | None) -> str | None:
    """Return the host of a URL, lower case, without port; None when the URL has none."""
    try:
        return urlsplit(url or "").hostname or None
    except ValueError:
        return None  # e.g. brackets that enclose no IPv6 address
