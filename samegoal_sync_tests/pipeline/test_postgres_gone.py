"""Postgres restarted, full and lost in the middle of an import, with real servers."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from samegoal_sync.database import connect, running_database
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.monitoring.district_status import overall_status
from samegoal_sync.districts.monitoring.running_imports import cut_off_imports
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.sandbox import Sandbox
from samegoal_sync.settings import Settings
from samegoal_sync_tests.commands.command_line import run
from samegoal_sync_tests.database.cut_connections import connections_cut_off
from samegoal_sync_tests.database.own_servers import EMBEDDED, INSTALLED, OwnServer, own_server
from samegoal_sync_tests.pipeline.conftest import SLUGS, World, made_world
from samegoal_sync_tests.pipeline.night_programs import (
    dagster_programs,
    due,
    forget_ticks,
    is_reading,
    wait_for,
)
from samegoal_sync_tests.pipeline.own_world import (
    fill,
    small_disk,
    statuses,
    sync_that_reads,
    syncs,
    world_on,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

FAIRVIEW, RIDGEMONT = SLUGS
#: Debian's where it is installed.
_VERSION = next(iter(INSTALLED), EMBEDDED)


@pytest.fixture
def server() -> Iterator[OwnServer]:
    with own_server(_VERSION) as running:
        yield running


@pytest.fixture
def own(server: OwnServer, sandbox: Sandbox, tmp_path: Path) -> Iterator[World]:
    with world_on(server, sandbox, tmp_path) as world:
        yield world


def _ended(command: subprocess.Popen[str]) -> tuple[int, str]:
    said, _ = command.communicate(timeout=240)
    return command.returncode, said


def _is_reported_plainly(said: str) -> bool:
    """What, where and what to do; neither a traceback nor a statement."""
    return not any(word in said.lower() for word in ("traceback", 'file "', "insert into", "[sql"))


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_an_import_waits_for_a_server_that_restarts_and_publishes_once(
    own: World, server: OwnServer, mode: str
) -> None:
    with sync_that_reads(own) as command:
        server.stop(mode)
        time.sleep(25)  # longer than Dagster's own six tries
        server.start()
        status, said = _ended(command)
    assert status == 0, said
    assert "could not be reached: it " in said  # is stopping, or does not answer
    assert "; it is waited for, up to 60 s" in said
    assert _is_reported_plainly(said), said
    assert len(said.splitlines()) < 10, said
    assert syncs(own) == [("published", None)]
    assert statuses(own) == ["SUCCESS"]
    with connect(own.database_url) as connection:
        assert cut_off_imports(connection) == []


def test_an_import_waits_for_the_projects_own_server(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", storage=tmp_path / "storage")
    with running_database(settings) as url, made_world(url, sandbox, tmp_path) as world:
        with sync_that_reads(world) as command:
            assert run(settings.home, "stop").returncode == 0
            time.sleep(8)
            assert run(settings.home, "status").returncode in (0, 1)  # as any command does
            status, said = _ended(command)
        assert (status, syncs(world)) == (0, [("published", None)]), said
        assert "; it is waited for" in said  # it is down, or still stopping
        assert _is_reported_plainly(said), said


def test_an_import_that_lost_its_server_says_so_and_the_next_one_is_good(
    own: World, server: OwnServer
) -> None:
    with sync_that_reads(own) as command:
        server.stop("immediate")
        status, said = _ended(command)
    assert status == 1
    assert "error: Postgres at localhost:" in said or "error: Postgres at 127.0.0.1:" in said
    assert "hint: check that the server of SAMEGOAL_SYNC_DATABASE_URL is up" in said
    assert _is_reported_plainly(said), said
    assert "superuser" not in said  # the password
    server.start()
    assert statuses(own) == ["STARTED"]
    (fairview,) = [
        one for one in overall_status(own.database_url, datetime.now(UTC)) if one.slug == FAIRVIEW
    ]
    assert "was cut off: its process is gone" in str(fairview.problem)
    (outcome,) = own.run()
    assert outcome.state == "published"
    assert statuses(own) == ["FAILURE", "SUCCESS"]


@pytest.fixture
def full_disk_world(sandbox: Sandbox, tmp_path: Path) -> Iterator[tuple[Path, World]]:
    """A disk that can be filled, and a world whose Postgres is on it."""
    with (
        small_disk(220) as disk,
        own_server(_VERSION, disk / "pg") as server,
        world_on(server, sandbox, tmp_path) as world,
    ):
        yield disk, world


def test_a_full_disk_fails_the_import_plainly_and_room_mends_it(
    full_disk_world: tuple[Path, World],
) -> None:
    disk, world = full_disk_world
    with sync_that_reads(world) as command:
        ballast = fill(disk)
        status, said = _ended(command)
    assert status == 1
    assert "its disk is full (SQLSTATE 53100)" in said, said
    assert "make room on the disk of Postgres's data" in said
    assert _is_reported_plainly(said), said
    assert world.published() == []
    ballast.unlink()
    (outcome,) = world.run()
    assert outcome.state == "published"
    assert statuses(world) == ["FAILURE", "SUCCESS"]
    assert [state for state, _ in syncs(world) if state != "failed"] == ["published"]


@pytest.mark.parametrize(
    "table",
    [
        "dagster.event_logs",
        # Written in transactions, of which a statement alone must not be done again.
        "dagster.asset_keys",
        "dagster.asset_event_tags",
        "dagster.asset_check_executions",
        # In a step's own transaction: the step is done once more.
        "samegoal.students",
        "samegoal.syncs",
    ],
)
def test_work_whose_connection_broke_off_is_done_again(own: World, table: str) -> None:
    with sync_that_reads(own, seconds=3) as command, connections_cut_off(own.database_url, table):
        status, said = _ended(command)
    assert (status, syncs(own), statuses(own)) == (0, [("published", None)], ["SUCCESS"]), said


def test_connections_that_break_off_again_and_again_are_recorded_and_reported_plainly(
    own: World,
) -> None:
    with (
        sync_that_reads(own, seconds=3) as command,
        connections_cut_off(own.database_url, "dagster.event_logs", times=8),
    ):
        status, said = _ended(command)
    assert status == 1
    assert _is_reported_plainly(said), said
    ((state, message),) = syncs(own)
    assert (state, "the connection broke off" in str(message)) == ("failed", True)
    (outcome,) = own.run()  # ends the one that could not write its end
    assert outcome.state == "published"
    assert statuses(own) == ["FAILURE", "SUCCESS"]


def _is_recorded(world: World) -> bool:
    """Whether the night's first attempt has ended for everybody to see."""
    try:
        return bool(syncs(world)) and not _unended(world)
    except psycopg.Error:
        return False


