"""Guardians kept from a student by a court or the school: told per student and by dates.

A wrong guardian is a disclosure, so a doubt counts as a restriction.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.dates import parsed
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

    Active from its start to its end, both included. A start that is blank or can't be read has
    begun; an end that is blank, can't be read or lies before the start has not come.
    """
    start, end = parsed("StartDate"), parsed("EndDate")
    ended = (end < today) & (start.is_null() | (end >= start))
    active = (start.is_null() | (start <= today)) & ~ended.fill_null(False)
    return (
        lookup(raw, _ACCESS)
        .filter(active & pl.col("StudentGuardianID").is_not_null())
        .get_column("StudentGuardianID")
        .unique()
    )
