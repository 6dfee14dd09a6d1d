"""A student's home, as trouble is made in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from samegoal_sync.sandbox.population.changed_tables import ChangedTables


@dataclass(frozen=True)
class Home:
    """A present student with two guardians.

    Attributes:
        student / name / number: StudentID, NameID, Student Number.
        guardians: NameIDs of the two.
        pairs: their StudentGuardianIDs.
    """

    student: int
    name: int
    number: str
    guardians: tuple[int, ...]
    pairs: tuple[int, ...]


class TroubledTables(ChangedTables):
    """A district's tables while trouble is made in them; ``today`` is the day that they show."""

    def __init__(self, tables: Mapping[str, pl.DataFrame], today: date) -> None:
        super().__init__(tables)
        self.today = today


#: Makes the trouble; gives the NameIDs of the guardians concerned.
Make = Callable[[TroubledTables, Sequence[Home]], tuple[int, ...]]


def years_before(today: date, years: int, days: int = 0) -> str:
    """A birth date as Qmlativ writes it: so many years and days before a day."""
    day = today.replace(year=today.year - years, day=min(today.day, 28))
    return f"{date.fromordinal(day.toordinal() - days)}T00:00:00"


def born(tables: ChangedTables, name: int, text: str) -> None:
    """Give a person a birth date."""
    tables.set("Demographics/Name", pl.col("NameID") == name, BirthDate=text)


def only_email(tables: ChangedTables, name: int, address: str) -> None:
    """Give a person one e-mail and no other."""
    tables.remove("Demographics/NameEmail", pl.col("NameID") == name)
    tables.add_row(
        "Demographics/NameEmail", NameID=name, EmailAddress=address, EmailTypeID=1, Rank=1
    )


def only_phone(tables: ChangedTables, name: int, number: str, international: bool = False) -> None:
    """Give a person one cell phone and no other."""
    tables.remove("Demographics/NamePhone", pl.col("NameID") == name)
    tables.add_row(
        "Demographics/NamePhone",
        NameID=name,
        PhoneNumber=number,
        PhoneTypeID=2,
        Rank=1,
        IsConfidential=False,
        IsFax=False,
        IsInternational=international,
    )


def restrict(tables: ChangedTables, pair: int, start: str, end: str | None = None) -> None:
    """Keep a guardian from a student; Qmlativ's own flag follows on the next day."""
    tables.add_row(
        "Family/StudentGuardianRestrictedAccess",
        StudentGuardianID=pair,
        StartDate=start,
        EndDate=end,
        Reason="Court order on file",
    )
