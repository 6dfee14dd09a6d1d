"""The project's own Postgres: starts, is migrated, and lets in nobody else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, text

from samegoal_sync.database import connect, embedded_postgres, migrate, running_database
from samegoal_sync.database.log_verbosity import log_shows_rows
from samegoal_sync.database.portal_login import portal_address
from samegoal_sync.database.unfinished_cluster import PREPARED, set_aside_unfinished
from samegoal_sync.errors import DatabaseError
from samegoal_sync.pipeline.instance import pipeline_environment
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


def test_a_server_of_before_lets_the_portals_login_in_after_its_next_start() -> None:
    with new_home() as home:
        settings = Settings(home=home, storage=home)
        idents = home / "postgres" / "pg_ident.conf"
        with running_database(settings, leave_running=True):
            lines = idents.read_text().splitlines()
            assert any("samegoal_web" in one for one in lines)
            idents.write_text("\n".join(one for one in lines if "samegoal_web" not in one))
        with running_database(settings) as url, connect(portal_address(settings, url)) as web:
            assert web.execute("select session_user").fetchone() == ("samegoal_web",)
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="temporary"):
                web.execute("create temp table x (a int)")
        methods = (home / "postgres" / "pg_hba.conf").read_text()
        assert methods == "local all all peer map=owner\n"


def test_one_that_is_down_is_told_apart_and_started_again_once() -> None:
    with new_home() as home:
        settings = Settings(home=home, storage=home)
        with running_database(settings) as url:
            assert not embedded_postgres.start_again_if_lost(settings)
            os.kill(int((home / "postgres/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            for address in (url, portal_address(settings, url)):
                with pytest.raises(DatabaseError, match="project's own Postgres is down") as caught:
                    _until_refused(address)
                assert "SAMEGOAL_SYNC_DATABASE_URL" not in caught.value.hint
            deadline = time.monotonic() + 10  # its socket is closed a moment before it is gone
            while not embedded_postgres.start_again_if_lost(settings):
                assert time.monotonic() < deadline
            connect(url).close()
            assert not embedded_postgres.start_again_if_lost(settings)
        assert left_by(home) == []


def _until_refused(address: str) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        connect(address).close()


def _first_start(home: Path) -> subprocess.Popen[bytes]:
    """A command in a new home, in a process group of its own."""
    hold = (
        "from samegoal_sync.database import running_database, connect;"
        "from samegoal_sync.settings import Settings\n"
        "with running_database(Settings.from_environment()) as url:\n"
        "    connect(url).close()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", hold],
        env={**os.environ, "DAGSTER_HOME": str(home)},
        start_new_session=True,
        stderr=subprocess.PIPE,
    )


@pytest.mark.slow
def test_first_commands_at_the_same_moment_agree_on_one_server() -> None:
    with new_home() as parent:
        home = parent / "a%20b"  # once more a percent sign, in the path of the socket itself
        commands = [_first_start(home) for _ in range(3)]
        said = [one.communicate(timeout=120)[1].decode() for one in commands]
        assert [one.returncode for one in commands] == [0, 0, 0], said


@pytest.mark.parametrize(("number", "is_left"), [("-4711", False), ("4711", True), ("", True)])
def test_a_lock_of_initdbs_own_backend_is_no_servers(
    tmp_path: Path, number: str, is_left: bool
) -> None:
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "postmaster.pid").write_text(f"{number}\n{folder}\n")
    set_aside_unfinished(folder)
    assert folder.exists() is is_left
    assert (tmp_path / "postgres.unfinished").exists() is not is_left


@pytest.mark.slow
def test_a_first_start_that_was_killed_in_initdb_is_begun_anew() -> None:
    with new_home() as home:
        first = _first_start(home)
        until = time.monotonic() + 60
        while not (home / "postgres" / "PG_VERSION").exists():
            assert time.monotonic() < until
        os.killpg(first.pid, signal.SIGKILL)
        first.communicate()
        assert not (home / "postgres" / PREPARED).exists()
        with running_database(Settings(home=home, storage=home)) as url:
            connect(url).close()
        # What is complete is never put aside.
        (home / "postgres.unfinished" / "mark").touch()
        set_aside_unfinished(home / "postgres")
        assert (home / "postgres" / PREPARED).exists()


@pytest.mark.slow
def test_a_home_with_a_long_path_and_a_percent_sign_opens_no_folder_to_others() -> None:
    with new_home() as home:
        deep = home / "a%20b" / ("long" * 25)
        deep.mkdir(parents=True, mode=0o700)
        before = {one: one.stat().st_mode for one in deep.parents if str(one).startswith(str(home))}
        settings = Settings(home=deep, storage=home)
        with running_database(settings) as url, connect(url) as connection:
            own = connection.execute("select current_database(), current_setting('port')")
            assert own.fetchone() == ("samegoal", "5432")
            environment = pipeline_environment(settings, url)
            address = environment["SAMEGOAL_SYNC_DAGSTER_DATABASE_URL"]
            with create_engine(address).connect() as dagsters:
                assert dagsters.scalar(text("select current_database()")) == "samegoal"
            sockets = Path(url.partition("host=")[2])
            runtime = Path(tempfile.gettempdir()) / f"samegoal-sync-{os.geteuid()}"
            assert sockets.is_relative_to(runtime)
            for folder in (sockets, sockets.parent, runtime):
                assert folder.stat().st_mode & 0o066 == 0, (folder, oct(folder.stat().st_mode))
            for folder, mode in before.items():
                assert folder.stat().st_mode & 0o066 == mode & 0o066, folder


def test_a_violated_constraint_leaves_no_row_in_the_servers_log(database_url: str) -> None:
    with connect(database_url) as connection:
        row = connection.execute("select pg_current_logfile(), current_setting('data_directory')")
        _, data = row.fetchone() or ("", "")
        assert not log_shows_rows(connection)
    with (
        connect(database_url) as connection,
        pytest.raises(psycopg.errors.NotNullViolation) as raised,
    ):
        connection.execute(
            "insert into students (district, student_id, last_name) values ('x', %s, %s)",
            ("1001", "Unmistakable-Surname"),
        )
    assert "Unmistakable-Surname" in str(raised.value.diag.message_detail)  # it is in the answer
    log = (Path(data) / "log").read_text()
    assert "violates not-null constraint" in log
    assert "Unmistakable-Surname" not in log


def test_a_link_in_the_place_of_the_runtime_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user of the machine could lay it there, and have us close a folder of our own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    own = tmp_path / "own"
    own.mkdir(mode=0o755)
    (tmp_path / f"samegoal-sync-{os.geteuid()}").symlink_to(own)
    with pytest.raises(DatabaseError, match="is a link"):
        embedded_postgres._own_runtime_folder()
    assert own.stat().st_mode & 0o777 == 0o755
    assert list(own.iterdir()) == []
