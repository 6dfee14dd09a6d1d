"""The columns of ``student_demographics``, which becomes SameGoal's ``students``."""

from __future__ import annotations

from typing import Any

import polars as pl

from samegoal_sync.demographics.columns.column import (
    Code,
    Column,
    Place,
    Presence,
    Table,
    needs_of,
    source,
)
from samegoal_sync.demographics.columns.shared_columns import (
    ADDRESS,
    FAMILY,
    NAME,
    NEVER_BLANK,
    STUDENT,
    TEXT,
    Person,
    address_columns,
    name_columns,
)

#: SameGoal's values of District Enrollment.
ENROLLMENTS = (
    "PRE_ENROLLED",
    "ENROLLED",
    "TRANSFERRED",
    "WITHDREW",
    "DROPPED_OUT",
    "GRADUATED",
    "INACTIVE",
    "HISTORICAL_IDLE",
)

_YEAR, _SPAN = "Enrollment/StudentEntityYear", "Enrollment/EntryWithdrawal"
_OF_STUDENT = (STUDENT, "StudentID NameID")
_COUNTED = (_YEAR, "StudentID EntityID SchoolYearID IsActive IsDefaultEntity")
_SPANS = (_SPAN, "StudentID EntityID SchoolYearID SchoolID StartDate EndDate")
_PHYSICAL = ("Demographics/NameAddress", "NameID AddressID IsPhysical")
_LANGUAGE = ("Demographics/Language", "LanguageID Code Description")
_RACES = "IsHispanic IsWhite IsBlack IsAsian IsAlaskan IsHawaiian"
_NO_DOCUMENT = "row rejected: no document without it"

_ON: dict[str, Any] = {"reject_object": STUDENT, "reject_key": "StudentID"}
_PERSON = Person(
    whose="the student",
    join=_OF_STUDENT,
    place=_PHYSICAL,
    home="the student's physical address",
    where="the physical address; of several the one of the first family, then the newest",
    on=_ON,
    names_part="Student",
    names_shown=1,
    names_filed=2,
    address_part="Address",
    address_shown=20,
    address_filed=9,
    shown_blank=True,
    no_name={"missing": _NO_DOCUMENT, "invalid": "no letter, or lost characters: row rejected"},
)

