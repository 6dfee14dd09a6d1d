"""Who a student is, over several nights: records follow the SIS Internal ID, whatever its number.

Everything that belongs to a student (guardians, history, documents, what was entered by hand) must
stay with that student, and no night's remedy may be what caused the trouble.
"""

from __future__ import annotations

from typing import Any

import pytest

from samegoal_sync.district import DateRange, DistrictSettings
from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync.samegoal.publication.held_nights import approve, held
from samegoal_sync.samegoal.publication.student_record import record_by_student_id
from samegoal_sync_tests.samegoal.invented_nights import (
    NIGHT,
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)

_SLUG = "fairview-isd"


def numbered(**numbers: str) -> Any:
    """Students, each with a guardian of their own, under these numbers: ``s1="A"``."""
    people = {int(name[1:]): number for name, number in numbers.items()}
    return (
        curated_students([student(n, student_id=number) for n, number in people.items()]),
        curated_guardians([guardian(n, of=n, student_id=number) for n, number in people.items()]),
    )


def belongings(house: House, number: int) -> None:
    """A document and pronouns of the student with this number of ours."""
    (key,) = house.rows(
        "select student_id from students where sis_internal_id = %s", 10_000 + number
    )[0]
    house.rows(
        "insert into documents (district, student_id, kind, created_by) "
        "values ('fairview-isd', %s, 'iep', %s) returning 1",
        key,
        f"of {number}",
    )
    house.rows(
        "insert into entered_by_hand (district, student_id, pronouns, entered_by) "
        "values ('fairview-isd', %s, %s, 'x') returning 1",
        key,
        f"of {number}",
    )


def numbers(house: House) -> dict[int, str]:
    """SIS Internal ID, as our numbers -> the key under which the record stands."""
    found = house.rows("select sis_internal_id - 10000, student_id from students")
    return dict(found)  # type: ignore[arg-type]


def nobody_got_anothers(house: House) -> None:
    """Every guardian, document, pronoun and added-change is with the student whose it is."""
    for table, own in (
        ("guardians", "p.guardian_id - 500000"),
        ("documents", "split_part(p.created_by, ' ', 2)::int"),
        ("entered_by_hand", "split_part(p.pronouns, ' ', 2)::int"),
        ("changes", "substring(p.new from '^First([0-9]+)')::int"),
    ):
        strangers = house.value(
            f"select count(*) from {table} p join students s using (district, student_id) "
            f"where {own} is not null and {own} <> s.sis_internal_id - 10000"
        )
        assert strangers == 0, table


@pytest.fixture
def three(house: House) -> House:
    house.publish(*numbered(s1="A", s2="B", s3="C"))
    for number in (1, 2, 3):
        belongings(house, number)
    return house


def test_swapped_numbers_are_both_published(three: House) -> None:
    night = three.publish(*numbered(s1="B", s2="A", s3="C"))
    assert numbers(three) == {1: "B", 2: "A", 3: "C"}
    assert night.counts["students_changed"] == 2
    assert night.findings.students_renamed == 2
    nobody_got_anothers(three)
    assert three.publish(*numbered(s1="B", s2="A", s3="C")).state == "unchanged"
    three.publish(*numbered(s1="A", s2="B", s3="C"))
    assert numbers(three) == {1: "A", 2: "B", 3: "C"}
    nobody_got_anothers(three)


def test_a_ring_of_three_is_published(three: House) -> None:
    three.publish(*numbered(s1="B", s2="C", s3="A"))
    assert numbers(three) == {1: "B", 2: "C", 3: "A"}
    nobody_got_anothers(three)


def test_a_chain_into_a_free_number_is_published(three: House) -> None:
    three.publish(*numbered(s1="B", s2="C", s3="D"))
    assert numbers(three) == {1: "B", 2: "C", 3: "D"}
    nobody_got_anothers(three)


def test_history_follows_the_student_through_a_swap(three: House) -> None:
    three.publish(*numbered(s1="B", s2="A", s3="C"))
    record = record_by_student_id(three.database_url, _SLUG, "B")
    assert record.student["first_name"] == "First1"
    assert [(c["field"], c["old"], c["new"]) for c in record.changes if c["kind"] == "changed"] == [
        ("student_id", "A", "B")
    ]
    assert record.by_hand["pronouns"] == "of 1"


