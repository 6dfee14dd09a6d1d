"""Sign in, by password and where there is one by a second factor; sign out."""

from __future__ import annotations

import asyncio
import hmac
import secrets

from itsdangerous import BadSignature, Signer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from samegoal_sync.portal.errors import Forbidden, SlowDown
from samegoal_sync.portal.identity import devices, sign_in_throttle
from samegoal_sync.portal.identity.accounts import (
    Credentials,
    Role,
    User,
    credentials_of,
    credentials_of_id,
    password_fits,
    still_signs_in,
)
from samegoal_sync.portal.identity.cookies import drop_cookie, read_cookie, set_cookie
from samegoal_sync.portal.identity.second_factor import code_fits, has_second_factor
from samegoal_sync.portal.identity.sessions import (
    ABSOLUTE,
    COOKIE,
    close_session,
    find_session,
    open_session,
    signer,
    timed_signer,
)
from samegoal_sync.portal.page_access import read_form, session_of, without_words
from samegoal_sync.portal.records.audit_trail import Action, record
from samegoal_sync.portal.rendering.jinja_environment import render
from samegoal_sync.portal.tenant_connection import Rows
from samegoal_sync.portal.turns import SIGN_INS
from samegoal_sync.portal.visit import Portal, Visit

#: Ties the sign-in form to the browser that asked for it, before there is a session.
FORM_COOKIE = "samegoal_form"
#: Whose password was right, while the code of the second factor is awaited.
HALF_COOKIE = "samegoal_half"
_HALF_SECONDS = 300
_LONGEST_LOGIN = 254
#: Answers held back at once; they keep no thread, but a connection each.
_MOST_HELD = 100
_held: set[object] = set()


async def sign_in(request: Request) -> Response:
    """The sign-in page, and its form."""
    form = await read_form(request)
    if request.method != "POST":
        return await run_in_threadpool(without_words, _form, request)
    # No account's login has a blank; what tries of other kinds are counted by has one.
    login = "".join(str(form.get("login", "")).replace("\0", "").lower().split())[:_LONGEST_LOGIN]
    await _begin(request, form, login)
    portal: Portal = request.app.state.portal
    async with portal.turns.one_of(SIGN_INS, "sign-in"):  # pages keep threads, whoever guesses
        return await run_in_threadpool(without_words, _by_password, request, form, login)


async def sign_in_code(request: Request) -> Response:
    """The page that asks for the second factor's code, and its form."""
    form = await read_form(request)
    found = await run_in_threadpool(without_words, _half_signed_in, request)
    if found is None:
        return RedirectResponse("/sign-in", 303)
    if request.method != "POST":
        return await run_in_threadpool(without_words, _code_form, request)
    await _begin(request, form, _code_login(found.user))
    return await run_in_threadpool(without_words, _by_code, request, form, found)


def sign_out(visit: Visit) -> Response:
    """End the session."""
    with visit.portal.database.web() as connection:
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


async def _begin(request: Request, form: FormData, login: str) -> None:
    """Write the try down, and hold it back where many failed.

    Raises:
        Forbidden: the form is not this browser's own.
        SlowDown: the try came too early.
    """
    hold = await run_in_threadpool(without_words, _verdict, request, form, login)
    if not hold:
        return
    if len(_held) >= _MOST_HELD:
        raise SlowDown(int(sign_in_throttle.LONGEST_HOLD))
    mark = object()
    _held.add(mark)
    try:
        await asyncio.sleep(hold)
    finally:
        _held.discard(mark)


def _verdict(request: Request, form: FormData, login: str) -> float:
    portal: Portal = request.app.state.portal
    address = _address(request)
    with portal.database.web() as connection:
        _require_own_form(request, str(form.get("csrf", "")), signer(connection))
        device = _device(connection, request, login)
        verdict = sign_in_throttle.begin_try(connection, login, address, device)
        if verdict.first_refusal:
            _record(connection, credentials_of(connection, login), Action.SIGN_IN_SLOWED, address)
    if verdict.wait:
        raise SlowDown(verdict.wait)
    return verdict.hold


def _form(request: Request, *, login: str = "", wrong: bool = False) -> Response:
    if session_of(request, request.app.state.portal) is not None:
        return RedirectResponse("/", 303)
    return _own_form(request, "sign_in.html", login=login, wrong=wrong)


def _code_form(request: Request, *, wrong: bool = False) -> Response:
    return _own_form(request, "sign_in_code.html", wrong=wrong)


def _own_form(request: Request, template: str, *, wrong: bool, **values: str) -> Response:
    portal: Portal = request.app.state.portal
    with portal.database.web() as connection:
        token = signer(connection).sign(secrets.token_urlsafe(16)).decode()
    response = HTMLResponse(
        render(template, csrf=token, wrong=wrong, **values), 401 if wrong else 200
    )
    set_cookie(request, response, FORM_COOKIE, token, 3600)
    return response


