"""The Dagster UI as an analyst opens it, beside the portal: several nights of two districts.

One Dagster for all of it, as a service of its own has it: a code server by gRPC, a web server and
the daemon. Each test goes on from the night where the one before it ended. Takes docs' pictures.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from playwright.sync_api import Browser, Page, Response, expect

from samegoal_sync.commands.child_programs import running_program, wait_until_listening
from samegoal_sync.pipeline.instance import dagster_instance, pipeline_environment
from samegoal_sync.pipeline.launching import DistrictOutcome
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.sandbox import Sandbox
from samegoal_sync.secret import Secret
from samegoal_sync_tests.browser import needs_browser, picture_path, running_browser
from samegoal_sync_tests.commands.command_line import free_ports
from samegoal_sync_tests.conftest import fresh_database
from samegoal_sync_tests.pipeline.conftest import SLUGS, World, made_world
from samegoal_sync_tests.portal.conftest import PASSWORD, served

FAIRVIEW, RIDGEMONT = SLUGS
_STUDENTS = "Student/Student"
_SLOW = 120_000

pytestmark = [*needs_browser, pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class House:
    """Dagster and the portal of one world, in one browser."""

    world: World
    dagster: str
    portal: str
    browser: Browser

    def page(self, address: str, width: int = 1500, height: int = 900) -> Page:
        for before in self.browser.contexts:
            before.close()  # a page that is left open goes on asking
        page = self.browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(_SLOW)
        page.goto(f"{self.dagster}{address}")
        return page

    def runs(self, **of: object) -> list[dg.DagsterRun]:
        with dagster_instance(self.world.settings, self.world.database_url) as instance:
            return list(instance.get_runs(dg.RunsFilter(**of)))  # type: ignore[arg-type]

    def ended(self, slug: str, runs: int) -> dg.DagsterRun:
        """The newest run of so many of a district, once it has ended."""
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            found = self.runs(tags={"dagster/partition": slug})
            if len(found) == runs and found[0].is_finished:
                return found[0]
            time.sleep(2)
        raise AssertionError(f"{slug} has not {runs} runs that ended")

    def night(self) -> DistrictOutcome:
        """Import Fairview by command; aside, for the browser's event loop is this thread's."""
        with ThreadPoolExecutor(1) as aside:
            return aside.submit(self.world.run).result()[0]

    def held(self) -> str:
        """A night in which half of the students are gone; its run."""
        sandbox = self.world.sandbox
        whole = sandbox.tables(FAIRVIEW)[_STUDENTS]
        sandbox.replace_table(FAIRVIEW, _STUDENTS, whole.head(whole.height // 2))
        try:
            outcome = self.night()
        finally:
            sandbox.replace_table(FAIRVIEW, _STUDENTS, whole)
        assert outcome.state == "held"
        return outcome.run_id


@pytest.fixture(scope="module")
def house(
    _server: str, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Both districts are published once, then everything is served."""
    folder = tmp_path_factory.mktemp("house")
    ui, code = free_ports(2)
    with ExitStack() as stack:
        before = dict(os.environ)
        stack.callback(lambda: (os.environ.clear(), os.environ.update(before)))
        database_url = stack.enter_context(fresh_database(_server))
        world = stack.enter_context(made_world(database_url, sandbox, folder))
        add_user(
            database_url, "tess", Secret(PASSWORD), name="Tess", role=Role.TECHNICAL_TEAM,
            district=None,
        )  # fmt: skip
        soon = (datetime.now(UTC) + timedelta(hours=2)).hour
        for slug in SLUGS:  # no night comes while the tests look
            world.registry.update(slug, who="test", time_zone="UTC", hour=soon)
        dagster = f"http://127.0.0.1:{ui}"
        app = create_app(world.settings, database_url, dagster_ui=dagster)
        portal = stack.enter_context(served(app))
        world = replace(world, settings=replace(world.settings, portal_url=portal))
        world.run(*SLUGS)
        environment = pipeline_environment(world.settings, database_url)
        workspace = folder / "workspace.yaml"
        workspace.write_text(
            "load_from: [{grpc_server: {host: 127.0.0.1, "
            f"port: {code}, location_name: samegoal_sync}}}}]"
        )
        for name, port, *program in (
            ("code server", code, "dagster", "code-server", "start", "-m",
             "samegoal_sync.definitions", "-h", "127.0.0.1", "-p", str(code)),
            ("web server", ui, "dagster_webserver", "-w", str(workspace), "-h", "127.0.0.1",
             "-p", str(ui)),
            ("daemon", 0, "dagster._daemon", "run", "-w", str(workspace)),
        ):  # fmt: skip
            log = folder / f"{name}.log"
            started = stack.enter_context(running_program(("-m", *program), environment, log))
            if port:
                wait_until_listening(started, port, name, log, seconds=180)
        yield House(world, dagster, portal, stack.enter_context(running_browser()))


