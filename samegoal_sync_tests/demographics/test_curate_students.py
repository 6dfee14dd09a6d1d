"""Students: names, dates, addresses, race, language, buildings, and what sets a row aside."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from samegoal_sync.demographics.errors import SeveralDistricts
from samegoal_sync.district import DistrictSettings
from samegoal_sync_tests.demographics.district_builder import (
    HIGH,
    MIDDLE,
    NEXT_YEAR,
    TODAY,
    DistrictBuilder,
)


def one_student(**name: Any) -> DistrictBuilder:
    district = DistrictBuilder()
    district.student(**name)
    return district


def full_name(row: dict[str, Any]) -> tuple[str | None, ...]:
    return tuple(row[part] for part in ("first_name", "middle_name", "last_name", "name_suffix"))


def test_the_legal_name_is_taken_whole() -> None:
    district = one_student(
        FirstName="Al",
        MiddleName="Q",
        LastName="Rivers",
        FirstNameLegal="Alma",
        LastNameLegal="Rivera",
        MiddleNameLegal=" ",
        NameSuffixID=1,
        NameSuffixIDLegal=2,
    )
    district.add("Demographics/NameSuffix", NameSuffixID=1, Code="JR", Description="Jr.")
    district.add("Demographics/NameSuffix", NameSuffixID=2, Code="III", Description=None)
    assert full_name(district.only_student()) == ("Alma", None, "Rivera", "III")


def test_a_name_without_a_legal_one_is_the_plain_one() -> None:
    row = one_student(FirstName="Al", MiddleName="Q", FirstNameLegal="", LastNameLegal=None)
    assert full_name(row.only_student()) == ("Al", "Q", "Rivera", None)


def test_a_legal_first_name_alone_goes_with_the_plain_last_name() -> None:
    row = one_student(FirstName="Al", MiddleName="Q", FirstNameLegal="Alma").only_student()
    assert full_name(row) == ("Alma", "Q", "Rivera", None)


@pytest.mark.parametrize(
    ("sent", "curated"),
    [
        ("  De  la\tCruz ", "De la Cruz"),
        ("O\u2019Neil", "O\u2019Neil"),
        ("Jose\u0301", "José"),
        ("mcDONALD", "mcDONALD"),
        ("Ng\x00uyen\x07", "Nguyen"),
        ("\ufeffA\u200bnna", "Anna"),
        ("李", "李"),
        ("\u0646\u0648\u0631\u200c\u0646", "\u0646\u0648\u0631\u200c\u0646"),
    ],
)
def test_names_are_cleaned_and_otherwise_left_as_they_are(sent: str, curated: str) -> None:
    assert one_student(LastName=sent).only_student()["last_name"] == curated


@pytest.mark.parametrize(
    "sent",
    [
        "2012-03-04",
        "2012-03-04T00:00:00",
        "2012-03-04T00:00:00Z",
        "2012-03-04T00:00:00-06:00",
        "2012-03-04T00:00:00.000+0000",
        "03/04/2012",
        "3/4/2012 12:00:00 AM",
        "03-04-2012",
        " 2012/03/04 ",
    ],
)
def test_birth_dates_are_read_in_every_form_as_they_are_written(sent: str) -> None:
    assert one_student(BirthDate=sent).only_student()["date_of_birth"] == date(2012, 3, 4)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"number": None}, "student_id_blank"),
        ({"number": "A 1"}, "student_id_invalid"),
        ({"number": "A-1"}, "student_id_invalid"),
        ({"number": "9" * 21}, "student_id_invalid"),
        ({"LastName": "  "}, "name_invalid"),
        ({"LastName": "---"}, "name_invalid"),
        ({"FirstName": "Mu\ufffdoz"}, "name_invalid"),
        ({"BirthDate": None}, "date_of_birth_blank"),
        ({"BirthDate": " "}, "date_of_birth_blank"),
        ({"BirthDate": "02/30/2012"}, "date_of_birth_unreadable"),
        ({"BirthDate": "unknown"}, "date_of_birth_unreadable"),
        ({"BirthDate": "2026-11-26"}, "date_of_birth_impossible"),
        ({"BirthDate": "1900-01-01"}, "date_of_birth_blank"),
        ({"BirthDate": "1901-05-05"}, "date_of_birth_impossible"),
    ],
)
def test_only_key_name_and_birth_date_set_a_row_aside(fields: dict[str, Any], rule: str) -> None:
    curated = one_student(**fields).students()
    assert curated.frame.is_empty()
    assert curated.account.select("outcome", "reason").row(0) == ("rejected", rule)
    assert curated.rejects.select("rule", "severity").rows() == [(rule, "row")]


@pytest.mark.parametrize("born", ["2026-11-25", "2000-11-25"])
def test_the_ends_of_the_span_of_birth_dates_are_in_it(born: str) -> None:
    assert one_student(BirthDate=born).students().frame.height == 1


def test_a_name_that_did_not_come_sets_the_student_aside() -> None:
    district = one_student()
    district.rows["Demographics/Name"].clear()
    assert district.students().account.item(0, "reason") == "name_missing"


def test_two_students_of_one_number_are_both_rejected() -> None:
    district = one_student()
    district.student("S1", FirstName="Ben")
    assert set(district.students().account.get_column("reason")) == {"student_id_twice"}


def test_a_number_that_someone_long_gone_had_is_no_fault() -> None:
    district = one_student()
    district.student("S1", enrolled=False)
    curated = district.students()
    assert curated.frame.height == 1
    assert curated.account.select("student_id", "outcome").rows() == [
        ("S1", "curated"),
        (None, "out_of_scope"),
    ]


def test_one_typo_in_an_optional_field_does_not_lose_the_student() -> None:
    district = one_student(Gender="Q")
    curated = district.students()
    assert curated.frame.item(0, "gender") is None
    assert curated.frame.item(0, "keep").to_list() == ["gender"]
    assert curated.rejects.select("column", "rule", "severity").rows() == [
        ("gender", "gender_not_accepted", "value")
    ]


@pytest.mark.parametrize(
    ("fields", "gender"),
    [
        ({"Gender": "Female"}, "Female"),
        ({"Gender": "m"}, "Male"),
        ({"GenderCode": "F"}, "Female"),
        ({}, None),
    ],
)
def test_legal_gender(fields: dict[str, str], gender: str | None) -> None:
    row = one_student(**fields).only_student()
    assert (row["gender"], row["keep"]) == (gender, [])


@pytest.mark.parametrize(
    ("fields", "race"),
    [
        ({"IsHispanic": True, "IsWhite": True}, "Hispanic/Latino"),
        ({"IsBlack": True, "IsWhite": True, "IsHispanic": False}, "Two or More Races"),
        ({"IsAlaskan": True}, "American Indian or Alaska Native"),
        ({"EthnicityAndRace": " Asian "}, "Asian"),
        ({}, None),
    ],
)
def test_race_follows_the_federal_rule(fields: dict[str, Any], race: str | None) -> None:
    assert one_student(**fields).only_student()["race"] == race


def test_race_is_qmlativs_text_where_the_flags_are_not_shared() -> None:
    district = one_student(EthnicityAndRace="White, Not Hispanic", IsHispanic=True)
    district.not_shared("Demographics/Name", "IsHispanic")
    assert district.only_student()["race"] == "White, Not Hispanic"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ZipCodeAddOn": "1234"}, ("12 Elm St", "Fairview", "TX", "75069-1234")),
        (
            {"StreetNumberAndNameIncludeSecondaryUnit": "9 Oak Ave Apt 4B", "AddressLine2": "Rear"},
            ("9 Oak Ave Apt 4B, Rear", "Fairview", "TX", "75069"),
        ),
        (
            {"StreetNumberAndNameIncludeSecondaryUnit": None, "POBox": "P.O. Box 17"},
            ("PO Box 17", "Fairview", "TX", "75069"),
        ),
        (
            {"AddressType": "PO Box", "POBox": "17"},
            ("PO Box 17", "Fairview", "TX", "75069"),
        ),
        (
            {
                "StreetNumberAndNameIncludeSecondaryUnit": None,
                "FreeformAddress": "RR 2 Box 40",
            },
            ("RR 2 Box 40", "Fairview", "TX", "75069"),
        ),
        (
            {
                "StreetNumberAndNameIncludeSecondaryUnit": None,
                "InternationalAddress1": "Calle 5 10",
                "InternationalAddress3": "Reynosa",
                "ZipID": 2,
            },
            ("Calle 5 10, Reynosa", "Reynosa", "Tamaulipas", "88-500"),
        ),
        (
            {
                "StreetNumberAndNameIncludeSecondaryUnit": None,
                "StreetNumber": "7",
                "StreetID": 1,
                "SecondaryUnitNumber": "#2",
            },
            ("7 N Main St #2", "Fairview", "TX", "75069"),
        ),
    ],
)
def test_addresses_of_every_kind(fields: dict[str, Any], expected: tuple[str, ...]) -> None:
    district = DistrictBuilder()
    student = district.student()
    district.add("Demographics/Street", StreetID=1, StreetNameWithDirectionCode="N Main St")
    district.add(
        "Demographics/Zip", ZipID=2, ZipCode="88-500", City="Reynosa", FreeFormState="Tamaulipas"
    )
    district.address(district.name_of(student), **fields)
    row = district.only_student()
    assert tuple(row[part] for part in ("address", "city", "state", "zip")) == expected


def test_the_physical_address_counts_and_of_several_the_newest() -> None:
    district = DistrictBuilder()
    name = district.name_of(district.student())
    district.address(name, StreetNumberAndNameIncludeSecondaryUnit="1 Old Rd")
    district.address(name, StreetNumberAndNameIncludeSecondaryUnit="2 New Rd")
    district.address(
        name, physical=False, mailing=True, StreetNumberAndNameIncludeSecondaryUnit="PO"
    )
    assert district.only_student()["address"] == "2 New Rd"


def test_family_one_governs_the_address_of_a_child_of_two_homes() -> None:
    district = DistrictBuilder()
    student = district.student()
    first, second = district.family(student, rank=1), district.family(student, rank=2)
    mother = district.guardian(student, family=first)
    father = district.guardian(student, family=second)
    home = district.address(mother, StreetNumberAndNameIncludeSecondaryUnit="1 First Rd")
    other = district.address(father, StreetNumberAndNameIncludeSecondaryUnit="2 Second Rd")
    district.live(district.name_of(student), home)
    district.live(district.name_of(student), other)
    assert district.only_student()["address"] == "1 First Rd"


def test_a_student_without_an_address_lives_with_the_first_family() -> None:
    district = DistrictBuilder()
    student = district.student()
    mother = district.guardian(student, family=district.family(student))
    district.address(mother, StreetNumberAndNameIncludeSecondaryUnit="1 First Rd")
    assert district.only_student()["address"] == "1 First Rd"


def test_a_bad_zip_sets_only_itself_aside() -> None:
    district = DistrictBuilder()
    district.address(district.name_of(district.student()))
    district.change("Demographics/Zip", 1, ZipCode="7506")
    row = district.only_student()
    assert (row["address"], row["city"], row["zip"], row["keep"]) == (
        "12 Elm St",
        "Fairview",
        None,
        ["zip"],
    )


@pytest.mark.parametrize(
    ("language", "code", "keep"), [(2, "es", []), (3, None, ["home_language"])]
)
def test_home_language(language: int, code: str | None, keep: list[str]) -> None:
    district = DistrictBuilder()
    district.family(district.student(), language=language)
    row = district.only_student()
    assert (row["home_language"], row["keep"]) == (code, keep)


def test_buildings_bear_the_name_that_the_district_has_in_samegoal() -> None:
    district = one_student()
    student = district.student("S2", enrolled=False)
    district.enrollment(student, entity=MIDDLE)
    settings = DistrictSettings(buildings={"Fairview High": "FHS"})
    curated = district.students(settings)
    assert curated.frame.get_column("building").to_list() == ["FHS", "Fairview Middle"]
    assert curated.findings["buildings_not_matched"] == ["Fairview Middle"]
    assert curated.frame.item(0, "building_reporting_id") == "043901001"


def test_a_school_renamed_for_next_year_is_found_by_its_code_in_the_right_year() -> None:
    district = DistrictBuilder()
    district.change("Enrollment/School", HIGH * 100 + NEXT_YEAR, Name="Fairview High STEM")
    student = district.student(enrolled=False)
    district.enrollment(student, year=NEXT_YEAR, spans=(("2027-08-12", None, None),))
    span = district.rows["Enrollment/EntryWithdrawal"][-1]
    span["SchoolID"] = HIGH * 100 + NEXT_YEAR - 1
    assert district.only_student()["building"] == "Fairview High STEM"


def test_an_enrollment_without_a_school_takes_the_entitys() -> None:
    district = one_student()
    district.rows["Enrollment/EntryWithdrawal"][-1]["SchoolID"] = None
    assert district.only_student()["building"] == "Fairview High"


def test_re_enrolled_under_a_new_id_is_reported_and_twins_are_not() -> None:
    district = one_student()
    district.student("S2", FirstName="ALMA")
    district.student("S3", FirstName="Twin")
    curated = district.students()
    assert curated.frame.height == 3
    notices = curated.rejects.filter(rule="possible_duplicate")
    assert notices.get_column("student_id").to_list() == ["S1", "S2"]
    assert curated.findings["possible_duplicates"] == 2


def test_only_this_districts_students_of_a_shared_system() -> None:
    district = one_student()
    district.add("District/District", DistrictID=2, Name="Elsewhere ISD")
    stranger = district.student("S9", enrolled=False)
    district.enrollment(stranger, entity=9)
    with pytest.raises(SeveralDistricts):
        district.students()
    curated = district.students(district_id=1)
    assert curated.frame.get_column("student_id").to_list() == ["S1"]
    assert curated.frame.item(0, "district_of_service") == "Fairview ISD"


def test_the_internal_id_is_qmlativs_student_id() -> None:
    district = DistrictBuilder()
    student = district.student()
    assert district.only_student()["sis_internal_id"] == student


def test_rows_in_any_order_give_the_same_frame() -> None:
    district = one_student()
    student = district.student("S2", enrolled=False)
    for entity in (HIGH, MIDDLE):
        district.enrollment(student, entity=entity)
    before = district.students().frame
    for rows in district.rows.values():
        rows.reverse()
    assert district.students(today=TODAY).frame.equals(before)
