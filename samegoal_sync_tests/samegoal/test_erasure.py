"""A student erased because the family asked: gone whole, and not brought back until told."""

from __future__ import annotations

import json

import pytest

from samegoal_sync.cli import main
from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync_tests.samegoal.invented_nights import (
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)
from samegoal_sync_tests.samegoal.test_student_identity import belongings

_SLUG = "fairview-isd"
#: Tables in which a student's rows stand by Student Id.
_OF_STUDENT = ("students", "guardians", "changes", "documents", "entered_by_hand", "rejects")


@pytest.fixture(autouse=True)
def here(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", house.database_url)
    monkeypatch.setattr("getpass.getuser", lambda: "ops")


def run(*arguments: str, status: int = 0) -> None:
    with pytest.raises(SystemExit) as end:
        main(["students", *arguments])
    assert end.value.code == status


def night(house: House) -> dict[str, int]:
    return house.publish(
        curated_students([student(1), student(2)]),
        curated_guardians([guardian(1, of=1), guardian(2, of=2)]),
    ).counts


def rows_of(house: House, student_id: str) -> dict[str, int]:
    return {
        table: house.value(f"select count(*) from {table} where student_id = %s", student_id)
        for table in _OF_STUDENT
    }


def test_an_erased_student_is_gone_and_no_night_brings_them_back(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    night(house)
    belongings(house, 1)
    student_id = house.value("select student_id from students order by student_id limit 1")
    assert rows_of(house, student_id)["documents"] == 1
    run("erase", _SLUG, student_id, "--yes")
    assert rows_of(house, student_id) == dict.fromkeys(_OF_STUDENT, 0)
    counts = night(house)
    assert rows_of(house, student_id) == dict.fromkeys(_OF_STUDENT, 0)
    assert counts["students_out_of_scope"] == 1
    assert counts["students_unchanged"] == 1
    assert counts.get("students_rejected", 0) == 0
    # A refresh of that very student is the same code, and brings nobody back either.
    house.publish(curated_students([student(1)]), curated_guardians([guardian(1, of=1)]),
                  coverage=Coverage.THESE_STUDENTS)  # fmt: skip
    assert rows_of(house, student_id) == dict.fromkeys(_OF_STUDENT, 0)
    capsys.readouterr()
    run("erased", _SLUG, "--json")
    (erased,) = json.loads(capsys.readouterr().out)
    assert erased["erased_by"] == "ops"
    run("admit-again", _SLUG, str(erased["sis_internal_id"]))
    assert night(house)["students_added"] == 1
    assert rows_of(house, student_id)["guardians"] == 1
    run("admit-again", _SLUG, str(erased["sis_internal_id"]), status=2)
    assert house.rows("select who, action, student_id from audit_log order by id") == [
        ("ops", "erased a student", student_id),
        ("ops", "let an erased student be imported again", None),
    ]


def test_a_night_held_before_does_not_bring_an_erased_student_back(house: House) -> None:
    students = [student(number) for number in range(1, 41)]
    house.publish(curated_students(students[:20]), curated_guardians([]))
    assert house.publish(curated_students(students), curated_guardians([])).state == "held"
    student_id = house.value("select student_id from students order by student_id limit 1")
    run("erase", _SLUG, student_id, "--yes")
    with pytest.raises(SystemExit) as end:
        main(["approve", _SLUG])
    assert end.value.code == 0
    assert house.value("select count(*) from students") == 39
    assert rows_of(house, student_id)["students"] == 0


def test_a_corrected_value_is_taken_out_of_the_history(house: House) -> None:
    house.publish(curated_students([student(1, city="Wrongtown"), student(2, city="Wrongtown")]))
    house.publish(curated_students([student(1, city="Fairview"), student(2, city="Fairview")]))
    first, other = (row[0] for row in house.rows("select student_id from students order by 1"))
    run("forget", _SLUG, first, "city")
    history = "select old, new from changes where student_id = %s and field = 'city'"
    assert house.rows(history, first) == [(None, None)]
    assert house.rows(history, other) == [("Wrongtown", "Fairview")]
    assert house.value("select city from students where student_id = %s", first) == "Fairview"
    run("forget", _SLUG, "nobody", "city", status=1)
