"""What was asked for, one row a night in ``nights``: no district's night is asked for twice.

Dagster's run key keeps a schedule from asking twice within one tick only, so the record is our
own. It is written before the request is handed over, under one lock for all who ask: a tick that
dies, a second daemon or a restarted one finds what was asked. A request of which no run came is
made again after ``NO_RUN_AFTER``; a run that finds its night taken up by another does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from samegoal_sync.database import connect
from samegoal_sync.database.waiting import again_if_server_went
from samegoal_sync.district import District
from samegoal_sync.districts.monitoring.due_nights import (
    MOST_REQUESTS,
    NextStep,
    Night,
    NightRequest,
    RunKeys,
    next_step,
    planned,
)
from samegoal_sync.districts.registry.registry import NIGHTLY_STATES

#: Nights are kept so long, for whoever asks what was asked for.
KEPT = timedelta(days=60)

#: The lock under which nights are asked for; publication's are of another class.
_LOCK = (5_408, 0)

# Rows of yesterday's date and today's lie within these of any moment, wherever the district is.
_RECENT = timedelta(days=3)

_PLANNED = "select district, night, due_at, attempt from nights where due_at > %s"

# Only open nights that are due look at their syncs: by the index, and some hours' worth of them.
_OPEN = """
    select n.district, n.night, n.due_at, n.attempt, n.asked_at, n.run_id,
        exists (select from running_imports r where r.district = n.district) running,
        exists (select from syncs s where s.district = n.district and s.kind = 'night'
            and s.state <> 'failed' and s.started_at >= n.due_at) succeeded,
        f.finished_at failed_at,
        coalesce((f.findings->>'transient')::boolean, false) transient
    from nights n
    left join syncs f on f.district = n.district and f.run_id = n.run_id and f.state = 'failed'
    where n.closed_at is null and n.due_at <= %(now)s
"""


@dataclass(frozen=True)
class NightRun:
    """A run that a schedule asked for: which night and attempt, and which run it is.

    Attributes:
        root_run_id: the run that it executes again, or itself.
    """

    slug: str
    night: date
    attempt: int
    run_id: str
    root_run_id: str


def ask_for_due_nights(
    database_url: str,
    districts: Iterable[District],
    now: datetime,
    run_keys: RunKeys,
    late: timedelta = timedelta(),
) -> list[NightRequest]:
    """The runs to ask for now, longest due first, written down as asked for.

    Args:
        districts: those whose nights run.
        run_keys: the run keys of a date that Dagster has runs of; called only for nights whose
            run is overdue.
        late: first attempts are asked for only when they are due for so long.

    Returns:
        At most ``MOST_REQUESTS``; the rest is for the next call.
    """
    by_slug = {str(one.slug): one for one in districts}
    with connect(database_url) as connection:
        connection.execute("select pg_advisory_xact_lock(%s, %s)", _LOCK)
        _plan(connection, by_slug.values(), now)
        ask, close = [], []
        for night in _open_nights(connection, now):
            step = next_step(night, now, run_keys)
            if step is NextStep.CLOSE:
                close.append(night)
            elif night.attempt == 0 and now < night.due_at + late:
                continue
            elif step is not NextStep.WAIT and night.district in by_slug:
                ask.append((night, night.attempt + (step is NextStep.ASK)))
        ask = sorted(ask, key=lambda pair: pair[0].due_at)[:MOST_REQUESTS]
        _write(connection, "closed_at = %(now)s", [(one, one.attempt) for one in close], now)
        _write(
            connection,
            "attempt = u.attempt, asked_at = %(now)s, run_id = null, root_run_id = null",
            ask,
            now,
        )
    return [NightRequest(by_slug[one.district], one.night, attempt) for one, attempt in ask]


def hours_of_nights(database_url: str) -> set[tuple[str, int]]:
    """Time zone and hour of every night that runs, each pair once."""
    with connect(database_url) as connection:
        rows = connection.execute(
            "select distinct time_zone, hour from districts where state = any(%s)",
            ([str(state) for state in NIGHTLY_STATES],),
        ).fetchall()
    return {(zone, hour) for zone, hour in rows}


def claim_night(database_url: str, run: NightRun) -> str | None:
    """Take up a night for a run that begins.

    Returns:
        ``None`` if the run may go on; else why it must not: another run has taken the night up, or
        a later attempt was asked for. A run that is executed again on request may always.
    """
    return again_if_server_went(lambda: _claim(database_url, run))


def _claim(database_url: str, run: NightRun) -> str | None:
    with connect(database_url) as connection:
        taken = connection.execute(
            """
            update nights set run_id = %(run_id)s, root_run_id = %(root)s
            where district = %(slug)s and night = %(night)s and attempt = %(attempt)s
                and (root_run_id is null or root_run_id = %(root)s)
            """,
            {
                "slug": run.slug,
                "night": run.night,
                "attempt": run.attempt,
                "run_id": run.run_id,
                "root": run.root_run_id,
            },
        ).rowcount
        if taken or run.root_run_id != run.run_id:
            return None
        row = connection.execute(
            "select attempt, run_id from nights where district = %s and night = %s",
            (run.slug, run.night),
        ).fetchone()
    if row is None or row[0] < run.attempt:
        return None
    if row[0] > run.attempt:
        return f"attempt {row[0]} of this night was asked for since"
    return f"run {row[1]} has taken this night up"


def forget_old_nights(database_url: str, now: datetime) -> int:
    """Delete the record of nights older than ``KEPT``; how many they were."""
    with connect(database_url) as connection:
        return connection.execute("delete from nights where due_at < %s", (now - KEPT,)).rowcount


def _plan(connection: Connection[Any], districts: Iterable[District], now: datetime) -> None:
    rows = connection.execute(_PLANNED, (now - _RECENT,)).fetchall()
    known = {(row[0], row[1]): Night(*row) for row in rows}
    new = planned(districts, known, now)
    if not new:
        return
    connection.execute(
        """
        insert into nights (district, night, due_at)
        select u.* from unnest(%s::text[], %s::date[], %s::timestamptz[]) u (district, night, due)
            join districts on slug = u.district
        on conflict (district, night) do update set due_at = excluded.due_at
            where nights.attempt = 0
        """,
        ([one.district for one in new], [one.night for one in new], [one.due_at for one in new]),
    )


def _open_nights(connection: Connection[Any], now: datetime) -> list[Night]:
    with connection.cursor(row_factory=class_row(Night)) as cursor:
        return cursor.execute(_OPEN, {"now": now}).fetchall()


def _write(
    connection: Connection[Any],
    change: str,
    nights: Sequence[tuple[Night, int]],
    now: datetime,
) -> None:
    if not nights:
        return
    connection.execute(
        f"""
        update nights n set {change}
        from unnest(%(districts)s::text[], %(nights)s::date[], %(attempts)s::smallint[])
            u (district, night, attempt)
        where n.district = u.district and n.night = u.night
        """,  # noqa: S608 (changes of ours)
        {
            "now": now,
            "districts": [one.district for one, _ in nights],
            "nights": [one.night for one, _ in nights],
            "attempts": [attempt for _, attempt in nights],
        },
    )
