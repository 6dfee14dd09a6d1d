"""One student erased, or a corrected value taken out of the history, because a family asked.

What stays of an erased student is the SIS Internal ID, by which the next nights know whom not to
bring back, and the lines of the audit log. A correction is made in Skyward; the value that was
wrong would still stand in the history here, and is taken out of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from samegoal_sync.samegoal.errors import NotErased, StudentNotPublished
from samegoal_sync.samegoal.publication.same_student import Witness
from samegoal_sync.samegoal.publication.transaction import district_transaction

MOST_LISTED = 1000


@dataclass(frozen=True)
class Erasure:
    """What erasing a student takes away.

    Attributes:
        sent: whether Qmlativ still sends the student.
        finished: of the documents, those that are finished.
        held: whether a night waits that may hold the student too.
    """

    portal_id: UUID
    student_id: str
    sis_internal_id: int | None
    sent: bool
    guardians: int
    changes: int
    documents: int
    finished: int
    held: bool


def erasure_of(
    connection: Connection[Any], slug: str, student_id: str, portal_id: UUID | None = None
) -> Erasure:
    """What erasing the student would take away.

    Args:
        portal_id: the student whom a person looked at; a night may have given the Student Id to
            another one since.

    Raises:
        StudentNotPublished: there is no such student in the district.
    """
    with connection.cursor(row_factory=class_row(Erasure)) as cursor:
        found = cursor.execute(
            """
            select p.portal_id, p.student_id, p.sis_internal_id,
                p.origin = 'sis' and p.missing_since is null as sent,
                (select count(*) from guardians g where g.district = p.district
                    and g.student_id = p.student_id) as guardians,
                (select count(*) from changes c where c.district = p.district
                    and c.student_id = p.student_id) as changes,
                (select count(*) from documents d where d.district = p.district
                    and d.student_id = p.student_id) as documents,
                (select count(*) from documents d where d.district = p.district
                    and d.student_id = p.student_id and d.finished_at is not null) as finished,
                exists (select from held_nights h where h.district = p.district) as held
            from students p where p.district = %(slug)s and p.student_id = %(student)s
                and p.portal_id = coalesce(%(portal_id)s, p.portal_id)
            """,
            {"slug": slug, "student": student_id, "portal_id": portal_id},
        ).fetchone()
    if found is None:
        raise StudentNotPublished(slug, student_id)
    return found


def erase_student(
    database_url: str,
    slug: str,
    student_id: str,
    who: str,
    witness: Witness | None = None,
    portal_id: UUID | None = None,
) -> Erasure:
    """Erase a student with guardians, history, what was entered by hand, and documents.

    Args:
        portal_id: as for ``erasure_of``.

    Raises:
        StudentNotPublished: there is no such student in the district; nothing was erased.
    """
    with district_transaction(database_url, slug) as connection:
        erasure = erasure_of(connection, slug, student_id, portal_id)
        at = {
            "slug": slug,
            "student": erasure.student_id,
            "sis": erasure.sis_internal_id,
            "who": who,
        }
        for statement in _ERASE:
            connection.execute(statement.encode(), at)
        if witness:
            witness(connection)
    return erasure


def erased_students(connection: Connection[Any], slug: str) -> list[dict[str, Any]]:
    """Whom the following nights don't bring back, newest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "select sis_internal_id, erased_by, erased_at from erased_students "
            "where district = %s order by erased_at desc limit %s",
            (slug, MOST_LISTED),
        ).fetchall()


def admit_again(
    database_url: str, slug: str, sis_internal_id: int, witness: Witness | None = None
) -> None:
    """Let the next night bring an erased student back.

    Raises:
        NotErased: nobody of that SIS Internal ID was erased in the district.
    """
    with district_transaction(database_url, slug) as connection:
        gone = connection.execute(
            "delete from erased_students where district = %s and sis_internal_id = %s",
            (slug, sis_internal_id),
        )
        if not gone.rowcount:
            raise NotErased(slug, sis_internal_id)
        if witness:
            witness(connection)


def forget_values(
    database_url: str,
    slug: str,
    student_id: str,
    field: str,
    witness: Witness | None = None,
    portal_id: UUID | None = None,
) -> int:
    """Take old and new values of one field out of the student's history; how many changes.

    That the field changed, and when, stays. A guardian's fields are taken out alike.

    Args:
        portal_id: as for ``erasure_of``.

    Raises:
        StudentNotPublished: there is no such student in the district.
    """
    with district_transaction(database_url, slug) as connection:
        erasure_of(connection, slug, student_id, portal_id)
        forgotten = connection.execute(
            "update changes set old = null, new = null where district = %s and student_id = %s "
            "and field = %s and num_nonnulls(old, new) > 0",
            (slug, student_id, field),
        ).rowcount
        if witness:
            witness(connection)
    return forgotten


_ERASE = (
    """
    insert into erased_students (district, sis_internal_id, erased_by)
    select %(slug)s, %(sis)s, %(who)s where %(sis)s::bigint is not null
    on conflict (district, sis_internal_id) do nothing
    """,
    "delete from documents where district = %(slug)s and student_id = %(student)s",
    "delete from withheld_guardians where district = %(slug)s and sis_internal_id = %(sis)s",
    "delete from restricted_pairs where district = %(slug)s and sis_internal_id = %(sis)s",
    "delete from rejects where district = %(slug)s and student_id = %(student)s",
    # Guardians, history, caseloads and what was entered by hand hang on the student.
    "delete from students where district = %(slug)s and student_id = %(student)s",
)
