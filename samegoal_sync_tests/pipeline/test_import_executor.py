"""Of two runs of one night the first is executed; the other ends as canceled and says why."""

# Without postponed annotations: Dagster looks at the context's type itself.

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from samegoal_sync.district import DistrictState
from samegoal_sync.districts.monitoring.due_nights import due_at
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.pipeline.import_executor import import_executor
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.settings import DATABASE_VARIABLE
from samegoal_sync_tests.districts.sync_rows import ask

NIGHT = date(2026, 10, 20)
_executed: list[str] = []


@dg.op
def _import(context: dg.OpExecutionContext) -> None:
    _executed.append(context.run.run_id)


@dg.job(executor_def=import_executor)
def _job() -> None:
    _import()


@pytest.fixture
def instance(
    registry: Registry, fairview: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv(DATABASE_VARIABLE, registry.database_url)
    district = registry.set_state(fairview, DistrictState.ACTIVE, "test")
    assert ask(registry.database_url, [district], due_at(district, NIGHT))
    with dagster_instance(registry.settings, registry.database_url) as opened:
        yield opened


def _run(instance: dg.DagsterInstance, **more: Any) -> dg.DagsterRun:
    tags = {"dagster/partition": "fairview-isd", "night": NIGHT.isoformat(), "attempt": "1"}
    run = instance.create_run_for_job(_job, tags=tags, **more)
    list(execute_run(InMemoryJob(_job), run, instance).all_events)
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    return ended


def test_a_second_run_of_a_night_does_nothing(instance: dg.DagsterInstance) -> None:
    _executed.clear()
    first, second = _run(instance), _run(instance)
    assert first.status is dg.DagsterRunStatus.SUCCESS
    assert second.status is dg.DagsterRunStatus.CANCELED
    assert _executed == [first.run_id]
    messages = [entry.message for entry in instance.all_logs(second.run_id)]
    assert f"Nothing is imported: run {first.run_id} has taken this night up." in messages


def test_a_run_executed_again_on_request_is_the_same_run_of_its_night(
    instance: dg.DagsterInstance,
) -> None:
    _executed.clear()
    first = _run(instance)
    again = _run(instance, root_run_id=first.run_id, parent_run_id=first.run_id)
    assert again.status is dg.DagsterRunStatus.SUCCESS
    assert _executed == [first.run_id, again.run_id]
