"""Which imports are being executed, and whose process is gone: a row and a lock for each.

Postgres gives a lock back when the process that holds it ends, however it ends, so a row whose lock
nobody holds is an import that was cut off. A restarted Postgres gives all locks back: they are
taken again within seconds, so whoever judges looks twice.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg import Connection
from psycopg.rows import class_row

from samegoal_sync.database import connect
from samegoal_sync.database.waiting import again_if_server_went
from samegoal_sync.errors import DatabaseError

#: First key of the lock; the second is the run's id, hashed.
_LOCK_CLASS = 5_409

#: A restarted Postgres gives locks back that are taken again within this.
LOCKS_BACK_SECONDS = 10.0

_LOOK_SECONDS = 2.0

#: A machine that is gone without a word is noticed by the server after some 50 seconds.
_KEEPALIVE = (
    "set tcp_keepalives_idle = 20; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3"
)

# Whether somebody holds the lock of a run, r.run_id; %s is the class of the lock.
_HELD: LiteralString = """exists (
    select from pg_locks where locktype = 'advisory' and granted
        and database = (select oid from pg_database where datname = current_database())
        and classid = %s and objsubid = 2
        and objid = (hashtext(r.run_id)::bigint & 4294967295)::oid)"""

_held: set[str] = set()


@dataclass(frozen=True)
class RunningImport:
    """An import that began and has not ended."""

    run_id: str
    district: str
    started_at: datetime


@contextmanager
def running_import(database_url: str, slug: str, run_id: str) -> Iterator[None]:
    """Show, while the block runs, that this process executes an import.

    Does nothing within another one of the same run. Of an import that a ``DatabaseError`` ended the
    row stays, as of a killed one: Dagster may not have learned that its run ended.
    """
    if run_id in _held:
        yield
        return
    ended = threading.Event()
    connection: Connection[Any] | None = again_if_server_went(
        lambda: _shown(database_url, slug, run_id, waiting=True)
    )

    def keep() -> None:
        nonlocal connection
        while not ended.wait(_LOOK_SECONDS):
            try:
                if connection is None:
                    # Not waited for: this thread ends with the import.
                    connection = _shown(database_url, slug, run_id, waiting=False)
                connection.execute("select 1")
            except (psycopg.Error, DatabaseError):
                # Tried again at the next look: the server may be starting.
                if connection is not None:
                    connection.close()
                connection = None

    thread = threading.Thread(target=keep, name="running-import", daemon=True)
    thread.start()
    _held.add(run_id)
    is_known_to_end = True
    try:
        yield
    except DatabaseError:
        is_known_to_end = False
        raise
    finally:
        _held.discard(run_id)
        ended.set()
        thread.join()
        if connection is not None:
            connection.close()
        if is_known_to_end:
            with suppress(psycopg.Error, DatabaseError):  # else the monitor forgets it
                forget_import(database_url, run_id)


def cut_off_imports(connection: Connection[Any]) -> list[RunningImport]:
    """Imports whose process is gone, or whose server was restarted within the last seconds."""
    with connection.cursor(row_factory=class_row(RunningImport)) as cursor:
        return cursor.execute(
            f"select run_id, district, started_at from running_imports r "  # noqa: S608
            f"where not {_HELD} order by started_at",
            (_LOCK_CLASS,),
        ).fetchall()


def unheard_since(connection: Connection[Any], run_ids: Collection[str]) -> dict[str, datetime]:
    """Which of these runs have neither a row nor a lock: run's id -> now, by the database's clock.

    So it is with one that has not begun to show itself, and one that has ended.
    """
    rows = connection.execute(
        f"select r.run_id, now() from unnest(%s::text[]) r (run_id) "  # noqa: S608
        f"where not exists (select from running_imports i where i.run_id = r.run_id) "
        f"and not {_HELD}",
        (list(run_ids), _LOCK_CLASS),
    ).fetchall()
    return dict(rows)


@dataclass(frozen=True)
class ImportProgress:
    """How far the import is that runs in a district.

    Attributes:
        steps_done / steps: of the run; ``None`` before the first step is done.
    """

    started_at: datetime
    steps_done: int | None
    steps: int | None


def record_progress(database_url: str, run_id: str, done: int, steps: int) -> None:
    """Write down how many steps of an import are done; without it, it is only not shown."""
    with suppress(psycopg.Error, DatabaseError), connect(database_url) as connection:
        connection.execute(
            "update running_imports set steps_done = %s, steps = %s where run_id = %s",
            (done, steps, run_id),
        )


def import_progress(connection: Connection[Any], slug: str) -> ImportProgress | None:
    """How far the district's import is; ``None`` if none runs, or its process is gone."""
    with connection.cursor(row_factory=class_row(ImportProgress)) as cursor:
        return cursor.execute(
            f"""
            select started_at, steps_done, steps from running_imports r
            where district = %s and {_HELD}
            order by started_at desc limit 1
            """,  # noqa: S608 (the condition above alone)
            (slug, _LOCK_CLASS),
        ).fetchone()


def forget_import(database_url: str, run_id: str) -> None:
    """Take the row of an import that has ended away."""
    with connect(database_url) as connection:
        connection.execute("delete from running_imports where run_id = %s", (run_id,))


def _shown(database_url: str, slug: str, run_id: str, *, waiting: bool) -> Connection[Any]:
    connection = connect(database_url, waiting=waiting, autocommit=True)
    try:
        connection.execute(_KEEPALIVE)
        # Shared: it waits for nobody, not even for a connection of our own that the server
        # does not know to be dead.
        connection.execute(
            "select pg_advisory_lock_shared(%s, hashtext(%s))", (_LOCK_CLASS, run_id)
        )
        connection.execute(
            "insert into running_imports (run_id, district) "
            "select %s, slug from districts where slug = %s on conflict do nothing",
            (run_id, slug),
        )
    except BaseException:
        connection.close()
        raise
    return connection
