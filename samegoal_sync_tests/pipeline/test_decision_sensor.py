"""A held night that a person approves or discards: Dagster shows it, outside any run."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecordStatus as Status,
)

from samegoal_sync.pipeline.decision_sensor import decisions_on_held_nights
from samegoal_sync.pipeline.published_asset import SAMEGOAL_STUDENTS, WITHIN_GUARDS
from samegoal_sync.pipeline.resources import resources
from samegoal_sync.samegoal.publication.held_nights import approve, discard
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW = SLUGS[0]
CHECK = dg.AssetCheckKey(SAMEGOAL_STUDENTS, WITHIN_GUARDS.name)


@pytest.fixture
def held(world: World, instance: dg.DagsterInstance) -> Iterator[World]:
    """A night is published; in the next one half of the students are gone."""
    world.run()
    whole = world.sandbox.tables(FAIRVIEW)["Student/Student"]
    world.sandbox.replace_table(FAIRVIEW, "Student/Student", whole.head(whole.height // 2))
    try:
        assert world.run()[0].state == "held"
        assert _status(instance) is Status.FAILED
        yield world
    finally:
        world.sandbox.replace_table(FAIRVIEW, "Student/Student", whole)


def _status(instance: dg.DagsterInstance) -> Status:
    (record,) = instance.event_log_storage.get_asset_check_execution_history(
        CHECK, limit=1, partition_filter=PartitionKeyFilter(key=FAIRVIEW)
    )
    return record.status


def _tick(instance: dg.DagsterInstance, cursor: str | None = None) -> str | None:
    """As the daemon does; the cursor after it, or ``None`` if nothing was told."""
    with dg.build_sensor_context(
        resources=resources(), instance=instance, cursor=cursor
    ) as context:
        result = decisions_on_held_nights(context)
    if isinstance(result, dg.SkipReason):
        return None
    assert isinstance(result, dg.SensorResult)
    for event in result.asset_events:
        instance.report_runless_asset_event(event)
    return result.cursor


def _published(instance: dg.DagsterInstance) -> dg.AssetMaterialization:
    event = instance.get_latest_materialization_event(SAMEGOAL_STUDENTS)
    assert event is not None
    assert event.asset_materialization is not None
    return event.asset_materialization


def test_an_approved_night_is_reported_with_its_numbers_and_a_green_check_once(
    held: World, instance: dg.DagsterInstance
) -> None:
    assert _tick(instance) is None
    before = _published(instance)
    counts = approve(held.database_url, FAIRVIEW, "ann").counts
    cursor = _tick(instance)
    assert cursor is not None
    assert _status(instance) is Status.SUCCEEDED
    result = _published(instance)
    assert result != before
    assert result.partition == FAIRVIEW
    assert result.metadata["students missing"].value == counts["students_missing"] > 0
    assert result.metadata["changes recorded"].value == counts["changes"]
    assert _tick(instance, cursor) is None


def test_a_discarded_night_turns_the_check_green_and_publishes_nothing(
    held: World, instance: dg.DagsterInstance
) -> None:
    before = _published(instance)
    discard(held.database_url, FAIRVIEW, "ann")
    cursor = _tick(instance)
    assert cursor is not None
    assert _status(instance) is Status.SUCCEEDED
    assert _published(instance) == before
    # Held and decided again: told again, though Dagster keeps one result outside runs.
    assert held.run()[0].state == "held"
    assert _status(instance) is Status.FAILED
    discard(held.database_url, FAIRVIEW, "ann")
    assert _tick(instance, cursor) is not None
    assert _status(instance) is Status.SUCCEEDED
