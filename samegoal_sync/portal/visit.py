"""One request of a signed-in person: what a page is given, and how it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from samegoal_sync.districts.monitoring.district_status import DistrictStatus, status_of
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.outside_text import cleaned_text, whole_number
from samegoal_sync.portal.documents.pdf_jobs import PdfJobs
from samegoal_sync.portal.errors import NotFound, changed_meanwhile
from samegoal_sync.portal.identity.accounts import Role, User
from samegoal_sync.portal.identity.sessions import Session, save_state
from samegoal_sync.portal.owner_jobs import DECISIONS_AT_ONCE, OwnerJobs
from samegoal_sync.portal.records.audit_trail import Action, record
from samegoal_sync.portal.records.district_alert import Alert, alerts_of
from samegoal_sync.portal.records.district_problems import count_problems
from samegoal_sync.portal.rendering.jinja_environment import render
from samegoal_sync.portal.tenant_connection import PortalDatabase, Rows, one
from samegoal_sync.portal.turns import Turns
from samegoal_sync.refresh.refresh_jobs import RefreshJobs
from samegoal_sync.samegoal.publication.student_record import StudentRecord, record_by_portal_id
from samegoal_sync.settings import Settings

T = TypeVar("T")

_TRIES = 3


@dataclass(frozen=True)
class Portal:
    """What all requests share."""

    settings: Settings
    database: PortalDatabase
    owner: OwnerJobs
    refreshes: RefreshJobs
    pdfs: PdfJobs
    dagster_ui: str | None = None
    #: Decisions on held nights, outside of the requests that began them.
    decisions: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(DECISIONS_AT_ONCE, "decision")
    )

    turns: Turns = field(default_factory=Turns)

    @property
    def registry(self) -> Registry:
        """The registry of districts, as far as the portal's login may read and change it."""
        return Registry(self.settings, self.database.url)


