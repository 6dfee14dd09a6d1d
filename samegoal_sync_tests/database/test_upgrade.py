"""An operator's database is upgraded when they say so: once, whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory

from samegoal_sync.database import connect, migrate, running_database
from samegoal_sync.database import migrate as migrating
from samegoal_sync.database.schema_version import HEAD, MIGRATIONS, REVISIONS, schema_version
from samegoal_sync.errors import DatabaseError
from samegoal_sync.settings import Settings

_BEFORE = "0008"


@pytest.fixture
def older(database_url: str) -> str:
    """A database whose tables are of an older version."""
    with connect(database_url, autocommit=True) as connection:
        connection.execute("drop schema samegoal cascade")
    migrate(database_url, to=_BEFORE)
    return database_url


def _version(database_url: str) -> str | None:
    with connect(database_url) as connection:
        return schema_version(connection)


def _own(database_url: str, home: Path) -> Settings:
    return Settings(home=home, storage=home, database_url=database_url)


def _upgrade(database_url: str, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "samegoal_sync.cli", "upgrade"],
        env={**os.environ, "DAGSTER_HOME": str(home), "SAMEGOAL_SYNC_DATABASE_URL": database_url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_revisions_are_alembics_chain() -> None:
    chain = [one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
    assert tuple(reversed(chain)) == REVISIONS


def test_an_older_database_waits_for_the_operator(older: str, tmp_path: Path) -> None:
    with (
        pytest.raises(DatabaseError, match="older version") as refused,
        running_database(_own(older, tmp_path)),
    ):
        pass
    assert "samegoal-sync upgrade" in refused.value.hint
    assert _version(older) == _BEFORE
    assert migrate(older) == (_BEFORE, HEAD)
    with running_database(_own(older, tmp_path)) as url:
        assert url == older


def test_a_database_without_tables_gets_them_at_the_first_start(
    database_url: str, tmp_path: Path
) -> None:
    with connect(database_url, autocommit=True) as connection:
        connection.execute("drop schema samegoal cascade")
    with running_database(_own(database_url, tmp_path)):
        assert _version(database_url) == HEAD


def test_a_newer_database_is_refused_and_left_alone(database_url: str, tmp_path: Path) -> None:
    with connect(database_url) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    for refused in (lambda: migrate(database_url), lambda: _started(database_url, tmp_path)):
        with pytest.raises(DatabaseError, match="newer version of samegoal-sync"):
            refused()
    assert _version(database_url) == "9999"


def _started(database_url: str, home: Path) -> None:
    with running_database(_own(database_url, home)):
        raise AssertionError("it started")


@pytest.mark.slow
def test_two_upgrades_at_once_are_one(older: str, tmp_path: Path) -> None:
    both = [_upgrade(older, tmp_path / "home") for _ in range(2)]
    said = [one.communicate(timeout=120)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert sum(f"{_BEFORE} to {HEAD}" in one for one in said) == 1
    assert _version(older) == HEAD


def test_an_upgrade_that_is_killed_on_the_way_has_changed_nothing(
    older: str, tmp_path: Path
) -> None:
    with connect(older) as reader:
        # What a later revision alters, so that the upgrade stands between two of its steps.
        reader.execute("lock table students in access share mode")
        upgrading = _upgrade(older, tmp_path / "home")
        _wait_until_blocked(older)
        upgrading.send_signal(signal.SIGKILL)
        upgrading.communicate(timeout=60)
    assert _version(older) == _BEFORE
    with connect(older) as connection:
        made = connection.execute("select to_regclass('samegoal.district_parameters')").fetchone()
    assert made == (None,)
    assert migrate(older) == (_BEFORE, HEAD)


def test_tables_that_somebody_uses_are_waited_for_no_longer_than_a_bound(
    older: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[migrating.__module__], "LOCK_SECONDS", 1)
    with connect(older) as reader:
        reader.execute("lock table students in access share mode")
        with pytest.raises(DatabaseError, match="uses the tables"):
            migrate(older)
    assert _version(older) == _BEFORE


def _wait_until_blocked(database_url: str) -> None:
    deadline = time.monotonic() + 60
    with psycopg.connect(database_url, autocommit=True) as watching:
        while time.monotonic() < deadline:
            row = watching.execute(
                "select count(*) from pg_stat_activity where datname = current_database() "
                "and wait_event_type = 'Lock' and query ilike '%students%'"
            ).fetchone()
            if row and row[0]:
                return
            time.sleep(0.1)
    raise AssertionError("the upgrade did not get as far as that table")
