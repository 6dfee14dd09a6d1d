"""A person's own account: another password, and the second factor."""

from __future__ import annotations

from starlette.responses import Response

from samegoal_sync.errors import UsageError
from samegoal_sync.portal.errors import SlowDown
from samegoal_sync.portal.identity.accounts import (
    change_password,
    credentials_of,
    password_fits,
)
from samegoal_sync.portal.identity.second_factor import (
    begin_setup,
    confirm,
    has_second_factor,
    qr_code,
)
from samegoal_sync.portal.identity.sessions import close_other_sessions
from samegoal_sync.portal.identity.sign_in_throttle import begin_try, strike_out
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.visit import Visit
from samegoal_sync.secret import Secret


def account(visit: Visit) -> Response:
    """Who is signed in, and what they may change of their account."""
    return _account(visit)


def save_password(visit: Visit) -> Response:
    """Take another password from whoever knows the present one."""
    login = visit.user.login
    database = visit.portal.database
    with database.web() as connection:
        # Whoever found the browser open guesses no faster than at the sign-in page.
        verdict = begin_try(connection, f"password of {login}", visit.address, None)
        found = credentials_of(connection, login)
    if verdict.wait:
        raise SlowDown(verdict.wait)
    password = str(visit.form.get("new", ""))
    errors, wrong = {}, "This is not your present password."
    if found is None or not password_fits(found.password_hash, str(visit.form.get("old", ""))):
        errors["old"] = wrong
    elif password != str(visit.form.get("again", "")):
        errors["again"] = "The two do not match."
    else:
        try:
            with database.web() as connection:
                session = visit.session.token_hash
                if change_password(connection, found, Secret(password), session):
                    strike_out(connection, f"password of {login}", visit.address, None)
                    visit.record(connection, Action.PASSWORD_CHANGED)
                else:
                    errors["old"] = wrong
        except UsageError as error:
            errors["new"] = f"{error.what[:1].upper()}{error.what[1:]}: {error.hint}."
    if errors:
        return _account(visit, errors)
    return visit.go("/account", "Your password is changed; other browsers are signed out.")


def second_factor(visit: Visit) -> Response:
    """What to scan, and the field for the first code."""
    return _second_factor(visit)


def confirm_second_factor(visit: Visit) -> Response:
    """Put the second factor in force, and show its recovery codes this once."""
    with visit.portal.database.web() as connection:
        cipher = visit.portal.registry.cipher
        codes = confirm(connection, cipher, visit.user, visit.field("code"))
        if codes:
            close_other_sessions(connection, visit.session)
            visit.record(connection, Action.SECOND_FACTOR)
    if codes is None:
        return _second_factor(visit, {"code": "This is not the code the app shows now."})
    return visit.page("recovery_codes.html", codes=codes)


def _account(visit: Visit, errors: dict[str, str] | None = None) -> Response:
    with visit.portal.database.web() as connection:
        second = has_second_factor(connection, visit.user.id)
    return visit.page(
        "account.html", 422 if errors else 200, errors=errors or {}, second_factor=second
    )


def _second_factor(visit: Visit, errors: dict[str, str] | None = None) -> Response:
    with visit.portal.database.web() as connection:
        secret = begin_setup(connection, visit.portal.registry.cipher, visit.user)
    if secret is None:
        return visit.go("/account", "Your second factor is set up.")
    return visit.page(
        "second_factor.html",
        422 if errors else 200,
        errors=errors or {},
        picture=qr_code(visit.user, secret),
        typed_in=secret.reveal(),
    )
