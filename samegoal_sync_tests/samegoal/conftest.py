"""A registered district for each test."""

from __future__ import annotations

import pytest

from samegoal_sync_tests.samegoal.invented_nights import House


@pytest.fixture
def house(database_url: str) -> House:
    return House(database_url)
