"""Rows of ``syncs`` as publication leaves them, for tests of what follows from a night."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from samegoal_sync.database import connect


def write_night(
    database_url: str,
    slug: str,
    ended: datetime,
    state: str,
    *,
    night: date | None = None,
    counts: dict[str, int] | None = None,
    findings: dict[str, Any] | None = None,
    message: str | None = None,
    actor: str | None = None,
) -> None:
    with connect(database_url) as connection:
        connection.execute(
            "insert into syncs (district, run_id, night, state, started_at, finished_at, counts, "
            "findings, message, hint, actor) "
            "values (%s, gen_random_uuid()::text, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                slug,
                night or ended.date(),
                state,
                ended,
                ended,
                Jsonb(counts or {}),
                Jsonb(findings or {}),
                message,
                "do this" if message else None,
                actor,
            ),
        )
