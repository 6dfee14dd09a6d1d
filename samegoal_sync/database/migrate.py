"""Bring the ``samegoal`` schema to the version this code needs, by Alembic.

Revisions lie in ``migrations/versions``, numbered in the order of their chain.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from samegoal_sync.database.connect import connect

_MIGRATIONS = Path(__file__).parent / "migrations"

#: Advisory lock so that two processes starting at once don't migrate twice.
_MIGRATION_LOCK = 5_407_001


def migrate(database_url: str, to: str = "head") -> None:
    """Create or upgrade the tables; does nothing when they are up to date.

    Args:
        to: the revision to stop at; an older one than the newest in tests of an upgrade.
    """
    with connect(database_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
        connection.execute("create schema if not exists samegoal")
        connection.execute("create schema if not exists dagster")
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["database_url"] = database_url
        command.upgrade(config, to)
