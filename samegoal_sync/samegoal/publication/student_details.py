"""One student's Details, as SameGoal shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row

from samegoal_sync.samegoal.errors import StudentNotPublished
from samegoal_sync.samegoal.publication.published_tables import GUARDIANS, STUDENTS, names
from samegoal_sync.samegoal.publication.transaction import reading, require_district

_CHANGES_SHOWN = 50


@dataclass(frozen=True)
class Details:
    """What is published of one student.

    Attributes:
        student: curated column -> value.
        guardians: the same for each guardian, in the order of their priority.
        by_hand: what people entered (preferred gender, pronouns, historical_idle ...); empty
            when nobody did.
        origin: ``sis``, or ``hand`` for a student that Qmlativ does not know.
        first_published_at / changed_at: when the student's own row was first and last written.
        last_imported: end of the last night or refresh that published this district.
        missing_since: the night since which Qmlativ no longer sends the student.
        changed_on: student's column -> when its present value came.
        changes: latest changes of the student and their guardians, newest first: at,
            guardian_id, kind, field, old, new.
    """

    student: dict[str, Any]
    guardians: list[dict[str, Any]]
    by_hand: dict[str, Any]
    origin: str
    first_published_at: datetime
    changed_at: datetime
    last_imported: datetime | None
    missing_since: date | None
    changed_on: dict[str, datetime]
    changes: list[dict[str, Any]]


def student_details(database_url: str, slug: str, student_id: str) -> Details:
    """Read one student.

    Raises:
        DistrictNotRegistered: the slug is unknown.
        StudentNotPublished: SameGoal has no such student in the district.
    """
    with reading(database_url) as connection:
        require_district(connection, slug)
        rows = _read(
            connection,
            sql.SQL(
                "select {}, origin, first_published_at, changed_at, missing_since "
                "from students where district = %(slug)s and student_id = %(id)s"
            ).format(names(STUDENTS.schema)),
            slug,
            student_id,
        )
        if not rows:
            raise StudentNotPublished(slug, student_id)
        row = rows[0]
        by_hand = _read(connection, _BY_HAND, slug, student_id)
        return Details(
            student={name: row[name] for name in STUDENTS.schema},
            guardians=_read(
                connection,
                sql.SQL(
                    "select {} from guardians where district = %(slug)s "
                    "and student_id = %(id)s order by priority, guardian_id"
                ).format(names(GUARDIANS.schema)),
                slug,
                student_id,
            ),
            by_hand=by_hand[0] if by_hand else {},
            origin=row["origin"],
            first_published_at=row["first_published_at"],
            changed_at=row["changed_at"],
            last_imported=_read(connection, _LAST_IMPORTED, slug, student_id)[0]["at"],
            missing_since=row["missing_since"],
            changed_on={
                change["field"]: change["at"]
                for change in _read(connection, _CHANGED_ON, slug, student_id)
            },
            changes=_read(connection, _CHANGES, slug, student_id),
        )


_BY_HAND = sql.SQL(
    """
    select preferred_gender, pronouns, historical_idle, entered_by, entered_at
    from entered_by_hand where district = %(slug)s and student_id = %(id)s
    """
)
_LAST_IMPORTED = sql.SQL(
    """
    select max(finished_at) as at from syncs where district = %(slug)s
        and state in ('published', 'unchanged')
        and (kind <> 'student' or findings -> 'student_ids' ? %(id)s)
    """
)
_CHANGED_ON = sql.SQL(
    """
    select field, max(at) as at from changes
    where district = %(slug)s and student_id = %(id)s and guardian_id is null
        and kind = 'changed'
    group by field
    """
)
_CHANGES = sql.SQL(
    f"""
    select at, guardian_id, kind, field, old, new from changes
    where district = %(slug)s and student_id = %(id)s order by id desc limit {_CHANGES_SHOWN}
    """  # noqa: S608 (a constant of this file)
)


def _read(
    connection: Connection[Any], query: sql.SQL | sql.Composed, slug: str, student_id: str
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, {"slug": slug, "id": student_id}).fetchall()
