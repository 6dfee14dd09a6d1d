"""How every district stands, worst first: the one place that says so.

The status command, ``districts show``, the digest and every page of the portal show what is derived
here, in the same words, so that no two of them contradict each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import Connection
from psycopg.rows import dict_row

from samegoal_sync.database import connect
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.monitoring.due_nights import Night, next_due, next_try
from samegoal_sync.districts.monitoring.running_imports import cut_off_imports
from samegoal_sync.districts.monitoring.students_trend import sparkline, student_trends
from samegoal_sync.districts.monitoring.worst_problem import Cause, Severity, worst_problem
from samegoal_sync.districts.registry.registry import NIGHTLY_STATES
from samegoal_sync.samegoal.publication.last_good_night import AS_ASKED_STATES, GOOD_STATES


@dataclass(frozen=True)
class DistrictStatus:
    """One district on one line.

    Attributes:
        last_good: when the last good night ended (aware); ``None`` if there was none.
        last_state / last_night: of the newest sync of a complete night.
        counts: of the last good night, as in ``syncs``.
        trend: students sent on each of the last 14 nights that were read, oldest first; empty
            without ``with_trends``.
        expires_on / days_left: of the Integration Access; days may be negative.
        held_night: the night that waits for a decision, be it the last or an earlier one.
        severity, cause, problem, actor, hint: what needs a person, who that is, what they do.
        tried_again_at: when a failed night is tried again automatically (aware).
    """

    slug: str
    name: str
    state: DistrictState
    severity: Severity
    last_good: datetime | None = None
    last_state: str | None = None
    last_night: date | None = None
    counts: dict[str, int] = field(default_factory=dict)
    trend: tuple[int, ...] = ()
    expires_on: date | None = None
    days_left: int | None = None
    problem: str | None = None
    actor: str | None = None
    hint: str | None = None
    cause: Cause = Cause.NONE
    time_zone: str = "UTC"
    held_night: date | None = None
    tried_again_at: datetime | None = None

    @property
    def word(self) -> str:
        """How it stands in one word."""
        return self.severity.word

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to act for the nights to be good again (or stay so)."""
        return self.severity >= Severity.WARNING

    @property
    def students(self) -> int | None:
        """Students that Qmlativ sent in the last good night."""
        return self.counts.get("students_sent")

    @property
    def sparkline(self) -> str:
        """The trend of students as text."""
        return sparkline(self.trend)


def overall_status(database_url: str, now: datetime) -> list[DistrictStatus]:
    """Every district, worst first, then by slug; as many queries however many there are.

    Without trends, which are most of the work: see ``with_trends``.
    """
    with connect(database_url) as connection:
        statuses = _statuses(connection, now, None)
    return sorted(statuses, key=lambda one: (-one.severity, one.slug))


def with_trends(database_url: str, statuses: Sequence[DistrictStatus]) -> list[DistrictStatus]:
    """The same with their trends, for those that are shown."""
    slugs = [one.slug for one in statuses]
    with connect(database_url) as connection:
        trends = student_trends(connection, slugs)
    return [replace(one, trend=trends.get(one.slug, ())) for one in statuses]


def status_of(connection: Connection[Any], slug: str, now: datetime) -> DistrictStatus | None:
    """One district in the caller's transaction; ``None`` if it is not registered."""
    return next(iter(_statuses(connection, now, slug)), None)


def _statuses(connection: Connection[Any], now: datetime, slug: str | None) -> list[DistrictStatus]:
    which = {"slug": slug, "good": list(GOOD_STATES), "asked": list(AS_ASKED_STATES)}
    with connection.cursor(row_factory=dict_row) as cursor:
        districts = cursor.execute(_DISTRICTS, which).fetchall()
        nights = {row["district"]: row for row in cursor.execute(_NIGHTS, which)}
        cut_off = {one.district: one.started_at for one in cut_off_imports(connection)}
    return [
        _status(one | {"cut_off": cut_off.get(one["slug"])}, nights[one["slug"]], now)
        for one in districts
        if one["slug"] in nights  # else it was removed between the two queries
    ]


# Each district with its held night and the newest night that was asked for.
_DISTRICTS = """
    select d.slug, d.name, d.state, d.time_zone, d.hour, d.expires_on, d.message,
        u.message undelivered, u.hint undelivered_hint, u.actor undelivered_actor,
        h.night held_night, n.night, n.due_at, n.attempt, f.finished_at failed_at,
        coalesce((f.findings->>'transient')::boolean, false) transient
    from districts d
    left join deliveries u on u.district = d.slug and u.message is not null
    left join held_nights h on h.district = d.slug
    left join lateral (select * from nights where district = d.slug and attempt > 0
        order by night desc limit 1) n on true
    left join syncs f on f.district = d.slug and f.run_id = n.run_id and f.state = 'failed'
    where %(slug)s::text is null or d.slug = %(slug)s
"""

# One row a district: its newest night, its newest good one and as-asked one, however long ago; each
# by the index. (28 complete rows a district, trends included, took a minute.)
_NIGHTS = """
    select d.slug district, l.state, l.night, l.findings, l.message, l.hint, l.actor,
        g.finished_at good_at, g.counts good_counts, a.finished_at asked_at
    from districts d
    left join lateral (select state, night, findings, message, hint, actor from syncs
        where district = d.slug and kind <> 'student' order by id desc limit 1) l on true
    left join lateral (select finished_at, counts from syncs
        where district = d.slug and kind <> 'student' and state = any(%(good)s)
        order by id desc limit 1) g on true
    left join lateral (select finished_at from syncs
        where district = d.slug and kind <> 'student' and state = any(%(asked)s)
        order by id desc limit 1) a on true
    where %(slug)s::text is null or d.slug = %(slug)s
"""


def _status(district: dict[str, Any], nights: dict[str, Any], now: datetime) -> DistrictStatus:
    last = nights if nights["state"] else None
    expires = district["expires_on"]
    today = now.astimezone(ZoneInfo(district["time_zone"])).date()
    days_left = (expires - today).days if expires else None
    severity, cause, problem, actor, hint = worst_problem(
        district, last, nights["good_counts"] or {}, nights["asked_at"], days_left, now
    )
    return DistrictStatus(
        slug=district["slug"],
        name=district["name"],
        state=DistrictState(district["state"]),
        severity=severity,
        last_good=nights["good_at"],
        last_state=last["state"] if last else None,
        last_night=last["night"] if last else None,
        counts=nights["good_counts"] or {},
        expires_on=expires,
        days_left=days_left,
        problem=problem,
        actor=actor,
        hint=hint,
        cause=cause,
        time_zone=district["time_zone"],
        held_night=district["held_night"],
        tried_again_at=_tried_again_at(district, cause, now),
    )


#: Causes that the next attempt may end by itself.
_TRIED_AGAIN = (Cause.FAILED_NIGHT, Cause.ACCESS_REFUSED, Cause.FAILING, Cause.CUT_OFF)


def _tried_again_at(district: dict[str, Any], cause: Cause, now: datetime) -> datetime | None:
    if cause not in _TRIED_AGAIN or DistrictState(district["state"]) not in NIGHTLY_STATES:
        return None
    due = next_due(district["slug"], district["time_zone"], district["hour"], now)
    if district["due_at"] is None:
        return due
    asked = Night(
        district["slug"],
        district["night"],
        district["due_at"],
        attempt=district["attempt"],
        failed_at=district["failed_at"],
        transient=district["transient"],
    )
    return next_try(asked, due)
