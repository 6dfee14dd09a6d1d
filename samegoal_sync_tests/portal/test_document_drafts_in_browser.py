"""Typed text survives leaving the page, and the buttons that can't be undone stand apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from samegoal_sync_tests.browser import needs_browser
from samegoal_sync_tests.portal.browsing import accessible, signed_in
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person
from samegoal_sync_tests.portal.test_documents import started

pytestmark = needs_browser

TEACHER = "teacher@fairview.example"


@pytest.fixture
def document(sign_in: Callable[[str], Person], student_address: Callable[..., str]) -> str:
    return started(sign_in(TEACHER), student_address(FAIRVIEW))


@pytest.mark.parametrize("width", [1180, 390])
def test_text_survives_leaving_the_page(
    browser: Browser, portal: str, document: str, width: int
) -> None:
    page = signed_in(browser, portal, TEACHER)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(document)
    goals = page.get_by_label("Measurable annual goals")
    goals.fill("Typed and not saved")
    expect(page.locator("#autosaved")).to_contain_text("Draft kept")
    goals.fill("Typed and left at once")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="Students").first.click(no_wait_after=True)
    page.wait_for_timeout(200)
    assert asked == ["beforeunload"]
    page.wait_for_timeout(1500)  # by now the draft is kept, and leaving loses nothing
    page.get_by_role("link", name="Students").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Students")
    page.goto(document)
    expect(goals).to_have_value("Typed and left at once")
    accessible(page)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    expect(page.locator("#autosaved")).to_have_text("")


def test_finish_stands_apart_from_save_and_asks(
    browser: Browser, portal: str, document: str
) -> None:
    page = signed_in(browser, portal, TEACHER)
    page.goto(document)
    assert _between(page, "Save", "Finish…") > 100
    page.get_by_label("Measurable annual goals").fill("Saved by the way.")
    page.get_by_role("button", name="Finish…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Finish this document?")
    page.get_by_role("link", name="Back, don't finish").click()
    expect(page.get_by_label("Measurable annual goals")).to_have_value("Saved by the way.")
    expect(page.get_by_text("In progress")).to_be_visible()


def _between(page: Page, left: str, right: str) -> float:
    """Pixels from the end of one button to the start of another on the same bar."""
    one = page.get_by_role("button", name=left, exact=True).bounding_box()
    other = page.get_by_role("button", name=right, exact=True).bounding_box()
    assert one
    assert other
    return other["x"] - one["x"] - one["width"]
