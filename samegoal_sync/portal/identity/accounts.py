"""The portal's accounts: who may sign in, as what, for which district."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, LiteralString

import psycopg
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from psycopg.rows import class_row, dict_row

from samegoal_sync.database.connect import connect
from samegoal_sync.errors import UsageError
from samegoal_sync.outside_text import cleaned_text
from samegoal_sync.secret import Secret

_SHORTEST_PASSWORD = 12
_LONGEST_PASSWORD = 256
_COLUMNS = "id, login, name, role, district, created_at, disabled_at, last_signed_in_at"


class Role(StrEnum):
    """What an account may see: all districts, one district whole, or one without settings."""

    TECHNICAL_TEAM = "technical_team"
    ADMINISTRATIVE = "administrative"
    TEACHER = "teacher"


@dataclass(frozen=True)
class User:
    """An account; its password's hash is not part of it."""

    id: int
    login: str
    name: str
    role: str
    district: str | None
    created_at: datetime
    disabled_at: datetime | None
    last_signed_in_at: datetime | None

    def sees(self, slug: str) -> bool:
        """Whether a district's pages are this person's to open."""
        return self.role == Role.TECHNICAL_TEAM or self.district == slug


@dataclass(frozen=True)
class Credentials:
    """An account, and what its password is checked against."""

    user: User
    password_hash: str

    @property
    def fingerprint(self) -> str:
        """Stands for the password: another one has another fingerprint."""
        return hashlib.sha256(self.password_hash.encode()).hexdigest()[:32]


def credentials_of(connection: psycopg.Connection[Any], login: str) -> Credentials | None:
    """The account with this login, disabled or not."""
    return _credentials(connection, "login = %s", login)


def credentials_of_id(connection: psycopg.Connection[Any], user_id: int) -> Credentials | None:
    """An account that is enabled."""
    return _credentials(connection, "id = %s and disabled_at is null", user_id)


def still_signs_in(connection: psycopg.Connection[Any], found: Credentials) -> bool:
    """Whether the account is enabled and has this password; both stay so for this transaction."""
    # Not "for share": two who sign in at once would each wait for the other to write.
    row = connection.execute(
        "select 1 from portal_users where id = %s and password_hash = %s "
        "and disabled_at is null for no key update",
        (found.user.id, found.password_hash),
    ).fetchone()
    return row is not None


def _credentials(
    connection: psycopg.Connection[Any], condition: LiteralString, value: str | int
) -> Credentials | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            f"select {_COLUMNS}, password_hash from portal_users where {condition}",  # noqa: S608
            (value,),
        ).fetchone()
    if row is None:
        return None
    password_hash = row.pop("password_hash")
    return Credentials(User(**row), password_hash)


def change_password(
    connection: psycopg.Connection[Any], present: Credentials, password: Secret, session: bytes
) -> bool:
    """Give an account another password, and sign it out everywhere but in this session.

    Browsers it signed in from are known no longer: one of them may be why the password changes.

    Returns: whether it was done: not if the password is no longer the present one, because it was
        reset a moment ago.

    Raises:
        UsageError: the password is too short.
    """
    user = present.user
    changed = connection.execute(
        "update portal_users set password_hash = %s where id = %s and password_hash = %s",
        (_hashed(password), user.id, present.password_hash),
    )
    if not changed.rowcount:
        return False
    connection.execute(
        "delete from portal_sessions where user_id = %s and token_hash <> %s", (user.id, session)
    )
    connection.execute("delete from portal_devices where user_id = %s", (user.id,))
    return True