def _answers(operation: str) -> Callable[[Response], bool]:
    return lambda answer: operation in (answer.request.post_data or "")


def _pictured(page: Page, name: str) -> None:
    page.wait_for_timeout(2_000)  # what moves comes to rest
    if path := picture_path(name):
        page.screenshot(path=path)


def test_the_ui_shows_a_districts_lineage(house: House) -> None:
    page = house.page("/asset-groups", 2000, 1060)  # with all groups open, the graph fits
    # In the graph the groups come after those of the list beside it.
    expect(page.get_by_text("samegoal", exact=True).last).to_be_visible(timeout=180_000)
    opened = page.get_by_text("student_demographics", exact=True).last
    for _ in range(30):  # a key that comes before the graph is laid out is lost
        page.wait_for_timeout(2_000)
        if opened.is_visible():
            break
        page.keyboard.press("Alt+KeyE")  # opens all groups
    for name in ("student_demographics", "guardian_demographics", "entities"):
        expect(page.get_by_text(name, exact=True).last).to_be_visible(timeout=_SLOW)
    _pictured(page, "lineage.png")
    page.goto(f"{house.dagster}/assets/student_demographics?view=checks")
    expect(page.get_by_text("students_valid").first).to_be_visible(timeout=_SLOW)
    expect(page.get_by_text("students_as_usual").first).to_be_visible(timeout=_SLOW)


def test_portal_and_dagster_lead_to_each_others_district(house: House) -> None:
    page = house.page(f"/assets/samegoal/students?view=partitions&partition={FAIRVIEW}")
    expect(page.get_by_text("students added").first).to_be_visible(timeout=_SLOW)
    link = page.get_by_role("link", name=f"{house.portal}/d/{FAIRVIEW}/district-information")
    with page.expect_popup() as opened:
        link.first.click()
    there = opened.value
    _sign_in(there)
    there.goto(str(link.first.get_attribute("href")))
    expect(there.get_by_role("heading", level=1)).to_contain_text("District Information")
    there.goto(f"{house.portal}/")
    back = there
    back.get_by_role("link", name=re.compile("partition of Fairview")).click()
    back.wait_for_url(f"{house.dagster}/assets/samegoal/students?view=partitions*")
    expect(back.get_by_text("students added").first).to_be_visible(timeout=_SLOW)


def test_nothing_is_missing_without_a_server_for_files(house: House) -> None:
    page = house.page("/assets")
    expect(page.get_by_text("guardian_demographics").first).to_be_visible(timeout=_SLOW)
    expect(page.get_by_text("csv", exact=True)).to_have_count(0)
    page.goto(f"{house.dagster}/asset-groups")
    page.get_by_role("button", name="Materialize all").first.click()
    dialog = page.get_by_text("Launch runs to materialize 7 assets")
    expect(dialog).to_be_visible(timeout=_SLOW)
    page.get_by_text("All", exact=True).first.click()
    expect(page.get_by_text("2 partitions").first).to_be_visible(timeout=_SLOW)
    page.get_by_text("Missing", exact=True).first.click()
    expect(page.get_by_text("0 partitions").first).to_be_visible(timeout=_SLOW)
    expect(page.get_by_role("button", name="Launch").last).to_be_disabled()
    _pictured(page, "dagster-nothing-missing.png")


