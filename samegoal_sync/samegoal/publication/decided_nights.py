"""What a person decided last about held nights, for whoever shows the state of each district."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from samegoal_sync.database import connect


@dataclass(frozen=True)
class DecidedNight:
    """A held night that was approved or discarded, and no night has come since.

    Attributes:
        sync_id: the publication that was approved, or the night that was discarded.
        night: the district's local date.
        decided_at: when it was published or held (aware).
        counts: where everybody went, as of any publication.
    """

    slug: str
    sync_id: int
    approved: bool
    night: date
    decided_at: datetime
    counts: dict[str, int]


def decided_nights(database_url: str) -> list[DecidedNight]:
    """The last night of each district, where a person decided about it."""
    with connect(database_url) as connection:
        rows = connection.execute(
            """
            select d.slug, s.id, s.kind = 'approved', s.night, s.finished_at, s.counts
            from districts d cross join lateral (
                select * from syncs where district = d.slug and kind <> 'student'
                order by id desc limit 1) s
            where s.kind = 'approved' or s.state = 'discarded' and s.message like 'discarded by %'
            order by d.slug
            """
        ).fetchall()
    return [DecidedNight(*row) for row in rows]
