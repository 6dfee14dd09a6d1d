"""Old runs and check results go in batches; a district's latest of each stays."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as db
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.event_log import SqlEventLogStorage

from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.pipeline.pruning import KEPT, latest_runs, prune_runs

SLUGS = ("fairview-isd", "ridgemont")
_PARTITIONS = dg.DynamicPartitionsDefinition(name="district")


@dg.asset(partitions_def=_PARTITIONS)
def _published() -> None:
    """Stands for what a night materializes."""


with warnings.catch_warnings():
    warnings.simplefilter("ignore", category=dg.PreviewWarning)

    @dg.asset_check(asset=_published, partitions_def=_PARTITIONS)
    def _valid() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)


@pytest.fixture
def instance(registry: Registry) -> Iterator[dg.DagsterInstance]:
    with dagster_instance(registry.settings, registry.database_url) as opened:
        opened.add_dynamic_partitions("district", list(SLUGS))
        yield opened


def _job() -> dg.JobDefinition:
    defs = dg.Definitions(assets=[_published], asset_checks=[_valid])
    return defs.resolve_implicit_global_asset_job_def()


def _night(instance: dg.DagsterInstance, slug: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        job = dg.Definitions(
            assets=[_published], asset_checks=[_valid]
        ).get_implicit_global_asset_job_def()
        return job.execute_in_process(partition_key=slug, instance=instance).run_id


def _count(instance: dg.DagsterInstance, table: str) -> int:
    storage: Any = instance.event_log_storage
    assert isinstance(storage, SqlEventLogStorage)
    with storage.index_connection() as connection:
        return int(connection.execute(db.text(f"select count(*) from {table}")).scalar_one())


def _later() -> datetime:
    return datetime.now(UTC) + KEPT + timedelta(minutes=1)


def test_old_runs_are_deleted_but_never_a_districts_latest(instance: dg.DagsterInstance) -> None:
    old = [_night(instance, SLUGS[0]) for _ in range(4)]
    other = _night(instance, SLUGS[1])
    assert latest_runs(instance) == {old[-1], other}
    assert prune_runs(instance, datetime.now(UTC)).runs == 0
    first = prune_runs(instance, _later(), most=1, most_results=2)
    assert (first.runs, first.check_results) == (1, 2)
    second = prune_runs(instance, _later())
    assert (second.runs, second.check_results) == (2, 1)
    assert {run.run_id for run in instance.get_runs()} == {old[-1], other}
    assert instance.get_materialized_partitions(_published.key) == set(SLUGS)
    key = dg.AssetCheckKey(_published.key, "_valid")
    for slug in SLUGS:
        (record,) = instance.event_log_storage.get_asset_check_execution_history(
            key, limit=5, partition_filter=PartitionKeyFilter(key=slug)
        )
        assert record.run_id in {old[-1], other}
    assert _count(instance, "asset_check_executions") == 2
    left = _count(instance, "event_logs")
    assert prune_runs(instance, _later()).runs == 0
    assert _count(instance, "event_logs") == left


def test_a_removed_district_keeps_nothing(instance: dg.DagsterInstance) -> None:
    kept, _gone = _night(instance, SLUGS[0]), _night(instance, SLUGS[1])
    instance.delete_dynamic_partition("district", SLUGS[1])
    pruned = prune_runs(instance, _later())
    assert (pruned.runs, pruned.check_results) == (1, 1)
    assert [run.run_id for run in instance.get_runs()] == [kept]
    assert _count(instance, "run_tags where run_id not in (select run_id from runs)") == 0


def test_a_run_that_is_not_finished_stays(instance: dg.DagsterInstance) -> None:
    waiting = instance.create_run_for_job(_job())
    assert prune_runs(instance, _later()).runs == 0
    assert instance.get_run_by_id(waiting.run_id) is not None
