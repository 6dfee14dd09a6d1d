"""A teacher sees the students of their caseload and nobody else, by every page and Postgres."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from samegoal_sync import cli
from samegoal_sync.database import connect
from samegoal_sync.portal.page_access import MANAGING, TEAM
from samegoal_sync.portal.records.student_search import Search, find_students
from samegoal_sync.portal.routes import PAGES
from samegoal_sync.portal.tenant_connection import PortalDatabase
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person
from samegoal_sync_tests.portal.many_students import add_many

TEACHER, ADMIN = "teacher@fairview.example", "administrative@fairview.example"
SignIn = Callable[[str], Person]
#: Tables that tell of students; each has a row of the student of the other building.
TABLES = (
    "students", "guardians", "changes", "rejects", "entered_by_hand", "documents",
    "document_fields", "document_changes", "document_drafts", "withheld_guardians",
)  # fmt: skip


class World:
    """Fairview, where María has moved to a building that is not the teacher's."""

    def __init__(self, url: str, sign_in: SignIn, address: Callable[..., str]) -> None:
        self.url, self.sign_in, self.address = url, sign_in, address
        self.maria, self.sam = (address(FAIRVIEW, key).split("/")[-1] for key in ("1001", "1002"))
        admin = sign_in(ADMIN)
        started = admin.post(f"/d/{FAIRVIEW}/students/{self.maria}/documents", kind="iep")
        self.document = started.headers["location"].split("/")[-1]
        admin.post(f"/d/{FAIRVIEW}/students/{self.maria}/by-hand", pronouns="they/them")
        page = f"/d/{FAIRVIEW}/documents/{self.document}"
        field = re.search(r'name="(section:0:[^"]+)"', admin.get(page).text)
        assert field
        assert admin.post(f"{page}/fill", **{field[1]: "first text"}).status_code == 303
        assert admin.post(f"{page}/draft", **{field[1]: "a draft"}).status_code == 200
        self.do("update students set building = 'Oak Middle' where student_id = '1001'")
        self.do(
            "insert into changes (district, student_id, kind, field, old, new, sync_id) "
            f"select '{FAIRVIEW}', '1001', 'changed', 'address', 'Old', 'New', id from syncs "
            f"where district = '{FAIRVIEW}'"
        )
        self.do(
            "insert into rejects (sync_id, district, object, key, student_id, rule, severity) "
            f"select id, '{FAIRVIEW}', 'Student', 1, '1001', 'x', 'value' from syncs "
            f"where district = '{FAIRVIEW}'"
        )
        self.do(f"insert into withheld_guardians values ('{FAIRVIEW}', 6001, 99, '', 'restricted')")

    def do(self, statement: str) -> list[Any]:
        with connect(self.url) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def user(self, login: str = TEACHER) -> int:
        return int(self.do(f"select id from portal_users where login = '{login}'")[0][0])

    def of_maria(self, *, user: int | None, sees_all: bool) -> dict[str, int]:
        """Rows of the other building's student that Postgres gives out."""
        database = PortalDatabase(self.url)
        of_maria = dict.fromkeys(TABLES, "student_id = '1001'")
        of_maria |= dict.fromkeys(TABLES[6:9], f"document_id = '{self.document}'")
        of_maria["withheld_guardians"] = "sis_internal_id = 6001"
        try:
            with database.district(FAIRVIEW, user=user, sees_all=sees_all) as connection:
                return {
                    table: len(
                        connection.execute(
                            f"select 1 from {table} where {condition}".encode()
                        ).fetchall()
                    )
                    for table, condition in of_maria.items()
                }
        finally:
            database.close()


@pytest.fixture
def world(districts: str, sign_in: SignIn, student_address: Callable[..., str]) -> World:
    return World(districts, sign_in, student_address)


def test_postgres_gives_a_teacher_nothing_of_another_building(world: World) -> None:
    everything = world.of_maria(user=world.user(ADMIN), sees_all=True)
    assert all(everything.values()), everything
    assert world.of_maria(user=world.user(), sees_all=False) == dict.fromkeys(TABLES, 0)
    # Nobody named, or somebody of no account: nothing, rather than everything.
    assert world.of_maria(user=None, sees_all=False) == dict.fromkeys(TABLES, 0)
    assert world.of_maria(user=2**40, sees_all=False) == dict.fromkeys(TABLES, 0)


