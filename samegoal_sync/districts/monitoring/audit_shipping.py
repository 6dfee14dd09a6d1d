"""The audit log sent on, line by line, to the receiver that the operator names.

A line is JSON, and is sent at least once: it stops waiting in the transaction that sent it, after
the receiver had it. Which lines wait is a table that a trigger fills, so a line whose transaction
commits late waits like any other. Until a receiver is named lines are let go, and are sent by their
numbers when one is: the log begins with its first line there too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection, IsolationLevel
from psycopg.rows import class_row

from samegoal_sync.database import connect

#: Sent in one transaction, and by one call.
BATCH, MOST = 500, 5_000
_MOST_SECONDS = 20.0
#: Letters of each text of a line that was too long for its receiver.
_SHORT = 200
#: Let go by one call.
_MOST_LET_GO = 50_000

#: In the years that Python knows: no line, however it came about, keeps those behind it waiting.
_AT = "least(greatest(a.at, '0001-01-02Z'), '9999-12-30Z')"
_COLUMNS = f"id, {_AT} as at, district, who, role, action, student_id, document_id, what, address"
_LET_GO_BEFORE = f"""
    select {_COLUMNS} from audit_log a where id > %s and id <= %s
        and not exists (select from audit_waiting w where w.id = a.id) order by id limit %s
"""  # noqa: S608 (the columns above)
_OF_NUMBERS = f"select {_COLUMNS} from audit_log a where id = any(%s) order by id"  # noqa: S608
_NOT_SENT = f"""
    select count(*) as lines, min(at) as since from (
        select {_AT} as at from audit_log a join audit_waiting using (id)
        union all
        select {_AT} from audit_log a, audit_shipping s
            where a.id > s.sent and a.id <= s.last_let_go
                and not exists (select from audit_waiting w where w.id = a.id)
    ) waiting where (select begun from audit_shipping)
"""  # noqa: S608 (the expression above)
_LET_GO = """
    with gone as (
        delete from audit_waiting where id = any(array(
            select id from audit_waiting where id > (select sent from audit_shipping)
            order by id limit %s)) returning id)
    update audit_shipping
        set last_let_go = greatest(last_let_go, (select coalesce(max(id), 0) from gone))
"""


@dataclass(frozen=True)
class Line:
    """A line of the audit log.

    Attributes:
        at: when it was written (aware).
        json: all of it, on one line, in ASCII.
    """

    id: int
    at: datetime
    json: str

    def shortened(self) -> Line:
        """The same with each text cut, which it tells (``"cut": true``)."""
        fields = {
            name: value[:_SHORT] if isinstance(value, str) else value
            for name, value in json.loads(self.json).items()
        }
        return Line(self.id, self.at, _json({**fields, "cut": True}))


#: Takes lines in order; returns when the receiver has them, and raises a SyncError when it has not.
Receiver = Callable[[Sequence[Line]], None]


@dataclass(frozen=True)
class Waiting:
    """Lines that wait: how many, and when the oldest was written (aware)."""

    lines: int
    since: datetime


def ship(database_url: str, receiver: Receiver, most: int = MOST) -> int:
    """Send lines that wait, oldest first; how many were sent.

    Bounded in lines and time. Does nothing while another call sends.

    Raises:
        SyncError: the receiver did not take a batch; what it took before is not sent again.
    """
    until, sent = time.monotonic() + _MOST_SECONDS, 0
    with connect(database_url, autocommit=True) as connection:
        # Not in a batch's transaction: lines wait from now on, also for a receiver that is down.
        connection.execute("update audit_shipping set begun = true where not begun")
        while sent < most and time.monotonic() < until:
            batch = _send_batch(connection, receiver, min(BATCH, most - sent))
            sent += batch
            if not batch:
                break
    return sent


def let_lines_go(database_url: str) -> None:
    """No receiver is named: keep no line waiting, unless one was named before.

    A line that is numbered before those that were sent, and committed after shipping was stopped,
    goes on waiting: by its number it would not be sent when a receiver is named anew.
    """
    with connect(database_url) as connection:
        row = connection.execute("select begun from audit_shipping for update").fetchone()
        if row == (False,):
            connection.execute(_LET_GO, (_MOST_LET_GO,))


def stop_shipping(database_url: str) -> int:
    """Let go what waits at this moment; how many lines that is.

    What is committed later is sent when a receiver is named anew.
    """
    with connect(database_url) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        # Before anything is read: the greatest number, what waits and what is let go are of one
        # moment, and no batch is being sent.
        connection.execute("lock table audit_shipping in exclusive mode")
        found = waiting_lines(connection)
        connection.execute(
            "update audit_shipping set begun = false, (last_let_go, sent) = "
            "(select coalesce(max(id), 0), coalesce(max(id), 0) from audit_log)"
        )
        connection.execute("delete from audit_waiting")
    return found.lines if found else 0


def waiting_lines(connection: Connection[Any]) -> Waiting | None:
    """What waits for the receiver; ``None`` where nothing does, or none was ever named."""
    with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        found = cursor.execute(_NOT_SENT.encode()).fetchone()
    return found if found and found.lines else None


def _send_batch(connection: Connection[Any], receiver: Receiver, most: int) -> int:
    with connection.transaction():
        state = connection.execute(
            "select sent, last_let_go from audit_shipping for update skip locked"
        ).fetchone()
        if state is None:
            return 0
        sent, last = state
        rows = connection.execute(_LET_GO_BEFORE.encode(), (sent, last, most)).fetchall()
        if rows:
            receiver([_line(row) for row in rows])
            connection.execute("update audit_shipping set sent = %s", (rows[-1][0],))
            return len(rows)
        waiting = connection.execute(
            "select id from audit_waiting order by id limit %s", (most,)
        ).fetchall()
        ids = [id_ for (id_,) in waiting]
        rows = connection.execute(_OF_NUMBERS.encode(), (ids,)).fetchall()
        if rows:  # else retention was faster
            receiver([_line(row) for row in rows])
        connection.execute("delete from audit_waiting where id = any(%s)", (ids,))
    return len(ids)


def _line(row: Sequence[Any]) -> Line:
    id_, at, district, who, role, action, student_id, document_id, what, address = row
    at = at.astimezone(UTC)
    fields = {
        "id": id_,
        "at": at.isoformat(timespec="microseconds"),
        "district": district,
        "who": who,
        "role": role,
        "action": action,
        "student_id": student_id,
        "document_id": document_id and str(document_id),
        "what": what,
        "address": address,
    }
    return Line(id_, at, _json(fields))


def _json(fields: dict[str, Any]) -> str:
    return json.dumps(fields, separators=(",", ":"))
