"""The golden district: Details checked by eye once, and kept."""

from __future__ import annotations

from samegoal_sync_tests.demographics.golden_district import GOLDEN, details


def test_details_of_the_golden_district_are_as_they_were_checked() -> None:
    assert details() == GOLDEN.read_text(encoding="utf-8")
