"""Nights in a browser: trends by hand and by keys, who is new, every district in small."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from samegoal_sync.database import connect
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.browser import needs_browser
from samegoal_sync_tests.portal.browsing import accessible, signed_in
from samegoal_sync_tests.portal.conftest import FAIRVIEW, PASSWORD, served
from samegoal_sync_tests.portal.imported_district import Simulated, register

pytestmark = needs_browser


@pytest.fixture
def portal(database_url: str, settings: Settings) -> Iterator[str]:
    """Fairview, a fifth of whose students came first in the night that is held; and Oakdale."""
    registry = register(settings, database_url, FAIRVIEW, "Fairview ISD")
    register(settings, database_url, "oakdale-isd", "Oakdale Independent School District")
    for role, district in ((Role.ADMINISTRATIVE, FAIRVIEW), (Role.TECHNICAL_TEAM, None)):
        add_user(
            database_url, role.value, Secret(PASSWORD), name=role, role=role, district=district
        )
    simulated = Simulated(database_url, registry, FAIRVIEW, students=150)
    whole = simulated.tables
    simulated.drop_students(0.2)
    assert simulated.night().state == "published"
    with connect(database_url) as connection:
        connection.execute(
            "insert into syncs (district, run_id, night, state, started_at, message, hint, actor) "
            "values (%s, 'run-x', %s, 'failed', now(), 'no answer', 'wait', 'Skyward')",
            (FAIRVIEW, simulated.today),
        )
    simulated.tables = whole
    simulated.day()
    assert simulated.night().state == "held"
    with served(create_app(settings, database_url)) as address:
        yield address


def test_trends_and_the_held_night_answer_what_one_asks(browser: Browser, portal: str) -> None:
    page = signed_in(browser, portal, "administrative")
    page.goto(f"/d/{FAIRVIEW}/district-information")
    nights = page.get_by_role("figure", name=re.compile("Trends")).get_by_role("link")
    expect(nights).to_have_count(3)
    first, failed, held = (nights.nth(place) for place in range(3))
    held.focus()
    expect(held.locator(".values")).to_have_css("opacity", "1")
    page.keyboard.press("ArrowLeft")
    expect(failed).to_be_focused()
    expect(failed.locator(".values")).to_contain_text("failed, published 0")
    accessible(page, "trends")
    first.hover()
    expect(first.locator(".values")).to_have_css("opacity", "1")
    expect(failed.locator(".values")).to_have_css("opacity", "0")
    read_out = re.findall(r"(\w+) ([\d,]+)(?:, |$)", first.inner_text())
    numbers = [number for _, number in read_out][-5:]
    first.click()
    row = page.locator("tr:target")
    expect(row).to_be_visible()  # the table opened at the night
    assert row.locator("td.number").all_inner_texts()[1:] == numbers
    assert int(numbers[0].replace(",", "")) > 100
    accessible(page)
    page.goto(f"/d/{FAIRVIEW}/held")
    page.get_by_role("navigation", name="Changes").get_by_role("link", name="New students").click()
    heading = page.get_by_role("heading", name=re.compile("Who it concerns")).inner_text()
    new = int(re.findall(r"(\d+) students?: new students", heading)[0])
    assert page.locator("th[scope=rowgroup]").count() == new
    for name in page.locator("th[scope=rowgroup]").all_inner_texts():
        assert re.match(r"\w+.* \d+$", name), name
    accessible(page)
    for path in ("held", "district-information"):
        page.set_viewport_size({"width": 390, "height": 800})
        page.goto(f"/d/{FAIRVIEW}/{path}")
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_the_technical_team_finds_a_district_and_its_held_night(
    browser: Browser, portal: str
) -> None:
    page = signed_in(browser, portal, "technical_team")
    expect(page.get_by_role("status")).to_have_text("2 districts")
    name = page.get_by_role("link", name="Oakdale Independent School District", exact=True)
    line = name.bounding_box()
    assert line
    assert line["height"] < 30  # on one line
    trend = page.get_by_role("img", name=re.compile("3 nights.*1 held, 1 failed"))
    expect(trend.locator("rect")).to_have_count(3)
    page.keyboard.press("Control+k")
    page.keyboard.type("oak")
    expect(page.get_by_role("status")).to_have_text("1 district")
    assert "find=oak" in page.url
    page.get_by_role("link", name="Clear").click()
    page.get_by_label("Now").select_option("held")
    expect(page.get_by_role("status")).to_have_text("1 district")
    expect(page.get_by_text("samegoal-sync held")).to_have_count(0)
    accessible(page)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    accessible(page)
    page.get_by_role("link", name=re.compile("Look at it")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Held night")
