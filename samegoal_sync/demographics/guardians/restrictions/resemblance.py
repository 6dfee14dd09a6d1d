"""Whether one guardian may be another one under a second NameID.

Two records of one person are common: an office enters a parent anew with each child. A
restriction is kept on one of them; the other must not let the person in by another door.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import polars as pl

from samegoal_sync.demographics.guardians.restrictions.compared_names import (
    PersonName,
    compared_names,
    written_names,
)
from samegoal_sync.demographics.guardians.restrictions.contact_values import (
    contact_keys,
    keys_to_compare,
)
from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.dates import parsed
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: Typed where nobody knows the birth date: that two have it says nothing.
_FILLERS = (date(1969, 12, 31), date(1970, 1, 1))


class Resemblance(IntEnum):
    """How much two records look like one person."""

    NONE = 0
    #: Someone should look; both are published.
    PERHAPS = 1
    #: Too much to show the student to either while one is restricted.
    PROBABLE = 2


@dataclass(frozen=True)
class Person:
    """What two records are compared by.

    Attributes:
        names: legal, plain and mixed.
        born: ``None`` where it is not known.
        contacts: keys of every e-mail and phone, fillers aside.
        gender: ``m`` or ``f``; ``None`` for all else.
    """

    names: frozenset[PersonName]
    born: date | None
    contacts: frozenset[str]
    gender: str | None = None


def people(raw: RawObjects, name_ids: Iterable[int]) -> dict[int, Person]:
    """The people of these NameIDs; one whose Name did not come has no name and no birth date."""
    wanted = list(name_ids)
    contacts = contact_keys(raw, wanted)
    found = {
        person: Person(frozenset(), None, contacts.get(person, frozenset())) for person in wanted
    }
    rows = (
        lookup(raw, "Demographics/Name")
        .filter(pl.col("NameID").is_in(wanted))
        .with_columns(born=parsed("BirthDate"))
    )
    for row in rows.iter_rows(named=True):
        legal = row["FirstNameLegal"], row["LastNameLegal"], row["MiddleNameLegal"]
        plain = row["FirstName"], row["LastName"], row["MiddleName"]
        mixed = tuple(one or other for one, other in zip(legal, plain, strict=True))
        half = row["FirstName"], mixed[1], mixed[2]
        names = frozenset().union(*(written_names(*name) for name in (legal, plain, mixed, half)))
        gender = (row["GenderCode"] or row["Gender"] or "").strip().lower()[:1]
        found[row["NameID"]] = Person(
            names,
            row["born"],
            found[row["NameID"]].contacts,
            gender if gender in ("m", "f") else None,
        )
    return found


def resemblance(one: Person, other: Person) -> Resemblance:
    """How much one looks like the other, who is restricted: by the table of docs/restrictions.md.

    Of whom no name and no birth date came nobody can say that they are another person.
    """
    if not one.names and one.born is None:
        return Resemblance.PROBABLE
    names = compared_names(one.names, other.names)
    born = _same_birth(one.born, other.born)
    shared = bool(
        keys_to_compare(one.contacts) & other.contacts
        or one.contacts & keys_to_compare(other.contacts)
    )
    # Daniel and Daniela are a form of each other, and two people if their genders say so.
    alike = None in (one.gender, other.gender) or one.gender == other.gender
    close = names.close and alike
    probable = (
        (names.same and (born is not False or shared))
        or (born is True and (names.part or shared))
        or ((close or names.given) and shared and born is not False)
        # Of whom only the last name came it is as little known that they are another person.
        or (names.nameless and one.born is None and alike)
    )
    if probable:
        return Resemblance.PROBABLE
    perhaps = (
        names.same
        or born is True
        or (names.close and (shared or born is None))
        or (names.form and shared)
    )
    return Resemblance.PERHAPS if perhaps else Resemblance.NONE


def _same_birth(one: date | None, other: date | None) -> bool | None:
    """``None`` where nobody can say: not known, a filler, or a slip away from each other."""
    if one is None or other is None or (one == other and one in _FILLERS):
        return None
    if one == other:
        return True
    swapped = (one.year, one.month, one.day) == (other.year, other.day, other.month)
    same_parts = sum(getattr(one, part) == getattr(other, part) for part in ("day", "month"))
    slip = one.year == other.year and same_parts == 1
    year_before = same_parts == 2 and abs(one.year - other.year) in (1, 10)
    return None if swapped or slip or year_before else False
