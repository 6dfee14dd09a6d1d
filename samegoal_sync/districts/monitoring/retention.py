"""How long what has happened is kept: changes of students, results of nights, the audit log.

Nothing is deleted unless the operator says how long to keep it (docs/settings.md). Deleted in
batches, so that a lock is held for some milliseconds and the work of one call is bounded.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from samegoal_sync.database import connect
from samegoal_sync.settings import Retention

_BATCH = 5_000
#: Rows of each table that one call deletes; the rest is for the next.
MOST = 200_000

_OLD = {
    "changes": "select ctid from changes where at < %(before)s limit %(batch)s",
    # A district's last good night and what came after it say what is published, and a sync stays
    # as long as its changes do.
    "syncs": """
        select s.ctid from syncs s where s.finished_at < %(before)s
            and s.id < (select max(g.id) from syncs g where g.district = s.district
                and g.kind <> 'student' and g.state in ('published', 'unchanged'))
            and not exists (select from changes c where c.sync_id = s.id)
            and not exists (select from held_nights h where h.sync_id = s.id)
        limit %(batch)s
    """,
    "audit_log": "select ctid from audit_log where at < %(before)s limit %(batch)s",
}


def forget_old_records(
    database_url: str, retention: Retention, now: datetime, most: int = MOST
) -> dict[str, int]:
    """Delete what is older than the operator keeps; table -> how many rows.

    What went of the audit log is a line of the audit log.
    """
    kept = {
        "changes": retention.changes,
        "syncs": retention.syncs,
        "audit_log": retention.audit,
    }
    gone = {}
    with connect(database_url, autocommit=True) as connection:
        for table, days in kept.items():
            if days is not None:
                before = now - timedelta(days=days)
                gone[table] = _forget(connection, table, before, most)
    return gone


def _forget(connection: Connection[Any], table: str, before: datetime, most: int) -> int:
    gone = 0
    while gone < most:
        with connection.transaction():
            connection.execute("set local samegoal.retention = 'on'")
            batch = connection.execute(
                f"delete from {table} where ctid = any(array({_OLD[table]}))".encode(),  # noqa: S608
                {"before": before, "batch": min(_BATCH, most - gone)},
            ).rowcount
            if batch and table == "audit_log":
                connection.execute(
                    "insert into audit_log (who, role, action, what) values "
                    "('retention', 'command', 'deleted old lines', %s)",
                    (f"{batch} lines before {before:%Y-%m-%d}",),
                )
        gone += batch
        if batch < min(_BATCH, most):
            break
    return gone
