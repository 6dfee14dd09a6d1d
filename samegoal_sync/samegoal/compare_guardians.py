"""Tonight's guardians beside the published ones, for the students that are published tonight.

``sent_pairs``      every pair of student and guardian that Qmlativ sent
``next_guardians``  the curated pairs that may change, as they would be published
``removed``         published pairs that go
"""

from __future__ import annotations

from typing import Any

import polars as pl
from psycopg import Connection, sql

from samegoal_sync.demographics.curated import Curated
from samegoal_sync.samegoal.columns import GUARDIANS, kept_or_sent, names
from samegoal_sync.samegoal.staging import HASH, prepared, stage, storable

#: Withheld because the district publishes two guardians a student: a half read may have put
#: the wrong two first, so this is no reason to remove before the next whole one.
BEYOND_CHOICE = "beyond_choice"


def compare_guardians(connection: Connection[Any], slug: str, guardians: Curated) -> None:
    """Fill ``sent_pairs``, ``next_guardians`` and ``removed``; needs ``matched``.

    Guardians read by half (``whole`` false) are neither added, changed nor replaced. One who may
    not see the student is removed even then: a wrong guardian is a disclosure, a missing one
    is not.
    """
    rows = prepared(guardians.frame, GUARDIANS, guardians.absent)
    key = list(GUARDIANS.key)
    account = storable(guardians.account).select(*key, "outcome", "reason")
    stage(
        connection,
        "sent_pairs",
        account.join(rows.select(*key, HASH), on=key, how="left"),
    )
    changed = pl.DataFrame(
        connection.execute(_CANDIDATES, {"slug": slug}).fetchall() if guardians.whole else [],
        schema={"student_id": pl.String, "guardian_id": pl.Int64},
        orient="row",
    )
    stage(connection, "sent_guardians", rows.join(changed, on=key, how="semi"))
    _next_rows(connection, slug)
    _removed(connection, slug, replace=guardians.whole)


_CANDIDATES = """
    select t.student_id, t.guardian_id
    from sent_pairs t
    join matched m on m.student_id = t.student_id
        and m.outcome = 'curated' and m.refused is null
    left join guardians p on p.district = %(slug)s
        and p.student_id = m.published_id and p.guardian_id = t.guardian_id
    where t.outcome = 'curated'
        and (t.row_hash is distinct from p.row_hash or m.published_id <> m.student_id)
"""


def _next_rows(connection: Connection[Any], slug: str) -> None:
    connection.execute(
        sql.SQL(
            """
            create temp table next_guardians on commit drop as
            with merged as (
                select m.published_id, m.published_id is null as student_is_new,
                    p.guardian_id is null as is_new, s.student_id, s.guardian_id,
                    {effective}, s.row_hash
                from sent_guardians s
                join matched m on m.student_id = s.student_id and m.outcome = 'curated'
                left join guardians p on p.district = {slug}
                    and p.student_id = m.published_id and p.guardian_id = s.guardian_id
            )
            select n.*, p.guardian_id is null or ({new}) is distinct from ({old}) as differs
            from merged n
            left join guardians p on p.district = {slug}
                and p.student_id = n.published_id and p.guardian_id = n.guardian_id
            """
        ).format(
            effective=kept_or_sent(GUARDIANS.values),
            slug=sql.Literal(slug),
            new=names(GUARDIANS.values, "n"),
            old=names(GUARDIANS.values, "p"),
        )
    )
    connection.execute("analyze next_guardians")


def _removed(connection: Connection[Any], slug: str, *, replace: bool) -> None:
    """Published pairs that are withheld, or that tonight's whole set does not hold."""
    connection.execute(
        """
        create temp table removed on commit drop as
        select distinct p.student_id as published_id, p.guardian_id,
            case when m.outcome = 'curated' then m.student_id else p.student_id end
                as student_id,
            coalesce(t.outcome = 'withheld' and t.reason is distinct from %(choice)s, false)
                as withheld
        from matched m
        join guardians p on p.district = %(slug)s and p.student_id = m.published_id
        left join sent_pairs t on t.student_id = m.student_id and t.guardian_id = p.guardian_id
        where m.refused is null
            and (t.outcome = 'withheld' and t.reason is distinct from %(choice)s
                or %(replace)s and m.outcome = 'curated'
                and coalesce(t.outcome, '') not in ('curated', 'set_aside'))
        """,
        {"slug": slug, "replace": replace, "choice": BEYOND_CHOICE},
    )
    connection.execute("analyze removed")
