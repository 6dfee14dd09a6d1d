"""When nights are due and what follows: each district's own clock, both turns of it, failures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from samegoal_sync.district import District, DistrictState, Slug
from samegoal_sync.districts.monitoring.due_nights import (
    MOST_ATTEMPTS,
    NO_RUN_AFTER,
    PAUSES,
    WINDOW,
    NextStep,
    Night,
    due_at,
    next_due,
    next_step,
    next_try,
    planned,
    run_key,
)

FAIRVIEW = District(
    slug=Slug("fairview-isd"),
    name="Fairview ISD",
    state=DistrictState.ACTIVE,
    base_url="https://skyward.example.com/FairviewAPI",
    client_key="k",
)
NIGHT = date(2026, 5, 6)
DUE = due_at(FAIRVIEW, NIGHT)
MINUTE = timedelta(minutes=1)


def _ticks(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += timedelta(minutes=5)


def _step(night: Night, now: datetime, *keys: str) -> NextStep:
    return next_step(night, now, lambda _night: set(keys))


@pytest.mark.parametrize("zone", ["America/Chicago", "Pacific/Honolulu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hour", [0, 1, 2, 23])
@pytest.mark.parametrize("month", [3, 4, 10, 11])
def test_each_local_date_has_one_night_at_both_turns_of_the_clock(
    zone: str, hour: int, month: int
) -> None:
    district = dataclasses.replace(FAIRVIEW, time_zone=zone, hour=hour)
    start = datetime(2026, month, 1, tzinfo=UTC)
    known: dict[tuple[str, date], Night] = {}
    asked: dict[date, datetime] = {}
    for now in _ticks(start, start + timedelta(days=30)):
        for night in planned([district], known, now):
            known[night.district, night.night] = night
        for night in known.values():
            if night.night not in asked and _step(night, now) is NextStep.ASK:
                asked[night.night] = now
    dates = list(asked)
    assert dates == [dates[0] + timedelta(days=n) for n in range(len(dates))]
    assert len(dates) in {30, 31}
    for night, moment in list(asked.items())[1:]:
        local = moment.astimezone(district.zone)
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
    (late,) = planned([FAIRVIEW], {}, DUE + WINDOW - MINUTE)
    assert (late.night, late.due_at) == (NIGHT, DUE)
    assert _step(late, DUE + WINDOW - MINUTE) is NextStep.ASK
    assert _step(late, DUE + WINDOW) is NextStep.CLOSE
    assert planned([FAIRVIEW], {}, DUE + WINDOW) == []
    assert _step(late, DUE - MINUTE) is NextStep.WAIT


def test_a_failure_that_may_pass_is_tried_again_after_growing_pauses_then_no_more() -> None:
    night = Night("fairview-isd", NIGHT, DUE)
    asked = []
    for now in _ticks(DUE, DUE + WINDOW):
        step = _step(night, now)
        if step is NextStep.ASK:
            asked.append(now - DUE)
            night = dataclasses.replace(
                night, attempt=night.attempt + 1, asked_at=now, failed_at=now, transient=True
            )
    pauses = [timedelta(0)]
    for pause in PAUSES:
        pauses.append(pauses[-1] + pause)
    assert asked == pauses
    assert night.attempt == MOST_ATTEMPTS
    assert _step(night, DUE + timedelta(hours=3)) is NextStep.CLOSE


def test_what_a_retry_cant_help_and_what_went_well_is_closed() -> None:
    asked = Night("fairview-isd", NIGHT, DUE, attempt=1, asked_at=DUE)
    later = DUE + timedelta(hours=2)
    assert _step(dataclasses.replace(asked, failed_at=DUE), later) is NextStep.CLOSE
    assert _step(dataclasses.replace(asked, succeeded=True), later) is NextStep.CLOSE


def test_a_night_in_the_queue_is_waited_for_however_long_it_takes() -> None:
    night = Night("fairview-isd", NIGHT, DUE, attempt=1, asked_at=DUE)
    key = run_key("fairview-isd", NIGHT, 1)
    for now in _ticks(DUE, DUE + WINDOW):
        assert _step(night, now, key) is NextStep.WAIT


def test_a_request_without_a_run_is_made_again_but_not_while_an_import_runs() -> None:
    night = Night("fairview-isd", NIGHT, DUE, attempt=2, asked_at=DUE)
    assert _step(night, DUE + NO_RUN_AFTER - MINUTE) is NextStep.WAIT
    assert _step(night, DUE + NO_RUN_AFTER) is NextStep.ASK_AGAIN
    running = dataclasses.replace(night, running=True)
    assert _step(running, DUE + NO_RUN_AFTER) is NextStep.WAIT


@pytest.mark.parametrize(
    ("before", "after", "at", "due"),
    [
        (2, 5, 1, 5),  # moved ahead of the clock: it moves
        (23, 2, 1, 2),  # forward in the day, still to come
        (23, 2, 22, 23),  # set back behind the clock: this date keeps its hour
        (2, 23, 1, 23),
    ],
)
def test_a_changed_hour_moves_the_night_that_is_still_to_come(
    before: int, after: int, at: int, due: int
) -> None:
    first = dataclasses.replace(FAIRVIEW, hour=before)
    zone = FAIRVIEW.zone
    known = {
        (night.district, night.night): night
        for night in planned([first], {}, datetime(2026, 5, 6, 0, 5, tzinfo=zone))
    }
    changed = dataclasses.replace(FAIRVIEW, hour=after)
    moved = planned([changed], known, datetime(2026, 5, 6, at, tzinfo=zone))
    known |= {(night.district, night.night): night for night in moved}
    assert known["fairview-isd", NIGHT].due_at.astimezone(zone).hour == due


def test_no_change_of_hour_repeats_or_loses_a_date() -> None:
    """Each pair of hours, changed at any hour of a day."""
    wrong = []
    for before in range(0, 24, 2):
        for after in range(1, 24, 3):
            for at in range(0, 24, 3):
                dates = _dates_of_a_changed_hour(before, after, at)
                if dates != [date(2026, 5, day) for day in (6, 7, 8)]:
                    wrong.append((before, after, at, dates))
    assert wrong == []


def _dates_of_a_changed_hour(before: int, after: int, at: int) -> list[date]:
    zone = FAIRVIEW.zone
    start = datetime(2026, 5, 5, 23, 55, tzinfo=zone).astimezone(UTC)
    change = datetime(2026, 5, 7, at, tzinfo=zone).astimezone(UTC)
    known: dict[tuple[str, date], Night] = {}
    asked = []
    for step in range(73 * 2):
        now = start + timedelta(minutes=30 * step)
        district = dataclasses.replace(FAIRVIEW, hour=before if now < change else after)
        known |= {(one.district, one.night): one for one in planned([district], known, now)}
        for key, night in known.items():
            if _step(night, now) is NextStep.ASK:
                asked.append(night.night)
                known[key] = dataclasses.replace(night, attempt=1, asked_at=now, running=True)
    return [night for night in asked if night > date(2026, 5, 5)]


def test_districts_of_one_hour_are_spread() -> None:
    moments = {
        due_at(dataclasses.replace(FAIRVIEW, slug=Slug(f"d{n}")), date(2026, 5, 6))
        for n in range(200)
    }
    assert len(moments) > 20
    assert max(moments) - min(moments) < timedelta(minutes=30)


def test_a_clock_far_off_plans_no_more_than_yesterdays_and_todays_night() -> None:
    for moment in (datetime(1990, 1, 1, 9, tzinfo=UTC), datetime(2090, 7, 1, 9, tzinfo=UTC)):
        assert len(planned([FAIRVIEW], {}, moment)) <= 2


def test_a_district_that_moves_to_another_time_zone_keeps_one_night_a_date() -> None:
    asked: list[date] = []
    known: dict[tuple[str, date], Night] = {}
    change = DUE + timedelta(minutes=5)
    for now in _ticks(DUE - timedelta(hours=12), DUE + timedelta(hours=60)):
        zone = "America/New_York" if now < change else "Pacific/Honolulu"
        district = dataclasses.replace(FAIRVIEW, time_zone=zone)
        known |= {(one.district, one.night): one for one in planned([district], known, now)}
        for key, night in known.items():
            if _step(night, now) is NextStep.ASK:
                asked.append(night.night)
                known[key] = dataclasses.replace(night, attempt=1, asked_at=now, running=True)
    assert asked == [NIGHT + timedelta(days=n) for n in range(3)]


FOLLOWING = DUE + timedelta(days=1)


@pytest.mark.parametrize(
    ("attempt", "transient", "after", "again"),
    [
        (1, True, timedelta(minutes=5), DUE + timedelta(minutes=5) + PAUSES[0]),
        (3, True, timedelta(hours=2), DUE + timedelta(hours=2) + PAUSES[2]),
        (MOST_ATTEMPTS, True, timedelta(hours=2), FOLLOWING),  # none is left tonight
        (1, False, timedelta(minutes=5), FOLLOWING),  # only a person helps, or the night after
        (1, True, WINDOW, FOLLOWING),  # too late for this night
    ],
)
def test_when_what_failed_is_tried_again(
    attempt: int, transient: bool, after: timedelta, again: datetime
) -> None:
    night = Night("a", DUE.date(), DUE, attempt=attempt, failed_at=DUE + after, transient=transient)
    assert next_try(night, FOLLOWING) == again


def test_the_next_night_is_tonights_until_it_is_due() -> None:
    noon = datetime(2026, 10, 20, 12, tzinfo=UTC)
    first = next_due("a", "America/Chicago", 2, noon)
    assert noon < first < noon + timedelta(days=1)
    assert next_due("a", "America/Chicago", 2, first - timedelta(seconds=1)) == first
    assert next_due("a", "America/Chicago", 2, first) == first + timedelta(days=1)
