"""One student's record, as SameGoal shows it: read in one place, for the portal and the command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from samegoal_sync.samegoal.errors import StudentNotPublished
from samegoal_sync.samegoal.publication.last_good_night import GOOD_STATES, last_good_night
from samegoal_sync.samegoal.publication.transaction import reading, require_district

CHANGES_SHOWN = 100


@dataclass(frozen=True)
class StudentRecord:
    """What is published of a student, what people entered, and how it came to be so.

    Attributes:
        student: every column of the published row, with ``portal_id``.
        guardians: in the order of their priority.
        by_hand: what people entered; empty when nobody did.
        last_imported: end of the last good night, or of this student's refresh since.
        came_on: (guardian id or ``None``, column) -> when the present value came, where it changed
            since the student was first published.
        changes: newest first: at, guardian_id, kind, field, old, new.
        absent: columns that Qmlativ did not share last night; a guardian's as ``guardian.email``.
        withheld: guardian id -> why the newest read does not show the student to them.
        denied: guardian id and column of the contacts that the newest read denies them: a
            restricted person's, or nobody's own.
        restrictions_shared: whether Qmlativ shared custody restrictions; ``None``: not known.
    """

    student: dict[str, Any]
    guardians: list[dict[str, Any]]
    by_hand: dict[str, Any]
    last_imported: datetime | None
    came_on: dict[tuple[int | None, str], datetime]
    changes: list[dict[str, Any]]
    absent: frozenset[str]
    restrictions_shared: bool | None
    withheld: dict[int, str] = field(default_factory=dict)
    denied: frozenset[tuple[int, str]] = frozenset()

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


def record_by_student_id(database_url: str, slug: str, student_id: str) -> StudentRecord:
    """Read a student by the key under which they are published.

    Raises:
        DistrictNotRegistered: the slug is unknown.
        StudentNotPublished: SameGoal has no such student in the district.
    """
    with reading(database_url) as connection:
        require_district(connection, slug)
        found = _rows(
            connection,
            "select * from students where district = %(district)s and student_id = %(student)s",
            {"district": slug, "student": student_id},
        )
        if not found:
            raise StudentNotPublished(slug, student_id)
        return _record(connection, found[0])


def published_ids(database_url: str, slug: str, student_id: str) -> tuple[int | None, list[int]]:
    """The SIS Internal ID of the student published under a Student Id, and the StudentGuardianIDs
    of their guardians, also of those whom a restriction without a pair keeps away; ``None`` and
    nothing if nobody is."""
    with reading(database_url) as connection:
        who = {"district": slug, "student": student_id.strip()}
        found = _rows(connection, _IDS, who)
    return (found[0]["sis_internal_id"], found[0]["pairs"]) if found else (None, [])


def record_by_portal_id(connection: Connection[Any], portal_id: UUID) -> StudentRecord | None:
    """Read a student in the caller's transaction; ``None`` if it sees no such student."""
    found = _rows(connection, "select * from students where portal_id = %(id)s", {"id": portal_id})
    return _record(connection, found[0]) if found else None


def _record(connection: Connection[Any], student: dict[str, Any]) -> StudentRecord:
    slug = student["district"]
    who = {"district": slug, "student": student["student_id"], "good": list(GOOD_STATES)}
    who["sis_internal_id"] = student["sis_internal_id"]
    good = last_good_night(connection, slug)
    by_hand = _rows(connection, _BY_HAND, who)
    kept_away = _rows(connection, _WITHHELD, who)
    return StudentRecord(
        student=student,
        guardians=_rows(connection, _GUARDIANS, who),
        by_hand=by_hand[0] if by_hand else {},
        last_imported=_rows(connection, _LAST_IMPORTED, who)[0]["at"],
        came_on={
            (row["guardian_id"], row["field"]): row["at"]
            for row in _rows(connection, _CAME_ON, who)
        },
        changes=_rows(connection, _CHANGES, who),
        absent=good.absent_columns if good else frozenset(),
        restrictions_shared=good.findings.restrictions_shared if good else None,
        withheld={row["guardian_id"]: row["reason"] for row in kept_away if not row["column"]},
        denied=frozenset((row["guardian_id"], row["column"]) for row in kept_away if row["column"]),
    )


_IDS = """
    select s.sis_internal_id, array(
        select unnest(student_guardian_ids) from guardians g
        where g.district = s.district and g.student_id = s.student_id
        union
        select student_guardian_id from restricted_pairs r
        where r.district = s.district and r.sis_internal_id = s.sis_internal_id) as pairs
    from students s where s.district = %(district)s and s.student_id = %(student)s
"""
_GUARDIANS = """
    select * from guardians where district = %(district)s and student_id = %(student)s
    order by priority, guardian_id
"""
_BY_HAND = """
    select preferred_gender, pronouns, historical_idle, entered_by, entered_at
    from entered_by_hand where district = %(district)s and student_id = %(student)s
"""
_WITHHELD = """
    select guardian_id, "column", reason from withheld_guardians
    where district = %(district)s and sis_internal_id = %(sis_internal_id)s
    order by guardian_id, "column"
"""
_LAST_IMPORTED = """
    select max(finished_at) as at from syncs
    where district = %(district)s and state = any(%(good)s)
        and (kind <> 'student'
            or findings -> 'sis_internal_ids' @> to_jsonb(%(sis_internal_id)s::bigint))
"""
_CAME_ON = """
    select guardian_id, field, max(at) as at from changes
    where district = %(district)s and student_id = %(student)s and field is not null
    group by guardian_id, field
"""
_CHANGES = f"""
    select at, guardian_id, kind, field, old, new from changes
    where district = %(district)s and student_id = %(student)s
    order by id desc limit {CHANGES_SHOWN}
"""  # noqa: S608 (a constant of this file)


def _rows(
    connection: Connection[Any], query: str, values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), values).fetchall()
