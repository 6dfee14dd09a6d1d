"""The technical team's one mail a day: every district, worst first, on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from samegoal_sync.database import connect
from samegoal_sync.districts.monitoring.district_status import (
    DistrictStatus,
    overall_status,
    with_trends,
)
from samegoal_sync.districts.monitoring.heartbeats import Silence, silence
from samegoal_sync.districts.monitoring.overview import LISTED, grouped_lines, in_words
from samegoal_sync.mail.outbox import Letter, post

#: When the digest goes out: after the last districts' nights, before the day's first call.
HOUR, ZONE = 7, ZoneInfo("America/Chicago")


def write_digest(database_url: str, team: Sequence[str], now: datetime) -> int:
    """Write the day's digest to the team, once; returns how many districts need a person."""
    statuses = overall_status(database_url, now)
    if len(statuses) <= LISTED:
        statuses = with_trends(database_url, statuses)
    needing = sum(one.needs_a_person for one in statuses)
    day = now.astimezone(ZONE).date()
    with connect(database_url) as connection:
        letter = Letter(
            key=f"digest-{day}",
            subject=f"{needing:,} of {len(statuses):,} districts need a person ({day})",
            body=digest(statuses, silence(connection, now)),
        )
        post(connection, letter, team, now)
    return needing


def digest(statuses: Sequence[DistrictStatus], silent: Silence | None = None) -> str:
    """The text: what does not tick, who needs a person and why, then the rest."""
    lines = [silent.problem, f"    {silent.hint}", ""] if silent else []
    if len(statuses) > LISTED:
        lines += [f"{len(statuses):,} districts: {in_words(statuses)}", ""]
        lines += grouped_lines(statuses)
        return "\n".join(lines) + "\n"
    for one in statuses:
        head = f"{one.word:<8} {one.slug:<28}"
        if one.needs_a_person:
            lines += [f"{head} {one.problem}", f"{'':9}action by {one.actor}: {one.hint}"]
        else:
            students = "" if one.students is None else f"{one.students:,} students sent"
            lines.append(f"{head} {students} {one.sparkline} {one.problem or ''}".rstrip())
    return "\n".join(lines or ["No district is registered."]) + "\n"
