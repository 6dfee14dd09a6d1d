"""Write a comparison: set by set, changed rows only, each changed field recorded."""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg import Connection, sql

from samegoal_sync.samegoal.publication.published_tables import (
    GUARDIANS,
    STUDENTS,
    assignments,
    names,
)


def apply(connection: Connection[Any], slug: str, *, night: date, sync_id: int) -> None:
    """Publish what the comparison made in this transaction found.

    A student's row is written when a value of it differs; nobody is deleted; guardians that
    the comparison removed are deleted.
    """
    at = {"slug": slug, "night": night, "sync_id": sync_id}
    # A changed Student Id takes guardians, changes and what was entered by hand along.
    connection.execute(
        """
        update students p set student_id = n.student_id from next_students n
        where p.district = %(slug)s and p.student_id = n.published_id
            and n.published_id <> n.student_id
        """,
        at,
    )
    _write_students(connection, slug)
    connection.execute(
        """
        update students p set missing_since =
            case when r.kind = 'missing' then %(night)s::date end
        from presence r left join next_students n on n.published_id = r.published_id
        where p.district = %(slug)s
            and p.student_id = coalesce(n.student_id, r.published_id)
        """,
        at,
    )
    _write_guardians(connection, slug)
    connection.execute(
        """
        insert into changes (district, student_id, guardian_id, kind, field, old, new, sync_id)
        select %(slug)s, student_id, guardian_id, kind, field, old, new, %(sync_id)s
        from tonight_changes order by student_id, guardian_id nulls first, kind, field
        """,
        at,
    )


def _write_students(connection: Connection[Any], slug: str) -> None:
    columns = (*STUDENTS.values, "row_hash")
    connection.execute(
        sql.SQL(
            """
            update students p set {sets}, origin = 'sis', changed_at = now()
            from next_students n
            where p.district = {slug} and p.student_id = n.student_id
                and not n.is_new and n.differs;
            insert into students (district, student_id, {columns})
            select {slug}, student_id, {columns} from next_students where is_new
            order by student_id
            """
        ).format(sets=assignments(columns, "n"), columns=names(columns), slug=sql.Literal(slug))
    )


def _write_guardians(connection: Connection[Any], slug: str) -> None:
    columns = (*GUARDIANS.values, "row_hash")
    connection.execute(
        sql.SQL(
            """
            delete from guardians p using removed r
            where p.district = {slug} and p.student_id = r.student_id
                and p.guardian_id = r.guardian_id;
            update guardians p set {sets}, changed_at = now() from next_guardians n
            where p.district = {slug} and p.student_id = n.student_id
                and p.guardian_id = n.guardian_id and not n.is_new and n.differs;
            insert into guardians (district, student_id, guardian_id, {columns})
            select {slug}, student_id, guardian_id, {columns} from next_guardians where is_new
            order by student_id, guardian_id
            """
        ).format(sets=assignments(columns, "n"), columns=names(columns), slug=sql.Literal(slug))
    )
