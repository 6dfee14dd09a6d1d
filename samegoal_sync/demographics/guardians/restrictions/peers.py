"""Fellow students who were picked as a guardian, and minors who are parents.

A guardian who is a present student below 18 is withheld from *peers*. A student who is a
good deal younger is their child: a mother of 17 with a child of three keeps her right to see it.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.dates import parsed
from samegoal_sync.qmlativ.raw_objects import RawObjects

ADULT = 18
#: A birthday on the 29th to 31st is taken for a day before: a doubt of days counts as a minor.
_SHORTEST_MONTH = 28


def peer_pairs(
    raw: RawObjects, pairs: pl.DataFrame, students: Curated, today: date, parent_years: int
) -> pl.Series:
    """StudentGuardianID of guardians who are students themselves and no parent of the student.

    Whoever is present, under 18 or of an age nobody knows, and not at least ``parent_years``
    years older than the student. Where either birth date is not known, nobody can say so.
    """
    adult_since = date(today.year - ADULT, today.month, min(today.day, _SHORTEST_MONTH))
    of_students = lookup(raw, "Student/Student").select("StudentID", "NameID")
    present = of_students.filter(pl.col("StudentID").is_in(_present(students).implode()))
    born = lookup(raw, "Demographics/Name").select("NameID", born=parsed("BirthDate"))
    minors = (
        present.select("NameID")
        .unique()
        .join(born, on="NameID", how="left")
        .filter((pl.col("born") > adult_since) | pl.col("born").is_null())
        .select(pl.col("NameID").alias("NameIDGuardian"), "born")
    )
    children = of_students.join(born, on="NameID", how="left").select(
        "StudentID", child_born=pl.col("born")
    )
    is_parent = pl.col("born").dt.offset_by(f"{parent_years}y") <= pl.col("child_born")
    return (
        pairs.join(minors, on="NameIDGuardian")
        .join(children, on="StudentID", how="left")
        .filter(~is_parent.fill_null(False))
        .get_column("StudentGuardianID")
    )


def _present(students: Curated) -> pl.Series:
    """StudentIDs of who is there, also where the row is rejected tonight."""
    there = pl.col("district_enrollment").is_in(["ENROLLED", "PRE_ENROLLED"])
    gone = students.frame.filter(~there).get_column("sis_internal_id")
    return students.account.filter(
        (pl.col("outcome") != "out_of_scope") & ~pl.col("sis_internal_id").is_in(gone.implode())
    ).get_column("sis_internal_id")
