"""When a district's night is due, and whether it is to be asked for (again) now.

A night belongs to a local date of the district's own time zone. It is due at the district's hour,
a few minutes later for some so that districts of one Skyward host don't start at the same moment.
If nobody was there to ask for it, it is caught up within ``WINDOW``; a failure that may pass is
tried again after a growing pause, at most ``MOST_ATTEMPTS`` times, and any other waits for a
person.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from samegoal_sync.database import connect
from samegoal_sync.district import District

#: How long after it was due a night is still asked for.
WINDOW = timedelta(hours=10)

#: Pauses before the second, third, ... attempt of one night.
PAUSES = (timedelta(minutes=10), timedelta(minutes=30), timedelta(minutes=90))
MOST_ATTEMPTS = len(PAUSES) + 1

#: Minutes over which the districts of one hour are spread.
_SPREAD = 30


@dataclass(frozen=True)
class Attempt:
    """One sync of a district, as far as asking again depends on it."""

    started_at: datetime
    finished_at: datetime
    failed: bool
    transient: bool


@dataclass(frozen=True)
class NightRequest:
    """A run to ask for: a district, its local date, and which attempt it is."""

    district: District
    night: date
    attempt: int

    @property
    def run_key(self) -> str:
        """The same for the same attempt, so that it is never asked for twice."""
        return f"{self.district.slug}/{self.night.isoformat()}/{self.attempt}"


def due_at(district: District, night: date) -> datetime:
    """The moment (UTC) from which a district's night is due.

    An hour that daylight saving skips is taken an hour later; one that comes twice, the first time.
    """
    minutes = zlib.crc32(district.slug.encode()) % _SPREAD
    local = datetime.combine(night, time(district.hour, minutes), tzinfo=district.zone)
    return local.astimezone(UTC)


def requested_now(
    districts: Iterable[District], attempts: Mapping[str, list[Attempt]], now: datetime
) -> list[NightRequest]:
    """The nights to ask for at this moment, longest due first.

    Args:
        attempts: by slug, the syncs of the last two days in the order of their start.
    """
    found = []
    for district in districts:
        today = district.today(now)
        for night in (today - timedelta(days=1), today):
            due = due_at(district, night)
            if due <= now < due + WINDOW:
                since = [one for one in attempts.get(district.slug, []) if one.started_at >= due]
                number = _next_attempt(since, now)
                if number is not None:
                    found.append((due, NightRequest(district, night, number)))
    return [request for _, request in sorted(found, key=lambda pair: pair[0])]


def _next_attempt(attempts: list[Attempt], now: datetime) -> int | None:
    if not attempts:
        return 1
    last = attempts[-1]
    if not all(one.failed for one in attempts) or not last.transient:
        return None
    if len(attempts) >= MOST_ATTEMPTS or now < last.finished_at + PAUSES[len(attempts) - 1]:
        return None
    return len(attempts) + 1


def recent_attempts(database_url: str, now: datetime) -> dict[str, list[Attempt]]:
    """Each district's syncs of the last two days, oldest first; single students don't count."""
    attempts: dict[str, list[Attempt]] = {}
    with connect(database_url) as connection:
        rows = connection.execute(
            "select district, started_at, finished_at, state = 'failed', "
            "coalesce((findings->>'transient')::boolean, false) from syncs "
            "where kind = 'night' and started_at > %s order by started_at, id",
            (now - timedelta(days=2),),
        )
        for slug, *values in rows:
            attempts.setdefault(slug, []).append(Attempt(*values))
    return attempts
