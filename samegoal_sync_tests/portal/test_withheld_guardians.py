"""A guardian who may no longer see a student: what a teacher and an administrator still read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from samegoal_sync.database import connect
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person

_FATHERS_EMAIL = "luis.old@example.org"


@pytest.fixture
def father(districts: str) -> Callable[[], int]:
    """Withholds the student's father, as a night does: out of guardians, into what is known."""

    def withhold() -> int:
        with connect(districts) as connection:
            row = connection.execute(
                "delete from guardians where district = %s and student_id = '1001' "
                "and first_name = 'Luis' returning guardian_id",
                (FAIRVIEW,),
            ).fetchone()
            assert row is not None
            connection.execute(
                "update students set sis_internal_id = 71 where district = %s "
                "and student_id = '1001'",
                (FAIRVIEW,),
            )
            connection.execute(
                "insert into withheld_guardians values (%s, 71, %s, '', 'restricted')",
                (FAIRVIEW, row[0]),
            )
            for guardian, kind, field, old in (
                (row[0], "removed", "withheld", "Luis García"),
                (row[0], "changed", "email", _FATHERS_EMAIL),
                (_mother(connection), "changed", "email", _FATHERS_EMAIL),
            ):
                connection.execute(
                    "insert into changes (district, student_id, guardian_id, kind, field, old, "
                    "sync_id) select %s, '1001', %s, %s, %s, %s, max(id) from syncs "
                    "where district = %s",
                    (FAIRVIEW, guardian, kind, field, old, FAIRVIEW),
                )
        return int(row[0])

    return withhold


def _mother(connection: object) -> int:
    row = connection.execute(  # type: ignore[attr-defined]
        "select guardian_id from guardians where district = %s and student_id = '1001' "
        "and first_name = 'Rosa'",
        (FAIRVIEW,),
    ).fetchone()
    return int(row[0])


def test_history_tells_a_teacher_nothing_of_a_guardian_who_is_withheld(
    sign_in: Callable[[str], Person],
    student_address: Callable[..., str],
    father: Callable[[], int],
) -> None:
    father()
    page = sign_in("teacher@fairview.example").get(student_address(FAIRVIEW)).text
    assert _FATHERS_EMAIL not in page
    assert "Luis" not in page
    assert page.count("Not shown: ask an administrative user.") == 3


def test_an_administrator_sees_that_a_guardian_is_withheld_and_why(
    sign_in: Callable[[str], Person],
    student_address: Callable[..., str],
    father: Callable[[], int],
) -> None:
    key = father()
    page = sign_in("administrative@fairview.example").get(student_address(FAIRVIEW)).text
    assert f"Guardian {key}: restricted access in Qmlativ" in page
    assert "Withheld guardian (restricted access in Qmlativ): " in page
    assert _FATHERS_EMAIL in page


def test_a_document_that_holds_a_guardian_who_may_no_longer_see_the_student_says_so(
    sign_in: Callable[[str], Person],
    student_address: Callable[..., str],
    father: Callable[[], int],
) -> None:
    teacher = sign_in("teacher@fairview.example")
    document = teacher.post(f"{student_address(FAIRVIEW)}/documents", kind="iep").headers[
        "location"
    ]
    warning = "A guardian in this document may no longer see the student."
    assert warning not in teacher.get(document).text
    father()
    assert warning in teacher.get(document).text
    new = teacher.post(f"{student_address(FAIRVIEW)}/documents", kind="iep").headers["location"]
    assert "Luis" not in teacher.get(new).text


def test_history_tells_a_teacher_nothing_either_once_the_guardian_is_gone_from_qmlativ(
    sign_in: Callable[[str], Person],
    student_address: Callable[..., str],
    father: Callable[[], int],
    districts: str,
) -> None:
    father()
    with connect(districts) as connection:
        connection.execute("delete from withheld_guardians")
    page = sign_in("teacher@fairview.example").get(student_address(FAIRVIEW)).text
    assert _FATHERS_EMAIL not in page
    assert "Luis" not in page


def test_a_document_that_holds_a_contact_denied_since_says_so(
    sign_in: Callable[[str], Person], student_address: Callable[..., str], districts: str
) -> None:
    teacher = sign_in("teacher@fairview.example")
    with connect(districts) as connection:
        mother = _mother(connection)
        connection.execute(
            "update guardians set email = %s where guardian_id = %s", (_FATHERS_EMAIL, mother)
        )
        connection.execute(
            "update students set sis_internal_id = 71 where district = %s and student_id = '1001'",
            (FAIRVIEW,),
        )
    document = teacher.post(f"{student_address(FAIRVIEW)}/documents", kind="iep").headers[
        "location"
    ]
    warning = "not the guardian&#39;s own"
    assert warning not in teacher.get(document).text.replace("'", "&#39;")
    with connect(districts) as connection:
        connection.execute(
            "insert into withheld_guardians values (%s, 71, %s, 'email', 'not_theirs')",
            (FAIRVIEW, mother),
        )
    for page in (document, f"{document}/finish"):
        assert warning in teacher.get(page).text.replace("'", "&#39;")
