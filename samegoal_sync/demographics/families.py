"""Households: the first family of a student governs address, home language and order."""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup, position
from samegoal_sync.qmlativ.raw_objects import RawObjects


def student_families(raw: RawObjects) -> pl.DataFrame:
    """``StudentID, FamilyID, family_rank, in_first_family`` of each student's families.

    ``family_rank`` counts 1, 2, ... by Rank, ties and missing ranks by id. ``in_first_family``
    is null where two families share the lowest rank: then nobody can say which is the first.
    """
    families = (
        lookup(raw, "Family/StudentFamily")
        .filter(pl.col("StudentID").is_not_null() & pl.col("FamilyID").is_not_null())
        .sort("StudentID", "Rank", "StudentFamilyID", nulls_last=True)
    )
    if families.select("StudentID", "FamilyID").is_duplicated().any():
        families = families.unique(["StudentID", "FamilyID"], keep="first", maintain_order=True)
    numbered = families.select(
        "StudentID", "FamilyID", "Rank", position("StudentID", "family_rank")
    )
    first, second = (
        numbered.filter(pl.col("family_rank") == place).select("StudentID", "Rank")
        for place in (1, 2)
    )
    tied = first.join(second, on=["StudentID", "Rank"], nulls_equal=True).get_column("StudentID")
    unclear = pl.col("StudentID").is_in(tied.implode())
    return numbered.select(
        "StudentID",
        "FamilyID",
        "family_rank",
        pl.when(~unclear).then(pl.col("family_rank") == 1).alias("in_first_family"),
    )


def first_families(raw: RawObjects) -> pl.DataFrame:
    """``StudentID, FamilyID, LanguageIDHome``: the family that governs, one row a student."""
    homes = lookup(raw, "Family/Family").select("FamilyID", "LanguageIDHome")
    return (
        student_families(raw)
        .filter(pl.col("family_rank") == 1)
        .select("StudentID", "FamilyID")
        .join(homes, on="FamilyID", how="left")
    )
