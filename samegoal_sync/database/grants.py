"""What a database user needs before the tables can be made, looked at before anything is changed.

A user with exactly these rights, and none beyond, is made by the statements in docs/settings.md.
Works alike on Postgres 15 to 18; since 16 a membership may leave out the right to take on the role.
"""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
from psycopg.rows import TupleRow, tuple_row

from samegoal_sync.database.migrations.roles import PORTAL_ROLE, WEB_ROLE
from samegoal_sync.errors import DatabaseError

#: Ours, and the one that Dagster's storage makes its tables in.
SCHEMAS = ("samegoal", "dagster")

#: For the database's owner or a superuser: a login that may make temporary tables can hide ours.
NO_TEMPORARY_TABLES = (
    "do $$ begin execute format('revoke temporary on database %I from public', "
    "current_database()); end $$"
)

#: The same for a server of the operator's own, in words that psql takes.
_TEMPORARY = """
    select format('revoke temporary on database %%I from public, %%s; '
            'grant temporary on database %%I to %%I;', current_database(),
            string_agg(quote_ident(rolname), ', ' order by rolname),
            current_database(), current_user)
    from pg_roles where rolname = any(%s)
    having bool_or(has_database_privilege(oid, current_database(), 'temporary'))
"""

_SCHEMA_RIGHTS = """
    select nspname, has_schema_privilege(oid, 'usage') and has_schema_privilege(oid, 'create')
    from pg_namespace where nspname = any(%s)
"""
_MAY_CREATE_SCHEMAS = "select has_database_privilege(current_database(), 'create')"
_MAY_CREATE_ROLES = "select rolsuper or rolcreaterole from pg_roles where rolname = current_user"
_MAY_GRANT = """
    select pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION')
    from pg_roles where rolname = %s
"""


_TAKES_ON = """
    select pg_has_role(m.oid, r.oid, %s) from pg_roles m, pg_roles r
    where m.rolname = coalesce(%s, current_user) and r.rolname = %s
"""


def _may_take_on(
    connection: psycopg.Connection[TupleRow], role: str, member: str | None = None
) -> bool | None:
    """Whether the user (or another) can ``set role``; ``None`` where there is no such role."""
    right = "SET" if connection.info.server_version >= 160_000 else "MEMBER"
    row = connection.execute(_TAKES_ON, (right, member, role)).fetchone()
    return None if row is None else bool(row[0])


def ensure_grants(connection: psycopg.Connection[TupleRow]) -> None:
    """Look for every right that the migrations and Dagster need; changes nothing.

    Raises:
        DatabaseError: some are missing; the hint has one statement a line for each.
    """
    user, database = connection.info.user, connection.info.dbname
    missing = []
    rights: dict[str, bool] = dict(connection.execute(_SCHEMA_RIGHTS, (list(SCHEMAS),)).fetchall())
    may_create = _yes(connection, _MAY_CREATE_SCHEMAS)
    for schema in SCHEMAS:
        if schema not in rights and not may_create:
            missing.append(f'create schema {schema} authorization "{user}";')
        elif not rights.get(schema, True):
            missing.append(f'grant usage, create on schema {schema} to "{user}";')
    missing += _roles_missing(connection, user)
    if missing:
        raise DatabaseError(
            f"the database user {user} lacks {len(missing)} of the rights that are needed in "
            f"the database {database}",
            hint="as a Postgres superuser, in that database, once; then start again:\n    "
            + "\n    ".join(missing),
        )


def temporary_tables_remedy(connection: psycopg.Connection[Any], login: str | None) -> str | None:
    """The statements that keep the portal from making temporary tables; ``None``: it makes none.

    Args:
        login: whom the portal signs in as, if that is not the role itself.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        names = [PORTAL_ROLE, WEB_ROLE, *filter(None, [login])]
        row = cursor.execute(_TEMPORARY, (names,)).fetchone()
    return str(row[0]) if row else None


def _roles_missing(connection: psycopg.Connection[TupleRow], user: str) -> list[str]:
    """The portal's two roles, and who takes on which."""
    missing = []
    creates = _yes(connection, _MAY_CREATE_ROLES)
    for role, options in ((PORTAL_ROLE, "nologin"), (WEB_ROLE, "login noinherit")):
        if _may_take_on(connection, role) is None and not creates:
            missing.append(f"create role {role} {options};")
    for role, member in ((PORTAL_ROLE, None), (PORTAL_ROLE, WEB_ROLE), (WEB_ROLE, None)):
        if not _may_take_on(connection, role, member) and not _may_grant(connection, role):
            whom = member or f'"{user}"'
            missing.append(f"grant {role} to {whom};")
    return missing


def _may_grant(connection: psycopg.Connection[TupleRow], role: str) -> bool:
    """Before Postgres 16 who may create roles may also grant any; since then only those that it
    created itself, or whose administration it was given. One that is not there yet it creates."""
    if connection.info.server_version < 160_000 or _may_take_on(connection, role) is None:
        return _yes(connection, _MAY_CREATE_ROLES)
    return _yes(connection, _MAY_GRANT, role)


def _yes(connection: psycopg.Connection[TupleRow], query: LiteralString, *values: str) -> bool:
    row = connection.execute(query, values).fetchone()
    return bool(row and row[0])