def _by_password(request: Request, form: FormData, login: str) -> Response:
    portal: Portal = request.app.state.portal
    with portal.database.web() as connection:
        found = credentials_of(connection, login)
    # Takes long on purpose: no connection is kept meanwhile.
    fits = password_fits(found.password_hash if found else None, str(form.get("password", "")))
    if not fits or found is None or found.user.disabled_at is not None:
        with portal.database.web() as connection:
            _record(connection, found, Action.SIGN_IN_FAILED, _address(request))
        return _form(request, login=login, wrong=True)
    with portal.database.web() as connection:
        if not still_signs_in(connection, found):  # reset or disabled this very moment
            _record(connection, found, Action.SIGN_IN_FAILED, _address(request))
            return _own_form(request, "sign_in.html", login=login, wrong=True)
        if not has_second_factor(connection, found.user.id):
            return _signed_in(connection, request, found.user)
        device = _device(connection, request, login)  # what is guessed from now on is the code
        sign_in_throttle.strike_out(connection, login, _address(request), device)
        half = timed_signer(connection).sign(f"{found.user.id} {found.fingerprint}").decode()
    response = RedirectResponse("/sign-in/code", 303)
    set_cookie(request, response, HALF_COOKIE, half, _HALF_SECONDS)
    return response


def _by_code(request: Request, form: FormData, found: Credentials) -> Response:
    portal: Portal = request.app.state.portal
    user = found.user
    with portal.database.web() as connection:
        code = str(form.get("code", ""))[:100]
        if not still_signs_in(connection, found):
            return RedirectResponse("/sign-in", 303)
        if code_fits(connection, portal.registry.cipher, user.id, code):
            return _signed_in(connection, request, user)
        _record(connection, found, Action.CODE_FAILED, _address(request))
    return _code_form(request, wrong=True)


def _signed_in(connection: Rows, request: Request, user: User) -> Response:
    """Open a session, and let the browser be known for this account."""
    cookie_signer = signer(connection)
    address, login = _address(request), user.login
    for name in (login, _code_login(user)):
        device = _device(connection, request, name)
        sign_in_throttle.strike_out(connection, name, address, device)
    before = find_session(connection, read_cookie(request, COOKIE), cookie_signer)
    if before:  # whoever was signed in in this browser no longer is
        close_session(connection, before)
    token = open_session(connection, user.id)
    record(connection, user, Action.SIGNED_IN, district=user.district, address=address)
    device = devices.device_of(read_cookie(request, devices.COOKIE), cookie_signer)
    browser = devices.remember_device(connection, device, user.id, cookie_signer)
    response = RedirectResponse("/", 303)
    session = cookie_signer.sign(token).decode()
    set_cookie(request, response, COOKIE, session, int(ABSOLUTE.total_seconds()))
    if browser:
        set_cookie(request, response, devices.COOKIE, browser, int(devices.KEPT.total_seconds()))
    drop_cookie(request, response, FORM_COOKIE)
    drop_cookie(request, response, HALF_COOKIE)
    return response


def _half_signed_in(request: Request) -> Credentials | None:
    """Whose password was right a moment ago in this browser, and is their password still."""
    portal: Portal = request.app.state.portal
    with portal.database.web() as connection:
        cookie = read_cookie(request, HALF_COOKIE) or ""
        try:
            half = timed_signer(connection).unsign(cookie, max_age=_HALF_SECONDS).decode()
        except BadSignature:
            return None
        user_id, _, fingerprint = half.partition(" ")
        found = credentials_of_id(connection, int(user_id))
    if found is None or not hmac.compare_digest(found.fingerprint, fingerprint):
        return None
    return found


def _record(connection: Rows, found: Credentials | None, action: Action, address: str) -> None:
    """A line for an account there is; a login that nobody has leaves none."""
    if found:
        user = found.user
        record(connection, user, action, district=user.district, address=address)


def _device(connection: Rows, request: Request, login: str) -> bytes | None:
    device = devices.device_of(read_cookie(request, devices.COOKIE), signer(connection))
    return devices.known_device(connection, device, login.removeprefix(_CODE_OF))


_CODE_OF = "code of "


def _code_login(user: User) -> str:
    """The login under which wrong codes are counted; none has a blank."""
    return f"{_CODE_OF}{user.login}"


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _require_own_form(request: Request, token: str, cookie_signer: Signer) -> None:
    cookie = read_cookie(request, FORM_COOKIE) or ""
    try:
        cookie_signer.unsign(cookie)
    except BadSignature:
        raise Forbidden from None
    if not hmac.compare_digest(cookie.encode(), token.encode()):
        raise Forbidden
