"""Reminds a district the day before its pause (or stretch of additions only) begins, and when it
has ended: a pause that was forgotten looks like an import that works."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from samegoal_sync.district import District
from samegoal_sync.districts.registry.history import events
from samegoal_sync.districts.registry.registry import NIGHTLY_STATES, Registry
from samegoal_sync.mail.mailer import Postman, build_message

NOTICE = "pause_notice"
_WHO = "nightly"


def tell_pauses(registry: Registry, postman: Postman, now: datetime) -> list[str]:
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
            postman.send(
                build_message(
                    postman.way.sender,
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
    for what, stretch in (
        ("the pause of the nightly import", district.settings.paused),
        ("the stretch of additions only", district.settings.additions_only),
    ):
        if stretch is not None and today == stretch.first - day:
            yield f"{what} begins tomorrow, {stretch.first}, and lasts until {stretch.last}"
        if stretch is not None and today == stretch.last + day:
            yield f"{what} ended on {stretch.last}; everything is imported again"
