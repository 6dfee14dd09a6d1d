"""The locks agree: what is installed for a fleet, a test or a benchmark holds what a run needs."""

from __future__ import annotations

import re

import pytest

from samegoal_sync.pipeline.home_files import CHECKOUT


def _pins(name: str) -> set[str]:
    text = (CHECKOUT / name).read_text()
    return set(re.findall(r"^([a-z0-9.-]+==[^\s;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    ("larger", "smaller"),
    [
        ("requirements-fleet.lock", "requirements.lock"),
        ("requirements-test.lock", "requirements-fleet.lock"),
        ("requirements-bench.lock", "requirements-test.lock"),
    ],
)
def test_a_larger_lock_holds_the_smaller_one(larger: str, smaller: str) -> None:
    assert _pins(smaller)
    assert _pins(smaller) - _pins(larger) == set()
