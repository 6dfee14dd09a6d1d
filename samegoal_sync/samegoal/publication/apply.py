"""Write a comparison: set by set, changed rows only, each changed field recorded."""

from __future__ import annotations

from datetime import date

from psycopg import sql

from samegoal_sync.samegoal.publication.compare_contacts import apply_contacts
from samegoal_sync.samegoal.publication.comparison import Comparison
from samegoal_sync.samegoal.publication.published_tables import (
    PUBLISHED_GUARDIANS,
    PUBLISHED_STUDENTS,
    assignments,
    names,
)


def apply(comparison: Comparison, *, night: date, sync_id: int) -> None:
    """Publish what a comparison found.

    A student's row is written when a value of it differs; nobody is deleted; guardians that
    the comparison removed are deleted. Where it found nothing, one question tells.
    """
    (found,) = comparison.row(_FOUND)
    if not found:
        return
    _move_keys(comparison, night)
    _write_students(comparison)
    comparison.execute(
        """
        update students p set missing_since =
            case when r.kind = 'missing' then %(night)s::date end
        from presence r where p.district = %(slug)s and p.student_id = r.student_id
        """,
        night=night,
    )
    _write_guardians(comparison)
    apply_contacts(comparison)
    comparison.execute(
        """
        insert into changes (district, student_id, guardian_id, kind, field, old, new, sync_id)
        select %(slug)s, student_id, guardian_id, kind, field, old, new, %(sync_id)s
        from tonight_changes order by student_id, guardian_id nulls first, kind, field
        """,
        sync_id=sync_id,
    )


_FOUND = """
    select exists (select from tonight_changes)
        or exists (select from next_students where is_new or differs)
        or exists (select from next_guardians where is_new or differs)
        or exists (select from presence)
        or exists (select from moved)
        or exists (select from removed)
        or exists (select from blanked)
"""


def _move_keys(comparison: Comparison, night: date) -> None:
    """Give records their new keys; guardians, changes, documents and what was entered by hand
    are taken along.

    Closed records make room first. Of students who swap Student Ids, or stand in a ring, all
    step aside before any takes its new one: Postgres looks at each row by itself.
    """
    comparison.execute(
        """
        update students p set student_id = v.student_id, closed_since = %(night)s,
            closed_student_id = p.student_id,
            missing_since = case when p.origin = 'sis' then coalesce(p.missing_since, %(night)s)
                else p.missing_since end
        from moved v where v.closed and p.portal_id = v.portal_id
        """,
        night=night,
    )
    comparison.execute(
        """
        update students p set student_id = '>' || p.portal_id, closed_since = null,
            closed_student_id = null
        from moved v where not v.closed and p.portal_id = v.portal_id
            and exists (select from moved o where o.student_id = v.published_id and not o.closed)
        """
    )
    comparison.execute(
        """
        update students p set student_id = v.student_id, closed_since = null,
            closed_student_id = null, merged_into = null
        from moved v where not v.closed and p.portal_id = v.portal_id
        """
    )


def _write_students(comparison: Comparison) -> None:
    columns = (*PUBLISHED_STUDENTS.values, "row_hash")
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
    columns = (*PUBLISHED_GUARDIANS.values, "row_hash")
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
