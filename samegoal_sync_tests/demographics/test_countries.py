"""Countries: by code or name as districts write them; here is not said, and nothing is guessed."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from samegoal_sync.demographics.guardians.curate_guardians import curate_guardians
from samegoal_sync.demographics.students.curate_students import curate_students
from samegoal_sync.district import DistrictSettings
from samegoal_sync.sandbox import SandboxDistrict, generate_district, raw_objects
from samegoal_sync_tests.demographics.district_builder import DistrictBuilder


def address_in(country: str | None) -> tuple[dict[str, object], list[str]]:
    """The student's curated row, and the rules that rejected something of it."""
    district = DistrictBuilder()
    student = district.student()
    district.add(
        "Demographics/Zip", ZipID=7, ZipCode="M5V 2T6", City="Toronto", CountryCode=country
    )
    district.address(district.name_of(student), ZipID=7)
    curated = district.students()
    return curated.frame.row(0, named=True), curated.rejects.get_column("rule").to_list()


@pytest.mark.parametrize("written", ["CA", "ca", "CAN", "Canada", " canada ", "C.A."])
def test_a_country_is_known_however_it_is_written(written: str) -> None:
    row, rules = address_in(written)
    assert row["country"] == "CA"
    assert row["zip"] == "M5V 2T6"
    assert rules == []


@pytest.mark.parametrize(
    "written",
    ["US", "us", "USA", "U.S.A.", "U S", "840", "United States", "Estados Unidos", "N/A", "none",
     "Unknown", "00", None, "", "  "],
)  # fmt: skip
def test_an_address_here_names_no_country(written: str | None) -> None:
    row, rules = address_in(written)
    assert row["country"] is None
    assert "country" not in row["keep"]  # type: ignore[operator]
    assert "country_unknown" not in rules


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("UK", "GB"),
        ("Great Britain", "GB"),
        ("russia", "RU"),
        ("South Korea", "KR"),
        ("MEX", "MX"),
        ("México", "MX"),
        ("484", "MX"),
        ("Turkey", "TR"),
        ("Micronesia", "FM"),
        ("Republic of Korea", "KR"),
        ("Macedonia", "MK"),
        ("Cape Verde", "CV"),
        ("St. Lucia", "LC"),
        ("The Netherlands", "NL"),
        ("España", "ES"),
        ("República Dominicana", "DO"),
    ],
)
def test_a_country_is_known_by_what_people_call_it(written: str, code: str) -> None:
    assert address_in(written)[0]["country"] == code


@pytest.mark.parametrize("written", ["PR", "GU", "VI", "Puerto Rico"])
def test_a_territory_has_zip_codes_as_the_states_have(written: str) -> None:
    district = DistrictBuilder()
    student = district.student()
    district.add("Demographics/Zip", ZipID=7, ZipCode="00901", City="San Juan", CountryCode=written)
    district.address(district.name_of(student), ZipID=7, ZipCodeAddOn="1234")
    row = district.only_student()
    assert row["zip"] == "00901-1234"
    assert row["country"] == {"Puerto Rico": "PR"}.get(written, written)


def test_the_sandbox_has_families_abroad() -> None:
    today = date(2026, 11, 25)
    tables = generate_district(SandboxDistrict("a", "A", students=1_000, seed=1, today=today))
    raw = raw_objects(tables)
    students = curate_students(raw, DistrictSettings(), today)
    guardians = curate_guardians(raw, students, DistrictSettings(), today)
    for frame in (students.frame, guardians.frame):
        abroad = frame.filter(pl.col("country").is_not_null())
        assert set(abroad.get_column("country")) == {"MX"}
        assert set(abroad.get_column("city")) == {"Ciudad Nueva"}


def test_no_country_is_rejected_and_keeps_what_is_published() -> None:
    row, rules = address_in("Atlantis")
    assert row["country"] is None
    assert "country" in row["keep"]  # type: ignore[operator]
    assert rules == ["country_unknown"]


def test_a_country_that_is_not_shared_stays_as_published() -> None:
    district = DistrictBuilder()
    district.address(district.name_of(district.student()))
    district.not_shared("Demographics/Zip", "CountryCode")
    assert "country" in district.students().absent


@pytest.mark.parametrize(
    ("written", "state"), [("tx", "TX"), (" Tx", "TX"), ("TX", "TX"), ("Ontario", "Ontario")]
)
def test_letter_case_does_not_matter_in_a_states_code(written: str, state: str) -> None:
    district = DistrictBuilder()
    district.address(district.name_of(district.student()))
    district.change("SkySys/State", 1, Code=written)
    assert district.only_student()["state"] == state
