"""Reminds a district the day before its pause (or date range of additions only) begins, and when it
has ended: a pause that was forgotten looks like an import that works."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from samegoal_sync.district import District
from samegoal_sync.districts.registry.history import events
from samegoal_sync.districts.registry.registry import NIGHTLY_STATES, Registry
from samegoal_sync.mail.mailer import Mailer, build_message

NOTICE = "pause_notice"
_WHO = "nightly"


def tell_pauses(registry: Registry, mailer: Mailer, now: datetime) -> list[str]:
    """Mail what begins tomorrow or ended yesterday, each once; returns the slugs.

    Raises:
        MailError: one could not be sent; it is tried again next time.
    """
    told = []
    for district in registry.list():
        if district.state not in NIGHTLY_STATES or not district.contacts:
            continue
        for notice in _notices(district, now):
            known = events(registry.database_url, district.slug, limit=1000)
            if any(event.kind == NOTICE and event.what == notice for event in known):
                continue
            mailer.send(
                build_message(
                    mailer.way.sender,
                    district.contacts,
                    f"{district.name}: {notice}",
                    f"SameGoal Demographics Integration of {district.name}: {notice}.\n\n"
                    "To change it: SameGoal, Settings > District Information.\n",
                )
            )
            registry.record(district.slug, NOTICE, _WHO, notice)
            told.append(str(district.slug))
    return told


def _notices(district: District, now: datetime) -> Iterator[str]:
    today, day = district.today(now), timedelta(days=1)
    for what, date_range in (
        ("the pause of the nightly import", district.settings.paused),
        ("the date range of additions only", district.settings.additions_only),
    ):
        if date_range is not None and today == date_range.first - day:
            yield f"{what} begins tomorrow, {date_range.first}, and lasts until {date_range.last}"
        if date_range is not None and today == date_range.last + day:
            yield f"{what} ended on {date_range.last}; everything is imported again"
