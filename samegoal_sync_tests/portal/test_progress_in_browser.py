"""What takes long shows that it runs, how far, and ends in place: decisions, and an import."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from samegoal_sync.database import connect
from samegoal_sync.districts.monitoring.running_imports import record_progress, running_import
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.samegoal.publication.transaction import district_transaction
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.browser import needs_browser
from samegoal_sync_tests.portal.browsing import accessible, signed_in
from samegoal_sync_tests.portal.conftest import FAIRVIEW, PASSWORD, served
from samegoal_sync_tests.portal.imported_district import Simulated, register

pytestmark = needs_browser

HELD, INFORMATION = f"/d/{FAIRVIEW}/held", f"/d/{FAIRVIEW}/district-information"


@pytest.fixture
def simulated(database_url: str, settings: Settings) -> Simulated:
    """Fairview with a night that is held."""
    registry = register(settings, database_url, FAIRVIEW, "Fairview ISD")
    add_user(
        database_url, "admin", Secret(PASSWORD), name="Ada", role=Role.ADMINISTRATIVE,
        district=FAIRVIEW,
    )  # fmt: skip
    simulated = Simulated(database_url, registry, FAIRVIEW, students=100)
    assert simulated.night().state == "published"
    simulated.drop_students(0.4)
    simulated.day()
    assert simulated.night().state == "held"
    return simulated


@pytest.fixture
def portal(simulated: Simulated, settings: Settings) -> Iterator[str]:
    with served(create_app(settings, simulated.url)) as address:
        yield address


@contextmanager
def an_import_publishes(url: str) -> Iterator[None]:
    """An import of the district holds its lock, as while it publishes."""
    with district_transaction(url, FAIRVIEW):
        yield


def decide(page: Page, decision: str, button: str) -> None:
    page.goto(f"{HELD}/{decision}")
    page.get_by_role("button", name=button).click()


def test_a_decision_shows_how_far_it_is_and_ends_in_place(
    browser: Browser, portal: str, simulated: Simulated
) -> None:
    page = signed_in(browser, portal, "admin")
    plain = signed_in(browser, portal, "admin", java_script_enabled=False)
    progress = page.locator("#decision")
    with connect(simulated.url) as connection:
        connection.execute(
            "create function refuse() returns trigger language plpgsql as "
            "'begin raise exception ''full''; end'"
        )
        connection.execute(
            "create trigger refuse before insert on audit_log for each row "
            "when (new.action like 'approved%') execute function refuse()"
        )
    with an_import_publishes(simulated.url):
        decide(page, "approve", "Publish this night")
        expect(progress).to_contain_text("Step 1 of 2")
        decide(plain, "discard", "Discard this night")  # another one meanwhile is not begun
        expect(plain.locator("#decision")).to_contain_text("is being published")
        accessible(page, "decision")
    expect(progress).to_contain_text("Nothing was decided")  # in place: nothing was clicked
    assert page.url.endswith(HELD)
    assert simulated.missing() == 0
    with connect(simulated.url) as connection:
        connection.execute("drop trigger refuse on audit_log")
    with an_import_publishes(simulated.url):
        page.set_viewport_size({"width": 390, "height": 800})
        decide(page, "approve", "Publish this night")
        plain.goto(HELD)
        expect(plain.locator("#decision")).to_contain_text("Step 1 of 2")
        accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(progress).to_contain_text("Approved: the held night is published.")
    assert simulated.missing() > 30
    expect(plain.locator("#decision")).to_contain_text("Approved", timeout=15_000)  # no script
    accessible(page)
    progress.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Nights", exact=True)).to_be_visible()


def test_an_import_shows_its_steps_and_its_end_brings_the_result(
    browser: Browser, portal: str, simulated: Simulated
) -> None:
    page = signed_in(browser, portal, "admin")
    page.goto(INFORMATION)
    state = page.locator("#import-state")
    expect(state).to_have_count(0)
    with running_import(simulated.url, FAIRVIEW, "run-9"):
        page.reload()
        expect(state).to_contain_text("An import is running")
        record_progress(simulated.url, "run-9", 3, 8)
        expect(state).to_contain_text("3 of 8 steps are done", timeout=10_000)
        accessible(page)
        assert simulated.night().state == "held"
        with connect(simulated.url) as connection:
            connection.execute("update syncs set message = 'told by the newest night'")
    expect(state).to_contain_text("The import has ended", timeout=10_000)
    expect(page.locator("#nights")).to_contain_text("Told by the newest night")
    accessible(page)


def test_a_decision_whose_process_ended_is_told_as_none(
    browser: Browser, portal: str, simulated: Simulated
) -> None:
    with connect(simulated.url) as connection:  # as a killed portal leaves it
        connection.execute(
            "insert into decisions (district, sync_id, decision, who) "
            "select district, sync_id, 'approve', 'admin' from held_nights"
        )
    page = signed_in(browser, portal, "admin")
    page.goto(HELD)
    expect(page.locator("#decision")).to_contain_text("The portal was started anew")
    expect(page.get_by_role("link", name="Approve…")).to_be_visible()
