"""Two small districts with an account a role, and a portal to ask."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from argon2 import PasswordHasher
from playwright.sync_api import Browser

from samegoal_sync.database import connect
from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.bounded_connections import uvicorn_bounds
from samegoal_sync.portal.identity.accounts import Role
from samegoal_sync.settings import Settings
from samegoal_sync_tests.browser import running_browser

PASSWORD = "correct horse battery"
FAIRVIEW, OAKDALE = "fairview-isd", "oakdale-isd"


@dataclass
class Person:
    """A browser of somebody; ``post`` sends the session's token along."""

    base: str
    http: requests.Session

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.http.get(self.base + path, **_quick(options))

    def send(self, path: str, fields: dict[str, str], **options: Any) -> requests.Response:
        return self.http.post(self.base + path, data=fields, **_quick(options))

    def post(self, path: str, **fields: str) -> requests.Response:
        return self.send(path, {"csrf": self.token(), **fields})

    def token(self) -> str:
        return token_of(self.get("/", allow_redirects=True).text)

    def sign_in(self, login: str, password: str = PASSWORD) -> requests.Response:
        page = self.get("/sign-in").text
        return self.send("/sign-in", {"csrf": token_of(page), "login": login, "password": password})


def _quick(options: dict[str, Any]) -> dict[str, Any]:
    return {"allow_redirects": False, "timeout": 30, **options}


@contextmanager
def served(app: Any, **options: Any) -> Iterator[str]:
    """The application on a free port of this machine, as the portal is served; its address."""
    asked = {**uvicorn_bounds(), "port": 0, "log_level": "error", "access_log": False, **options}
    server = uvicorn.Server(uvicorn.Config(app, **asked))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def token_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless, for the tests of one file."""
    with running_browser() as browser:
        yield browser


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", storage=tmp_path / "frames", allow_loopback=True)


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Of the password that all accounts have: hashing is slow on purpose, so once is enough."""
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).hash(PASSWORD)


@pytest.fixture
def districts(database_url: str, password_hash: str) -> str:
    """Two districts of three students; ids are the same in both."""
    furnish_districts(database_url, password_hash)
    return database_url


def furnish_districts(database_url: str, password_hash: str) -> None:
    """The two districts, with an account a role."""
    accounts: list[tuple[str, str, Role, str | None]] = [
        ("team@samegoal.example", "Tess Team", Role.TECHNICAL_TEAM, None)
    ]
    for slug, who in ((FAIRVIEW, "fairview"), (OAKDALE, "oakdale")):
        accounts += [
            (f"{role.value}@{who}.example", f"{who.title()} {role.value}", role, slug)
            for role in (Role.ADMINISTRATIVE, Role.TEACHER)
        ]
    with connect(database_url) as connection:
        for slug, name in ((FAIRVIEW, "Fairview ISD"), (OAKDALE, "Oakdale ISD")):
            add_district(connection, slug, name)
        for login, name, role, district in accounts:
            connection.execute(
                "insert into portal_users (login, name, role, district, password_hash) "
                "values (%s, %s, %s, %s, %s)",
                (login, name, role.value, district, password_hash),
            )
        connection.execute(
            "insert into caseload_buildings (district, user_id, building, assigned_by) "
            "select district, id, 'Elm Elementary', 'test' from portal_users "
            "where role = 'teacher'"
        )


def add_district(connection: Any, slug: str, name: str) -> None:
    """A district whose first night went through."""
    connection.execute(
        "insert into districts (slug, name, state, base_url, client_key, mail_domain) "
        "values (%s, %s, 'active', %s, 'KEY', 'fairview.example')",
        (slug, name, f"https://{slug}.example/API"),
    )
    connection.execute(
        "insert into syncs (district, run_id, night, state, started_at, counts) values "
        "(%s, 'run-1', current_date, 'published', now(), '{\"sent\": 3, \"changed\": 3}')",
        (slug,),
    )
    for student_id, last, first, status in (
        ("1001", "García Núñez", "María", "ENROLLED"),
        ("1002", "O'Brien", "Sam", "WITHDREW"),
        ("1003", "Zimmer", "Ann", "ENROLLED"),
    ):
        connection.execute(
            "insert into students (district, student_id, last_name, first_name, date_of_birth, "
            "gender, district_enrollment, grade, building, sis_internal_id) values "
            "(%s, %s, %s, %s, '2014-05-06', 'F', %s, '05', 'Elm Elementary', %s)",
            (slug, student_id, last, first, status, int(student_id) + 5000),
        )
    for guardian_id, priority, first in ((71, 1, "Rosa"), (72, 2, "Luis")):
        connection.execute(
            "insert into guardians (district, student_id, guardian_id, priority, last_name, "
            "first_name, relationship, custodial, cell_phone, email) values "
            "(%s, '1001', %s, %s, 'García', %s, 'Parent', true, '(555) 010-0199', %s)",
            (slug, guardian_id, priority, first, f"{first.lower()}@{slug}.example"),
        )


@pytest.fixture
def portal(districts: str, settings: Settings) -> Iterator[str]:
    """The portal over the two districts; its address."""
    with served(create_app(settings, districts)) as address:
        yield address


@pytest.fixture
def browser_of(portal: str) -> Iterator[Callable[[], Person]]:
    """A new browser, nobody signed in."""
    opened: list[requests.Session] = []

    def browser() -> Person:
        opened.append(requests.Session())
        return Person(portal, opened[-1])

    yield browser
    for session in opened:
        session.close()


@pytest.fixture
def sign_in(browser_of: Callable[[], Person]) -> Callable[[str], Person]:
    """Sign in as ``teacher@fairview.example`` and the like."""

    def signed_in(login: str) -> Person:
        person = browser_of()
        answer = person.sign_in(login)
        assert answer.status_code == 303, answer.text
        return person

    return signed_in


@pytest.fixture
def student_address(districts: str) -> Callable[[str, str], str]:
    """The Details page of a student."""

    def address(slug: str, student_id: str = "1001") -> str:
        with connect(districts) as connection:
            row = connection.execute(
                "select portal_id from students where district = %s and student_id = %s",
                (slug, student_id),
            ).fetchone()
        assert row
        return f"/d/{slug}/students/{row[0]}"

    return address
