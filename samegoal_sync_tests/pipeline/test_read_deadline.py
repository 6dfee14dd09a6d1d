"""The raw assets' steps: what earlier steps of the run used of its time is not theirs to use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from samegoal_sync.pipeline.resources import Qmlativ
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.errors import DeadlinePassed
from samegoal_sync_tests.qmlativ.misbehaving_server import Server, misbehaving_server


@pytest.fixture
def server() -> Iterator[Server]:
    with misbehaving_server() as running:
        yield running


def _client(server: Server, began: datetime) -> QmlativClient:
    registry: Any = SimpleNamespace(connection=lambda _slug: server.connection)
    return Qmlativ(read_deadline_seconds="600").client(registry, "oak", began)


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
