"""The list of students: finds by name or id as one types, by opaque pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from samegoal_sync.database import connect
from samegoal_sync.portal.identity import sessions
from samegoal_sync.portal.pages import student_list as pages_of_students
from samegoal_sync.portal.records import student_search
from samegoal_sync.portal.records.student_search import Search, choices, find_students
from samegoal_sync.portal.tenant_connection import PortalDatabase
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person


def found(url: str, text: str = "", **filters: str) -> list[str]:
    database = PortalDatabase(url)
    try:
        with database.district(FAIRVIEW, user=None, sees_all=True) as connection:
            students = find_students(connection, Search(text, **filters)).students
            return [student["student_id"] for student in students]
    finally:
        database.close()


READINGS = {
    "": ["1001", "1002", "1003"],
    "garcia nunez": ["1001"],
    "GARCÍA N": ["1001"],
    "maria garcia": ["1001"],
    "garcia, mar": ["1001"],
    "ma gar": ["1001"],
    "obr": ["1002"],
    "o'brien": ["1002"],
    "sam": ["1002"],
    "100": ["1001", "1002", "1003"],
    "1003": ["1003"],
    "nobody": [],
    "%": [],
    "\\": [],
}


def test_students_of_one_name_stand_by_middle_name_page_by_page(
    districts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect(districts) as connection:
        connection.execute(
            "update students s set last_name = 'Cruz', first_name = 'Ana', middle_name = n.middle "
            "from (values ('1001', 'Zoe'), ('1002', null), ('1003', 'Álma')) n (id, middle) "
            "where s.district = %s and s.student_id = n.id",
            (FAIRVIEW,),
        )
    monkeypatch.setattr(student_search, "PAGE", 1)
    database = PortalDatabase(districts)
    try:
        with database.district(FAIRVIEW, user=None, sees_all=True) as connection:
            pages = [find_students(connection, Search("cruz"))]
            while pages[-1].later:
                edge = pages[-1].students[-1]["portal_id"]
                pages.append(find_students(connection, Search("cruz"), after=edge))
            back = find_students(connection, Search(), before=pages[-1].students[0]["portal_id"])
    finally:
        database.close()
    assert [page.students[0]["student_id"] for page in pages] == ["1002", "1003", "1001"]
    assert back.students[0]["student_id"] == "1003"


def test_search_folds_accents_case_and_punctuation(districts: str) -> None:
    assert {text: found(districts, text) for text in READINGS} == READINGS


NAMES = (
    "Łukaszewicz",
    "Нина",
    "Çelİk",
    "Straße",
    "Ørsted",
    "李",
    "Ἀθηνᾶ",
    "Đặng",
    "Ǆemal",
    "ﬁne",
    "İnci",
)


def test_names_of_every_script_are_found_however_they_are_typed(districts: str) -> None:
    with connect(districts) as connection:
        for place, name in enumerate(NAMES):
            connection.execute(
                "insert into students (district, student_id, last_name, first_name, "
                "date_of_birth, district_enrollment) "
                "values (%s, %s, %s, 'X', '2015-01-01', 'ENROLLED')",
                (FAIRVIEW, f"N{place}", name),
            )
    for place, name in enumerate(NAMES):
        for typed in (name, name.lower(), name[:3]):
            assert f"N{place}" in found(districts, typed), (name, typed)


def test_filters_narrow(districts: str) -> None:
    assert found(districts, status="WITHDREW") == ["1002"]
    assert found(districts, building="Elm Elementary", grade="05", status="ENROLLED") == [
        "1001",
        "1003",
    ]
    assert found(districts, grade="06") == []


def test_no_grade_keeps_a_district_from_its_list(districts: str) -> None:
    """Digits that int() does not take, and more of them than it takes."""
    with connect(districts) as connection:
        for place, grade in enumerate(("\u00b2", "9" * 2_000, "KG", "10")):
            connection.execute(
                "insert into students (district, student_id, last_name, first_name, date_of_birth, "
                "district_enrollment, grade) values (%s, %s, 'Z', 'Z', '2014-05-06', 'ENROLLED', "
                "%s)",
                (FAIRVIEW, f"Z{place}", grade),
            )
    database = PortalDatabase(districts)
    with database.district(FAIRVIEW, user=None, sees_all=True) as connection:
        grades = choices(connection).grades
    database.close()
    assert grades == ["KG", "05", "10", "9" * 2_000, "\u00b2"]


def test_a_search_is_kept_in_the_session_and_not_in_an_address(
    sign_in: Callable[[str], Person],
) -> None:
    teacher = sign_in("teacher@fairview.example")
    answer = teacher.post(f"/d/{FAIRVIEW}/students", text="garcia")
    assert answer.headers["location"] == f"/d/{FAIRVIEW}/students"
    page = teacher.get(answer.headers["location"]).text
    assert "García Núñez" in page
    assert "Zimmer" not in page


def test_a_script_gets_the_rows_alone(sign_in: Callable[[str], Person]) -> None:
    teacher = sign_in("teacher@fairview.example")
    answer = teacher.send(
        f"/d/{FAIRVIEW}/students",
        {"csrf": teacher.token(), "text": "zim"},
        headers={"hx-request": "true"},
    )
    assert answer.status_code == 200
    assert "Zimmer" in answer.text
    assert "<html" not in answer.text


def test_each_search_is_in_the_audit_log_with_what_it_showed(
    sign_in: Callable[[str], Person], districts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, begun = sign_in("teacher@fairview.example"), sessions.now()
    token = teacher.token()
    for minutes in (0, 0, 2):
        later = begun + timedelta(minutes=minutes)
        monkeypatch.setattr(pages_of_students, "now", lambda at=later: at)
        teacher.send(f"/d/{FAIRVIEW}/students", {"csrf": token, "text": "gar"})
        assert "García" in teacher.get(f"/d/{FAIRVIEW}/students").text
    with connect(districts) as connection:
        lines = connection.execute(
            "select what from audit_log where action = 'searched students' order by id"
        ).fetchall()
    # The same page again is a line again after a minute.
    assert lines == [
        ("all students: 3 of 3 shown, 1001 to 1003",),
        ("text 'gar': 1 of 1 shown, 1001 to 1001",),
        ("text 'gar': 1 of 1 shown, 1001 to 1001",),
    ]


def test_who_is_not_enrolled_has_a_badge(sign_in: Callable[[str], Person]) -> None:
    assert "Withdrew" in sign_in("teacher@fairview.example").get(f"/d/{FAIRVIEW}/students").text
