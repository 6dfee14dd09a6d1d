"""When a district's night is due, and what is to be done about it now: rules, without a database.

A night belongs to a local date of the district's own time zone. It is due at the district's hour,
a few minutes later for some so that districts of one Skyward host don't start at the same moment.
If nobody was there to ask for it, it is caught up within ``WINDOW``; a failure that may pass is
tried again after a growing pause, at most ``MOST_ATTEMPTS`` times, and any other waits for a
person. What was asked for is kept by ``night_requests``, one row a night.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from samegoal_sync.district import District

#: How long after it was due a night is still asked for.
WINDOW = timedelta(hours=10)

#: Pauses before the second, third, ... attempt of one night.
PAUSES = (timedelta(minutes=10), timedelta(minutes=30), timedelta(minutes=90))
MOST_ATTEMPTS = len(PAUSES) + 1

#: A request of which no run has come after so long is made again: the tick died half-way, or
#: somebody deleted the run. Longer than the daemon needs to create the runs of one tick.
NO_RUN_AFTER = timedelta(minutes=20)

#: Requests a tick: the daemon creates five runs a second, and the next tick waits for it.
MOST_REQUESTS = 1000

#: Minutes over which the districts of one hour are spread.
SPREAD = 30


@dataclass(frozen=True)
class Night:
    """One night as far as asking for its run depends on it.

    Attributes:
        due_at: when it is (or was) due (aware); fixed once it is asked for.
        attempt: how many attempts were asked for; 0 is none yet.
        asked_at: when the newest attempt was asked for.
        run_id: the run that took it up.
        running: an import of this district is being executed.
        succeeded: a complete import of the district ended well since it was due, whoever asked.
        failed_at / transient: when the newest attempt failed, and whether another may help.
    """

    district: str
    night: date
    due_at: datetime
    attempt: int = 0
    asked_at: datetime | None = None
    run_id: str | None = None
    running: bool = False
    succeeded: bool = False
    failed_at: datetime | None = None
    transient: bool = False


@dataclass(frozen=True)
class NightRequest:
    """A run to ask for: a district, its local date, and which attempt it is."""

    district: District
    night: date
    attempt: int

    @property
    def run_key(self) -> str:
        """The same for the same attempt."""
        return run_key(self.district.slug, self.night, self.attempt)


class NextStep(StrEnum):
    """What is to be done about a night now."""

    WAIT = "wait"
    ASK = "ask"
    ASK_AGAIN = "ask again"
    CLOSE = "close"


#: The run keys of a night's date that Dagster has runs of.
RunKeys = Callable[[date], Container[str]]


def run_key(slug: str, night: date, attempt: int) -> str:
    """The key of one attempt's run; begins with the date, by which it is looked up."""
    return f"{night.isoformat()}/{slug}/{attempt}"


def due_at(district: District, night: date) -> datetime:
    """The moment (UTC) from which a district's night is due.

    An hour that daylight saving skips is taken an hour later; one that comes twice, the first time.
    """
    return _due_at(district.slug, district.time_zone, district.hour, night)


def next_due(slug: str, zone: str, hour: int, now: datetime) -> datetime:
    """The moment (UTC) from which the next night is due that is not due yet."""
    today = now.astimezone(ZoneInfo(zone)).date()
    due = _due_at(slug, zone, hour, today)
    return due if due > now else _due_at(slug, zone, hour, today + timedelta(days=1))


def next_try(night: Night, following: datetime) -> datetime:
    """When what failed in a night is tried again by itself: after its pause, or the night after.

    Args:
        following: when the night after it is due.
    """
    if night.failed_at and night.transient and 0 < night.attempt < MOST_ATTEMPTS:
        again = night.failed_at + PAUSES[night.attempt - 1]
        if again < min(night.due_at + WINDOW, following):
            return again
    return following


@lru_cache(maxsize=20_000)
def _due_at(slug: str, zone: str, hour: int, night: date) -> datetime:
    minutes = zlib.crc32(slug.encode()) % SPREAD
    return datetime.combine(night, time(hour, minutes), tzinfo=ZoneInfo(zone)).astimezone(UTC)


def planned(
    districts: Iterable[District], known: Mapping[tuple[str, date], Night], now: datetime
) -> list[Night]:
    """Nights to write down: those that came with a new date, and those whose hour was changed.

    A changed hour moves a night that nobody asked for yet only to a moment still to come: set back
    behind the clock, the date keeps the hour it had, so that no date goes without its night.
    """
    found = []
    dates: dict[str, date] = {}  # a zone's date is looked up once, not once a district
    for district in districts:
        zone = district.time_zone
        today = dates.get(zone) or dates.setdefault(zone, district.today(now))
        for night in (today - timedelta(days=1), today):
            row = known.get((district.slug, night))
            if row is None:
                due = due_at(district, night)
                if now < due + WINDOW:
                    found.append(Night(district.slug, night, due))
            elif row.attempt == 0 and row.due_at > now:
                due = due_at(district, night)
                if due != row.due_at and due > now:
                    found.append(replace(row, due_at=due))
    return found


def next_step(night: Night, now: datetime, run_keys: RunKeys) -> NextStep:
    """What is to be done about one open night at this moment."""
    if night.succeeded or now >= night.due_at + WINDOW:
        return NextStep.CLOSE
    if now < night.due_at:
        return NextStep.WAIT
    if night.attempt == 0:
        return NextStep.ASK
    if night.failed_at is not None:
        if not night.transient or night.attempt >= MOST_ATTEMPTS:
            return NextStep.CLOSE
        again = night.failed_at + PAUSES[night.attempt - 1]
        return NextStep.ASK if now >= again else NextStep.WAIT
    assert night.asked_at is not None
    if now < night.asked_at + NO_RUN_AFTER or night.running:
        return NextStep.WAIT
    if run_key(night.district, night.night, night.attempt) in run_keys(night.night):
        return NextStep.WAIT
    return NextStep.ASK_AGAIN
