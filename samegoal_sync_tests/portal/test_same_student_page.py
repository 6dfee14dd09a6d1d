"""Records that may be one student, in the portal: seen side by side, decided, audited."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from samegoal_sync.database import connect
from samegoal_sync_tests.portal.conftest import FAIRVIEW, OAKDALE, Person

SignIn = Callable[[str], Person]
_PAGE = f"/d/{FAIRVIEW}/same-student"


@pytest.fixture
def two_records(districts: str, portal: str) -> str:
    """A closed record with a document beside the one that has its Student Id now."""
    with connect(districts) as connection:
        connection.execute(
            "insert into students (district, student_id, last_name, first_name, date_of_birth, "
            "district_enrollment, sis_internal_id, missing_since, closed_since, "
            "closed_student_id, building) values (%s, '~77', 'Garcia Nunez', 'Maria', "
            "'2014-05-06', 'ENROLLED', 77, current_date, current_date, '1001', 'Elm Elementary')",
            (FAIRVIEW,),
        )
        connection.execute(
            "insert into documents (district, student_id, kind, created_by) "
            "values (%s, '~77', 'iep', 'x')",
            (FAIRVIEW,),
        )
    return districts


def _forms(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(other|survivor)" value="([^"]+)"', page))


def _documents(url: str) -> list[str]:
    with connect(url) as connection:
        return [row[0] for row in connection.execute("select student_id from documents")]


def _actions(url: str) -> list[tuple[str, str, str]]:
    with connect(url) as connection:
        return connection.execute(
            "select who, action, what from audit_log where action like '%% two records%%'"
        ).fetchall()


def test_an_administrative_user_merges_two_records(sign_in: SignIn, two_records: str) -> None:
    person = sign_in("administrative@fairview.example")
    assert "1 pair of records" in person.get(f"/d/{FAIRVIEW}/problems").text
    page = person.get(_PAGE).text
    assert "Garcia Nunez" in page
    assert "1 document" in page
    fields = _forms(page)
    refused = person.post(f"{_PAGE}/merge", **fields)
    assert refused.status_code == 400
    assert _documents(two_records) == ["~77"]
    assert person.post(f"{_PAGE}/merge", confirmed="yes", **fields).status_code == 303
    assert _documents(two_records) == ["1001"]
    assert _actions(two_records) == [
        ("administrative@fairview.example", "merged two records", "from ~77")
    ]
    assert "Nothing to decide" in person.get(_PAGE).text
    again = person.post(f"{_PAGE}/merge", confirmed="yes", **fields)
    assert again.status_code in (303, 409)
    closed = person.get(f"/d/{FAIRVIEW}/students/{fields['other']}").text
    assert "This record is closed" in closed
    assert fields["survivor"] in closed
    assert "Refresh from Qmlativ" not in closed
    start = person.post(f"/d/{FAIRVIEW}/students/{fields['other']}/documents", kind="iep")
    assert start.status_code == 400


def test_an_administrative_user_keeps_two_records_apart(sign_in: SignIn, two_records: str) -> None:
    person = sign_in("administrative@fairview.example")
    fields = _forms(person.get(_PAGE).text)
    assert person.post(f"{_PAGE}/keep-apart", **fields).status_code == 303
    assert _documents(two_records) == ["~77"]
    assert [action for _, action, _ in _actions(two_records)] == ["kept two records apart"]
    assert "Nothing to decide" in person.get(_PAGE).text


def test_a_teacher_decides_nothing(sign_in: SignIn, two_records: str) -> None:
    person = sign_in("teacher@fairview.example")
    assert person.get(_PAGE).status_code == 404
    fields = _forms(sign_in("administrative@fairview.example").get(_PAGE).text)
    assert person.post(f"{_PAGE}/merge", confirmed="yes", **fields).status_code == 404
    assert _documents(two_records) == ["~77"]


def test_records_of_another_district_can_not_be_named(
    sign_in: SignIn, two_records: str, student_address: Callable[..., str]
) -> None:
    person = sign_in("administrative@fairview.example")
    fields = _forms(person.get(_PAGE).text)
    theirs = student_address(OAKDALE).split("/")[-1]
    answer = person.post(f"{_PAGE}/merge", confirmed="yes", other=fields["other"], survivor=theirs)
    assert answer.status_code == 409
    assert _documents(two_records) == ["~77"]


def test_a_closed_record_is_found_by_name_and_never_by_the_number_it_had(
    sign_in: SignIn, two_records: str
) -> None:
    person = sign_in("administrative@fairview.example")
    person.post(f"/d/{FAIRVIEW}/students", text="1001")
    assert "Closed record" not in person.get(f"/d/{FAIRVIEW}/students").text
    person.post(f"/d/{FAIRVIEW}/students", text="garcia")
    assert "Closed record" in person.get(f"/d/{FAIRVIEW}/students").text
