"""3,000 districts for a year on a clock of our own: each date once, through all that can happen.

Both turns of the clock in five time zones, hours and zones that change, an outage of a night, a
week and some hours, a queue of limited places, runs that fail, are deleted or never come.
"""

from __future__ import annotations

import dataclasses
import random
from collections import Counter, deque
from datetime import UTC, date, datetime, timedelta

import pytest

from samegoal_sync.database import connect
from samegoal_sync.district import District, DistrictState, Slug
from samegoal_sync.districts.monitoring.due_nights import (
    MOST_ATTEMPTS,
    NextStep,
    Night,
    next_step,
    planned,
    run_key,
)
from samegoal_sync.districts.monitoring.night_requests import ask_for_due_nights
from samegoal_sync.districts.registry.registry import Registry

_ZONES = (
    "America/New_York", "America/Chicago", "America/Phoenix", "America/Los_Angeles",
    "Pacific/Honolulu",
)  # fmt: skip
_START = datetime(2026, 8, 1, 12, tzinfo=UTC)
_TICK = timedelta(hours=2)


def _districts(count: int, chance: random.Random) -> dict[str, District]:
    return {
        f"d{number}": District(
            Slug(f"d{number}"), f"D{number}", DistrictState.ACTIVE,
            "https://skyward.example.com/API", "k",
            time_zone=chance.choice(_ZONES), hour=chance.choice((0, 1, 2, 2, 2, 3, 4, 23)),
        )
        for number in range(count)
    }  # fmt: skip


class _Year:
    """The schedule with a table in memory, and a queue that takes ``places`` runs a tick."""

    def __init__(self, count: int, places: int) -> None:
        self.chance = random.Random(20260801)
        self.districts = _districts(count, self.chance)
        self.known: dict[tuple[str, date], Night] = {}
        self.open: dict[tuple[str, date], Night] = {}
        self.places = places
        self.queue: deque[tuple[str, date, int]] = deque()
        self.queued: set[str] = set()
        self.executed: Counter[tuple[str, date, int]] = Counter()
        self.succeeded: Counter[tuple[str, date]] = Counter()
        self.failed: set[tuple[str, date]] = set()

    def tick(self, now: datetime) -> None:
        for night in planned(self.districts.values(), self.known, now):
            self._store(night)
        for key, night in list(self.open.items()):
            if night.due_at > now:
                continue
            step = next_step(night, now, lambda _night: self.queued)
            if step is NextStep.CLOSE:
                del self.open[key]
            elif step is not NextStep.WAIT:
                attempt = night.attempt + (step is NextStep.ASK)
                self._store(
                    dataclasses.replace(night, attempt=attempt, asked_at=now, failed_at=None)
                )
                if self.chance.random() > 0.01:  # else the tick died before the run was made
                    self.queue.append((*key, attempt))
                    self.queued.add(run_key(*key, attempt))

    def work(self, now: datetime) -> None:
        for _ in range(min(self.places, len(self.queue))):
            slug, night, attempt = self.queue.popleft()
            if self.chance.random() < 0.005:  # a person deletes it
                self.queued.discard(run_key(slug, night, attempt))
                continue
            self.executed[slug, night, attempt] += 1
            row = self.known[slug, night]
            if self.chance.random() < 0.03:
                transient = self.chance.random() < 0.8
                row = dataclasses.replace(row, failed_at=now, transient=transient)
                self.failed.add((slug, night))
            else:
                self.succeeded[slug, night] += 1
                row = dataclasses.replace(row, succeeded=True)
            self._store(row)

    def change_settings(self) -> None:
        for slug in self.chance.sample(list(self.districts), 5):
            district = dataclasses.replace(
                self.districts[slug], hour=self.chance.randrange(24),
                time_zone=self.chance.choice((self.districts[slug].time_zone, *_ZONES)),
            )  # fmt: skip
            self.districts[slug] = district

    def forget(self, now: datetime) -> None:
        old = now.date() - timedelta(days=4)
        for key in [key for key in self.known if key[1] < old]:
            del self.known[key]

    def _store(self, night: Night) -> None:
        key = night.district, night.night
        if key in self.open or key not in self.known:
            self.open[key] = night
        self.known[key] = night


def _down(now: datetime) -> bool:
    """A week in October, a night in January, some hours on the night that spring skips."""
    return (
        datetime(2026, 10, 5, tzinfo=UTC) <= now < datetime(2026, 10, 12, tzinfo=UTC)
        or datetime(2027, 1, 20, 3, tzinfo=UTC) <= now < datetime(2027, 1, 21, 2, tzinfo=UTC)
        or datetime(2027, 3, 14, 6, tzinfo=UTC) <= now < datetime(2027, 3, 14, 11, tzinfo=UTC)
    )


@pytest.mark.slow
def test_three_thousand_districts_have_each_night_of_a_year_once() -> None:
    year = _Year(3000, places=1200)
    now = _START
    while now < _START + timedelta(days=365):
        if not _down(now):
            year.tick(now)
            year.work(now)
        if now.hour == 0:
            year.change_settings()
            year.forget(now)
        now += _TICK
    assert set(year.executed.values()) == {1}
    assert set(year.succeeded.values()) == {1}
    assert max(attempt for _, _, attempt in year.executed) <= MOST_ATTEMPTS
    _no_date_is_missing(year)


def _no_date_is_missing(year: _Year) -> None:
    """A date without a night is one on which nobody was up, or its failure could not pass."""
    nobody_up = {date(2026, 10, 4) + timedelta(days=n) for n in range(9)} | {
        date(2027, 1, 19), date(2027, 1, 20), date(2027, 1, 21),
    }  # fmt: skip
    missing = Counter()
    for number in range(365 - 4):
        night = _START.date() + timedelta(days=2 + number)
        if night in nobody_up:
            continue
        for slug in year.districts:
            if (slug, night) not in year.succeeded and (slug, night) not in year.failed:
                missing[night] += 1
    assert missing == Counter()


def test_the_real_table_agrees_for_three_thousand_districts(registry: Registry) -> None:
    url = registry.database_url
    districts = _districts(3000, random.Random(7))
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into districts (slug, name, state, base_url, client_key) "
            "values (%s, %s, 'active', %s, 'k')",
            [(slug, slug, f"https://skyward.example.com/{slug}") for slug in districts],
        )
    asked: Counter[tuple[str, date]] = Counter()
    keys: set[str] = set()
    for hours in range(60):  # over the night that autumn repeats an hour of
        now = datetime(2026, 10, 31, 12, tzinfo=UTC) + timedelta(hours=hours)
        while requests := ask_for_due_nights(url, districts.values(), now, lambda _: keys):  # noqa: B023 (called at once)
            keys |= {one.run_key for one in requests}
            asked.update((str(one.district.slug), one.night) for one in requests)
            assert len(requests) <= 1000
    assert set(asked.values()) == {1}
    for night in (date(2026, 11, 1), date(2026, 11, 2)):
        assert sum(one == night for _, one in asked) > 2500
