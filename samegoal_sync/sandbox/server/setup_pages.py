"""Pages to walk through a district's steps: Administrative Access > API > Integration.

They need no script. What a button does is what the methods of ``Sandbox`` do.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from samegoal_sync.errors import SyncError
from samegoal_sync.sandbox.server.fault_kinds import DESCRIPTIONS, Fault
from samegoal_sync.sandbox.server.integration_access import (
    ANY,
    OAUTH1,
    OAUTH2,
    PRODUCT,
    a_year_after,
)
from samegoal_sync.sandbox.server.simulated_system import System

if TYPE_CHECKING:
    from samegoal_sync.sandbox.server.sandbox import Sandbox

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)
_LOG_ROWS = 200


def page_routes(sandbox: Sandbox) -> list[Route]:
    """The start page and each district's pages under its web address."""
    pages = _Pages(sandbox)
    return [
        Route("/", pages.start),
        Route("/{name}STS", pages.home),
        Route("/{name}STS/integration", pages.integration),
        Route("/{name}STS/integration/add", pages.add, methods=["GET", "POST"]),
        Route("/{name}STS/integration/{step}", pages.step, methods=["POST"]),
        Route("/{name}STS/faults", pages.faults, methods=["GET", "POST"]),
        Route("/{name}STS/advance", pages.advance, methods=["POST"]),
        Route("/{name}STS/log", pages.log),
    ]


class _Pages:
    """Handlers; each finds its system by the name in the address."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def _system(self, request: Request) -> System:
        path = f"/{request.path_params['name']}API"
        for system in self._sandbox.systems.values():
            if system.path == path:
                return system
        raise HTTPException(404)

    def _show(self, template: str, system: System | None = None, **values: Any) -> Response:
        if system is not None:
            slug = system.district.slug
            values |= {
                "system": system,
                "web": self._sandbox.web_url(slug).partition(str(self._sandbox.port))[2],
                "base_url": self._sandbox.base_url(slug),
            }
        return HTMLResponse(_TEMPLATES.get_template(template).render(**values))

    async def start(self, request: Request) -> Response:
        """All districts of the sandbox."""
        rows = [
            (system.district, self._sandbox.web_url(slug), self._sandbox.base_url(slug))
            for slug, system in self._sandbox.systems.items()
        ]
        return self._show("start.html", rows=rows)

    async def home(self, request: Request) -> Response:
        """A district's own start page: where things are, and its calendar."""
        return self._show("home.html", self._system(request), changes=None)

    async def integration(self, request: Request) -> Response:
        """Administrative Access > API > Integration: the records."""
        return self._records(self._system(request))

    def _records(self, system: System, secret: str | None = None, error: str = "") -> Response:
        return self._show(
            "integration.html", system, records=system.access.all(), secret=secret, error=error
        )

    async def add(self, request: Request) -> Response:
        """The form for a new record, with the values that Qmlativ proposes."""
        system = self._system(request)
        if request.method == "GET":
            return self._form(system, "")
        async with request.form() as form:
            chosen = frozenset(int(str(item)) for item in form.getlist("entities"))
            try:
                self._sandbox.create_access(
                    system.district.slug,
                    str(form.get("key", "")),
                    name=str(form.get("name", "")),
                    authentication=str(form.get("authentication", OAUTH2)),
                    entities=chosen,
                    effective=_day(form.get("effective")),
                    expires=_day(form.get("expires")),
                    never_expires=not form.get("expires"),
                )
            except SyncError as error:
                return self._form(system, f"{error.what}: {error.hint}.")
            except ValueError:
                return self._form(system, "Write dates as YYYY-MM-DD.")
        return RedirectResponse(request.url.path.removesuffix("/add"), 303)

    def _form(self, system: System, error: str) -> Response:
        return self._show(
            "add.html",
            system,
            error=error,
            product=PRODUCT,
            kinds=(OAUTH2, ANY, OAUTH1),
            expires=a_year_after(system.today),
            entities=system.tables["District/Entity"].select("EntityID", "Code", "Name").rows(),
        )

    async def step(self, request: Request) -> Response:
        """A button of a record; a new secret is on the page that answers, and never again."""
        system, slug = self._system(request), self._system(request).district.slug
        async with request.form() as form:
            key = str(form.get("key", ""))
        try:
            match request.path_params["step"]:
                case "secret":
                    return self._records(system, self._sandbox.generate_secret(slug, key))
                case "extend":
                    until = system.access.get(key).expires or system.today
                    self._sandbox.extend_access(slug, key, a_year_after(max(until, system.today)))
                case "no-expiry":
                    self._sandbox.extend_access(slug, key, None)
                case "activate" | "deactivate" as step:
                    self._sandbox.set_access_active(slug, key, step == "activate")
                case _:
                    raise HTTPException(404)
        except SyncError as error:
            return self._records(system, error=f"{error.what}: {error.hint}.")
        return RedirectResponse(request.url.path.rpartition("/")[0], 303)

    async def faults(self, request: Request) -> Response:
        """What goes wrong, set by hand."""
        system, error = self._system(request), ""
        if request.method == "POST":
            async with request.form() as form:
                values = {name: str(value) for name, value in form.items()}
            try:
                _set_faults(system, values)
            except ValueError:
                error = "A fault has a kind, and numbers where numbers are asked for."
        return self._show(
            "faults.html", system, faults=system.faults.all(), kinds=DESCRIPTIONS, error=error
        )

    async def advance(self, request: Request) -> Response:
        """One day on; what changed is on the page that answers."""
        system = self._system(request)
        changes = self._sandbox.advance(system.district.slug)
        return self._show("home.html", system, changes=changes.counts())

    async def log(self, request: Request) -> Response:
        """The newest calls of the usage log."""
        system = self._system(request)
        return self._show("log.html", system, entries=list(system.log)[: -_LOG_ROWS - 1 : -1])


def _day(text: object) -> date | None:
    return date.fromisoformat(str(text)) if text else None


def _set_faults(system: System, values: dict[str, str]) -> None:
    """Set the fault of a form, or clear all.

    Raises:
        ValueError: an unknown kind or something that is no number.
    """
    if "clear" in values:
        system.faults.clear()
        return
    system.faults.add(Fault.from_json(values))
