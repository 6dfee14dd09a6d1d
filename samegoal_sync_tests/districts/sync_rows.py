"""Rows of ``syncs`` as publication leaves them, for tests of what follows from a night."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from samegoal_sync.database import connect
from samegoal_sync.district import District
from samegoal_sync.districts.monitoring.due_nights import NightRequest
from samegoal_sync.districts.monitoring.night_requests import (
    NightRun,
    ask_for_due_nights,
    claim_night,
)


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
    run_id: str | None = None,
) -> None:
    with connect(database_url) as connection:
        connection.execute(
            "insert into syncs (district, run_id, night, state, started_at, finished_at, counts, "
            "findings, message, hint, actor) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                slug,
                run_id or str(uuid.uuid4()),
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


def ask(database_url: str, districts: Iterable[District], now: datetime) -> list[NightRequest]:
    """A look of the schedule, for which no run that is overdue has come."""
    return ask_for_due_nights(database_url, districts, now, lambda _night: set())


def begin(database_url: str, request: NightRequest) -> str:
    """A run takes its night up; its id."""
    run_id = str(uuid.uuid4())
    slug = str(request.district.slug)
    run = NightRun(slug, request.night, request.attempt, run_id, run_id)
    assert claim_night(database_url, run) is None
    return run_id
