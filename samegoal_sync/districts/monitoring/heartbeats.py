"""Whether schedule and sensors do their work: a row for each, renewed by every tick that went well.

The daemon can't report that it is dead, and nights that nobody asks for leave no failed row. So
whoever is alive looks how old the rows are: ``status``, the monitor, its metrics, the digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from samegoal_sync.database import connect

_MINUTE = timedelta(minutes=1)

#: What ticks, and how often. A tick may take its time and a restart too: see ``Heartbeat.limit``.
EVERY = {
    "nightly": timedelta(days=1),
    "missed_nights": 5 * _MINUTE,
    "prune_runs": timedelta(days=1),
    "mailbox": 2 * _MINUTE,
    "post_run_processing": _MINUTE,
    "access_expiry": timedelta(hours=1),
    "technical_digest": 10 * _MINUTE,
    "audit_log_shipping": _MINUTE,
    "districts_fresh": 15 * _MINUTE,
    "sync_partitions": 5 * _MINUTE,
    "decisions_on_held_nights": _MINUTE,
    "orphaned_runs": _MINUTE / 3,
}


@dataclass(frozen=True)
class Heartbeat:
    """The last tick of a schedule or sensor that went well.

    Attributes:
        first_at: when it was first seen (aware).
        ended_at: when its last tick ended (aware).
        seconds: how long that one took.
    """

    name: str
    first_at: datetime
    ended_at: datetime
    seconds: float

    @property
    def limit(self) -> timedelta:
        """Older than this, somebody should look."""
        return limit_of(self.name)


def limit_of(name: str) -> timedelta:
    """How long nothing may be heard of a schedule or sensor."""
    return 2 * EVERY[name] + 15 * _MINUTE


def beat(database_url: str, name: str, now: datetime, seconds: float) -> None:
    """Note that a tick went well."""
    with connect(database_url) as connection:
        connection.execute(
            "insert into heartbeats (name, first_at, ended_at, seconds) "
            "values (%(name)s, %(now)s, %(now)s, %(seconds)s) on conflict (name) do update "
            "set ended_at = excluded.ended_at, seconds = excluded.seconds",
            {"name": name, "now": now, "seconds": seconds},
        )


def heartbeats(connection: Connection[Any]) -> list[Heartbeat]:
    """The last tick of each that this version has."""
    with connection.cursor(row_factory=class_row(Heartbeat)) as cursor:
        return cursor.execute(
            "select name, first_at, ended_at, seconds from heartbeats "
            "where name = any(%s) order by name",
            (list(EVERY),),
        ).fetchall()


@dataclass(frozen=True)
class Silence:
    """What has not ticked for too long.

    Attributes:
        names: schedules and sensors; all of them where the daemon itself is down.
        since: when the last of them ticked (aware).
        everything: nothing ticks at all.
    """

    names: tuple[str, ...]
    since: datetime
    everything: bool

    @property
    def problem(self) -> str:
        """In a sentence."""
        since = f"{self.since:%Y-%m-%d %H:%M} UTC"
        if self.everything:
            return f"no schedule or sensor has ticked since {since}: no night is asked for"
        return f"no tick for too long: {', '.join(self.names)} (the last at {since})"

    @property
    def hint(self) -> str:
        """What the technical team does."""
        if self.everything:
            return "start the Dagster daemon (samegoal-sync dev, or the service of deploy/) again"
        return (
            "see in the Dagster UI under Automation whether it is on and what its last tick says; "
            "the daemon's log says more"
        )


def silence(connection: Connection[Any], now: datetime) -> Silence | None:
    """What has not ticked for too long; ``None`` where all is well or nothing ever ticked."""
    known = {one.name: one for one in heartbeats(connection)}
    if not known:
        return None  # nobody has started a daemon on this database yet
    begun = min(one.first_at for one in known.values())
    late: dict[str, datetime] = {}
    for name in EVERY:
        last = known[name].ended_at if name in known else begun
        if now - last > limit_of(name):
            late[name] = last
    # What ticks once a day says nothing about a daemon that died an hour ago.
    quick = {name for name, every in EVERY.items() if every < timedelta(hours=1)}
    if not late:
        return None
    return Silence(tuple(late), max(late.values()), everything=quick <= late.keys())
