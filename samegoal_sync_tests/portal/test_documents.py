"""Documents: copied whole when started, changed only by a click, unchangeable when finished."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from urllib.parse import quote

import psycopg
import pytest
from pypdf import PdfReader

from samegoal_sync.database import connect
from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person

Address = Callable[..., str]
SignIn = Callable[[str], Person]


def started(person: Person, address: str, kind: str = "iep") -> str:
    answer = person.post(f"{address}/documents", kind=kind)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def taking(key: str, seen: str) -> dict[str, str]:
    """What a click on *Take over* sends beside the page's fields."""
    return {"field": key, f"seen.{key}": seen}


def finished(person: Person, document: str, **fields: str) -> str:
    """Finish a document as a person does, by the page that asks; the document's page then."""
    answer = person.post(f"{document}/review", **fields)
    assert answer.headers["location"] == f"{document}/finish"
    page = person.get(f"{document}/finish").text
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found, page
    assert person.post(f"{document}/finish", seen=found[1]).status_code == 303
    return person.get(document).text


def execute(url: str, statement: str) -> None:
    with connect(url) as connection:
        connection.execute(statement.encode())


def test_every_kind_of_document_starts_filled_in(sign_in: SignIn, student_address: Address) -> None:
    teacher = sign_in("teacher@fairview.example")
    for kind in KINDS:
        page = teacher.get(started(teacher, student_address(FAIRVIEW), kind)).text
        for text in ("García Núñez", "May 6, 2014", "Rosa", "(555) 010-0199", "Elm Elementary"):
            assert text in page, kind
        assert "Details has changed" not in page


def test_a_later_change_is_shown_and_taken_over_by_a_click_alone(
    sign_in: SignIn, student_address: Address, districts: str
) -> None:
    teacher = sign_in("teacher@fairview.example")
    document = started(teacher, student_address(FAIRVIEW))
    execute(districts, "update guardians set cell_phone = '(555) 010-0111' where guardian_id = 71")
    page = teacher.get(document).text
    assert "Details has changed" in page
    assert page.count("(555) 010-0199") >= 2
    answer = teacher.post(
        f"{document}/take-over", **taking("guardian:71:cell_phone", "(555) 010-0111")
    )
    assert answer.status_code == 303
    page = teacher.get(document).text
    assert "Details has changed" not in page
    assert "Taken over" in page
    assert "(555) 010-0199" in page  # in the history


def test_what_changed_after_it_was_seen_is_not_taken_over(
    sign_in: SignIn, student_address: Address, districts: str
) -> None:
    teacher = sign_in("teacher@fairview.example")
    document = started(teacher, student_address(FAIRVIEW))
    execute(districts, "update guardians set cell_phone = '(555) 010-0122' where guardian_id = 71")
    answer = teacher.post(
        f"{document}/take-over", **taking("guardian:71:cell_phone", "(555) 010-0111")
    )
    assert answer.status_code == 409
    assert "Taken over" not in teacher.get(document).text


def test_a_guardian_who_is_gone_is_reported_and_stays(
    sign_in: SignIn, student_address: Address, districts: str
) -> None:
    teacher = sign_in("teacher@fairview.example")
    document = started(teacher, student_address(FAIRVIEW))
    execute(districts, "delete from guardians where guardian_id = 72")
    page = teacher.get(document).text
    assert "No longer on Details" in page
    assert "Luis" in page


def test_only_blank_fields_can_be_filled(sign_in: SignIn, student_address: Address) -> None:
    teacher = sign_in("teacher@fairview.example")
    document = started(teacher, student_address(FAIRVIEW))
    fields = {
        "student:0:city": "Austin",
        "student:0:last_name": "Other",
        "section:0:annual_goals": "Reads 90 words a minute.",
    }
    assert teacher.post(f"{document}/fill", **fields).status_code == 303
    page = teacher.get(document).text
    assert "Austin" in page
    assert "Reads 90 words a minute." in page
    assert "Other<" not in page


def test_a_finished_document_can_not_be_changed(
    sign_in: SignIn, student_address: Address, districts: str
) -> None:
    teacher = sign_in("teacher@fairview.example")
    document = started(teacher, student_address(FAIRVIEW))
    page = finished(teacher, document, **{"section:0:services": "Speech, weekly."})
    assert "Finished" in page
    assert "Speech, weekly." in page  # what was on the page is not lost
    for action in ("fill", "take-over", "finish"):
        assert teacher.post(f"{document}/{action}").status_code == 409
    for statement in (
        "update document_fields set value = 'x'",
        "update documents set finished_at = null",
        "insert into document_changes (document_id, district, part, field, kind, who) "
        "select id, district, 'student', 'x', 'filled', 'x' from documents",
    ):
        with pytest.raises(psycopg.errors.RaiseException, match="finished"):
            execute(districts, statement)


@pytest.mark.parametrize("name", ["Zoë Łukasz Нина", "小明"])
def test_a_pdf_is_made_for_every_name_and_none_is_logged(
    sign_in: SignIn,
    student_address: Address,
    districts: str,
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    execute(districts, f"update students set first_name = '{name}' where student_id = '1001'")
    teacher = sign_in("teacher@fairview.example")
    answer = teacher.get(started(teacher, student_address(FAIRVIEW)) + "/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    disposition = answer.headers["content-disposition"]
    assert f"UTF-8''{quote(f'IEP García Núñez, {name} ')}" in disposition
    assert 'filename="IEP Garcia Nunez, ' in disposition
    title = PdfReader(io.BytesIO(answer.content)).metadata
    assert title
    assert title.title == f"IEP: García Núñez, {name}"
    assert name not in caplog.text


def test_no_guardian_of_a_pdf_stands_on_two_pages(
    sign_in: SignIn, student_address: Address, districts: str
) -> None:
    execute(
        districts,
        "insert into guardians (district, student_id, guardian_id, priority, last_name, "
        "first_name, relationship, address, city, email) select 'fairview-isd', '1001', n, n, "
        "'Last' || n, 'First', 'Parent', repeat('A long street ', n % 7), 'Dallas', "
        "'g' || n || '@x.example' from generate_series(101, 130) n",
    )
    teacher = sign_in("teacher@fairview.example")
    answer = teacher.get(started(teacher, student_address(FAIRVIEW)) + "/pdf")
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages]
    assert len(pages) > 4
    for number in range(101, 131):
        (page,) = (page for page in pages if f"Last{number}" in page)
        assert f"g{number}@x.example" in page
        assert f"Guardian {number - 98}\n" in page
