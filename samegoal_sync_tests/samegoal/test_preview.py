"""A preview tells what tonight would change, and changes nothing."""

from __future__ import annotations

from samegoal_sync.district import DateRange, DistrictSettings
from samegoal_sync.samegoal.publication.preview import preview
from samegoal_sync_tests.samegoal.invented_nights import (
    NIGHT,
    House,
    curated_guardians,
    curated_students,
    district,
    guardian,
    student,
)


def test_a_preview_is_what_the_night_then_does(house: House) -> None:
    house.publish(curated_students([student(1), student(2)]))
    students = curated_students([student(1, grade="08"), student(3)])
    guardians = curated_guardians([guardian(1, of=1)])
    before = house.published()
    difference = preview(house.database_url, house.district, students, guardians, NIGHT)
    assert house.published() == before
    assert house.value("select count(*) from syncs") == 1
    night = house.publish(students, guardians)
    assert difference.counts == night.counts
    assert [tuple(row[:4]) for row in difference.changes.rows()] == [
        ("S000001", None, "changed", "grade"),
        ("S000001", 500001, "added", None),
        ("S000002", None, "missing", None),
        ("S000003", None, "added", None),
    ]


def test_a_first_night_can_be_previewed(house: House) -> None:
    difference = preview(
        house.database_url,
        district(DistrictSettings(paused=DateRange(NIGHT, NIGHT))),
        curated_students([student(n) for n in range(50)]),
        curated_guardians([]),
        NIGHT,
    )
    assert difference.counts["students_added"] == 50
    assert difference.reasons == []


def test_a_preview_tells_the_guards_it_would_cross(house: House) -> None:
    house.publish(curated_students([student(n) for n in range(50)]))
    difference = preview(
        house.database_url, house.district, curated_students([]), curated_guardians([]), NIGHT
    )
    assert [reason.guard for reason in difference.reasons] == ["students_lost"]
