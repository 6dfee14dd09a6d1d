"""A student added by hand: stays through the nights, and is refused where it can't be."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import psycopg
import pytest

from samegoal_sync.database import connect
from samegoal_sync.portal.tenant_connection import PortalDatabase
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person

ADMIN = "administrative@fairview.example"
ADDRESS = f"/d/{FAIRVIEW}/add-student"
CHILD = {
    "last_name": "Rivera",
    "first_name": "Zoë",
    "date_of_birth": "2022-03-04",
    "student_id": "P77",
    "gender": "Female",
    "district_enrollment": "PRE_ENROLLED",
}


def test_an_administrative_user_adds_a_student(
    sign_in: Callable[[str], Person], districts: str
) -> None:
    admin = sign_in(ADMIN)
    assert "Add a student by hand" in admin.get(ADDRESS).text
    answer = admin.post(ADDRESS, **CHILD)
    page = admin.get(answer.headers["location"]).text
    assert "Rivera" in page
    assert "Pre-enrolled" in page
    assert "Entered by hand" in admin.get(f"/d/{FAIRVIEW}/students").text
    with connect(districts) as connection:
        assert connection.execute(
            "select origin, district from students where student_id = 'P77'"
        ).fetchone() == ("hand", FAIRVIEW)


IMPOSSIBLE = (
    ("student_id", "1001", 409),
    ("student_id", "P 77", 422),
    ("last_name", "", 422),
    ("gender", "X", 422),
    ("district_enrollment", "GRADUATED", 422),
    ("date_of_birth", "2090-01-01", 422),
    ("date_of_birth", "yesterday", 422),
)


def test_what_can_not_be_is_refused(sign_in: Callable[[str], Person]) -> None:
    admin = sign_in(ADMIN)
    for field, value, status in IMPOSSIBLE:
        answer = admin.post(ADDRESS, **{**CHILD, field: value})
        assert answer.status_code == status, (field, value)
        assert f'id="error-{field}"' in answer.text, field
        # What was typed is still there, the field that is wrong included.
        kept = {**CHILD, field: value}
        assert f'value="{escape(kept["last_name"])}"' in answer.text
        assert f'value="{escape(kept["date_of_birth"])}"' in answer.text
        if field not in ("gender", "district_enrollment"):
            assert f'value="{escape(value)}"' in answer.text


def test_no_gender_is_chosen_beforehand(sign_in: Callable[[str], Person]) -> None:
    page = sign_in(ADMIN).get(ADDRESS).text
    assert '<option value="">Choose</option>' in page
    assert "selected" not in page


def test_the_portal_can_not_write_a_row_that_looks_imported(districts: str) -> None:
    database = PortalDatabase(districts)
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        database.district(FAIRVIEW, user=None, sees_all=True) as connection,
    ):
        connection.execute(
            "insert into students (district, student_id, last_name, first_name, date_of_birth, "
            "district_enrollment, origin) values (%s, 'X', 'X', 'X', '2015-01-01', 'ENROLLED', "
            "'sis')",
            (FAIRVIEW,),
        )
    database.close()
