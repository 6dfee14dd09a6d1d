"""The columns of ``guardian_demographics``, which becomes SameGoal's ``guardians``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl

from samegoal_sync.demographics.columns.column import (
    Code,
    Column,
    Contact,
    Place,
    Presence,
    Table,
    needs_of,
    source,
)
from samegoal_sync.demographics.columns.shared_columns import (
    FAMILY,
    NEVER_BLANK,
    PAIR,
    TEXT,
    Person,
    address_columns,
    name_columns,
)
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE

_OF_GUARDIAN = (PAIR, "StudentID NameIDGuardian")
_ON: dict[str, Any] = {"reject_object": PAIR, "reject_key": "StudentGuardianID"}
#: The part of Details that lists a guardian's own values.
GUARDIAN_PART = "Guardian"
_PHONE_FORM = r"^[+(\d][\d\s().+/x-]{5,39}$"

_PERSON = Person(
    whose="the guardian",
    join=_OF_GUARDIAN,
    place=("Demographics/NameAddress", "NameID AddressID IsMailing IsPhysical"),
    home="the guardian's mailing address",
    where="the mailing address, else the physical one; of several the newest",
    on=_ON,
    names_part=None,
    names_shown=0,
    names_filed=2,
    address_part=GUARDIAN_PART,
    address_shown=5,
    address_filed=6,
    shown_blank=False,
    no_name={
        "missing": "pair rejected without a last name; what is published of it stays",
        "invalid": "no letter, or lost characters: pair rejected, published one stays",
    },
)


def _phone(kind: str, shown: int, filed: int) -> Column:
    return Column(
        f"{kind}_phone",
        TEXT,
        about=f"The guardian's {kind} phone.",
        sources=(
            source(
                _OF_GUARDIAN,
                ("Demographics/NamePhone", "NameID PhoneNumber PhoneTypeID IsConfidential"),
                ("Demographics/PhoneType", "PhoneTypeID Code Description"),
            ),
        ),
        cleaning=f"the first valid {kind} phone by rank, as 312-555-0123 x45; international ones "
        "as they are; confidential ones and faxes never",
        also=needs_of(("Demographics/NamePhone", "Extension IsInternational IsFax Rank")),
        invalid="no number that can be called: the published value stays, unless a confidential "
        "one of this kind exists",
        length=40,
        form=_PHONE_FORM,
        contact=Contact.PHONE,
        shown=Place(GUARDIAN_PART, shown),
        shown_blank=kind == "cell",
        filed=Place(f"{kind.capitalize()} Phone", filed),
        **_ON,
    )


def _flag(
    name: str, field: str, about: str, label: str | None = None, filed: Place | None = None
) -> Column:
    return Column(
        name,
        pl.Boolean(),
        about=about,
        sources=(source(_OF_GUARDIAN, (PAIR, field)),),
        cleaning="as it is",
        label=label,
        filed=filed,
        **_ON,
    )


GUARDIAN_TABLE = Table(
    "guardian_demographics",
    "guardians",
    (
        replace(STUDENT_TABLE["student_id"], shown=None, copied=False),
        Column(
            "guardian_id",
            pl.Int64(),
            about="Who the guardian is.",
            sources=(source((PAIR, "NameIDGuardian")),),
            cleaning="Qmlativ's NameID; never changes",
            missing="pair rejected",
            presence=Presence.ALWAYS,
            filed=Place("SIS Internal ID", 18),
            copied=False,
            **_ON,
        ),
        Column(
            "priority",
            pl.Int64(),
            about="The guardian's place among the student's guardians.",
            sources=(
                source(_OF_GUARDIAN, (PAIR, "Rank")),
                source(_OF_GUARDIAN, FAMILY, ("Family/FamilyGuardian", "FamilyID NameID Rank")),
            ),
            cleaning="1, 2, ... by StudentGuardian.Rank where set, then family rank, then guardian "
            "rank, then id; a guardian who is withheld leaves the number empty",
            missing=NEVER_BLANK,
            presence=Presence.NEEDED,
            filed=Place("Priority", 14),
            copied=False,
            **_ON,
        ),
        *name_columns(_PERSON),
        Column(
            "relationship",
            TEXT,
            about="What the guardian is to the student.",
            sources=(
                source(
                    _OF_GUARDIAN,
                    (PAIR, "RelationshipID"),
                    ("Demographics/Relationship", "RelationshipID Code Description"),
                ),
            ),
            cleaning="Qmlativ's own words, else its code",
            length=100,
            filed=Place("Relationship", 5),
            **_ON,
        ),
        _flag(
            "custodial",
            "IsCustodialGuardian",
            "Whether the guardian has custody.",
            filed=Place("Custodial", 15),
        ),
        _flag("emergency_contact", "IsEmergencyContact", "Whether to call them in an emergency."),
        _flag(
            "pickup", "AllowStudentPickup", "Whether they may pick the student up.", "May pick up"
        ),
        Column(
            "lives_with",
            pl.Boolean(),
            about="Whether the student lives with the guardian.",
            sources=(source(_OF_GUARDIAN, FAMILY, ("Family/FamilyGuardian", "FamilyID NameID")),),
            cleaning="whether the guardian belongs to the student's first family; blank where that "
            "is not clear",
            label="Lives with student",
            filed=Place("Lives With", 16),
            **_ON,
        ),
        Column(
            "restricted",
            pl.Boolean(),
            about="Whether a court or the school keeps the guardian from the student tonight.",
            sources=(
                source(
                    (
                        "Family/StudentGuardianRestrictedAccess",
                        "StudentGuardianID StartDate EndDate",
                    )
                ),
                source(_OF_GUARDIAN, (PAIR, "HasActiveRestrictedAccess")),
            ),
            cleaning="whether a restriction is active tonight; a start that can't be read counts "
            "as begun, an end that can't be read as not yet come",
            label="Restricted access",
            **_ON,
        ),
        *address_columns(_PERSON),
        _phone("home", 2, 10),
        _phone("work", 3, 11),
        _phone("cell", 1, 12),
        Column(
            "email",
            TEXT,
            about="The guardian's e-mail, to which documents are sent.",
            sources=(source(_OF_GUARDIAN, ("Demographics/NameEmail", "NameID EmailAddress Rank")),),
            cleaning="that person's own first e-mail by rank; its host in small letters",
            invalid="no e-mail address, or two in one value: the published value stays; a "
            "restricted guardian's, or nobody's own (docs/restrictions.md): the published value "
            "goes",
            length=254,
            contact=Contact.EMAIL,
            form=r"^[^@\s,;]+@[^@\sA-Z]+\.[a-z]{2,63}$",
            label="E-mail",
            shown=Place(GUARDIAN_PART, 4),
            filed=Place("Email", 13),
            **_ON,
        ),
        Column(
            "language",
            TEXT,
            about="The language to write to the guardian in.",
            sources=(
                source(
                    _OF_GUARDIAN,
                    ("Family/FamilyGuardian", "FamilyID NameID"),
                    ("Family/Family", "FamilyID LanguageIDHome"),
                    ("Demographics/Language", "LanguageID Code Description"),
                ),
            ),
            cleaning="home language of the guardian's family, as two-letter ISO 639-1 code",
            invalid="a language without such a code: the published value stays",
            length=2,
            form=r"^[a-z]{2}$",
            code=Code.LANGUAGE,
            shown=Place(GUARDIAN_PART, 11),
            shown_blank=False,
            filed=Place("Language", 17),
            **_ON,
        ),
    ),
    key=("student_id", "guardian_id"),
)
