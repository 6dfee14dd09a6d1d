"""Faults on demand: everything that goes wrong between a client and a real server.

A fault is set for a system (how often, after how many requests, for which addresses) or asked
for by one request with the header ``X-Sandbox-Fault: kind`` or ``kind;seconds=2``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from samegoal_sync.errors import UsageError

HEADER = "x-sandbox-fault"


class FaultKind(StrEnum):
    """What goes wrong."""

    TOKEN_EXPIRED = "token_expired"  # noqa: S105 (the name of a fault)
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    STALE_500 = "stale_500"
    NOT_FOUND = "not_found"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"
    SERVER_ERROR_HTML = "server_error_html"
    SERVER_ERROR_JSON = "server_error_json"
    REDIRECT = "redirect"
    RESET = "reset"
    TRUNCATED = "truncated"
    SLOW = "slow"
    SILENT = "silent"
    MUTE = "mute"
    ENDLESS = "endless"
    CONTENT_TYPE = "content_type"
    BROKEN_JSON = "broken_json"
    NO_OBJECTS = "no_objects"
    GZIP = "gzip"
    REPEATED_PAGE = "repeated_page"
    LOOPING_NEXT = "looping_next"
    DUPLICATE_ROWS = "duplicate_rows"
    MISSED_ROWS = "missed_rows"
    STALE_RFC6750 = "stale_rfc6750"
    MAINTENANCE_PAGE = "maintenance_page"
    MAINTENANCE_REDIRECT = "maintenance_redirect"
    BASIC_ONLY = "basic_only"
    TOKEN_BOM = "token_bom"  # noqa: S105 (the name of a fault)
    TOKEN_LIFE = "token_life"  # noqa: S105 (the name of a fault)
    NUMBERED_FIELDS = "numbered_fields"
    MORE_ROWS = "more_rows"
    DENSE_BODY = "dense_body"
    HOSTILE_NAMES = "hostile_names"
    MISTYPED = "mistyped"


#: What each kind does, for the page of faults and the docs.
DESCRIPTIONS: dict[FaultKind, str] = {
    FaultKind.TOKEN_EXPIRED: "every token expires; the request is told that its token has expired",
    FaultKind.UNAUTHORIZED: "401 without a body",
    FaultKind.FORBIDDEN: "403 without a body",
    FaultKind.STALE_500: "500 whose message says that the token has expired",
    FaultKind.NOT_FOUND: "404",
    FaultKind.TOO_MANY: "429, with Retry-After when seconds are given",
    FaultKind.UNAVAILABLE: "503, with Retry-After when seconds are given",
    FaultKind.SERVER_ERROR_HTML: "500 with an HTML page",
    FaultKind.SERVER_ERROR_JSON: "500 with a JSON body",
    FaultKind.REDIRECT: "302 to another host",
    FaultKind.RESET: "the connection is reset before an answer",
    FaultKind.TRUNCATED: "half of the body, then the connection is reset",
    FaultKind.SLOW: "the body comes in pieces over so many seconds",
    FaultKind.SILENT: "no answer for so many seconds, then the right one",
    FaultKind.MUTE: "accepted, and no answer until the fault is cleared; the login too",
    FaultKind.ENDLESS: "a body without an end, until the client goes away",
    FaultKind.CONTENT_TYPE: "the right body as text/html",
    FaultKind.BROKEN_JSON: "200 with JSON that is not well formed",
    FaultKind.NO_OBJECTS: "200 with JSON without Objects",
    FaultKind.GZIP: "the right body, compressed",
    FaultKind.REPEATED_PAGE: "the page before once more",
    FaultKind.LOOPING_NEXT: "Next points to the first page for ever",
    FaultKind.DUPLICATE_ROWS: "a row was added: the page begins with the last row of another",
    FaultKind.MISSED_ROWS: "a row was deleted: the page lacks its first row",
    FaultKind.STALE_RFC6750: "every token expires; the request is told so in RFC 6750's own words",
    FaultKind.MAINTENANCE_PAGE: "200 with an HTML page",
    FaultKind.MAINTENANCE_REDIRECT: "302 with an HTML page",
    FaultKind.BASIC_ONLY: "the login takes Key and secret by HTTP Basic alone",
    FaultKind.TOKEN_BOM: "the token comes after a byte order mark",
    FaultKind.TOKEN_LIFE: "the token's expires_in is a blank text",
    FaultKind.NUMBERED_FIELDS: "fields are read from searchFields[0]=… alone",
    FaultKind.MORE_ROWS: "twice as many rows as were asked for",
    FaultKind.DENSE_BODY: "48 MiB of empty lists in place of the rows",
    FaultKind.MISTYPED: "the first ranks are 7.9, true and beyond 64 bits",
    FaultKind.HOSTILE_NAMES: "names hold a terminal's escapes and line breaks",
}

#: Kinds of the login: without an address of their own they hit it, and nothing else.
_OF_THE_LOGIN = frozenset({FaultKind.BASIC_ONLY, FaultKind.TOKEN_BOM, FaultKind.TOKEN_LIFE})
_LOGIN = "oauth/token"


@dataclass
class Fault:
    """One fault and when it hits.

    Attributes:
        kind: what goes wrong.
        count: how many requests it hits; ``None`` all of them.
        after: how many matching requests go well first.
        path: hits addresses that contain this; blank means every call but the login, the login
            alone for the kinds that are of it, and every call at all for ``mute``.
        seconds: for ``slow`` and ``silent``, and the Retry-After of 429 and 503.
    """

    kind: FaultKind
    count: int | None = 1
    after: int = 0
    path: str = ""
    seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Fault:
        """A fault of a form or a JSON body; blank counts mean every request.

        Raises:
            ValueError: an unknown kind, or something that is no number.
        """
        count, seconds = values.get("count", 1), values.get("seconds")
        return cls(
            FaultKind(str(values.get("kind", ""))),
            None if count in (None, "") else int(str(count)),
            int(str(values.get("after") or 0)),
            str(values.get("path") or ""),
            None if seconds in (None, "") else float(str(seconds)),
        )


class FaultBoard:
    """The faults that are set for a system; safe to use from several threads."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def is_set(self, fault: Fault) -> bool:
        """Whether the fault is there still, though it may have hit all that it should."""
        return any(one is fault for one in self.all())

    def all(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def inject(self, path: str, header: str | None) -> Fault | None:
        """The fault for this request, counted; the header's wins."""
        if header:
            return parse_fault(header)
        with self._lock:
            for fault in self._faults:
                if fault.count == 0 or not _concerns(fault, path):
                    continue
                if fault.after:
                    fault.after -= 1
                    continue
                if fault.count is not None:
                    fault.count -= 1
                return fault
        return None


def _concerns(fault: Fault, path: str) -> bool:
    if fault.path:
        return fault.path in path
    if fault.kind is FaultKind.MUTE:
        return True
    return (_LOGIN in path) is (fault.kind in _OF_THE_LOGIN)


def parse_fault(text: str) -> Fault:
    """``kind`` or ``kind;seconds=2`` as a fault that hits once.

    Raises:
        UsageError: an unknown kind or setting.
    """
    kind, _, rest = text.partition(";")
    name, _, value = rest.partition("=")
    try:
        seconds = float(value) if name.strip() == "seconds" else None
        return Fault(FaultKind(kind.strip()), seconds=seconds)
    except ValueError:
        raise UsageError(
            "The sandbox does not know this fault",
            hint="one of: " + ", ".join(FaultKind),
        ) from None
