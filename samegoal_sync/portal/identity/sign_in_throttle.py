"""Failed sign-ins slow the next ones down; nobody is shut out by what others do elsewhere.

Tries are counted by login and source. The source is the browser, where this very account has signed
in before; otherwise the network: an IPv4 address, or a /64 of IPv6, which one subscriber has whole.
After some failures a login's next try from that source has to wait, longer each time. Whoever tries
many logins from a network, or one login from many, finds each answer held back for some seconds,
but is answered.

A try is written down before the password is looked at and struck out when it was right, so many
tries at once can't slip through. It lies in Postgres: it counts for every server process.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from samegoal_sync.portal.identity.sessions import now
from samegoal_sync.portal.tenant_connection import Rows, one

#: Failures counted: of a login from a source, and of a network or a login in all.
_DAY, _QUARTER = timedelta(days=1), timedelta(minutes=15)
FREE_TRIES, FREE_FROM_KNOWN_BROWSER, FREE_IN_ALL = 5, 10, 50
LONGEST_WAIT, LONGEST_HOLD = 900, 5.0
_IPV6_PREFIX = 64


@dataclass(frozen=True)
class Verdict:
    """What becomes of a try.

    Attributes:
        wait: seconds after which the next one is taken; this one is not looked at. 0: it is.
        hold: seconds by which the answer is held back.
        first_refusal: the first of this minute, which leaves a line in the audit log.
    """

    wait: int = 0
    hold: float = 0.0
    first_refusal: bool = False


def begin_try(connection: Rows, login: str, address: str, device: bytes | None) -> Verdict:
    """Write a try down, and say whether it may go on.

    Args:
        device: the hash of a browser in which this account has signed in before.
    """
    hashed, moment = login_hash(login), now()
    source = source_of(address, device)
    connection.execute("select pg_advisory_xact_lock(5407002, hashtext(%s))", (hashed.hex(),))
    connection.execute("delete from portal_sign_in_tries where at < %s", (moment - _DAY,))
    failed = one(
        connection,
        "select count(*) filter (where not refused) as tries, "
        "max(at) filter (where not refused) as last, max(at) filter (where refused) as refused "
        "from portal_sign_in_tries where login_hash = %s and source = %s and at > %s",
        (hashed, source, moment - _DAY),
    )
    wait = _wait(failed["tries"], failed["last"], moment, known=device is not None)
    if wait:
        first = failed["refused"] is None or moment - failed["refused"] > timedelta(minutes=1)
        if first:
            _write(connection, hashed, source, moment, refused=True)
        return Verdict(wait=wait, first_refusal=first)
    hold = 0.0 if device else _hold(connection, hashed, source, moment)
    _write(connection, hashed, source, moment, refused=False)
    return Verdict(hold=hold)


def strike_out(connection: Rows, login: str, address: str, device: bytes | None) -> None:
    """The password was right: the account starts afresh where it was; elsewhere nothing changes."""
    connection.execute(
        "delete from portal_sign_in_tries where login_hash = %s and source = %s",
        (login_hash(login), source_of(address, device)),
    )


def source_of(address: str, device: bytes | None) -> str:
    """What a try is counted by, beside its login."""
    if device:
        return f"browser {device.hex()}"
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, _IPV6_PREFIX), strict=False))
    return str(found)


def login_hash(login: str) -> bytes:
    """What a login is kept as among the tries."""
    return hashlib.sha256(login.strip().lower().encode()).digest()


def _wait(tries: int, last: datetime | None, moment: datetime, *, known: bool) -> int:
    """Whole seconds until the next try is taken: 2, 4, 8 and so on after the free ones."""
    over = tries - (FREE_FROM_KNOWN_BROWSER if known else FREE_TRIES)
    if over < 0 or last is None:
        return 0
    pause = min(2.0 ** (min(over, 20) + 1), LONGEST_WAIT)
    return max(0, -int(-(pause - (moment - last).total_seconds()) // 1))


def _hold(connection: Rows, hashed: bytes, source: str, moment: datetime) -> float:
    """A tenth of a second for each failure beyond the free ones, of the network or of the login."""
    found = one(
        connection,
        "select count(*) filter (where source = %(source)s) as here, "
        "count(*) filter (where login_hash = %(hashed)s) as of_login from portal_sign_in_tries "
        "where not refused and at > %(since)s and (source = %(source)s or login_hash = %(hashed)s)",
        {"source": source, "hashed": hashed, "since": moment - _QUARTER},
    )
    over = max(found["here"], found["of_login"]) - FREE_IN_ALL
    return float(min(max(0, over) * 0.1, LONGEST_HOLD))


def _write(
    connection: Rows, hashed: bytes, source: str, moment: datetime, *, refused: bool
) -> None:
    connection.execute(
        "insert into portal_sign_in_tries (login_hash, source, at, refused) "
        "values (%s, %s, %s, %s)",
        (hashed, source, moment, refused),
    )
