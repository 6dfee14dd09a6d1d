"""Exactly one run a district, date and attempt, on the real table: crashes, queues, two daemons."""

from __future__ import annotations

import dataclasses
import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from samegoal_sync.database import connect
from samegoal_sync.district import District, DistrictState
from samegoal_sync.districts.monitoring.due_nights import NO_RUN_AFTER, WINDOW, due_at
from samegoal_sync.districts.monitoring.night_requests import (
    KEPT,
    NightRun,
    ask_for_due_nights,
    claim_night,
    forget_old_nights,
)
from samegoal_sync.districts.monitoring.unsettled_nights import unsettled_nights
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync_tests.database.cut_connections import connections_cut_off
from samegoal_sync_tests.districts.sync_rows import ask, begin, write_night

NIGHT = date(2026, 10, 20)


@pytest.fixture
def district(registry: Registry, fairview: str) -> District:
    return registry.set_state(fairview, DistrictState.ACTIVE, "test")


@pytest.fixture
def due(district: District) -> datetime:
    return due_at(district, NIGHT)


def _keys(registry: Registry, district: District, now: datetime, runs: set[str]) -> list[str]:
    found = ask_for_due_nights(registry.database_url, [district], now, lambda _night: runs)
    return [one.run_key for one in found]


def test_a_queue_that_stands_still_is_asked_for_once(
    registry: Registry, district: District, due: datetime
) -> None:
    runs: set[str] = set()
    for minutes in range(0, 600, 5):
        runs |= set(_keys(registry, district, due + timedelta(minutes=minutes), runs))
    assert runs == {f"{NIGHT}/fairview-isd/1"}


