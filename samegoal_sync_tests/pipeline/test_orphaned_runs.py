"""Runs that nobody executes any more are ended soon, recorded, and say so in ``status``."""

# Without postponed annotations: Dagster looks at the context's type itself.

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import dagster as dg
import psycopg
import pytest

from samegoal_sync.database import connect
from samegoal_sync.districts.monitoring.district_status import overall_status
from samegoal_sync.districts.monitoring.due_nights import NO_RUN_AFTER, WINDOW, due_at
from samegoal_sync.districts.monitoring.running_imports import cut_off_imports, running_import
from samegoal_sync.districts.monitoring.worst_problem import Severity
from samegoal_sync.pipeline.import_job import IMPORT_DISTRICT
from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync.pipeline.orphaned_runs import (
    end_orphaned_runs,
    end_unqueued_runs,
    record_canceled_nights,
)
from samegoal_sync.pipeline.unheard_runs import end_unheard_runs
from samegoal_sync.settings import DATABASE_VARIABLE
from samegoal_sync_tests.districts.sync_rows import ask
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW = SLUGS[0]


@dg.op
def _nothing() -> None: ...


@dg.job(name=IMPORT_DISTRICT, executor_def=dg.in_process_executor)
def _job() -> None:
    _nothing()


def _cut_off(world: World) -> list[str]:
    with connect(world.database_url) as connection:
        return [one.run_id for one in cut_off_imports(connection)]


