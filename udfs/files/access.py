"""How servers and object stores are asked for files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Access:
    """How files that stand on other machines are asked for; small, so that workers get it.

    Attributes:
        tries: how often a request is sent before it counts as failed, at least 1. A connection
            that brought something and was cut counts anew.
        wait_seconds: upper bound of the wait before the second try; it doubles with each.
        timeout_seconds: how long a server may stay silent.
        requests_per_second: most requests that the workers of one machine send to one server.
        connections: ranges of one file that are asked for at once, at least 1.
        s3_endpoint: URL of an S3-compatible server; None for AWS_ENDPOINT_URL_S3 or
            AWS_ENDPOINT_URL, and without those Amazon's.
        s3_region: of the buckets; None for AWS_REGION or AWS_DEFAULT_REGION, and without those
            what the bucket says.
        s3_anonymous: True never signs requests, False always does; None does where keys are
            found, and where a bucket refuses to be read by anyone.
    """

    tries: int = 8
    wait_seconds: float = 0.5
    timeout_seconds: float = 60.0
    requests_per_second: float = 50.0
    connections: int = 4
    s3_endpoint: str | None = None
    s3_region: str | None = None
    s3_anonymous: bool | None = None


DEFAULT = Access()
"""What holds where nothing else is said."""
