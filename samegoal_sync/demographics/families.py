"""Households: the first family of a student governs address, home language and order."""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.raw_frames import lookup
from samegoal_sync.qmlativ.raw import RawObjects


def student_families(raw: RawObjects) -> pl.DataFrame:
    """``StudentID, FamilyID, family_rank, in_first_family`` of each student's families.

    ``family_rank`` counts 1, 2, ... by Rank, ties and missing ranks by id. ``in_first_family``
    is null where two families share the lowest rank: then nobody can say which is the first.
    """
    lowest = pl.col("Rank").fill_null(127) == pl.col("Rank").fill_null(127).min().over("StudentID")
    tied = lowest.cast(pl.Int32).sum().over("StudentID") > 1
    return (
        lookup(raw, "Family/StudentFamily")
        .filter(pl.col("StudentID").is_not_null() & pl.col("FamilyID").is_not_null())
        .sort("StudentID", "Rank", "StudentFamilyID", nulls_last=True)
        .unique(["StudentID", "FamilyID"], keep="first", maintain_order=True)
        .select(
            "StudentID",
            "FamilyID",
            pl.int_range(1, pl.len() + 1).over("StudentID").alias("family_rank"),
            pl.when(~(lowest & tied)).then(lowest).alias("in_first_family"),
        )
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
