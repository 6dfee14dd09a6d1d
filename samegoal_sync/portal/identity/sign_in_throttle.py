"""Failed sign-ins slow the next ones down, for an account and for an address.

A try is written down before the password is looked at and struck out when it was right, so many
tries at once can't slip through. It lies in Postgres: it counts for every server process.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from samegoal_sync.portal.errors import SlowDown
from samegoal_sync.portal.identity.sessions import now
from samegoal_sync.portal.tenant_connection import Rows, one

WINDOW = timedelta(minutes=15)
TRIES_AN_ACCOUNT = 5
TRIES_AN_ADDRESS = 50
_KEPT = timedelta(days=1)


def begin_try(connection: Rows, login: str, address: str) -> None:
    """Write a try down.

    Raises:
        SlowDown: there were too many failed ones in the last minutes.
    """
    hashed = _hash(login)
    connection.execute("select pg_advisory_xact_lock(5407002, hashtext(%s))", (hashed.hex(),))
    moment = now()
    _refuse_many(connection, "login_hash", hashed, TRIES_AN_ACCOUNT, moment)
    _refuse_many(connection, "address", address, TRIES_AN_ADDRESS, moment)
    connection.execute("delete from portal_sign_in_tries where at < %s", (moment - _KEPT,))
    connection.execute(
        "insert into portal_sign_in_tries (login_hash, address, at) values (%s, %s, %s)",
        (hashed, address, moment),
    )


def strike_out(connection: Rows, login: str) -> None:
    """The password was right: the account starts afresh; its address keeps its other failures."""
    connection.execute("delete from portal_sign_in_tries where login_hash = %s", (_hash(login),))


def _refuse_many(
    connection: Rows, column: str, value: bytes | str, limit: int, moment: datetime
) -> None:
    found = one(
        connection,
        f"select count(*) as tries, max(at) as last from portal_sign_in_tries "  # noqa: S608
        f"where {column} = %s and at > %s",
        (value, moment - WINDOW),
    )
    if found["tries"] >= limit:
        raise SlowDown(int((found["last"] + WINDOW - moment).total_seconds()))


def _hash(login: str) -> bytes:
    return hashlib.sha256(login.strip().lower().encode()).digest()
