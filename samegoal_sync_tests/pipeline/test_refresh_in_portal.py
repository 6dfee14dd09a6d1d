"""*Refresh from Qmlativ* as a teacher clicks it: the form's POST, read and published, and back."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
import requests

from samegoal_sync.database import connect
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.secret import Secret
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.portal.caseloads import assign_all_buildings
from samegoal_sync_tests.portal.conftest import PASSWORD, Person, served

FAIRVIEW = SLUGS[0]
_STUDENTS = "Student/Student"


@pytest.fixture
def teacher(world: World) -> Iterator[Person]:
    """A teacher of Fairview, signed in, after a good night."""
    world.run()
    add_user(
        world.database_url, "ann", Secret(PASSWORD), name="Ann", role=Role.TEACHER,
        district=FAIRVIEW,
    )  # fmt: skip
    assign_all_buildings(world.database_url, "ann")
    app = create_app(world.settings, world.database_url)
    with served(app) as address, requests.Session() as session:
        person = Person(address, session)
        assert person.sign_in("ann").status_code == 303
        yield person


def _enrolled(world: World) -> tuple[str, str]:
    """Student Id and portal id of an enrolled student."""
    with connect(world.database_url) as connection:
        row = connection.execute(
            "select student_id, portal_id from students where district = %s "
            "and district_enrollment = 'ENROLLED' order by student_id limit 1",
            (FAIRVIEW,),
        ).fetchone()
    assert row
    return str(row[0]), str(row[1])


def _actions(world: World) -> list[str]:
    with connect(world.database_url) as connection:
        rows = connection.execute("select action from audit_log where who = 'ann'").fetchall()
    return [action for (action,) in rows]


def test_a_click_brings_what_changed_in_qmlativ_and_is_audited(
    world: World, teacher: Person
) -> None:
    student_id, portal_id = _enrolled(world)
    address = f"/d/{FAIRVIEW}/students/{portal_id}"
    before = world.sandbox.tables(FAIRVIEW)[_STUDENTS]
    of_student = pl.col("StudentNumber").str.strip_chars() == student_id
    changed = pl.when(of_student).then(pl.lit("TX-778899")).otherwise("CalculatedStudentStateID")
    try:
        world.sandbox.replace_table(
            FAIRVIEW, _STUDENTS, before.with_columns(CalculatedStudentStateID=changed)
        )
        assert "TX-778899" not in teacher.get(address).text
        answer = teacher.post(f"{address}/refresh")
    finally:
        world.sandbox.replace_table(FAIRVIEW, _STUDENTS, before)
    assert answer.status_code == 303
    assert "TX-778899" in teacher.get(answer.headers["location"]).text
    assert "refreshed a student" in _actions(world)


def test_a_click_without_the_forms_token_reads_nothing(world: World, teacher: Person) -> None:
    _, portal_id = _enrolled(world)
    calls = len(world.sandbox.log(FAIRVIEW))
    answer = teacher.send(f"/d/{FAIRVIEW}/students/{portal_id}/refresh", {"csrf": "forged"})
    assert answer.status_code == 403
    assert len(world.sandbox.log(FAIRVIEW)) == calls
    assert "refreshed a student" not in _actions(world)


def test_a_qmlativ_that_fails_leaves_what_is_published_and_says_so(
    world: World, teacher: Person
) -> None:
    _, portal_id = _enrolled(world)
    before = world.published()
    world.sandbox.fault(FAIRVIEW, "forbidden", count=None)
    try:
        answer = teacher.post(f"/d/{FAIRVIEW}/students/{portal_id}/refresh")
    finally:
        world.sandbox.clear_faults(FAIRVIEW)
    assert answer.status_code == 409
    assert "What to do" in answer.text
    assert world.published() == before
