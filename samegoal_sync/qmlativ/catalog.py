"""The catalog: every Qmlativ object and field that we read, and why.

It is also the list that SameGoal must have approved by Skyward for its product, so nothing is
asked for that no curated column uses. Field names, types and keys are Qmlativ's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import polars as pl


class QmlativType(Enum):
    """Qmlativ's field types that we meet, and the polars type a raw frame holds them in.

    Dates stay text in raw frames: old systems mix formats, and raw means as sent.
    """

    ID = "BigInt"
    NUMBER = "SmallInt"
    RANK = "TinyInt"
    TEXT = "Text"
    FLAG = "Bool"
    DATE = "Date"

    @property
    def polars(self) -> pl.DataType:
        if self in (QmlativType.ID, QmlativType.NUMBER, QmlativType.RANK):
            return pl.Int64()
        return pl.Boolean() if self is QmlativType.FLAG else pl.String()


@dataclass(frozen=True)
class Field:
    """One field that we read.

    Attributes:
        name: Qmlativ's own name.
        type: Qmlativ's type.
        reason: why SameGoal needs it (shown to Skyward and to districts).
        essential: without it a district can't be read at all; otherwise the columns made of
            it stay as published and the night says so.
        unreadable: what a value counts as that the type can't hold. Where nothing is said, such
            a value makes an essential field null, and any other one as if it were not shared.
    """

    name: str
    type: QmlativType
    reason: str
    essential: bool = False
    unreadable: bool | None = None


class RawAsset(Enum):
    """Which raw asset reads an object."""

    ENTITIES = "entities"
    STUDENTS = "students"
    GUARDIANS = "guardians"


@dataclass(frozen=True)
class QmlativObject:
    """One object (``Module/Object``) with the fields we read; the first one is its primary key.

    ``essential`` objects must be granted; an optional one that is refused makes an empty frame
    whose fields are all absent. ``by_school_year`` objects are read for the current and the
    coming school year (and the one before, for those who left) by search condition. Where
    ``every_row_counts``, one row that can't be read stops the district: it may be the one that
    keeps a guardian from a student.
    """

    name: str
    asset: RawAsset
    fields: tuple[Field, ...]
    essential: bool = True
    by_school_year: bool = False
    every_row_counts: bool = False

    @property
    def module(self) -> str:
        return self.name.partition("/")[0]

    @property
    def primary_key(self) -> str:
        return self.fields[0].name

    @property
    def schema(self) -> pl.Schema:
        return pl.Schema({field.name: field.type.polars for field in self.fields})

    @property
    def unreadable(self) -> Mapping[str, bool]:
        """Field -> what a value counts as that its type can't hold."""
        return {
            field.name: field.unreadable for field in self.fields if field.unreadable is not None
        }


def _id(name: str, reason: str, *, essential: bool = True) -> Field:
    return Field(name, QmlativType.ID, reason, essential)


def _text(name: str, reason: str, *, essential: bool = False) -> Field:
    return Field(name, QmlativType.TEXT, reason, essential)


def _flag(name: str, reason: str, *, essential: bool = False) -> Field:
    return Field(name, QmlativType.FLAG, reason, essential)


def _doubtful_flag(name: str, reason: str) -> Field:
    """A flag that counts as set where what was sent is neither true nor false."""
    return Field(name, QmlativType.FLAG, reason, unreadable=True)


def _date(name: str, reason: str, *, essential: bool = False) -> Field:
    return Field(name, QmlativType.DATE, reason, essential)


def _rank(name: str, reason: str, *, essential: bool = False) -> Field:
    return Field(name, QmlativType.RANK, reason, essential)


def _number(name: str, reason: str, *, essential: bool = False) -> Field:
    return Field(name, QmlativType.NUMBER, reason, essential)


_KEY = "primary key"