def _killed_sync(world: World) -> None:
    calls = len(world.sandbox.log(FAIRVIEW))
    command = subprocess.Popen(
        [sys.executable, "-m", "samegoal_sync.cli", "sync", FAIRVIEW],
        env={**os.environ, **pipeline_environment(world.settings, world.database_url)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(world.sandbox.log(FAIRVIEW)) <= calls + 2:
        assert time.monotonic() < deadline, "the sync read nothing"
        time.sleep(0.1)
    command.send_signal(signal.SIGKILL)
    command.wait()


@pytest.mark.slow
def test_a_killed_import_is_seen_by_status_and_ended_by_the_next_one(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.sandbox.fault(FAIRVIEW, "silent", count=None, seconds=20, path="Student/Student")
    _killed_sync(world)
    (run,) = instance.get_runs()
    assert run.status is dg.DagsterRunStatus.STARTED
    assert _cut_off(world) == [run.run_id]
    (fairview,) = [
        one for one in overall_status(world.database_url, datetime.now(UTC)) if one.slug == FAIRVIEW
    ]
    assert fairview.severity is Severity.FAILING
    assert "was cut off: its process is gone" in str(fairview.problem)

    world.sandbox.clear_faults(FAIRVIEW)
    (outcome,) = world.run()
    assert outcome.state == "published"
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.FAILURE
    assert ended.tags["dagster/max_retries"] == "0"
    assert _cut_off(world) == []


def test_an_import_that_is_being_executed_is_left_alone_even_when_postgres_drops_it(
    world: World, instance: dg.DagsterInstance
) -> None:
    run = instance.create_run_for_job(_job)
    with running_import(world.database_url, FAIRVIEW, run.run_id):
        assert _cut_off(world) == []
        with psycopg.connect(world.database_url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
            )
        assert end_orphaned_runs(instance, world.database_url) == []
        with running_import(world.database_url, FAIRVIEW, run.run_id):
            assert _cut_off(world) == []
        assert _cut_off(world) == []
    with connect(world.database_url) as connection:
        assert connection.execute("select count(*) from running_imports").fetchone() == (0,)


def _night_run(world: World, instance: dg.DagsterInstance) -> dg.DagsterRun:
    """A night's run that the schedule asked for just now."""
    district = world.registry.get(FAIRVIEW)
    (request,) = ask(world.database_url, [district], due_at(district, datetime.now(UTC).date()))
    tags = {
        "dagster/partition": FAIRVIEW, "kind": "nightly",
        "night": request.night.isoformat(), "attempt": "1",
    }  # fmt: skip
    return instance.create_run_for_job(_job, tags=tags)


def test_a_night_that_a_person_canceled_in_the_queue_is_recorded_and_not_asked_for_again(
    world: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, world.database_url)
    run = _night_run(world, instance)
    instance.report_run_canceled(run)
    now = datetime.now(UTC)
    assert record_canceled_nights(instance, now) == [FAIRVIEW]
    assert record_canceled_nights(instance, now) == []
    district = world.registry.get(FAIRVIEW)
    due = due_at(district, now.date())
    for minutes in range(20, int(WINDOW.total_seconds() // 60), 30):
        assert ask(world.database_url, [district], due + timedelta(minutes=minutes)) == []
    with connect(world.database_url) as connection:
        rows = connection.execute("select state, message from syncs").fetchall()
    assert [state for state, _ in rows] == ["failed"]
    assert "was canceled before it published" in rows[0][1]


def test_a_run_that_never_reached_the_queue_is_ended(
    world: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, world.database_url)
    run = _night_run(world, instance)
    now = datetime.now(UTC)
    assert end_unqueued_runs(instance, now) == []
    assert end_unqueued_runs(instance, now + NO_RUN_AFTER) == [run.run_id]
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.FAILURE


def _started_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    run = instance.create_run_for_job(_job, tags={"dagster/partition": FAIRVIEW})
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, job_name=IMPORT_DISTRICT),
        run_id=run.run_id,
    )
    return run


def _minute_before(silent: dict[str, datetime]) -> dict[str, datetime]:
    return {run_id: at - timedelta(minutes=1) for run_id, at in silent.items()}


def test_a_started_run_that_is_silent_for_a_minute_is_ended(
    world: World, instance: dg.DagsterInstance
) -> None:
    run = _started_run(instance)
    ended, silent = end_unheard_runs(instance, world.database_url, {})
    assert (ended, list(silent)) == ([], [run.run_id])
    # Of the database's clock, so that no machine's own counts.
    assert end_unheard_runs(instance, world.database_url, silent) == ([], silent)
    assert end_unheard_runs(instance, world.database_url, _minute_before(silent)) == (
        [run.run_id],
        {},
    )
    after = instance.get_run_by_id(run.run_id)
    assert after is not None
    assert after.status is dg.DagsterRunStatus.FAILURE
    assert after.tags["dagster/max_retries"] == "0"
    assert end_unheard_runs(instance, world.database_url, {}) == ([], {})


def test_a_run_that_shows_itself_late_is_left_alone(
    world: World, instance: dg.DagsterInstance
) -> None:
    run = _started_run(instance)
    _, silent = end_unheard_runs(instance, world.database_url, {})
    with running_import(world.database_url, FAIRVIEW, run.run_id):
        assert end_unheard_runs(instance, world.database_url, _minute_before(silent)) == ([], {})
        with connect(world.database_url) as connection:  # as of a district that was removed
            connection.execute("delete from running_imports")
        assert end_unheard_runs(instance, world.database_url, _minute_before(silent)) == ([], {})


def test_a_run_that_shows_itself_at_the_last_look_is_left_alone(
    world: World, instance: dg.DagsterInstance
) -> None:
    run = _started_run(instance)
    _, silent = end_unheard_runs(instance, world.database_url, {})
    with ThreadPoolExecutor() as pool:
        ending = pool.submit(end_unheard_runs, instance, world.database_url, _minute_before(silent))
        time.sleep(3)  # its first look is over
        with running_import(world.database_url, FAIRVIEW, run.run_id):
            assert ending.result()[0] == []
    after = instance.get_run_by_id(run.run_id)
    assert after is not None
    assert after.status is dg.DagsterRunStatus.STARTED


def test_a_retry_that_dagster_made_but_did_not_queue_is_ended_and_no_other_one(
    world: World, instance: dg.DagsterInstance
) -> None:
    instance.create_run_for_job(_job)  # by hand: not begun yet
    retry = instance.create_run_for_job(_job, tags={"dagster/retry_number": "1"})
    _, silent = end_unheard_runs(instance, world.database_url, {})
    assert list(silent) == [retry.run_id]
    ended, _ = end_unheard_runs(instance, world.database_url, _minute_before(silent))
    assert ended == [retry.run_id]
    after = instance.get_run_by_id(retry.run_id)
    assert after is not None
    assert after.status is dg.DagsterRunStatus.FAILURE