def test_no_page_shows_a_teacher_a_student_of_another_building(world: World) -> None:
    teacher = world.sign_in(TEACHER)
    token = teacher.token()
    parts = {"district": FAIRVIEW, "student": world.maria, "document": world.document, "user": "1"}
    tried = 0
    for path, method, _, roles in PAGES:
        if roles in (MANAGING, TEAM) or not ("{student}" in path or "{document}" in path):
            continue
        address = re.sub(r"{(\w+)}", lambda found: parts[found[1]], path)
        fields = {"csrf": token, "kind": "iep", "seen": "x", "field": "*"}
        answer = teacher.get(address) if method == "GET" else teacher.send(address, fields)
        assert answer.status_code == 404, (method, path)
        assert "García" not in answer.text
        tried += 1
    assert tried >= 12
    assert world.do("select count(*) from documents") == [(1,)]


def test_the_list_the_search_and_the_filters_hold_only_the_caseload(world: World) -> None:
    teacher, admin = world.sign_in(TEACHER), world.sign_in(ADMIN)
    students = f"/d/{FAIRVIEW}/students"
    assert "Zimmer" in teacher.get(students).text
    for fields in ({"text": "garcia"}, {"text": "1001"}, {"building": "Oak Middle"}):
        for person, found in ((teacher, False), (admin, True)):
            person.post(students, **fields)
            assert ("García" in person.get(students).text) is found, fields
    assert "Oak Middle" not in teacher.get(students).text
    assert teacher.get(f"{students}?after={world.maria}").status_code == 200
    assert teacher.get(f"/d/{FAIRVIEW}/problems.csv").status_code == 404


def test_what_a_teacher_of_the_building_wrote_stays_with_the_building(world: World) -> None:
    """A document started before the student moved: its author no longer sees it."""
    world.do("update students set building = 'Elm Elementary' where student_id = '1001'")
    teacher = world.sign_in(TEACHER)
    started = teacher.post(f"/d/{FAIRVIEW}/students/{world.maria}/documents", kind="iep")
    page = started.headers["location"]
    assert teacher.get(page).status_code == 200
    world.do("update students set building = 'Oak Middle' where student_id = '1001'")
    for path in (page, f"{page}/pdf", f"{page}/finish"):
        assert teacher.get(path).status_code == 404, path
    assert teacher.post(f"{page}/review").status_code == 404
    assert world.sign_in(ADMIN).get(page).status_code == 200


def test_an_assigned_student_is_seen_first_and_can_be_written_of(world: World) -> None:
    admin, teacher = world.sign_in(ADMIN), world.sign_in(TEACHER)
    caseload = f"/d/{FAIRVIEW}/caseloads/{world.user()}"
    assert "Toni" not in admin.get(caseload).text
    assert admin.post(f"{caseload}/students", student_ids="1001").status_code == 303
    listed = teacher.get(f"/d/{FAIRVIEW}/students").text
    assert listed.index("Assigned to you") < listed.index("García") < listed.index("Zimmer")
    document = teacher.post(f"/d/{FAIRVIEW}/students/{world.maria}/documents", kind="iep")
    page = document.headers["location"]
    assert teacher.post(f"{page}/review").headers["location"].endswith("/finish")
    seen = re.search(r'name="seen" value="(\w+)"', teacher.get(f"{page}/finish").text)
    assert seen
    assert teacher.post(f"{page}/finish", seen=seen[1]).status_code == 303
    assert world.do("select finished_by from documents where finished_by is not null") == [
        (TEACHER,)
    ]
    assert admin.post(f"{caseload}/students/{world.maria}/remove").status_code == 303
    assert teacher.get(page).status_code == 404
    lines = world.do(
        "select who, action, student_id, what from audit_log where action like '%caseload' "
        "and student_id is not null order by id"
    )
    assert lines == [
        (ADMIN, "assigned to a caseload", "1001", f"to {TEACHER}"),
        (ADMIN, "took off a caseload", "1001", f"from {TEACHER}"),
    ]


