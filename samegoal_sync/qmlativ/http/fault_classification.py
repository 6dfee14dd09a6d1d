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
    MaintenancePage,
    QmlativError,
    RequestRefused,
    ServerBusy,
    ServerFailed,
)

_SECONDS = re.compile(r"[0-9]{1,9}")
_WORD = re.compile(r"[A-Za-z]{2,64}")
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}/\d{4}\b")
#: In Skyward's words ("Token has expired") and in RFC 6750's ("invalid_token", "The access token
#: provided is expired, revoked, malformed, or invalid for other reasons").
_TOKEN_EXPIRED = re.compile(
    r"\btoken\b[^.;\n]{0,60}\b(expired|invalid|revoked|malformed|(no\s+longer|not)\s+valid)"
    r"|\b(expired|invalid|revoked|stale)[\s_-]+((access|bearer|security)[\s_-]+)*token\b",
    re.IGNORECASE,
)
#: A sentence about a token says nothing about the Integration Access, unless it names that too.
_SENTENCE = re.compile(r"[.;]\s|\n")
_OF_TOKEN = re.compile(r"token\b", re.IGNORECASE)
_INTEGRATION = re.compile(r"integration", re.IGNORECASE)
_ACCESS = re.compile(r"access|client|credential", re.IGNORECASE)
_EXPIRED = re.compile(r"expir|not\s+(yet\s+)?effective", re.IGNORECASE)
_INACTIVE = re.compile(r"inactive|not\s+active|deactivated", re.IGNORECASE)
#: Where a redirect leads that says no more.
_MAINTENANCE = re.compile(r"maint|offline|unavailable|outage|sorry", re.IGNORECASE)
#: An answer in which an error stands beside no rows; a page of rows is longer.
_ERROR_KEY, _SHORT = re.compile(rb'"(?:error|errors|message)"\s*:', re.IGNORECASE), 4_096
_ENTITY = re.compile(r"\bentit(y|ies)\b", re.IGNORECASE)
_NOT_GRANTED = re.compile(r"grant|permission|not\s+shared|approved", re.IGNORECASE)


class StaleToken(Exception):  # noqa: N818
    """The token does not hold (any more): ask for a new one, once."""


def fault_of(
    host: str, status: int, headers: Mapping[str, str], body: bytes, asked: str
) -> QmlativError | StaleToken:
    """What an answer of the API other than 200 means."""
    text = body.decode("utf-8", "replace")
    said = f"{headers.get('WWW-Authenticate', '')}\n{text}"
    if status >= 400 and not _expired(host, text) and _TOKEN_EXPIRED.search(said):
        return StaleToken()
    if 300 <= status < 400 and _leads_to_maintenance(headers, body):
        return MaintenancePage(host, asked)
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
    if 300 <= status < 400 and _leads_to_maintenance(headers, body):
        return MaintenancePage(host, "a token")
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
    for sentence in _SENTENCE.split(text):
        if _OF_TOKEN.search(sentence) and not _INTEGRATION.search(sentence):
            continue
        if not _ACCESS.search(sentence):
            continue
        if _INACTIVE.search(sentence):
            return AccessExpired(host, inactive=True)
        if _EXPIRED.search(sentence):
            day = _DAY.search(text)
            return AccessExpired(host, day.group() if day else None)
    return None


def fault_of_fresh_token(host: str, status: int, body: bytes, asked: str) -> QmlativError:
    """What it means that a token which was just given out does not hold."""
    text = body.decode("utf-8", "replace")
    if status == 403 and not _TOKEN_EXPIRED.search(text):
        return RequestRefused(asked, status, _words(text))
    return AccessRefused(host)


def is_stale_token(body: bytes) -> bool:
    """Whether a 200 is an error all the same, by its words: no rows, but a token that expired."""
    if len(body) > _SHORT or b'"Objects"' in body or not _ERROR_KEY.search(body):
        return False
    text = body.decode("utf-8", "replace")
    return not _expired("", text) and _TOKEN_EXPIRED.search(text) is not None


def _leads_to_maintenance(headers: Mapping[str, str], body: bytes) -> bool:
    return is_web_page(body) or _MAINTENANCE.search(headers.get("Location", "")) is not None


def is_web_page(body: bytes) -> bool:
    """Whether a body is HTML: what stands before a server in maintenance, or elsewhere."""
    return body[:1_024].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<"


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
