"""Columns that students and guardians have alike: a legal name, an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from samegoal_sync.demographics.columns.column import (
    Code,
    Column,
    Place,
    Presence,
    Source,
    needs_of,
    source,
)

#: Objects that several columns come from.
STUDENT, NAME, PAIR = "Student/Student", "Demographics/Name", "Family/StudentGuardian"
ADDRESS, ZIP = "Demographics/Address", "Demographics/Zip"
#: Households: a student's families by rank.
FAMILY = ("Family/StudentFamily", "StudentID FamilyID Rank")
NEVER_BLANK = "never blank: an enrollment that counts always has it"

TEXT = pl.String()
_FOREIGN_LINES = " ".join(f"InternationalAddress{line}" for line in range(1, 5))
_IN_ZIP = (ADDRESS, "AddressID ZipID")


@dataclass(frozen=True)
class Person:
    """How the shared columns differ between students and guardians.

    Attributes:
        whose: in a sentence: ``the student``.
        join: the object and fields that lead to the person's Name.
        place: the object and fields that lead to the person's address.
        home: its address, in a sentence: ``the student's physical address``.
        where: which address that is, where there are several.
        on: where rejects are reported.
        names_part / address_part: the part of Details that lists them; ``None`` where none does.
        names_shown, address_shown / names_filed, address_filed: positions of the first of them.
        shown_blank: whether Details lists the address without a value too.
        no_name: what becomes of a row without a name.
    """

    whose: str
    join: tuple[str, str]
    place: tuple[str, str]
    home: str
    where: str
    on: dict[str, Any]
    names_part: str | None
    address_part: str
    names_shown: int
    address_shown: int
    names_filed: int
    address_filed: int
    shown_blank: bool
    no_name: dict[str, Any]


def name_columns(person: Person) -> tuple[Column, ...]:
    """``last_name, first_name, middle_name, name_suffix``."""
    join, shown, filed = person.join, person.names_shown, person.names_filed
    is_student = person.on["reject_key"] == "StudentID"

    def at(offset: int) -> Place | None:
        return Place(person.names_part, shown + offset) if person.names_part else None

    legal = "the legal name; trimmed, blanks folded, Unicode NFC, capitals as they are"
    return (
        Column(
            "last_name",
            TEXT,
            about=f"The legal last name of {person.whose}.",
            sources=(
                source(join, (NAME, "NameID LastNameLegal FirstNameLegal")),
                source(join, (NAME, "NameID LastName")),
            ),
            cleaning=legal,
            presence=Presence.NEEDED if is_student else Presence.ALWAYS,
            length=80,
            shown=at(0),
            filed=Place("Last Name", filed),
            **person.no_name,
            **person.on,
        ),
        Column(
            "first_name",
            TEXT,
            about=f"The legal first name of {person.whose}.",
            sources=(
                source(join, (NAME, "NameID FirstNameLegal LastNameLegal")),
                source(join, (NAME, "NameID FirstName")),
            ),
            cleaning=legal,
            presence=Presence.NEEDED if is_student else Presence.OPTIONAL,
            length=80,
            shown=at(1),
            filed=Place("First Name", filed + 1),
            **(person.no_name if is_student else {}),
            **person.on,
        ),
        Column(
            "middle_name",
            TEXT,
            about=f"The legal middle name of {person.whose}.",
            sources=(
                source(join, (NAME, "NameID MiddleNameLegal FirstNameLegal LastNameLegal")),
                source(join, (NAME, "NameID MiddleName")),
            ),
            cleaning="with a whole legal name its own middle name, blank or not",
            length=80,
            shown=at(2),
            filed=Place("Middle Name", filed + 2),
            **person.on,
        ),
        Column(
            "name_suffix",
            TEXT,
            about=f"The suffix of {person.whose}'s name, Jr. say.",
            sources=(
                source(
                    join,
                    (NAME, "NameID NameSuffixIDLegal FirstNameLegal LastNameLegal"),
                    ("Demographics/NameSuffix", "NameSuffixID Code Description"),
                ),
                source(
                    join,
                    (NAME, "NameID NameSuffixID"),
                    ("Demographics/NameSuffix", "NameSuffixID Code Description"),
                ),
            ),
            cleaning="the suffix in words, else its code",
            length=30,
            label="Suffix",
            shown=at(3),
            **person.on,
        ),
    )


def address_columns(person: Person) -> tuple[Column, ...]:
    """``address, city, state, zip, country``."""
    place, shown, filed = person.place, person.address_shown, person.address_filed

    def at(offset: int) -> Place:
        return Place(person.address_part, shown + offset)

    return (
        Column(
            "address",
            TEXT,
            about=f"Street or box of {person.home}.",
            sources=_street_sources(place),
            cleaning=f"{person.where}; street with unit, PO box, rural route or foreign lines in "
            "one line",
            invalid="text with lost characters, or a box without its number: the published value "
            "stays",
            length=250,
            shown=at(0),
            shown_blank=person.shown_blank,
            filed=Place("Address", filed),
            **person.on,
        ),
        Column(
            "city",
            TEXT,
            about=f"City of {person.home}.",
            sources=(source(place, _IN_ZIP, (ZIP, "ZipID City")),),
            cleaning="trimmed",
            length=100,
            shown=at(1),
            shown_blank=person.shown_blank,
            filed=Place("City", filed + 1),
            **person.on,
        ),
        Column(
            "state",
            TEXT,
            about=f"State of {person.home}.",
            sources=(
                source(place, _IN_ZIP, (ZIP, "ZipID StateID"), ("SkySys/State", "StateID Code")),
                source(place, _IN_ZIP, (ZIP, "ZipID FreeFormState")),
            ),
            cleaning="the state's code; of a foreign address its own text",
            length=60,
            shown=at(2),
            shown_blank=person.shown_blank,
            filed=Place("State", filed + 2),
            **person.on,
        ),
        Column(
            "zip",
            TEXT,
            about=f"ZIP or postal code of {person.home}.",
            sources=(
                source(place, (ADDRESS, "AddressID ZipID ZipCodeAddOn"), (ZIP, "ZipID ZipCode")),
            ),
            cleaning="five digits, with the four of ZIP+4 after a hyphen; foreign ones as they are",
            also=needs_of((ZIP, "CountryCode")),
            invalid="no such form: the published value stays",
            length=20,
            form=r"^\S.{0,19}$",
            label="ZIP",
            shown=at(3),
            shown_blank=person.shown_blank,
            filed=Place("Zip", filed + 3),
            **person.on,
        ),
        Column(
            "country",
            TEXT,
            about=f"Country of {person.home}, where that is not the United States.",
            sources=(source(place, _IN_ZIP, (ZIP, "ZipID CountryCode")),),
            cleaning="two-letter ISO 3166-1 code, by the country's code or name; letter case and "
            "dots don't matter",
            missing="published as blank: in the United States, or Qmlativ names no country",
            invalid="a code or name of no country: the published value stays",
            length=2,
            form=r"^[A-Z]{2}$",
            code=Code.COUNTRY,
            shown=at(4),
            shown_blank=False,
            **person.on,
        ),
    )


def _street_sources(place: tuple[str, str]) -> tuple[Source, ...]:
    kinds = "AddressID AddressType AddressTypeCode"
    return (
        source(place, (ADDRESS, f"{kinds} StreetNumberAndNameIncludeSecondaryUnit AddressLine2")),
        source(
            place,
            (ADDRESS, f"{kinds} StreetNumber StreetID SecondaryUnitNumber"),
            ("Demographics/Street", "StreetID StreetNameWithDirectionCode Name"),
        ),
        source(place, (ADDRESS, f"{kinds} POBox")),
        source(place, (ADDRESS, f"{kinds} FreeformAddress")),
        source(place, (ADDRESS, f"{kinds} {_FOREIGN_LINES}")),
    )
