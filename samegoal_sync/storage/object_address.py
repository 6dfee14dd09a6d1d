"""``s3://bucket/prefix`` read from ``SAMEGOAL_SYNC_STORAGE``, and the client that reaches it.

    s3://BUCKET/PREFIX?region=us-east-2&sse=aws:kms&kms_key=ARN
    s3://BUCKET/PREFIX?endpoint=https://minio.example.org&region=us-east-1

Credentials come from where AWS' own programs take them: ``AWS_ACCESS_KEY_ID`` and
``AWS_SECRET_ACCESS_KEY``, a web identity, or the role of the machine. What is stored is encrypted
by the server (``sse``: AES256 unless said otherwise; ``none`` for a server that has no keys).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from samegoal_sync.errors import SettingError
from samegoal_sync.settings import STORAGE_VARIABLE

if TYPE_CHECKING:
    from obstore.store import S3Store

_SSE = ("AES256", "aws:kms", "aws:kms:dsse", "none")
#: Beyond this machine students' data go by TLS alone.
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PARAMETERS = frozenset({"region", "endpoint", "sse", "kms_key"})

#: One request, and all tries of one together.
_REQUEST_SECONDS = 60
_CONNECT_SECONDS = 5
_TRIES = 4
_RETRY_SECONDS = 90


@dataclass(frozen=True)
class ObjectAddress:
    """A bucket, and what its objects' names begin with."""

    bucket: str
    prefix: str = ""
    region: str | None = None
    endpoint: str | None = None
    sse: str = "AES256"
    kms_key: str | None = None

    @property
    def url(self) -> str:
        """For messages and metadata: no parameter of it."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")


def object_address(text: str) -> ObjectAddress:
    """Read the setting.

    Raises:
        SettingError: it can't be used.
    """
    try:
        parts = urlsplit(text)
        given = dict(
            parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        )
    except ValueError:
        raise _wrong("is not an address") from None
    if parts.scheme != "s3":
        raise _wrong(f"begins with {parts.scheme}://, which is not supported")
    if not parts.netloc or parts.username or parts.password or ":" in parts.netloc:
        raise _wrong("names no bucket, or holds more than its name before the first slash")
    if unknown := sorted(given.keys() - _PARAMETERS):
        raise _wrong(f"has parameters that mean nothing: {', '.join(unknown)}")
    sse = given.get("sse", "AES256")
    if sse not in _SSE:
        raise _wrong(f"asks for an encryption other than {', '.join(_SSE)}")
    if "kms_key" in given and not sse.startswith("aws:kms"):
        raise _wrong("names a kms_key, but not sse=aws:kms")
    endpoint = given.get("endpoint")
    if endpoint is not None:
        server = urlsplit(endpoint)
        open_to_all = server.scheme == "http" and server.hostname not in _LOOPBACK
        if server.scheme not in ("http", "https") or not server.hostname or open_to_all:
            raise _wrong("has an endpoint that is no https address")
    return ObjectAddress(
        parts.netloc, parts.path.strip("/"), given.get("region"), endpoint, sse,
        given.get("kms_key"),
    )  # fmt: skip


def opened(address: ObjectAddress, *, anonymous: bool = False) -> S3Store:
    """The client; nothing is asked yet.

    Args:
        anonymous: without credentials, as a stranger would ask.

    Raises:
        SettingError: the extra is not installed.
    """
    try:
        from obstore.store import S3Store  # only where frames lie in object storage
    except ImportError:
        raise SettingError(
            f"{STORAGE_VARIABLE} names object storage, for which a package is missing",
            hint="pip install 'samegoal-sync[fleet]' (or requirements-fleet.lock)",
        ) from None
    config: dict[str, Any] = {}
    if address.region:
        config["region"] = address.region
    if address.endpoint:
        config["endpoint"] = address.endpoint
    if anonymous:
        config["skip_signature"] = True
    elif address.sse != "none":
        config["server_side_encryption"] = address.sse
        if address.kms_key:
            config["sse_kms_key_id"] = address.kms_key
    return S3Store(
        address.bucket,
        prefix=address.prefix or None,
        config=config,  # type: ignore[arg-type]
        client_options={
            "allow_http": (address.endpoint or "").startswith("http://"),
            "timeout": f"{_REQUEST_SECONDS}s",
            "connect_timeout": f"{_CONNECT_SECONDS}s",
        },
        retry_config={
            "max_retries": _TRIES - 1,
            "retry_timeout": timedelta(seconds=_RETRY_SECONDS),
        },
    )


def _wrong(what: str) -> SettingError:
    return SettingError(
        f"{STORAGE_VARIABLE} {what}",
        hint="write it as s3://BUCKET/PREFIX?region=us-east-2, or name a folder that every worker "
        "shares; docs/settings.md has its parameters",
    )
