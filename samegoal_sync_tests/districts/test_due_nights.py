"""When nights are asked for: each district's own clock, both turns of it, downtime, failures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from samegoal_sync.district import District, DistrictState, Slug
from samegoal_sync.districts.monitoring.due_nights import (
    MOST_ATTEMPTS,
    PAUSES,
    WINDOW,
    Attempt,
    due_at,
    requested_now,
)

FAIRVIEW = District(
    slug=Slug("fairview-isd"),
    name="Fairview ISD",
    state=DistrictState.ACTIVE,
    base_url="https://skyward.example.com/FairviewAPI",
    client_key="k",
)


def _ticks(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += timedelta(minutes=5)


def _nights(district: District, start: datetime, end: datetime) -> list[tuple[str, datetime]]:
    """Each run key with the moment at which it was first asked for, if no run ever ends."""
    first: dict[str, datetime] = {}
    for now in _ticks(start, end):
        for request in requested_now([district], {}, now):
            first.setdefault(request.run_key, now)
    return list(first.items())


@pytest.mark.parametrize("zone", ["America/Chicago", "Pacific/Honolulu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hour", [0, 1, 2, 23])
@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_each_local_date_has_one_night_at_both_turns_of_the_clock(
    zone: str, hour: int, month: int
) -> None:
    district = dataclasses.replace(FAIRVIEW, time_zone=zone, hour=hour)
    start = datetime(2026, month, 1, tzinfo=UTC)
    nights = _nights(district, start, start + timedelta(days=30))
    dates = [date.fromisoformat(key.split("/")[1]) for key, _ in nights]
    assert dates == [dates[0] + timedelta(days=n) for n in range(len(dates))]
    assert len(dates) in {30, 31}
    for key, moment in nights[1:]:
        local = moment.astimezone(district.zone)
        night = date.fromisoformat(key.split("/")[1])
        assert local.date() == night
        assert local.hour in {hour, hour + 1}


def test_the_hour_that_spring_skips_is_taken_an_hour_later() -> None:
    local = due_at(FAIRVIEW, date(2026, 3, 8)).astimezone(FAIRVIEW.zone)
    assert (local.date(), local.hour) == (date(2026, 3, 8), 3)


def test_the_hour_that_autumn_repeats_is_taken_the_first_time() -> None:
    district = dataclasses.replace(FAIRVIEW, hour=1)
    due = due_at(district, date(2026, 11, 1))
    assert due.hour == 6  # 01:xx in daylight time; the second 01:xx would be 07:xx UTC


def test_a_night_missed_while_nobody_was_up_is_caught_up_within_the_window() -> None:
    night = date(2026, 5, 6)
    due = due_at(FAIRVIEW, night)
    late = requested_now([FAIRVIEW], {}, due + WINDOW - timedelta(minutes=1))
    assert [request.night for request in late] == [night]
    assert requested_now([FAIRVIEW], {}, due + WINDOW) == []
    assert requested_now([FAIRVIEW], {}, due - timedelta(seconds=1)) == []


def _attempt(due: datetime, minutes: int, *, failed: bool, transient: bool = True) -> Attempt:
    moment = due + timedelta(minutes=minutes)
    return Attempt(moment, moment, failed, transient)


def test_a_failure_that_may_pass_is_tried_again_after_growing_pauses_then_no_more() -> None:
    due = due_at(FAIRVIEW, date(2026, 5, 6))
    attempts: list[Attempt] = []
    keys = []
    for now in _ticks(due, due + WINDOW):
        for request in requested_now([FAIRVIEW], {FAIRVIEW.slug: attempts}, now):
            keys.append((request.attempt, now - due))
            attempts = [*attempts, Attempt(now, now, failed=True, transient=True)]
    pauses = [timedelta(0)]
    for pause in PAUSES:
        pauses.append(pauses[-1] + pause)
    assert keys == list(zip(range(1, MOST_ATTEMPTS + 1), pauses, strict=True))


@pytest.mark.parametrize("failed", [True, False])
def test_what_a_retry_cant_help_and_what_went_well_is_not_asked_for_again(failed: bool) -> None:
    due = due_at(FAIRVIEW, date(2026, 5, 6))
    attempts = {FAIRVIEW.slug: [_attempt(due, 1, failed=failed, transient=False)]}
    assert requested_now([FAIRVIEW], attempts, due + timedelta(hours=2)) == []


def test_a_sync_by_hand_before_the_hour_does_not_stand_for_the_night() -> None:
    due = due_at(FAIRVIEW, date(2026, 5, 6))
    attempts = {FAIRVIEW.slug: [_attempt(due, -30, failed=False)]}
    assert len(requested_now([FAIRVIEW], attempts, due)) == 1


def test_districts_of_one_hour_are_spread() -> None:
    moments = {
        due_at(dataclasses.replace(FAIRVIEW, slug=Slug(f"d{n}")), date(2026, 5, 6))
        for n in range(200)
    }
    assert len(moments) > 20
    assert max(moments) - min(moments) < timedelta(minutes=30)
