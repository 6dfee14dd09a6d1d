"""Keeps other web pages from giving the Dagster UI commands through a person's browser.

The UI has no login: who reaches it may command it, and any page open in a browser on this machine
reaches it. A form posted from another site stopped the schedule, a check was forged, and a name
that leads to 127.0.0.1 was answered. So the guard lets through

- requests for a name that is the UI's own (``Host``),
- commands (anything but reading, and the web socket) that do not come from another origin, as the
  browser says in ``Origin`` and ``Sec-Fetch-Site``,
- GraphQL that no plain form can send: never by GET, and only as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")
_READING = {"GET", "HEAD", "OPTIONS"}
_GRAPHQL = "/graphql"
_NO_FORM = ("application/json", "application/graphql")
_OWN_SITE = {"same-origin", "none"}


class UIGuard:
    """ASGI middleware before everything else.

    Args:
        names: the hosts under which the UI is opened, without a port.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = self._refusal(scope) if scope["type"] in {"http", "websocket"} else None
        if reason is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
        else:
            await PlainTextResponse(f"{reason}\n", 403)(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if urlsplit(f"//{host}").hostname not in self._names:
            return (
                "The Dagster UI is not served under this name: name it in "
                "SAMEGOAL_SYNC_DAGSTER_UI_URL"
            )
        is_graphql = scope["path"].rstrip("/").endswith(_GRAPHQL)
        if scope["type"] == "http" and scope["method"] in _READING:
            # Opened by a browser it is the page to try queries in; with a query it would run it.
            if is_graphql and scope["query_string"]:
                return "GraphQL is not taken by GET"
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return "Commands are not taken from another site"
        if headers.get("sec-fetch-site", "same-origin") not in _OWN_SITE:
            return "Commands are not taken from another site"
        content = headers.get("content-type", "").partition(";")[0].strip().lower()
        if scope["type"] == "http" and is_graphql and content not in _NO_FORM:
            return "GraphQL is taken as JSON only"
        return None
