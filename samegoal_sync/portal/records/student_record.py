"""One student's record as the portal shows it, read under row-level security."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from samegoal_sync.portal.errors import NotFound
from samegoal_sync.portal.tenant_connection import Rows, one, rows

CHANGES_SHOWN = 100


@dataclass(frozen=True)
class Record:
    """What is published of a student, what people entered, and how it came to be so.

    Attributes:
        student: every column of the published row, with ``portal_id``.
        guardians: in the order of their priority.
        by_hand: what people entered; empty when nobody did.
        last_imported: end of the last night or refresh of the district that published.
        came_on: (guardian id or ``None``, column) -> when the present value came, where it changed
            since the student was first published.
        changes: newest first.
        absent: columns that Qmlativ did not share last night; a guardian's as ``guardian.email``.
        restrictions_shared: whether Qmlativ told of custody restrictions; ``None``: not known.
    """

    student: dict[str, Any]
    guardians: list[dict[str, Any]]
    by_hand: dict[str, Any]
    last_imported: datetime | None
    came_on: dict[tuple[int | None, str], datetime]
    changes: list[dict[str, Any]]
    absent: frozenset[str]
    restrictions_shared: bool | None

    @property
    def student_id(self) -> str:
        return str(self.student["student_id"])

    @property
    def status(self) -> str:
        """The status in force: historical / idle by hand stands above an inactive one."""
        published = str(self.student["district_enrollment"])
        if self.by_hand.get("historical_idle") and published != "ENROLLED":
            return "HISTORICAL_IDLE"
        return published


def read_record(connection: Rows, portal_id: UUID) -> Record:
    """Read a student of the connection's district.

    Raises:
        NotFound: the district has no such student.
    """
    student = one(connection, "select * from students where portal_id = %s", (portal_id,))
    if student is None:
        raise NotFound
    who = {"district": student["district"], "student": student["student_id"]}
    mine = "where district = %(district)s and student_id = %(student)s"
    last = one(
        connection,
        "select finished_at, absent_columns, findings #>> '{guardians,restrictions_shared}' "
        "as restrictions from syncs where district = %(district)s "
        "and state in ('published', 'unchanged') and kind <> 'student' order by id desc limit 1",
        who,
    )
    came = rows(
        connection,
        f"select guardian_id, field, max(at) as at from changes {mine} "  # noqa: S608
        "and field is not null group by guardian_id, field",
        who,
    )
    return Record(
        student=student,
        guardians=rows(
            connection,
            f"select * from guardians {mine} order by priority, guardian_id",  # noqa: S608
            who,
        ),
        by_hand=one(connection, f"select * from entered_by_hand {mine}", who) or {},  # noqa: S608
        last_imported=last and last["finished_at"],
        came_on={(row["guardian_id"], row["field"]): row["at"] for row in came},
        changes=rows(
            connection,
            f"select at, guardian_id, kind, field, old, new from changes {mine} "  # noqa: S608
            f"order by id desc limit {CHANGES_SHOWN}",
            who,
        ),
        absent=frozenset(last["absent_columns"] if last else ()),
        restrictions_shared=last["restrictions"] not in ("0", "false")
        if last and last["restrictions"]
        else None,
    )