def test_the_survivor_of_a_merge_takes_the_losers_number(three: House) -> None:
    # 1 is merged into 2 in Skyward; 2 has 1's number from then on, 1 is gone.
    night = three.publish(*numbered(s2="A", s3="C"))
    assert night.counts["students_rejected"] == 0
    assert (night.counts["students_closed"], night.counts["students_missing"]) == (1, 1)
    assert numbers(three) == {1: "~10001", 2: "A", 3: "C"}
    nobody_got_anothers(three)
    closed = record_by_student_id(three.database_url, _SLUG, "~10001")
    assert closed.student["closed_student_id"] == "A"
    assert closed.student["closed_since"] == closed.student["missing_since"] == NIGHT
    assert [change["kind"] for change in closed.changes][:2] == ["missing", "closed"]
    assert closed.by_hand["pronouns"] == "of 1"
    assert three.publish(*numbered(s2="A", s3="C")).state == "unchanged"


def test_the_survivor_of_a_merge_keeps_its_own_number(three: House) -> None:
    night = three.publish(*numbered(s2="B", s3="C"))
    assert (night.counts["students_missing"], night.counts["students_closed"]) == (1, 0)
    assert numbers(three) == {1: "A", 2: "B", 3: "C"}


def test_a_new_record_takes_the_number_of_one_that_is_gone(three: House) -> None:
    three.publish(*numbered(s2="B", s3="C"))
    night = three.publish(*numbered(s7="A", s2="B", s3="C"))  # after years, or on re-enrollment
    assert (night.counts["students_added"], night.counts["students_closed"]) == (1, 1)
    assert numbers(three) == {1: "~10001", 2: "B", 3: "C", 7: "A"}
    nobody_got_anothers(three)
    assert not record_by_student_id(three.database_url, _SLUG, "A").by_hand


def test_the_loser_of_a_merge_stays_and_gets_another_number(three: House) -> None:
    three.publish(*numbered(s1="Z", s2="A", s3="C"))
    assert numbers(three) == {1: "Z", 2: "A", 3: "C"}
    nobody_got_anothers(three)


@pytest.mark.parametrize("outcome", ["rejected", "out_of_scope"])
def test_the_loser_of_a_merge_stays_without_a_number(three: House, outcome: str) -> None:
    students = curated_students(
        [student(2, student_id="A"), student(3, student_id="C")],
        others=[(10_001, None, outcome, "student_id_blank")],
    )
    guardians = curated_guardians([guardian(2, of=2, student_id="A")])
    three.publish(students, guardians)
    assert numbers(three) == {1: "~10001", 2: "A", 3: "C"}
    assert three.publish(students, guardians).state == "unchanged"


def test_a_closed_record_opens_again_when_qmlativ_sends_its_student(three: House) -> None:
    three.publish(*numbered(s2="A", s3="C"))
    night = three.publish(*numbered(s1="Z", s2="A", s3="C"))
    assert night.counts["students_returned"] == 1
    assert numbers(three) == {1: "Z", 2: "A", 3: "C"}
    record = record_by_student_id(three.database_url, _SLUG, "Z").student
    assert (record["closed_since"], record["closed_student_id"], record["missing_since"]) == (
        None, None, None,
    )  # fmt: skip
    nobody_got_anothers(three)


def test_a_closed_record_is_in_no_file_and_holds_no_guard(three: House) -> None:
    from samegoal_sync.samegoal.delivery.csv_files import render

    three.publish(*numbered(s2="A", s3="C"))
    text = render(three.database_url, _SLUG).students.decode()
    assert ("First1" in text, "First2" in text, "~" in text) == (False, True, False)


def test_one_students_refresh_closes_nobodys_record(three: House) -> None:
    before = numbers(three)
    night = three.publish(*numbered(s2="A"), coverage=Coverage.THESE_STUDENTS)
    assert night.counts["students_rejected"] == 1
    assert three.rows("select distinct rule from rejects") == [("student_id_taken",)]
    assert numbers(three) == before
    # The next night reads everybody and settles it.
    three.publish(*numbered(s1="B", s2="A", s3="C"))
    assert numbers(three) == {1: "B", 2: "A", 3: "C"}


def test_a_refresh_takes_the_number_of_one_who_is_gone(three: House) -> None:
    three.publish(*numbered(s2="B", s3="C"))
    three.publish(*numbered(s2="A"), coverage=Coverage.THESE_STUDENTS)
    assert numbers(three) == {1: "~10001", 2: "A", 3: "C"}


