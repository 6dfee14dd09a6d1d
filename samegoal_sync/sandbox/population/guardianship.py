"""Who guards whom: StudentGuardian, and the court's restrictions."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from samegoal_sync.sandbox.population.district_plan import Plan
from samegoal_sync.sandbox.population.draws import Draws
from samegoal_sync.sandbox.population.households import relationship_id
from samegoal_sync.sandbox.population.student_body import date_text

_ADULT = 18


def student_guardians(plan: Plan, students: pl.DataFrame, guardians: pl.DataFrame) -> pl.DataFrame:
    """Family/StudentGuardian: children with the family's guardians, adults with themselves."""
    pairs = students.select("s", "f", "StudentID").join(
        guardians.select("f", "g", "NameID", "code", "rank"), on="f", maintain_order="left"
    )
    rows = pl.concat([pairs, _themselves(plan, students), _siblings(plan, students)]).with_columns(
        StudentGuardianID=pl.col("s") * 8 + pl.col("g") + 1
    )
    draws = Draws(plan.seed, "StudentGuardianID", "student guardian")
    parent = pl.col("code").is_in(["MO", "FA", "GM", "GF", "FP", "SELF", "LG"])
    return rows.select(
        "StudentGuardianID",
        "StudentID",
        NameIDGuardian="NameID",
        RelationshipID=pl.when(draws.chance("relationship", 0.995)).then(
            relationship_id(pl.col("code"))
        ),
        Rank=pl.when(draws.chance("own rank", 0.25)).then(pl.col("g") + 1),
        IsCustodialGuardian=parent & ((pl.col("g") < 2) | draws.chance("custodial", 0.7)),
        IsEmergencyContact=draws.chance("emergency", 0.8),
        AllowStudentPickup=draws.chance("pickup", 0.93),
        AllowFamilyAccess=parent,
        GuardianCategory=pl.when(pl.col("g") < 2)
        .then(pl.lit("Primary"))
        .otherwise(pl.lit("Secondary")),
    )


def _themselves(plan: Plan, students: pl.DataFrame) -> pl.DataFrame:
    """Adult students who are their own guardian."""
    draws = Draws(plan.seed, "s", "own guardian")
    eighteen = pl.lit(_birthday_of_adults(plan.district.today))
    adults = students.filter((pl.col("birth") <= eighteen) & draws.chance("own guardian", 0.08))
    return adults.select(
        "s",
        "f",
        "StudentID",
        g=pl.lit(4, pl.Int64),
        NameID="NameID",
        code=pl.lit("SELF"),
        rank=pl.lit(5, pl.Int32),
    )


def _siblings(plan: Plan, students: pl.DataFrame) -> pl.DataFrame:
    """A fault of typing: the eldest child of a family entered as guardian of the third."""
    draws = Draws(plan.seed, "s", "sibling guardian")
    third = (pl.col("child") == 2) & pl.col("noise") & draws.chance("sibling", 0.02)
    return students.filter(third).select(
        "s",
        "f",
        "StudentID",
        g=pl.lit(5, pl.Int64),
        NameID=pl.col("NameID") - 2,
        code=pl.lit("SIB"),
        rank=pl.lit(6, pl.Int32),
    )


def _birthday_of_adults(today: date) -> date:
    return today.replace(year=today.year - _ADULT, day=min(today.day, 28))


def restrictions(plan: Plan, pairs: pl.DataFrame, guardians: pl.DataFrame) -> pl.DataFrame:
    """Family/StudentGuardianRestrictedAccess: parents of a second household kept from a child.

    Most hold without an end, some have ended, some begin in the days to come.
    """
    apart = guardians.filter(pl.col("g") == 2).select(pl.col("NameID").alias("NameIDGuardian"), "f")
    kept = pairs.join(apart, on="NameIDGuardian", maintain_order="left").filter(
        Draws(plan.seed, "f", "restriction").chance("restricted", 0.07)
    )
    draws = Draws(plan.seed, "f", "restriction")
    today = plan.district.today
    began = pl.lit(today) - pl.duration(days=draws.whole("began", 900) + 30)
    kind = draws.whole("kind", 10)
    return kept.select(
        "StudentGuardianID",
        StudentGuardianRestrictedAccessID=pl.col("StudentGuardianID"),
        StartDate=pl.when(kind == 9)
        .then(pl.lit((today + timedelta(days=3)).strftime("%Y-%m-%dT00:00:00")))
        .otherwise(date_text(began)),
        EndDate=pl.when(kind == 8)
        .then(pl.lit((today - timedelta(days=5)).strftime("%Y-%m-%dT00:00:00")))
        .when(kind == 7)
        .then(pl.lit((today + timedelta(days=90)).strftime("%Y-%m-%dT00:00:00"))),
        Reason=pl.lit("Court order on file"),
    )


def with_active_restrictions(
    pairs: pl.DataFrame, restricted: pl.DataFrame, today: date
) -> pl.DataFrame:
    """Set ``HasActiveRestrictedAccess`` as Qmlativ calculates it: for today."""
    text = today.strftime("%Y-%m-%dT00:00:00")
    ended = pl.col("EndDate").is_not_null() & (pl.col("EndDate") < text)
    active = restricted.filter((pl.col("StartDate") <= text) & ~ended)["StudentGuardianID"]
    holds = pl.col("StudentGuardianID").is_in(active.implode())
    return pairs.with_columns(HasActiveRestrictedAccess=holds, HasUnrestrictedAccess=~holds)
