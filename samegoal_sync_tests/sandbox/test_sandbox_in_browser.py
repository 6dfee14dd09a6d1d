"""The pages in a browser: a district's steps by hand, every page accessible."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from samegoal_sync.sandbox import Sandbox
from samegoal_sync_tests.browser import needs_browser, running_browser
from samegoal_sync_tests.sandbox.conftest import SLUG

pytestmark = needs_browser


@pytest.fixture
def page(own_sandbox: Sandbox) -> Iterator[Page]:
    with running_browser() as browser:
        page = browser.new_context(java_script_enabled=True).new_page()
        page.goto(own_sandbox.web_url(SLUG))
        yield page


def _accessible(page: Page) -> None:
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()


def test_a_district_walks_through_its_steps(own_sandbox: Sandbox, page: Page) -> None:
    _accessible(page)
    page.get_by_role("link", name="Administrative Access").first.click()
    page.get_by_role("link", name="Add Integration Access").click()
    _accessible(page)
    page.get_by_label("Key").fill("SG-BROWSER")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Integration Access")).to_be_visible()
    assert own_sandbox.system(SLUG).access.get("SG-BROWSER").active
    page.get_by_role("button", name="Vendor: generate a secret").click()
    expect(page.get_by_role("status")).to_contain_text("shown this once")
    _accessible(page)
    page.goto(f"{own_sandbox.web_url(SLUG)}/integration")
    expect(page.get_by_role("status")).to_have_count(0)
    page.get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("The Integration Access is not active.")).to_be_visible()


def test_days_faults_and_the_log(own_sandbox: Sandbox, page: Page) -> None:
    page.get_by_role("button", name="Move on by a day").click()
    expect(page.get_by_role("status")).to_contain_text("added: 1")
    page.get_by_role("link", name="Faults").click()
    page.get_by_label("Kind").select_option("unavailable")
    page.get_by_role("button", name="Set").click()
    expect(page.get_by_role("cell", name="unavailable")).to_be_visible()
    _accessible(page)
    page.get_by_role("button", name="Clear all faults").click()
    assert own_sandbox.system(SLUG).faults.all() == []
    page.get_by_role("link", name="Usage log").click()
    _accessible(page)
