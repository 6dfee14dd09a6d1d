"""The project's own Postgres: starts, is migrated, and lets in nobody else."""

from __future__ import annotations

from samegoal_sync.database import connect, migrate


def test_a_test_database_is_migrated_and_private(database_url: str) -> None:
    with connect(database_url) as connection:
        schemas = {
            name for (name,) in connection.execute("select nspname from pg_namespace").fetchall()
        }
        assert {"samegoal", "dagster"} <= schemas
        methods = connection.execute(
            "select distinct auth_method from pg_hba_file_rules"
        ).fetchall()
        assert methods == [("peer",)]


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    migrate(database_url)
    migrate(database_url)
