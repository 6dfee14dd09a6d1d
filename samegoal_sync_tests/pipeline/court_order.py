"""A court order in the sandbox: a guardian who may no longer see a student, from this morning."""

from __future__ import annotations

import polars as pl
import psycopg

from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW = SLUGS[0]
ACCESS = "Family/StudentGuardianRestrictedAccess"

#: Student Id and NameID.
Pair = tuple[str, int]


def a_pair(world: World) -> Pair:
    """A student with two published guardians, and one of these."""
    with psycopg.connect(world.database_url) as connection:
        row = connection.execute(
            "select student_id, max(guardian_id) from samegoal.guardians where district = %s "
            "group by 1 having count(*) > 1 order by 1 limit 1",
            (FAIRVIEW,),
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def is_published(world: World, pair: Pair) -> bool:
    with psycopg.connect(world.database_url) as connection:
        return bool(
            connection.execute(
                "select from samegoal.guardians where student_id = %s and guardian_id = %s", pair
            ).rowcount
        )


def restrict(world: World, restrictions: pl.DataFrame, pair: Pair) -> None:
    """A court order of this morning, entered in Qmlativ."""
    tables = world.sandbox.tables(FAIRVIEW)
    student = tables["Student/Student"].filter(pl.col("StudentNumber").str.strip_chars() == pair[0])
    link = tables["Family/StudentGuardian"].filter(
        (pl.col("StudentID") == student.item(0, "StudentID"))
        & (pl.col("NameIDGuardian") == pair[1])
    )
    row = restrictions.clear(1).with_columns(
        StudentGuardianRestrictedAccessID=pl.lit(9_999_999),
        StudentGuardianID=pl.lit(link.item(0, "StudentGuardianID")),
        StartDate=pl.lit("2020-01-01T00:00:00"),
    )
    new = row.cast(dict(restrictions.schema))
    world.sandbox.replace_table(FAIRVIEW, ACCESS, pl.concat([restrictions, new]))
