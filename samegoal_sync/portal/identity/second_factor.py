"""A second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

The secret is sealed with the key that seals districts' secrets. A code is taken once: the time step
of the last one is kept. A recovery code is taken once, and only its hash is kept.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import closing

import pyotp
import segno

from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.districts.registry.secret_cipher import Cipher
from samegoal_sync.portal.identity.accounts import User
from samegoal_sync.portal.identity.sessions import now
from samegoal_sync.portal.tenant_connection import PortalDatabase, Rows, one, rows
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings

ISSUER = "SameGoal"
_RECOVERY_CODES = 10
_STEP = 30
#: Codes of the step before and the step after are taken too: phones' clocks differ.
_STEPS = (-1, 0, 1)


def has_second_factor(connection: Rows, user_id: int) -> bool:
    """Whether the account must show a code to sign in."""
    found = one(
        connection,
        "select 1 from portal_second_factors where user_id = %s and confirmed_at is not null",
        (user_id,),
    )
    return found is not None


def begin_setup(connection: Rows, cipher: Cipher, user: User) -> Secret | None:
    """The secret to scan: the one of a setup that was begun, or a new one; not in force yet.

    ``None`` where a second factor is in force.
    """
    # Two tabs may begin at once: both show what the first of them stored.
    connection.execute(
        "insert into portal_second_factors (user_id, sealed) values (%s, %s) "
        "on conflict (user_id) do nothing",
        (user.id, cipher.seal(_owner(user.id), Secret(pyotp.random_base32()))),
    )
    begun = one(
        connection,
        "select sealed from portal_second_factors where user_id = %s and confirmed_at is null",
        (user.id,),
    )
    return cipher.open(_owner(user.id), bytes(begun["sealed"])) if begun else None


def qr_code(user: User, secret: Secret) -> str:
    """The picture that an app scans, as SVG."""
    address = pyotp.TOTP(secret.reveal()).provisioning_uri(name=user.login, issuer_name=ISSUER)
    return segno.make(address, error="m").svg_inline(scale=5, border=4, light="white")


def confirm(connection: Rows, cipher: Cipher, user: User, code: str) -> list[str] | None:
    """Put the second factor in force if the code is right; its recovery codes, shown this once."""
    if not _fits(connection, cipher, user.id, code, confirmed=False):
        return None
    codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(_RECOVERY_CODES)]
    connection.execute(
        "update portal_second_factors set confirmed_at = %s, recovery_hashes = %s "
        "where user_id = %s",
        (now(), [_hash(code) for code in codes], user.id),
    )
    return codes


def code_fits(connection: Rows, cipher: Cipher, user_id: int, code: str) -> bool:
    """Whether a code of the app, or a recovery code, is right; either is used up by it."""
    used = one(
        connection,
        "update portal_second_factors set recovery_hashes = "
        "array_remove(recovery_hashes, %(hash)s) where user_id = %(user)s "
        "and confirmed_at is not null and %(hash)s = any(recovery_hashes) returning 1 as used",
        {"hash": _hash(code), "user": user_id},
    )
    return used is not None or _fits(connection, cipher, user_id, code, confirmed=True)


def reencrypt_second_factors(settings: Settings, database_url: str) -> int:
    """Seal every secret under the newest key; how many there are."""
    cipher, database = Registry(settings, database_url).cipher, PortalDatabase(database_url)
    with closing(database), database.web() as connection:
        found = rows(connection, "select user_id, sealed from portal_second_factors for update")
        for row in found:
            owner = _owner(row["user_id"])
            connection.execute(
                "update portal_second_factors set sealed = %s where user_id = %s",
                (cipher.seal(owner, cipher.open(owner, bytes(row["sealed"]))), row["user_id"]),
            )
    return len(found)


def _fits(connection: Rows, cipher: Cipher, user_id: int, code: str, *, confirmed: bool) -> bool:
    row = one(
        connection,
        "select sealed, last_step from portal_second_factors where user_id = %s "
        "and (confirmed_at is not null) = %s for update",
        (user_id, confirmed),
    )
    if row is None:
        return False
    app = pyotp.TOTP(cipher.open(_owner(user_id), bytes(row["sealed"])).reveal())
    at: Callable[[int], str] = app.generate_otp
    present = int(now().timestamp()) // _STEP
    for step in (present + offset for offset in _STEPS):
        if step > row["last_step"] and secrets.compare_digest(at(step), _digits(code)):
            connection.execute(
                "update portal_second_factors set last_step = %s where user_id = %s",
                (step, user_id),
            )
            return True
    return False


def _digits(code: str) -> str:
    return "".join(letter for letter in code if letter in "0123456789")


def _hash(code: str) -> bytes:
    return hashlib.sha256("".join(code.lower().split()).encode()).digest()


def _owner(user_id: int) -> str:
    """What the secret is sealed for; no district's slug begins with a blank."""
    return f" second factor of account {user_id}"
