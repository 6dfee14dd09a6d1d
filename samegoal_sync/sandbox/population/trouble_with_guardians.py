"""Trouble about who may see a student."""

from __future__ import annotations

from collections.abc import Sequence

from samegoal_sync.sandbox.population.trouble_kinds import TroubleKind
from samegoal_sync.sandbox.population.troubled_homes import (
    Home,
    Make,
    TroubledTables,
    born,
    only_email,
    only_phone,
    restrict,
    years_before,
)

_ZERO = "1900-01-01T00:00:00"


def _zero_dates(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    (home,) = homes
    restrict(tables, home.pairs[1], _ZERO, _ZERO)
    return home.guardians[1:]


def _second_record(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    (home,) = homes
    father, day = home.guardians[1], years_before(tables.today, 43)
    born(tables, father, day)
    only_phone(tables, father, "469-555-0111")
    (row,) = tables.tables["Demographics/Name"].filter(NameID=father).to_dicts()
    texts = {field: str(row[field] or "").upper() for field in ("LastName", "FirstName")}
    again = tables.add_row(
        "Demographics/Name", **texts, BirthDate=day, IsGuardianName=True, IsStudentName=False
    )
    only_phone(tables, again, "(469) 555 0111 ext 2")
    tables.add_row(
        "Family/StudentGuardian",
        StudentID=home.student,
        NameIDGuardian=again,
        IsCustodialGuardian=True,
        HasActiveRestrictedAccess=False,
    )
    restrict(tables, home.pairs[1], _ZERO)
    return father, again


def _value_of_restricted(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    (home,) = homes
    mother, father = home.guardians
    only_email(tables, father, "home.of.two@example.org")
    only_email(tables, mother, "HomeOfTwo+school@Example.org")
    restrict(tables, home.pairs[1], "2020-01-01T00:00:00", _ZERO)
    return mother, father


def _shared_email(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    guardians = tuple(home.guardians[0] for home in homes)
    for guardian in guardians:
        only_email(tables, guardian, "front.office@example.org")
    return guardians


def _filler_email(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    guardian = homes[0].guardians[0]
    only_email(tables, guardian, "none@none.com")
    return (guardian,)


def _young_guardian(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    guardian = homes[0].guardians[1]
    born(tables, guardian, years_before(tables.today, 16))
    return (guardian,)


def _guardian_who_studies(
    tables: TroubledTables, homes: Sequence[Home], years: int
) -> tuple[int, ...]:
    """The second home's student, of 17, as guardian of the first one's, so many years old."""
    child, other = homes
    born(tables, child.name, years_before(tables.today, years))
    born(tables, other.name, years_before(tables.today, 17))
    tables.add_row(
        "Family/StudentGuardian",
        StudentID=child.student,
        NameIDGuardian=other.name,
        IsCustodialGuardian=True,
        HasActiveRestrictedAccess=False,
    )
    return (other.name,)


def _peer(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    return _guardian_who_studies(tables, homes, 14)


def _parent(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    return _guardian_who_studies(tables, homes, 3)


#: Kind -> how many homes it takes, and how it is made.
GUARDIAN_TROUBLES: dict[TroubleKind, tuple[int, Make]] = {
    TroubleKind.ZERO_DATES: (1, _zero_dates),
    TroubleKind.SECOND_RECORD: (1, _second_record),
    TroubleKind.VALUE_OF_RESTRICTED: (1, _value_of_restricted),
    TroubleKind.SHARED_EMAIL: (5, _shared_email),
    TroubleKind.FILLER_EMAIL: (1, _filler_email),
    TroubleKind.YOUNG_GUARDIAN: (1, _young_guardian),
    TroubleKind.PEER_GUARDIAN: (2, _peer),
    TroubleKind.PARENT_OF_17: (2, _parent),
}
