"""Countries: by code or name as districts write them; here is not said, and nothing is guessed."""

from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("written", ["US", "us", "USA", "U.S.A.", "United States", None, "", "  "])
def test_an_address_here_names_no_country(written: str | None) -> None:
    row, rules = address_in(written)
    assert row["country"] is None
    assert "country" not in row["keep"]  # type: ignore[operator]
    assert "country_unknown" not in rules


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
