"""A sandbox for the folder, and a caller of it; each test that changes things has its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from samegoal_sync.sandbox import Sandbox, SandboxDistrict, running_sandbox
from samegoal_sync_tests.sandbox.api_caller import ApiCaller

TODAY = date(2026, 11, 25)
SLUG = "fairview-isd"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """A district of 300 students, shared by the tests of a file that leave it as it is."""
    with running_sandbox([SandboxDistrict(SLUG, "Fairview ISD", 300, today=TODAY)]) as running:
        yield running


@pytest.fixture(scope="module")
def api(sandbox: Sandbox) -> ApiCaller:
    return ApiCaller(sandbox, SLUG, "SG&1 =key")


@pytest.fixture
def own_sandbox() -> Iterator[Sandbox]:
    """A small district that a test may change."""
    with running_sandbox([SandboxDistrict(SLUG, "Fairview ISD", 60, today=TODAY)]) as running:
        yield running


@pytest.fixture
def own_api(own_sandbox: Sandbox) -> ApiCaller:
    return ApiCaller(own_sandbox, SLUG, "SG-OWN")
