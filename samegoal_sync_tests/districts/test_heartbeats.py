"""Whether somebody notices that nothing ticks: the daemon can't say so itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from samegoal_sync.database import connect
from samegoal_sync.districts.monitoring.digest import digest
from samegoal_sync.districts.monitoring.heartbeats import EVERY, Silence, beat, silence

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _silence(url: str, now: datetime = NOW) -> Silence | None:
    with connect(url) as connection:
        return silence(connection, now)


def test_a_database_on_which_no_daemon_ever_ran_alarms_nobody(database_url: str) -> None:
    assert _silence(database_url) is None


def test_a_daemon_that_died_is_noticed_and_one_that_ticks_is_not(database_url: str) -> None:
    for name in EVERY:
        beat(database_url, name, NOW, 0.5)
    assert _silence(database_url, NOW + timedelta(minutes=10)) is None
    found = _silence(database_url, NOW + HOUR)
    assert found is not None
    assert found.everything
    assert found.since == NOW
    # Once a day: not late yet.
    assert not {"prune_runs", "nightly"} & set(found.names)
    assert "no night is asked for" in found.problem
    beat(database_url, "missed_nights", NOW + HOUR, 0.5)
    after = _silence(database_url, NOW + HOUR)
    assert after is not None
    assert not after.everything


def test_one_sensor_that_is_off_or_fails_is_named(database_url: str) -> None:
    for name in EVERY:
        beat(database_url, name, NOW, 0.5)
    for name in set(EVERY) - {"post_run_processing"}:
        beat(database_url, name, NOW + HOUR, 0.5)
    found = _silence(database_url, NOW + HOUR)
    assert found is not None
    assert found.names == ("post_run_processing",)
    assert "post_run_processing" in digest([], found)


def test_a_sensor_that_never_ticked_is_late_from_when_the_others_began(database_url: str) -> None:
    for minutes in (0, 60):
        for name in set(EVERY) - {"missed_nights"}:
            beat(database_url, name, NOW + timedelta(minutes=minutes), 0.5)
    found = _silence(database_url, NOW + HOUR)
    assert found is not None
    assert found.names == ("missed_nights",)
