"""Sessions: a signed random token in a cookie, everything else in Postgres.

The token is worthless in the database (only its hash lies there) and worthless outside it (a
signature that does not fit is refused before anything is looked up).
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadSignature, Signer, TimestampSigner
from psycopg.types.json import Jsonb

from samegoal_sync.portal.identity.accounts import User
from samegoal_sync.portal.tenant_connection import Rows, one

COOKIE = "samegoal_session"
IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
#: A session is marked as seen this often at most, so that reading pages writes little.
_SEEN_EVERY = timedelta(minutes=1)


@dataclass
class Session:
    """A signed-in person's session. ``state`` holds the list's search and a message to show."""

    user: User
    csrf: str
    token_hash: bytes
    state: dict[str, Any] = field(default_factory=dict)


def now() -> datetime:
    """The clock, in one place so that tests can set it."""
    return datetime.now(UTC)


def signer(connection: Rows) -> Signer:
    """Signs cookies with the key that the database was given when it was made."""
    key = one(connection, "select key from portal_keys")["key"]
    return Signer(key, salt="samegoal-portal", digest_method=hashlib.sha256)


def timed_signer(connection: Rows) -> TimestampSigner:
    """Signs what is good for some minutes, with the same key for another purpose."""
    key = one(connection, "select key from portal_keys")["key"]
    return TimestampSigner(key, salt="samegoal-portal-half", digest_method=hashlib.sha256)


def open_session(connection: Rows, user_id: int) -> str:
    """Open a session and return its token, unsigned. Old sessions of anyone are swept out."""
    moment = now()
    connection.execute(
        "delete from portal_sessions where seen_at < %s or created_at < %s",
        (moment - IDLE, moment - ABSOLUTE),
    )
    token = secrets.token_urlsafe(32)
    connection.execute(
        "insert into portal_sessions (token_hash, user_id, csrf, created_at, seen_at) "
        "values (%s, %s, %s, %s, %s)",
        (_hash(token), user_id, secrets.token_urlsafe(24), moment, moment),
    )
    connection.execute(
        "update portal_users set last_signed_in_at = %s where id = %s", (moment, user_id)
    )
    return token


def find_session(connection: Rows, cookie: str | None, cookie_signer: Signer) -> Session | None:
    """The session of a cookie, if it is genuine, not timed out, and its account is enabled."""
    if not cookie:
        return None
    try:
        token = cookie_signer.unsign(cookie).decode()
    except (BadSignature, UnicodeDecodeError):
        return None
    moment = now()
    row = one(
        connection,
        "select s.token_hash, s.csrf, s.state, s.seen_at, u.id, u.login, u.name, u.role, "
        "u.district, u.created_at, u.disabled_at, u.last_signed_in_at "
        "from portal_sessions s join portal_users u on u.id = s.user_id "
        "where s.token_hash = %s and s.seen_at >= %s and s.created_at >= %s "
        "and u.disabled_at is null",
        (_hash(token), moment - IDLE, moment - ABSOLUTE),
    )
    if row is None:
        return None
    token_hash, csrf, state, seen = (
        row.pop(key) for key in ("token_hash", "csrf", "state", "seen_at")
    )
    if moment - seen > _SEEN_EVERY:
        connection.execute(
            "update portal_sessions set seen_at = %s where token_hash = %s", (moment, token_hash)
        )
    return Session(User(**row), csrf, bytes(token_hash), state)


def save_state(connection: Rows, session: Session, name: str, value: Any) -> None:
    """Keep one thing that the session remembers between pages; ``None`` forgets it.

    Two pages at once, in two tabs, don't undo each other's.
    """
    session.state[name] = value
    if value is None:
        del session.state[name]
    connection.execute(
        "update portal_sessions set state = jsonb_strip_nulls(state || %s) where token_hash = %s",
        (Jsonb({name: value}), session.token_hash),
    )


def close_session(connection: Rows, session: Session) -> None:
    """Sign out: the cookie is worthless from now on."""
    connection.execute("delete from portal_sessions where token_hash = %s", (session.token_hash,))


def close_other_sessions(connection: Rows, session: Session) -> None:
    """Sign the account out everywhere else: whoever got in there showed no second factor."""
    connection.execute(
        "delete from portal_sessions where user_id = %s and token_hash <> %s",
        (session.user.id, session.token_hash),
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
