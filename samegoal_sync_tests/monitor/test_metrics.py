"""Metrics over real HTTP, read by Prometheus' own parser; bounded, and closed to strangers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from samegoal_sync.database import connect
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.monitoring import metrics
from samegoal_sync.districts.monitoring.audit_shipping import ship
from samegoal_sync.districts.monitoring.heartbeats import EVERY, beat
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import SettingError
from samegoal_sync.monitor.serve import create_app, token_for
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.districts.sync_rows import write_night
from samegoal_sync_tests.portal.conftest import served

NOW = datetime.now(UTC)
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(autouse=True)
def _each_scrape_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_GOOD_SECONDS", 0.0)


def _scraped(address: str, token: str | None = None) -> Samples:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = requests.get(f"{address}/metrics", headers=headers, timeout=30)
    assert answer.status_code == 200
    return {
        (sample.name.removeprefix("samegoal_sync_"), tuple(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def _add(registry: Registry, slug: str) -> None:
    registry.add(
        slug=slug, name=slug, base_url=f"https://skyward.example.com/{slug}", client_key="k",
        who="test",
    )  # fmt: skip
    registry.set_state(slug, DistrictState.ACTIVE, "test")


def test_the_fleet_in_numbers(registry: Registry) -> None:
    url = registry.database_url
    for slug in ("good", "failed", "old", "none"):
        _add(registry, slug)
    counts = {"students_sent": 40, "students_rejected": 3}
    write_night(url, "good", NOW - timedelta(hours=2), "unchanged", counts=counts)
    write_night(url, "failed", NOW - timedelta(hours=3), "failed", message="x")
    write_night(url, "old", NOW - timedelta(hours=50), "published", counts=counts)
    with connect(url) as connection:
        connection.execute(
            "insert into nights (district, night, due_at, attempt, asked_at) "
            "values ('old', current_date, now(), 1, now() - interval '10 minutes')"
        )
    assert ship(url, lambda _lines: None) == 0
    with connect(url) as connection:
        connection.execute(
            "insert into audit_log (who, role, action, at) values ('x', 'x', 'x', %s)",
            (datetime.now(UTC) - timedelta(minutes=20),),
        )
    for name in EVERY:
        beat(url, name, NOW - timedelta(hours=1) * (name == "missed_nights"), 0.25)
    with served(create_app(url, None)) as address:
        found = _scraped(address)
    assert found["database_up", ()] == 1
    assert found["audit_lines_waiting", ()] == 1
    assert abs(found["audit_oldest_waiting_seconds", ()] - 20 * 60) < 120
    assert found["districts", (("stands", "failing"),)] == 1
    assert found["districts", (("stands", "stale"),)] == 2
    assert found["nights", (("state", "unchanged"),)] == 1
    assert found["nights", (("state", "failed"),)] == 1
    assert found["students", (("outcome", "sent"),)] == 40
    assert found["students", (("outcome", "rejected"),)] == 3
    assert found["queue_length", ()] == 1
    assert 590 < found["queue_oldest_seconds", ()] < 1500
    assert found["last_good_night_age_seconds_bucket", (("le", "129600.0"),)] == 1
    assert found["last_good_night_age_seconds_bucket", (("le", "+Inf"),)] == 2
    assert found["districts_without_good_night", ()] == 2
    assert abs(found["oldest_last_good_night_seconds", ()] - 50 * 3600) < 900
    assert found["tick_overdue", (("name", "missed_nights"),)] == 1
    assert found["tick_overdue", (("name", "mailbox"),)] == 0
    assert found["tick_seconds", (("name", "mailbox"),)] == 0.25


def test_more_districts_are_no_more_series_and_nobody_is_named(registry: Registry) -> None:
    with served(create_app(registry.database_url, None)) as address:
        for name in EVERY:
            beat(registry.database_url, name, NOW, 0.1)
        few = _scraped(address)
        for number in range(40):
            _add(registry, f"district-{number}")
        text = requests.get(f"{address}/metrics", timeout=30).text
        assert few.keys() == _scraped(address).keys()
    assert "district-1" not in text
    assert len(few) < 100


def test_without_a_database_the_metrics_say_so() -> None:
    with served(create_app("postgresql://user:geheim@127.0.0.1:1/x", None)) as address:
        assert _scraped(address) == {("database_up", ()): 0}


def test_a_stranger_gets_nothing_where_a_token_is_set(database_url: str) -> None:
    token = "a-token-of-twenty-one"
    with served(create_app(database_url, Secret(token))) as address:
        assert requests.get(f"{address}/metrics", timeout=30).status_code == 401
        wrong = requests.get(
            f"{address}/metrics", headers={"authorization": f"Bearer {token}x"}, timeout=30
        )
        assert (wrong.status_code, wrong.text) == (401, "not for you\n")
        assert _scraped(address, token)["database_up", ()] == 1
        assert requests.get(f"{address}/healthz", timeout=30).text == "ok\n"


def test_an_open_address_needs_a_token_of_some_length(settings: Settings) -> None:
    assert token_for(settings, "127.0.0.1") is None
    with pytest.raises(SettingError, match=r"0\.0\.0\.0 need a token"):
        token_for(settings, "0.0.0.0")
    with pytest.raises(SettingError):
        token_for(replace(settings, metrics_token="short"), "127.0.0.1")
    token = "a-token-of-twenty-one"
    assert token_for(replace(settings, metrics_token=token), "0.0.0.0") == Secret(token)
    assert token not in repr(replace(settings, metrics_token=token))
    read = Settings.from_environment({"SAMEGOAL_SYNC_METRICS_TOKEN": token})
    assert read.metrics_token == token