@dataclass
class Visit:
    """A request that may be answered: the person is signed in and may open the page."""

    request: Request
    portal: Portal
    session: Session
    form: FormData

    @property
    def user(self) -> User:
        return self.session.user

    @property
    def slug(self) -> str:
        """The district of the page; ``find_district`` has seen to it that it may be seen."""
        return str(self.request.path_params["district"])

    @property
    def manages(self) -> bool:
        """Whether the person may open the district's settings."""
        return self.user.role != Role.TEACHER

    @property
    def address(self) -> str:
        """Where the person is, as the server sees it."""
        return self.request.client.host if self.request.client else ""

    def field(self, name: str) -> str:
        """A text field of the form that was sent; empty when it is not there."""
        return _clean(self.form.get(name, ""))

    def line(self, name: str) -> str:
        """The same of a name or another short text, cleaned as names from outside are."""
        return cleaned_text(self.field(name))

    def all_fields(self) -> dict[str, str]:
        """Every text field of the form, the last of each name."""
        return {name: _clean(value) for name, value in self.form.items()}

    def fields(self, name: str) -> list[str]:
        """Every field of this name, in the order of the form."""
        return [_clean(value) for value in self.form.getlist(name)]

    def lines(self, name: str) -> list[str]:
        """Every field of this name, each cleaned as ``line`` is."""
        return [cleaned_text(value) for value in self.fields(name)]

    def number(self, name: str) -> int | None:
        """A whole number of the address; ``None`` when it is none that Postgres can hold."""
        return whole_number(self.request.query_params.get(name, ""))

    def uuid(self, name: str) -> UUID:
        """An opaque id of the address.

        Raises:
            NotFound: it is not one.
        """
        try:
            return UUID(str(self.request.path_params[name]))
        except ValueError:
            raise NotFound from None

    @property
    def student_address(self) -> str:
        """The Details tab of the student whom the address names."""
        return f"/d/{self.slug}/students/{self.uuid('student')}"

    def student_record(self, connection: Rows) -> StudentRecord:
        """The record of the student whom the address names.

        Raises:
            NotFound: the person sees no such student.
        """
        found = record_by_portal_id(connection, self.uuid("student"))
        if found is None:
            raise NotFound
        return found

    @contextmanager
    def district(self, *, snapshot: bool = False) -> Iterator[Rows]:
        """A transaction that sees this page's district only, and of it what the person may see."""
        with self.portal.database.district(
            self.slug, user=self.user.id, sees_all=self.manages, snapshot=snapshot
        ) as connection:
            yield connection

    def at_one_moment(self, work: Callable[[Rows], T]) -> T:
        """What ``work`` reads and writes in one transaction of one moment.

        A night may move a Student Id to another student between the statement that reads it and
        the one that writes by it. Postgres refuses such a write, and ``work`` is done anew.

        Args:
            work: does nothing beyond its connection.

        Raises:
            Conflict: it was refused time and again.
        """
        for _ in range(_TRIES):
            try:
                with self.district(snapshot=True) as connection:
                    return work(connection)
            except psycopg.errors.SerializationFailure:
                continue
        raise changed_meanwhile()

    def record(self, connection: Rows, action: Action, **about: Any) -> None:
        """Write a line of the audit log in this transaction."""
        self.witness(action, **about)(connection)

    def witness(self, action: Action, **about: Any) -> Callable[[Any], None]:
        """What writes the line in whichever transaction it is given; can be sent to a process."""
        district = self.slug if "district" in self.request.path_params else self.user.district
        return partial(
            record, user=self.user, action=action, district=district, address=self.address, **about
        )

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Answer with a page; whoever manages the district sees on each what waits for them."""
        alerts, waiting = self._waiting()
        return HTMLResponse(
            render(
                template,
                visit=self,
                user=self.user,
                csrf=self.session.csrf,
                message=self._message(),
                here=self._district_named(),
                **{"alerts": alerts, "waiting": waiting, **values},
            ),
            status,
        )

    @property
    def wants_part(self) -> bool:
        """Whether htmx asks, which wants a part of the page."""
        return "hx-request" in self.request.headers

    def part(self, template: str, **values: Any) -> Response:
        """Answer with a part of a page, which htmx puts in the place of the one shown."""
        here = {"slug": self.slug} if "district" in self.request.path_params else None
        return HTMLResponse(
            render(template, visit=self, here=here, csrf=self.session.csrf, **values)
        )

    def go(self, path: str, message: str | None = None, *, tone: str = "good") -> Response:
        """Answer with another address, which shows the message.

        Args:
            tone: ``good``, ``warn`` or ``bad``: how the message looks, and how it is announced.
        """
        if message:
            self.remember("message", {"text": message, "tone": tone})
        return RedirectResponse(path, 303)

    def remember(self, name: str, value: Any) -> None:
        """Keep a value in the session; ``None`` forgets it."""
        with self.portal.database.web() as connection:
            save_state(connection, self.session, name, value)

    def _message(self) -> dict[str, str] | None:
        message: dict[str, str] | None = self.session.state.get("message")
        if message:
            self.remember("message", None)
        return message

    def district_status(self) -> DistrictStatus:
        """How the page's district stands, as it is shown everywhere."""
        with self.portal.database.web() as web:
            status = status_of(web, self.slug, datetime.now(UTC))
        if status is None:
            raise NotFound
        return status

    def _waiting(self) -> tuple[list[Alert], int]:
        """What is not well with the district, and how many problems wait."""
        if "district" not in self.request.path_params or not self.manages:
            return [], 0
        status = self.district_status()
        with self.district() as connection:
            count = count_problems(connection, status)
        return alerts_of(status, team=self.user.role == Role.TECHNICAL_TEAM), count

    def _district_named(self) -> dict[str, Any] | None:
        if "district" not in self.request.path_params:
            return None
        with self.district() as connection:
            named: dict[str, Any] | None = one(
                connection,
                "select slug, name, state, time_zone, hour, expires_on, message from districts",
            )
            return named


def _clean(value: object) -> str:
    """Text of a form without the NUL that Postgres can't hold; a file is no text."""
    return value.replace("\0", "").strip() if isinstance(value, str) else ""


#: A page: takes the visit, gives the answer; runs in a thread.
Page = Callable[[Visit], Response]
