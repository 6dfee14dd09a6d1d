"""However often one person clicks, others are answered; the waiting costs no thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import requests

from samegoal_sync.database import connect
from samegoal_sync.portal import owner_jobs, turns
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.pages import sign_in_page
from samegoal_sync.portal.turns import A_PERSON, SIGN_INS, Turns
from samegoal_sync.settings import Settings
from samegoal_sync_tests.portal.conftest import FAIRVIEW, OAKDALE, Person, served

ADMIN, OTHERS = "administrative@fairview.example", "administrative@oakdale.example"
TEAM, TEACHER = "team@samegoal.example", "teacher@fairview.example"
#: More than the portal has threads.
_CLICKS = 50
_GENEROUS = 120
LIST = f"/d/{FAIRVIEW}/students"


@pytest.fixture
def slow_to_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing gives up waiting while a busy machine is slow."""
    monkeypatch.setattr(owner_jobs, "TURN_SECONDS", 2.0 * _GENEROUS)
    monkeypatch.setattr(turns, "_MOST_SECONDS", 2.0 * _GENEROUS)


@dataclass
class Crowded:
    """A portal whose first district an import holds; one person's clicks wait for it."""

    base: str
    turns: Turns
    erase: str
    clicks: list[Future[int]] = field(default_factory=list)

    def signed_in(self, login: str) -> Person:
        person = Person(self.base, requests.Session())
        assert person.sign_in(login).status_code == 303
        return person

    def wait_for(self, requests_of_persons: int) -> None:
        """Return when so many have come to the portal and are not answered."""
        until = time.monotonic() + _GENEROUS
        while True:
            rooms = list(self.turns._rooms.items())
            if sum(room.people for name, room in rooms if "person" in name) >= requests_of_persons:
                return
            assert time.monotonic() < until
            time.sleep(0.02)

    def click(self, pool: ThreadPoolExecutor, person: Person, times: int) -> None:
        """Return when all have come to the portal."""
        fields = {"csrf": person.token(), "student_id": "1001"}
        cookies = person.http.cookies.get_dict()

        def post() -> int:
            return requests.post(
                self.base + self.erase, fields, cookies=cookies, timeout=2 * _GENEROUS,
                allow_redirects=False,
            ).status_code  # fmt: skip

        self.clicks = [pool.submit(post) for _ in range(times)]
        self.wait_for(times)


@pytest.fixture
def crowded(
    districts: str, settings: Settings, student_address: Callable[..., str]
) -> Iterator[Crowded]:
    app = create_app(settings, districts)
    with served(app) as base:
        yield Crowded(base, app.state.portal.turns, f"{student_address(FAIRVIEW)}/erase")


@contextmanager
def an_import(url: str) -> Iterator[None]:
    """While the block runs, an import holds the first district, as it does for minutes."""
    with connect(url) as connection:
        connection.execute("select pg_advisory_xact_lock(5407, hashtext(%s))", (FAIRVIEW,))
        yield


@pytest.mark.usefixtures("slow_to_give_up")
def test_others_are_answered_however_often_one_person_clicks(
    crowded: Crowded, districts: str
) -> None:
    admin = crowded.signed_in(ADMIN)
    others = {login: crowded.signed_in(login) for login in (OTHERS, TEAM, TEACHER)}
    with ThreadPoolExecutor(_CLICKS) as pool:
        with an_import(districts):
            crowded.click(pool, admin, _CLICKS)
            for login, other in others.items():
                page = f"/d/{OAKDALE}/students" if login == OTHERS else LIST
                assert other.get(page).status_code == 200
            assert not any(one.done() for one in crowded.clicks)
        answers = [one.result(2 * _GENEROUS) for one in crowded.clicks]
    assert answers.count(303) == 1  # erased once
    assert set(answers) <= {303, 404, 409}


@pytest.mark.usefixtures("slow_to_give_up")
def test_whoever_is_signed_out_while_they_wait_is_not_answered(
    crowded: Crowded, districts: str
) -> None:
    admin = crowded.signed_in(ADMIN)
    with ThreadPoolExecutor(A_PERSON + 1) as pool:
        with an_import(districts):
            crowded.click(pool, admin, A_PERSON)
            last = pool.submit(admin.get, LIST)
            until = time.monotonic() + _GENEROUS
            while sum(room.people for room in crowded.turns._rooms.values()) <= 2 * A_PERSON:
                assert time.monotonic() < until
                time.sleep(0.02)
            with connect(districts) as connection:
                connection.execute("delete from portal_sessions")
        assert last.result(2 * _GENEROUS).headers["location"] == "/sign-in"


def test_whoever_waits_for_long_is_told(
    crowded: Crowded, districts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_jobs, "TURN_SECONDS", 2.0 * _GENEROUS)
    monkeypatch.setattr(turns, "_MOST_SECONDS", 0.5)
    monkeypatch.setattr(turns, "A_PERSON", 1)
    admin = crowded.signed_in(ADMIN)
    with ThreadPoolExecutor(1) as pool:
        with an_import(districts):
            crowded.click(pool, admin, 1)
            told = admin.get(LIST)
        assert crowded.clicks[0].result(2 * _GENEROUS) == 303
    assert told.status_code == 503
    assert "still being answered" in told.text
    assert admin.get(LIST).status_code == 200
    assert not crowded.turns._rooms


def test_passwords_that_are_tried_leave_room_for_pages(
    crowded: Crowded, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits, lock, at_once, most = sign_in_page.password_fits, threading.Lock(), 0, 0

    def counted(password_hash: str | None, password: str) -> bool:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        found = fits(password_hash, password)
        with lock:
            at_once -= 1
        return found

    monkeypatch.setattr(sign_in_page, "password_fits", counted)
    browsers = [Person(crowded.base, requests.Session()) for _ in range(_CLICKS)]
    with ThreadPoolExecutor(_CLICKS) as pool:
        tries = [
            pool.submit(browser.sign_in, f"nobody{number}@fairview.example")
            for number, browser in enumerate(browsers)
        ]
        assert {one.result(2 * _GENEROUS).status_code for one in tries} == {401}
    assert 1 < most <= SIGN_INS