def test_a_district_may_choose_that_only_assigned_students_are_seen(world: World) -> None:
    admin, teacher = world.sign_in(ADMIN), world.sign_in(TEACHER)
    admin.post(f"/d/{FAIRVIEW}/caseloads", teachers_see="assigned")
    page = teacher.get(f"/d/{FAIRVIEW}/students").text
    assert "No students on your caseload yet" in page
    assert "Zimmer" not in page
    assert "Sees nobody yet" in admin.get(f"/d/{FAIRVIEW}/caseloads").text
    assert admin.post(f"/d/{FAIRVIEW}/caseloads", teachers_see="x").status_code == 422
    what = world.do("select what from audit_log where action = 'changed settings'")
    assert what == [("teachers see: default -> assigned",)]


def test_buildings_are_ticked_and_nothing_of_another_district_is_taken(world: World) -> None:
    admin, teacher = world.sign_in(ADMIN), world.sign_in(TEACHER)
    caseload = f"/d/{FAIRVIEW}/caseloads/{world.user()}"
    assert admin.post(f"{caseload}/buildings", building="Oak Middle").status_code == 303
    listed = teacher.get(f"/d/{FAIRVIEW}/students").text
    assert "García" in listed
    assert "Zimmer" not in listed
    admin.post(f"{caseload}/buildings", building="No Such School")
    assert world.do("select count(*) from caseload_buildings where user_id = "
                    f"{world.user()}") == [(0,)]  # fmt: skip
    wrong = admin.post(f"{caseload}/students", student_ids="1001 9999")
    assert wrong.status_code == 422
    assert "no student 9999" in wrong.text
    assert world.do("select count(*) from caseload_students") == [(0,)]
    other = world.user("teacher@oakdale.example")
    for path in (f"/d/{FAIRVIEW}/caseloads/{other}", f"/d/{FAIRVIEW}/caseloads/{'9' * 30}"):
        assert admin.get(path).status_code == 404
        assert admin.post(f"{path}/students", student_ids="1001").status_code == 404


def test_buildings_and_students_are_assigned_by_command(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> int:
        monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", world.url)
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            cli.main(["users", *arguments])
        return int(ended.value.code or 0)

    teacher = world.sign_in(TEACHER)
    maria = f"/d/{FAIRVIEW}/students/{world.maria}"
    assert run("assign", TEACHER, "--student", "1001") == 0
    assert teacher.get(maria).status_code == 200
    assert run("unassign", TEACHER, "--student", "1001", "--building", "Elm Elementary") == 0
    assert teacher.get(maria).status_code == 404
    assert "No students on your caseload yet" in teacher.get(f"/d/{FAIRVIEW}/students").text
    assert run("assign", TEACHER, "--building", "Elm") == 2
    assert "Elm Elementary, Oak Middle" in capsys.readouterr().err
    assert run("assign", TEACHER, "--all-buildings") == 0
    assert teacher.get(maria).status_code == 200
    assert world.do("select count(*) from audit_log where role = 'command'") == [(5,)]


def test_a_small_caseload_in_a_large_district_is_found_by_index(database_url: str) -> None:
    add_many(database_url, "large-isd", 20_000)
    with connect(database_url) as connection:
        row = connection.execute(
            "insert into portal_users (login, name, role, district, password_hash) "
            "values ('t', 't', 'teacher', 'large-isd', 'x') returning id"
        ).fetchone()
        assert row
        connection.execute(
            "insert into caseload_students (district, user_id, portal_id, assigned_by) "
            "select district, %s, portal_id, 'x' from students where student_id like '11999%%'",
            row,
        )
    database = PortalDatabase(database_url)
    with database.district("large-isd", user=row[0], sees_all=False) as connection:
        assert len(find_students(connection, Search()).students) == 10
        found = connection.execute(
            "select seq_scan + coalesce(seq_tup_read, 0) as n from pg_stat_xact_user_tables "
            "where relname = 'students'"
        ).fetchone()
        assert found == {"n": 0}
    database.close()
