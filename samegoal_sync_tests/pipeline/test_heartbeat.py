"""Every schedule and sensor notes its ticks, and only those that went well."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from samegoal_sync.database import connect
from samegoal_sync.definitions import defs
from samegoal_sync.districts.monitoring.heartbeats import EVERY, heartbeats
from samegoal_sync.pipeline import sensors
from samegoal_sync.pipeline.resources import resources
from samegoal_sync.pipeline.sensors import lost_runs

#: Called for failed runs only: nothing is heard of it while all is well.
_UNHEARD = {lost_runs.name}


def _names(database_url: str) -> list[str]:
    with connect(database_url) as connection:
        return [one.name for one in heartbeats(connection)]


@pytest.fixture
def named(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", database_url)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return database_url


def test_whatever_ticks_is_expected_to() -> None:
    ticking = {one.name for one in (*(defs.schedules or ()), *(defs.sensors or ()))}
    assert ticking - _UNHEARD == set(EVERY)


def test_each_sensor_notes_its_tick(named: str) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        for sensor in (sensors.mailbox, sensors.sync_partitions, sensors.post_run_processing):
            sensor(dg.build_sensor_context(resources=resources(), instance=instance))
    assert _names(named) == ["mailbox", "post_run_processing", "sync_partitions"]


def test_a_tick_that_fails_is_not_noted(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> list[str]:
        raise ValueError("broken")

    monkeypatch.setattr(sensors, "process_ended_runs", broken)
    with pytest.raises(ValueError, match="broken"):
        sensors.post_run_processing(dg.build_sensor_context(resources=resources()))
    assert _names(named) == []
