"""The Integration Access ends on a day: warn in time, and notice when it works again."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import date, datetime

from samegoal_sync.database import connect
from samegoal_sync.district import District, DistrictState
from samegoal_sync.districts.monitoring.district_status import WARNED_AT
from samegoal_sync.districts.onboarding.onboarding_steps import verify
from samegoal_sync.districts.registry.history import events_of_kind, record_event
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import SyncError
from samegoal_sync.mail.outbox import Letter, post
from samegoal_sync.qmlativ.http.limits import EXPIRED_ACCESS

WARNING = "expiry_warning"
_WHO = "expiry"
#: Seconds that one tick spends on access that has expired.
_PROBE_SECONDS = 60.0
_WARNED_STATES = (DistrictState.CONNECTED, DistrictState.ACTIVE, DistrictState.FAILING)


def warn_of_expiry(registry: Registry, team: Sequence[str], now: datetime) -> list[str]:
    """Write to each district whose access ends in 30, 14, 7 or 1 days; each of these once.

    After a downtime the most urgent one is written for all that were missed. Returns the slugs.
    The letters go out with the others; one that can't be delivered keeps no other.
    """
    warned = []
    for district in registry.list():
        due = due_warnings(registry, district, now)
        if not due or district.expires_on is None:
            continue
        days_left = (district.expires_on - district.today(now)).days
        to = district.contacts if "expiring" in district.settings.notify else ()
        letter = Letter(
            key=f"expiry-{district.slug}-{district.expires_on}-{due[-1]}",
            subject=f"{district.name}: access to Skyward Qmlativ ends in {days_left} days",
            body=_text(district, district.expires_on, days_left),
            district=district.slug,
        )
        with connect(registry.database_url) as connection:
            post(connection, letter, (*to, *team), now)
            for days in due:
                what = _what(days, district.expires_on)
                record_event(connection, district.slug, WARNING, _WHO, what)
        warned.append(str(district.slug))
    return warned


def due_warnings(registry: Registry, district: District, now: datetime) -> list[int]:
    """Which of the warnings (days before the end) are due and were not given, gravest last."""
    if district.expires_on is None or district.state not in _WARNED_STATES:
        return []
    days_left = (district.expires_on - district.today(now)).days
    reached = [days for days in WARNED_AT if 0 <= days_left <= days]
    if not reached:
        return []
    given = {event.what for event in events_of_kind(registry.database_url, district.slug, WARNING)}
    due = [days for days in reached if _what(days, district.expires_on) not in given]
    # The gravest that is reached rules: if it was given, the milder ones are past.
    return due if reached[-1] in due else []


def _what(days: int, expires_on: date) -> str:
    return f"{days} days before {expires_on}"


def _text(district: District, expires_on: date, days_left: int) -> str:
    return (
        f"The Integration Access by which SameGoal reads {district.name}'s students and guardians "
        f"ends on {expires_on}, in {days_left} days. After that day the nightly import stops; "
        "what SameGoal shows stays as it is.\n\n"
        "What to do (district): in Skyward Qmlativ open Administrative Access > API > Integration, "
        "the record of SameGoal Demographics, and extend or remove its Expiration Date. Then "
        "answer this mail, so that we note the new date.\n"
    )


def probe_expired(registry: Registry) -> list[str]:
    """Try *expired* districts; one that can be read again becomes active. Returns those.

    In another order each time and for a minute at most, so that silent servers keep neither the
    tick nor, for ever, the districts behind them.
    """
    back: list[str] = []
    expired = [one for one in registry.list() if one.state is DistrictState.EXPIRED]
    until = time.monotonic() + _PROBE_SECONDS
    for district in random.sample(expired, len(expired)):
        if time.monotonic() > until:
            break
        try:
            verify(registry, district.slug, _WHO, EXPIRED_ACCESS)
        except SyncError:
            continue  # still expired, or not to be reached: the state says so already
        back.append(str(district.slug))
    return sorted(back)