ENTITY_OBJECTS: tuple[QmlativObject, ...] = (
    QmlativObject(
        "District/District",
        RawAsset.ENTITIES,
        (
            _id("DistrictID", _KEY),
            _text("Name", "district of service", essential=True),
        ),
    ),
    QmlativObject(
        "District/Entity",
        RawAsset.ENTITIES,
        (
            _id("EntityID", _KEY),
            _id("DistrictID", "which district an entity belongs to"),
            _text("Name", "building when no school is joined", essential=True),
            _flag("IsDistrictWide", "tells the district entity from schools"),
            _id("SchoolYearIDCurrent", "the school year that is current for an entity"),
        ),
    ),
    QmlativObject(
        "District/SchoolYear",
        RawAsset.ENTITIES,
        (
            _id("SchoolYearID", _KEY),
            _number("NumericYear", "orders school years", essential=True),
        ),
    ),
    QmlativObject(
        "Enrollment/School",
        RawAsset.ENTITIES,
        (
            _id("SchoolID", _KEY),
            _id("SchoolYearID", "schools are rows per school year"),
            _id("DistrictID", "only this district's schools"),
            _text("Code", "the same school across school years"),
            _text("Name", "building", essential=True),
            _text("StateAssignedID", "building reporting id"),
        ),
    ),
    QmlativObject(
        "Enrollment/EntitySchool",
        RawAsset.ENTITIES,
        (
            _id("EntitySchoolID", _KEY),
            _id("EntityID", "joins entity and school"),
            _id("SchoolID", "joins entity and school"),
            _flag("IsDefaultSchoolForEntity", "building of an entity with several schools"),
        ),
    ),
    QmlativObject(
        "Enrollment/WithdrawalCode",
        RawAsset.ENTITIES,
        (
            _id("WithdrawalCodeID", _KEY),
            _text("Code", "a district's own mapping of its withdrawal codes"),
            _text("Description", "why a student left, in words"),
            _text("Type", "kind of withdrawal"),
        ),
    ),
)

