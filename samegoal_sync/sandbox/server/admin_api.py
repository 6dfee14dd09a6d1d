"""The sandbox's own addresses, for this machine alone: records, faults, days, the log.

``/sandbox/{slug}/...`` speaks JSON; ``/{name}STS/...`` are pages that look as a district's do.
"""

from __future__ import annotations

import ipaddress
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from samegoal_sync.errors import SyncError
from samegoal_sync.sandbox.server.fault_kinds import Fault, FaultKind
from samegoal_sync.sandbox.server.integration_access import IntegrationAccess
from samegoal_sync.sandbox.server.setup_pages import page_routes

if TYPE_CHECKING:
    from samegoal_sync.sandbox.server.sandbox import Sandbox


class LoopbackOnly:
    """Refuses callers from other machines, other names for this one, and other sites' forms."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        host = request.url.hostname or ""
        client = request.client.host if request.client else ""
        foreign = request.headers.get("sec-fetch-site", "none") in ("cross-site", "same-site")
        origin = request.headers.get("origin")
        other = origin is not None and origin != f"{request.url.scheme}://{request.url.netloc}"
        if not _is_loopback(host) or not _is_loopback(client) or foreign or other:
            await JSONResponse({"error": "for this machine only"}, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown(access: IntegrationAccess) -> dict[str, Any]:
    """A record as it may be shown: whether it has a secret, never its hash."""
    values = access.to_json()
    values["has_secret"] = values.pop("secret_hash") is not None
    return values


def admin_app(sandbox: Sandbox) -> Starlette:
    """The application behind everything that is not a base URL."""
    routes = [
        *page_routes(sandbox),
        Route("/sandbox/{slug}/access", _Access(sandbox).handle, methods=["GET", "POST"]),
        Route("/sandbox/{slug}/access/{key:path}/{step}", _Access(sandbox).step, methods=["POST"]),
        Route(
            "/sandbox/{slug}/faults", _Control(sandbox).faults, methods=["GET", "POST", "DELETE"]
        ),
        Route("/sandbox/{slug}/advance", _Control(sandbox).advance, methods=["POST"]),
        Route("/sandbox/{slug}/trouble", _Control(sandbox).trouble, methods=["POST"]),
        Route("/sandbox/{slug}/today", _Control(sandbox).today, methods=["POST"]),
        Route("/sandbox/{slug}/log", _Control(sandbox).log),
    ]
    handlers: Any = {SyncError: _refused}
    return Starlette(
        routes=routes, exception_handlers=handlers, middleware=[Middleware(LoopbackOnly)]
    )


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SyncError)
    return JSONResponse({"error": error.what, "hint": error.hint}, 400)


async def _body(request: Request) -> dict[str, Any]:
    try:
        values = await request.json() if await request.body() else {}
    except ValueError:
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(values, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return values


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise HTTPException(400, "write dates as YYYY-MM-DD") from None


class _Access:
    """Integration Access records as JSON."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def handle(self, request: Request) -> Response:
        """List the records, or create one: ``{"key": ..., "name": ..., "expires": ...}``."""
        slug = request.path_params["slug"]
        if request.method == "GET":
            return JSONResponse([shown(item) for item in self._sandbox.system(slug).access.all()])
        values = await _body(request)
        access = self._sandbox.create_access(
            slug,
            str(values.get("key", "")),
            name=str(values.get("name", "SameGoal")),
            authentication=str(values.get("authentication", "OAuth 2.0")),
            entities=frozenset(values["entities"]) if values.get("entities") else None,
            effective=_day(values.get("effective")),
            expires=_day(values.get("expires")),
        )
        return JSONResponse(shown(access), 201)

    async def step(self, request: Request) -> Response:
        """``extend`` (with or without ``expires``), ``activate``, ``deactivate``, ``secret``."""
        slug, key, step = (request.path_params[name] for name in ("slug", "key", "step"))
        if step == "secret":
            return JSONResponse({"secret": self._sandbox.generate_secret(slug, key)})
        if step == "extend":
            values = await _body(request)
            return JSONResponse(
                shown(self._sandbox.extend_access(slug, key, _day(values.get("expires"))))
            )
        if step in ("activate", "deactivate"):
            return JSONResponse(
                shown(self._sandbox.set_access_active(slug, key, step == "activate"))
            )
        raise HTTPException(404)


class _Control:
    """Faults, days and the log as JSON."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def faults(self, request: Request) -> Response:
        """List, set (``{"kind": ..., "count": ..., "after": ..., "path": ...}``) or clear."""
        board = self._sandbox.system(request.path_params["slug"]).faults
        if request.method == "DELETE":
            board.clear()
        if request.method == "POST":
            values = await _body(request)
            try:
                board.add(Fault.from_json(values))
            except ValueError:
                expected = "a fault has numbers where numbers are asked for, and is one of: "
                raise HTTPException(400, expected + ", ".join(FaultKind)) from None
        return JSONResponse([item.to_json() for item in board.all()])

    async def advance(self, request: Request) -> Response:
        """Move on by ``{"days": 1}``; what changed comes back."""
        days = (await _body(request)).get("days", 1)
        if not isinstance(days, int):
            raise HTTPException(400, "days is a whole number")
        changes = self._sandbox.advance(request.path_params["slug"], days)
        return JSONResponse({**asdict(changes), "today": changes.today.isoformat()})

    async def trouble(self, request: Request) -> Response:
        """Give the district one kind of trouble, ``{"kind": ...}``; whom it befell comes back."""
        kind = str((await _body(request)).get("kind", ""))
        return JSONResponse(asdict(self._sandbox.trouble(request.path_params["slug"], kind)))

    async def today(self, request: Request) -> Response:
        """Set the calendar: ``{"today": "2027-08-01"}``."""
        day = _day((await _body(request)).get("today"))
        if day is None:
            raise HTTPException(400, "today is missing")
        self._sandbox.set_today(request.path_params["slug"], day)
        return JSONResponse({"today": day.isoformat()})

    async def log(self, request: Request) -> Response:
        """The usage log, oldest first."""
        entries = self._sandbox.log(request.path_params["slug"])
        return JSONResponse([{**asdict(item), "time": item.time.isoformat()} for item in entries])
