"""From a status and an error body to the exception that says it; the body goes no further."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from samegoal_sync.qmlativ.errors import (
    AccessExpired,
    AccessRefused,
    AddressRefused,
    EntityNotGranted,
    QmlativError,
    RequestRefused,
    ServerBusy,
    ServerFailed,
)

_SECONDS = re.compile(r"[0-9]{1,9}")
_WORD = re.compile(r"[A-Za-z]{2,64}")
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}/\d{4}\b")
_TOKEN_EXPIRED = re.compile(r"token\s+(has\s+|is\s+)?(expired|invalid)", re.IGNORECASE)
_ACCESS = re.compile(r"access|client|credential", re.IGNORECASE)
_EXPIRED = re.compile(r"expir|not\s+(yet\s+)?effective", re.IGNORECASE)
_INACTIVE = re.compile(r"inactive|not\s+active|deactivated", re.IGNORECASE)
_ENTITY = re.compile(r"\bentit(y|ies)\b", re.IGNORECASE)
_NOT_GRANTED = re.compile(r"grant|permission|not\s+shared|approved", re.IGNORECASE)


class StaleToken(Exception):  # noqa: N818
    """The token does not hold (any more): ask for a new one, once."""


def fault_of(
    host: str, status: int, headers: Mapping[str, str], body: bytes, asked: str
) -> QmlativError | StaleToken:
    """What an answer of the API other than 200 means."""
    text = body.decode("utf-8", "replace")
    if status >= 400 and _TOKEN_EXPIRED.search(text):
        return StaleToken()
    if status in (401, 403):
        return _access_fault(host, status, text, asked)
    return _server_fault(host, status, headers, text, asked)


def token_fault(host: str, status: int, headers: Mapping[str, str], body: bytes) -> QmlativError:
    """What an answer of the token address other than 200 means."""
    text = body.decode("utf-8", "replace")
    if status in (400, 401, 403):
        return _expired(host, text) or AccessRefused(host)
    if status in (404, 405):
        return AddressRefused(host, "no token is given out there")
    fault = _server_fault(host, status, headers, text, "a token")
    return AccessRefused(host) if isinstance(fault, RequestRefused) else fault


def _access_fault(host: str, status: int, text: str, asked: str) -> QmlativError | StaleToken:
    expired = _expired(host, text)
    if expired is not None:
        return expired
    if status == 403 and _NOT_GRANTED.search(text):
        return RequestRefused(asked, status, _words(text))
    if status == 403 and _ENTITY.search(text):
        return EntityNotGranted(host)
    return StaleToken()


def _expired(host: str, text: str) -> AccessExpired | None:
    """Expired or inactive access, if the words say so: about the access, not about the token."""
    if not _ACCESS.search(text):
        return None
    if _INACTIVE.search(text):
        return AccessExpired(host, inactive=True)
    if _EXPIRED.search(text):
        day = _DAY.search(text)
        return AccessExpired(host, day.group() if day else None)
    return None


def refused(status: int, asked: str, body: bytes) -> RequestRefused:
    """A refusal that a new token did not cure."""
    return RequestRefused(asked, status, _words(body.decode("utf-8", "replace")))


def _server_fault(
    host: str, status: int, headers: Mapping[str, str], text: str, asked: str
) -> QmlativError:
    if status in (429, 503):
        return ServerBusy(host, status, retry_after(headers.get("Retry-After")))
    if status >= 500 or status == 408:
        return ServerFailed(host, status, asked)
    if 300 <= status < 400:
        return AddressRefused(host, f"it answers with a redirect ({status})")
    if status < 300:
        return AddressRefused(host, f"it answers {status} without rows")
    return RequestRefused(asked, status, _words(text))


def retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for: a number, or a moment; else ``None``."""
    if not text:
        return None
    if _SECONDS.fullmatch(text.strip()):
        return float(text.strip())
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text[:65_536]))
