"""Few bytes that multiply when they are joined stop a district before they fill the memory."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from samegoal_sync.demographics import memory_bounds
from samegoal_sync.demographics.curate_district import curate
from samegoal_sync.demographics.errors import FramesTooLarge, TooManyPairs
from samegoal_sync.demographics.memory_bounds import many_to_many
from samegoal_sync.district import District, DistrictState
from samegoal_sync_tests.demographics.district_builder import HIGH, TODAY, DistrictBuilder

DISTRICT = District(
    "fairview-isd", "Fairview", DistrictState.ACTIVE, "https://fairview.example", "KEY"
)
_EACH = 400
_OBJECTS = ("Family/StudentFamily", "Family/FamilyGuardian")


@pytest.fixture(autouse=True)
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that the machine of the tests could go beyond without harm."""
    monkeypatch.setattr(memory_bounds, "MOST_PAIRS", _EACH * _EACH - 1)


def _one_family(district: DistrictBuilder) -> None:
    family = district.add("Family/Family")
    for number in range(_EACH):
        student = district.student(f"P{number}", enrolled=False)
        district.add("Family/StudentFamily", StudentID=student, FamilyID=family, Rank=1)
        district.add("Family/FamilyGuardian", FamilyID=family, NameID=district.person(), Rank=1)


def _one_person(district: DistrictBuilder) -> None:
    person = district.person()
    for number in range(_EACH):
        student = district.add("Student/Student", NameID=person, StudentNumber=f"P{number}")
        district.enrollment(student)
        district.add("Demographics/NameAddress", NameID=person, AddressID=1, IsPhysical=True)


def _a_guardian_of_many_homes(district: DistrictBuilder) -> None:
    person = district.person()
    for _ in range(_EACH):
        family = district.add("Family/Family")
        district.add("Family/FamilyGuardian", FamilyID=family, NameID=person, Rank=1)
        district.add("Demographics/NameAddress", NameID=person, AddressID=1, IsPhysical=True)


def _one_code_of_all_schools(district: DistrictBuilder) -> None:
    for year in range(100, 100 + _EACH):
        district.add("Enrollment/School", Code="001", DistrictID=1, SchoolYearID=year, Name="High")


def _an_entity_of_all_schools(district: DistrictBuilder) -> None:
    for year in range(100, 120):
        school = district.add(
            "Enrollment/School", Code="001", DistrictID=1, SchoolYearID=year, Name="High"
        )
    for _ in range(_EACH * _EACH // 20):
        district.add("Enrollment/EntitySchool", EntityID=HIGH, SchoolID=school)


def _one_guardian_with_every_address(district: DistrictBuilder) -> None:
    people = [district.person() for _ in range(7)]
    for number in range(_EACH):
        district.add("Family/StudentGuardian", StudentID=number, NameIDGuardian=people[0])
        for person in people:
            district.add(
                "Demographics/NameEmail", NameID=person, EmailAddress=f"office{number}@isd.example"
            )


@pytest.mark.parametrize(
    ("made", "objects"),
    [
        (_one_family, _OBJECTS),
        (_one_person, ("Student/Student", "Demographics/NameAddress")),
        (_a_guardian_of_many_homes, ("Family/FamilyGuardian", "Demographics/NameAddress")),
        (_one_code_of_all_schools, ("Enrollment/School", "Enrollment/School")),
        (_an_entity_of_all_schools, ("Enrollment/EntitySchool", "Enrollment/School")),
        (
            _one_guardian_with_every_address,
            ("Family/StudentGuardian", "Demographics/NameEmail"),
        ),
    ],
)
def test_rows_that_multiply_stop_the_district(
    made: Callable[[DistrictBuilder], None], objects: tuple[str, str]
) -> None:
    district = DistrictBuilder()
    district.student()
    made(district)
    with pytest.raises(TooManyPairs, match=f"{objects[0]} and {objects[1]} give ") as stopped:
        curate(district.raw(), DISTRICT, TODAY)
    assert "placeholder" in stopped.value.hint


def test_it_is_said_which_key_has_how_many_rows() -> None:
    left = pl.DataFrame({"FamilyID": [7] * _EACH + [8, 9]})
    right = pl.DataFrame({"FamilyID": [7] * (_EACH + 1) + [9]})
    with pytest.raises(TooManyPairs) as stopped:
        many_to_many(left, right, ["FamilyID"], _OBJECTS)
    assert stopped.value.what == (
        "Family/StudentFamily and Family/FamilyGuardian give 160,401 pairs of rows by FamilyID; "
        "a single FamilyID has 400 rows of the one and 401 of the other."
    )


def test_many_rows_that_do_not_multiply_are_joined() -> None:
    keys = list(range(2 * _EACH))
    left, right = (pl.DataFrame({"FamilyID": keys, side: keys}) for side in "ab")
    joined = many_to_many(left, right, ["FamilyID"], _OBJECTS)
    assert joined.equals(left.join(right, on="FamilyID"))


def test_frames_beyond_all_bounds_are_not_curated(monkeypatch: pytest.MonkeyPatch) -> None:
    district = DistrictBuilder()
    for _ in range(5_000):
        district.person(LastName="L" * 300)
    monkeypatch.setattr(memory_bounds, "MOST_BYTES", 2**20)
    with pytest.raises(FramesTooLarge, match="fills 1 MiB of memory; at most 1 are curated"):
        curate(district.raw(), DISTRICT, TODAY)
