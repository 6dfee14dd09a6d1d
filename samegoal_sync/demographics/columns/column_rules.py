"""Every curated column as data: where it comes from, in which order, and what happens when not.

Lineage, the data dictionary, what counts as absent, and the list of fields that SameGoal must
have approved by Skyward all come from these lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from samegoal_sync.qmlativ.raw_objects import RawObjects

#: ``(object, fields)``: all of them are needed together.
Needs = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Source:
    """One way to a value; every field of ``needs`` must be shared for it to give one."""

    needs: Needs

    @property
    def fields(self) -> list[tuple[str, str]]:
        return [(name, field) for name, fields in self.needs for field in fields]

    def is_shared(self, raw: RawObjects) -> bool:
        return all(raw.shares(name, *fields) for name, fields in self.needs)


@dataclass(frozen=True)
class ColumnRule:
    """How one curated column is made.

    Attributes:
        sources: in order of preference; the column is absent when none of them is shared.
        cleaning: how the value is made and cleaned, in words.
        missing: what a blank means.
        invalid: what rejects it.
        also: fields that refine a value and are done without where they are not shared.
        reject_key: the working column that holds the id of the row of ``object_name`` on which
            a reject is reported.
    """

    sources: tuple[Source, ...]
    cleaning: str
    missing: str = "published as blank"
    invalid: str = "text with lost characters: the published value stays"
    also: Needs = ()
    reject_object: str | None = None
    reject_key: str = "StudentID"

    @property
    def object_name(self) -> str:
        return self.reject_object or "Student/Student"

    def is_absent(self, raw: RawObjects) -> bool:
        return not any(source.is_shared(raw) for source in self.sources)

    def is_partly_absent(self, raw: RawObjects) -> bool:
        """Whether a blank may only mean that one of its sources was not shared tonight."""
        return not self.is_absent(raw) and not all(item.is_shared(raw) for item in self.sources)


def _needs(*needs: tuple[str, str]) -> Needs:
    return tuple((name, tuple(fields.split())) for name, fields in needs)


def _from(*needs: tuple[str, str]) -> Source:
    return Source(_needs(*needs))


_STUDENT, _NAME = "Student/Student", "Demographics/Name"
_YEAR, _SPAN = "Enrollment/StudentEntityYear", "Enrollment/EntryWithdrawal"
_PLACE, _ADDRESS = "Demographics/NameAddress", "Demographics/Address"
_FAMILY = ("Family/StudentFamily", "StudentID FamilyID Rank")
_PAIR = "Family/StudentGuardian"
_PHYSICAL = (_PLACE, "NameID AddressID IsPhysical")
_MAILING = (_PLACE, "NameID AddressID IsMailing IsPhysical")
_ZIP = (_ADDRESS, "AddressID ZipID")
_RACES = "IsHispanic IsWhite IsBlack IsAsian IsAlaskan IsHawaiian"
_LAST_OR_NONE = "row rejected: no document without it"
_FOREIGN = " ".join(f"InternationalAddress{line}" for line in range(1, 5))


def _street_sources(place: tuple[str, str]) -> tuple[Source, ...]:
    kinds = "AddressID AddressType AddressTypeCode"
    return (
        _from(
            place,
            (_ADDRESS, f"{kinds} StreetNumberAndNameIncludeSecondaryUnit AddressLine2"),
        ),
        _from(
            place,
            (_ADDRESS, f"{kinds} StreetNumber StreetID SecondaryUnitNumber"),
            ("Demographics/Street", "StreetID StreetNameWithDirectionCode Name"),
        ),
        _from(place, (_ADDRESS, f"{kinds} POBox")),
        _from(place, (_ADDRESS, f"{kinds} FreeformAddress")),
        _from(place, (_ADDRESS, f"{kinds} {_FOREIGN}")),
    )


def _address_rules(place: tuple[str, str], key: str) -> dict[str, ColumnRule]:
    object_name = _STUDENT if key == "StudentID" else _PAIR
    where = (
        "the physical address; of several the one of the first family, then the newest"
        if key == "StudentID"
        else "the mailing address, else the physical one; of several the newest"
    )
    common: dict[str, Any] = {"reject_object": object_name, "reject_key": key}
    return {
        "address": ColumnRule(
            _street_sources(place),
            f"{where}; street with unit, PO box, rural route or foreign lines in one line",
            **common,
        ),
        "city": ColumnRule(
            (_from(place, _ZIP, ("Demographics/Zip", "ZipID City")),), "trimmed", **common
        ),
        "state": ColumnRule(
            (
                _from(
                    place,
                    _ZIP,
                    ("Demographics/Zip", "ZipID StateID"),
                    ("SkySys/State", "StateID Code"),
                ),
                _from(place, _ZIP, ("Demographics/Zip", "ZipID FreeFormState")),
            ),
            "the state's code; of a foreign address its own text",
            **common,
        ),
        "zip": ColumnRule(
            (
                _from(
                    place,
                    (_ADDRESS, "AddressID ZipID ZipCodeAddOn"),
                    ("Demographics/Zip", "ZipID ZipCode"),
                ),
            ),
            "five digits, with the four of ZIP+4 after a hyphen; foreign ones as they are",
            also=_needs(("Demographics/Zip", "CountryCode")),
            invalid="no such form: the published value stays",
            **common,
        ),
    }


def _name_rules(key: str, join: tuple[str, str]) -> dict[str, ColumnRule]:
    object_name = _STUDENT if key == "StudentID" else _PAIR
    required: dict[str, Any] = {
        "missing": _LAST_OR_NONE,
        "invalid": "no letter, or lost characters: row rejected",
    }
    if key != "StudentID":
        required = {
            "missing": "pair rejected without a last name; what is published of it stays",
            "invalid": "no letter, or lost characters: pair rejected, published one stays",
        }
    common: dict[str, Any] = {"reject_object": object_name, "reject_key": key}
    return {
        "last_name": ColumnRule(
            (
                _from(join, (_NAME, "NameID LastNameLegal FirstNameLegal")),
                _from(join, (_NAME, "NameID LastName")),
            ),
            "the legal name; trimmed, blanks folded, Unicode NFC, capitals as they are",
            **required,
            **common,
        ),
        "first_name": ColumnRule(
            (
                _from(join, (_NAME, "NameID FirstNameLegal LastNameLegal")),
                _from(join, (_NAME, "NameID FirstName")),
            ),
            "the legal name; trimmed, blanks folded, Unicode NFC, capitals as they are",
            **(required if key == "StudentID" else {}),
            **common,
        ),
        "middle_name": ColumnRule(
            (
                _from(join, (_NAME, "NameID MiddleNameLegal FirstNameLegal LastNameLegal")),
                _from(join, (_NAME, "NameID MiddleName")),
            ),
            "with a whole legal name its own middle name, blank or not",
            **common,
        ),
        "name_suffix": ColumnRule(
            (
                _from(
                    join,
                    (_NAME, "NameID NameSuffixIDLegal FirstNameLegal LastNameLegal"),
                    ("Demographics/NameSuffix", "NameSuffixID Code Description"),
                ),
                _from(
                    join,
                    (_NAME, "NameID NameSuffixID"),
                    ("Demographics/NameSuffix", "NameSuffixID Code Description"),
                ),
            ),
            "the suffix in words, else its code",
            **common,
        ),
    }


_OF_STUDENT = (_STUDENT, "StudentID NameID")
_COUNTED = (_YEAR, "StudentID EntityID SchoolYearID IsActive IsDefaultEntity")
_SPANS = (_SPAN, "StudentID EntityID SchoolYearID SchoolID StartDate EndDate")
_NEVER_BLANK = "never blank: an enrollment that counts always has it"

STUDENT_RULES: dict[str, ColumnRule] = {
    "student_id": ColumnRule(
        (_from((_STUDENT, "StudentNumber")),),
        "trimmed",
        missing="row rejected",
        invalid="other than 1 to 20 letters and digits, or the same on two students: row rejected",
    ),
    **_name_rules("StudentID", _OF_STUDENT),
    "date_of_birth": ColumnRule(
        (_from(_OF_STUDENT, (_NAME, "NameID BirthDate")),),
        "ISO or US form, with or without time and zone; the date as written",
        missing=_LAST_OR_NONE,
        invalid="no date, in the future, or beyond the age limit: row rejected",
    ),
    "gender": ColumnRule(
        (
            _from(_OF_STUDENT, (_NAME, "NameID Gender")),
            _from(_OF_STUDENT, (_NAME, "NameID GenderCode")),
        ),
        "the legal gender as Male or Female",
        invalid="a word that SameGoal's import does not take: the published value stays",
    ),
    "district_enrollment": ColumnRule(
        (
            _from(
                (_STUDENT, "StudentID IsGraduated GraduationDate"),
                _COUNTED,
                _SPANS,
                ("District/Entity", "EntityID DistrictID SchoolYearIDCurrent IsDistrictWide"),
                ("District/SchoolYear", "SchoolYearID NumericYear"),
                (_SPAN, "WithdrawalCodeID"),
                ("Enrollment/WithdrawalCode", "WithdrawalCodeID Type Description"),
            ),
            _from(_COUNTED, _SPANS),
        ),
        "by dates, codes and flags of the enrollment that counts",
        missing=_NEVER_BLANK,
        also=_needs((_SPAN, "IsDefaultEntity"), ("Enrollment/WithdrawalCode", "Code")),
        invalid="a date of it can't be read: the published value stays; where what tells how a "
        "student left is not shared, who is published as having left stays so",
    ),
    "enrollment_reason": ColumnRule(
        (_from(_COUNTED, _SPANS),), "the reason of district_enrollment", missing=_NEVER_BLANK
    ),
    "grade": ColumnRule(
        (_from(_COUNTED, (_YEAR, "Grade")),), "Qmlativ's own word, of the enrollment that counts"
    ),
    **_address_rules(_PHYSICAL, "StudentID"),
    "race": ColumnRule(
        (
            _from(_OF_STUDENT, (_NAME, f"NameID {_RACES}")),
            _from(_OF_STUDENT, (_NAME, "NameID EthnicityAndRace")),
        ),
        "Hispanic/Latino of any race, else two or more, else the one; else Qmlativ's text",
    ),
    "home_language": ColumnRule(
        (
            _from(
                _FAMILY,
                ("Family/Family", "FamilyID LanguageIDHome"),
                ("Demographics/Language", "LanguageID Code Description"),
            ),
            _from(
                (_STUDENT, "LanguageIDNative"),
                ("Demographics/Language", "LanguageID Code Description"),
            ),
            _from(
                (_STUDENT, "LanguageIDPrimary"),
                ("Demographics/Language", "LanguageID Code Description"),
            ),
        ),
        "two-letter ISO 639-1 code, by the language's name, else its code",
        invalid="a language without such a code: the published value stays",
    ),
    "district_of_residence": ColumnRule((), "not read: it lies in objects of each state"),
    "county_of_residence": ColumnRule(
        (
            _from(
                _PHYSICAL,
                (_ADDRESS, "AddressID CountyID"),
                ("Demographics/County", "CountyID Name"),
            ),
        ),
        "the county of the student's address",
    ),
    "district_of_service": ColumnRule(
        (_from(("District/District", "DistrictID Name")),), "the district's name"
    ),
    "student_reporting_id": ColumnRule((_from((_STUDENT, "CalculatedStudentStateID")),), "trimmed"),
    "building": ColumnRule(
        (
            _from(_SPANS, ("Enrollment/School", "SchoolID SchoolYearID DistrictID Code Name")),
            _from(
                _COUNTED,
                ("Enrollment/EntitySchool", "EntityID SchoolID IsDefaultSchoolForEntity"),
                ("Enrollment/School", "SchoolID SchoolYearID DistrictID Code Name"),
            ),
            _from(_COUNTED, ("District/Entity", "EntityID Name")),
        ),
        "the school of the enrollment that counts, by the name the district has in SameGoal",
    ),
    "building_reporting_id": ColumnRule(
        (
            _from(
                _SPANS,
                ("Enrollment/School", "SchoolID SchoolYearID DistrictID Code StateAssignedID"),
            ),
        ),
        "the school's id in state reporting",
    ),
    "sis_internal_id": ColumnRule(
        (_from((_STUDENT, "StudentID")),), "Qmlativ's StudentID; never changes", missing="no row"
    ),
}

_OF_GUARDIAN = (_PAIR, "StudentID NameIDGuardian")
_PAIR_KEY: dict[str, Any] = {"reject_object": _PAIR, "reject_key": "StudentGuardianID"}


def _phone(kind: str) -> ColumnRule:
    return ColumnRule(
        (
            _from(
                _OF_GUARDIAN,
                (
                    "Demographics/NamePhone",
                    "NameID PhoneNumber PhoneTypeID IsConfidential",
                ),
                ("Demographics/PhoneType", "PhoneTypeID Code Description"),
            ),
        ),
        f"the first valid {kind} phone by rank, as 312-555-0123 x45; international ones as they "
        "are; confidential ones and faxes never",
        also=_needs(("Demographics/NamePhone", "Extension IsInternational IsFax Rank")),
        invalid="no number that can be called: the published value stays, unless a confidential "
        "one of this kind exists",
        **_PAIR_KEY,
    )


def _pair_flag(field: str, cleaning: str) -> ColumnRule:
    return ColumnRule((_from(_OF_GUARDIAN, (_PAIR, field)),), cleaning, **_PAIR_KEY)


GUARDIAN_RULES: dict[str, ColumnRule] = {
    "student_id": STUDENT_RULES["student_id"],
    "guardian_id": ColumnRule(
        (_from((_PAIR, "NameIDGuardian")),),
        "Qmlativ's NameID; never changes",
        missing="pair rejected",
        **_PAIR_KEY,
    ),
    "priority": ColumnRule(
        (
            _from(_OF_GUARDIAN, (_PAIR, "Rank")),
            _from(_OF_GUARDIAN, _FAMILY, ("Family/FamilyGuardian", "FamilyID NameID Rank")),
        ),
        "1, 2, ... by StudentGuardian.Rank where set, then family rank, then guardian rank, then "
        "id; a guardian who is withheld leaves the number empty",
        missing=_NEVER_BLANK,
        **_PAIR_KEY,
    ),
    **_name_rules("StudentGuardianID", _OF_GUARDIAN),
    "relationship": ColumnRule(
        (
            _from(
                _OF_GUARDIAN,
                (_PAIR, "RelationshipID"),
                ("Demographics/Relationship", "RelationshipID Code Description"),
            ),
        ),
        "Qmlativ's own words, else its code",
        **_PAIR_KEY,
    ),
    "custodial": _pair_flag("IsCustodialGuardian", "as it is"),
    "emergency_contact": _pair_flag("IsEmergencyContact", "as it is"),
    "pickup": _pair_flag("AllowStudentPickup", "as it is"),
    "lives_with": ColumnRule(
        (_from(_OF_GUARDIAN, _FAMILY, ("Family/FamilyGuardian", "FamilyID NameID")),),
        "whether the guardian belongs to the student's first family; blank where that is not clear",
        **_PAIR_KEY,
    ),
    "restricted": ColumnRule(
        (
            _from(
                (
                    "Family/StudentGuardianRestrictedAccess",
                    "StudentGuardianID StartDate EndDate",
                ),
            ),
            _from(_OF_GUARDIAN, (_PAIR, "HasActiveRestrictedAccess")),
        ),
        "whether a restriction is active tonight; a start that can't be read counts as begun, an "
        "end that can't be read as not yet come",
        **_PAIR_KEY,
    ),
    **_address_rules(_MAILING, "StudentGuardianID"),
    "home_phone": _phone("home"),
    "work_phone": _phone("work"),
    "cell_phone": _phone("cell"),
    "email": ColumnRule(
        (_from(_OF_GUARDIAN, ("Demographics/NameEmail", "NameID EmailAddress Rank")),),
        "that person's own first e-mail by rank; its host in small letters",
        invalid="no e-mail address, or two in one value: the published value stays; a "
        "restricted guardian's, or nobody's own (docs/restrictions.md): the published value goes",
        **_PAIR_KEY,
    ),
    "language": ColumnRule(
        (
            _from(
                _OF_GUARDIAN,
                ("Family/FamilyGuardian", "FamilyID NameID"),
                ("Family/Family", "FamilyID LanguageIDHome"),
                ("Demographics/Language", "LanguageID Code Description"),
            ),
        ),
        "home language of the guardian's family, as two-letter ISO 639-1 code",
        invalid="a language without such a code: the published value stays",
        **_PAIR_KEY,
    ),
}

#: Curated table -> its rules, in the order of its columns.
RULES: dict[str, dict[str, ColumnRule]] = {
    "student_demographics": STUDENT_RULES,
    "guardian_demographics": GUARDIAN_RULES,
}


def column_sources(table: str) -> dict[str, list[tuple[str, str]]]:
    """Curated column -> the ``(object, field)`` pairs it is made of, each once, in order.

    Args:
        table: ``student_demographics`` or ``guardian_demographics``.
    """
    return {
        column: list(
            dict.fromkeys(
                pair for source in (*rule.sources, Source(rule.also)) for pair in source.fields
            )
        )
        for column, rule in RULES[table].items()
    }


def absent_columns(rules: dict[str, ColumnRule], raw: RawObjects) -> frozenset[str]:
    """Columns none of whose sources was shared tonight: what is published of them stays."""
    return frozenset(column for column, rule in rules.items() if rule.is_absent(raw))


def partly_absent_columns(rules: dict[str, ColumnRule], raw: RawObjects) -> frozenset[str]:
    """Columns of which a source was not shared: where they come out blank, the published stays."""
    return frozenset(column for column, rule in rules.items() if rule.is_partly_absent(raw))
