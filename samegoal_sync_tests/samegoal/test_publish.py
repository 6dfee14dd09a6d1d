"""Publication: what a night writes, keeps, removes and records."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from samegoal_sync.district import DateRange, DistrictSettings
from samegoal_sync.samegoal.errors import (
    DistrictNotRegistered,
    InconsistentFrames,
    StudentNotPublished,
)
from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync.samegoal.publication.publish import publish
from samegoal_sync.samegoal.publication.published_tables import (
    PUBLISHED_GUARDIANS,
    PUBLISHED_STUDENTS,
    Published,
)
from samegoal_sync.samegoal.publication.student_record import record_by_student_id
from samegoal_sync.samegoal.publication.syncs import record_failure
from samegoal_sync_tests.samegoal.invented_nights import (
    NIGHT,
    STARTED,
    House,
    curated_guardians,
    curated_students,
    district,
    guardian,
    student,
)


def _students(*numbers: int) -> list[dict[str, object]]:
    return [student(number) for number in numbers]


def _changes(house: House, sync_id: int) -> list[tuple[object, ...]]:
    return house.rows(
        "select student_id, guardian_id, kind, field, old, new from changes where sync_id = %s "
        "order by student_id, guardian_id nulls first, kind, field",
        sync_id,
    )


def test_a_first_night_publishes_everybody(house: House) -> None:
    night = house.publish(
        curated_students(_students(1, 2)),
        curated_guardians([guardian(1, of=1), guardian(2, of=1, priority=2)]),
    )
    assert night.state == "published"
    assert night.counts["students_added"] == 2
    assert night.counts["guardians_added"] == 2
    assert night.counts["students_without_guardians"] == 1
    assert house.rows("select email from guardians order by priority") == [
        ("parent1@example.org",),
        ("parent2@example.org",),
    ]


def test_publishing_twice_changes_nothing(house: House) -> None:
    students = curated_students(_students(1, 2))
    guardians = curated_guardians([guardian(1, of=1)])
    house.publish(students, guardians)
    before = house.published()
    again = house.publish(students, guardians)
    assert again.state == "unchanged"
    assert again.counts["students_unchanged"] == 2
    assert again.counts["guardians_unchanged"] == 1
    assert again.counts["changes"] == 0
    assert house.published() == before


def test_the_same_run_twice_is_recorded_once(house: House) -> None:
    students = curated_students(_students(1))
    first = house.publish(students, run_id="one")
    assert house.publish(students, run_id="one") == first
    assert house.rows("select state, counts ->> 'students_added' from syncs") == [
        ("published", "1")
    ]


def test_each_changed_field_is_recorded_with_old_and_new(house: House) -> None:
    house.publish(curated_students(_students(1, 2)), curated_guardians([guardian(1, of=1)]))
    night = house.publish(
        curated_students([student(1, grade="08", city=None), student(2)]),
        curated_guardians([guardian(1, of=1, custodial=False)]),
    )
    assert night.counts["students_changed"] == 1
    assert night.counts["students_unchanged"] == 1
    assert night.findings.rollover_changes == {"grade": 1}
    assert _changes(house, night.sync_id) == [
        ("S000001", None, "changed", "city", "Fairview", None),
        ("S000001", None, "changed", "grade", "07", "08"),
        ("S000001", 500001, "changed", "custodial", "true", "false"),
    ]


def test_an_unchanged_row_is_not_written(house: House) -> None:
    house.publish(curated_students(_students(1, 2)))
    written = house.rows("select xmin::text from students where student_id = 'S000002'")
    house.publish(curated_students([student(1, grade="08"), student(2)]))
    assert house.rows("select xmin::text from students where student_id = 'S000002'") == written


def test_absent_invalid_and_blank_are_three_things(house: House) -> None:
    house.publish(curated_students(_students(1, 2, 3)))
    house.publish(
        curated_students(
            [student(1, race=None), student(2, race=None, keep=["race"]), student(3, grade="09")],
        )
    )
    assert house.rows("select race from students order by student_id") == [
        (None,),
        ("White",),
        ("White",),
    ]
    night = house.publish(
        curated_students(
            [student(1), student(2, city=None), student(3, grade="09")], absent=["race", "city"]
        )
    )
    assert night.state == "unchanged"
    assert house.rows("select race, city from students order by student_id") == [
        (None, "Fairview"),
        ("White", "Fairview"),
        ("White", "Fairview"),
    ]
    assert house.rows("select absent_columns from syncs order by id desc limit 1") == [
        (["city", "race"],)
    ]


def test_a_new_student_with_an_absent_column_has_none(house: House) -> None:
    night = house.publish(curated_students(_students(1), absent=["gender"]))
    assert house.value("select gender from students") is None
    assert night.findings.required_values_missing == {"gender": 1}


def test_a_new_student_without_a_shared_name_is_rejected(house: House) -> None:
    house.publish(curated_students(_students(1)))
    night = house.publish(
        curated_students(_students(1, 2), absent=["last_name"]),
        curated_guardians([guardian(2, of=2)]),
    )
    assert night.counts["students_rejected"] == 1
    assert night.counts["guardians_out_of_scope"] == 1
    assert house.rows("select rule, student_id from rejects") == [
        ("required_not_shared", "S000002")
    ]
    assert house.rows("select student_id, last_name from students") == [("S000001", "Last1")]


def test_a_student_that_is_gone_is_kept_and_dated_and_comes_back(house: House) -> None:
    house.publish(curated_students(_students(1, 2)))
    night = house.publish(curated_students(_students(1)))
    assert night.counts["students_missing"] == 1
    assert house.rows("select student_id, missing_since from students order by 1") == [
        ("S000001", None),
        ("S000002", NIGHT),
    ]
    assert house.publish(curated_students(_students(1))).state == "unchanged"
    back = house.publish(curated_students(_students(1, 2)))
    assert back.counts["students_returned"] == 1
    assert back.counts["students_changed"] == 1
    assert house.value("select count(*) from students where missing_since is not null") == 0


def test_a_student_rejected_keeps_what_is_published_and_is_not_missing(house: House) -> None:
    house.publish(curated_students(_students(1, 2)), curated_guardians([guardian(2, of=2)]))
    before = house.published()
    night = house.publish(
        curated_students(
            _students(1), others=[(10_002, "S000002", "rejected", "birth_date_impossible")]
        ),
        curated_guardians([], others=[("S000002", 500002, "out_of_scope", "student")]),
    )
    assert night.counts["students_rejected"] == 1
    assert night.counts["students_missing"] == 0
    assert house.published() == before


def test_out_of_scope_leaves_who_has_left_and_dates_who_is_active(house: House) -> None:
    house.publish(curated_students([student(1), student(2, district_enrollment="GRADUATED")]))
    out = [(10_000 + n, f"S{n:06}", "out_of_scope", "never_enrolled") for n in (1, 2)]
    night = house.publish(curated_students([], others=out))
    assert night.counts["students_out_of_scope"] == 2
    assert house.rows("select student_id, missing_since from students order by 1") == [
        ("S000001", NIGHT),
        ("S000002", None),
    ]


def test_guardians_of_a_sent_student_are_replaced_as_a_set(house: House) -> None:
    students = curated_students(_students(1, 2))
    pairs = [guardian(1, of=1), guardian(2, of=1, priority=2), guardian(3, of=2)]
    house.publish(students, curated_guardians(pairs))
    night = house.publish(
        students, curated_guardians([pairs[0], guardian(4, of=1, priority=2), pairs[2]])
    )
    assert night.counts["guardians_removed"] == 1
    assert night.counts["guardians_added"] == 1
    assert [row[0] for row in house.rows("select guardian_id from guardians order by 1")] == [
        500001,
        500003,
        500004,
    ]


def test_guardians_of_a_missing_student_stay(house: House) -> None:
    house.publish(
        curated_students(_students(1, 2)),
        curated_guardians([guardian(1, of=1), guardian(2, of=2)]),
    )
    house.publish(curated_students(_students(1)), curated_guardians([guardian(1, of=1)]))
    assert house.value("select count(*) from guardians") == 2


def test_guardians_read_by_half_are_never_published(house: House) -> None:
    students = curated_students(_students(1))
    house.publish(students, curated_guardians([guardian(1, of=1), guardian(2, of=1, priority=2)]))
    before = house.published()
    night = house.publish(
        students,
        curated_guardians([guardian(1, of=1, email=None), guardian(9, of=1)], complete=False),
    )
    assert night.counts["guardians_held"] == 2
    assert house.published() == before


def test_a_restriction_that_begins_removes_the_guardian_that_night(house: House) -> None:
    students = curated_students(_students(1))
    house.publish(students, curated_guardians([guardian(1, of=1), guardian(2, of=1, priority=2)]))
    for whole in (False, True):
        night = house.publish(
            students,
            curated_guardians(
                [guardian(2, of=1, priority=2)],
                others=[("S000001", 500001, "withheld", "restricted")],
                complete=whole,
            ),
        )
        assert night.counts["guardians_withheld"] == 1
        assert house.rows("select guardian_id from guardians") == [(500002,)]
    assert house.rows("select kind, field, old from changes where kind = 'removed'") == [
        ("removed", "withheld", "Parent1 Last1")
    ]


def test_a_restriction_counts_also_for_a_student_who_is_rejected(house: House) -> None:
    house.publish(curated_students(_students(1)), curated_guardians([guardian(1, of=1)]))
    night = house.publish(
        curated_students([], others=[(10_001, "S000001", "rejected", "birth_date_impossible")]),
        curated_guardians([], others=[("S000001", 500001, "withheld", "restricted")]),
    )
    assert night.counts["guardians_removed"] == 1
    assert house.value("select count(*) from guardians") == 0


def test_the_districts_choice_removes_only_in_a_whole_read(house: House) -> None:
    students = curated_students(_students(1))
    pairs = [guardian(1, of=1), guardian(2, of=1, priority=2)]
    house.publish(students, curated_guardians(pairs))
    beyond = [("S000001", 500002, "withheld", "beyond_choice")]
    for whole, left in ((False, 2), (True, 1)):
        house.publish(students, curated_guardians(pairs[:1], others=beyond, complete=whole))
        assert house.value("select count(*) from guardians") == left


def test_a_guardian_rejected_keeps_what_is_published(house: House) -> None:
    students = curated_students(_students(1))
    house.publish(students, curated_guardians([guardian(1, of=1)]))
    night = house.publish(
        students,
        curated_guardians([], others=[("S000001", 500001, "rejected", "name_missing")]),
    )
    assert night.counts["guardians_rejected"] == 1
    assert night.counts["students_without_guardians"] == 0
    assert house.value("select count(*) from guardians") == 1


def test_siblings_share_a_guardian_with_the_same_email(house: House) -> None:
    house.publish(
        curated_students(_students(1, 2)),
        curated_guardians([guardian(1, of=1), guardian(1, of=2)]),
    )
    assert house.value("select count(*) from guardians where email = 'parent1@example.org'") == 2


def test_a_changed_student_number_is_followed_by_qmlativs_id(house: House) -> None:
    house.publish(curated_students(_students(1)), curated_guardians([guardian(1, of=1)]))
    night = house.publish(
        curated_students([student(1, student_id="NEW1")]),
        curated_guardians([guardian(1, of=1, student_id="NEW1")]),
    )
    assert night.counts["students_changed"] == 1
    assert night.counts["students_missing"] == 0
    assert night.findings.students_renamed == 1
    assert house.rows("select student_id, guardian_id from guardians") == [("NEW1", 500001)]
    assert _changes(house, night.sync_id) == [
        ("NEW1", None, "changed", "student_id", "S000001", "NEW1")
    ]
    assert (
        house.publish(
            curated_students([student(1, student_id="NEW1")]),
            curated_guardians([guardian(1, of=1, student_id="NEW1")]),
        ).state
        == "unchanged"
    )


def test_a_student_comes_back_with_another_number(house: House) -> None:
    house.publish(curated_students(_students(1)))
    house.publish(curated_students([]))
    night = house.publish(curated_students([student(1, student_id="NEW1")]))
    assert (night.counts["students_returned"], night.counts["students_changed"]) == (1, 1)
    assert house.rows("select student_id, missing_since from students") == [("NEW1", None)]


def _enter_by_hand(house: House, student_id: str) -> None:
    house.rows(
        "insert into students (district, student_id, last_name, first_name, date_of_birth, "
        "district_enrollment, origin) values ('fairview-isd', %s, 'Hand', 'Entered', "
        "'2022-05-05', 'PRE_ENROLLED', 'hand') returning 1",
        student_id,
    )


def test_a_student_entered_by_hand_is_never_touched_nor_missing(house: House) -> None:
    _enter_by_hand(house, "PRE-K-1")
    before = house.rows("select * from students")
    night = house.publish(curated_students([]))
    assert night.counts["students_missing"] == 0
    assert house.rows("select * from students") == before


def test_what_was_entered_by_hand_survives_nights_and_a_new_number(house: House) -> None:
    house.publish(curated_students(_students(1)))
    house.rows(
        "insert into entered_by_hand (district, student_id, preferred_gender, pronouns, "
        "entered_by) values ('fairview-isd', 'S000001', 'Non-binary', 'they', 'x') returning 1"
    )
    house.publish(curated_students([student(1, student_id="NEW1", gender="Male")]))
    assert record_by_student_id(house.database_url, "fairview-isd", "NEW1").by_hand["pronouns"] == (
        "they"
    )


def test_historical_idle_set_by_a_person_ends_when_qmlativ_enrolls(house: House) -> None:
    inactive = [student(1, district_enrollment="INACTIVE")]
    house.publish(curated_students(inactive))
    house.rows(
        "insert into entered_by_hand (district, student_id, historical_idle, entered_by) "
        "values ('fairview-isd', 'S000001', true, 'x') returning 1"
    )
    status = "select district_enrollment from students"
    house.publish(curated_students(inactive))
    assert house.value(status) == "HISTORICAL_IDLE"
    assert house.publish(curated_students(inactive)).state == "unchanged"
    house.publish(curated_students(_students(1)))
    assert house.value(status) == "ENROLLED"
    assert house.publish(curated_students(_students(1))).state == "unchanged"
    house.rows("update entered_by_hand set historical_idle = false returning 1")
    house.publish(curated_students(inactive))
    assert house.value(status) == "INACTIVE"


def test_text_that_postgres_cannot_store_is_cleaned(house: House) -> None:
    odd = student(1, last_name="O\x00'Hara", address='1 "A", \\N\r\nB\\.', city="", race="\ud55c")
    house.publish(curated_students([odd]))
    assert house.rows("select last_name, address, city, race from students") == [
        ("O'Hara", '1 "A", \\N\r\nB\\.', "", "\ud55c")
    ]
    assert house.publish(curated_students([odd])).state == "unchanged"


def test_one_student_is_refreshed_alone(house: House) -> None:
    house.publish(
        curated_students(_students(1, 2)),
        curated_guardians([guardian(1, of=1), guardian(2, of=2)]),
    )
    night = house.publish(
        curated_students([student(1, grade="08")]),
        curated_guardians([guardian(3, of=1)]),
        coverage=Coverage.THESE_STUDENTS,
    )
    assert night.counts["students_changed"] == 1
    assert night.counts["students_missing"] == 0
    assert house.rows("select guardian_id from guardians order by 1") == [(500002,), (500003,)]
    assert house.rows("select kind from syncs order by id") == [("night",), ("student",)]


def test_a_paused_district_publishes_nothing(house: House) -> None:
    house.publish(curated_students(_students(1)))
    paused = DistrictSettings(paused=DateRange(NIGHT, NIGHT))
    night = house.publish(curated_students([student(1, grade="08"), student(2)]), settings=paused)
    assert night.state == "paused"
    assert night.counts["students_held"] == 2
    assert house.rows("select grade from students") == [("07",)]
    after = house.publish(
        curated_students([student(1, grade="08")]),
        settings=paused,
        night=date(2026, 11, 25),
    )
    assert after.state == "published"


def test_additions_only_adds_and_still_removes_the_restricted(house: House) -> None:
    house.publish(
        curated_students(_students(1, 2)),
        curated_guardians([guardian(1, of=1), guardian(2, of=1, priority=2), guardian(3, of=2)]),
    )
    night = house.publish(
        curated_students([student(1, grade="08"), student(4)]),
        curated_guardians(
            [guardian(2, of=1, email=None), guardian(5, of=1), guardian(4, of=4)],
            others=[("S000001", 500001, "withheld", "restricted")],
        ),
        settings=DistrictSettings(additions_only=DateRange(NIGHT, NIGHT)),
    )
    assert night.counts["students_added"] == 1
    assert night.counts["students_held"] == 1
    assert night.counts["guardians_held"] == 2
    assert night.counts["students_missing"] == 0
    assert house.rows("select grade from students where student_id = 'S000001'") == [("07",)]
    assert house.rows("select guardian_id from guardians order by 1") == [
        (500002,),
        (500003,),
        (500004,),
    ]


def test_additions_only_removes_the_restricted_of_a_student_with_a_new_number(
    house: House,
) -> None:
    house.publish(curated_students(_students(1)), curated_guardians([guardian(1, of=1)]))
    night = house.publish(
        curated_students([student(1, student_id="NEW1")]),
        curated_guardians([], others=[("NEW1", 500001, "withheld", "restricted")]),
        settings=DistrictSettings(additions_only=DateRange(NIGHT, NIGHT)),
    )
    assert night.counts["guardians_removed"] == 1
    assert house.rows("select student_id from students") == [("S000001",)]
    assert house.value("select count(*) from guardians") == 0


def test_sums_add_up_and_are_stored(house: House) -> None:
    house.publish(curated_students(_students(1, 2)))
    night = house.publish(
        curated_students(
            [student(1, grade="08"), student(2), student(3)],
            others=[(1, "A", "rejected", "x"), (2, None, "rejected", "y"),
                    (3, "B", "out_of_scope", "z")],
        )
    )  # fmt: skip
    states = ("added", "changed", "unchanged", "rejected", "out_of_scope", "held")
    assert night.counts["students_sent"] == 6
    assert sum(night.counts[f"students_{state}"] for state in states) == 6
    assert house.rows("select counts from syncs where id = %s", night.sync_id) == [(night.counts,)]


@pytest.mark.parametrize(
    ("students", "guardians", "words"),
    [
        ([student(1), student(1, sis_internal_id=5)], [], "one key twice"),
        ([student(1), student(2, sis_internal_id=10_001)], [], "accounted for twice"),
        ([student(1, student_id=None)], [], "without a key"),
        ([student(1, district_enrollment="MOVED")], [], "district_enrollment"),
        ([student(1)], [guardian(2, of=2)], "1 guardians belong to students that are not"),
    ],
)
def test_frames_that_contradict_themselves_are_refused(
    house: House, students: list[dict[str, object]], guardians: list[dict[str, object]], words: str
) -> None:
    with pytest.raises(InconsistentFrames, match=words):
        house.publish(curated_students(students), curated_guardians(guardians))
    assert house.value("select count(*) from syncs") == 0


def test_a_guardian_both_curated_and_withheld_is_refused(house: House) -> None:
    with pytest.raises(InconsistentFrames, match="1 guardians are both"):
        house.publish(
            curated_students(_students(1)),
            curated_guardians(
                [guardian(1, of=1)], others=[("S000001", 500001, "withheld", "restricted")]
            ),
        )


def test_rejects_are_kept_thirty_days(house: House) -> None:
    reject = ("Demographics/Name", 78, "S000001", "race", "text_damaged", "value")
    first = house.publish(curated_students(_students(1), rejects=[reject]))
    assert first.counts["values_rejected"] == 1
    house.rows("update syncs set finished_at = now() - interval '29 days' returning 1")
    second = house.publish(curated_students(_students(1), rejects=[reject]))
    house.rows(
        "update syncs set finished_at = now() - interval '31 days' where id = %s returning 1",
        first.sync_id,
    )
    third = house.publish(curated_students(_students(1), rejects=[reject]))
    assert [row[0] for row in house.rows("select sync_id from rejects order by 1")] == [
        second.sync_id,
        third.sync_id,
    ]


@pytest.mark.parametrize("published", [PUBLISHED_STUDENTS, PUBLISHED_GUARDIANS])
def test_the_tables_hold_the_curated_columns(house: House, published: Published) -> None:
    types = {pl.String(): "text", pl.Date(): "date", pl.Int64(): "bigint", pl.Boolean(): "boolean"}
    columns = dict(
        house.rows(
            "select column_name, data_type from information_schema.columns "
            "where table_schema = 'samegoal' and table_name = %s",
            published.table,
        )
    )
    assert {c: types[t] for c, t in published.schema.items()}.items() <= columns.items()


def test_an_unknown_district_is_refused(house: House) -> None:
    with pytest.raises(DistrictNotRegistered, match="no district 'elsewhere'"):
        publish(
            house.database_url,
            district(slug="elsewhere"),
            curated_students([]),
            curated_guardians([]),
            run_id="r",
            night=NIGHT,
            started_at=STARTED,
        )


def test_details_of_one_student(house: House) -> None:
    house.publish(
        curated_students(_students(1)),
        curated_guardians([guardian(2, of=1, priority=2), guardian(1, of=1)]),
    )
    details = record_by_student_id(house.database_url, "fairview-isd", "S000001")
    assert details.student["last_name"] == "Last1"
    assert [g["guardian_id"] for g in details.guardians] == [500001, 500002]
    assert details.last_imported is not None
    assert [change["kind"] for change in details.changes] == ["added"] * 3
    with pytest.raises(StudentNotPublished):
        record_by_student_id(house.database_url, "fairview-isd", "NOBODY")


def test_a_failure_is_recorded_once_and_never_over_a_publication(house: House) -> None:
    error = InconsistentFrames("the frames differ")
    house.publish(curated_students(_students(1)), run_id="good")
    for run_id in ("good", "bad", "bad"):
        record_failure(
            house.database_url,
            "fairview-isd",
            run_id=run_id,
            night=NIGHT,
            started_at=STARTED,
            error=error,
        )
    assert house.rows("select run_id, state, actor from syncs order by id") == [
        ("good", "published", None),
        ("bad", "failed", "SameGoal technical team"),
    ]
