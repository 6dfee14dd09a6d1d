"""Compare tonight with what is published, and narrow what was found to what may be published."""

from __future__ import annotations

from typing import Any

from psycopg import Connection, sql

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.samegoal.publication.compare_guardians import compare_guardians
from samegoal_sync.samegoal.publication.compare_students import compare_students
from samegoal_sync.samegoal.publication.comparison import Comparison, Coverage
from samegoal_sync.samegoal.publication.consistency import require_consistent
from samegoal_sync.samegoal.publication.published_tables import (
    PUBLISHED_GUARDIANS,
    PUBLISHED_STUDENTS,
    old_and_new,
)


def compare(
    connection: Connection[Any],
    slug: str,
    students: Curated,
    guardians: Curated,
    coverage: Coverage = Coverage.DISTRICT,
) -> Comparison:
    """Compare tonight's frames with what is published, up to ``tonight_changes``.

    Raises:
        InconsistentFrames: the frames contradict themselves.
    """
    require_consistent(students, guardians)
    comparison = Comparison(connection, slug, students, guardians, coverage)
    compare_students(comparison)
    compare_guardians(comparison)
    comparison.script(
        """
        create temp table waiting (student_id text, guardian_id bigint) on commit drop;
        create temp table tonight_changes (student_id text, guardian_id bigint, kind text,
            field text, old text, new text, published_id text) on commit drop
        """
    )
    _list_changes(comparison)
    return comparison


def narrow_to_withheld(comparison: Comparison) -> int:
    """Leave only published guardians who may not see the student; how many go.

    A held or paused night publishes nothing else; safety is not put off.
    """
    comparison.script(
        """
        delete from next_students;
        delete from next_guardians;
        delete from presence;
        delete from moved;
        """
    )
    _only_withheld(comparison)
    (removed,) = comparison.row("select count(*) from removed")
    return int(removed)


def narrow_to_additions(comparison: Comparison) -> None:
    """Leave only new students with their guardians, and guardians that are withheld.

    A new student whose Student Id is published for somebody else waits, too. Who waits is kept
    in ``waiting``. Safety is not put off: a restriction that begins still removes.
    """
    comparison.script(
        """
        create temp table held_back on commit drop as
            select n.student_id, n.is_new or n.differs as waits from next_students n
            where not n.is_new
                or n.student_id in (select published_id from moved);
        insert into waiting select student_id, null from held_back where waits;
        insert into waiting select student_id, guardian_id from next_guardians
            where differs
                and (not student_is_new or student_id in (select student_id from held_back));
        delete from next_students where student_id in (select student_id from held_back);
        delete from next_guardians
            where not student_is_new or student_id in (select student_id from held_back);
        delete from presence;
        delete from moved;
        """
    )
    _only_withheld(comparison)


def _only_withheld(comparison: Comparison) -> None:
    comparison.script(
        """
        delete from removed where not withheld;
        update removed set student_id = published_id;
        update blanked set student_id = published_id;
        """
    )
    _list_changes(comparison)


def _list_changes(comparison: Comparison) -> None:
    """List what would change now; called anew when a comparison was narrowed."""
    comparison.execute("delete from tonight_changes")
    comparison.execute(_LISTED)
    comparison.execute(
        sql.SQL(
            """
            insert into tonight_changes (student_id, kind, field, old, new, published_id)
            select n.student_id, 'changed', v.field, v.old, v.new, n.published_id
            from next_students n
            join students p on p.district = %(slug)s and p.student_id = n.published_id
            cross join lateral (values {fields}, ('origin', p.origin, 'sis'))
                as v (field, old, new)
            where n.differs and v.old is distinct from v.new
            """
        ).format(fields=old_and_new(PUBLISHED_STUDENTS.schema, "p", "n"))
    )
    comparison.execute(
        sql.SQL(
            """
            insert into tonight_changes
                (student_id, guardian_id, kind, field, old, new, published_id)
            select n.student_id, n.guardian_id, 'changed', v.field, v.old, v.new, n.published_id
            from next_guardians n
            join guardians p on p.district = %(slug)s
                and p.student_id = n.published_id and p.guardian_id = n.guardian_id
            cross join lateral (values {fields}) as v (field, old, new)
            where n.differs and v.old is distinct from v.new
            """
        ).format(fields=old_and_new(PUBLISHED_GUARDIANS.values, "p", "n"))
    )
    comparison.execute("analyze tonight_changes")


_LISTED = """
    with listed as (
        select v.student_id, null::bigint as guardian_id, 'closed' as kind, 'student_id' as field,
            v.published_id as old, null as new, v.published_id
        from moved v where v.closed
        union all
        select student_id, null, kind, null, null, null, published_id from presence
        union all
        select student_id, null, 'added', null, null, concat_ws(' ', first_name, last_name), null
        from next_students where is_new
        union all
        select student_id, guardian_id, 'added', null, null,
            concat_ws(' ', first_name, last_name), published_id
        from next_guardians where is_new
        union all
        select r.student_id, r.guardian_id, 'removed', case when r.withheld then 'withheld' end,
            concat_ws(' ', p.first_name, p.last_name), null, r.published_id
        from removed r join guardians p on p.district = %(slug)s
            and p.student_id = r.published_id and p.guardian_id = r.guardian_id
        union all
        select b.student_id, b.guardian_id, 'changed', b."column",
            to_jsonb(p) ->> b."column", null, b.published_id
        from blanked b join guardians p on p.district = %(slug)s
            and p.student_id = b.published_id and p.guardian_id = b.guardian_id
        where not exists (select from next_guardians n
                where n.student_id = b.student_id and n.guardian_id = b.guardian_id)
            and not exists (select from removed r
                where r.published_id = b.published_id and r.guardian_id = b.guardian_id)
    )
    insert into tonight_changes (student_id, guardian_id, kind, field, old, new, published_id)
    select student_id, guardian_id, kind, field, old, new, published_id from listed
"""
