"""The last good night of a district: the one place that says what that is.

A night is *good* when what Qmlativ sent was published, or was found to be published already;
a held night is good from its approval on. A paused night is not: it published nothing. It is
*as asked*, though, so a paused district is not taken for a neglected one. One student's refresh
is no night.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import tuple_row

from samegoal_sync.database import connect
from samegoal_sync.samegoal.publication.findings import Findings

GOOD_STATES = ("published", "unchanged")

#: Nothing was published, because the district's people wanted it so.
AS_ASKED_STATES = (*GOOD_STATES, "paused")


@dataclass(frozen=True)
class GoodNight:
    """A night whose students and guardians are what SameGoal shows.

    Attributes:
        sync_id: its row in ``syncs``.
        night: the district's local date.
        finished_at: when it ended (aware).
        counts: where everybody went; see docs/publication.md.
        findings: what it found beside.
        absent_columns: columns that Qmlativ did not share; a guardian's as ``guardian.email``.
    """

    sync_id: int
    night: date
    finished_at: datetime
    counts: dict[str, int]
    findings: Findings
    absent_columns: frozenset[str]


def last_good_night(connection: Connection[Any], slug: str) -> GoodNight | None:
    """The district's last good night, however long ago; ``None`` before its first."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(
            """
            select id, night, finished_at, counts, findings, absent_columns from syncs
            where district = %s and kind <> 'student' and state = any(%s)
            order by id desc limit 1
            """,
            (slug, list(GOOD_STATES)),
        ).fetchone()
    if row is None:
        return None
    sync_id, night, finished_at, counts, findings, absent = row
    return GoodNight(
        sync_id, night, finished_at, counts, Findings.from_json(findings), frozenset(absent)
    )


def last_good_findings(database_url: str, slug: str) -> Findings:
    """What the district's last good night found; nothing before its first."""
    with connect(database_url) as connection:
        night = last_good_night(connection, slug)
    return night.findings if night else Findings()


def last_nights_as_asked(database_url: str) -> dict[str, datetime | None]:
    """When the last night as asked of each district whose nights should run ended (aware)."""
    with connect(database_url) as connection:
        return dict(
            connection.execute(
                """
                select slug, (select finished_at from syncs where district = slug
                    and kind <> 'student' and state = any(%s) order by id desc limit 1)
                from districts where state in ('active', 'failing', 'expired')
                """,
                (list(AS_ASKED_STATES),),
            ).fetchall()
        )
