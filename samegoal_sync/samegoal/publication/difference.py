"""What tonight would change, to the last field: for preview, held night and publication alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl
from psycopg import Connection, sql

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.samegoal.publication.compare_guardians import compare_guardians
from samegoal_sync.samegoal.publication.compare_students import compare_students
from samegoal_sync.samegoal.publication.consistency import require_consistent
from samegoal_sync.samegoal.publication.guards import Reason
from samegoal_sync.samegoal.publication.published_tables import GUARDIANS, STUDENTS, old_and_new

#: One row a field that changes; ``kind`` is added, changed, removed, missing or returned.
CHANGE_COLUMNS = pl.Schema(
    {
        "student_id": pl.String(),
        "guardian_id": pl.Int64(),
        "kind": pl.String(),
        "field": pl.String(),
        "old": pl.String(),
        "new": pl.String(),
    }
)


@dataclass(frozen=True)
class Difference:
    """What a publication would change.

    Attributes:
        counts: the counts a sync carries, as if it were published.
        reasons: guards that the night is beyond; empty when it would go through.
        changes: ``CHANGE_COLUMNS``, in order of student, guardian, field. Old and new are
            students' data: for a person's eyes, never for a log.
        findings: numbers beside the counts (fields changed at rollover, required values
            missing, ...).
    """

    counts: dict[str, int]
    reasons: list[Reason]
    changes: pl.DataFrame
    findings: dict[str, Any] = field(default_factory=dict)


def compare(
    connection: Connection[Any],
    slug: str,
    students: Curated,
    guardians: Curated,
    *,
    whole_district: bool = True,
    additions_only: bool = False,
) -> None:
    """Fill the temporary tables of a comparison, ``tonight_changes`` last.

    Raises:
        InconsistentFrames: the frames contradict themselves.
    """
    require_consistent(students, guardians)
    compare_students(connection, slug, students, whole_district=whole_district)
    compare_guardians(connection, slug, guardians)
    connection.execute(
        "create temp table waiting (student_id text, guardian_id bigint) on commit drop"
    )
    if additions_only:
        _keep_additions(connection)
    _list_changes(connection, slug)


def read_changes(connection: Connection[Any]) -> pl.DataFrame:
    """The changes of the comparison made in this transaction, in a fixed order."""
    rows = connection.execute(
        """
        select student_id, guardian_id, kind, field, old, new from tonight_changes
        order by student_id, guardian_id nulls first, kind, field
        """
    ).fetchall()
    return pl.DataFrame(rows, schema=CHANGE_COLUMNS, orient="row")


def keep_only_withheld(connection: Connection[Any], slug: str) -> int:
    """Narrow a comparison to published guardians who may not see the student; how many go.

    A held or paused night publishes nothing else; safety is not put off.
    """
    connection.execute(
        """
        delete from next_students;
        delete from next_guardians;
        delete from presence;
        delete from removed where not withheld;
        update removed set student_id = published_id;
        delete from tonight_changes
        """
    )
    _list_removed(connection, slug)
    row = connection.execute("select count(*) from removed").fetchone()
    assert row is not None
    return int(row[0])


def _keep_additions(connection: Connection[Any]) -> None:
    """Leave only new students with their guardians, and guardians that are withheld.

    What waits is told. Safety is not put off: a restriction that begins still removes.
    """
    connection.execute(
        """
        insert into waiting select student_id, null from next_students
            where not is_new and differs;
        delete from next_students where not is_new;
        insert into waiting select student_id, guardian_id from next_guardians
            where not student_is_new and differs;
        delete from next_guardians where not student_is_new;
        delete from removed where not withheld;
        update removed set student_id = published_id;
        delete from presence;
        """
    )


def _list_changes(connection: Connection[Any], slug: str) -> None:
    connection.execute(
        """
        create temp table tonight_changes (student_id text, guardian_id bigint, kind text,
            field text, old text, new text) on commit drop;
        insert into tonight_changes (student_id, kind)
            select student_id, kind from presence;
        insert into tonight_changes (student_id, kind, new)
            select student_id, 'added', concat_ws(' ', first_name, last_name)
            from next_students where is_new;
        insert into tonight_changes (student_id, guardian_id, kind, new)
            select student_id, guardian_id, 'added', concat_ws(' ', first_name, last_name)
            from next_guardians where is_new
        """
    )
    _list_removed(connection, slug)
    connection.execute(
        sql.SQL(
            """
            insert into tonight_changes (student_id, kind, field, old, new)
            select n.student_id, 'changed', v.field, v.old, v.new
            from next_students n
            join students p on p.district = {slug} and p.student_id = n.published_id
            cross join lateral (values {student_fields}, ('origin', p.origin, 'sis'))
                as v (field, old, new)
            where n.differs and v.old is distinct from v.new;
            insert into tonight_changes (student_id, guardian_id, kind, field, old, new)
            select n.student_id, n.guardian_id, 'changed', v.field, v.old, v.new
            from next_guardians n
            join guardians p on p.district = {slug}
                and p.student_id = n.published_id and p.guardian_id = n.guardian_id
            cross join lateral (values {guardian_fields}) as v (field, old, new)
            where n.differs and v.old is distinct from v.new
            """
        ).format(
            slug=sql.Literal(slug),
            student_fields=old_and_new(STUDENTS.schema, "p", "n"),
            guardian_fields=old_and_new(GUARDIANS.values, "p", "n"),
        )
    )
    connection.execute("analyze tonight_changes")


def _list_removed(connection: Connection[Any], slug: str) -> None:
    connection.execute(
        """
        insert into tonight_changes (student_id, guardian_id, kind, field, old)
        select r.student_id, r.guardian_id, 'removed',
            case when r.withheld then 'withheld' end,
            concat_ws(' ', p.first_name, p.last_name)
        from removed r join guardians p on p.district = %(slug)s
            and p.student_id = r.published_id and p.guardian_id = r.guardian_id
        """,
        {"slug": slug},
    )
