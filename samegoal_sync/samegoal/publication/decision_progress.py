"""How a decision about a held night goes: it waits for an import, then compares and publishes.

That takes seconds or minutes, while a page shows that it does. A row a district says how far it is.
Postgres gives the lock beside it back when the process ends, however it ends; then nothing was
decided, since a decision is one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from samegoal_sync.database import connect
from samegoal_sync.errors import SyncError

#: First key of the lock; the second is the district's.
_LOCK_CLASS = 5_411


@dataclass(frozen=True)
class Decision:
    """A district's newest decision.

    Attributes:
        open: it still goes on.
        has_turn: no import of the district is publishing any more; it compares and publishes.
        seconds: how long it has taken.
        ended_at: when it ended; ``None`` also when it was cut off.
        what / hint: of its failure.
    """

    sync_id: int
    decision: str
    who: str
    open: bool
    has_turn: bool
    seconds: int
    ended_at: datetime | None
    what: str | None
    hint: str | None


class DecisionProgress:
    """Tells how one decision goes, from its beginning to its end."""

    def __init__(self, connection: Connection[Any], slug: str) -> None:
        self._connection, self._slug = connection, slug

    def take_turn(self) -> None:
        """The district's lock is held: the decision itself runs."""
        self._connection.execute(
            "update decisions set has_turn = true where district = %s", (self._slug,)
        )

    def end(self, failure: SyncError | None = None) -> None:
        """Write the end down, and give the lock back."""
        with self._connection:
            self._connection.execute(
                "update decisions set ended_at = clock_timestamp(), what = %s, hint = %s "
                "where district = %s",
                (failure.what if failure else None, failure.hint if failure else None, self._slug),
            )


def begin_decision(
    database_url: str, slug: str, decision: str, sync_id: int, who: str
) -> DecisionProgress | None:
    """Begin to tell of a decision; ``None`` if one of the district is under way."""
    connection = connect(database_url, autocommit=True)
    try:
        lock = "select pg_try_advisory_lock(%s, hashtext(%s))"
        row = connection.execute(lock, (_LOCK_CLASS, slug)).fetchone()
        if row is None or not row[0]:
            connection.close()
            return None
        connection.execute(
            "insert into decisions (district, sync_id, decision, who) values (%s, %s, %s, %s) "
            "on conflict (district) do update set sync_id = excluded.sync_id, "
            "decision = excluded.decision, who = excluded.who, began_at = now(), "
            "has_turn = false, ended_at = null, what = null, hint = null",
            (slug, sync_id, decision, who),
        )
    except BaseException:
        connection.close()
        raise
    return DecisionProgress(connection, slug)


def newest_decision(connection: Connection[Any], slug: str) -> Decision | None:
    """The district's newest decision, while there is something to say of it."""
    with connection.cursor(row_factory=class_row(Decision)) as cursor:
        return cursor.execute(
            """
            select sync_id, decision, who, has_turn, ended_at, what, hint,
                extract(epoch from coalesce(ended_at, clock_timestamp()) - began_at)::int seconds,
                ended_at is null and exists (select from pg_locks where locktype = 'advisory'
                    and granted and classid = %(class)s and objsubid = 2
                    and database = (select oid from pg_database
                        where datname = current_database())
                    and objid = (hashtext(%(slug)s)::bigint & 4294967295)::oid) as open
            from decisions where district = %(slug)s
                and coalesce(ended_at, clock_timestamp()) > clock_timestamp() - interval '5 min'
                and began_at > clock_timestamp() - interval '1 hour'
            """,
            {"class": _LOCK_CLASS, "slug": slug},
        ).fetchone()
