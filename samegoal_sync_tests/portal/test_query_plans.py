"""No page reads all students of a database that holds many: indexes are used under the policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from samegoal_sync.portal.records.student_search import Found, Search, choices, find_students
from samegoal_sync.portal.tenant_connection import PortalDatabase, Rows, one
from samegoal_sync.samegoal.publication.student_record import record_by_portal_id
from samegoal_sync_tests.portal.many_students import add_many

SLUG = "large-isd"


@pytest.fixture
def database(database_url: str) -> Iterator[PortalDatabase]:
    add_many(database_url, SLUG, 20_000)
    database = PortalDatabase(database_url)
    yield database
    database.close()


def scans(connection: Rows) -> dict[str, int]:
    """Sequential scans of this transaction so far."""
    found = connection.execute(
        "select relname, seq_scan from pg_stat_xact_user_tables "
        "where relname in ('students', 'guardians', 'changes')"
    ).fetchall()
    return {row["relname"]: row["seq_scan"] for row in found if row["seq_scan"]}


SEARCHES = (
    Search(),
    Search("s"),
    Search("garcia"),
    Search("maria lopez"),
    Search("119999"),
    Search(building="School 17"),
    Search(grade="05", status="GRADUATED"),
    Search("kim", building="School 17", status="ENROLLED"),
)


def test_the_list_reads_no_more_than_it_must(database: PortalDatabase) -> None:
    for search in SEARCHES:
        with database.district(SLUG, user=None, sees_all=True) as connection:
            assert find_students(connection, search).students, search
            assert scans(connection) == {}, search


def test_the_filters_choices_are_found_by_steps(database: PortalDatabase) -> None:
    with database.district(SLUG, user=None, sees_all=True) as connection:
        offered = choices(connection)
        assert len(offered.buildings) == 150
        assert offered.grades[0] == "00"
        assert offered.statuses == ["ENROLLED", "GRADUATED", "WITHDREW"]
        assert scans(connection) == {}


def test_details_read_one_student(database: PortalDatabase) -> None:
    with database.district(SLUG, user=None, sees_all=True) as connection:
        student = find_students(connection, Search("110000")).students[0]
        record = record_by_portal_id(connection, student["portal_id"])
        assert record
        assert len(record.guardians) == 2
        assert scans(connection) == {}


def test_pages_go_on_and_back_without_gap_or_repeat(database: PortalDatabase) -> None:
    search = Search("sm", grade="07")
    forward = _pages(database, search, "after")
    assert forward == sorted(forward)
    assert len(set(forward)) == len(forward)
    with database.district(SLUG, user=None, sees_all=True) as connection:
        count = one(
            connection,
            "select count(*) as n from students where grade = '07' and name_key like 'sm%%'",
            {},
        )["n"]
    assert len(forward) == count
    assert _pages(database, search, "before") == forward


def _pages(database: PortalDatabase, search: Search, way: str) -> list[tuple[str, str, str]]:
    """All pages one way; backwards begins at the end."""
    seen: list[Any] = []
    edge: dict[str, Any] = {}
    with database.district(SLUG, user=None, sees_all=True) as connection:
        found: Found = find_students(connection, search)
        if way == "before":
            while found.later:
                found = find_students(connection, search, after=found.students[-1]["portal_id"])
        while True:
            keys = [(row["name_key"], row["middle_key"], row["id_key"]) for row in found.students]
            seen = keys + seen if way == "before" else seen + keys
            more = found.earlier if way == "before" else found.later
            if not more or not found.students:
                return seen
            edge = {way: found.students[0 if way == "before" else -1]["portal_id"]}
            found = find_students(connection, replace(search), **edge)
