"""Browsers in which an account has signed in before: a random token, of which a hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from itsdangerous import BadSignature, Signer

from samegoal_sync.portal.identity.sessions import now
from samegoal_sync.portal.tenant_connection import Rows, one

COOKIE = "samegoal_browser"
KEPT = timedelta(days=180)


def device_of(cookie: str | None, cookie_signer: Signer) -> bytes | None:
    """The hash of the browser's token; ``None`` when there is none that is genuine."""
    try:
        return hashlib.sha256(cookie_signer.unsign(cookie or "")).digest()
    except BadSignature:
        return None


def known_device(connection: Rows, device: bytes | None, login: str) -> bytes | None:
    """The browser, if the account with this login has signed in there."""
    found = device and one(
        connection,
        "select 1 from portal_devices d join portal_users u on u.id = d.user_id "
        "where d.token_hash = %s and u.login = %s and d.seen_at > %s",
        (device, login, now() - KEPT),
    )
    return device if found else None


def remember_device(
    connection: Rows, device: bytes | None, user_id: int, cookie_signer: Signer
) -> str | None:
    """Note that an account signed in in this browser; a cookie for one that had none."""
    cookie = None
    if device is None:
        cookie = cookie_signer.sign(secrets.token_urlsafe(32)).decode()
        device = device_of(cookie, cookie_signer)
    connection.execute("delete from portal_devices where seen_at < %s", (now() - KEPT,))
    connection.execute(
        "insert into portal_devices (token_hash, user_id, seen_at) values (%s, %s, %s) "
        "on conflict (token_hash, user_id) do update set seen_at = excluded.seen_at",
        (device, user_id, now()),
    )
    return cookie
