"""The project's own Postgres: starts, is migrated, and lets in nobody else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from samegoal_sync.database import connect, migrate, running_database
from samegoal_sync.settings import Settings
from samegoal_sync_tests.commands.command_line import left_by, new_home


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


def test_a_user_that_was_killed_does_not_keep_the_server_running() -> None:
    with new_home() as home:
        hold = (
            "import os, signal; from samegoal_sync.database import running_database;"
            "from samegoal_sync.settings import Settings;"
            "settings = Settings.from_environment();"
            "users = running_database(settings); users.__enter__();"
            "os.kill(os.getpid(), signal.SIGKILL)"
        )
        environment = {**os.environ, "DAGSTER_HOME": str(home)}
        killed = subprocess.run([sys.executable, "-c", hold], env=environment, check=False)
        assert killed.returncode == -signal.SIGKILL
        assert left_by(home)  # the server outlives the one that started it
        with running_database(Settings(home=home, storage=home)) as url:
            connect(url).close()
        assert left_by(home) == []
