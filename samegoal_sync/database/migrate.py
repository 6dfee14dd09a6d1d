"""Bring the ``samegoal`` schema to the version this code needs, by Alembic.

Revisions lie in ``migrations/versions``, numbered in the order of their chain.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from psycopg.rows import TupleRow

from samegoal_sync.database.connect import connect
from samegoal_sync.database.grants import SCHEMAS, ensure_grants

_MIGRATIONS = Path(__file__).parent / "migrations"

#: Advisory lock so that two processes starting at once don't migrate twice.
_MIGRATION_LOCK = 5_407_001


def migrate(database_url: str, to: str = "head") -> None:
    """Create or upgrade the tables; does nothing when they are up to date.

    Args:
        to: the revision to stop at; an older one than the newest in tests of an upgrade.

    Raises:
        DatabaseError: the database user lacks a right; nothing was changed.
    """
    with connect(database_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
        ensure_grants(connection)
        for schema in SCHEMAS:
            _create_schema(connection, schema)
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["database_url"] = database_url
        command.upgrade(config, to)


def newest_revision() -> str | None:
    """The revision that this code's tables are of."""
    return ScriptDirectory(str(_MIGRATIONS)).get_current_head()


def _create_schema(connection: psycopg.Connection[TupleRow], schema: str) -> None:
    # Asked for first: "if not exists" wants the right to create even where the schema exists.
    if connection.execute("select 1 from pg_namespace where nspname = %s", (schema,)).fetchone():
        return
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
