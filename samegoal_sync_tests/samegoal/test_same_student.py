"""What only a person can decide: two records of one student, merged or kept apart, by command."""

from __future__ import annotations

import json
from typing import Any

import pytest

from samegoal_sync.cli import main
from samegoal_sync.samegoal.publication.same_student import Pair, undecided_pairs
from samegoal_sync.samegoal.publication.student_record import record_by_student_id
from samegoal_sync.samegoal.publication.transaction import reading
from samegoal_sync_tests.samegoal.invented_nights import (
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)
from samegoal_sync_tests.samegoal.test_student_identity import belongings

_SLUG = "fairview-isd"


@pytest.fixture(autouse=True)
def here(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", house.database_url)


def run(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    with pytest.raises(SystemExit) as end:
        main(["students", *arguments])
    out, err = capsys.readouterr()
    assert end.value.code == status, err
    return str(out if status == 0 else err)


def pairs(house: House) -> list[Pair]:
    with reading(house.database_url) as connection:
        return undecided_pairs(connection, _SLUG)


def again(number: int, **values: Any) -> dict[str, Any]:
    """The same child under a new SIS Internal ID."""
    return student(number, sis_internal_id=20_000 + number) | values


@pytest.fixture
def merged_in_skyward(house: House) -> House:
    """A child with a document got a new record in Qmlativ, under the old number."""
    house.publish(
        curated_students([student(1), student(2)]),
        curated_guardians([guardian(1, of=1), guardian(2, of=1, priority=2)]),
    )
    belongings(house, 1)
    # By now a restriction keeps the first guardian away.
    house.publish(
        curated_students([again(1), student(2)]),
        curated_guardians(
            [guardian(2, of=1)], others=[("S000001", 500_001, "withheld", "restricted")]
        ),
    )
    return house


def test_a_merge_moves_what_people_made_to_the_present_record(
    merged_in_skyward: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house = merged_in_skyward
    (pair,) = json.loads(run(capsys, "undecided", _SLUG, "--json"))
    assert pair["merge"] == ["~10001", "S000001"]
    assert pair["can_be_merged"] is True
    assert "First1" not in run(capsys, "undecided", _SLUG)
    run(capsys, "merge", _SLUG, "~10001", "S000001", "--who", "pat")
    assert house.rows("select student_id, created_by from documents") == [("S000001", "of 1")]
    now, then = (
        record_by_student_id(house.database_url, _SLUG, key) for key in ("S000001", "~10001")
    )
    assert now.by_hand["pronouns"] == "of 1"
    assert then.student["merged_into"] == now.student["portal_id"]
    assert {now.changes[0]["kind"], then.changes[0]["kind"]} == {"merged"}
    own = [c["kind"] for c in then.changes if c["guardian_id"] is None]
    assert own == ["merged", "missing", "closed", "added"]
    # Nobody is found under the old record whom a restriction keeps away from the child.
    assert house.rows("select student_id, guardian_id from guardians") == [("S000001", 500_002)]
    recorded = house.rows("select who, action, student_id, what from audit_log")
    assert [line for line in recorded if line[1] != "viewed problems"] == [
        ("pat", "merged two records", "S000001", "from ~10001")
    ]
    assert recorded[0][3] == "1 pairs of records"
    assert pairs(house) == []
    # The nights after leave it so.
    night = house.publish(
        curated_students([again(1), student(2)]), curated_guardians([guardian(2, of=1)])
    )
    assert night.state == "unchanged"


def test_a_merge_keeps_what_was_entered_for_the_present_record(merged_in_skyward: House) -> None:
    from samegoal_sync.samegoal.publication.same_student import merge

    house = merged_in_skyward
    house.rows(
        "insert into entered_by_hand (district, student_id, pronouns, entered_by) "
        "values ('fairview-isd', 'S000001', 'they', 'y') returning 1"
    )
    merge(house.database_url, _SLUG, "~10001", "S000001")
    found = house.rows("select student_id, pronouns from entered_by_hand order by 1")
    assert found == [("S000001", "they"), ("~10001", "of 1")]


def test_records_kept_apart_are_not_listed_again(
    merged_in_skyward: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house = merged_in_skyward
    run(capsys, "keep-apart", _SLUG, "S000001", "~10001", "--who", "pat")
    assert pairs(house) == []
    assert house.rows("select decided_by from kept_apart") == [("pat",)]
    assert house.value("select count(*) from documents where student_id = '~10001'") == 1
    assert json.loads(run(capsys, "undecided", _SLUG, "--json")) == []


def test_a_re_enrollment_under_a_new_number_is_listed_by_name_and_birth_date(house: House) -> None:
    house.publish(curated_students([student(1)]))
    belongings(house, 1)
    house.publish(curated_students([again(1, student_id="NEW", last_name="LAST1")]))
    (pair,) = pairs(house)
    assert (pair.survivor.student_id, pair.other.student_id) == ("NEW", "S000001")
    assert pair.can_be_merged


def test_two_records_that_qmlativ_sends_are_for_skyward_to_merge(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    house.publish(curated_students([student(1), again(1, student_id="NEW")]))
    (pair,) = pairs(house)
    assert not pair.can_be_merged
    recorded = run(capsys, "merge", _SLUG, "NEW", "S000001", status=1)
    assert "still sends" in recorded
    assert house.value("select count(*) from students where closed_since is not null") == 0


def test_a_student_entered_by_hand_under_anothers_number_is_listed(house: House) -> None:
    house.rows(
        "insert into students (district, student_id, last_name, first_name, date_of_birth, "
        "district_enrollment, origin) values ('fairview-isd', 'S000001', 'Lasst1', 'First1', "
        "'2012-01-02', 'PRE_ENROLLED', 'hand') returning 1"
    )
    house.rows(
        "insert into documents (district, student_id, kind, created_by) "
        "values ('fairview-isd', 'S000001', 'iep', 'x') returning 1"
    )
    house.publish(curated_students([student(1)]))
    (pair,) = pairs(house)
    assert pair.other.shown_id == pair.survivor.student_id == "S000001"
    assert pair.other.documents == 1


def test_a_number_given_out_again_is_nothing_to_decide(house: House) -> None:
    house.publish(curated_students([student(1)]))
    house.publish(curated_students([student(9, student_id="S000001")]))
    assert pairs(house) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("merge", _SLUG, "S000001", "S000001"), "named twice"),
        (("merge", _SLUG, "S000001", "~10001"), "is closed"),
        (("merge", _SLUG, "~10001", "NOBODY"), "no student 'NOBODY'"),
    ],
)
def test_a_merge_that_can_not_be_is_refused(
    merged_in_skyward: House,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    if words == "is closed":  # the survivor named is closed, the other one gone from Qmlativ
        merged_in_skyward.publish(curated_students([student(2)]))
    status = 2 if words == "named twice" else 1
    assert words in run(capsys, *arguments, status=status)
    assert merged_in_skyward.value("select count(*) from audit_log") == 0


def test_a_merged_record_opens_again_if_qmlativ_sends_it(merged_in_skyward: House) -> None:
    from samegoal_sync.samegoal.publication.same_student import merge

    house = merged_in_skyward
    merge(house.database_url, _SLUG, "~10001", "S000001")
    house.publish(curated_students([again(1), student(1, student_id="BACK"), student(2)]))
    record = record_by_student_id(house.database_url, _SLUG, "BACK").student
    assert (record["closed_since"], record["merged_into"]) == (None, None)
    # The document stays where the person put it.
    assert house.value("select student_id from documents") == "S000001"
