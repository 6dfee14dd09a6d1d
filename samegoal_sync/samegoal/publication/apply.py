"""Write a comparison: set by set, changed rows only, each changed field recorded."""

from __future__ import annotations

from datetime import date

from psycopg import sql

from samegoal_sync.samegoal.publication.comparison import Comparison
from samegoal_sync.samegoal.publication.published_tables import (
    GUARDIANS,
    STUDENTS,
    assignments,
    names,
)


def apply(comparison: Comparison, *, night: date, sync_id: int) -> None:
    """Publish what a comparison found.

    A student's row is written when a value of it differs; nobody is deleted; guardians that
    the comparison removed are deleted.
    """
    # A changed Student Id takes guardians, changes and what was entered by hand along.
    comparison.execute(
        """
        update students p set student_id = n.student_id from next_students n
        where p.district = %(slug)s and p.student_id = n.published_id
            and n.published_id <> n.student_id
        """
    )
    _write_students(comparison)
    comparison.execute(
        """
        update students p set missing_since =
            case when r.kind = 'missing' then %(night)s::date end
        from presence r left join next_students n on n.published_id = r.published_id
        where p.district = %(slug)s
            and p.student_id = coalesce(n.student_id, r.published_id)
        """,
        night=night,
    )
    _write_guardians(comparison)
    comparison.execute(
        """
        insert into changes (district, student_id, guardian_id, kind, field, old, new, sync_id)
        select %(slug)s, student_id, guardian_id, kind, field, old, new, %(sync_id)s
        from tonight_changes order by student_id, guardian_id nulls first, kind, field
        """,
        sync_id=sync_id,
    )


def _write_students(comparison: Comparison) -> None:
    columns = (*STUDENTS.values, "row_hash")
    comparison.execute(
        sql.SQL(
            """
            update students p set {sets}, origin = 'sis', changed_at = now()
            from next_students n
            where p.district = %(slug)s and p.student_id = n.student_id
                and not n.is_new and n.differs
            """
        ).format(sets=assignments(columns, "n"))
    )
    comparison.execute(
        sql.SQL(
            """
            insert into students (district, student_id, {columns})
            select %(slug)s, student_id, {columns} from next_students where is_new
            order by student_id
            """
        ).format(columns=names(columns))
    )


def _write_guardians(comparison: Comparison) -> None:
    columns = (*GUARDIANS.values, "row_hash")
    comparison.execute(
        """
        delete from guardians p using removed r
        where p.district = %(slug)s and p.student_id = r.student_id
            and p.guardian_id = r.guardian_id
        """
    )
    comparison.execute(
        sql.SQL(
            """
            update guardians p set {sets}, changed_at = now() from next_guardians n
            where p.district = %(slug)s and p.student_id = n.student_id
                and p.guardian_id = n.guardian_id and not n.is_new and n.differs
            """
        ).format(sets=assignments(columns, "n"))
    )
    comparison.execute(
        sql.SQL(
            """
            insert into guardians (district, student_id, guardian_id, {columns})
            select %(slug)s, student_id, guardian_id, {columns} from next_guardians where is_new
            order by student_id, guardian_id
            """
        ).format(columns=names(columns))
    )
