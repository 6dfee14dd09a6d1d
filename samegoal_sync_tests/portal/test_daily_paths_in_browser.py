"""A teacher's day in a browser: find a student, reach a guardian, go on with one's own document."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from samegoal_sync.database import connect
from samegoal_sync.portal.rendering.contact_links import contact_link
from samegoal_sync_tests.browser import needs_browser
from samegoal_sync_tests.portal.browsing import accessible, signed_in
from samegoal_sync_tests.portal.conftest import FAIRVIEW

pytestmark = needs_browser


@pytest.fixture
def teacher(browser: Browser, portal: str, districts: str) -> Iterator[Page]:
    """A teacher of a district of 123 students; García's live at the student's address."""
    with connect(districts) as connection:
        connection.execute(
            "insert into students (district, student_id, last_name, first_name, date_of_birth, "
            "gender, district_enrollment, grade, building) select %s, 'M' || n, 'Moreno' || "
            "repeat('-Castellano', n %% 4), 'Ana ' || n, '2014-05-06', 'F', 'ENROLLED', '05', "
            "'Elm Elementary' from generate_series(1, 120) n",
            (FAIRVIEW,),
        )
        for table in ("students", "guardians"):
            connection.execute(
                f"update {table} set address = '12 Elm St', city = 'Dallas', "
                "state = 'TX', zip = '75201' where district = %s and student_id = '1001'",
                (FAIRVIEW,),
            )
        connection.execute(
            "insert into entered_by_hand (district, student_id, pronouns, entered_by) "
            "values (%s, '1001', 'she/her', 'teacher')",
            (FAIRVIEW,),
        )
    page = signed_in(browser, portal, "teacher@fairview.example")
    yield page
    page.context.close()


def left_edges(page: Page) -> list[float]:
    edges: list[float] = page.locator("#results thead th").evaluate_all(
        "heads => heads.map(head => Math.round(head.getBoundingClientRect().left))"
    )
    return edges


def test_a_student_is_found_by_keys_alone(teacher: Page, districts: str) -> None:
    expect(teacher.get_by_role("status")).to_have_text("123 students, 50 on this page")
    edges = left_edges(teacher)
    teacher.keyboard.press("Control+k")
    field = teacher.get_by_label("Name or Student Id")
    expect(field).to_be_focused()
    teacher.keyboard.type("castellano")
    expect(teacher.get_by_role("heading", name="No students found")).to_be_visible()
    field.fill("morenoc")
    expect(teacher.get_by_role("status")).to_have_text("90 students, 50 on this page")
    assert left_edges(teacher) == edges  # long names move no column
    expect(field).to_be_focused()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        teacher.keyboard.press(key)
    expect(teacher.locator("#results tbody a").first).to_be_focused()
    teacher.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    next_page = teacher.get_by_role("link", name="Next")
    next_page.focus()
    teacher.keyboard.press("Enter")
    expect(teacher.get_by_role("status")).to_have_text("90 students, 40 on this page")
    assert "after=" in teacher.url
    expect(teacher.locator("#results tbody a").first).to_be_focused()
    teacher.go_back()
    expect(teacher.get_by_role("status")).to_have_text("90 students, 50 on this page")
    expect(teacher.get_by_role("button", name="Sign out")).to_be_visible()
    kept = teacher.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "Moreno" not in kept  # the browser keeps no page of students
    with connect(districts) as connection:
        connection.execute("delete from portal_sessions")
    field.press_sequentially("x")
    teacher.wait_for_url("**/sign-in")
    expect(teacher.get_by_label("Password")).to_be_visible()


def test_details_begin_with_what_a_teacher_does(
    teacher: Page, student_address: Callable[[str], str]
) -> None:
    teacher.goto(student_address(FAIRVIEW))
    expect(teacher.get_by_role("heading", level=1)).to_contain_text("María García Núñez (she/her)")
    guardians = teacher.locator("#guardians")
    assert guardians.get_by_text("Same as the student").count() == 2
    expect(guardians.get_by_text("12 Elm St")).to_have_count(0)
    phone = guardians.get_by_role("link", name="(555) 010-0199").first
    expect(phone).to_have_attribute("href", "tel:+15550100199")
    mail = guardians.get_by_role("link", name="rosa@fairview-isd.example")
    expect(mail).to_have_attribute("href", "mailto:rosa@fairview-isd.example")
    accessible(teacher)
    start = teacher.get_by_role("button", name="Start document")
    box = start.bounding_box()
    assert box
    assert box["y"] < 220
    teacher.get_by_label("New document").select_option("etr")
    start.click()
    expect(teacher.get_by_role("heading", level=1)).to_contain_text("Evaluation Team Report")
    teacher.get_by_role("link", name="Students").first.click()
    own = teacher.get_by_role("region", name="Your documents")
    expect(own).to_contain_text("García Núñez, María ETR")
    accessible(teacher)
    own.get_by_role("link").click()
    expect(teacher.get_by_role("heading", level=1)).to_contain_text("Evaluation Team Report")


def test_a_phone_shows_students_without_scrolling(
    teacher: Page, student_address: Callable[[str], str]
) -> None:
    teacher.set_viewport_size({"width": 390, "height": 800})
    teacher.goto(f"/d/{FAIRVIEW}/students")
    first = teacher.locator("#results tbody tr").first
    row, last_cell = first.bounding_box(), first.locator("td").last.bounding_box()
    assert row
    assert last_cell
    assert row["y"] + row["height"] < 800
    assert last_cell["x"] + last_cell["width"] <= 390  # stacked: nothing stands out of sight
    expect(first.locator("td").last).to_contain_text("Elm Elementary")
    accessible(teacher)
    teacher.goto(student_address(FAIRVIEW))
    accessible(teacher)
    assert teacher.evaluate("document.documentElement.scrollWidth") <= 390


def test_others_documents_are_not_ones_own(
    teacher: Page, browser: Browser, portal: str, student_address: Callable[[str], str]
) -> None:
    admin = signed_in(browser, portal, "administrative@fairview.example")
    admin.goto(student_address(FAIRVIEW))
    admin.get_by_role("button", name="Start document").click()
    document = admin.url
    teacher.goto(f"/d/{FAIRVIEW}/students")
    expect(teacher.get_by_role("region", name="Your documents")).to_have_count(0)
    teacher.goto(document)
    teacher.get_by_label("Measurable annual goals").fill("Reads aloud.")
    expect(teacher.get_by_text("Draft kept")).to_be_visible()
    teacher.goto(f"/d/{FAIRVIEW}/students")
    expect(teacher.get_by_role("region", name="Your documents")).to_contain_text("IEP")
    admin.context.close()


PHONES = {
    "312-555-0123": "tel:+13125550123",
    "312-555-0123 x45": "tel:+13125550123;ext=45",
    "+44 20 7946 0958": "tel:+442079460958",
    "555-0123": "tel:5550123",
    None: "",
}


def test_phones_are_called_with_their_country_and_extension() -> None:
    assert {phone: contact_link(phone, "cell_phone") for phone in PHONES} == PHONES
    assert contact_link("a+b&c@x.example", "email") == "mailto:a%2Bb%26c@x.example"
    assert contact_link("312-555-0123", "address") == ""
