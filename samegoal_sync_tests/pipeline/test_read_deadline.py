"""The raw assets' steps: what earlier steps of the run used of its time is not theirs to use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from samegoal_sync.database import connect
from samegoal_sync.pipeline.resources import Qmlativ
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.errors import DeadlinePassed
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.qmlativ.misbehaving_server import Server, misbehaving_server


@pytest.fixture
def server() -> Iterator[Server]:
    with misbehaving_server() as running:
        yield running


def _client(server: Server, began: datetime) -> QmlativClient:
    registry: Any = SimpleNamespace(connection=lambda _slug: server.connection)
    return Qmlativ(read_deadline_seconds="600").client(registry, "oak", began)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "Student/Student"], ids=["from the login on", "in its midst"])
def test_a_night_of_a_mute_server_ends_by_its_own_limit_and_the_next_one_is_good(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setenv("SAMEGOAL_SYNC_READ_DEADLINE_SECONDS", "60")
    world.sandbox.fault(SLUGS[0], "mute", count=None, path=path)
    (outcome,) = world.run()
    assert outcome.state == "failed"
    assert re.search("did not answer within (5[0-9]|60) s", str(outcome.message))
    assert 59 < outcome.seconds < 75
    with connect(world.database_url) as connection:
        found = connection.execute("select findings->'transient' from syncs").fetchall()
    assert found == [(True,)]  # the schedule tries again
    world.sandbox.clear_faults(SLUGS[0])
    (outcome,) = world.run()
    assert outcome.state == "published"


def test_a_step_reads_until_the_runs_deadline_and_not_for_as_long_again(server: Server) -> None:
    now = datetime.now(UTC)
    with _client(server, now - timedelta(seconds=500)) as client:
        assert client.read(RawAsset.ENTITIES)["District/Entity"].height
    server.behaviour.log.clear()
    with (
        pytest.raises(DeadlinePassed, match="longer than 600 s"),
        _client(server, now - timedelta(seconds=601)) as client,
    ):
        client.read(RawAsset.ENTITIES)
    assert not server.behaviour.log