def test_refusals_in_a_row_leave_every_record_as_it_was(three: House) -> None:
    before = numbers(three)
    # 1 takes B, 2 takes C, but of 3 the read knows nothing.
    night = three.publish(*numbered(s1="B", s2="C"), coverage=Coverage.THESE_STUDENTS)
    assert night.counts["students_rejected"] == 2
    assert numbers(three) == before


def test_a_student_renumbered_between_the_read_and_a_refresh(three: House) -> None:
    read = three.read(*numbered(s1="A", s2="B", s3="C"))
    three.publish(*numbered(s1="NEW1"), coverage=Coverage.THESE_STUDENTS)
    night = three.publish(*read)
    assert night.counts["students_rejected"] == 1
    assert numbers(three) == {1: "NEW1", 2: "B", 3: "C"}
    nobody_got_anothers(three)


def test_an_older_read_takes_no_number_from_a_student_refreshed_since(three: House) -> None:
    read = three.read(*numbered(s1="A", s2="B", s3="NEW1"))
    three.publish(*numbered(s1="NEW1"), coverage=Coverage.THESE_STUDENTS)
    night = three.publish(*read)
    assert night.counts["students_rejected"] == 2
    assert numbers(three) == {1: "NEW1", 2: "B", 3: "C"}


def test_additions_only_moves_no_number(three: House) -> None:
    only = DistrictSettings(additions_only=DateRange(NIGHT, NIGHT))
    night = three.publish(*numbered(s1="B", s2="A", s7="C", s8="D"), settings=only)
    assert (night.counts["students_added"], night.counts["students_held"]) == (1, 3)
    assert numbers(three) == {1: "A", 2: "B", 3: "C", 8: "D"}
    nobody_got_anothers(three)


def test_a_held_night_shows_who_changes_numbers_and_moves_them_when_approved(house: House) -> None:
    first = {f"s{n}": f"N{n:03}" for n in range(1, 41)}
    turned = {f"s{n}": f"N{n % 40 + 1:03}" for n in range(1, 41)}
    house.publish(*numbered(**first))
    night = house.publish(*numbered(**turned))
    assert night.state == "held"
    assert numbers(house)[1] == "N001"
    waiting = held(house.database_url, _SLUG)
    assert waiting is not None
    (row,) = waiting.difference.changes.filter(student_id="N002", kind="changed").to_dicts()
    # The page looks people up by the key under which they are published now.
    assert (row["published_id"], row["old"], row["new"]) == ("N001", "N001", "N002")
    approve(house.database_url, _SLUG, "someone")
    assert numbers(house) == {n: f"N{n % 40 + 1:03}" for n in range(1, 41)}
    nobody_got_anothers(house)


def _by_hand(house: House, student_id: str, last: str, first: str, born: str) -> None:
    house.rows(
        "insert into students (district, student_id, last_name, first_name, date_of_birth, "
        "district_enrollment, origin) values ('fairview-isd', %s, %s, %s, %s, "
        "'PRE_ENROLLED', 'hand') returning 1",
        student_id, last, first, born,
    )  # fmt: skip


def test_a_student_entered_by_hand_becomes_the_one_of_the_same_name(house: House) -> None:
    _by_hand(house, "S000001", "LAST-1", "first1", "2012-01-02")
    night = house.publish(curated_students([student(1)]))
    assert night.counts["students_changed"] == 1
    assert house.rows("select origin, last_name, sis_internal_id from students") == [
        ("sis", "Last1", 10_001)
    ]
    assert house.value("select count(*) from changes where field = 'origin'") == 1


def test_a_student_entered_by_hand_under_anothers_number_stays_a_record_of_its_own(
    house: House,
) -> None:
    _by_hand(house, "S000001", "Garc\N{LATIN SMALL LETTER I WITH ACUTE}a", "Ana", "2021-01-02")
    house.publish(curated_students([student(1)]))
    assert house.rows(
        "select last_name, closed_student_id from students order by closed_student_id nulls first"
    ) == [("Last1", None), ("Garc\N{LATIN SMALL LETTER I WITH ACUTE}a", "S000001")]
    assert house.publish(curated_students([student(1)])).state == "unchanged"
