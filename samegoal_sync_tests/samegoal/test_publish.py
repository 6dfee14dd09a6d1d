"""Publication: what a night writes, keeps and removes."""

from __future__ import annotations

import pytest

from samegoal_sync.samegoal.details import student_details
from samegoal_sync.samegoal.errors import NotFit
from samegoal_sync.samegoal.publish import record_failure
from samegoal_sync_tests.samegoal.nights import (
    NIGHT,
    STARTED,
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)


@pytest.fixture
def house(database_url: str) -> House:
    return House(database_url)


def _students(*numbers: int) -> list[dict[str, object]]:
    return [student(number) for number in numbers]


def test_a_first_night_publishes_everybody(house: House) -> None:
    night = house.publish(
        curated_students(_students(1, 2)),
        curated_guardians([guardian(1, of=1), guardian(2, of=1, priority=2)]),
    )
    assert night.state == "published"
    assert night.counts["students_added"] == 2
    assert night.counts["guardians_added"] == 2
    assert night.counts["students_without_guardians"] == 1
    assert house.value("select count(*) from guardians") == 2
    assert house.value("select email from guardians where guardian_id = 500001") == (
        "parent1@example.org"
    )


def test_publishing_twice_changes_nothing(house: House) -> None:
    students = curated_students(_students(1, 2))
    guardians = curated_guardians([guardian(1, of=1)])
    house.publish(students, guardians)
    before = house.published()
    again = house.publish(students, guardians)
    assert again.state == "unchanged"
    assert again.counts["students_unchanged"] == 2
    assert again.counts["changes"] == 0
    assert house.published() == before


def test_each_changed_field_is_recorded_with_old_and_new(house: House) -> None:
    house.publish(curated_students(_students(1, 2)))
    night = house.publish(curated_students([student(1, grade="08", city=None), student(2)]))
    assert night.counts["students_changed"] == 1
    assert house.rows(
        "select student_id, kind, field, old, new from changes where sync_id = %s order by field",
        night.sync_id,
    ) == [
        ("S000001", "changed", "city", "Fairview", None),
        ("S000001", "changed", "grade", "07", "08"),
    ]


def test_details_of_one_student(house: House) -> None:
    house.publish(curated_students(_students(1)), curated_guardians([guardian(1, of=1)]))
    details = student_details(house.database_url, "fairview-isd", "S000001")
    assert details.student["last_name"] == "Last1"
    assert details.guardians[0]["email"] == "parent1@example.org"
    assert details.last_imported is not None


def test_a_failure_is_recorded_once(house: House) -> None:
    error = NotFit("the frames differ")
    for _ in range(2):
        record_failure(
            house.database_url,
            "fairview-isd",
            run_id="r",
            night=NIGHT,
            started_at=STARTED,
            error=error,
        )
    assert house.rows("select state, message, hint is not null, actor from syncs") == [
        ("failed", error.what, True, "SameGoal technical team")
    ]