def _unended(world: World) -> set[str]:
    return set(statuses(world)) - {"FAILURE", "SUCCESS"}


def _is_published(world: World) -> bool:
    return ("published", None) in syncs(world)


def _let_the_pause_pass(world: World) -> None:
    with psycopg.connect(world.database_url) as connection:
        connection.execute("update samegoal.syncs set finished_at = finished_at - interval '1 h'")


def test_a_night_whose_disk_was_full_is_tried_again_and_published_once(
    full_disk_world: tuple[Path, World], tmp_path: Path
) -> None:
    disk, world = full_disk_world
    log = tmp_path / "dagster.log"
    world.registry.set_state(RIDGEMONT, DistrictState.SUSPENDED, "test")
    due(world, FAIRVIEW)
    world.sandbox.fault(FAIRVIEW, "silent", count=1, seconds=15, path="Student/Student")
    with dagster_instance(world.settings, world.database_url) as instance:
        instance.add_dynamic_partitions("district", [FAIRVIEW])
        with dagster_programs(world, log):
            wait_for("the run", lambda: is_reading(world, FAIRVIEW))
            ballast = fill(disk)
            time.sleep(25)  # the run is over by then, and nobody could write that down
            ballast.unlink()
            wait_for("the first attempt's end", lambda: _is_recorded(world))
        assert "its disk is full (SQLSTATE 53100)" in log.read_text()
        if not _is_published(world):  # the run itself found room for its failed row
            _let_the_pause_pass(world)
            forget_ticks(instance)
            with dagster_programs(world, log):
                wait_for("the night", lambda: _is_published(world))
                wait_for("its run's end", lambda: not _unended(world))
    # Dagster's own retry may have been made, and not queued, while there was no room.
    assert statuses(world) in (["FAILURE", "SUCCESS"], ["FAILURE", "FAILURE", "SUCCESS"])
    assert [state for state, _ in syncs(world) if state != "failed"] == ["published"]
    with psycopg.connect(world.database_url) as connection:
        attempts = connection.execute("select max(attempt) from samegoal.nights").fetchone()
    assert attempts in [(1,), (2,)]  # begun anew at once as after a kill, or after the pause
