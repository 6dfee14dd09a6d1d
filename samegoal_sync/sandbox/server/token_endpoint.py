"""The token address, and whether a request's token and its Integration Access are good today."""

from __future__ import annotations

import base64
import binascii
import time
from urllib.parse import parse_qsl

from samegoal_sync.sandbox.server.answers import Answer, Refusal, refusal
from samegoal_sync.sandbox.server.asgi_request import Call
from samegoal_sync.sandbox.server.integration_access import IntegrationAccess
from samegoal_sync.sandbox.server.simulated_system import System


def token_answer(system: System, call: Call, *, basic_only: bool = False) -> Answer:
    """The login: form POST, or GET with HTTP Basic and the grant in the query."""
    fields = dict(call.query)
    if call.method == "POST":
        fields |= dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    key, secret = _basic(call) or (fields.get("client_id", ""), fields.get("client_secret", ""))
    call.key = key or None
    if fields.get("grant_type") != "client_credentials":
        raise _login_refused(
            400, "unsupported_grant_type", "The grant type must be client_credentials."
        )
    access = system.access.find(key)
    by_basic = "client_secret" not in fields
    if basic_only and not by_basic:
        raise _login_refused(401, "invalid_client", "Client authentication failed.")
    if access is None or not access.has_secret(secret) or not _extra_field(access, fields):
        raise _login_refused(400, "invalid_client", "The client key or secret is not valid.")
    reason = access.refusal(system.today)
    if reason:
        raise _login_refused(403, "unauthorized_client", reason)
    body = {
        "access_token": system.issue_token(key),
        "token_type": "bearer",
        "expires_in": int(system.token_lifetime),
    }
    return Answer.json(200, body)


def _basic(call: Call) -> tuple[str, str] | None:
    kind, _, value = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return key, secret


def _extra_field(access: IntegrationAccess, fields: dict[str, str]) -> bool:
    return access.token_field is None or fields.get(access.token_field[0]) == access.token_field[1]


def _login_refused(status: int, error: str, description: str) -> Refusal:
    return Refusal(Answer.json(status, {"error": error, "error_description": description}))


def authorized(system: System, call: Call) -> IntegrationAccess:
    """The access whose token a call carries.

    Raises:
        Refusal: 401 without a good token, 403 when the access does not work today.
    """
    kind, _, text = call.headers.get("authorization", "").partition(" ")
    token = system.token(text) if kind.lower() == "bearer" else None
    if token is None:
        raise refusal(401, "Authorization has been denied for this request.")
    call.key = token.key
    if token.until < time.monotonic():
        raise refusal(401, "Token has expired")
    access = system.access.find(token.key)
    reason = (
        "The Integration Access was removed." if access is None else access.refusal(system.today)
    )
    if access is None or reason:
        raise refusal(403, reason or "")
    return access
