"""What was read earlier never overwrites what was read later, in whatever order it is published.

Each test reads (``house.read`` keeps the moment) and publishes in an order of its own.
"""

from __future__ import annotations

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.district import DateRange, DistrictSettings, Guards
from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync.samegoal.publication.held_nights import approve, held
from samegoal_sync_tests.samegoal.invented_nights import (
    NIGHT,
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)

_RESTRICTED = [("S000001", 500001, "withheld", "restricted")]
_PAUSED = DistrictSettings(paused=DateRange(NIGHT, NIGHT))
_ALWAYS_HELD = DistrictSettings(guards=Guards(floor=0, students_new=0.0, identities_changed=0.0))


def _both() -> Curated:
    return curated_guardians([guardian(n, of=1, priority=n) for n in (1, 2)])


def _one_restricted(**values: object) -> Curated:
    return curated_guardians([guardian(2, of=1, priority=2, **values)], others=_RESTRICTED)


def _guardians(house: House) -> list[int]:
    return [n for (n,) in house.rows("select guardian_id from guardians order by 1")]


def test_two_whole_nights_overlap_and_the_older_is_published_last(house: House) -> None:
    house.publish(curated_students([student(1)]), _both())
    older = house.read(curated_students([student(1), student(3)]), _both())
    newer = house.read(curated_students([student(1, grade="08")]), _one_restricted())
    house.publish(*newer)
    night = house.publish(*older)
    assert night.state == "discarded"
    assert _guardians(house) == [500002]
    assert house.rows("select student_id, grade, missing_since from students") == [
        ("S000001", "08", None)
    ]
    message = house.value("select message from syncs order by id desc limit 1")
    assert "a later read is published" in message


def test_stored_frames_published_after_a_refresh_do_not_undo_it(house: House) -> None:
    house.publish(curated_students([student(1)]), _both())
    stored = house.read(curated_students([student(1), student(3)]), _both())
    house.publish(
        curated_students([student(1, grade="09")]),
        _one_restricted(),
        coverage=Coverage.THESE_STUDENTS,
    )
    night = house.publish(*stored)
    assert (night.counts["students_rejected"], night.counts["students_added"]) == (1, 1)
    assert _guardians(house) == [500002]
    assert house.rows("select grade from students where student_id = 'S000001'") == [("09",)]
    assert house.value("select count(*) from students where missing_since is not null") == 0


def test_a_newer_read_whose_restriction_is_over_stays_against_an_older_one(house: House) -> None:
    house.publish(curated_students([student(1)]), _both())
    older = house.read(curated_students([student(1)]), _one_restricted())
    house.publish(curated_students([student(1)]), _both(), coverage=Coverage.THESE_STUDENTS)
    house.publish(*older)
    assert _guardians(house) == [500001, 500002]


def test_a_student_who_came_after_the_nights_read_is_not_missing_by_it(house: House) -> None:
    house.publish(curated_students([student(1)]))
    night = house.read(curated_students([student(1)]))
    house.publish(curated_students([student(2)]), coverage=Coverage.THESE_STUDENTS)
    assert house.publish(*night).counts["students_missing"] == 0
    assert house.value("select count(*) from students where missing_since is not null") == 0


def test_a_refresh_that_began_before_a_night_does_not_undo_it(house: House) -> None:
    house.publish(curated_students([student(1)]), _both())
    refresh = house.read(curated_students([student(1)]), _both())
    house.publish(curated_students([student(1, grade="08")]), _one_restricted())
    assert house.publish(*refresh, coverage=Coverage.THESE_STUDENTS).state == "discarded"
    assert _guardians(house) == [500002]
    assert house.value("select grade from students") == "08"


def test_of_three_raw_assets_each_counts_for_its_own_and_the_oldest_for_what_is_new(
    house: House,
) -> None:
    house.publish(curated_students([student(1)]), _both())
    students, _ = house.read(curated_students([student(1, grade="06")]))
    newer = house.read(curated_students([student(1, grade="08")]), _both())
    _, guardians = house.read(students, _one_restricted(last_name="Old"))
    house.publish(*newer)
    house.publish(students, guardians)  # students read before, restrictions after
    assert _guardians(house) == [500002]
    assert house.value("select grade from students") == "08"
    assert house.value("select last_name from guardians") == "Last1"
    # ... and no night between the two brings the guardian back.
    house.publish(*newer)
    assert _guardians(house) == [500002]


def test_a_renumbered_student_is_known_by_the_sis_internal_id(house: House) -> None:
    house.publish(curated_students([student(1)]), _both())
    night = house.read(curated_students([student(1)]), _both())
    house.publish(
        curated_students([student(1, student_id="S000009")]),
        curated_guardians(
            [guardian(2, of=9, priority=2)], others=[("S000009", 500001, "withheld", "restricted")]
        ),
        coverage=Coverage.THESE_STUDENTS,
    )
    house.publish(*night)
    assert house.rows("select student_id from students") == [("S000009",)]
    assert house.rows("select student_id, guardian_id from guardians") == [("S000009", 500002)]


def test_an_approved_night_shows_nobody_whom_a_later_paused_night_withholds(house: House) -> None:
    house.publish(curated_students([student(1)]), _both())
    changed = [student(1, last_name="New"), student(2)]
    three = curated_guardians(
        [*(guardian(n, of=1, priority=n) for n in (1, 2, 3)), guardian(4, of=2)]
    )
    assert house.publish(curated_students(changed), three, settings=_ALWAYS_HELD).state == "held"
    later = curated_guardians(
        [guardian(2, of=1, priority=2)],
        others=[*_RESTRICTED, ("S000001", 500003, "withheld", "restricted")],
    )
    house.publish(curated_students([student(1)]), later, settings=_PAUSED)
    waiting = held(house.database_url, house.district.slug)
    assert waiting is not None
    shown = waiting.difference.changes.filter(kind="added")["guardian_id"].drop_nulls()
    assert shown.to_list() == [500004]
    approve(house.database_url, house.district.slug, "admin")
    assert _guardians(house) == [500002, 500004]


def test_a_value_that_a_later_paused_night_denies_is_not_published_by_an_approval(
    house: House,
) -> None:
    house.publish(curated_students([student(1)]), _both())
    house.publish(
        curated_students([student(1, last_name="New")]),
        curated_guardians([guardian(n, of=1, priority=n, email="h@example.org") for n in (1, 2)]),
        settings=_ALWAYS_HELD,
    )
    denied = [("S000001", 500002, "email")]
    later = curated_guardians(
        [guardian(2, of=1, priority=2, email=None)], others=_RESTRICTED, denied=denied
    )
    house.publish(curated_students([student(1)]), later, settings=_PAUSED)
    approve(house.database_url, house.district.slug, "admin")
    assert house.rows("select guardian_id, email from guardians") == [(500002, None)]


def test_an_older_night_does_not_take_the_place_of_a_newer_held_one(house: House) -> None:
    house.publish(curated_students([student(1)]))
    older = house.read(curated_students([student(1, last_name="Older")]))
    newer = house.publish(curated_students([student(1, last_name="Newer")]), settings=_ALWAYS_HELD)
    assert house.publish(*older, settings=_ALWAYS_HELD).state == "discarded"
    waiting = held(house.database_url, house.district.slug)
    assert waiting is not None
    assert waiting.sync_id == newer.sync_id


def test_the_same_read_published_twice_changes_nothing(house: House) -> None:
    read = house.read(curated_students([student(1)]), _one_restricted())
    house.publish(*read)
    before = house.published()
    assert house.publish(*read).state == "unchanged"
    assert house.published() == before
