"""Nights of a simulated district, dirt included, through the middle into SameGoal."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.demographics.guardians.curate_guardians import curate_guardians
from samegoal_sync.demographics.students.curate_students import curate_students
from samegoal_sync.district import DistrictSettings
from samegoal_sync.samegoal.publication.syncs import State
from samegoal_sync.sandbox import SandboxDistrict, advance_district, generate_district, raw_objects
from samegoal_sync_tests.samegoal.invented_nights import House

_FIRST = date(2026, 10, 12)


def _curated(tables: dict, today: date) -> tuple[Curated, Curated]:  # type: ignore[type-arg]
    raw, settings = raw_objects(tables), DistrictSettings()
    students = curate_students(raw, settings, today)
    return students, curate_guardians(raw, students, settings, today)


def _published_is_curated(house: House, students: Curated, guardians: Curated) -> None:
    """What is shown is what was curated: same keys, and each e-mail with its own guardian."""
    shown = dict(house.rows("select student_id, sis_internal_id from students"))
    curated = dict(students.frame.select("student_id", "sis_internal_id").iter_rows())
    assert curated.items() <= shown.items()
    emails = set(
        guardians.frame.filter(~guardians.frame["keep"].list.contains("email"))
        .select("student_id", "guardian_id", "email")
        .iter_rows()
    )
    assert emails <= set(house.rows("select student_id, guardian_id, email from guardians"))


def test_a_week_of_nights(house: House) -> None:
    tables = generate_district(SandboxDistrict("fairview-isd", "Fairview ISD", 800, today=_FIRST))
    for day in range(5):
        today = _FIRST + timedelta(days=day)
        if day:
            tables, _ = advance_district(tables, today, seed=day)
        students, guardians = _curated(tables, today)
        night = house.publish(students, guardians, night=today)
        assert night.state is State.PUBLISHED
        _published_is_curated(house, students, guardians)
        assert house.publish(students, guardians, night=today).state is State.UNCHANGED
    withheld = guardians.account.filter(guardians.account["outcome"] == "withheld")
    pairs = set(house.rows("select student_id, guardian_id from guardians"))
    assert not pairs & set(withheld.select("student_id", "guardian_id").iter_rows())


@pytest.mark.parametrize("absent", ["Demographics/NameEmail", "Family/StudentGuardian"])
def test_an_object_that_is_not_granted_loses_nothing(house: House, absent: str) -> None:
    tables = generate_district(SandboxDistrict("fairview-isd", "Fairview ISD", 300, today=_FIRST))
    house.publish(*_curated(tables, _FIRST), night=_FIRST)
    before = house.rows("select student_id, guardian_id, email from guardians order by 1, 2")
    raw, settings = raw_objects(tables, not_granted=frozenset({absent})), DistrictSettings()
    students = curate_students(raw, settings, _FIRST)
    house.publish(students, curate_guardians(raw, students, settings, _FIRST), night=_FIRST)
    assert house.rows("select student_id, guardian_id, email from guardians order by 1, 2") == (
        before
    )
