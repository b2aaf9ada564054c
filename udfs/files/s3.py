"""Objects of S3 as URLs with signed headers, so that HTTP's reader serves them too.

botocore finds the keys (environment, files, web identity, the machine's role) and signs;
requests, retries and budgets are our own, the same for every server.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from udfs.files.access import Access

SCHEMES = ("s3", "s3a", "s3n")

_KEY_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_USUAL_REGION = "us-east-1"
_HOST_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


class S3Object:
    """One object of a bucket: where it is asked for, and by whom.

    Attributes:
        server: name of its budget; S3 limits requests by bucket.
    """

    def __init__(self, path: str, access: Access) -> None:
        """Take a path `s3://bucket/key`; asks nobody."""
        self._bucket, _, self._key = path.partition("://")[2].partition("/")
        self._access = access
        self._region = region(access) or _USUAL_REGION
        self._is_signed = signs(access)
        self.server = f"s3 {endpoint(access)} {self._bucket}"

    @property
    def url(self) -> str:
        """Address of the object."""
        key = quote(self._key, safe="/~")
        base = endpoint(self._access)
        if base:
            return f"{base}/{self._bucket}/{key}"
        domain = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        if _HOST_BUCKET.fullmatch(self._bucket):
            return f"https://{self._bucket}.s3.{self._region}.{domain}/{key}"
        # A dot in the bucket's name does not fit the wildcard certificate.
        return f"https://s3.{self._region}.{domain}/{self._bucket}/{key}"

    def sign(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the headers of a GET request, with a signature where one is due.

        Raises:
            PermissionError: no keys are found, and the bucket is not open to anyone.
        """
        if not self._is_signed:
            return dict(headers)
        # Imported late: a third of a second that local files need not pay.
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        keys = _keys()
        if keys is None:
            raise PermissionError(
                "no AWS keys are found, and the bucket is not open to anyone; "
                "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        request = AWSRequest("GET", self.url, headers=dict(headers))
        S3SigV4Auth(keys, "s3", self._region).add_auth(request)
        return dict(request.headers.items())

    def learn(self, status: int, headers: Mapping[str, str]) -> bool:
        """Take a refusal as advice: another region, or keys; tell whether to ask again."""
        there = headers.get("x-amz-bucket-region")
        if there and there != self._region and status in (301, 307, 400, 403):
            self._region = there
            return True
        if status in (401, 403) and not self._is_signed and self._access.s3_anonymous is None:
            # A machine's role gives keys that no variable shows; asking for them is slow, so
            # it is done only where the bucket is not open to anyone.
            self._is_signed = _keys() is not None
            return self._is_signed
        return False


def endpoint(access: Access) -> str | None:
    """Return the address of an S3-compatible server; None for Amazon's."""
    found = (
        access.s3_endpoint
        or os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
    )
    if not found:
        return None
    return (found if "://" in found else f"https://{found}").rstrip("/")


def region(access: Access) -> str | None:
    """Return the region that the settings or the environment name."""
    return access.s3_region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def signs(access: Access) -> bool:
    """Return whether requests are signed from the first on."""
    if access.s3_anonymous is not None:
        return not access.s3_anonymous
    named = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    file = Path(named) if named else Path.home() / ".aws" / "credentials"
    return any(os.environ.get(key) for key in _KEY_VARIABLES) or file.is_file()


@cache
def _keys() -> Any:
    """Return botocore's credentials, which renew themselves; None where there are none."""
    import botocore.session  # noqa: PLC0415

    return botocore.session.get_session().get_credentials()
