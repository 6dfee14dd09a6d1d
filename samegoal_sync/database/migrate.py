"""Bring the ``samegoal`` schema to the version this code needs, by Alembic.

Revisions lie in ``migrations/versions``, numbered in the order of their chain. All that are missing
are one transaction: a process that is killed on the way has changed nothing.
"""

from __future__ import annotations

import psycopg
import sqlalchemy.exc
from alembic import command
from alembic.config import Config
from psycopg import sql
from psycopg.rows import TupleRow

from samegoal_sync.database.connect import connect
from samegoal_sync.database.grants import SCHEMAS, ensure_grants
from samegoal_sync.database.migrations.roles import ROLES
from samegoal_sync.database.schema_version import (
    HEAD,
    MIGRATIONS,
    require_current,
    require_not_newer,
    schema_version,
)
from samegoal_sync.errors import DatabaseError

#: Advisory lock so that two processes starting at once don't migrate twice.
_MIGRATION_LOCK = 5_407_001

#: How long another upgrade, or a statement that uses a table, is waited for.
LOCK_SECONDS = 300


def migrate(database_url: str, to: str = "head") -> tuple[str | None, str]:
    """Create or upgrade the tables; does nothing when they are up to date.

    Args:
        to: the revision to stop at; an older one than the newest in tests of an upgrade.

    Returns:
        The revision before (``None``: no tables) and the one after.

    Raises:
        DatabaseError: the database user lacks a right, the tables are of a newer version, or
            somebody else uses them; nothing was changed.
    """
    with connect(database_url, autocommit=True) as connection:
        connection.execute(f"set lock_timeout = '{LOCK_SECONDS}s'")
        try:
            connection.execute("select pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
        except psycopg.errors.LockNotAvailable:
            raise _in_use("another upgrade") from None
        before = require_not_newer(connection)
        if before == HEAD and to == "head":
            return before, before
        ensure_grants(connection)
        _create_schemas(connection)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["database_url"] = database_url
        config.attributes["lock_seconds"] = LOCK_SECONDS
        try:
            command.upgrade(config, to)
        except sqlalchemy.exc.OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
            raise _in_use("a program that uses the tables") from None
        after = schema_version(connection)
        assert after is not None
        return before, after


def make_or_require_current(database_url: str) -> None:
    """Make the tables in a database that has none; tables that are there must be of this version.

    Raises:
        DatabaseError: they are older or newer, or the database user lacks a right.
    """
    with connect(database_url) as connection:
        empty = schema_version(connection) is None
    if empty:
        migrate(database_url)
    else:
        require_current(database_url)


def _in_use(who: str) -> DatabaseError:
    return DatabaseError(
        f"the tables could not be upgraded: {who} has kept them for {LOCK_SECONDS} seconds",
        hint="stop what runs (daemon, workers, portal), then: samegoal-sync upgrade; nothing was "
        "changed",
    )


def prepare_database(connection: psycopg.Connection[TupleRow]) -> None:
    """Make what a backup's tables need: the schemas, and the roles that are granted rights.

    Raises:
        DatabaseError: the database user lacks a right; nothing was changed.
    """
    ensure_grants(connection)
    _create_schemas(connection)
    for statement in ROLES:
        connection.execute(statement.encode())


def _create_schemas(connection: psycopg.Connection[TupleRow]) -> None:
    # Asked for first: "if not exists" wants the right to create even where the schema exists.
    there = {name for (name,) in connection.execute("select nspname from pg_namespace").fetchall()}
    for schema in SCHEMAS:
        if schema not in there:
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
