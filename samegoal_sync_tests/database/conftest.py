"""An operator's own Postgres: each version that is installed, and the embedded 18."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from samegoal_sync_tests.database.own_servers import EMBEDDED, INSTALLED, running_server


@pytest.fixture(scope="module", params=[*(INSTALLED or ["none installed"]), EMBEDDED])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    """A superuser's address of a fresh server that asks for passwords."""
    if request.param != EMBEDDED and request.param not in INSTALLED:
        pytest.skip("Debian's postgresql is not installed")
    with running_server(request.param) as address:
        yield address


@pytest.fixture
def own(server: str) -> Iterator[str]:
    """A superuser's address of a fresh server: no database, user or role of ours is left in it."""
    yield server
    with psycopg.connect(server, autocommit=True) as root:
        root.execute("drop database if exists samegoal with (force)")
        root.execute("drop role if exists samegoal_sync, samegoal_portal, samegoal_web")
