"""Who is who: each student whom Qmlativ sent, and the record under which they are published.

A student is their SIS Internal ID (Qmlativ's StudentID). Student Ids are names for people: they are
changed, swapped, given to the survivor of a merge, or given out again after years. So a record is
found by the SIS Internal ID, and the Student Id follows it. Whoever is published under a Student Id
that tonight is another student's, and has none of their own tonight, is *closed*: the record keeps
guardians, changes, documents and what was entered by hand under a key that no Student Id can be.
Nothing of one record ever becomes part of another, unless a person says that both are one student
(``same_student.py``).
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.samegoal.publication.comparison import Comparison, Coverage

#: A student keeps what was published by a read later than tonight's.
OLDER_READ = "older_read"


def match_students(comparison: Comparison, rows: pl.DataFrame) -> None:
    """Fill ``matched`` from ``sent_keys``: by SIS Internal ID.

    A record that was entered by hand has none yet. It becomes the student's whom Qmlativ sends
    with its Student Id, legal name and birth date; if these differ, they are two records.

    Args:
        rows: tonight's curated rows.
    """
    comparison.execute(
        """
        create temp table matched on commit drop as
        select t.student_id, t.sis_internal_id, t.outcome, t.reason, t.row_hash,
            p.student_id as published_id, p.row_hash as published_hash, p.origin,
            p.missing_since, p.closed_since, p.district_enrollment as published_enrollment,
            coalesce(h.historical_idle, false) as idle,
            case when t.outcome = 'curated' and e.district is not null
                then 'erased' end as refused
        from sent_keys t
        left join erased_students e
            on e.district = %(slug)s and e.sis_internal_id = t.sis_internal_id
        left join students by_sis
            on by_sis.district = %(slug)s and by_sis.sis_internal_id = t.sis_internal_id
        left join students by_id
            on by_id.district = %(slug)s and by_id.student_id = t.student_id
                and by_sis.student_id is null
                and (t.sis_internal_id is null
                    or by_id.sis_internal_id is null and t.student_id = any(%(adopted)s))
        left join students p on p.district = %(slug)s
            and p.student_id = coalesce(by_sis.student_id, by_id.student_id)
        left join entered_by_hand h on h.district = %(slug)s and h.student_id = p.student_id
        """,
        adopted=_adopted(comparison, rows),
    )
    comparison.execute("analyze matched")


def _adopted(comparison: Comparison, rows: pl.DataFrame) -> list[str]:
    """Student Ids entered by hand whose name and birth date are those that Qmlativ sends."""
    by_hand = comparison.execute(
        """
        select p.student_id, p.last_name, p.first_name, p.date_of_birth
        from students p join sent_keys t using (student_id)
        where p.district = %(slug)s and p.sis_internal_id is null and t.outcome = 'curated'
        """
    ).fetchall()
    if not by_hand:
        return []
    entered = pl.DataFrame(by_hand, schema=rows.select(_PERSON).schema, orient="row")
    same = _folded(entered).join(_folded(rows.select(_PERSON)), on=_PERSON, how="semi")
    return same.get_column("student_id").to_list()


_PERSON = ["student_id", "last_name", "first_name", "date_of_birth"]


def _folded(people: pl.DataFrame) -> pl.DataFrame:
    """Names without what people type now so, now so: capitals, accents, blanks, hyphens."""
    names = pl.col("last_name", "first_name")
    letters = names.str.normalize("NFD").str.replace_all(r"[^\p{L}\p{N}]", "")
    return people.with_columns(letters.str.to_lowercase())


def follow_student_ids(comparison: Comparison) -> None:
    """Fill ``moved``: records whose key changes tonight. Needs ``next_students``.

    Nobody's record is closed by a read that does not know what became of them: one student's
    refresh, or a night that was read before the other one was refreshed. Whom that leaves
    without their Student Id is refused (``student_id_taken``) until the next complete night.
    """
    while comparison.execute(
        _REFUSED, one_student=comparison.coverage is Coverage.THESE_STUDENTS, since=OLDER_READ
    ).rowcount:
        comparison.script(_WITHOUT_REFUSED)
    comparison.execute(
        """
        create temp table moved on commit drop as
        select p.portal_id, n.published_id, n.student_id, false as closed
        from next_students n
        join students p on p.district = %(slug)s and p.student_id = n.published_id
        where n.published_id <> n.student_id
        union all
        select p.portal_id, p.student_id,
            '~' || coalesce(p.sis_internal_id::text, p.portal_id::text), true
        from next_students n
        join students p on p.district = %(slug)s and p.student_id = n.student_id
        where n.published_id is distinct from n.student_id
            and not exists (select from next_students o where o.published_id = p.student_id)
        """
    )
    comparison.execute("analyze moved")


#: Students of tonight whose Student Id is another's who must keep it.
_REFUSED = """
    update matched set refused = 'student_id_taken'
    from next_students n
    join students p on p.district = %(slug)s and p.student_id = n.student_id
    left join matched holder on holder.published_id = p.student_id
    where matched.student_id = n.student_id and matched.outcome = 'curated'
        and matched.refused is null
        and n.published_id is distinct from n.student_id
        and not exists (select from next_students o where o.published_id = p.student_id)
        and (holder.refused is not null
            or holder.reason = %(since)s
            or %(one_student)s and p.origin = 'sis' and p.missing_since is null)
"""
_WITHOUT_REFUSED = """
    delete from next_students n using matched m
    where m.student_id = n.student_id and m.outcome = 'curated' and m.refused is not null
"""
