"""The portal as an ASGI application."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from samegoal_sync.database.portal_login import portal_address
from samegoal_sync.errors import DatabaseError, SyncError
from samegoal_sync.portal.documents.pdf_jobs import PdfJobs
from samegoal_sync.portal.errors import NotFound, PortalError, SlowDown, Unexpected
from samegoal_sync.portal.headers import SecurityHeaders
from samegoal_sync.portal.owner_jobs import OwnerJobs
from samegoal_sync.portal.rendering.jinja_environment import render
from samegoal_sync.portal.routes import page_routes
from samegoal_sync.portal.tenant_connection import PortalDatabase
from samegoal_sync.portal.visit import Portal
from samegoal_sync.refresh.refresh_jobs import RefreshJobs
from samegoal_sync.settings import Settings

DAGSTER_UI_VARIABLE = "SAMEGOAL_SYNC_DAGSTER_UI_URL"

_STATIC = Path(__file__).parent / "static"


def create_app(
    settings: Settings, database_url: str, *, dagster_ui: str | None = None
) -> Starlette:
    """The portal over a migrated database.

    Args:
        database_url: the owner's address; pages are answered by the portal's own login.
        dagster_ui: address of the Dagster UI for the technical team's links; by default what
            ``SAMEGOAL_SYNC_DAGSTER_UI_URL`` says, and no links without it.
    """
    database = PortalDatabase(portal_address(settings, database_url))
    owner, pdfs = OwnerJobs(database_url), PdfJobs()
    refreshes = RefreshJobs(settings, database_url, database.url)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        with suppress(SyncError):
            refreshes.wake()  # what waited for the process before this one
        yield
        refreshes.close()
        pdfs.close()
        # A decision that runs is let end; it is bounded by the wait for the district's lock.
        app.state.portal.decisions.shutdown()
        owner.close()
        database.close()

    app = Starlette(
        routes=[*page_routes(), Mount("/static", StaticFiles(directory=_STATIC), name="static")],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={
            SyncError: _our_error,
            HTTPException: _not_found,
        },
        lifespan=lifespan,
    )
    # A slash too many is no page: a redirect would repeat the Host that a stranger sent.
    app.router.redirect_slashes = False
    ui = dagster_ui or os.environ.get(DAGSTER_UI_VARIABLE)
    app.state.portal = Portal(
        settings, database, owner, refreshes, pdfs, ui.rstrip("/") if ui else None
    )
    return app


async def _our_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, SyncError)
    if isinstance(error, PortalError):
        headers = {"retry-after": str(error.seconds)} if isinstance(error, SlowDown) else {}
        return _error_page(error.title, error, error.status, headers)
    if isinstance(error, DatabaseError):
        return _error_page("Not available just now", error, 503, {"retry-after": "10"})
    return _error_page("This did not work", error, 409)


async def _not_found(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in (404, 405):
        return _error_page(NotFound.title, NotFound(), error.status_code, dict(error.headers or {}))
    return _error_page("This did not work", Unexpected(), error.status_code)


def _error_page(
    title: str, error: SyncError, status: int, headers: dict[str, str] | None = None
) -> Response:
    return HTMLResponse(
        render("error.html", title=title, error=error, status=status), status, headers
    )
