"""The Dagster UI as an analyst opens it: one district's lineage. Takes the README's picture."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.instance import pipeline_environment
from samegoal_sync.settings import PORTAL_VARIABLE
from samegoal_sync_tests.browser import needs_browser, picture_path, running_browser
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

PORTAL = "https://portal.example.org"

pytestmark = [*needs_browser, pytest.mark.slow]


@contextmanager
def _ui(world: World) -> Iterator[str]:
    """The web server on a free port, with its code server, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "dagster_webserver", "-w", str(CHECKOUT / "workspace.yaml"),
         "-h", "127.0.0.1", "-p", str(port)],
        env={**os.environ, **pipeline_environment(world.settings, world.database_url)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/server_info")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"{address} does not answer")


def test_the_ui_shows_a_districts_lineage(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PORTAL_VARIABLE, PORTAL)
    world.run(*SLUGS)
    with _ui(world) as address, running_browser() as browser:
        page = browser.new_page(viewport={"width": 2000, "height": 760})
        page.goto(f"{address}/asset-groups")
        # In the graph the groups come after those of the list beside it.
        expect(page.get_by_text("samegoal", exact=True).last).to_be_visible(timeout=90_000)
        opened = page.get_by_text("student_demographics", exact=True).last
        for _ in range(30):  # a key that comes before the graph is laid out is lost
            page.wait_for_timeout(2_000)
            if opened.is_visible():
                break
            page.keyboard.press("Alt+KeyE")  # opens all groups
        for name in ("student_demographics", "guardian_demographics", "entities"):
            expect(page.get_by_text(name, exact=True).last).to_be_visible(timeout=60_000)
        page.wait_for_timeout(2_000)  # the graph moves into place
        if path := picture_path("lineage.png"):
            page.screenshot(path=path)
        page.goto(f"{address}/assets/samegoal/students?view=partitions&partition={SLUGS[0]}")
        expect(page.get_by_text(SLUGS[0]).first).to_be_visible(timeout=60_000)
        expect(page.get_by_text("students added").first).to_be_visible(timeout=60_000)
        # The portal is one click away from what a night published, and the code from each asset.
        link = page.get_by_text(f"{PORTAL}/d/{SLUGS[0]}/district-information").first
        expect(link).to_be_visible(timeout=60_000)
        page.goto(f"{address}/assets/student_demographics?view=checks")
        expect(page.get_by_text("students_valid").first).to_be_visible(timeout=60_000)
        expect(page.get_by_text("students_as_usual").first).to_be_visible(timeout=60_000)


def test_the_ui_shows_a_held_night_as_a_run_that_went_well(world: World) -> None:
    world.run()
    whole = world.sandbox.tables(SLUGS[0])["Student/Student"]
    world.sandbox.replace_table(SLUGS[0], "Student/Student", whole.head(whole.height // 2))
    try:
        held = world.run()[0]
    finally:
        world.sandbox.replace_table(SLUGS[0], "Student/Student", whole)
    with _ui(world) as address, running_browser() as browser:
        page = browser.new_page(viewport={"width": 1500, "height": 900})
        # Runs by command stand under their job.
        page.goto(f"{address}/locations/samegoal_sync/jobs/import_district/runs")
        expect(page.get_by_text(held.run_id[:8]).first).to_be_visible(timeout=90_000)
        expect(page.get_by_text("Success").first).to_be_visible(timeout=60_000)
        expect(page.get_by_text("Failure")).to_have_count(0)
        page.goto(f"{address}/runs/{held.run_id}")
        expect(page.get_by_text("is held:").first).to_be_visible(timeout=60_000)
        expect(page.get_by_text("DagsterStepOutputNotFoundError")).to_have_count(0)
        page.wait_for_timeout(2_000)
        if path := picture_path("dagster-held-run.png"):
            page.screenshot(path=path)
        # Without an SFTP server there is no asset of files, and so nothing is missing.
        page.goto(f"{address}/assets")
        expect(page.get_by_text("guardian_demographics").first).to_be_visible(timeout=60_000)
        expect(page.get_by_text("csv", exact=True)).to_have_count(0)
        page.goto(f"{address}/assets/samegoal/students?view=checks&checkDetail=within_guards")
        expect(page.get_by_text("students lost (%)").first).to_be_visible(timeout=60_000)
        expect(page.get_by_text("students are gone or out of scope").first).to_be_visible()
        page.wait_for_timeout(2_000)
        if path := picture_path("dagster-held-check.png"):
            page.screenshot(path=path)
