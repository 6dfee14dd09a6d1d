"""Sign in and out."""

from __future__ import annotations

import hmac
import secrets

from itsdangerous import BadSignature, Signer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from samegoal_sync.portal.errors import Forbidden
from samegoal_sync.portal.identity.accounts import Role, User, password_fits
from samegoal_sync.portal.identity.cookies import drop_cookie, read_cookie, set_cookie
from samegoal_sync.portal.identity.sessions import (
    ABSOLUTE,
    COOKIE,
    close_session,
    find_session,
    open_session,
    signer,
)
from samegoal_sync.portal.identity.sign_in_throttle import begin_try, strike_out
from samegoal_sync.portal.page_access import read_form, session_of, without_words
from samegoal_sync.portal.records.audit_trail import Action, record
from samegoal_sync.portal.rendering.jinja_environment import render
from samegoal_sync.portal.tenant_connection import Rows, one
from samegoal_sync.portal.visit import Portal, Visit

#: Ties the sign-in form to the browser that asked for it, before there is a session.
FORM_COOKIE = "samegoal_form"
_LONGEST_LOGIN = 254


async def sign_in(request: Request) -> Response:
    """The sign-in page, and its form."""
    form = await read_form(request)
    answer = _try_to_sign_in if request.method == "POST" else _form
    return await run_in_threadpool(without_words, answer, request, form)


def sign_out(visit: Visit) -> Response:
    """End the session."""
    with visit.portal.database.owner() as connection:
        visit.record(connection, Action.SIGNED_OUT)
        close_session(connection, visit.session)
    response = RedirectResponse("/sign-in", 303)
    drop_cookie(visit.request, response, COOKIE)
    return response


def home(visit: Visit) -> Response:
    """Each role's first page."""
    if visit.user.role == Role.TECHNICAL_TEAM:
        return visit.go("/team")
    return visit.go(f"/d/{visit.user.district}/students")


def _form(request: Request, _form: FormData, *, login: str = "", wrong: bool = False) -> Response:
    portal: Portal = request.app.state.portal
    if session_of(request, portal) is not None:
        return RedirectResponse("/", 303)
    with portal.database.owner() as connection:
        token = signer(connection).sign(secrets.token_urlsafe(16)).decode()
    response = HTMLResponse(
        render("sign_in.html", csrf=token, login=login, wrong=wrong), 401 if wrong else 200
    )
    set_cookie(request, response, FORM_COOKIE, token, 3600)
    return response


def _try_to_sign_in(request: Request, form: FormData) -> Response:
    portal: Portal = request.app.state.portal
    login = str(form.get("login", "")).replace("\0", "").strip().lower()[:_LONGEST_LOGIN]
    password = str(form.get("password", ""))
    address = request.client.host if request.client else ""
    with portal.database.owner() as connection:
        cookie_signer = signer(connection)
        _require_own_form(request, str(form.get("csrf", "")), cookie_signer)
    with portal.database.owner() as connection:
        begin_try(connection, login, address)
    with portal.database.owner() as connection:
        row = one(
            connection,
            "select id, login, name, role, district, created_at, disabled_at, last_signed_in_at, "
            "password_hash from portal_users where login = %s",
            (login,),
        )
        password_hash = row.pop("password_hash") if row else None
        user = User(**row) if row else None
        fits = password_fits(password_hash, password) and user and user.disabled_at is None
        if not fits or user is None:
            if user:
                record(
                    connection,
                    user,
                    Action.SIGN_IN_FAILED,
                    district=user.district,
                    address=address,
                )
        else:
            strike_out(connection, login)
            _end_session_before(connection, request, cookie_signer)
            token = open_session(connection, user.id)
            record(connection, user, Action.SIGNED_IN, district=user.district, address=address)
    if not fits:
        return _form(request, form, login=login, wrong=True)
    response = RedirectResponse("/", 303)
    set_cookie(
        request,
        response,
        COOKIE,
        cookie_signer.sign(token).decode(),
        int(ABSOLUTE.total_seconds()),
    )
    drop_cookie(request, response, FORM_COOKIE)
    return response


def _end_session_before(connection: Rows, request: Request, cookie_signer: Signer) -> None:
    """Whoever was signed in in this browser no longer is."""
    before = find_session(connection, read_cookie(request, COOKIE), cookie_signer)
    if before:
        close_session(connection, before)


def _require_own_form(request: Request, token: str, cookie_signer: Signer) -> None:
    cookie = read_cookie(request, FORM_COOKIE) or ""
    try:
        cookie_signer.unsign(cookie)
    except BadSignature:
        raise Forbidden from None
    if not hmac.compare_digest(cookie.encode(), token.encode()):
        raise Forbidden
