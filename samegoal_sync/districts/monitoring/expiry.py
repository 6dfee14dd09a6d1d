"""The Integration Access ends on a day: warn in time, and notice when it works again."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import date, datetime

from samegoal_sync.database import connect
from samegoal_sync.district import District, DistrictState
from samegoal_sync.districts.monitoring.worst_problem import WARNED_AT
from samegoal_sync.districts.onboarding.onboarding_steps import verify
from samegoal_sync.districts.registry.history import record_event, said_in_events
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import SyncError
from samegoal_sync.mail.outbox import Letter, post
from samegoal_sync.qmlativ.http.limits import EXPIRED_ACCESS

WARNING = "expiry_warning"
_WHO = "expiry"
#: Seconds within which one tick begins to look at access that has expired. With the last look it
#: stays below the 60 s after which Dagster gives a tick up, and the warnings with it.
PROBE_SECONDS = 20.0
_WARNED_STATES = (DistrictState.CONNECTED, DistrictState.ACTIVE, DistrictState.FAILING)


def warn_of_expiry(registry: Registry, team: Sequence[str], now: datetime) -> list[str]:
    """Write to each district whose access ends in 30, 14, 7 or 1 days; each of these once.

    After a downtime the most urgent one is written for all that were missed. Returns the slugs.
    The letters go out with the others; one that can't be delivered keeps no other.
    """
    warned = []
    reached = {
        one.slug: (one, days, one.expires_on)
        for one in registry.list()
        if one.expires_on is not None and (days := _reached(one, one.expires_on, now))
    }
    given = said_in_events(registry.database_url, WARNING, reached.keys())
    with connect(registry.database_url, autocommit=True) as connection:
        for slug, (district, days, expires_on) in reached.items():
            due = [one for one in days if _what(one, expires_on) not in given[slug]]
            # The gravest that is reached rules: if it was given, the milder ones are past.
            if days[-1] not in due:
                continue
            days_left = (expires_on - district.today(now)).days
            to = district.contacts if "expiring" in district.settings.notify else ()
            letter = Letter(
                key=f"expiry-{slug}-{expires_on}-{due[-1]}",
                subject=f"{district.name}: access to Skyward Qmlativ ends {_when(days_left)}",
                body=_text(district, expires_on, days_left),
                district=slug,
            )
            with connection.transaction():
                post(connection, letter, (*to, *team), now)
                for one in due:
                    record_event(connection, slug, WARNING, _WHO, _what(one, expires_on))
            warned.append(str(slug))
    return warned


def _reached(district: District, expires_on: date, now: datetime) -> list[int]:
    """Which of the warnings (days before the end) the district has come to, gravest last."""
    if district.state not in _WARNED_STATES:
        return []
    days_left = (expires_on - district.today(now)).days
    return [days for days in WARNED_AT if 0 <= days_left <= days]


def _what(days: int, expires_on: date) -> str:
    return f"{days} days before {expires_on}"


def _when(days_left: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days_left, f"in {days_left} days")


def _text(district: District, expires_on: date, days_left: int) -> str:
    return (
        f"The Integration Access by which SameGoal reads {district.name}'s students and guardians "
        f"ends {_when(days_left)}, on {expires_on}. After that day the nightly import stops; "
        "what SameGoal shows stays as it is.\n\n"
        "What to do (district): in Skyward Qmlativ open Administrative Access > API > Integration, "
        "the record of SameGoal Demographics, and extend or remove its Expiration Date. Then "
        "answer this mail, so that we note the new date.\n"
    )


def probe_expired(registry: Registry) -> list[str]:
    """Try *expired* districts; one that can be read again becomes active. Returns those.

    In another order each time and for less than a minute, so that silent servers keep neither the
    tick nor, for ever, the districts behind them.
    """
    back: list[str] = []
    expired = [one for one in registry.list() if one.state is DistrictState.EXPIRED]
    until = time.monotonic() + PROBE_SECONDS
    for district in random.sample(expired, len(expired)):
        if time.monotonic() > until:
            break
        try:
            verify(registry, district.slug, _WHO, EXPIRED_ACCESS)
        except SyncError:
            continue  # still expired, or not to be reached: the state says so already
        back.append(str(district.slug))
    return sorted(back)
