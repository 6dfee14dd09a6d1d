"""Signing in: sessions, time-outs, tokens of forms, and failed tries that slow the next."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from samegoal_sync.database import connect
from samegoal_sync.errors import UsageError
from samegoal_sync.portal.identity import sessions, sign_in_throttle
from samegoal_sync.portal.identity.accounts import (
    Role,
    add_user,
    disable_user,
    list_users,
    reset_user,
)
from samegoal_sync.secret import Secret
from samegoal_sync_tests.portal.conftest import FAIRVIEW, PASSWORD, Person

TEACHER = "teacher@fairview.example"
Browser = Callable[[], Person]
SignIn = Callable[[str], Person]


class Clock:
    def __init__(self) -> None:
        self.later = timedelta(0)
        self._now = sessions.now

    def __call__(self) -> object:
        return self._now() + self.later


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(sessions, "now", clock)
    monkeypatch.setattr(sign_in_throttle, "now", clock)
    return clock


def test_a_wrong_password_says_so_and_nothing_more(browser_of: Browser) -> None:
    wrong = browser_of().sign_in(TEACHER, "wrong password here")
    nobody = browser_of().sign_in("nobody@fairview.example", "wrong password here")
    assert wrong.status_code == nobody.status_code == 401
    assert "do not match" in wrong.text
    assert "do not match" in nobody.text


def test_failed_tries_make_the_next_wait_longer_each_time_even_with_the_right_password(
    browser_of: Browser, clock: Clock
) -> None:
    browser = browser_of()
    for _ in range(sign_in_throttle.FREE_TRIES):
        assert browser.sign_in(TEACHER, "wrong password here").status_code == 401
    waits = []
    for _ in range(4):
        slowed = browser.sign_in(TEACHER)
        assert slowed.status_code == 429
        waits.append(int(slowed.headers["retry-after"]))
        clock.later += timedelta(seconds=waits[-1])
        assert browser.sign_in(TEACHER, "wrong password here").status_code == 401
    assert waits == [2, 4, 8, 16]
    assert browser.sign_in("administrative@fairview.example").status_code == 303
    clock.later += timedelta(seconds=32)
    assert browser_of().sign_in(TEACHER).status_code == 303


def test_a_browser_known_to_an_account_is_not_slowed_by_what_others_try(
    browser_of: Browser, districts: str
) -> None:
    """50 wrong tries from a school's address kept everybody there out."""
    own, stranger = browser_of(), browser_of()
    own.sign_in(TEACHER)
    own.post("/sign-out")
    for _ in range(sign_in_throttle.FREE_TRIES):
        stranger.sign_in(TEACHER, "wrong password here")
    assert stranger.sign_in(TEACHER).status_code == 429
    assert own.sign_in(TEACHER).status_code == 303
    own.post("/sign-out")
    # Known for this account only, and only until its password is another.
    assert own.sign_in("administrative@fairview.example", "wrong").status_code == 401
    reset_user(districts, TEACHER, Secret("another long password"))
    assert own.sign_in(TEACHER, "another long password").status_code == 429


def test_a_refused_try_leaves_one_line_a_minute(
    browser_of: Browser, clock: Clock, districts: str
) -> None:
    browser = browser_of()
    for _ in range(sign_in_throttle.FREE_TRIES + 8):
        browser.sign_in(TEACHER, "wrong password here")
    with connect(districts) as connection:
        lines = Counter(
            action
            for (action,) in connection.execute("select action from audit_log where who = %s",
                (TEACHER,))
        )  # fmt: skip
    assert lines == {
        "failed to sign in": sign_in_throttle.FREE_TRIES,
        "had to wait before the next try to sign in": 1,
    }


def test_tries_at_the_same_moment_do_not_slip_through(browser_of: Browser) -> None:
    browsers = [browser_of() for _ in range(12)]
    with ThreadPoolExecutor(12) as together:
        answers = list(together.map(lambda one: one.sign_in(TEACHER, "wrong one"), browsers))
    found = Counter(answer.status_code for answer in answers)
    assert found == {401: sign_in_throttle.FREE_TRIES, 429: 12 - sign_in_throttle.FREE_TRIES}


def test_a_network_that_tries_many_accounts_is_answered_later_but_answered(
    browser_of: Browser, districts: str
) -> None:
    with connect(districts) as connection:
        connection.execute(
            "insert into portal_sign_in_tries (login_hash, source, at) "
            "select sha256(n::text::bytea), '127.0.0.1', now() from generate_series(1, %s) n",
            (sign_in_throttle.FREE_IN_ALL + 20,),
        )
    browser = browser_of()
    browser.get("/sign-in")
    began = time.monotonic()
    assert browser.sign_in(TEACHER).status_code == 303
    assert time.monotonic() - began >= 2.0
    # The browser is known now.
    browser.post("/sign-out")
    began = time.monotonic()
    assert browser.sign_in(TEACHER).status_code == 303
    assert time.monotonic() - began < 2.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:eeee:dddd:cccc", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