STUDENT_OBJECTS: tuple[QmlativObject, ...] = (
    QmlativObject(
        "Student/Student",
        RawAsset.STUDENTS,
        (
            _id("StudentID", "SIS Internal ID"),
            _id("NameID", "joins the student's name"),
            _text("StudentNumber", "Student Id", essential=True),
            _text("CalculatedStudentStateID", "Student Reporting Id"),
            _flag("IsGraduated", "district enrollment GRADUATED"),
            _date("GraduationDate", "district enrollment GRADUATED"),
            _id("LanguageIDNative", "home language", essential=False),
            _id("LanguageIDPrimary", "home language", essential=False),
        ),
    ),
    QmlativObject(
        "Demographics/Name",
        RawAsset.STUDENTS,
        (
            _id("NameID", _KEY),
            _text("LastName", "last name where no legal one is kept", essential=True),
            _text("FirstName", "first name where no legal one is kept", essential=True),
            _text("MiddleName", "middle name where no legal one is kept"),
            _text("LastNameLegal", "legal last name"),
            _text("FirstNameLegal", "legal first name"),
            _text("MiddleNameLegal", "legal middle name"),
            _id("NameSuffixID", "suffix", essential=False),
            _id("NameSuffixIDLegal", "legal suffix", essential=False),
            _date("BirthDate", "date of birth", essential=True),
            _text("Gender", "legal gender"),
            _text("GenderCode", "legal gender, as code"),
            _text("EthnicityAndRace", "race where the federal flags are not shared"),
            _flag("IsHispanic", "race and ethnicity"),
            _flag("IsWhite", "race and ethnicity"),
            _flag("IsBlack", "race and ethnicity"),
            _flag("IsAsian", "race and ethnicity"),
            _flag("IsAlaskan", "race and ethnicity (American Indian or Alaska Native)"),
            _flag("IsHawaiian", "race and ethnicity (Native Hawaiian or Pacific Islander)"),
        ),
    ),
    QmlativObject(
        "Demographics/NameSuffix",
        RawAsset.STUDENTS,
        (_id("NameSuffixID", _KEY), _text("Code", "suffix"), _text("Description", "suffix")),
        essential=False,
    ),
    QmlativObject(
        "Enrollment/StudentEntityYear",
        RawAsset.STUDENTS,
        (
            _id("StudentEntityYearID", _KEY),
            _id("StudentID", "joins the student"),
            _id("EntityID", "building"),
            _id("SchoolYearID", "tells school years apart"),
            _flag("IsActive", "district enrollment", essential=True),
            _flag("IsDefaultEntity", "which enrollment counts", essential=True),
            _text("Grade", "grade"),
        ),
        by_school_year=True,
    ),
    QmlativObject(
        "Enrollment/EntryWithdrawal",
        RawAsset.STUDENTS,
        (
            _id("EntryWithdrawalID", _KEY),
            _id("StudentID", "joins the student"),
            _id("EntityID", "joins the entity"),
            _id("SchoolID", "building"),
            _id("SchoolYearID", "tells school years apart"),
            _date("StartDate", "district enrollment", essential=True),
            _date("EndDate", "district enrollment", essential=True),
            _flag("IsDefaultEntity", "which enrollment counts"),
            _id("WithdrawalCodeID", "why a student left", essential=False),
        ),
        by_school_year=True,
    ),
    QmlativObject(
        "Demographics/NameAddress",
        RawAsset.STUDENTS,
        (
            _id("NameAddressID", _KEY),
            _id("NameID", "joins the person"),
            _id("AddressID", "joins the address"),
            _flag("IsPhysical", "a student's address"),
            _flag("IsMailing", "a guardian's address"),
        ),
    ),
    QmlativObject(
        "Demographics/Address",
        RawAsset.STUDENTS,
        (
            _id("AddressID", _KEY),
            _text("AddressType", "street, PO box, rural route, foreign"),
            _text("AddressTypeCode", "street, PO box, rural route, foreign"),
            _text("StreetNumberAndNameIncludeSecondaryUnit", "address"),
            _text("StreetNumber", "address"),
            _id("StreetID", "joins the street", essential=False),
            _text("SecondaryUnitNumber", "address: unit"),
            _text("AddressLine2", "address: second line"),
            _text("POBox", "address: PO box"),
            _text("FreeformAddress", "address: rural and free-form"),
            _text("InternationalAddress1", "address: foreign"),
            _text("InternationalAddress2", "address: foreign"),
            _text("InternationalAddress3", "address: foreign"),
            _text("InternationalAddress4", "address: foreign"),
            _id("ZipID", "joins city, state and zip", essential=False),
            _text("ZipCodeAddOn", "zip: the four digits after the hyphen"),
            _id("CountyID", "county of residence", essential=False),
        ),
    ),
    QmlativObject(
        "Demographics/Street",
        RawAsset.STUDENTS,
        (
            _id("StreetID", _KEY),
            _text("StreetNameWithDirectionCode", "address"),
            _text("Name", "address"),
        ),
        essential=False,
    ),
    QmlativObject(
        "Demographics/Zip",
        RawAsset.STUDENTS,
        (
            _id("ZipID", _KEY),
            _text("ZipCode", "zip"),
            _text("City", "city"),
            _id("StateID", "joins the state", essential=False),
            _text("FreeFormState", "state of a foreign address"),
            _text("CountryCode", "country; tells foreign addresses"),
        ),
    ),
    QmlativObject(
        "Demographics/County",
        RawAsset.STUDENTS,
        (_id("CountyID", _KEY), _text("Name", "county of residence")),
        essential=False,
    ),
    QmlativObject(
        "SkySys/State",
        RawAsset.STUDENTS,
        (_id("StateID", _KEY), _text("Code", "state")),
        essential=False,
    ),
    QmlativObject(
        "Demographics/Language",
        RawAsset.STUDENTS,
        (_id("LanguageID", _KEY), _text("Code", "language"), _text("Description", "language")),
        essential=False,
    ),
    QmlativObject(
        "Family/StudentFamily",
        RawAsset.STUDENTS,
        (
            _id("StudentFamilyID", _KEY),
            _id("StudentID", "joins the student"),
            _id("FamilyID", "joins the family"),
            _rank("Rank", "which family governs the student's address and order"),
        ),
    ),
    QmlativObject(
        "Family/Family",
        RawAsset.STUDENTS,
        (
            _id("FamilyID", _KEY),
            _id("LanguageIDHome", "home language", essential=False),
        ),
    ),
    QmlativObject(
        "Family/FamilyGuardian",
        RawAsset.GUARDIANS,
        (
            _id("FamilyGuardianID", _KEY),
            _id("FamilyID", "joins the family"),
            _id("NameID", "joins the guardian's name"),
            _rank("Rank", "order of guardians; whose address the family has"),
        ),
    ),
)

