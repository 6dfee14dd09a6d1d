"""The door of every page: signed in, allowed, and the form's token right; then the page runs.

Whoever may not open a page gets the same answer as for a page that does not exist.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psycopg
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive

from samegoal_sync.errors import SyncError
from samegoal_sync.outside_text import has_heap_of_marks, whole_number
from samegoal_sync.portal.errors import Forbidden, NotFound, Refused, Unexpected, changed_meanwhile
from samegoal_sync.portal.faults import fault_in_words
from samegoal_sync.portal.identity.accounts import Role
from samegoal_sync.portal.identity.cookies import by_tls, read_cookie
from samegoal_sync.portal.identity.second_factor import has_second_factor
from samegoal_sync.portal.identity.sessions import COOKIE, Session, find_session, signer
from samegoal_sync.portal.tenant_connection import one
from samegoal_sync.portal.visit import Page, Portal, Visit

EVERYONE = frozenset(Role)
MANAGING = frozenset({Role.TECHNICAL_TEAM, Role.ADMINISTRATIVE})
TEAM = frozenset({Role.TECHNICAL_TEAM})

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: What Postgres says to one of two transactions that came between each other. A row that is
#: written for a student is refused so, too, when the student is deleted at that moment.
_CROSSED = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.ForeignKeyViolation,
)

_LARGEST_FORM = 512 * 1024
#: A district of 2,000 schools maps each in two fields.
_MOST_FIELDS = 5000


def guarded(page: Page, roles: frozenset[Role]) -> Callable[[Request], Awaitable[Response]]:
    """A page behind its door, as Starlette takes it."""

    async def endpoint(request: Request) -> Response:
        form = await read_form(request)
        visit = await run_in_threadpool(without_words, _let_in, request, form, roles)
        if isinstance(visit, Response):
            return visit
        async with visit.portal.turns.of(visit.user) as waited:
            if waited:  # the account may be disabled by now
                visit = await run_in_threadpool(without_words, _let_in, request, form, roles)
                if isinstance(visit, Response):
                    return visit
            return await run_in_threadpool(without_words, page, visit)

    return endpoint


def without_words(answer: Callable[..., T], *arguments: Any) -> T:
    """Answer; of an unforeseen error only type and place reach the log, as its text may quote
    a student's record.

    Raises:
        SyncError: what the page itself says.
        Conflict: somebody else's transaction came between.
        Unexpected: anything else.
    """
    try:
        return answer(*arguments)
    except (SyncError, HTTPException):
        raise
    except _CROSSED:
        raise changed_meanwhile() from None
    except Exception as error:
        _log.error("%s", fault_in_words(error))
        raise Unexpected from None


async def read_form(request: Request) -> FormData:
    """The form that was sent, if any.

    Raises:
        Forbidden: it comes from another site.
        Refused: it is too large.
    """
    if request.method != "POST":
        return FormData()
    refuse_other_sites(request)
    length = whole_number(request.headers.get("content-length", ""))
    if length is None or length > _LARGEST_FORM:
        raise _too_large()
    sent = Request(request.scope, _counted(request.receive))
    form = await sent.form(max_files=0, max_fields=_MOST_FIELDS)
    if any(has_heap_of_marks(value) for _, value in form.multi_items() if isinstance(value, str)):
        raise Refused(
            "A text has more accents upon one letter than any language writes",
            hint="Remove them (they may have come with a copied text) and send it again.",
        )
    return form


def _counted(receive: Receive) -> Receive:
    """The request's body as far as a form may be long: HTTP takes a body in chunks for what it
    is, whatever length was told beside it.
    """
    size = 0

    async def next_part() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > _LARGEST_FORM:
            raise _too_large()
        return message

    return next_part


def _too_large() -> Refused:
    return Refused("The form is too large", hint="Shorten the longest text and send it again.")


def refuse_other_sites(request: Request) -> None:
    """Refuse a form that a browser says comes from another site.

    Raises:
        Forbidden: it does.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden


def session_of(request: Request, portal: Portal) -> Session | None:
    """The session of the request's cookie."""
    with portal.database.web() as connection:
        return find_session(connection, read_cookie(request, COOKIE), signer(connection))


def _let_in(request: Request, form: FormData, roles: frozenset[Role]) -> Visit | Response:
    """The visit of a person who may open the page; else where they are sent.

    Raises:
        NotFound, Forbidden: they may not, or the form is not theirs.
    """
    portal: Portal = request.app.state.portal
    session = session_of(request, portal)
    if session is None:
        if "hx-request" in request.headers:  # else the sign-in page would stand inside the page
            return Response(status_code=204, headers={"hx-redirect": "/sign-in"})
        return RedirectResponse("/sign-in", 303)
    request.state.session = session
    visit = Visit(request, portal, session, form)
    if session.user.role not in roles:
        raise NotFound
    if "district" in request.path_params:
        _require_district(visit)
    if request.method == "POST" and not hmac.compare_digest(
        session.csrf.encode(), visit.field("csrf").encode()
    ):
        raise Forbidden
    if _needs_second_factor(visit):
        return RedirectResponse("/account/second-factor", 303)
    return visit


def _needs_second_factor(visit: Visit) -> bool:
    """Whether the person sees all districts, over a network, by a password alone.

    Without TLS this is somebody's own machine: a demo, or a developer's.
    """
    if visit.user.role != Role.TECHNICAL_TEAM or not by_tls(visit.request):
        return False
    if visit.request.url.path.startswith(("/account", "/sign-out")):
        return False
    with visit.portal.database.web() as connection:
        return not has_second_factor(connection, visit.user.id)


def _require_district(visit: Visit) -> None:
    # Postgres takes no text with a NUL in it.
    if not visit.user.sees(visit.slug) or "\0" in visit.slug:
        raise NotFound
    with visit.district() as connection:
        if one(connection, "select 1 from districts") is None:
            raise NotFound
