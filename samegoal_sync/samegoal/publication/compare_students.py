"""Tonight's students beside the published ones: who changed, who is missing.

Makes temporary tables of the comparison only; nothing is published here, so a preview and a held
night run the same lines as a publication.
"""

from __future__ import annotations

import polars as pl
from psycopg import sql

from samegoal_sync.demographics.columns.curated_frames import KEEP_HOW_LEFT, LEFT_STATUSES
from samegoal_sync.samegoal.publication.comparison import Comparison, Coverage
from samegoal_sync.samegoal.publication.published_tables import (
    PUBLISHED_STUDENTS,
    kept_or_sent,
    names,
)
from samegoal_sync.samegoal.publication.staging import HASH, prepared, storable
from samegoal_sync.samegoal.publication.student_matching import follow_student_ids, match_students

#: Statuses of Qmlativ that end HISTORICAL_IDLE when a person has set it.
_WAKING = ("ENROLLED", "PRE_ENROLLED")


def compare_students(comparison: Comparison) -> None:
    """Fill ``matched``, ``next_students`` and ``presence``."""
    students = comparison.students
    rows = prepared(students.frame, PUBLISHED_STUDENTS, students.absent)
    account = storable(students.account).select(
        "student_id", "sis_internal_id", "outcome", "reason"
    )
    comparison.stage(
        "sent_keys",
        account.join(rows.select("student_id", HASH), on="student_id", how="left").with_columns(
            pl.when(pl.col("outcome") == "curated").then(pl.col(HASH)).alias(HASH)
        ),
    )
    match_students(comparison, rows)
    changed = pl.DataFrame(
        comparison.execute(_CANDIDATES, waking=list(_WAKING)).fetchall(),
        schema={"student_id": pl.String},
        orient="row",
    )
    comparison.stage("sent_students", rows.join(changed, on="student_id", how="semi"))
    _next_rows(comparison)
    follow_student_ids(comparison)
    _presence(comparison)


_CANDIDATES = """
    select student_id from matched
    where outcome = 'curated' and refused is null and (
        published_id is distinct from student_id
        or row_hash is distinct from published_hash
        or origin = 'hand'
        or closed_since is not null
        or idle <> (published_enrollment = 'HISTORICAL_IDLE'))
"""


def _next_rows(comparison: Comparison) -> None:
    """The candidate rows as they would be published, and whether they differ at all."""
    status = ("district_enrollment", "enrollment_reason")
    columns = [c for c in PUBLISHED_STUDENTS.values if c not in status]
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
            new=names(PUBLISHED_STUDENTS.schema, "n"),
            old=names(PUBLISHED_STUDENTS.schema, "p"),
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
        ).format(needed=names(PUBLISHED_STUDENTS.needed))
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
        from matched m
        where missing_since is not null and refused is null
            and (outcome = 'curated'
                or outcome = 'rejected' and closed_since is null
                    and not exists (select from moved v where v.published_id = m.published_id))
        """
    )
    if comparison.coverage is not Coverage.DISTRICT:
        return
    comparison.execute(
        """
        insert into presence
        select distinct coalesce(v.student_id, p.student_id), p.student_id, 'missing'
        from students p
        left join matched m on m.published_id = p.student_id
        left join moved v on v.published_id = p.student_id
        where p.district = %(slug)s and p.origin = 'sis' and p.missing_since is null
            and (m.outcome is null
                or m.outcome = 'out_of_scope'
                    and p.district_enrollment in ('ENROLLED', 'PRE_ENROLLED'))
        """
    )
