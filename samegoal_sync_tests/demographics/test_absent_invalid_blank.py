"""Absent, invalid and blank look alike and are three things: they are told apart to the end."""

from __future__ import annotations

import pytest

from samegoal_sync.demographics.columns.curated_frames import KEEP_HOW_LEFT
from samegoal_sync_tests.demographics.district_builder import (
    OTHER_DISTRICTS,
    DistrictBuilder,
    Span,
)


def district_with_gender(gender: str | None) -> DistrictBuilder:
    district = DistrictBuilder()
    district.student(Gender=gender)
    return district


def test_blank_is_published_as_blank() -> None:
    curated = district_with_gender("  ").students()
    assert curated.frame.item(0, "gender") is None
    assert curated.frame.item(0, "keep").to_list() == []
    assert "gender" not in curated.absent
    assert curated.rejects.is_empty()


def test_invalid_keeps_the_published_value_of_its_row_and_says_why() -> None:
    curated = district_with_gender("unknown to us").students()
    assert curated.frame.item(0, "keep").to_list() == ["gender"]
    assert "gender" not in curated.absent
    assert curated.rejects.get_column("rule").to_list() == ["gender_not_accepted"]


def test_absent_keeps_the_published_column_and_rejects_nothing() -> None:
    district = district_with_gender("Female")
    district.not_shared("Demographics/Name", "Gender", "GenderCode")
    curated = district.students()
    assert "gender" in curated.absent
    assert curated.frame.item(0, "keep").to_list() == []
    assert curated.rejects.is_empty()


def test_a_source_absent_beside_another_keeps_only_the_rows_that_come_out_blank() -> None:
    district = district_with_gender("Female")
    district.student("S2", Gender=None, GenderCode="M")
    district.not_shared("Demographics/Name", "GenderCode")
    curated = district.students()
    assert "gender" not in curated.absent
    assert curated.frame.get_column("gender").to_list() == ["Female", None]
    assert curated.frame.get_column("keep").to_list() == [[], ["gender"]]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("Demographics/County", {"county_of_residence"}),
        ("Demographics/NameSuffix", {"name_suffix"}),
        ("Demographics/Language", {"home_language"}),
    ],
)
def test_an_object_that_was_refused_makes_its_columns_absent(name: str, columns: set[str]) -> None:
    district = district_with_gender("Female")
    district.not_shared(name)
    assert district.students().absent == columns | {"district_of_residence"}


def test_district_of_residence_is_never_read_so_always_absent() -> None:
    assert district_with_gender("Male").students().absent == {"district_of_residence"}


def test_phone_columns_without_their_types_are_absent() -> None:
    district = DistrictBuilder()
    district.phone(district.guardian(district.student()), "312-555-0100")
    district.not_shared("Demographics/PhoneType")
    assert district.guardians().absent == {"home_phone", "work_phone", "cell_phone"}


def test_text_that_lost_characters_is_invalid() -> None:
    district = DistrictBuilder()
    district.student(MiddleName="Mu\ufffdoz")
    curated = district.students()
    assert curated.frame.item(0, "middle_name") is None
    assert curated.frame.item(0, "keep").to_list() == ["middle_name"]
    assert curated.rejects.get_column("rule").to_list() == ["text_damaged"]


_LEFT: Span = ("2026-08-12", "2026-11-24", 1)
_OPEN: Span = ("2026-08-12", None, None)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Enrollment/WithdrawalCode", None),
        ("Enrollment/EntryWithdrawal", "WithdrawalCodeID"),
        ("Student/Student", "IsGraduated"),
    ],
)
@pytest.mark.parametrize(
    ("active", "span", "kept"), [(False, _LEFT, True), (True, _LEFT, True), (True, _OPEN, False)]
)
def test_without_codes_who_is_published_as_having_left_stays_so(
    name: str, field: str | None, *, active: bool, span: Span, kept: bool
) -> None:
    district = DistrictBuilder()
    district.enrollment(district.student(enrolled=False), active=active, spans=(span,))
    assert district.only_student()["keep"] == []
    district.not_shared(name, *([field] if field else []))
    assert (KEEP_HOW_LEFT in district.only_student()["keep"]) == kept


def test_where_the_districts_own_row_did_not_come_nobody_elses_student_is_taken() -> None:
    district = DistrictBuilder()
    theirs = district.student("S9", enrolled=False)
    district.enrollment(theirs, entity=OTHER_DISTRICTS)
    district.student("S1")
    district.rows["District/District"] = []
    frame = district.students(district_id=1).frame
    assert frame.get_column("student_id").to_list() == ["S1"]
