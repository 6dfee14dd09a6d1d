"""Who may not see a student goes, and their address with them, whatever else did not come tonight.

From raw rows to what is published: a row that is rejected or missing tonight keeps what is
published of it, and must not keep a restricted guardian, or their address under another name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.curate_district import curate
from samegoal_sync.district import DateRange, DistrictSettings, Guards
from samegoal_sync.qmlativ.raw_objects import RawObjects
from samegoal_sync.refresh.refresh_student import only_student
from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync_tests.demographics.district_builder import DistrictBuilder
from samegoal_sync_tests.demographics.household import ACCESS
from samegoal_sync_tests.samegoal.invented_nights import House
from samegoal_sync_tests.samegoal.invented_nights import district as registered

_TODAY = date(2026, 11, 25)
_GIL, _UNA, _STUDENT = 501, 502, 100
_MODES = {
    "plain": None,
    "held": DistrictSettings(guards=Guards(floor=0, students_new=0, identities_changed=0)),
    "paused": DistrictSettings(paused=DateRange(_TODAY, _TODAY)),
    "adding": DistrictSettings(additions_only=DateRange(_TODAY, _TODAY)),
}
Change = Callable[[DistrictBuilder], object]


def _family() -> DistrictBuilder:
    """Una's published e-mail and phone are also Gil's, who is not restricted yet."""
    home = DistrictBuilder()
    gil = home.person(FirstName="Gil", LastName="Vale", BirthDate="1979-09-09", NameID=_GIL)
    una = home.person(FirstName="Una", LastName="Reed", BirthDate="1981-02-03", NameID=_UNA)
    home.email(gil, "gil@example.org", 1)
    home.email(gil, "home@example.org", 2)
    home.email(una, "Home@example.org", 1)
    home.phone(gil, "214-555-0177", 2, IsConfidential=True)
    home.phone(una, "(214) 555-0177", 2)
    for number in range(2):
        name = home.person(FirstName=f"Kid{number}", NameID=600 + number)
        student = home.add(
            "Student/Student", StudentID=_STUDENT + number, NameID=name, StudentNumber=f"S{number}"
        )
        home.enrollment(student)
        home.guardian(student, gil, StudentGuardianID=10 * number + 1)
        home.guardian(student, una, StudentGuardianID=10 * number + 2)
    return home


def _restricted(change: Change) -> DistrictBuilder:
    home = _family()
    home.add(ACCESS, StudentGuardianID=1, StartDate="2020-01-01")
    change(home)
    return home


def _read(home: DistrictBuilder) -> tuple[RawObjects, Curated, Curated]:
    sent = home.raw()
    raw = replace(sent, moments=dict.fromkeys(sent.frames, datetime.now(UTC)))
    return raw, *curate(raw, registered(), _TODAY)


def _without_student(home: DistrictBuilder) -> None:
    for name in ("Student/Student", "Enrollment/StudentEntityYear"):
        home.rows[name] = [row for row in home.rows[name] if row.get("StudentID") != _STUDENT]


def _without_una(home: DistrictBuilder) -> None:
    pairs = home.rows["Family/StudentGuardian"]
    home.rows["Family/StudentGuardian"] = [p for p in pairs if p["StudentGuardianID"] != 2]


def _with_another_address(home: DistrictBuilder) -> None:
    for row in home.rows["Demographics/NameEmail"]:
        if row["NameID"] == _UNA:
            row["EmailAddress"] = "una@example.org"


_CHANGES: dict[str, Change] = {
    "nothing": lambda _: None,
    "the student's number is blank": lambda home: home.change(
        "Student/Student", _STUDENT, StudentNumber=None
    ),
    "the student's row is gone": _without_student,
    "the student has no last name": lambda home: home.change(
        "Demographics/Name", 600, LastName=None
    ),
    "the student's birth date means none": lambda home: home.change(
        "Demographics/Name", 600, BirthDate="1900-01-01"
    ),
    "the other guardian has no last name": lambda home: home.change(
        "Demographics/Name", _UNA, LastName=None
    ),
    "the other guardian's pair is gone": _without_una,
    "the other guardian's address is corrected": _with_another_address,
    "e-mails are not shared": lambda home: home.not_shared("Demographics/NameEmail"),
    "phones are not shared": lambda home: home.not_shared("Demographics/NamePhone"),
    "last names are not shared": lambda home: home.not_shared("Demographics/Name", "LastName"),
}


def _shown(house: House) -> list[tuple[int, str | None, str | None]]:
    """Of the student from whom Gil is kept."""
    rows = house.rows(
        "select guardian_id, lower(email), cell_phone from guardians g "
        "join students s using (district, student_id) where s.sis_internal_id = 100"
    )
    return [(person, email, phone) for person, email, phone in rows]


def _nothing_of_gils(house: House) -> None:
    for person, email, phone in _shown(house):
        assert person != _GIL
        assert email not in ("gil@example.org", "home@example.org")
        assert not (phone or "").endswith("0177")


@pytest.mark.parametrize("change", _CHANGES)
def test_who_is_kept_away_goes_with_their_address(house: House, change: str) -> None:
    for mode, settings in _MODES.items():
        for table in ("withheld_guardians", "held_nights", "syncs", "guardians", "students"):
            house.rows(f"delete from {table} returning 1")
        house.publish(*_read(_family())[1:], night=_TODAY)
        assert len(_shown(house)) == 2
        _, students, guardians = _read(_restricted(_CHANGES[change]))
        house.publish(students, guardians, night=_TODAY, settings=settings)
        _nothing_of_gils(house)
        others = house.rows("select guardian_id from guardians where student_id = 'S1'")
        assert sorted(person for (person,) in others) == [_GIL, _UNA], mode


def test_a_refresh_of_a_student_without_a_number_keeps_them_away_too(house: House) -> None:
    house.publish(*_read(_family())[1:], night=_TODAY)
    blank = _CHANGES["the student's number is blank"]
    raw, *both = _read(_restricted(blank))
    only = only_student(raw, *both, pl.col("StudentID") == _STUDENT)
    house.publish(*only, coverage=Coverage.THESE_STUDENTS, night=_TODAY)
    _nothing_of_gils(house)


def test_what_was_judged_before_stays_while_addresses_are_not_shared(house: House) -> None:
    """Only a guardian who is kept away *since tonight* makes unknown addresses doubtful."""
    house.publish(*_read(_restricted(_with_another_address))[1:], night=_TODAY)
    assert [(p, email) for p, email, _ in _shown(house)] == [(_UNA, "una@example.org")]
    house.publish(*_read(_restricted(_CHANGES["e-mails are not shared"]))[1:], night=_TODAY)
    assert [(p, email) for p, email, _ in _shown(house)] == [(_UNA, "una@example.org")]


def test_an_older_read_without_the_number_does_not_bring_them_back(house: House) -> None:
    older = _read(_family())
    house.publish(*older[1:], night=_TODAY)
    blank = _CHANGES["the student's number is blank"]
    house.publish(*_read(_restricted(blank))[1:], night=_TODAY)
    house.publish(*older[1:], night=_TODAY, run_id="late")
    _nothing_of_gils(house)
