"""Documents as they are worked with: a family moves, blanks are filled in, a page is printed."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PageObject, PdfReader

from samegoal_sync.database import connect
from samegoal_sync_tests.browser import needs_browser
from samegoal_sync_tests.portal.browsing import accessible, signed_in
from samegoal_sync_tests.portal.conftest import FAIRVIEW

pytestmark = needs_browser


@pytest.fixture
def document(
    browser: Browser, portal: str, districts: str, student_address: Callable[[str], str]
) -> Page:
    """A teacher at an open IEP of María, whose family has moved since; Rosa has a new phone too."""
    live_at(districts, "12 Elm St", "Dallas", "75201")
    page = signed_in(browser, portal, "teacher@fairview.example")
    page.goto(student_address(FAIRVIEW))
    page.get_by_role("button", name="Start document").click()
    expect(page.get_by_role("button", name="Finish…")).to_be_visible()
    live_at(districts, "9 Oak Ave", "Austin", "73301")
    with connect(districts) as connection:
        connection.execute(
            "update guardians set cell_phone = '(555) 010-0111' where guardian_id = 71"
        )
    page.reload()
    return page


def live_at(url: str, *address: str) -> None:
    """María and her guardians live there."""
    with connect(url) as connection:
        for table in ("students", "guardians"):
            connection.execute(
                f"update {table} set address = %s, city = %s, zip = %s, state = 'TX' "
                "where district = %s and student_id = '1001'",
                (*address, FAIRVIEW),
            )


def test_a_move_is_taken_over_at_once(document: Page) -> None:
    differs = document.get_by_role("region", name="Differences from Details")
    expect(differs.get_by_role("rowgroup").nth(1)).to_contain_text(
        "Moved to 9 Oak Ave, Austin, TX, 73301: student, guardian 1, guardian 2"
    )
    accessible(document, "document-move")
    document.get_by_label("Measurable annual goals").fill("Reads aloud.")
    document.get_by_role("button", name="Take over this move").click()
    expect(document.get_by_role("status")).to_contain_text("9 values")
    expect(differs.get_by_role("button")).to_have_count(1)  # the phone is no part of the move
    expect(document.get_by_text("9 Oak Ave")).to_have_count(6)  # and thrice in the changes below
    expect(document.get_by_label("Measurable annual goals")).to_have_value("Reads aloud.")


@pytest.mark.parametrize("width", [1180, 390])
def test_blanks_are_no_boxes_and_the_bar_stays(document: Page, width: int) -> None:
    document.set_viewport_size({"width": width, "height": 800})
    assert document.get_by_label("Middle name").first.is_hidden()
    document.get_by_text("Fill in what is blank").first.click()
    document.get_by_label("Middle name").first.fill("Luz")
    save = document.get_by_role("button", name="Save")
    for place in (0, 100_000):
        document.evaluate(f"window.scrollTo(0, {place})")
        expect(save).to_be_in_viewport(ratio=1)
    accessible(document)
    assert document.evaluate("document.documentElement.scrollWidth") <= width
    save.click()
    expect(document.get_by_role("status")).to_contain_text("Saved")
    expect(document.get_by_label("Middle name").first).to_have_value("Luz")
    assert document.get_by_label("Middle name").first.is_visible()


def test_a_print_has_no_buttons_and_no_page_half_empty(document: Page) -> None:
    lines = "\n".join(f"Line {number} of what was written." for number in range(1, 91))
    for title in ("Measurable annual goals", "Special education and related services"):
        document.get_by_label(title).fill(lines)
    pages = PdfReader(io.BytesIO(document.pdf(format="Letter"))).pages
    printed = "\n".join(page.extract_text() for page in pages)
    assert printed.count("Line 90 of what was written.") == 2  # typed, not saved: printed whole
    for button in ("Save", "Finish", "Take over", "Fill in", "Sign out", "PDF"):
        assert button not in printed
    assert len(pages) >= 4
    for page in pages[:-1]:
        assert lowest_text(page) < 0.4 * float(page.mediabox.height)


def lowest_text(page: PageObject) -> float:
    """How far above the paper's lower edge the last text stands."""
    heights = []

    def seen(text: str, matrix: list[float], of_text: list[float], _font: Any, _size: Any) -> None:
        if text.strip():
            heights.append(of_text[5] * matrix[3] + matrix[5])

    page.extract_text(visitor_text=seen)
    return min(heights)
