"""Parts every test can ask for: a migrated database of its own, an emptied environment."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from samegoal_sync.database import running_database
from samegoal_sync.database.grants import NO_TEMPORARY_TABLES
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.settings import Settings

#: A folder whose embedded Postgres runs already, for many short sessions one after the other.
HOME_VARIABLE = "SAMEGOAL_TESTS_HOME"


@pytest.fixture(autouse=True)
def _emptied_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test."""
    for name in list(os.environ):
        if name.startswith(("SAMEGOAL_SYNC_", "DAGSTER_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def _server() -> Iterator[str]:
    """One embedded Postgres for the session, migrated; its address."""
    if shared := os.environ.get(HOME_VARIABLE):
        with running_database(Settings(home=Path(shared) / "d", storage=Path(shared) / "s")) as url:
            yield url
        return
    # A Unix socket's path must be short, so not under pytest's long folder names.
    home = Path(tempfile.mkdtemp(prefix="sg-"))
    home.chmod(0o755)
    try:
        with running_database(Settings(home=home / "d", storage=home / "s")) as url:
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def database_url(_server: str) -> Iterator[str]:
    """The address of a fresh, migrated database of this test's own."""
    with fresh_database(_server) as url:
        yield url


@contextmanager
def fresh_database(_server: str) -> Iterator[str]:
    """The same while the block runs, for what several tests share."""
    name = f"t{uuid.uuid4().hex[:12]}"
    maintenance = _server.replace("/samegoal?", "/postgres?")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"create database {name} template samegoal")
    url = _server.replace("/samegoal?", f"/{name}?")
    with psycopg.connect(url) as connection:  # the one right that a template does not pass on
        connection.execute(NO_TEMPORARY_TABLES)
    yield url
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", storage=tmp_path / "storage", allow_loopback=True)


@pytest.fixture
def registry(settings: Settings, database_url: str) -> Registry:
    return Registry(settings, database_url)


@pytest.fixture
def fairview(registry: Registry) -> str:
    registry.add(
        slug="fairview-isd",
        name="Fairview ISD",
        base_url="https://skyward.example.com/FairviewAPI",
        client_key="samegoal",
        mail_domain="fairview.example",
        contacts=("office@fairview.example",),
        who="test",
    )
    return "fairview-isd"
