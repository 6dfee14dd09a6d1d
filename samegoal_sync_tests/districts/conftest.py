"""A registry on a database of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.settings import Settings


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
