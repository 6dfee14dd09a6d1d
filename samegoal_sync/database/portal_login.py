"""The login of the portal's web process: a role of its own, which owns nothing.

What a page asks of Postgres, by mistake or because somebody made it, ends at that role's rights: it
creates, alters and drops nothing, and can't take on the owner's role. The embedded server lets it
in by itself. For a server of the operator's own, ``SAMEGOAL_SYNC_PORTAL_DATABASE_URL`` names it;
without that the owner signs in and takes the role on, which holds for whatever a page asks but
not for whoever can ask ``reset role``.
"""

from __future__ import annotations

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from samegoal_sync.database.connect import connect
from samegoal_sync.database.migrations.roles import PORTAL_ROLE, WEB_ROLE
from samegoal_sync.errors import DatabaseError
from samegoal_sync.settings import PORTAL_DATABASE_VARIABLE, Settings

_RIGHTS = f"""
    select m.rolsuper or m.rolbypassrls or m.rolcreaterole or exists (
            select from pg_class c where c.relnamespace = 'samegoal'::regnamespace
                and pg_has_role(m.oid, c.relowner, 'MEMBER')) as too_many,
        pg_has_role(m.oid, '{WEB_ROLE}', 'USAGE')
            and not pg_has_role(m.oid, '{PORTAL_ROLE}', 'USAGE') as right_ones
    from pg_roles m where m.rolname = session_user
"""  # noqa: S608 (names of ours)


def portal_address(settings: Settings, database_url: str) -> str:
    """How the web process reaches the database whose owner's address is ``database_url``."""
    if settings.portal_database_url:
        return settings.portal_database_url
    if settings.database_url is None:
        return make_conninfo(database_url, user=WEB_ROLE)
    given = conninfo_to_dict(database_url).get("options") or ""
    return make_conninfo(database_url, options=f"{given} -c role={WEB_ROLE}".strip())


def login_of(settings: Settings) -> str | None:
    """Whom the web process signs in as, where a setting says so."""
    if not settings.portal_database_url:
        return None
    user = conninfo_to_dict(settings.portal_database_url).get("user")
    return str(user) if user else None


def require_owns_nothing(settings: Settings) -> None:
    """Look whether the login that a setting names is as it has to be.

    Raises:
        DatabaseError: it owns tables, may too much, or lacks the portal's rights.
    """
    if not settings.portal_database_url:
        return
    with connect(settings.portal_database_url) as connection:
        found = connection.execute(_RIGHTS).fetchone()
        user = connection.info.user
    if found == (False, True):
        return
    raise DatabaseError(
        f"the database user {user} of {PORTAL_DATABASE_VARIABLE} "
        + ("may more than pages need" if found and found[0] else f"is not the role {WEB_ROLE}"),
        hint=f"name the role {WEB_ROLE} there, made as docs/settings.md says: create role "
        f"{WEB_ROLE} login noinherit password '…'; grant {PORTAL_ROLE} to {WEB_ROLE}",
    )
