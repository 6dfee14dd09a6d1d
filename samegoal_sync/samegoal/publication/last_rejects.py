"""Rows and values rejected in the last night, by key and rule; never a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl
from psycopg import sql

from samegoal_sync.demographics.columns.curated_frames import REJECT_COLUMNS
from samegoal_sync.samegoal.publication.published_tables import names
from samegoal_sync.samegoal.publication.transaction import reading, require_district


@dataclass(frozen=True)
class NightRejects:
    """What a night rejected: ``rows`` has ``REJECT_COLUMNS``, rows before values."""

    night: date | None
    rows: pl.DataFrame


def last_rejects(database_url: str, slug: str) -> NightRejects:
    """Rejects of the district's last night that came as far as publication, held ones included.

    Raises:
        DistrictNotRegistered: the slug is unknown.
    """
    with reading(database_url) as connection:
        require_district(connection, slug)
        last = connection.execute(
            """
            select id, night from syncs
            where district = %s and kind <> 'student' and state <> 'failed'
            order by id desc limit 1
            """,
            (slug,),
        ).fetchone()
        rows = connection.execute(
            sql.SQL(
                "select {} from rejects where sync_id = %s "
                'order by severity, rule, object, student_id, key, "column"'
            ).format(names(REJECT_COLUMNS)),
            (last[0] if last else None,),
        ).fetchall()
    return NightRejects(
        last[1] if last else None, pl.DataFrame(rows, schema=REJECT_COLUMNS, orient="row")
    )
