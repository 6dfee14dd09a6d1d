"""Pairs of student and guardian, each once, in the order that Qmlativ's ranks give them.

The first entry of a list was once taken for the first parent, and a stepparent from another
city was sent: the order in which rows come never counts.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from samegoal_sync.demographics.families import student_families
from samegoal_sync.demographics.guardians.restrictions.active_restrictions import (
    restricted_pairs,
)
from samegoal_sync.demographics.joinable_frames import lookup, position
from samegoal_sync.demographics.memory_bounds import many_to_many
from samegoal_sync.demographics.values.text import cleaned
from samegoal_sync.qmlativ.raw_objects import RawObjects

_PAIR = ["StudentID", "NameIDGuardian"]


def ordered_pairs(raw: RawObjects, today: date) -> pl.DataFrame:
    """One row a pair, with flags, relationship, ``restricted``, household and ``priority``.

    ``priority`` counts 1, 2, ... over *all* guardians of a student, before any is withheld:
    StudentGuardian.Rank where set, then the family's rank, the guardian's rank in it, and ids.
    A pair that comes twice is one: its best row counts, and a restriction on either.

    Returns:
        ``StudentGuardianID, StudentID, NameIDGuardian, relationship, custodial,
        emergency_contact, pickup, lives_with, restricted, family_rank, LanguageID, priority``.
    """
    restricted = pl.col("StudentGuardianID").is_in(restricted_pairs(raw, today).implode())
    pairs = (
        lookup(raw, "Family/StudentGuardian")
        .filter(pl.all_horizontal(pl.col(_PAIR).is_not_null()))
        .with_columns(restricted=restricted | pl.col("HasActiveRestrictedAccess").fill_null(False))
        .join(_households(raw), on=_PAIR, how="left")
        .sort(
            "StudentID",
            "Rank",
            "family_rank",
            "guardian_rank",
            "NameIDGuardian",
            "StudentGuardianID",
            nulls_last=True,
        )
    )
    repeated = pairs.select(_PAIR).is_duplicated()
    if repeated.any():
        pairs = pairs.with_columns(pl.col("restricted").any().over(_PAIR)).unique(
            _PAIR, keep="first", maintain_order=True
        )
    return _described(raw, pairs.with_columns(position("StudentID", "priority")))


def _described(raw: RawObjects, pairs: pl.DataFrame) -> pl.DataFrame:
    relationships = lookup(raw, "Demographics/Relationship").select(
        "RelationshipID",
        pl.coalesce(cleaned("Description"), cleaned("Code")).alias("relationship"),
    )
    homes = lookup(raw, "Family/Family").select(
        "FamilyID", pl.col("LanguageIDHome").alias("LanguageID")
    )
    return (
        pairs.join(relationships, on="RelationshipID", how="left")
        .join(homes, on="FamilyID", how="left")
        .select(
            "StudentGuardianID",
            *_PAIR,
            "relationship",
            pl.col("IsCustodialGuardian").alias("custodial"),
            pl.col("IsEmergencyContact").alias("emergency_contact"),
            pl.col("AllowStudentPickup").alias("pickup"),
            "lives_with",
            "restricted",
            "family_rank",
            "LanguageID",
            "priority",
        )
    )


def _households(raw: RawObjects) -> pl.DataFrame:
    """``StudentID, NameIDGuardian, FamilyID, family_rank, guardian_rank, lives_with``.

    A guardian of two of a student's families counts in the first of them. ``lives_with`` says
    whether it is the student's first family, and nothing where that is not clear.
    """
    members = (
        lookup(raw, "Family/FamilyGuardian")
        .filter(pl.col("NameID").is_not_null())
        .select(
            "FamilyID",
            pl.col("NameID").alias("NameIDGuardian"),
            pl.col("Rank").alias("guardian_rank"),
            "FamilyGuardianID",
        )
    )
    families = student_families(raw).rename({"in_first_family": "lives_with"})
    return (
        many_to_many(
            families, members, ["FamilyID"], ("Family/StudentFamily", "Family/FamilyGuardian")
        )
        .sort("StudentID", "family_rank", "guardian_rank", "FamilyGuardianID", nulls_last=True)
        .unique(_PAIR, keep="first", maintain_order=True)
        .drop("FamilyGuardianID")
    )
