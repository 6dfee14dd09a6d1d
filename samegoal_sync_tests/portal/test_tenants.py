"""Districts are kept apart: every page, and Postgres itself."""

from __future__ import annotations

import re
from collections.abc import Callable

import psycopg
import pytest

from samegoal_sync.portal.page_access import MANAGING, TEAM
from samegoal_sync.portal.routes import PAGES
from samegoal_sync.portal.tenant_connection import PortalDatabase
from samegoal_sync_tests.portal.conftest import FAIRVIEW, OAKDALE, Person

SignIn = Callable[[str], Person]

#: Tables with a district column that the portal's role may read.
TABLES = (
    "syncs",
    "students",
    "guardians",
    "changes",
    "rejects",
    "entered_by_hand",
    "documents",
    "document_fields",
    "document_changes",
    "audit_log",
    "kept_apart",
    "withheld_guardians",
    "document_drafts",
    "caseload_buildings",
    "caseload_students",
    "refreshes",
)


def everything_of(url: str, slug: str) -> dict[str, int]:
    database = PortalDatabase(url)
    try:
        with database.district(slug, user=None, sees_all=True) as connection:
            return {
                table: len(
                    connection.execute(
                        f"select 1 from {table} where district <> %s".encode(), (slug,)
                    ).fetchall()
                )
                for table in TABLES
            }
    finally:
        database.close()


def addresses(slug: str, student: str, document: str) -> list[tuple[str, str]]:
    """Every district page of the portal, filled in."""
    parts = {"district": slug, "student": student, "document": document, "user": "1"}
    return [
        (method, re.sub(r"{(\w+)}", lambda found: parts[found[1]], path))
        for path, method, _, _ in PAGES
        if "{district}" in path
    ]


@pytest.fixture
def oakdale_document(sign_in: SignIn, student_address: Callable[..., str]) -> tuple[str, str]:
    """A student and a document of Oakdale: the ends of their addresses."""
    address = student_address(OAKDALE)
    location = sign_in("teacher@oakdale.example").post(f"{address}/documents", kind="iep")
    return address.split("/")[-1], location.headers["location"].split("/")[-1]


@pytest.mark.parametrize("login", ["teacher@fairview.example", "administrative@fairview.example"])
def test_no_page_of_another_district_opens(
    sign_in: SignIn, oakdale_document: tuple[str, str], login: str
) -> None:
    person = sign_in(login)
    token = person.token()
    # In Oakdale's own address, and with Oakdale's ids under the person's own district.
    for slug in (OAKDALE, FAIRVIEW):
        for method, path in addresses(slug, *oakdale_document):
            if slug == FAIRVIEW and not any(part in path for part in oakdale_document):
                continue
            answer = person.get(path) if method == "GET" else person.send(path, {"csrf": token})
            assert answer.status_code in (404, 400), (method, path)
            assert "García" not in answer.text
            assert "oakdale-isd.example" not in answer.text


def test_a_district_that_does_not_exist_looks_like_one_that_is_not_yours(sign_in: SignIn) -> None:
    teacher = sign_in("teacher@fairview.example")
    other = teacher.get(f"/d/{OAKDALE}/students")
    none = teacher.get("/d/no-such-isd/students")
    assert (other.status_code, other.text) == (none.status_code, none.text)


def test_a_teacher_opens_no_settings(sign_in: SignIn, student_address: Callable[..., str]) -> None:
    teacher = sign_in("teacher@fairview.example")
    token = teacher.token()
    student = student_address(FAIRVIEW).split("/")[-1]
    for path, method, _, roles in PAGES:
        if roles in (MANAGING, TEAM):
            address = path.replace("{district}", FAIRVIEW).replace("{student}", student)
            answer = (
                teacher.get(address) if method == "GET" else teacher.send(address, {"csrf": token})
            )
            assert answer.status_code == 404, address


def test_the_technical_team_opens_every_district(sign_in: SignIn) -> None:
    team = sign_in("team@samegoal.example")
    page = team.get("/team")
    assert page.status_code == 200
    assert "Fairview ISD" in page.text
    assert "Oakdale ISD" in page.text
    for slug in (FAIRVIEW, OAKDALE):
        assert team.get(f"/d/{slug}/district-information").status_code == 200


def test_postgres_hides_other_districts_whatever_is_asked(
    districts: str, oakdale_document: tuple[str, str]
) -> None:
    assert everything_of(districts, FAIRVIEW) == dict.fromkeys(TABLES, 0)
    assert any(everything_of(districts, "no-such-isd").values()) is False


FORBIDDEN = (
    f"insert into audit_log (district, who, role, action) values ('{OAKDALE}', 'x', 'x', 'x')",
    f"insert into entered_by_hand (district, student_id, entered_by) "
    f"values ('{OAKDALE}', '1001', 'x')",
    "update students set sis_internal_id = 1",
    "update students set origin = 'sis'",
    "select * from portal_users",
    "select * from district_secrets",
    "select client_key from districts",
    "select * from held_nights",
    "update audit_log set who = 'x'",
    "delete from audit_log",
)


def test_the_portals_role_can_not_write_or_read_beyond_its_own(districts: str) -> None:
    database = PortalDatabase(districts)
    for statement in FORBIDDEN:
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            database.district(FAIRVIEW, user=None, sees_all=True) as connection,
        ):
            connection.execute(statement.encode())
    database.close()


def test_the_audit_log_can_not_be_changed_by_its_owner_either(
    sign_in: SignIn, districts: str
) -> None:
    sign_in("teacher@fairview.example")
    database = PortalDatabase(districts)
    for statement in ("update audit_log set who = 'x'", "delete from audit_log"):
        with (
            pytest.raises(psycopg.errors.RaiseException, match="append-only"),
            database.web() as connection,
        ):
            connection.execute(statement.encode())
    with (
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
        database.web() as connection,
    ):
        connection.execute("truncate audit_log")
    database.close()
