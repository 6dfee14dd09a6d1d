"""A person's own account: another password, and a second factor with its recovery codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from playwright.sync_api import Browser as Chromium

from samegoal_sync.database import connect
from samegoal_sync.portal.identity import second_factor, sessions, sign_in_throttle
from samegoal_sync.portal.identity.accounts import drop_second_factor, reset_user
from samegoal_sync.portal.identity.second_factor import reencrypt_second_factors
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.portal.conftest import PASSWORD, Person, token_of
from samegoal_sync_tests.portal.test_sign_in import Clock

TEACHER, TEAM = "teacher@fairview.example", "team@samegoal.example"
NEW = "a quite different password"
Browser = Callable[[], Person]
SignIn = Callable[[str], Person]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (sessions, sign_in_throttle, second_factor):
        monkeypatch.setattr(module, "now", clock)
    return clock


def _set_up(person: Person, clock: Clock) -> tuple[pyotp.TOTP, list[str]]:
    """The app that scanned the picture, and the recovery codes."""
    page = person.get("/account/second-factor").text
    typed = re.search(r"<code>(\w+)</code>", page)
    assert typed
    app = pyotp.TOTP(typed[1])
    fields = {"csrf": token_of(page), "code": app.at(clock())}
    done = person.send("/account/second-factor", fields)
    assert done.status_code == 200, done.text
    return app, re.findall(r"<code>([0-9a-f-]+)</code>", done.text)


def _by_code(person: Person, login: str, code: str) -> int:
    """Sign in by password and code."""
    assert person.sign_in(login).headers["location"] == "/sign-in/code"
    page = person.get("/sign-in/code").text
    return person.send("/sign-in/code", {"csrf": token_of(page), "code": code}).status_code


def test_another_password_signs_all_other_browsers_out(
    sign_in: SignIn, browser_of: Browser
) -> None:
    here, elsewhere = sign_in(TEACHER), sign_in(TEACHER)
    answer = here.post("/account/password", old=PASSWORD, new=NEW, again=NEW)
    assert answer.status_code == 303
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").headers["location"] == "/sign-in"
    assert browser_of().sign_in(TEACHER).status_code == 401
    assert browser_of().sign_in(TEACHER, NEW).status_code == 303


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"old": "wrong", "new": NEW, "again": NEW}, "old"),
        ({"old": PASSWORD, "new": NEW, "again": "not the same one"}, "again"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "new"),
    ],
)
def test_a_password_that_can_not_be_taken_is_reported_at_its_field(
    sign_in: SignIn, fields: dict[str, str], field: str
) -> None:
    teacher = sign_in(TEACHER)
    answer = teacher.post("/account/password", **fields)
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert all(value not in answer.text for value in fields.values())


def test_the_present_password_is_not_guessed_from_an_open_browser(sign_in: SignIn) -> None:
    teacher = sign_in(TEACHER)
    for _ in range(sign_in_throttle.FREE_TRIES):
        teacher.post("/account/password", old="wrong", new=NEW, again=NEW)
    assert teacher.post("/account/password", old=PASSWORD, new=NEW, again=NEW).status_code == 429


def test_a_code_is_asked_for_and_taken_once(
    sign_in: SignIn, browser_of: Browser, clock: Clock, districts: str, settings: Settings
) -> None:
    app, recovery = _set_up(sign_in(TEAM), clock)
    assert len(recovery) == 10
    half = browser_of()
    half.sign_in(TEAM)
    assert half.get("/team").headers["location"] == "/sign-in"  # the password alone opens nothing
    assert _by_code(browser_of(), TEAM, app.at(clock())) == 401  # used up by the setup
    clock.later += timedelta(seconds=30)
    assert _by_code(browser_of(), TEAM, app.at(clock())) == 303
    assert _by_code(browser_of(), TEAM, app.at(clock())) == 401
    assert _by_code(browser_of(), TEAM, recovery[3].upper()) == 303
    assert _by_code(browser_of(), TEAM, recovery[3]) == 401
    with connect(districts) as connection:
        row = connection.execute("select sealed, recovery_hashes from portal_second_factors")
        kept = repr(row.fetchone())
    assert app.secret not in kept
    assert recovery[0] not in kept
    assert reencrypt_second_factors(settings, districts) == 1
    clock.later += timedelta(seconds=60)
    assert _by_code(browser_of(), TEAM, app.at(clock())) == 303
    drop_second_factor(districts, TEAM)
    assert browser_of().sign_in(TEAM).headers["location"] == "/"


def test_wrong_codes_slow_the_next_down(sign_in: SignIn, browser_of: Browser, clock: Clock) -> None:
    _set_up(sign_in(TEAM), clock)
    thief = browser_of()
    found = [_by_code(thief, TEAM, "000000") for _ in range(sign_in_throttle.FREE_TRIES + 1)]
    assert found == [401] * sign_in_throttle.FREE_TRIES + [429]


def test_over_a_network_the_team_opens_nothing_without_a_second_factor(
    browser_of: Browser, clock: Clock
) -> None:
    team, teacher = browser_of(), browser_of()
    for person in (team, teacher):
        person.http.headers["x-forwarded-proto"] = "https"
    for person, login in ((team, TEAM), (teacher, TEACHER)):
        page = person.get("/sign-in")
        # requests sends no Secure cookie over http: the browser's part is played here.
        jar = {cookie.name: cookie.value for cookie in person.http.cookies}
        fields = {"csrf": token_of(page.text), "login": login, "password": PASSWORD}
        answer = person.send("/sign-in", fields, cookies=jar)
        assert answer.status_code == 303
        person.http.headers["cookie"] = "; ".join(
            f"{cookie.name}={cookie.value}" for cookie in person.http.cookies
        )
    assert team.get("/team").headers["location"] == "/account/second-factor"
    assert teacher.get("/account").status_code == 200
    assert team.get("/account/second-factor").status_code == 200
    _set_up(team, clock)
    assert team.get("/team").status_code == 200


@pytest.mark.slow
@pytest.mark.browser
def test_the_pages_of_an_account_in_a_browser(
    portal: str, browser: Chromium, districts: str
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{portal}/sign-in")
        page.fill("#login", TEAM)
        page.fill("#password", PASSWORD)
        page.click("button")
        page.click("text=Tess Team")
        page.click("text=Set up a second factor")
        box = page.locator("svg.segno").bounding_box()
        assert box
        assert 150 < box["width"] < 500
        app = pyotp.TOTP(page.inner_text("main code"))
        page.fill("#code", app.now())
        page.click("text=Put it in force")
        recovery = page.inner_text("li code >> nth=0")
        page.click("text=Sign out")
        page.fill("#login", TEAM)
        page.fill("#password", PASSWORD)
        page.click("button")
        page.fill("#code", recovery)
        page.click("button")
        page.wait_for_url(f"{portal}/team")


def test_a_password_that_was_reset_is_not_gone_on_with_to_the_code(
    sign_in: SignIn, browser_of: Browser, districts: str, clock: Clock
) -> None:
    app, _ = _set_up(sign_in(TEACHER), clock)
    stranger = browser_of()
    assert stranger.sign_in(TEACHER).headers["location"] == "/sign-in/code"
    reset_user(districts, TEACHER, Secret(NEW))
    clock.later += timedelta(minutes=1)
    token = token_of(stranger.get("/sign-in", allow_redirects=True).text)
    fields = {"csrf": token, "code": app.at(clock())}
    assert stranger.get("/sign-in/code").headers["location"] == "/sign-in"
    assert stranger.send("/sign-in/code", fields).headers["location"] == "/sign-in"
    assert stranger.get("/").headers["location"] == "/sign-in"


def test_setting_up_a_second_factor_signs_out_whoever_showed_none(
    sign_in: SignIn, clock: Clock
) -> None:
    elsewhere, here, other = sign_in(TEACHER), sign_in(TEACHER), sign_in(TEAM)
    _set_up(here, clock)
    assert here.get("/account").status_code == 200
    assert elsewhere.get("/account").headers["location"] == "/sign-in"
    assert other.get("/account").status_code == 200


def test_what_strangers_type_as_a_login_is_counted_with_no_account_s_own_tries(
    sign_in: SignIn, browser_of: Browser, clock: Clock
) -> None:
    """They could keep whoever is in the same network from changing their password."""
    teacher = sign_in(TEACHER)
    for typed in (f"password of {TEACHER}", f"code of {TEACHER}"):
        for _ in range(sign_in_throttle.FREE_TRIES + 3):
            assert browser_of().sign_in(typed, "guess").status_code in (401, 429)
    answer = teacher.post("/account/password", old=PASSWORD, new=NEW, again=NEW)
    assert answer.status_code == 303
    app, _ = _set_up(teacher, clock)
    stranger = browser_of()
    clock.later += timedelta(minutes=1)
    assert stranger.sign_in(TEACHER, NEW).headers["location"] == "/sign-in/code"
    page = stranger.get("/sign-in/code").text
    fields = {"csrf": token_of(page), "code": app.at(clock())}
    assert stranger.send("/sign-in/code", fields).headers["location"] == "/"
