"""A server that misbehaves, and a client that has little patience with it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http.limits import Limits
from samegoal_sync.qmlativ.http.retry_policy import Clock
from samegoal_sync_tests.qmlativ.misbehaving_server import Server, misbehaving_server


class HurriedClock(Clock):
    """Pauses pass at once, and are remembered."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self._ahead = 0.0

    def now(self) -> float:
        return super().now() + self._ahead

    def sleep(self, seconds: float, stop: threading.Event) -> None:
        self.pauses.append(seconds)
        self._ahead += seconds

    def draw(self, longest: float) -> float:
        return longest


@pytest.fixture
def server() -> Iterator[Server]:
    with misbehaving_server() as running:
        yield running


@pytest.fixture
def clock() -> HurriedClock:
    return HurriedClock()


@pytest.fixture
def client_of(clock: HurriedClock) -> Iterator[Callable[..., QmlativClient]]:
    """Makes clients that hurry; all are closed."""
    made: list[QmlativClient] = []

    def make(server: Server, **limits: float) -> QmlativClient:
        bounds = Limits(**{"read_seconds": 5.0, "page_size": 10, **limits})  # type: ignore[arg-type]
        made.append(QmlativClient(server.connection, limits=bounds, clock=clock))
        return made[-1]

    yield make
    for client in made:
        client.close()