def test_what_is_materialized_on_an_assets_page_is_a_run_of_the_job(house: House) -> None:
    page = house.page("/assets/samegoal/students")
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_role("button", name="Confirm").click()  # guardians come with them
    page.get_by_text("Select a partition or create one").click()
    page.get_by_role("menuitem", name=RIDGEMONT).or_(
        page.locator("label, li, a").filter(has_text=RIDGEMONT)
    ).last.click()
    page.get_by_text("Launch runs to materialize").click()
    with page.expect_response(_answers("LaunchPipelineExecution")):
        page.get_by_role("button", name="Launch").last.click()
    run = house.ended(RIDGEMONT, runs=2)
    assert run.job_name == "import_district"
    assert run.step_keys_to_execute == ["publication"]
    assert (run.tags["district"], run.tags["host"]) == (RIDGEMONT, "127.0.0.1")
    page.goto(f"{house.dagster}/overview/activity/timeline")
    expect(page.get_by_text("import_district").first).to_be_visible(timeout=_SLOW)
    page.wait_for_timeout(3_000)
    expect(page.get_by_text("Jobless asset materializations")).to_have_count(0)
    _pictured(page, "dagster-timeline.png")


def test_a_run_by_command_is_executed_again_with_one_click(house: House) -> None:
    (first,) = house.runs(tags={"dagster/partition": FAIRVIEW})  # by command
    page = house.page(f"/runs/{first.run_id}")
    page.get_by_role("button", name="Re-execute").first.click()
    # A warning (another location, another version of the job) would ask before it goes on.
    page.wait_for_url(re.compile(rf"/runs/(?!{first.run_id})"), timeout=_SLOW)
    again = house.ended(FAIRVIEW, runs=2)
    assert again.parent_run_id == first.run_id
    assert (again.status, again.job_name) == (dg.DagsterRunStatus.SUCCESS, "import_district")


def test_a_held_night_is_a_run_that_went_well_and_its_approval_turns_it_green(
    house: House,
) -> None:
    run_id = house.held()
    page = house.page("/locations/samegoal_sync/jobs/import_district/runs")
    expect(page.get_by_text(run_id[:8]).first).to_be_visible(timeout=180_000)
    expect(page.get_by_text("Failure")).to_have_count(0)
    page.goto(f"{house.dagster}/runs/{run_id}")
    expect(page.get_by_text("is held:").first).to_be_visible(timeout=_SLOW)
    expect(page.get_by_text("DagsterStepOutputNotFoundError")).to_have_count(0)
    _pictured(page, "dagster-held-run.png")
    _see_check(house, page, "students are gone or out of scope", "dagster-held-check.png")
    _decide(house, "Approve", "Publish this night")
    _see_check(house, page, "was approved", "dagster-approved-check.png")
    page.goto(f"{house.dagster}/assets/samegoal/students?view=events&partition={FAIRVIEW}")
    expect(page.get_by_text("students missing").first).to_be_visible(timeout=_SLOW)


def test_a_discarded_night_turns_the_check_green_and_publishes_nothing(house: House) -> None:
    house.night()  # everybody is there again
    published = house.world.published()
    house.held()
    _decide(house, "Discard", "Discard this night")
    page = house.page("/assets")
    _see_check(house, page, "was discarded", "dagster-discarded-check.png")
    assert house.world.published() == published


def test_the_resources_page_names_variables_and_shows_no_value(house: House) -> None:
    page = house.page("/locations/samegoal_sync/resources/database")
    expect(page.get_by_text("SAMEGOAL_SYNC_DATABASE_URL").first).to_be_visible(timeout=_SLOW)
    assert house.world.database_url not in page.content()
    _pictured(page, "dagster-resource.png")


def _sign_in(page: Page) -> None:
    page.get_by_label("Login").fill("tess")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "sign-in" not in address)


def _decide(house: House, link: str, button: str) -> None:
    """As somebody of the technical team clicks it in the portal."""
    page = house.browser.new_page()
    page.set_default_timeout(_SLOW)
    page.goto(f"{house.portal}/d/{FAIRVIEW}/held")
    _sign_in(page)
    page.goto(f"{house.portal}/d/{FAIRVIEW}/held")
    page.get_by_role("link", name=link).click()
    page.get_by_role("button", name=button).click()
    page.wait_for_load_state()
    page.close()


def _see_check(house: House, page: Page, words: str, picture: str) -> None:
    """What the check of held nights shows, once the sensor has told it."""
    address = f"{house.dagster}/assets/samegoal/students?view=checks&checkDetail=within_guards"
    for _ in range(24):
        page.goto(address)
        expect(page.get_by_text("within_guards").first).to_be_visible(timeout=_SLOW)
        page.wait_for_timeout(5_000)
        if page.get_by_text(words).count():
            break
    expect(page.get_by_text(words).first).to_be_visible(timeout=_SLOW)
    _pictured(page, picture)
