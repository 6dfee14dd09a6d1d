"""The real daemon, queue and web server: a partition launched by hand, a night by schedule."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
import psycopg
import pytest
from dagster._core.scheduler.instigation import (
    InstigatorTick,
    TickStatus,
)

from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync.pipeline.published_asset import SAMEGOAL_STUDENTS
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.pipeline.night_programs import (
    dagster_programs,
    forget_ticks,
    missed_nights_state,
    wait_for,
)

FAIRVIEW, RIDGEMONT = SLUGS
_LOCATION = {"repositoryLocationName": "samegoal_sync", "repositoryName": "__repository__"}
_T = TypeVar("_T")
_LAUNCH = """
mutation($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""


def _asked(address: str, query: str, **variables: Any) -> dict[str, Any]:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(
        f"{address}/graphql", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        data: dict[str, Any] = json.load(answer)["data"]
    return data


def _ended_run(instance: dg.DagsterInstance, slug: str) -> dg.DagsterRun | None:
    runs = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": slug}))
    return next((run for run in runs if run.is_finished), None)


#: Each asset with its checks, as the web server shows them.
_SHOWN = """
{ assetNodes {
    assetKey { path }
    assetChecksOrError { ... on AssetChecks { checks { name assetKey { path } } } }
} }
"""


def _launch(address: str, slug: str) -> str:
    """What *Materialize all* in the lineage sends for one partition: all checks, and no job."""
    nodes = _asked(address, _SHOWN)["assetNodes"]
    assets = [node["assetKey"] for node in nodes]
    checks = [check for node in nodes for check in node["assetChecksOrError"].get("checks", [])]
    assert len(assets) == 7
    assert "fresh_within_36_hours" in {check["name"] for check in checks}
    params = {
        "selector": {
            **_LOCATION,
            "pipelineName": "__ASSET_JOB",
            "assetSelection": assets,
            "assetCheckSelection": checks,
        },
        "mode": "default",
        "runConfigData": {},
        "executionMetadata": {"tags": [{"key": "dagster/partition", "value": slug}]},
    }
    launched = _asked(address, _LAUNCH, params=params)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    return str(launched["run"]["runId"])


def _set_hour(world: World, from_now: timedelta) -> None:
    hour = (datetime.now(UTC) + from_now).hour
    for slug in SLUGS:
        world.registry.update(slug, who="test", time_zone="UTC", hour=hour)


def _looks(instance: dg.DagsterInstance) -> list[InstigatorTick]:
    """Ticks of the sensor that have ended, newest first."""
    state = missed_nights_state(instance)
    if state is None:
        return []
    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id)
    return [one for one in ticks if one.status is not TickStatus.STARTED]


@pytest.mark.slow
def test_a_launched_partition_and_a_missed_night_pass_through_the_queue(
    world: World, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    _set_hour(world, timedelta(hours=2))  # no night is due yet
    instance.add_dynamic_partitions("district", list(SLUGS))
    with dagster_programs(world, tmp_path / "first.log") as address:
        run_id = _launch(address, FAIRVIEW)
        by_hand = wait_for("the launched run", lambda: _ended_run(instance, FAIRVIEW))
        wait_for("the first look", lambda: _looks(instance))
    assert by_hand.run_id == run_id
    assert by_hand.status is dg.DagsterRunStatus.SUCCESS
    # Whatever page it was asked for on, it is a run of the job, which does not plan freshness.
    assert by_hand.job_name == "import_district"
    assert by_hand.remote_job_origin is not None
    assert by_hand.remote_job_origin.job_name == "import_district"
    assert by_hand.step_keys_to_execute == ["qmlativ", "demographics", "publication"]
    assert instance.get_runs(dg.RunsFilter(job_name="import_district", run_ids=[run_id]))
    # The queue's limits go by these, and the UI gives none of them.
    assert {name: by_hand.tags.get(name) for name in ("district", "host", "kind")} == {
        "district": FAIRVIEW,
        "host": "127.0.0.1",
        "kind": "by hand",
    }
    key = dg.AssetCheckKey(dg.AssetKey("student_demographics"), "students_valid")
    evaluations = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    assert {record.partition for record in evaluations} == {FAIRVIEW}
    fresh = dg.AssetCheckKey(SAMEGOAL_STUDENTS, "fresh_within_36_hours")
    evaluations = instance.event_log_storage.get_asset_check_execution_history(fresh, limit=10)
    assert run_id not in {record.run_id for record in evaluations}

    _set_hour(world, -timedelta(hours=2))
    with psycopg.connect(world.database_url) as connection:
        connection.execute(
            "delete from samegoal.nights"
        )  # a night keeps the hour for which it was planned
    forget_ticks(instance)
    with dagster_programs(world, tmp_path / "second.log"):
        nightly = wait_for("the night's run", lambda: _ended_run(instance, RIDGEMONT))
    assert nightly.status is dg.DagsterRunStatus.SUCCESS
    assert nightly.tags["dagster/sensor_name"] == "missed_nights"
    assert nightly.job_name == "import_district"
    with psycopg.connect(world.database_url) as connection:
        rows = connection.execute("select district, state from samegoal.syncs").fetchall()
    assert (RIDGEMONT, "published") in rows
    assert (FAIRVIEW, "published") in rows


#: In every program: says when Python takes its modules apart, which happens last.
_TELLS_ITS_TEARDOWN = """
import os

class _Told:
    write = os.write

    def __del__(self):
        _Told.write(2, b"taken apart\\n")

_told = _Told()
"""


@pytest.mark.slow
def test_a_stop_ends_the_daemon_s_threads_and_takes_no_program_apart(
    world: World, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(_TELLS_ITS_TEARDOWN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    _set_hour(world, timedelta(hours=2))
    log = tmp_path / "dagster.log"
    with dagster_programs(world, log):
        wait_for("the first look", lambda: _looks(instance))
    said = log.read_text()
    assert "Daemon threads shut down." in said
    assert "did not shut down gracefully" not in said
    assert "Dagster services shut down." in said
    assert "killing the process" not in said
    assert "taken apart" not in said


def _stand_still(world: World) -> None:
    """A queue in which every place is taken."""
    pipeline_environment(world.settings, world.database_url)
    home = world.settings.home / "dagster.yaml"
    text = home.read_text()
    home.unlink()
    assert "max_concurrent_runs: 4" in text
    home.write_text(text.replace("max_concurrent_runs: 4", "max_concurrent_runs: 0"))


@pytest.mark.slow
def test_a_queue_that_stands_still_holds_each_night_once_however_often_daemons_look(
    world: World, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    _stand_still(world)
    _set_hour(world, -timedelta(hours=2))
    instance.add_dynamic_partitions("district", list(SLUGS))
    found = []
    for look in range(3):
        if look:
            forget_ticks(instance)
        with dagster_programs(world, tmp_path / f"look-{look}.log"):
            tick = wait_for("a look", lambda: _looks(instance))[0]
        found.append((tick.status, len(tick.run_ids)))
    assert found == [(TickStatus.SUCCESS, 2), (TickStatus.SKIPPED, 0), (TickStatus.SKIPPED, 0)]
    runs = instance.get_runs()
    assert {run.status for run in runs} == {dg.DagsterRunStatus.QUEUED}
    assert sorted(run.tags["dagster/partition"] for run in runs) == sorted(SLUGS)
