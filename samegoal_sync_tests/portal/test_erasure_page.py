"""Erase or correct on request, in the portal: what will happen is named, and one types who."""

from __future__ import annotations

from collections.abc import Callable

from samegoal_sync.database import connect
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person

ADMIN = "administrative@fairview.example"


def test_a_student_is_erased_after_what_goes_and_what_stays_was_named(
    sign_in: Callable[[str], Person], student_address: Callable[..., str], districts: str
) -> None:
    admin, address = sign_in(ADMIN), student_address(FAIRVIEW)
    admin.post(f"{address}/documents", kind="iep")
    page = admin.get(f"{address}/on-request").text
    for words in ("2 guardians", "<strong>1 document</strong>", "audit log", "SIS Internal ID"):
        assert words in page
    wrong = admin.post(f"{address}/erase", student_id="1002")
    assert wrong.status_code == 422
    assert "Nothing was erased" in wrong.text
    assert admin.get(address).status_code == 200
    done = admin.post(f"{address}/erase", student_id="1001")
    assert done.headers["location"] == f"/d/{FAIRVIEW}/erased-students"
    assert admin.get(address).status_code == 404
    erased = admin.get(f"/d/{FAIRVIEW}/erased-students").text
    assert "6001" in erased
    assert "García" not in erased
    again = admin.post(f"/d/{FAIRVIEW}/erased-students", sis_internal_id="6001")
    assert again.status_code == 303
    assert admin.post(f"/d/{FAIRVIEW}/erased-students", sis_internal_id="6001").status_code == 409
    with connect(districts) as connection:
        lines = connection.execute(
            "select who, action, student_id from audit_log where action like '%eras%' order by id"
        ).fetchall()
        assert lines == [
            (ADMIN, "erased a student", "1001"),
            (ADMIN, "let an erased student be imported again", None),
        ]
        (others,) = connection.execute("select count(*) from students").fetchall()
        assert others == (5,)  # of the other district, 1001 too


def test_a_former_value_is_taken_out_of_the_history(
    sign_in: Callable[[str], Person], student_address: Callable[..., str], districts: str
) -> None:
    with connect(districts) as connection:
        connection.execute(
            "insert into changes (district, student_id, kind, field, old, new) "
            "values (%s, '1001', 'changed', 'address', '1 Wrong Way', '2 Right Way')",
            (FAIRVIEW,),
        )
    admin, address = sign_in(ADMIN), student_address(FAIRVIEW)
    assert "1 Wrong Way" in admin.get(address).text
    assert admin.post(f"{address}/forget", field="no_such").status_code == 422
    assert admin.post(f"{address}/forget", field="address").status_code == 303
    assert "1 Wrong Way" not in admin.get(address).text
