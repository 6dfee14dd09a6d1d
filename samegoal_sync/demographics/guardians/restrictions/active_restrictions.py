"""Guardians kept from a student by a court or the school: told per student and by dates.

A wrong guardian is a disclosure, so a doubt counts as a restriction.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.dates import parsed, parsed_bound
from samegoal_sync.qmlativ.raw_objects import RawObjects

_ACCESS, _PAIR = "Family/StudentGuardianRestrictedAccess", "Family/StudentGuardian"


def restriction_sources(raw: RawObjects) -> list[str]:
    """Which sources of restrictions Qmlativ shares; if none, nobody can know of restrictions."""
    shared = {
        "dates": raw.shares(_ACCESS, "StudentGuardianID", "StartDate"),
        "flag": raw.shares(_PAIR, "HasActiveRestrictedAccess"),
    }
    return [source for source, there in shared.items() if there]


def restricted_pairs(raw: RawObjects, today: date) -> pl.Series:
    """StudentGuardianID of every restriction that is active today.

    Active from its start to its end, both included. A start that is blank, means no date or
    can't be read has begun; an end of that kind has not come. Dates in the wrong order, or before
    the student was born, say only that there is a restriction: it is active.
    """
    return _active(raw, today).get_column("StudentGuardianID").drop_nulls().unique()


def restrictions_of_nobody(raw: RawObjects, today: date) -> pl.DataFrame:
    """Active restrictions, in Qmlativ's columns, that don't say of which guardian they are."""
    return _active(raw, today).filter(pl.col("StudentGuardianID").is_null())


def restrictions_without_pair(raw: RawObjects, today: date) -> pl.Series:
    """StudentGuardianID of every active restriction whose pair was not sent, or was sent without
    its student or guardian."""
    pairs = lookup(raw, _PAIR)
    named = pl.col("StudentID").is_not_null() & pl.col("NameIDGuardian").is_not_null()
    flagged = pairs.filter(~named & pl.col("HasActiveRestrictedAccess").fill_null(False))
    active = pl.concat([restricted_pairs(raw, today), flagged.get_column("StudentGuardianID")])
    sent = pairs.filter(named).get_column("StudentGuardianID")
    return active.filter(~active.is_in(sent.implode())).unique()


def _active(raw: RawObjects, today: date) -> pl.DataFrame:
    start, end = pl.col("start"), pl.col("end")
    begun, over = (start <= today).fill_null(True), (end < today).fill_null(False)
    impossible = (end < start).fill_null(False) | (end < pl.col("born")).fill_null(False)
    return (
        lookup(raw, _ACCESS)
        .join(_births(raw), on="StudentGuardianID", how="left")
        .with_columns(start=parsed_bound("StartDate"), end=parsed_bound("EndDate"))
        .filter((begun & ~over) | impossible)
        .drop("start", "end")
    )


def _births(raw: RawObjects) -> pl.DataFrame:
    """``StudentGuardianID, born``: the birth date of the student of each restricted pair."""
    restricted = lookup(raw, _ACCESS).select("StudentGuardianID").unique()
    students = lookup(raw, "Student/Student").select("StudentID", "NameID")
    births = lookup(raw, "Demographics/Name").select("NameID", "BirthDate")
    return (
        lookup(raw, _PAIR)
        .select("StudentGuardianID", "StudentID")
        .join(restricted, on="StudentGuardianID", how="semi")
        .unique("StudentGuardianID", keep="any")
        .join(students, on="StudentID")
        .join(births, on="NameID")
        .select("StudentGuardianID", born=parsed("BirthDate"))
    )
