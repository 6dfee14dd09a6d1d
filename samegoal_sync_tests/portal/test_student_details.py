"""The Details and Basics tabs."""

from __future__ import annotations

from collections.abc import Callable

from samegoal_sync.database import connect
from samegoal_sync.portal.rendering.language_names import language
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person


def test_details_show_the_record_and_where_it_came_from(
    sign_in: Callable[[str], Person], student_address: Callable[..., str]
) -> None:
    page = sign_in("teacher@fairview.example").get(student_address(FAIRVIEW))
    assert page.status_code == 200
    for text in ("García Núñez", "May 6, 2014", "Rosa", "(555) 010-0199", "Demographics/Name"):
        assert text in page.text
    assert page.text.index("Rosa") < page.text.index("Luis")


def test_languages_are_shown_in_words(
    sign_in: Callable[[str], Person], student_address: Callable[..., str], districts: str
) -> None:
    with connect(districts) as connection:
        connection.execute("update students set home_language = 'es'")
        connection.execute("update guardians set language = 'lo'")
    teacher, address = sign_in("teacher@fairview.example"), student_address(FAIRVIEW)
    document = teacher.post(f"{address}/documents", kind="iep").headers["location"]
    for page in (address, document):
        text = teacher.get(page).text
        assert "Spanish" in text
        assert "Lao" in text
    assert language("xx") == "xx"


def test_a_country_is_named_where_it_is_another_one(
    sign_in: Callable[[str], Person], student_address: Callable[..., str], districts: str
) -> None:
    teacher, address = sign_in("teacher@fairview.example"), student_address(FAIRVIEW)
    assert "<dt>Country</dt>" not in teacher.get(address).text
    assert "<dt>City</dt><dd>\u2013" in teacher.get(address).text  # blank, and worth a look
    with connect(districts) as connection:
        connection.execute("update students set country = 'MX', city = 'Reynosa'")
    assert "<dt>Country</dt><dd>Mexico" in teacher.get(address).text


def test_it_is_told_where_values_are_shown_that_they_were_not_shared(
    sign_in: Callable[[str], Person], student_address: Callable[..., str], districts: str
) -> None:
    with connect(districts) as connection:
        connection.execute(
            "update syncs set absent_columns = '{guardian.email}', "
            """findings = '{"guardians": {"restrictions_shared": 0}}'"""
        )
    page = sign_in("teacher@fairview.example").get(student_address(FAIRVIEW)).text
    assert page.count("Not shared by Qmlativ; kept as it was.") == 2  # two guardians
    assert "Custody restrictions are not shared by Qmlativ." in page


def test_what_is_entered_by_hand_is_kept(
    sign_in: Callable[[str], Person], student_address: Callable[..., str]
) -> None:
    teacher, address = sign_in("teacher@fairview.example"), student_address(FAIRVIEW)
    answer = teacher.post(f"{address}/by-hand", preferred_gender="Non-binary", pronouns="they")
    assert answer.status_code == 303
    page = teacher.get(address).text
    assert 'value="they"' in page
    assert "<option selected>Non-binary</option>" in page


def test_a_gender_that_is_not_offered_is_refused(
    sign_in: Callable[[str], Person], student_address: Callable[..., str]
) -> None:
    answer = sign_in("teacher@fairview.example").post(
        f"{student_address(FAIRVIEW)}/by-hand", preferred_gender="X", pronouns="ze/zir"
    )
    assert answer.status_code == 422
    assert 'id="error-preferred_gender"' in answer.text
    assert 'value="ze/zir"' in answer.text  # what was typed is still there
