"""Whether one guardian may be another one under a second NameID.

Two records of one person are common: an office enters a parent anew with each child. A
restriction is kept on one of them; the other must not let the person in by another door.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import polars as pl

from samegoal_sync.demographics.guardians.restrictions.contact_values import contact_keys
from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.dates import parsed
from samegoal_sync.qmlativ.raw_objects import RawObjects

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
#: A first name that begins another one and is so long may be its short form (Chris, Will).
_SHORT_FORM = 3


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
        names: ``(words of the first name, words of the last name)``, legal and plain.
        born: ``None`` where it is not known.
        contacts: keys of every e-mail and phone, fillers aside.
    """

    names: frozenset[tuple[tuple[str, ...], tuple[str, ...]]]
    born: date | None
    contacts: frozenset[str]


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
        pairs = (
            (row["FirstName"], row["LastName"]),
            (row["FirstNameLegal"], row["LastNameLegal"]),
            (row["FirstNameLegal"] or row["FirstName"], row["LastNameLegal"] or row["LastName"]),
            (row["FirstName"], row["LastNameLegal"] or row["LastName"]),
        )
        names = frozenset((_words(first), _words(last)) for first, last in pairs if first and last)
        found[row["NameID"]] = Person(names, row["born"], found[row["NameID"]].contacts)
    return found


def resemblance(one: Person, other: Person) -> Resemblance:
    """How much two people look like one.

    Probable: the same name, unless two known birth dates differ and no e-mail or phone is
    shared; the same birth date with a first name, a last name, an e-mail or a phone in common; a
    short form or initial of the first name with the same last name and a shared e-mail or phone,
    unless two known birth dates differ.
    """
    same, close, part = _compared_names(one, other)
    born = None if None in (one.born, other.born) else one.born == other.born
    shared = bool(one.contacts & other.contacts)
    probable = (
        (same and (born is not False or shared))
        or (born is True and (part or shared))
        or (close and shared and born is not False)
    )
    if probable:
        return Resemblance.PROBABLE
    perhaps = same or born is True or (close and (shared or born is None))
    return Resemblance.PERHAPS if perhaps else Resemblance.NONE


def _compared_names(one: Person, other: Person) -> tuple[bool, bool, bool]:
    """Whether the names are the same, one may be a form of the other, a part is in common."""
    same = close = part = False
    for first, last in one.names:
        for other_first, other_last in other.names:
            surname = bool(set(last) & set(other_last))
            given = first[:1] == other_first[:1] and bool(first)
            swapped = sorted(first + last) == sorted(other_first + other_last) and bool(first)
            same |= swapped or "".join(first + last) == "".join(other_first + other_last) != ""
            same |= surname and given
            close |= surname and _is_form(first, other_first)
            part |= surname or given
    return same, close or same, part or same


def _is_form(first: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a first name is the other's initial or short form: ``R`` or ``Rob`` of Robert."""
    if not first or not other:
        return False
    short, long = sorted((first[0], other[0]), key=len)
    return long.startswith(short) and (len(short) == 1 or len(short) >= _SHORT_FORM)


def _words(text: str) -> tuple[str, ...]:
    """Words of a name without capitals, accents, signs and generation suffixes."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    words = re.findall(r"[^\W\d_]+", plain.casefold().replace("'", "").replace("\u2019", ""))
    return tuple(word for word in words if word not in _SUFFIXES)
