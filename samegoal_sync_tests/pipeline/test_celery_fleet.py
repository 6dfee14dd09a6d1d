"""A fleet for real: Redis, a code server, the daemon and a warm Celery worker, each killed once.

What deploy/ says is what runs here: its dagster.yaml, workspace.yaml and celery.yaml, and the
commands of its README.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import dagster as dg
import pytest

from samegoal_sync.database import connect
from samegoal_sync.district import DistrictState
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.sandbox import Sandbox
from samegoal_sync_tests.database.own_servers import EMBEDDED, INSTALLED, OwnServer, own_server
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.pipeline.fleet_programs import Fleet
from samegoal_sync_tests.pipeline.night_programs import due, forget_ticks, is_reading, wait_for
from samegoal_sync_tests.pipeline.own_world import statuses, syncs, what_stands, world_on

FAIRVIEW, RIDGEMONT = SLUGS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="needs Debian's redis-server as the broker"
    ),
    pytest.mark.skipif(
        shutil.which("celery", path=str(CHECKOUT / ".venv" / "bin")) is None
        and shutil.which("celery") is None,
        reason="needs the extra fleet (requirements-fleet.lock)",
    ),
]


#: Long enough that nobody's own few tries are enough.
_GONE_SECONDS = 20


@pytest.fixture
def server() -> Iterator[OwnServer]:
    with own_server(next(iter(INSTALLED), EMBEDDED)) as running:
        yield running


@pytest.fixture
def world(server: OwnServer, sandbox: Sandbox, tmp_path: Path) -> Iterator[World]:
    """On a Postgres that can be stopped."""
    with world_on(server, sandbox, tmp_path) as made:
        yield made


@pytest.fixture
def fleet(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    made = Fleet(world.settings, world.database_url, tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


def _published(world: World, slug: str) -> list[tuple[object, ...]]:
    with connect(world.database_url) as connection:
        return connection.execute(
            "select night, state from syncs where district = %s and state = 'published'", (slug,)
        ).fetchall()


def _wait_for_night(world: World, slug: str) -> None:
    wait_for(
        f"{slug}'s night",
        lambda: _published(world, slug),
        seconds=400,
        else_show=lambda: what_stands(world),
    )


def _kill(program: subprocess.Popen[bytes]) -> None:
    """At once, with all that it started."""
    os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def _restart(server: OwnServer, mode: str) -> None:
    server.stop(mode)
    time.sleep(_GONE_SECONDS)
    server.start()


def test_nights_end_published_once_whatever_is_killed(
    world: World, fleet: Fleet, server: OwnServer
) -> None:
    world.registry.set_state(RIDGEMONT, DistrictState.SUSPENDED, "test")
    for slug in SLUGS:
        due(world, slug)
        world.sandbox.fault(slug, "silent", count=1, seconds=25, path="Student/Student")
    with ExitStack() as stack, dagster_instance(world.settings, world.database_url) as instance:
        instance.add_dynamic_partitions("district", list(SLUGS))
        redis = stack.enter_context(fleet.redis())
        code_server = stack.enter_context(fleet.code_server())
        worker = stack.enter_context(fleet.worker())
        with fleet.daemon():
            wait_for("Fairview's run", lambda: is_reading(world, FAIRVIEW))
            _kill(worker)
            redis.terminate()
            redis.wait()
            stack.enter_context(fleet.redis())
            stack.enter_context(fleet.worker())
            _wait_for_night(world, FAIRVIEW)

        world.registry.set_state(RIDGEMONT, DistrictState.ACTIVE, "test")
        forget_ticks(instance)
        with fleet.daemon():
            wait_for("Ridgemont's run", lambda: is_reading(world, RIDGEMONT))
            _kill(code_server)
            _restart(server, "immediate")
            stack.enter_context(fleet.code_server())
            _wait_for_night(world, RIDGEMONT)
        _check_once(world, instance)


def test_a_night_goes_on_after_postgres_was_restarted_in_its_midst(
    world: World, fleet: Fleet, server: OwnServer
) -> None:
    world.registry.set_state(RIDGEMONT, DistrictState.SUSPENDED, "test")
    due(world, FAIRVIEW)
    world.sandbox.fault(FAIRVIEW, "silent", count=1, seconds=25, path="Student/Student")
    with ExitStack() as stack, dagster_instance(world.settings, world.database_url) as instance:
        instance.add_dynamic_partitions("district", [FAIRVIEW])
        for program in (fleet.redis(), fleet.code_server(), fleet.worker(), fleet.daemon()):
            stack.enter_context(program)
        wait_for("the run", lambda: is_reading(world, FAIRVIEW))
        _restart(server, "fast")
        _wait_for_night(world, FAIRVIEW)
        wait_for("its run's end", lambda: statuses(world) == ["SUCCESS"])  # nothing was begun anew
    assert [state for state, _ in syncs(world)] == ["published"]


def _check_once(world: World, instance: dg.DagsterInstance) -> None:
    for slug in SLUGS:
        assert len(_published(world, slug)) == 1
        runs = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": slug}))
        good = [run for run in runs if run.status is dg.DagsterRunStatus.SUCCESS]
        assert len(good) == 1, [(run.run_id, run.status) for run in runs]
        assert {run.tags["night"] for run in runs} == {good[0].tags["night"]}
