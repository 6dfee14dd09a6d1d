"""What a tick does for a whole fleet takes as many connections as for one district."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from samegoal_sync.database import connect
from samegoal_sync.district import DateRange, DistrictSettings, DistrictState
from samegoal_sync.districts.monitoring import (
    expiry,
    pause_reminders,
    post_run,
    unsettled_nights,
)
from samegoal_sync.districts.registry import history
from samegoal_sync.districts.registry import registry as registry_module
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync_tests.districts.sync_rows import write_night

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
SLUGS = [f"d-{number}" for number in range(12)]


@pytest.fixture
def fleet(registry: Registry) -> Registry:
    tomorrow = NOW.date() + timedelta(days=1)
    for slug in SLUGS:
        registry.add(
            slug=slug, name=slug, base_url=f"https://skyward.example.com/{slug}", who="test",
            client_key="k", expires_on=NOW.date() + timedelta(days=6),
            contacts=(f"a@{slug}.example",),
            settings=DistrictSettings(paused=DateRange(tomorrow, tomorrow)),
        )  # fmt: skip
        registry.set_state(slug, DistrictState.ACTIVE, "test")
        write_night(registry.database_url, slug, NOW - timedelta(hours=1), "failed", message="x")
    return registry


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[None]]:
    """Grows with each connection that is opened; they are real ones."""
    found: list[None] = []

    def counted(*arguments: Any, **options: Any) -> Any:
        found.append(None)
        return connect(*arguments, **options)

    for module in (expiry, pause_reminders, post_run, unsettled_nights, history, registry_module):
        monkeypatch.setattr(module, "connect", counted)
    return found


@pytest.mark.parametrize(
    "tick",
    [
        lambda fleet: expiry.warn_of_expiry(fleet, (), NOW),
        lambda fleet: pause_reminders.remind_of_pauses(fleet, NOW),
        lambda fleet: post_run.process_ended_runs(fleet, NOW),
    ],
    ids=["expiry", "pauses", "settle"],
)
def test_a_tick_opens_no_connection_a_district(
    fleet: Registry, opened: list[None], tick: Callable[[Registry], list[str]]
) -> None:
    done = tick(fleet)
    assert {one.partition(":")[0] for one in done} == set(SLUGS)
    assert len(opened) <= 3
    assert tick(fleet) == []  # each once


def test_many_nights_are_settled_in_one_transaction(fleet: Registry) -> None:
    done = post_run.process_ended_runs(fleet, NOW)
    assert len(done) == 2 * len(SLUGS)  # each with its state and its letter
    with connect(fleet.database_url) as connection:
        for table in ("settled_syncs", "outbox"):
            query = f"select count(*), count(distinct xmin::text) from {table}"
            assert connection.execute(query).fetchone() == (len(SLUGS), 1)
        rows = connection.execute(
            "select district, kind, what from district_events where who = 'nightly' order by id"
        ).fetchall()
    assert rows == [(slug, "failing", "x") for slug in SLUGS]
    assert {one.state for one in fleet.list()} == {DistrictState.FAILING}
