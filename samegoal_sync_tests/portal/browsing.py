"""A person at the portal with a real browser: signed in, and pages that axe has looked at."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from samegoal_sync_tests.browser import picture_path
from samegoal_sync_tests.portal.conftest import PASSWORD


def signed_in(browser: Browser, portal: str, login: str, **options: Any) -> Page:
    context = browser.new_context(
        viewport={"width": 1180, "height": 860}, base_url=portal, **options
    )
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto("/sign-in")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def accessible(page: Page, picture: str | None = None) -> None:
    """axe finds nothing on the page; keep a picture of it if asked."""
    found = Axe().run(page)
    violations = [
        (violation["id"], [node["html"][:160] for node in violation["nodes"]])
        for violation in found.response["violations"]
    ]
    assert violations == [], violations
    if picture and (path := picture_path(f"portal-{picture}.png")):
        page.screenshot(path=path)
