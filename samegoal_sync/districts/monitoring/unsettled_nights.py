"""Nights that ended and of which nothing has followed yet: what post-run processing works from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from psycopg.rows import class_row

from samegoal_sync.database import connect
from samegoal_sync.districts.monitoring.due_nights import WINDOW
from samegoal_sync.samegoal.publication.findings import Findings

_OLDEST = timedelta(days=3)


@dataclass(frozen=True)
class Night:
    """One row of ``syncs`` that nobody has settled yet.

    ``is_newest``: no later import of the district is recorded, so that its state follows from it.
    ``no_attempt_left``: it is the newest attempt at its night, and the schedule asks for no other.
    """

    id: int
    district: str
    night: date
    kind: str
    state: str
    counts: dict[str, int]
    findings: dict[str, Any]
    message: str | None
    hint: str | None
    actor: str | None
    is_newest: bool
    no_attempt_left: bool

    @property
    def failed_for_good(self) -> bool:
        """Failed, and the schedule won't try this night again."""
        found = Findings.from_json(self.findings)
        return self.state == "failed" and (not found.transient or self.no_attempt_left)


def unsettled_nights(database_url: str, now: datetime) -> list[Night]:
    """Nights of the last three days that nobody has settled, in the order they ended.

    A failure that may pass waits here while the schedule may ask for its night again: it is
    settled by the attempt that follows, or as failed for good when none will.
    """
    with (
        connect(database_url) as connection,
        connection.cursor(row_factory=class_row(Night)) as cursor,
    ):
        return cursor.execute(
            """
            select s.id, s.district, s.night, s.kind, s.state, s.counts, s.findings, s.message,
                s.hint, s.actor, not exists (
                    select from syncs later where later.district = s.district and later.id > s.id
                        and later.kind <> 'student') is_newest,
                n.is_open is false and not exists (
                    select from syncs later where later.district = s.district and later.id > s.id
                        and later.kind <> 'student' and later.state <> 'failed') no_attempt_left
            from syncs s left join lateral (
                select closed_at is null and due_at + %(window)s > %(now)s as is_open
                from nights where district = s.district and run_id = s.run_id) n on true
            where s.kind <> 'student' and s.finished_at > %(oldest)s
                and not (s.state = 'failed' and coalesce((s.findings->>'transient')::boolean, false)
                    and n.is_open is true)
                and not exists (select from settled_syncs where sync_id = s.id)
            order by s.id
            """,
            {"now": now, "window": WINDOW, "oldest": now - _OLDEST},
        ).fetchall()