def test_an_ipv6_subscriber_is_one_source(one: str, other: str, same: bool) -> None:
    source_of = sign_in_throttle.source_of
    assert (source_of(one, None) == source_of(other, None)) is same
    assert source_of(one, b"device") == source_of(other, b"device")


@pytest.mark.parametrize("limit", [sessions.IDLE, sessions.ABSOLUTE])
def test_a_session_ends_when_it_was_idle_or_lasted_too_long(
    sign_in: SignIn, clock: Clock, limit: timedelta
) -> None:
    teacher = sign_in(TEACHER)
    step = timedelta(minutes=20)
    while limit == sessions.ABSOLUTE and clock.later + step < limit:
        clock.later += step
        assert teacher.get(f"/d/{FAIRVIEW}/students").status_code == 200
    clock.later += timedelta(minutes=21) if limit == sessions.ABSOLUTE else limit
    clock.later += timedelta(seconds=1)
    assert teacher.get(f"/d/{FAIRVIEW}/students").headers["location"] == "/sign-in"


def test_signing_out_makes_the_cookie_worthless(sign_in: SignIn, browser_of: Browser) -> None:
    teacher = sign_in(TEACHER)
    cookie = teacher.http.cookies[sessions.COOKIE]
    teacher.post("/sign-out")
    thief = browser_of()
    thief.http.cookies.set(sessions.COOKIE, cookie)
    assert thief.get("/").headers["location"] == "/sign-in"


def test_a_cookie_with_another_signature_is_refused(sign_in: SignIn, browser_of: Browser) -> None:
    cookie = sign_in(TEACHER).http.cookies[sessions.COOKIE]
    thief = browser_of()
    thief.http.cookies.set(sessions.COOKIE, cookie[:-2] + ("aa" if cookie[-2:] != "aa" else "bb"))
    assert thief.get("/").headers["location"] == "/sign-in"


def test_cookies_are_kept_from_scripts_and_other_sites(browser_of: Browser) -> None:
    cookie = browser_of().sign_in(TEACHER).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_form_without_the_sessions_token_changes_nothing(
    sign_in: SignIn, student_address: Callable[..., str]
) -> None:
    teacher, address = sign_in(TEACHER), student_address(FAIRVIEW)
    for token in ("", "stale", "é"):
        answer = teacher.send(f"{address}/by-hand", {"csrf": token, "pronouns": "they"})
        assert answer.status_code == 403
    assert 'value="they"' not in teacher.get(address).text


def test_a_form_from_another_site_is_refused(sign_in: SignIn) -> None:
    teacher = sign_in(TEACHER)
    for header, value in (("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")):
        answer = teacher.send("/sign-out", {"csrf": teacher.token()}, headers={header: value})
        assert answer.status_code == 403


def test_the_sign_in_form_must_be_this_browsers_own(browser_of: Browser) -> None:
    answer = browser_of().send("/sign-in", {"csrf": "x", "login": TEACHER, "password": PASSWORD})
    assert answer.status_code == 403


def test_a_disabled_account_is_out_at_once_and_reset_lets_it_in(
    sign_in: SignIn, browser_of: Browser, districts: str
) -> None:
    teacher = sign_in(TEACHER)
    disable_user(districts, TEACHER)
    assert teacher.get("/").headers["location"] == "/sign-in"
    assert browser_of().sign_in(TEACHER).status_code == 401
    reset_user(districts, TEACHER, Secret("another long password"))
    assert browser_of().sign_in(TEACHER, "another long password").status_code == 303


IMPOSSIBLE: tuple[tuple[dict[str, object], str], ...] = (
    ({"login": TEACHER}, "already"),
    ({"password": Secret("short")}, "characters"),
    ({"district": None}, "don't fit"),
    ({"district": "no-such-isd"}, "no district"),
    ({"login": "two words"}, "blanks"),
)


def test_accounts_that_can_not_be_are_refused(districts: str) -> None:
    account = {
        "login": "new@fairview.example",
        "password": Secret(PASSWORD),
        "name": "New",
        "role": Role.TEACHER,
        "district": FAIRVIEW,
    }
    for values, what in IMPOSSIBLE:
        with pytest.raises(UsageError, match=what):
            add_user(districts, **{**account, **values})  # type: ignore[arg-type]


def test_accounts_are_listed_without_their_passwords(districts: str) -> None:
    users = list_users(districts)
    assert len(users) == 5
    assert "argon2" not in repr(users)


def test_every_answer_forbids_inline_scripts_and_caches(
    browser_of: Browser, sign_in: SignIn
) -> None:
    for answer in (
        browser_of().get("/sign-in"),
        sign_in(TEACHER).get(f"/d/{FAIRVIEW}/students"),
        browser_of().get("/nowhere"),
    ):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "style=" not in answer.text
        assert "<script>" not in answer.text
