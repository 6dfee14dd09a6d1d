"""Postgres: found or started, reached, and brought to the schema of this version."""

from samegoal_sync.database.connect import connect
from samegoal_sync.database.embedded_postgres import running_database
from samegoal_sync.database.migrate import migrate

__all__ = ["connect", "migrate", "running_database"]
