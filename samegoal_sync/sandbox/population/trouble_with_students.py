"""Trouble about who a student is: numbers that wander, and records that are merged."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from samegoal_sync.sandbox.population.trouble_kinds import TroubleKind
from samegoal_sync.sandbox.population.troubled_homes import Home, Make, TroubledTables

_STUDENT = "Student/Student"
#: What hangs on a StudentID.
_OF_STUDENT = (
    _STUDENT,
    "Enrollment/StudentEntityYear",
    "Enrollment/EntryWithdrawal",
    "Family/StudentFamily",
    "Family/StudentGuardian",
)


def _renumber(tables: TroubledTables, home: Home, number: str) -> None:
    tables.set(_STUDENT, pl.col("StudentID") == home.student, StudentNumber=number)


def _merge(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    """The first into the second, which has its number from then on."""
    loser, survivor = homes
    for name in _OF_STUDENT:
        tables.remove(name, pl.col("StudentID") == loser.student)
    _renumber(tables, survivor, loser.number)
    return ()


def _merge_loser_stays(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    loser, survivor = homes
    _renumber(tables, survivor, loser.number)
    _renumber(tables, loser, "")
    return ()


def _ring(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    """Each has the number of the one before."""
    for home, before in zip(homes, [homes[-1], *homes], strict=False):
        _renumber(tables, home, before.number)
    return ()


def _new_record(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    (home,) = homes
    (new,) = tables.later_ids(_STUDENT, 1)
    for name in _OF_STUDENT:
        tables.set(name, pl.col("StudentID") == home.student, StudentID=new)
    return ()


#: Kind -> how many homes it takes, and how it is made.
STUDENT_TROUBLES: dict[TroubleKind, tuple[int, Make]] = {
    TroubleKind.MERGE: (2, _merge),
    TroubleKind.MERGE_LOSER_STAYS: (2, _merge_loser_stays),
    TroubleKind.SWAP: (2, _ring),
    TroubleKind.RING: (3, _ring),
    TroubleKind.NEW_RECORD: (1, _new_record),
}