GUARDIAN_OBJECTS: tuple[QmlativObject, ...] = (
    QmlativObject(
        "Family/StudentGuardian",
        RawAsset.GUARDIANS,
        (
            _id("StudentGuardianID", _KEY),
            _id("StudentID", "joins the student"),
            _id("NameIDGuardian", "joins the guardian's name"),
            _id("RelationshipID", "relationship", essential=False),
            _rank("Rank", "order of guardians"),
            _flag("IsCustodialGuardian", "custodial"),
            _flag("IsEmergencyContact", "emergency contact"),
            _flag("AllowStudentPickup", "may pick the student up"),
            _doubtful_flag("HasActiveRestrictedAccess", "withholds restricted guardians"),
        ),
    ),
    QmlativObject(
        "Family/StudentGuardianRestrictedAccess",
        RawAsset.GUARDIANS,
        (
            _id("StudentGuardianRestrictedAccessID", _KEY),
            _id("StudentGuardianID", "which student and guardian are kept apart"),
            _date("StartDate", "when the restriction begins", essential=True),
            _date("EndDate", "when the restriction ends"),
        ),
        essential=False,
        every_row_counts=True,
    ),
    QmlativObject(
        "Demographics/Relationship",
        RawAsset.GUARDIANS,
        (
            _id("RelationshipID", _KEY),
            _text("Code", "relationship"),
            _text("Description", "relationship in Qmlativ's own words"),
        ),
        essential=False,
    ),
    QmlativObject(
        "Demographics/NamePhone",
        RawAsset.GUARDIANS,
        (
            _id("NamePhoneID", _KEY),
            _id("NameID", "joins the person"),
            _text("PhoneNumber", "phones", essential=True),
            _text("Extension", "phones"),
            _id("PhoneTypeID", "home, work or cell", essential=False),
            _flag("IsConfidential", "confidential phones are never published", essential=True),
            _flag("IsInternational", "international phones are left as they are"),
            _flag("IsFax", "a fax is not a phone"),
            _rank("Rank", "which phone is first"),
        ),
    ),
    QmlativObject(
        "Demographics/PhoneType",
        RawAsset.GUARDIANS,
        (_id("PhoneTypeID", _KEY), _text("Code", "phone type"), _text("Description", "phone type")),
        essential=False,
    ),
    QmlativObject(
        "Demographics/NameEmail",
        RawAsset.GUARDIANS,
        (
            _id("NameEmailID", _KEY),
            _id("NameID", "joins the person"),
            _text("EmailAddress", "e-mail", essential=True),
            _rank("Rank", "which e-mail is first"),
        ),
    ),
)

#: Every object that we read, in the order in which they are read.
CATALOG: tuple[QmlativObject, ...] = ENTITY_OBJECTS + STUDENT_OBJECTS + GUARDIAN_OBJECTS


def objects_of(asset: RawAsset) -> tuple[QmlativObject, ...]:
    """The objects that one raw asset reads."""
    return tuple(item for item in CATALOG if item.asset is asset)
