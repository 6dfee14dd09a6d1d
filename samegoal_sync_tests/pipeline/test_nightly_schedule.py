"""The schedules and sensors on a real Dagster instance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.event_api import PartitionKeyFilter

from samegoal_sync.database import connect
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.monitoring.due_nights import NO_RUN_AFTER
from samegoal_sync.districts.monitoring.night_requests import hours_of_nights
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.pipeline import sensors
from samegoal_sync.pipeline.freshness import CHECK
from samegoal_sync.pipeline.import_job import IMPORT_DISTRICT
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync.pipeline.nightly_schedule import missed_nights, nightly
from samegoal_sync.pipeline.published_asset import SAMEGOAL_STUDENTS
from samegoal_sync.pipeline.resources import resources
from samegoal_sync.settings import Settings
from samegoal_sync_tests.districts.sync_rows import write_night

NOW = datetime.now(UTC)
SLUGS = ("fairview-isd", "ridgemont", "silver-lake")


@pytest.fixture
def registry(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    settings = Settings(home=tmp_path / "home", storage=tmp_path / "storage")
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", database_url)
    monkeypatch.setenv("DAGSTER_HOME", str(settings.home))
    registry = Registry(settings, database_url)
    for slug in SLUGS:
        registry.add(
            slug=slug,
            name=slug,
            base_url=f"https://skyward.example.com/{slug}API",
            client_key="k",
            time_zone="UTC",
            hour=(NOW - timedelta(hours=2)).hour,
            who="test",
        )
        registry.set_state(slug, DistrictState.ACTIVE, "test")
    return registry


@pytest.fixture
def instance(registry: Registry) -> Iterator[dg.DagsterInstance]:
    with dagster_instance(registry.settings, registry.database_url) as opened:
        yield opened


def _requests(instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    found: Any = nightly(dg.build_schedule_context(resources=resources(), instance=instance))
    return found if isinstance(found, list) else []


def _missed(instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    found: Any = missed_nights(dg.build_sensor_context(resources=resources(), instance=instance))
    return found if isinstance(found, list) else []


def test_each_due_district_is_asked_for_with_its_partition_host_and_key(
    registry: Registry, instance: dg.DagsterInstance
) -> None:
    instance.add_dynamic_partitions("district", list(SLUGS[:2]))
    registry.set_state(SLUGS[1], DistrictState.SUSPENDED, "test")
    (request,) = _requests(instance)  # one has no partition yet, one is suspended
    assert request.run_key == f"{request.tags['night']}/{SLUGS[0]}/1"
    assert request.tags["dagster/partition"] == SLUGS[0]
    assert request.tags["host"] == "skyward.example.com"
    assert request.tags["kind"] == "nightly"


def test_what_was_asked_for_is_not_asked_for_again(
    registry: Registry, instance: dg.DagsterInstance
) -> None:
    instance.add_dynamic_partitions("district", list(SLUGS))
    assert len(_requests(instance)) == 3
    assert _requests(instance) == []


def test_a_night_belongs_to_the_schedule_until_it_was_missed(
    registry: Registry, instance: dg.DagsterInstance
) -> None:
    instance.add_dynamic_partitions("district", list(SLUGS[:1]))
    assert _requests(instance)
    with connect(registry.database_url) as connection:  # due some minutes ago, and not asked for
        connection.execute("update nights set attempt = 0, asked_at = null, due_at = %s",
                           (datetime.now(UTC) - timedelta(minutes=5),))  # fmt: skip
    assert _missed(instance) == []
    with connect(registry.database_url) as connection:
        connection.execute("update nights set due_at = due_at - interval '6 minutes'")
    (request,) = _missed(instance)
    assert request.run_key == f"{request.tags['night']}/{SLUGS[0]}/1"
    assert (request.tags["kind"], _requests(instance)) == ("nightly", [])


def test_the_schedules_hours_are_those_of_districts_whose_nights_run(registry: Registry) -> None:
    registry.update(SLUGS[1], who="test", time_zone="America/Denver", hour=4)
    registry.update(SLUGS[2], who="test", time_zone="America/Denver", hour=5)
    registry.set_state(SLUGS[2], DistrictState.SUSPENDED, "test")
    hour = (NOW - timedelta(hours=2)).hour
    assert hours_of_nights(registry.database_url) == {("UTC", hour), ("America/Denver", 4)}


def test_a_run_in_the_queue_is_waited_for_and_a_deleted_one_asked_for_again(
    registry: Registry, instance: dg.DagsterInstance
) -> None:
    instance.add_dynamic_partitions("district", list(SLUGS[:1]))
    (request,) = _requests(instance)
    key = {"dagster/run_key": str(request.run_key)}
    waiting = instance.create_run_for_job(_killed, tags={**request.tags, **key})
    with connect(registry.database_url) as connection:
        connection.execute("update nights set asked_at = asked_at - %s", (NO_RUN_AFTER,))
    assert _requests(instance) == []
    instance.delete_run(waiting.run_id)
    (again,) = _requests(instance)
    assert again.run_key == request.run_key


def _tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance, cursor: str | None) -> Any:
    context = dg.build_sensor_context(resources=resources(), instance=instance, cursor=cursor)
    return sensor.evaluate_tick(context)


def test_partitions_follow_the_registry(registry: Registry, instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions("district", [SLUGS[0], "gone"])
    registry.set_state(SLUGS[2], DistrictState.CONNECTED, "test")
    asked = _tick(sensors.sync_partitions, instance, None).dynamic_partitions_requests
    assert [(type(one).__name__, list(one.partition_keys)) for one in asked] == [
        ("AddDynamicPartitionsRequest", [SLUGS[1]]),
        ("DeleteDynamicPartitionsRequest", ["gone"]),
    ]


def test_a_district_without_a_good_night_turns_red_and_green_again(
    registry: Registry, instance: dg.DagsterInstance
) -> None:
    url = registry.database_url
    write_night(url, SLUGS[0], NOW - timedelta(hours=1), "published")
    write_night(url, SLUGS[1], NOW - timedelta(hours=37), "published")
    write_night(url, SLUGS[1], NOW - timedelta(hours=1), "held")
    first = _tick(sensors.districts_fresh, instance, None)
    assert {one.partition: one.passed for one in first.asset_events} == {
        SLUGS[0]: True,
        SLUGS[1]: False,
        SLUGS[2]: False,
    }
    assert _tick(sensors.districts_fresh, instance, first.cursor).asset_events == []
    write_night(url, SLUGS[1], NOW, "unchanged")
    (turned,) = _tick(sensors.districts_fresh, instance, first.cursor).asset_events
    assert (turned.partition, turned.passed) == (SLUGS[1], True)
    assert (turned.asset_key, turned.check_name) == (SAMEGOAL_STUDENTS, CHECK)


def test_a_district_turns_red_and_green_as_often_as_its_nights_do(
    registry: Registry, instance: dg.DagsterInstance
) -> None:
    cursor = None
    key = dg.AssetCheckKey(SAMEGOAL_STUDENTS, CHECK)
    for hours, passed in ((40, False), (1, True), (40, False)):
        with connect(registry.database_url) as connection:
            connection.execute("delete from syncs")
        write_night(registry.database_url, SLUGS[0], NOW - timedelta(hours=hours), "published")
        ticked = _tick(sensors.districts_fresh, instance, cursor)
        cursor = ticked.cursor
        for event in ticked.asset_events:  # as the daemon does after a tick
            instance.report_runless_asset_event(event)
        (record,) = instance.event_log_storage.get_asset_check_execution_history(
            key, limit=1, partition_filter=PartitionKeyFilter(key=SLUGS[0])
        )
        assert record.event is not None
        assert record.event.asset_check_evaluation is not None
        assert record.event.asset_check_evaluation.passed is passed


def test_sensors_without_a_mail_server_say_so_and_fail_nothing(
    registry: Registry, instance: dg.DagsterInstance
) -> None:
    for sensor in (
        sensors.mailbox,
        sensors.post_run_processing,
        sensors.access_expiry,
        sensors.technical_digest,
    ):
        assert _tick(sensor, instance, None).skip_message, sensor.name


@dg.op
def _nothing() -> None:
    raise RuntimeError


@dg.job(name=IMPORT_DISTRICT, executor_def=dg.in_process_executor)
def _killed() -> None:
    _nothing()


def test_a_run_that_left_no_word_is_recorded_and_tried_again(
    registry: Registry, instance: dg.DagsterInstance
) -> None:
    result = _killed.execute_in_process(
        instance=instance,
        tags={"dagster/partition": SLUGS[0], "night": "2026-10-01"},
        raise_on_error=False,
    )
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    for _ in range(2):
        sensors.record_lost_run(instance, run, SLUGS[0])
    with connect(registry.database_url) as connection:
        rows = connection.execute(
            "select district, night::text, state, findings->>'transient' from syncs"
        ).fetchall()
    assert rows == [(SLUGS[0], "2026-10-01", "failed", "true")]
    sensors.record_lost_run(instance, run, "removed-meanwhile")
