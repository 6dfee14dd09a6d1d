"""What is published later than a night was read: that night must not undo it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl
from psycopg import Connection

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.samegoal.publication.student_matching import REFRESHED_SINCE

_EVER = datetime.min.replace(tzinfo=UTC)


def refreshed_after(
    connection: Connection[Any], slug: str, *, moment: datetime = _EVER, sync_id: int = 0
) -> list[int]:
    """SIS Internal IDs of students whose refresh, one by one, began after a moment or was
    recorded after a sync."""
    rows = connection.execute(
        """
        select distinct jsonb_array_elements(findings -> 'sis_internal_ids')::bigint from syncs
        where district = %s and kind = 'student' and findings ? 'sis_internal_ids'
            and started_at > %s and id > %s
        """,
        (slug, moment, sync_id),
    ).fetchall()
    return [sis_internal_id for (sis_internal_id,) in rows]


def without_refreshed(
    students: Curated, guardians: Curated, sis_internal_ids: list[int]
) -> tuple[Curated, Curated]:
    """The night without these students: accounted for, and published as they are now.

    The night may know them by a Student Id that they no longer have.

    Their guardians who may not see them stay withheld: whichever read is right, nobody is shown
    to whom one of them says no.
    """
    if not sis_internal_ids:
        return students, guardians
    theirs = pl.col("sis_internal_id").is_in(sis_internal_ids).fill_null(value=False)
    student_ids = students.account.filter(theirs).get_column("student_id").drop_nulls()
    of_theirs = pl.col("student_id").is_in(student_ids.implode()).fill_null(value=False)
    return (
        _without(students, theirs, outcome="rejected"),
        _without(guardians, of_theirs, outcome="out_of_scope"),
    )


def _without(curated: Curated, newer: pl.Expr, *, outcome: str) -> Curated:
    replaced = newer & pl.col("outcome").is_in(["curated", "rejected"])
    return replace(
        curated,
        frame=curated.frame.filter(~newer),
        account=_judged(curated.account, replaced, outcome, REFRESHED_SINCE),
    )


def without_withheld_since(
    connection: Connection[Any],
    slug: str,
    sync_id: int,
    students: Curated,
    guardians: Curated,
) -> Curated:
    """The night's guardians without those who were removed after it because they may not see
    the student: approving an older night must not bring them back."""
    removed = pl.DataFrame(
        connection.execute(
            """
            select distinct s.sis_internal_id, c.guardian_id
            from changes c join students s using (district, student_id)
            where c.district = %s and c.sync_id >= %s
                and c.kind = 'removed' and c.field = 'withheld'
            """,
            (slug, sync_id),
        ).fetchall(),
        schema={"sis_internal_id": pl.Int64, "guardian_id": pl.Int64},
        orient="row",
    )
    gone = removed.join(students.account, on="sis_internal_id").select("student_id", "guardian_id")
    pair = pl.struct("student_id", "guardian_id")
    is_gone = pair.is_in(gone.to_struct("pair").implode())
    return replace(
        guardians,
        frame=guardians.frame.filter(~is_gone),
        account=_judged(guardians.account, is_gone, "withheld", "withheld_since"),
    )


def _judged(account: pl.DataFrame, where: pl.Expr, outcome: str, reason: str) -> pl.DataFrame:
    return account.with_columns(
        outcome=pl.when(where).then(pl.lit(outcome)).otherwise("outcome"),
        reason=pl.when(where).then(pl.lit(reason)).otherwise("reason"),
    )
