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
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from samegoal_sync.database import connect
from samegoal_sync.district import DistrictState
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.pipeline.fleet_programs import Fleet
from samegoal_sync_tests.pipeline.test_daemon import _forget_ticks, _wait_for

FAIRVIEW, RIDGEMONT = SLUGS
#: Until a daemon has started and a cold worker reads: over two minutes at a load of twenty.
_STARTED = 240

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="needs Debian's redis-server as the broker"
    ),
    pytest.mark.skipif(
        shutil.which("celery", path=str(CHECKOUT / ".venv" / "bin")) is None
        and shutil.which("celery") is None,
        reason="needs the extra fleet (requirements-fleet.lock)",
    ),
]


@pytest.fixture
def fleet(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    made = Fleet(world.settings, world.database_url, tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


@contextmanager
def _no_postgres(world: World) -> Iterator[None]:
    """As while the server restarts: every connection ends, and none is taken."""
    database = world.database_url.split("?")[0].rsplit("/", 1)[1]
    maintenance = world.database_url.replace(f"/{database}?", "/postgres?")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"alter database {database} with allow_connections false")
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (database,)
        )
        try:
            yield
        finally:
            connection.execute(f"alter database {database} with allow_connections true")


def _due(world: World, slug: str) -> None:
    hour = (datetime.now(UTC) - timedelta(hours=2)).hour
    world.registry.update(slug, who="test", time_zone="UTC", hour=hour)


def _waiting(world: World, slug: str) -> bool:
    """Whether a run of the district is in the middle of its read, and Qmlativ says nothing."""
    with connect(world.database_url) as connection:
        shown = connection.execute(
            "select from running_imports where district = %s", (slug,)
        ).fetchone()
    answered = world.sandbox.log(slug)
    if shown is None or len(answered) < 4:
        return False
    return answered[-1].time < datetime.now(UTC) - timedelta(seconds=3)


def _published(world: World, slug: str) -> list[tuple[object, ...]]:
    with connect(world.database_url) as connection:
        return connection.execute(
            "select night, state from syncs where district = %s and state = 'published'", (slug,)
        ).fetchall()


def _kill(program: subprocess.Popen[bytes]) -> None:
    """At once, with all that it started."""
    os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def test_nights_end_published_once_whatever_is_killed(world: World, fleet: Fleet) -> None:
    world.registry.set_state(RIDGEMONT, DistrictState.SUSPENDED, "test")
    for slug in SLUGS:
        _due(world, slug)
        world.sandbox.fault(slug, "silent", count=1, seconds=25, path="Student/Student")
    with ExitStack() as stack, dagster_instance(world.settings, world.database_url) as instance:
        instance.add_dynamic_partitions("district", list(SLUGS))
        redis = stack.enter_context(fleet.redis())
        code_server = stack.enter_context(fleet.code_server())
        worker = stack.enter_context(fleet.worker())
        with fleet.daemon():
            _wait_for("Fairview's run", lambda: _waiting(world, FAIRVIEW), seconds=_STARTED)
            _kill(worker)
            redis.terminate()
            redis.wait()
            stack.enter_context(fleet.redis())
            stack.enter_context(fleet.worker())
            _wait_for("Fairview's night", lambda: _published(world, FAIRVIEW), seconds=400)

        world.registry.set_state(RIDGEMONT, DistrictState.ACTIVE, "test")
        _forget_ticks(instance)
        with fleet.daemon():
            _wait_for("Ridgemont's run", lambda: _waiting(world, RIDGEMONT), seconds=_STARTED)
            _kill(code_server)
            with _no_postgres(world):
                time.sleep(4)
            stack.enter_context(fleet.code_server())
            _wait_for("Ridgemont's night", lambda: _published(world, RIDGEMONT), seconds=250)
        _check_once(world, instance)


def _check_once(world: World, instance: dg.DagsterInstance) -> None:
    for slug in SLUGS:
        assert len(_published(world, slug)) == 1
        runs = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": slug}))
        good = [run for run in runs if run.status is dg.DagsterRunStatus.SUCCESS]
        assert len(good) == 1, [(run.run_id, run.status) for run in runs]
        assert {run.tags["night"] for run in runs} == {good[0].tags["night"]}
