"""The portal in a browser: every main page is accessible, and the mission ends where it should."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, Page, expect

from samegoal_sync.database import connect
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.browser import needs_browser
from samegoal_sync_tests.portal.browsing import accessible, signed_in
from samegoal_sync_tests.portal.caseloads import assign_all_buildings
from samegoal_sync_tests.portal.conftest import FAIRVIEW, PASSWORD, served
from samegoal_sync_tests.portal.imported_district import Simulated, register

pytestmark = needs_browser


@pytest.fixture
def simulated(database_url: str, settings: Settings) -> Simulated:
    """Fairview with an account a role and one good night behind it."""
    registry = register(settings, database_url, FAIRVIEW, "Fairview ISD")
    for role, name in (
        (Role.TEACHER, "Toni Teacher"),
        (Role.ADMINISTRATIVE, "Ada Admin"),
        (Role.TECHNICAL_TEAM, "Tess Team"),
    ):
        add_user(
            database_url,
            role.value,
            Secret(PASSWORD),
            name=name,
            role=role,
            district=None if role is Role.TECHNICAL_TEAM else FAIRVIEW,
        )
    simulated = Simulated(database_url, registry, FAIRVIEW, students=150)
    assert simulated.night().state == "published"
    assign_all_buildings(database_url, Role.TEACHER.value)
    simulated.day()
    return simulated


@pytest.fixture
def portal(simulated: Simulated, settings: Settings) -> Iterator[str]:
    with served(create_app(settings, simulated.url)) as address:
        yield address


def open_student_with_guardian(page: Page, url: str) -> tuple[str, int]:
    """Search for a student who has a guardian with a cell phone, and open their Details."""
    with connect(url) as connection:
        row = connection.execute(
            "select g.student_id, g.guardian_id from guardians g join students s "
            "using (district, student_id) where cell_phone is not null and email is not null "
            "and s.district_enrollment = 'ENROLLED' order by g.student_id, priority limit 1"
        ).fetchone()
    assert row
    page.get_by_label("Name or Student Id").fill(row[0])
    page.locator("#results tbody tr").nth(1).wait_for(state="detached")
    page.locator("#results tbody a").first.click()
    expect(page.get_by_role("heading", name="Guardians")).to_be_visible()
    return str(row[0]), int(row[1])


def test_a_phone_that_changed_shows_on_details_and_not_in_the_document(
    browser: Browser, portal: str, simulated: Simulated
) -> None:
    page = signed_in(browser, portal, "teacher")
    accessible(page, "students")
    student_id, guardian_id = open_student_with_guardian(page, simulated.url)
    assert student_id not in page.url
    details = page.url
    accessible(page, "details")
    page.get_by_label("Show where each value came from").check()
    cell = page.locator("#guardians .field.cell_phone").first
    expect(cell).to_contain_text("Skyward > Family > Guardians > Phone Numbers")
    fields = cell.get_by_text("Demographics/NamePhone: PhoneNumber")
    expect(fields).to_be_hidden()
    cell.get_by_text("Fields of").click()
    expect(fields).to_be_visible()
    accessible(page)
    page.get_by_label("New document").select_option(label="Individualized Education Program (IEP)")
    page.get_by_role("button", name="Start document").click()
    expect(page.get_by_role("heading", name="Individualized Education Program")).to_be_visible()
    document = page.url
    with connect(simulated.url) as connection:
        old = connection.execute(
            "select cell_phone from guardians where student_id = %s and guardian_id = %s",
            (student_id, guardian_id),
        ).fetchone()
    assert old
    assert simulated.night(phone_of=guardian_id).state == "published"
    page.goto(details)
    expect(page.locator("#guardians")).to_contain_text("214-555-0100")
    page.goto(document)
    differences = page.get_by_role("region", name="Differences from Details")
    expect(differences).to_contain_text("214-555-0100")
    expect(differences).to_contain_text(old[0])
    accessible(page, "document")
    differences.get_by_role("button").first.click()
    expect(page.get_by_role("status")).to_contain_text("Taken over")
    page.get_by_label("Measurable annual goals").fill("Reads 90 words a minute by May.")
    page.get_by_role("button", name="Finish…").click()
    accessible(page)
    page.get_by_role("button", name="Finish this document").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Finished")
    expect(page.get_by_text("Reads 90 words a minute by May.").first).to_be_visible()
    accessible(page)


def test_an_administrative_user_finds_credentials_and_decides_a_held_night(
    browser: Browser, portal: str, simulated: Simulated
) -> None:
    simulated.drop_students(0.4)
    assert simulated.night().state == "held"
    page = signed_in(browser, portal, "administrative")
    page.get_by_role("link", name="District Information").click()
    expect(page.get_by_text("https://fairview-isd.example/FairviewAPI")).to_be_visible()
    expect(page.get_by_text("an invented client secret")).to_have_count(0)
    accessible(page, "district-information")
    page.get_by_role("button", name="Show the secret").click()
    expect(page.get_by_text("an invented client secret")).to_be_visible()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the Client Secret").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "an invented client secret"
    # Three weeks before it ends, how to extend it is open to read.
    expect(page.get_by_text("The key and the secret stay as they are")).to_be_visible()
    page.get_by_role("link", name="Problems", exact=True).click()
    expect(page.get_by_role("heading", name="Action by the district")).to_be_visible()
    accessible(page, "problems")
    page.goto(f"/d/{FAIRVIEW}/held")
    expect(page.get_by_text("students are gone")).to_be_visible()
    accessible(page, "held-night")
    page.get_by_role("link", name="Discard…").click()
    accessible(page)
    page.get_by_role("button", name="Discard this night").click()
    expect(page.get_by_role("status")).to_contain_text("Discarded")
    page.get_by_role("link", name="Audit log").click()
    for line in ("Revealed the client secret", "Discarded a held night"):
        expect(page.get_by_role("cell", name=line)).to_be_visible()
    accessible(page, "audit-log")


def test_what_waits_for_a_district_stands_on_every_page_of_its_administrative_users(
    browser: Browser, portal: str, simulated: Simulated
) -> None:
    simulated.drop_students(0.4)
    assert simulated.night().state == "held"
    for width in (1180, 390):
        page = signed_in(browser, portal, "administrative")
        page.set_viewport_size({"width": width, "height": 800})
        banner = page.get_by_role("region", name=re.compile("The night of .* is held"))
        for path in ("students", "audit-log", "problems"):
            page.goto(f"/d/{FAIRVIEW}/{path}")
            expect(banner).to_be_visible()
            accessible(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        expect(page.get_by_role("link", name=re.compile(r"Problems \d+ open"))).to_be_visible()
        banner.get_by_role("link").click()
        expect(page.get_by_role("link", name="Approve…")).to_be_visible()
    page.get_by_role("link", name="Discard…").click()
    page.get_by_role("button", name="Discard this night").click()
    expect(page.get_by_role("status")).to_contain_text("Discarded")
    expect(banner).to_have_count(0)
    teacher = signed_in(browser, portal, "teacher")
    expect(teacher.get_by_role("region", name=re.compile("is held"))).to_have_count(0)


def test_the_other_pages_are_accessible_too(browser: Browser, portal: str) -> None:
    page = browser.new_context(base_url=portal).new_page()
    page.goto("/sign-in")
    accessible(page)
    page.get_by_label("Login").fill("nobody")
    page.get_by_label("Password").fill("no such password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    accessible(page)
    page = signed_in(browser, portal, "administrative", color_scheme="dark")
    page.locator("tbody a").first.click()
    page.get_by_role("link", name="Basics").click()
    expect(page.get_by_role("heading", name="Identity")).to_be_visible()
    accessible(page)
    student = page.url.removesuffix("/basics")
    page.goto(f"/d/{FAIRVIEW}/add-student")
    for label, value in (
        ("Last name", "Rivera"),
        ("First name", "Zoë"),
        ("Date of birth", f"{date.today().year - 4}-03-04"),
        ("Student Id", "P77"),
    ):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Legal gender").select_option("Female")
    page.get_by_role("button", name="Add student").click()
    by_hand = page.url.removesuffix("/edit")
    district = f"/d/{FAIRVIEW}"
    for path in (
        *(f"{district}/{one}" for one in ("add-student", "held", "district-information")),
        *(f"{district}/{one}" for one in ("problems", "caseloads", "erased-students", "nowhere")),
        *(f"{district}/{one}" for one in ("audit-log", "same-student")),
        *(f"{by_hand}/{one}" for one in ("edit", "delete")),
        f"{student}/on-request",
        "/account",
        "/account/second-factor",
    ):
        page.goto(path)
        accessible(page)
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        page.set_viewport_size({"width": 1180, "height": 860})


def test_a_document_prints_whole_and_without_the_portals_frame(
    browser: Browser, portal: str, simulated: Simulated
) -> None:
    page = signed_in(browser, portal, "teacher")
    open_student_with_guardian(page, simulated.url)
    page.get_by_role("button", name="Start document").click()
    written = "\n".join(f"Line {number} of what was written." for number in range(1, 121))
    page.get_by_label("Measurable annual goals").fill(written)
    page.emulate_media(media="print")
    box = page.get_by_label("Measurable annual goals")
    assert box.evaluate("box => box.scrollHeight <= box.clientHeight + 1")  # nothing cut off
    for hidden in ("banner", "navigation", "button"):
        assert page.get_by_role(hidden).count() == 0, hidden
    expect(page.get_by_text("Signature")).to_be_visible()
    assert pages_of(page.pdf(format="Letter")) >= 3
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Finish…").click()
    accessible(page)
    page.get_by_role("button", name="Finish this document").click()
    expect(page.locator(".written").nth(1)).to_contain_text("Line 120 of what was written.")
    page.emulate_media(media="print")
    assert pages_of(page.pdf(format="Letter")) >= 3


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_the_list_works_by_keyboard_and_without_scripts(browser: Browser, portal: str) -> None:
    page = signed_in(browser, portal, "teacher", java_script_enabled=False)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to content"
    page.get_by_label("Enrollment").select_option("ENROLLED")
    page.get_by_label("Name or Student Id").press("Enter")
    assert page.url.endswith(f"/d/{FAIRVIEW}/students")
    first = page.locator("tbody a").first.inner_text()
    page.get_by_role("link", name="Next").click()
    assert page.locator("tbody a").first.inner_text() != first
    page.get_by_role("link", name="Previous").click()
    assert page.locator("tbody a").first.inner_text() == first


def test_the_portal_works_on_a_phone_and_in_the_dark(browser: Browser, portal: str) -> None:
    page = signed_in(browser, portal, "teacher", color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    accessible(page, "students-phone")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Guardians")).to_be_visible()
    accessible(page, "details-phone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_technical_team_sees_every_district(browser: Browser, portal: str) -> None:
    page = signed_in(browser, portal, "technical_team")
    expect(page.get_by_role("link", name="Fairview ISD", exact=True)).to_be_visible()
    accessible(page, "team")
    page.goto("/nowhere")
    accessible(page)
