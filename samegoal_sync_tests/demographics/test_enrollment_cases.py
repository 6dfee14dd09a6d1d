"""District Enrollment as a table of cases: what Qmlativ holds, what SameGoal is told, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from samegoal_sync_tests.demographics.district_builder import (
    HIGH,
    LAST_YEAR,
    MIDDLE,
    NEXT_YEAR,
    THIS_YEAR,
    TODAY,
    DistrictBuilder,
)

JULY = date(2027, 7, 5)


@dataclass(frozen=True)
class Case:
    name: str
    enrollments: list[dict[str, Any]]
    status: str
    reason: str
    today: date = TODAY
    graduated: bool = False
    expected: dict[str, Any] = field(default_factory=dict)


def year(
    which: int,
    *spans: tuple[str | None, str | None, int | None],
    active: bool | None = True,
    entity: int = HIGH,
    default: bool = True,
    grade: str = "09",
) -> dict[str, Any]:
    return {
        "year": which,
        "spans": spans,
        "active": active,
        "entity": entity,
        "default": default,
        "grade": grade,
    }


OPEN = ("2026-08-12", None, None)
CASES = [
    Case("open span", [year(THIS_YEAR, OPEN)], "ENROLLED", "enrolled"),
    Case("ends today", [year(THIS_YEAR, ("2026-08-12", "2026-11-25", 1))], "ENROLLED", "enrolled"),
    Case(
        "left yesterday",
        [year(THIS_YEAR, ("2026-08-12", "2026-11-24", 1), active=False)],
        "TRANSFERRED",
        "withdrawal_transferred",
    ),
    Case(
        "left, flag not yet turned",
        [year(THIS_YEAR, ("2026-08-12", "2026-11-24", 2))],
        "DROPPED_OUT",
        "withdrawal_dropped_out",
    ),
    Case(
        "graduated by code",
        [year(THIS_YEAR, ("2026-08-12", "2026-11-20", 3), active=False)],
        "GRADUATED",
        "withdrawal_graduated",
    ),
    Case(
        "other code",
        [year(THIS_YEAR, ("2026-08-12", "2026-11-20", 4), active=False)],
        "WITHDREW",
        "withdrawal_other",
    ),
    Case(
        "deceased",
        [year(THIS_YEAR, ("2026-08-12", "2026-11-20", 5), active=False)],
        "INACTIVE",
        "withdrawal_deceased",
    ),
    Case(
        "words that deny graduation",
        [year(THIS_YEAR, ("2026-08-12", "2026-11-20", 6), active=False)],
        "WITHDREW",
        "withdrawal_without_graduation",
    ),
    Case(
        "left without a code",
        [year(THIS_YEAR, ("2026-08-12", "2026-11-20", None), active=False)],
        "INACTIVE",
        "inactive_without_withdrawal",
    ),
    Case(
        "active and starts next week",
        [year(THIS_YEAR, ("2026-12-01", None, None))],
        "PRE_ENROLLED",
        "starts_later",
    ),
    Case(
        "re-enters after a withdrawal",
        [year(THIS_YEAR, ("2026-08-12", "2026-10-01", 4), ("2027-01-05", None, None))],
        "PRE_ENROLLED",
        "starts_later",
    ),
    Case(
        "starts next school year",
        [year(NEXT_YEAR, ("2027-08-12", None, None))],
        "PRE_ENROLLED",
        "starts_next_school_year",
    ),
    Case(
        "rolled forward while enrolled",
        [
            year(THIS_YEAR, OPEN, grade="09"),
            year(NEXT_YEAR, ("2027-08-12", None, None), grade="10"),
        ],
        "ENROLLED",
        "enrolled",
        expected={"grade": "09"},
    ),
    Case("active without a span", [year(THIS_YEAR)], "ENROLLED", "enrolled_by_flag"),
    Case(
        "inactive without a span",
        [year(THIS_YEAR, active=False)],
        "INACTIVE",
        "inactive_without_withdrawal",
    ),
    Case("flag unknown, span open", [year(THIS_YEAR, OPEN, active=None)], "ENROLLED", "enrolled"),
    Case(
        "two schools: the default one counts",
        [
            year(THIS_YEAR, OPEN, entity=MIDDLE, default=False),
            year(THIS_YEAR, OPEN, entity=HIGH),
        ],
        "ENROLLED",
        "enrolled",
        expected={"building": "Fairview High"},
    ),
    Case(
        "only the other school still open",
        [
            year(THIS_YEAR, OPEN, entity=MIDDLE, default=False),
            year(THIS_YEAR, ("2026-08-12", "2026-10-01", 1), active=False),
        ],
        "ENROLLED",
        "enrolled",
        expected={"building": "Fairview Middle"},
    ),
    Case(
        "moved between schools in the year",
        [
            year(THIS_YEAR, ("2026-08-12", "2026-10-01", 1), active=False, entity=MIDDLE),
            year(THIS_YEAR, ("2026-10-02", None, None), entity=HIGH),
        ],
        "ENROLLED",
        "enrolled",
        expected={"building": "Fairview High"},
    ),
    Case(
        "left last school year",
        [year(LAST_YEAR, ("2025-08-12", "2026-02-01", 1), active=False)],
        "TRANSFERRED",
        "withdrawal_transferred",
    ),
    Case(
        "not rolled forward",
        [year(LAST_YEAR, ("2025-08-12", "2026-06-05", None))],
        "INACTIVE",
        "not_enrolled_this_school_year",
    ),
    Case(
        "graduated last summer",
        [year(LAST_YEAR, ("2025-08-12", "2026-06-05", None))],
        "GRADUATED",
        "graduated",
        graduated=True,
    ),
    Case(
        "graduated and in transition: still here",
        [year(THIS_YEAR, OPEN)],
        "ENROLLED",
        "enrolled",
        graduated=True,
    ),
    Case(
        "July before the turn: closed, rolled forward",
        [
            year(THIS_YEAR, ("2026-08-12", "2027-06-05", None), active=False, grade="09"),
            year(NEXT_YEAR, ("2027-08-12", None, None), grade="10"),
        ],
        "ENROLLED",
        "enrolled_between_school_years",
        today=JULY,
        expected={"grade": "09"},
    ),
    Case(
        "July before the turn: left by code, comes back",
        [
            year(THIS_YEAR, ("2026-08-12", "2027-06-05", 1), active=False),
            year(NEXT_YEAR, ("2027-08-12", None, None)),
        ],
        "PRE_ENROLLED",
        "starts_next_school_year",
        today=JULY,
    ),
    Case(
        "July before the turn: new kindergartner",
        [year(NEXT_YEAR, ("2027-08-12", None, None))],
        "PRE_ENROLLED",
        "starts_next_school_year",
        today=JULY,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_enrollment(case: Case) -> None:
    district = DistrictBuilder()
    student = district.student(enrolled=False, graduated=case.graduated)
    for enrollment in case.enrollments:
        district.enrollment(student, **enrollment)
    row = district.only_student(today=case.today)
    assert (row["district_enrollment"], row["enrollment_reason"]) == (case.status, case.reason)
    assert {name: row[name] for name in case.expected} == case.expected


TURNED = [
    Case(
        "July after the turn: goes on",
        [
            year(LAST_YEAR, ("2025-08-12", "2026-06-05", None)),
            year(THIS_YEAR, ("2026-08-12", None, None), grade="10"),
        ],
        "ENROLLED",
        "enrolled_between_school_years",
        expected={"grade": "10"},
    ),
    Case(
        "July after the turn: new",
        [year(THIS_YEAR, ("2026-08-12", None, None))],
        "PRE_ENROLLED",
        "starts_later",
    ),
    Case(
        "July after the turn: extended year",
        [year(LAST_YEAR, ("2025-08-12", "2026-07-31", None))],
        "ENROLLED",
        "enrolled_extended_year",
    ),
    Case(
        "July after the turn: span never closed",
        [year(LAST_YEAR, ("2025-08-12", None, None))],
        "INACTIVE",
        "not_enrolled_this_school_year",
    ),
]


@pytest.mark.parametrize("case", TURNED, ids=lambda case: case.name)
def test_enrollment_after_the_turn_of_the_school_year(case: Case) -> None:
    district = DistrictBuilder()
    student = district.student(enrolled=False)
    for enrollment in case.enrollments:
        district.enrollment(student, **enrollment)
    row = district.only_student(today=date(2026, 7, 5))
    assert (row["district_enrollment"], row["enrollment_reason"]) == (case.status, case.reason)
    assert {name: row[name] for name in case.expected} == case.expected


def test_each_entity_turns_over_on_its_own_day() -> None:
    district = DistrictBuilder()
    district.change("District/Entity", MIDDLE, SchoolYearIDCurrent=NEXT_YEAR)
    early, late = district.student("S1", enrolled=False), district.student("S2", enrolled=False)
    for student, entity in ((early, MIDDLE), (late, HIGH)):
        district.enrollment(
            student, entity=entity, year=NEXT_YEAR, spans=(("2027-08-12", None, None),)
        )
    reasons = district.students(today=JULY).frame.get_column("enrollment_reason").to_list()
    assert reasons == ["starts_later", "starts_next_school_year"]


def test_an_unreadable_date_keeps_the_published_status() -> None:
    district = DistrictBuilder()
    student = district.student(enrolled=False)
    district.enrollment(student, spans=(("2026-08-12", "someday", None),))
    curated = district.students()
    assert curated.frame.item(0, "keep").to_list() == ["district_enrollment", "enrollment_reason"]
    assert curated.frame.item(0, "district_enrollment") == "ENROLLED"
    assert "enrollment_date_unreadable" in curated.rejects.get_column("rule").to_list()


@pytest.mark.parametrize(
    ("enrollment", "reason"),
    [
        (None, "never_enrolled"),
        ({"entity": 9}, "other_district"),
        ({"year": LAST_YEAR - 1}, "left_before_last_school_year"),
    ],
)
def test_out_of_scope_has_its_reason(enrollment: dict[str, Any] | None, reason: str) -> None:
    district = DistrictBuilder()
    student = district.student(enrolled=False)
    if enrollment:
        district.enrollment(student, **enrollment)
    curated = district.students()
    assert curated.account.row(0, named=True)["outcome"] == "out_of_scope"
    assert curated.account.item(0, "reason") == reason
    assert curated.rejects.is_empty()
