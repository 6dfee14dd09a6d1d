"""Caseloads: which buildings and students are whose.

A teacher sees and finishes documents of these students alone; row-level security carries it
(migration 0015), so that no page has to remember to ask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from samegoal_sync.portal.tenant_connection import Rows, one, rows

#: Students assigned to one person; far more than anybody has.
MOST_STUDENTS = 500
#: Of one's own students, how many the list begins with.
FIRST_SHOWN = 50


@dataclass(frozen=True)
class Caseload:
    """A person's buildings and students."""

    buildings: list[str] = field(default_factory=list)
    students: list[UUID] = field(default_factory=list)


def own_caseload(connection: Rows) -> Caseload | None:
    """What the transaction's person is narrowed to; ``None``: they see the whole district."""
    found = one(
        connection,
        "select sees_all() as all, own_buildings() as buildings, own_students() as students",
    )
    return None if found["all"] else Caseload(found["buildings"], found["students"])


def assigned_students(connection: Rows) -> list[dict[str, Any]]:
    """Students assigned to the transaction's person by name: what a list of one's own begins with.

    Of an administrative user alike: the whole district is theirs to see, these are theirs to do.
    """
    return rows(
        connection,
        "select portal_id, student_id, last_name, first_name, middle_name, name_suffix, grade, "
        "building, district_enrollment, missing_since, closed_since, origin from students "
        "where portal_id = any((select own_students())::uuid[]) "
        "order by name_key, id_key limit %s",
        (FIRST_SHOWN,),
    )


def caseload_of(connection: Rows, user_id: int) -> Caseload:
    """A person's caseload, for whoever manages the district."""
    found = one(
        connection,
        "select array(select building from caseload_buildings where user_id = %(user)s "
        "order by 1) as buildings, "
        "array(select portal_id from caseload_students where user_id = %(user)s) as students",
        {"user": user_id},
    )
    return Caseload(found["buildings"], found["students"])


def students_of(connection: Rows, user_id: int) -> list[dict[str, Any]]:
    """The students assigned to a person, by name."""
    return rows(
        connection,
        "select s.portal_id, s.student_id, s.last_name, s.first_name, s.grade, s.building "
        "from caseload_students c join students s on s.portal_id = c.portal_id "
        "where c.user_id = %s order by s.name_key, s.id_key limit %s",
        (user_id, MOST_STUDENTS),
    )


def set_buildings(
    connection: Rows, slug: str, user_id: int, buildings: list[str], who: str
) -> tuple[list[str], list[str]]:
    """Make these a person's buildings; those that came, and those that went."""
    gone = rows(
        connection,
        "delete from caseload_buildings where user_id = %s and building <> all(%s) "
        "returning building",
        (user_id, buildings),
    )
    added = rows(
        connection,
        "insert into caseload_buildings (district, user_id, building, assigned_by) "
        "select %s, %s, unnest(%s::text[]), %s on conflict do nothing returning building",
        (slug, user_id, buildings, who),
    )
    return sorted(row["building"] for row in added), sorted(row["building"] for row in gone)


def assign_students(
    connection: Rows, slug: str, user_id: int, student_ids: list[str], who: str
) -> tuple[list[str], list[str]]:
    """Assign students by Student Id; those that are new to the person, and those nobody has."""
    found = rows(
        connection,
        "with named as (select student_id, portal_id from students "
        "where district = %(slug)s and student_id = any(%(ids)s)), "
        "made as (insert into caseload_students (district, user_id, portal_id, assigned_by) "
        "select %(slug)s, %(user)s, portal_id, %(who)s from named on conflict do nothing "
        "returning portal_id) "
        "select student_id, exists (select from made where made.portal_id = named.portal_id) "
        "as made from named",
        {"slug": slug, "user": user_id, "ids": student_ids, "who": who},
    )
    known = {row["student_id"] for row in found}
    return (
        sorted(row["student_id"] for row in found if row["made"]),
        [student_id for student_id in student_ids if student_id not in known],
    )


def unassign_student(connection: Rows, user_id: int, portal_id: UUID) -> str | None:
    """Take a student off a person's caseload; the Student Id, or ``None`` if it was not on it."""
    found = one(
        connection,
        "delete from caseload_students c using students s where s.portal_id = c.portal_id "
        "and c.user_id = %s and c.portal_id = %s returning s.student_id",
        (user_id, portal_id),
    )
    return str(found["student_id"]) if found else None
