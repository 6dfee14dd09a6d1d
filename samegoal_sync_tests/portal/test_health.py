"""Health without a session: alive, ready, and nothing of why not to whoever asks."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import requests
from cryptography.fernet import Fernet

from samegoal_sync.database import connect
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.portal import health
from samegoal_sync.portal.app import create_app
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person, served


@pytest.fixture(autouse=True)
def _each_look_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_GOOD_SECONDS", 0.0)


def test_alive_and_ready_need_no_session_and_set_no_cookie(
    browser_of: Callable[[], Person],
) -> None:
    browser = browser_of()
    for path, word in (("/healthz", "ok\n"), ("/readyz", "ready\n")):
        answer = browser.get(path)
        assert (answer.status_code, answer.text) == (200, word)
        assert "set-cookie" not in answer.headers
    assert browser.get("/healthz").headers["cache-control"] == "no-store"


def test_tables_of_another_version_are_not_ready_and_the_log_alone_says_why(
    browser_of: Callable[[], Person], districts: str, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(districts) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    with caplog.at_level(logging.WARNING):
        answer = browser_of().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready\n")
    assert "not of this version" in caplog.text
    with connect(districts) as connection:
        connection.execute("update alembic_version set version_num = %s", (health.HEAD,))
    assert browser_of().get("/readyz").status_code == 200


def test_a_key_that_opens_no_stored_secret_is_not_ready(districts: str, settings: Settings) -> None:
    right, wrong = (
        Settings(settings.home, settings.storage, secret_keys=(Fernet.generate_key().decode(),))
        for _ in range(2)
    )
    Registry(right, districts).store_secret(FAIRVIEW, Secret("s3cret"), "test")
    for given, status in ((right, 200), (wrong, 503)):
        with served(create_app(given, districts)) as address:
            assert requests.get(f"{address}/readyz", timeout=20).status_code == status


def test_a_database_that_does_not_answer_is_not_ready_yet_alive(settings: Settings) -> None:
    nowhere = "postgresql://user:geheim@127.0.0.1:1/samegoal"
    with served(create_app(settings, nowhere)) as address:
        answer = requests.get(f"{address}/readyz", timeout=20)
        assert (answer.status_code, answer.text) == (503, "not ready\n")
        assert requests.get(f"{address}/healthz", timeout=20).status_code == 200


def test_pages_without_a_database_say_so_and_when_to_come_again(settings: Settings) -> None:
    nowhere = "postgresql://user:geheim@127.0.0.1:1/samegoal"
    with served(create_app(settings, nowhere)) as address:
        answer = requests.get(address, cookies={"samegoal_session": "x" * 43}, timeout=20)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "10"
        assert "Not available just now" in answer.text
        assert "geheim" not in answer.text


def test_many_who_ask_share_one_look(
    browser_of: Callable[[], Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    monkeypatch.setattr(health, "_GOOD_SECONDS", 60.0)
    monkeypatch.setattr(health, "what_is_missing", lambda _portal: looks.append(1))
    browser = browser_of()
    assert {browser.get("/readyz").status_code for _ in range(20)} == {200}
    assert len(looks) == 1