STUDENT_TABLE = Table(
    "student_demographics",
    "students",
    (
        Column(
            "student_id",
            TEXT,
            about="The student's number, by which people know them; no two students of a district "
            "have the same.",
            sources=(source((STUDENT, "StudentNumber")),),
            cleaning="trimmed",
            missing="row rejected",
            invalid="other than 1 to 20 letters and digits, or the same on two students: row "
            "rejected",
            presence=Presence.ALWAYS,
            length=20,
            form=r"^[A-Za-z0-9]{1,20}$",
            label="Student Id",
            shown=Place("School", 10),
            filed=Place("Student Id", 1),
        ),
        *name_columns(_PERSON),
        Column(
            "date_of_birth",
            pl.Date(),
            about="The student's date of birth.",
            sources=(source(_OF_STUDENT, (NAME, "NameID BirthDate")),),
            cleaning="ISO or US form, with or without time and zone; the date as written",
            missing=_NO_DOCUMENT,
            invalid="no date, in the future, or beyond the age limit: row rejected",
            presence=Presence.NEEDED,
            shown=Place("Student", 5),
            filed=Place("Date of Birth", 5),
        ),
        Column(
            "gender",
            TEXT,
            about="The student's legal gender.",
            sources=(
                source(_OF_STUDENT, (NAME, "NameID Gender")),
                source(_OF_STUDENT, (NAME, "NameID GenderCode")),
            ),
            cleaning="the legal gender as Male or Female",
            invalid="a word that SameGoal's import does not take: the published value stays",
            presence=Presence.ASKED_FOR,
            length=10,
            accepted=("Male", "Female"),
            shown=Place("Student", 6),
            filed=Place("Gender", 6),
        ),
        Column(
            "district_enrollment",
            TEXT,
            about="Where the student stands with the district: one of SameGoal's eight statuses.",
            sources=(
                source(
                    (STUDENT, "StudentID IsGraduated GraduationDate"),
                    _COUNTED,
                    _SPANS,
                    ("District/Entity", "EntityID DistrictID SchoolYearIDCurrent IsDistrictWide"),
                    ("District/SchoolYear", "SchoolYearID NumericYear"),
                    (_SPAN, "WithdrawalCodeID"),
                    ("Enrollment/WithdrawalCode", "WithdrawalCodeID Type Description"),
                ),
                source(_COUNTED, _SPANS),
            ),
            cleaning="by dates, codes and flags of the enrollment that counts",
            missing=NEVER_BLANK,
            also=needs_of((_SPAN, "IsDefaultEntity"), ("Enrollment/WithdrawalCode", "Code")),
            invalid="a date of it can't be read: the published value stays; where what tells how "
            "a student left is not shared, who is published as having left stays so",
            presence=Presence.NEEDED,
            length=30,
            accepted=ENROLLMENTS,
            code=Code.ENROLLMENT,
            filed=Place("District Enrollment", 7),
        ),
        Column(
            "enrollment_reason",
            TEXT,
            about="Why District Enrollment says what it says.",
            sources=(source(_COUNTED, _SPANS),),
            cleaning="the reason of district_enrollment",
            missing=NEVER_BLANK,
            presence=Presence.ALWAYS,
            length=60,
            code=Code.ENROLLMENT,
            copied=False,
        ),
        Column(
            "grade",
            TEXT,
            about="The student's grade.",
            sources=(source(_COUNTED, (_YEAR, "Grade")),),
            cleaning="Qmlativ's own word, of the enrollment that counts",
            length=30,
            shown=Place("School", 12),
            filed=Place("Grade", 8),
        ),
        *address_columns(_PERSON),
        Column(
            "race",
            TEXT,
            about="The student's race and ethnicity, one value by the federal rule.",
            sources=(
                source(_OF_STUDENT, (NAME, f"NameID {_RACES}")),
                source(_OF_STUDENT, (NAME, "NameID EthnicityAndRace")),
            ),
            cleaning="Hispanic/Latino of any race, else two or more, else the one; else Qmlativ's "
            "text",
            length=250,
            label="Race and ethnicity",
            shown=Place("Student", 7),
            filed=Place("Race", 13),
        ),
        Column(
            "home_language",
            TEXT,
            about="The language spoken in the student's home.",
            sources=(
                source(FAMILY, ("Family/Family", "FamilyID LanguageIDHome"), _LANGUAGE),
                source((STUDENT, "LanguageIDNative"), _LANGUAGE),
                source((STUDENT, "LanguageIDPrimary"), _LANGUAGE),
            ),
            cleaning="two-letter ISO 639-1 code, by the language's name, else its code",
            invalid="a language without such a code: the published value stays",
            length=2,
            form=r"^[a-z]{2}$",
            code=Code.LANGUAGE,
            shown=Place("Student", 8),
        ),
        Column(
            "district_of_residence",
            TEXT,
            about="The district where the student lives.",
            cleaning="not read: it lies in objects of each state",
            length=120,
            shown=Place("Districts", 30),
            filed=Place("District of Residence", 14),
        ),
        Column(
            "county_of_residence",
            TEXT,
            about="The county where the student lives.",
            sources=(
                source(
                    _PHYSICAL,
                    (ADDRESS, "AddressID CountyID"),
                    ("Demographics/County", "CountyID Name"),
                ),
            ),
            cleaning="the county of the student's address",
            length=100,
            shown=Place("Districts", 31),
            filed=Place("County of Residence", 15),
        ),
        Column(
            "district_of_service",
            TEXT,
            about="The district that serves the student.",
            sources=(source(("District/District", "DistrictID Name")),),
            cleaning="the district's name",
            length=120,
            shown=Place("Districts", 32),
            filed=Place("District of Service", 16),
        ),
        Column(
            "student_reporting_id",
            TEXT,
            about="The student's id in state reporting.",
            sources=(source((STUDENT, "CalculatedStudentStateID")),),
            cleaning="trimmed",
            length=60,
            label="Student Reporting Id",
            shown=Place("School", 13),
            filed=Place("Student Reporting Id", 17),
        ),
        Column(
            "building",
            TEXT,
            about="The school that the student attends, as named under Settings > Buildings.",
            sources=(
                source(_SPANS, ("Enrollment/School", "SchoolID SchoolYearID DistrictID Code Name")),
                source(
                    _COUNTED,
                    ("Enrollment/EntitySchool", "EntityID SchoolID IsDefaultSchoolForEntity"),
                    ("Enrollment/School", "SchoolID SchoolYearID DistrictID Code Name"),
                ),
                source(_COUNTED, ("District/Entity", "EntityID Name")),
            ),
            cleaning="the school of the enrollment that counts, by the name the district has in "
            "SameGoal",
            presence=Presence.ASKED_FOR,
            length=120,
            shown=Place("School", 11),
            filed=Place("Building", 18),
        ),
        Column(
            "building_reporting_id",
            TEXT,
            about="The id of that school in state reporting.",
            sources=(
                source(
                    _SPANS,
                    ("Enrollment/School", "SchoolID SchoolYearID DistrictID Code StateAssignedID"),
                ),
            ),
            cleaning="the school's id in state reporting",
            presence=Presence.ASKED_FOR,
            length=60,
            label="Building Reporting Id",
            shown=Place("School", 14),
            filed=Place("Building Reporting Id", 19),
        ),
        Column(
            "sis_internal_id",
            pl.Int64(),
            about="Who the student is, whatever number they have; the write-back integrations find "
            "the student by it.",
            sources=(source((STUDENT, "StudentID")),),
            cleaning="Qmlativ's StudentID; never changes",
            missing="no row",
            presence=Presence.ALWAYS,
            label="SIS Internal ID",
            filed=Place("SIS Internal ID", 20),
            copied=False,
        ),
    ),
    key=("student_id",),
    unique=("student_id", "sis_internal_id"),
)
