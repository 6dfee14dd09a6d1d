"""Exit codes: the whole of Ed-Fi's and several states' tables comes out right or as not known."""

from __future__ import annotations

import csv
from datetime import date
from importlib.resources import files

import pytest

from samegoal_sync.demographics.students.withdrawal_codes import (
    EXIT_REASONS,
    NOT_KNOWN,
    meaning,
    meaning_of_words,
)
from samegoal_sync.district import STAYS, DistrictSettings
from samegoal_sync_tests.demographics.district_builder import (
    NEXT_YEAR,
    THIS_YEAR,
    DistrictBuilder,
)

_TABLE = list(
    csv.DictReader(
        files("samegoal_sync.demographics.students")
        .joinpath("exit_codes.csv")
        .read_text(encoding="utf-8")
        .splitlines()
    )
)


@pytest.mark.parametrize("row", _TABLE, ids=lambda row: f"{row['source']} {row['entry']}")
def test_each_entry_of_the_public_tables(row: dict[str, str]) -> None:
    status = row["district_enrollment"] or NOT_KNOWN[0]
    for entry in (row["entry"], row["entry"].upper(), f" {row['entry']}. "):
        found, reason = meaning(None, entry)
        assert found == status
        assert (reason == NOT_KNOWN[1]) == (not row["district_enrollment"])
    # The words alone, for entries that are in no table, never say another thing.
    assert meaning_of_words(row["entry"])[0] in (status, NOT_KNOWN[0])


def test_the_tables_are_those_of_ed_fi_and_of_at_least_three_states() -> None:
    assert {"Ed-Fi", "TX", "PA", "MN", "WI", "NY"} <= {row["source"] for row in _TABLE}
    known = {*EXIT_REASONS, STAYS, ""}
    assert {row["district_enrollment"] for row in _TABLE} <= known


@pytest.mark.parametrize(
    "entry",
    [
        "Did not earn a diploma", "Diploma not earned", "Pre-graduation", "pre-graduate",
        "Equivalency diploma", "Enrolled in a diploma program", "Graduate program",
        "Death in the family", "Not a dropout", "Dropout recovery program", "Transfer student",
        "Certificate of attendance", "Non-graduate", "Graduation requirements", "Moved on to GED",
        "Never graduated", "Dropped off by bus", "Transferred credits", "Adult diploma",
        "Expected graduate", "Graduation pending", "Deceased parent", "Potential dropout",
        "Drop", "Dropped", "Dropped from school", "Drop in", "Transfer in", "Transferred in",
        "Moved into district", "Moved from another state", "Transferred from another district",
        "Transfer within school", "Transferred to same school", "Same-school transfer",
        "Alternative diploma", "Ended", "End", "End of term", "Diploma withheld", "Diploma revoked",
        "Middle school graduation", "8th grade graduation", "Diploma from GED", "Grad school",
        "Transfer denied", "Moved to homeroom 12", "Moved at end of year", "Not returning",
        "End of year - graduated", "Graduated/Transferred", "Dropped out - later graduated",
    ],
)  # fmt: skip
def test_a_word_too_many_makes_an_entry_not_known(entry: str) -> None:
    status, _ = meaning(None, entry)
    assert status in ("WITHDREW", "TRANSFERRED") if "student" in entry else status == "WITHDREW"


@pytest.mark.parametrize(
    ("kind", "description", "status"),
    [
        ("Transfer", "Moved out of state", "TRANSFERRED"),
        ("Drop Out", "Left school", "DROPPED_OUT"),
        ("Graduate", "Regular diploma", "GRADUATED"),
        ("Graduate", "Did not graduate", "WITHDREW"),
        ("No Show", None, "WITHDREW"),
        (None, "Dropped out", "DROPPED_OUT"),
        (None, "Drop-Out", "DROPPED_OUT"),
        (None, "Promoted to next grade", STAYS),
        (None, "EOY", STAYS),
        (None, "Year end rollover", STAYS),
        (None, "Ending of the school year", STAYS),
        (None, "HS Grad.", "GRADUATED"),
        (None, "Graduated, standard HS diploma", "GRADUATED"),
        (None, "Transferred to another school in the district", "TRANSFERRED"),
        (None, "Moved within state", "TRANSFERRED"),
    ],
)
def test_type_and_description_together(
    kind: str | None, description: str | None, status: str
) -> None:
    assert meaning(kind, description)[0] == status


def closed(
    code: int, *, end: str = "2027-05-28", next_active: bool | None = True
) -> DistrictBuilder:
    """A student whose year ended with a code, and whose next year's row exists."""
    district = DistrictBuilder()
    district.add("Enrollment/WithdrawalCode", WithdrawalCodeID=70, Code="E9", Description="Code 9")
    district.add("Enrollment/WithdrawalCode", WithdrawalCodeID=71, Description="End of school year")
    student = district.student(enrolled=False)
    district.enrollment(student, year=THIS_YEAR, spans=(("2026-08-12", end, code),), active=False)
    district.enrollment(student, year=NEXT_YEAR, spans=(), active=next_active)
    return district


@pytest.mark.parametrize("code", [70, 71])
@pytest.mark.parametrize("next_active", [True, None])
@pytest.mark.parametrize("today", [date(2027, 5, 29), date(2027, 6, 30), date(2027, 7, 20)])
def test_a_code_on_everybody_at_the_end_of_the_year_leaves_them_enrolled(
    code: int, today: date, next_active: bool | None
) -> None:
    row = closed(code, next_active=next_active).only_student(today=today)
    assert (row["district_enrollment"], row["enrollment_reason"]) == (
        "ENROLLED",
        "enrolled_between_school_years",
    )


def test_who_left_by_a_known_code_in_june_is_not_there_over_the_summer() -> None:
    assert closed(1).only_student(today=date(2027, 7, 5))["district_enrollment"] == "PRE_ENROLLED"


def test_who_left_in_march_by_an_unknown_code_has_not_stayed() -> None:
    district = closed(70, end="2027-03-10")
    assert district.only_student(today=date(2027, 3, 20))["district_enrollment"] == "PRE_ENROLLED"


@pytest.mark.parametrize("name", ["E9", "e9", "Code 9", " code 9 "])
@pytest.mark.parametrize(
    ("status", "reason"),
    [("GRADUATED", "withdrawal_graduated"), ("INACTIVE", "withdrawal_inactive")],
)
def test_a_districts_own_mapping_wins_and_the_unmatched_are_listed_with_counts(
    name: str, status: str, reason: str
) -> None:
    district = DistrictBuilder()
    district.add("Enrollment/WithdrawalCode", WithdrawalCodeID=70, Code="E9", Description="Code 9")
    for number in ("S1", "S2"):
        student = district.student(number, enrolled=False)
        district.enrollment(student, spans=(("2026-08-12", "2026-11-20", 70),), active=False)
    assert district.students().findings["exit_codes_not_matched"] == {"Code 9": 2}
    curated = district.students(DistrictSettings(exit_codes={name: status}))
    assert curated.frame["district_enrollment"].to_list() == [status, status]
    assert curated.frame["enrollment_reason"].to_list() == [reason, reason]
    assert curated.findings["exit_codes_not_matched"] == {}
