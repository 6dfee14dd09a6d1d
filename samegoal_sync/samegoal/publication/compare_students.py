"""Tonight's students beside the published ones: who is who, who changed, who is missing.

Makes temporary tables of the comparison only; nothing is published here, so a preview and a held
night run the same lines as a publication.
"""

from __future__ import annotations

import polars as pl
from psycopg import sql

from samegoal_sync.demographics.columns.curated_frames import KEEP_HOW_LEFT, LEFT_STATUSES
from samegoal_sync.samegoal.publication.comparison import Comparison, Scope
from samegoal_sync.samegoal.publication.published_tables import STUDENTS, kept_or_sent, names
from samegoal_sync.samegoal.publication.staging import HASH, prepared, storable

#: Statuses of Qmlativ that end HISTORICAL_IDLE when a person has set it.
_WAKING = ("ENROLLED", "PRE_ENROLLED")


def compare_students(comparison: Comparison) -> None:
    """Fill ``matched``, ``next_students`` and ``presence``."""
    students = comparison.students
    rows = prepared(students.frame, STUDENTS, students.absent)
    account = storable(students.account).select("student_id", "sis_internal_id", "outcome")
    comparison.stage(
        "sent_keys",
        account.join(rows.select("student_id", HASH), on="student_id", how="left").with_columns(
            pl.when(pl.col("outcome") == "curated").then(pl.col(HASH)).alias(HASH)
        ),
    )
    _match(comparison)
    changed = pl.DataFrame(
        comparison.execute(_CANDIDATES, waking=list(_WAKING)).fetchall(),
        schema={"student_id": pl.String},
        orient="row",
    )
    comparison.stage("sent_students", rows.join(changed, on="student_id", how="semi"))
    _next_rows(comparison)
    _presence(comparison)


def _match(comparison: Comparison) -> None:
    """Find each student's published row: by Qmlativ's StudentID, else by Student Id.

    ``taken``: this Student Id is published for another Qmlativ student, or was entered by
    hand while the student is already published under another id. Nothing of it is published:
    two people would become one.
    """
    comparison.execute(
        """
        create temp table matched on commit drop as
        select t.student_id, t.sis_internal_id, t.outcome, t.row_hash,
            case when use_id then t.id_found else t.sis_found end as published_id,
            case when use_id then t.id_hash else t.sis_hash end as published_hash,
            case when use_id then t.id_origin else t.sis_origin end as origin,
            case when use_id then t.id_missing else t.sis_missing end as missing_since,
            case when use_id then t.id_enrollment else t.sis_enrollment end
                as published_enrollment,
            coalesce(h.historical_idle, false) as idle,
            case when taken then 'student_id_taken' end as refused
        from (
            select t.*,
                t.outcome = 'curated' and by_id.student_id is not null and (
                    by_id.sis_internal_id <> t.sis_internal_id
                    or by_sis.student_id <> by_id.student_id) is true as taken,
                by_sis.student_id is null and (by_id.sis_internal_id is null
                    or t.sis_internal_id is null) as use_id,
                by_id.student_id as id_found, by_sis.student_id as sis_found,
                by_id.row_hash as id_hash, by_sis.row_hash as sis_hash,
                by_id.origin as id_origin, by_sis.origin as sis_origin,
                by_id.missing_since as id_missing, by_sis.missing_since as sis_missing,
                by_id.district_enrollment as id_enrollment,
                by_sis.district_enrollment as sis_enrollment
            from sent_keys t
            left join students by_sis
                on by_sis.district = %(slug)s and by_sis.sis_internal_id = t.sis_internal_id
            left join students by_id
                on by_id.district = %(slug)s and by_id.student_id = t.student_id
        ) t
        left join entered_by_hand h on h.district = %(slug)s
            and h.student_id = case when use_id then t.id_found else t.sis_found end
        """
    )
    comparison.execute("analyze matched")


_CANDIDATES = """
    select student_id from matched
    where outcome = 'curated' and refused is null and (
        published_id is distinct from student_id
        or row_hash is distinct from published_hash
        or origin = 'hand'
        or idle <> (published_enrollment = 'HISTORICAL_IDLE'))
"""


def _next_rows(comparison: Comparison) -> None:
    """The candidate rows as they would be published, and whether they differ at all."""
    status = ("district_enrollment", "enrollment_reason")
    columns = [c for c in STUDENTS.values if c not in status]
    comparison.execute(
        sql.SQL(
            """
            create temp table next_students on commit drop as
            with merged as (
                select m.published_id, m.published_id is null as is_new, s.student_id,
                    case when m.idle and not coalesce(
                            case when kept.status
                                then p.district_enrollment else s.district_enrollment end
                            = any({waking}), false)
                        then 'HISTORICAL_IDLE'
                        when kept.status then p.district_enrollment
                        else s.district_enrollment end as district_enrollment,
                    case when kept.reason
                        then p.enrollment_reason else s.enrollment_reason end
                        as enrollment_reason,
                    {effective}, s.row_hash
                from sent_students s
                join matched m using (student_id)
                left join students p on p.district = %(slug)s and p.student_id = m.published_id
                cross join lateral (select coalesce({how_left} = any(s.keep)
                    and p.district_enrollment = any({left}), false) as how_left) l
                cross join lateral (select
                    'district_enrollment' = any(s.keep) or l.how_left as status,
                    'enrollment_reason' = any(s.keep) or l.how_left as reason) kept
                where m.outcome = 'curated'
            )
            select n.*, p.student_id is null or p.origin = 'hand'
                    or ({new}) is distinct from ({old}) as differs
            from merged n
            left join students p on p.district = %(slug)s and p.student_id = n.published_id
            """
        ).format(
            waking=sql.Literal(list(_WAKING)),
            how_left=sql.Literal(KEEP_HOW_LEFT),
            left=sql.Literal(list(LEFT_STATUSES)),
            effective=kept_or_sent(columns),
            new=names(STUDENTS.schema, "n"),
            old=names(STUDENTS.schema, "p"),
        )
    )
    # A new student without a name, because names were not shared tonight, can't be published.
    comparison.execute(
        sql.SQL(
            """
            with gone as (
                delete from next_students where num_nulls({needed}) > 0 returning student_id
            )
            update matched set refused = 'required_not_shared'
            from gone where matched.student_id = gone.student_id and outcome = 'curated'
            """
        ).format(needed=names(STUDENTS.needed))
    )
    comparison.execute("analyze next_students")


def _presence(comparison: Comparison) -> None:
    """Who went missing and who is back.

    A student is missing when Qmlativ does not send it at all, or sends it as out of scope while
    it is published as active: what is published no longer describes it. One that is published
    as having left stays as it is. A student rejected is sent, so it is not missing.
    """
    comparison.execute(
        """
        create temp table presence on commit drop as
        select distinct
            case when outcome = 'curated' then student_id else published_id end as student_id,
            published_id, 'returned' as kind
        from matched
        where missing_since is not null and refused is null
            and outcome in ('curated', 'rejected')
        """
    )
    if comparison.scope is not Scope.DISTRICT:
        return
    comparison.execute(
        """
        insert into presence
        select distinct p.student_id, p.student_id, 'missing'
        from students p
        left join matched m on m.published_id = p.student_id
        where p.district = %(slug)s and p.origin = 'sis' and p.missing_since is null
            and (m.outcome is null
                or m.outcome = 'out_of_scope'
                    and p.district_enrollment in ('ENROLLED', 'PRE_ENROLLED'))
        """
    )
