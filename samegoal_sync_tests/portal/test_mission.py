"""The mission whole, ending in a browser: from the district's mail to a document that stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect

from samegoal_sync.database import connect
from samegoal_sync.districts.onboarding.mail_requests import take_up_requests
from samegoal_sync.districts.onboarding.onboarding_steps import activate, complete, verify
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.mailbox import SUBJECT, incoming
from samegoal_sync.pipeline.launching import import_districts
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.sandbox import Sandbox, SandboxDistrict, running_sandbox
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.browser import needs_browser
from samegoal_sync_tests.mail.mail_servers import (
    make_certificate,
    running_imap,
    why_no_dovecot,
)
from samegoal_sync_tests.portal.browsing import signed_in
from samegoal_sync_tests.portal.conftest import FAIRVIEW, PASSWORD, served

KEY = "samegoal-demographics"

pytestmark = [*needs_browser, pytest.mark.slow]


def ask_by_mail(registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The district's mail arrives and is taken up."""
    certificate, key = make_certificate(folder)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_imap(certificate, key) as imap:
        imap.deliver(
            "request",
            "Authentication-Results: mx.samegoal.example; dmarc=pass "
            "header.from=fairview.example\nFrom: Tech <tech@fairview.example>\n"
            f"Subject: {SUBJECT}\nMessage-ID: <1@fairview.example>\n\n",
        )
        take_up_requests(registry, incoming(imap.url), datetime.now(UTC))


def new_phones(sandbox: Sandbox) -> None:
    """Every phone in Qmlativ is another the next day."""
    phones = sandbox.tables(FAIRVIEW)["Demographics/NamePhone"]
    sandbox.replace_table(
        FAIRVIEW,
        "Demographics/NamePhone",
        phones.with_columns(PhoneNumber=pl.lit("2145550100")),
    )


def published_guardian(url: str) -> tuple[str, str]:
    """Student Id and cell phone of a student's first guardian."""
    with connect(url) as connection:
        row = connection.execute(
            "select student_id, cell_phone from guardians join students s "
            "using (district, student_id) where cell_phone is not null and priority = 1 "
            "and s.district_enrollment = 'ENROLLED' order by student_id limit 1"
        ).fetchone()
    assert row
    return row[0], row[1]


def find(page: Page, student_id: str) -> None:
    page.goto(f"/d/{FAIRVIEW}/students")
    page.get_by_label("Name or Student Id").fill(student_id)
    page.get_by_label("Name or Student Id").press("Enter")
    page.locator("tbody a").first.click()
    expect(page.get_by_role("heading", name="Guardians")).to_be_visible()


@pytest.mark.skipif(why_no_dovecot() is not None, reason=str(why_no_dovecot()))
def test_the_mission(
    browser: Browser,
    settings: Settings,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = Registry(settings, database_url)
    with running_sandbox([SandboxDistrict(FAIRVIEW, "Fairview ISD", 40, seed=3)]) as sandbox:
        registry.add(
            slug=FAIRVIEW,
            name="Fairview ISD",
            base_url=sandbox.base_url(FAIRVIEW),
            client_key=KEY,
            mail_domain="fairview.example",
            who="test",
        )
        add_user(
            database_url, "admin", Secret(PASSWORD), name="Ada Admin",
            role=Role.ADMINISTRATIVE, district=FAIRVIEW,
        )  # fmt: skip
        with served(create_app(settings, database_url)) as portal:
            page = signed_in(browser, portal, "admin")
            # The district makes the access and sends the mail; SameGoal verifies and completes.
            access = sandbox.create_access(FAIRVIEW, KEY)
            ask_by_mail(registry, tmp_path, monkeypatch)
            verify(registry, FAIRVIEW, "team")
            page.goto(f"/d/{FAIRVIEW}/district-information")
            expect(page.get_by_text("Not stored yet")).to_be_visible()
            secret = sandbox.generate_secret(FAIRVIEW, KEY)
            complete(registry, FAIRVIEW, Secret(secret), "team", access.expires)
            activate(registry, FAIRVIEW, "team")
            page.reload()
            expect(page.get_by_text(sandbox.base_url(FAIRVIEW))).to_be_visible()
            page.get_by_role("button", name="Show the secret").click()
            expect(page.locator("#secret")).to_have_text(secret)
            # The night, and the Details tab the next morning.
            # In a thread of its own: in this one the browser's event loop is running.
            with ThreadPoolExecutor(1) as another:
                importing = another.submit(import_districts, settings, database_url, [FAIRVIEW])
                [night] = importing.result()
            assert night.state == "published", night
            student_id, phone = published_guardian(database_url)
            find(page, student_id)
            expect(page.locator("#guardians")).to_contain_text(phone)
            details = page.url
            page.get_by_role("button", name="Start document").click()
            expect(page.get_by_text(phone).first).to_be_visible()
            document = page.url
            # A phone changed in Qmlativ: this one student is read anew, from the portal.
            new_phones(sandbox)
            page.goto(details)
            page.get_by_role("button", name="Refresh from Qmlativ").click()
            expect(page.get_by_role("status")).to_contain_text("Read from Qmlativ just now")
            expect(page.locator("#guardians")).to_contain_text("214-555-0100")
            page.goto(document)
            expect(page.get_by_role("region", name="Differences from Details")).to_contain_text(
                "214-555-0100"
            )
            guardian = page.locator("section").filter(has=page.get_by_text("Guardian 1:"))
            expect(guardian.last).to_contain_text(phone)
        assert sandbox.writes(FAIRVIEW) == 0
