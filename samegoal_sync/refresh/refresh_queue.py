"""The refreshes that people asked for: who comes next, and how each stands.

A table, so that every process of the portal sees the same queue and shows the same progress. Only a
refresh of the last minutes matters; a row whose process died is out of the way by its age.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from samegoal_sync.database import connect
from samegoal_sync.errors import SyncError

#: How long a refresh may take once it has begun; its process is ended then.
SECONDS = 20
#: At once, over all districts; a district has one of them, so a silent Qmlativ holds no other up.
AT_ONCE = 4
#: Waiting or running: of one person, of one district, of all.
A_PERSON, A_DISTRICT, OF_ALL = 3, 20, 200

#: Begun so long ago, a process that died can't have ended it (the first one of a portal takes some
#: seconds to start, many on a busy machine); never begun, nobody waits any more.
_RUNS: LiteralString = (
    f"ended_at is null and began_at > clock_timestamp() - interval '{SECONDS + 40} s'"
)
_WAITS = "ended_at is null and began_at is null and asked_at > clock_timestamp() - interval '60 s'"
_OPEN: LiteralString = f"({_RUNS} or {_WAITS})"

# ruff: noqa: S608 (made of the conditions above alone)
_OF_STUDENT: LiteralString = f"select 1 from refreshes where portal_id = %s and {_OPEN}"
_COUNTED: LiteralString = f"""
    select count(*) filter (where who = %s), count(*) filter (where district = %s), count(*)
    from refreshes where {_OPEN}
"""
_TAKE_NEXT: LiteralString = f"""
    update refreshes set began_at = clock_timestamp() where id = (
        select asked.id from refreshes asked
        where {_WAITS}
            and (select count(*) from refreshes where {_RUNS}) < {AT_ONCE}
            and district not in (select district from refreshes where {_RUNS})
        order by
            (select max(began_at) from refreshes r where r.district = asked.district) nulls first,
            (select max(began_at) from refreshes r where r.who = asked.who) nulls first,
            id
        limit 1)
    returning id, district, portal_id
"""
#: How the last refresh of a student stands (``%s``: portal id), for as long as a page tells of it.
STATE: LiteralString = f"""
    select {_OPEN} as open, began_at is not null as began, ended_at, what, hint, actor
    from refreshes
    where portal_id = %s and greatest(asked_at, ended_at) > clock_timestamp() - interval '120 s'
    order by id desc limit 1
"""
_LOCK = 5_407_018


class RefreshesFull(SyncError):  # noqa: N818 (named for what happened)
    """So many refreshes wait that one more would only wait in vain."""

    transient = True

    def __init__(self, open_: int, whose: str) -> None:
        super().__init__(
            f"{open_} refreshes {whose} are open already",
            hint="Try again when one of those has ended: in a minute at the latest.",
        )


@dataclass(frozen=True)
class Asked:
    """A refresh that is to run now."""

    id: int
    district: str
    portal_id: UUID


def ask(database_url: str, slug: str, portal_id: UUID, who: str) -> None:
    """Add a refresh to the queue; one that is open for the student already serves both.

    Raises:
        RefreshesFull: the person, the district or all have as many open as there may be.
    """
    with connect(database_url) as connection:
        _one_at_a_time(connection)
        connection.execute("delete from refreshes where asked_at < now() - interval '1 day'")
        there = connection.execute(_OF_STUDENT, (portal_id,)).fetchone()
        if there:
            return
        counted = connection.execute(_COUNTED, (who, slug)).fetchone()
        assert counted
        bounds = ((A_PERSON, "of yours"), (A_DISTRICT, "of your district"), (OF_ALL, "in all"))
        for found, (most, whose) in zip(counted, bounds, strict=True):
            if found >= most:
                raise RefreshesFull(found, whose)
        connection.execute(
            "insert into refreshes (district, portal_id, who) values (%s, %s, %s)",
            (slug, portal_id, who),
        )


def take_next(database_url: str) -> Asked | None:
    """Begin the refresh whose turn it is, if one may run.

    The district that was served longest ago comes first, and in it the person served longest ago.
    """
    with connect(database_url) as connection:
        _one_at_a_time(connection)
        row = connection.execute(_TAKE_NEXT).fetchone()
    return Asked(*row) if row else None


def end(database_url: str, id_: int, failure: tuple[str, str, str] | None) -> None:
    """Write down how a refresh ended: well, or what, hint and actor of its failure."""
    what, hint, actor = failure or (None, None, None)
    with connect(database_url) as connection:
        connection.execute(
            "update refreshes set ended_at = clock_timestamp(), what = %s, hint = %s, actor = %s "
            "where id = %s",
            (what, hint, actor, id_),
        )


def _one_at_a_time(connection: Any) -> None:
    connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
