"""Tonight's guardians beside the published ones, for the students that are published tonight."""

from __future__ import annotations

import polars as pl
from psycopg import sql

from samegoal_sync.samegoal.publication.compare_contacts import compare_contacts
from samegoal_sync.samegoal.publication.comparison import Comparison
from samegoal_sync.samegoal.publication.newer_reads import BEYOND_CHOICE
from samegoal_sync.samegoal.publication.published_tables import (
    PUBLISHED_GUARDIANS,
    kept_or_sent,
    names,
)
from samegoal_sync.samegoal.publication.staging import HASH, prepared, storable


def compare_guardians(comparison: Comparison) -> None:
    """Fill ``sent_pairs``, ``next_guardians`` and ``removed``; needs ``matched``.

    Guardians read by half (``complete`` false) are neither added, changed nor replaced. One who may
    not see the student is removed even then: a wrong guardian is a disclosure, a missing one
    is not.
    """
    guardians = comparison.guardians
    rows = prepared(guardians.frame, PUBLISHED_GUARDIANS, guardians.absent)
    key = list(PUBLISHED_GUARDIANS.key)
    account = storable(guardians.account).select(*key, "outcome", "reason")
    comparison.stage(
        "sent_pairs",
        account.join(rows.select(*key, HASH), on=key, how="left"),
    )
    comparison.execute(_PAIRS)
    changed = pl.DataFrame(
        comparison.execute(_CANDIDATES).fetchall() if guardians.complete else [],
        schema={"student_id": pl.String, "guardian_id": pl.Int64},
        orient="row",
    )
    comparison.stage("sent_guardians", rows.join(changed, on=key, how="semi"))
    comparison.stage("denied", guardians.denied)
    comparison.stage("kept_away", guardians.kept_away)
    _next_rows(comparison)
    _removed(comparison)
    compare_contacts(comparison)


_PAIRS = """
    create temp table pairs on commit drop as
    select coalesce(s.student_id, p.next_id) as student_id,
        coalesce(s.guardian_id, p.guardian_id) as guardian_id,
        s.outcome, s.reason, s.refused, s.row_hash,
        p.student_id as published_id, p.row_hash as published_hash
    from (
        select t.*, m.refused is not null as refused
        from sent_pairs t
        left join matched m on m.student_id = t.student_id and m.outcome = 'curated'
    ) s
    full join (
        select g.student_id, g.guardian_id, g.row_hash, m.student_id as next_id
        from guardians g
        join matched m on m.published_id = g.student_id
            and m.outcome = 'curated' and m.refused is null
        where g.district = %(slug)s
    ) p on p.next_id = s.student_id and p.guardian_id = s.guardian_id
"""

_CANDIDATES = """
    select student_id, guardian_id from pairs
    where outcome = 'curated' and not refused
        and (row_hash is distinct from published_hash or published_id <> student_id)
"""


def _next_rows(comparison: Comparison) -> None:
    comparison.execute(
        sql.SQL(
            """
            create temp table next_guardians on commit drop as
            with merged as (
                select m.published_id, m.published_id is null as student_is_new,
                    p.guardian_id is null as is_new, s.student_id, s.guardian_id,
                    {effective}, s.row_hash
                from sent_guardians s
                join matched m on m.student_id = s.student_id and m.outcome = 'curated'
                left join guardians p on p.district = %(slug)s
                    and p.student_id = m.published_id and p.guardian_id = s.guardian_id
            )
            select n.*, p.guardian_id is null or ({new}) is distinct from ({old}) as differs
            from merged n
            left join guardians p on p.district = %(slug)s
                and p.student_id = n.published_id and p.guardian_id = n.guardian_id
            """
        ).format(
            effective=kept_or_sent(PUBLISHED_GUARDIANS.values),
            new=names(PUBLISHED_GUARDIANS.values, "n"),
            old=names(PUBLISHED_GUARDIANS.values, "p"),
        )
    )
    comparison.execute("analyze next_guardians")


def _removed(comparison: Comparison) -> None:
    """Published pairs that are withheld, or that tonight's complete set does not hold.

    One who may not see the student goes even when nothing else of the student is published
    tonight: rejected, refused, out of scope with what was published still shown, or without a
    Student Id that can be read.
    """
    comparison.execute(
        """
        create temp table removed on commit drop as
        select min(student_id) as student_id, published_id, guardian_id,
            bool_or(withheld) as withheld
        from (
        select student_id, published_id, guardian_id,
            coalesce(outcome = 'withheld' and reason is distinct from %(choice)s, false)
                as withheld
        from pairs
        where published_id is not null
            and (outcome = 'withheld' and reason is distinct from %(choice)s
                or %(complete)s and coalesce(outcome, '') not in ('curated', 'rejected'))
        union
        select coalesce(v.student_id, p.student_id), p.student_id, p.guardian_id, true
        from sent_pairs t
        join matched m on m.student_id = t.student_id
            and (m.outcome <> 'curated' or m.refused is not null)
        join guardians p on p.district = %(slug)s
            and p.student_id = m.published_id and p.guardian_id = t.guardian_id
        left join moved v on v.published_id = p.student_id
        where t.outcome = 'withheld' and t.reason is distinct from %(choice)s
        union
        select coalesce(v.student_id, p.student_id), p.student_id, p.guardian_id, true
        from kept_away k
        join students s on s.district = %(slug)s and s.sis_internal_id = k.sis_internal_id
        join guardians p on p.district = %(slug)s
            and p.student_id = s.student_id and p.guardian_id = k.guardian_id
        left join moved v on v.published_id = p.student_id
        ) found
        group by published_id, guardian_id
        """,
        complete=comparison.guardians.complete,
        choice=BEYOND_CHOICE,
    )
    comparison.execute("analyze removed")
