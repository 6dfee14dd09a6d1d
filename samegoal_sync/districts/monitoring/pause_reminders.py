"""Reminds a district the day before its pause (or date range of additions only) begins, and when it
has ended: a pause that was forgotten looks like an import that works."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from samegoal_sync.database import connect
from samegoal_sync.district import District
from samegoal_sync.districts.registry.history import record_event, said_in_events
from samegoal_sync.districts.registry.registry import NIGHTLY_STATES, Registry
from samegoal_sync.mail.outbox import Letter, post

NOTICE = "pause_notice"
_WHO = "nightly"


def remind_of_pauses(registry: Registry, now: datetime) -> list[str]:
    """Write what begins tomorrow or ended yesterday, each once; returns the slugs."""
    written = []
    due = {
        one.slug: (one, notices)
        for one in registry.list()
        if one.state in NIGHTLY_STATES and one.contacts and (notices := list(_notices(one, now)))
    }
    known = said_in_events(registry.database_url, NOTICE, due.keys())
    with connect(registry.database_url, autocommit=True) as connection:
        for slug, (district, notices) in due.items():
            for notice in notices:
                if notice in known[slug]:
                    continue
                letter = Letter(
                    key=f"pause-{slug}-{zlib.crc32(notice.encode()):08x}",
                    subject=f"{district.name}: {notice}",
                    body=f"SameGoal Demographics Integration of {district.name}: {notice}.\n\n"
                    "To change it: SameGoal, Settings > District Information.\n",
                    district=slug,
                )
                with connection.transaction():
                    post(connection, letter, district.contacts, now)
                    record_event(connection, slug, NOTICE, _WHO, notice)
                written.append(str(slug))
    return written


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