def add_user(
    database_url: str,
    login: str,
    password: Secret,
    *,
    name: str,
    role: Role,
    district: str | None = None,
) -> User:
    """Add an account.

    Args:
        login: an e-mail address or any name without blanks; case does not matter.
        district: slug; required for administrative users and teachers, and for them only.

    Raises:
        UsageError: the login is taken, the password too short, or role and district don't fit.
    """
    login, name = login.strip().lower(), cleaned_text(name)
    if not login or login != cleaned_text(login) or " " in login:
        raise UsageError(
            "a login has no blanks and nothing invisible", hint="use an e-mail address"
        )
    if (role is Role.TECHNICAL_TEAM) != (district is None):
        raise UsageError(
            f"the role {role.value} and the district don't fit",
            hint="name one district for administrative users and teachers, none for the "
            "technical team",
        )
    hashed = _hashed(password)
    try:
        with (
            connect(database_url) as connection,
            connection.cursor(row_factory=class_row(User)) as cursor,
        ):
            user = cursor.execute(
                "insert into portal_users (login, name, role, district, password_hash) "  # noqa: S608
                f"values (%s, %s, %s, %s, %s) returning {_COLUMNS}",
                (login, name or login, role.value, district, hashed),
            ).fetchone()
            assert user is not None
            return user
    except psycopg.errors.UniqueViolation:
        raise UsageError(
            f"there is an account {login} already",
            hint=f"samegoal-sync users reset {login} gives it a new password",
        ) from None
    except psycopg.errors.ForeignKeyViolation:
        raise UsageError(
            f"there is no district {district!r}",
            hint="samegoal-sync districts list shows the districts there are",
        ) from None


def list_users(database_url: str) -> list[User]:
    """Every account, by district and login."""
    with (
        connect(database_url) as connection,
        connection.cursor(row_factory=class_row(User)) as cursor,
    ):
        return cursor.execute(
            f"select {_COLUMNS} from portal_users order by district nulls first, login"  # noqa: S608
        ).fetchall()


def disable_user(database_url: str, login: str) -> str | None:
    """Stop an account from signing in, and sign it out everywhere; its district.

    Raises:
        UsageError: there is no such account.
    """
    return _update(database_url, login, "disabled_at = coalesce(disabled_at, now())", ())


def reset_user(database_url: str, login: str, password: Secret) -> str | None:
    """Give an account a new password, enable it, and sign it out everywhere; its district.

    Raises:
        UsageError: there is no such account, or the password is too short.
    """
    return _update(
        database_url, login, "password_hash = %s, disabled_at = null", (_hashed(password),)
    )


def drop_second_factor(database_url: str, login: str) -> None:
    """Let an account sign in by its password alone, until it sets a second factor up again.

    Raises:
        UsageError: there is no such account.
    """
    with connect(database_url) as connection:
        found = credentials_of(connection, login.strip().lower())
        if found is None:
            raise _no_account(login)
        connection.execute("delete from portal_second_factors where user_id = %s", (found.user.id,))


def _no_account(login: str) -> UsageError:
    return UsageError(
        f"there is no account {login}",
        hint="samegoal-sync users list shows the accounts there are",
    )


def _update(database_url: str, login: str, setting: str, values: tuple[str, ...]) -> str | None:
    with connect(database_url) as connection:
        found = connection.execute(
            f"update portal_users set {setting} where login = %s returning id, district",  # noqa: S608
            (*values, login.strip().lower()),
        ).fetchone()
        if found is None:
            raise _no_account(login)
        connection.execute("delete from portal_sessions where user_id = %s", found[:1])
        connection.execute("delete from portal_devices where user_id = %s", found[:1])
        return str(found[1]) if found[1] else None


def password_fits(password_hash: str | None, password: str) -> bool:
    """Whether a password is the account's; takes as long for an account that does not exist."""
    try:
        return _hasher().verify(password_hash or _nobody(), password[:_LONGEST_PASSWORD]) and (
            password_hash is not None
        )
    except VerifyMismatchError:
        return False


def _hashed(password: Secret) -> str:
    text = password.reveal()
    if not _SHORTEST_PASSWORD <= len(text) <= _LONGEST_PASSWORD:
        raise UsageError(
            f"a password has {_SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters",
            hint="choose a longer one: a few words that nobody would guess",
        )
    return _hasher().hash(text)


@cache
def _hasher() -> PasswordHasher:
    # OWASP's argon2id figures: 19 MiB, two passes, one lane.
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobody() -> str:
    return _hasher().hash("no account has this password")