def test_a_tick_that_died_before_its_run_came_is_made_up_for(
    registry: Registry, district: District, due: datetime
) -> None:
    asked = [
        minutes
        for minutes in range(0, 60, 5)
        if _keys(registry, district, due + timedelta(minutes=minutes), set())
    ]
    assert asked == [0, NO_RUN_AFTER.seconds // 60, 2 * NO_RUN_AFTER.seconds // 60]


def test_daemons_that_ask_at_the_same_moment_ask_once(
    registry: Registry, district: District, due: datetime
) -> None:
    found: list[str] = []
    start = threading.Barrier(4)

    def tick() -> None:
        start.wait()
        found.extend(_keys(registry, district, due, set()))

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [f"{NIGHT}/fairview-isd/1"]


def _run(run_id: str, attempt: int = 1, root: str | None = None) -> NightRun:
    return NightRun("fairview-isd", NIGHT, attempt, run_id, root or run_id)


def test_of_two_runs_of_a_night_the_first_takes_it_up(
    registry: Registry, district: District, due: datetime
) -> None:
    url = registry.database_url
    ask(url, [district], due)
    assert claim_night(url, _run("one")) is None
    assert claim_night(url, _run("other")) == "run one has taken this night up"
    # Dagster's own retry of the first, and the first one again
    assert claim_night(url, _run("retry", root="one")) is None
    assert claim_night(url, _run("one")) is None


def test_a_night_is_taken_up_although_the_connection_broke_off_meanwhile(
    registry: Registry, district: District, due: datetime
) -> None:
    url = registry.database_url
    _keys(registry, district, due, set())
    with connections_cut_off(url, "samegoal.nights"):
        assert claim_night(url, _run("one")) is None
    assert claim_night(url, _run("other")) == "run one has taken this night up"


def test_a_late_run_of_an_earlier_attempt_does_nothing_unless_a_person_asks(
    registry: Registry, district: District, due: datetime
) -> None:
    url = registry.database_url
    (request,) = ask(url, [district], due)
    failed = begin(url, request)
    write_night(
        url, "fairview-isd", due, "failed", night=NIGHT, findings={"transient": True}, run_id=failed
    )
    (second,) = ask(url, [district], due + timedelta(minutes=10))
    assert second.attempt == 2
    assert claim_night(url, _run("late")) == "attempt 2 of this night was asked for since"
    assert claim_night(url, _run("again", root=failed)) is None
    assert claim_night(url, _run("unknown", attempt=3)) is None


def test_a_sync_by_hand_stands_for_the_night_only_if_it_began_when_it_was_due(
    registry: Registry, district: District, due: datetime
) -> None:
    url = registry.database_url
    write_night(url, "fairview-isd", due - timedelta(minutes=30), "published", night=NIGHT)
    ask(url, [district], due - timedelta(minutes=5))
    write_night(url, "fairview-isd", due + timedelta(seconds=1), "published", night=NIGHT)
    assert ask(url, [district], due + timedelta(minutes=1)) == []
    with connect(url) as connection:
        connection.execute("delete from syncs where started_at > %s", (due,))
        connection.execute("update nights set closed_at = null")
    assert len(ask(url, [district], due + timedelta(minutes=2))) == 1


def test_a_failure_by_hand_is_no_attempt(
    registry: Registry, district: District, due: datetime
) -> None:
    url = registry.database_url
    (first,) = ask(url, [district], due)
    for _ in range(5):
        write_night(url, "fairview-isd", due, "failed", night=NIGHT)
    run_id = begin(url, first)
    write_night(
        url, "fairview-isd", due, "failed", night=NIGHT, findings={"transient": True}, run_id=run_id
    )
    (second,) = ask(url, [district], due + timedelta(minutes=10))
    assert second.attempt == 2


@pytest.mark.parametrize(("before", "after", "at"), [(23, 2, 22), (2, 5, 3), (2, 23, 1)])
def test_a_changed_hour_neither_repeats_nor_loses_a_date(
    registry: Registry, district: District, before: int, after: int, at: int
) -> None:
    zone = district.zone
    start = datetime(2026, 5, 5, 23, 55, tzinfo=zone).astimezone(UTC)
    change = datetime(2026, 5, 7, at, tzinfo=zone).astimezone(UTC)
    dates = []
    for hours in range(73):
        now = start + timedelta(hours=hours)
        asked = dataclasses.replace(district, hour=before if now < change else after)
        requests = ask_for_due_nights(
            registry.database_url, [asked], now, lambda _night: _Everything()
        )
        dates += [one.night for one in requests]
    assert dates[-3:] == [date(2026, 5, day) for day in (6, 7, 8)]


class _Everything:
    def __contains__(self, _key: object) -> bool:
        return True


def test_a_night_whose_window_ends_before_its_fourth_attempt_is_settled_as_failed(
    registry: Registry, district: District, due: datetime
) -> None:
    url = registry.database_url
    late = due + WINDOW - timedelta(minutes=15)  # nobody was up before
    (request,) = ask(url, [district], late)
    run_id = begin(url, request)
    write_night(
        url, "fairview-isd", late, "failed", night=NIGHT, findings={"transient": True},
        run_id=run_id,
    )  # fmt: skip
    assert unsettled_nights(url, late + timedelta(minutes=1)) == []  # it may be tried again
    (second,) = ask(url, [district], late + timedelta(minutes=10))
    again = begin(url, second)
    write_night(
        url, "fairview-isd", late + timedelta(minutes=11), "failed", night=NIGHT,
        findings={"transient": True}, run_id=again,
    )  # fmt: skip
    assert ask(url, [district], due + WINDOW) == []
    first, last = unsettled_nights(url, due + WINDOW)
    assert (first.failed_for_good, last.failed_for_good) == (False, True)


def test_a_night_that_a_person_saved_is_not_settled_as_failed(
    registry: Registry, district: District, due: datetime
) -> None:
    url = registry.database_url
    (request,) = ask(url, [district], due)
    run_id = begin(url, request)
    write_night(
        url, "fairview-isd", due, "failed", night=NIGHT, findings={"transient": True}, run_id=run_id
    )
    write_night(url, "fairview-isd", due + timedelta(minutes=5), "published", night=NIGHT)
    assert ask(url, [district], due + timedelta(minutes=10)) == []
    settled = unsettled_nights(url, due + timedelta(minutes=11))
    assert [one.failed_for_good for one in settled] == [False, False]


def test_a_district_that_sleeps_is_not_asked_for_and_old_nights_are_forgotten(
    registry: Registry, district: District, due: datetime
) -> None:
    url = registry.database_url
    ask(url, [district], due - timedelta(minutes=5))
    assert ask(url, [], due) == []
    assert forget_old_nights(url, due) == 0
    assert forget_old_nights(url, due + KEPT + timedelta(days=1)) > 0
