"""The one screen: worst first, with who has to act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from samegoal_sync.district import DistrictState
from samegoal_sync.districts.monitoring.digest import digest
from samegoal_sync.districts.monitoring.district_status import overall_status, with_trends
from samegoal_sync.districts.monitoring.students_trend import sparkline
from samegoal_sync.districts.monitoring.worst_problem import Severity
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync_tests.districts.sync_rows import write_night

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
TONIGHT = NOW - timedelta(hours=5)
COUNTS = {"students_sent": 1000, "students_unchanged": 1000}


def _district(registry: Registry, slug: str, state: DistrictState, **more: object) -> None:
    registry.add(
        slug=slug,
        name=slug.title(),
        base_url=f"https://skyward.example.com/{slug}API",
        client_key="k",
        who="test",
        **more,  # type: ignore[arg-type]
    )
    registry.set_state(slug, state, "test")


def test_districts_come_worst_first_each_with_its_one_thing_to_do(registry: Registry) -> None:
    url = registry.database_url
    active = DistrictState.ACTIVE
    for slug in ("fine", "failed", "held", "stale", "aside"):
        _district(registry, slug, active)
    _district(registry, "expiring", active, expires_on=NOW.date() + timedelta(days=9))
    _district(registry, "new", DistrictState.REQUESTED)
    _district(registry, "expired", DistrictState.EXPIRED)
    for slug in ("fine", "failed", "held", "expiring"):
        write_night(url, slug, TONIGHT - timedelta(hours=1), "published", counts=COUNTS)
    write_night(url, "failed", TONIGHT, "failed", message="no access", actor="district")
    write_night(url, "held", TONIGHT, "held", message="students_lost")
    write_night(url, "stale", NOW - timedelta(hours=37), "published", counts=COUNTS)
    write_night(url, "aside", TONIGHT, "published", counts={**COUNTS, "students_rejected": 30})
    found = {one.slug: one for one in overall_status(url, NOW)}
    assert list(found) == [
        "expired", "failed", "held", "stale", "aside", "expiring", "new", "fine",
    ]  # fmt: skip
    assert found["failed"].problem == "no access"
    assert found["failed"].actor == "district"
    assert found["failed"].students == 1000
    assert found["stale"].severity is Severity.STALE
    assert found["expiring"].days_left == 9
    assert found["new"].hint == "samegoal-sync districts verify new"
    assert [slug for slug, one in found.items() if not one.needs_a_person] == ["new", "fine"]
    text = digest(list(found.values()))
    assert text.index("failed") < text.index("fine ")
    assert "action by district: do this" in text


def test_the_trend_has_one_number_a_night(registry: Registry) -> None:
    _district(registry, "a", DistrictState.ACTIVE)
    for days in range(20, 0, -1):
        write_night(
            registry.database_url,
            "a",
            NOW - timedelta(days=days, hours=-12),
            "published",
            counts={"students_sent": 100 - days},
        )
    (one,) = with_trends(registry.database_url, overall_status(registry.database_url, NOW))
    assert one.trend == tuple(range(86, 100))
    assert len(one.sparkline) == 14


def test_a_good_night_long_before_many_bad_ones_is_still_found(registry: Registry) -> None:
    _district(registry, "a", DistrictState.ACTIVE)
    good = NOW - timedelta(days=40)
    write_night(registry.database_url, "a", good, "published", counts=COUNTS)
    for days in range(39, 0, -1):
        write_night(registry.database_url, "a", NOW - timedelta(days=days), "failed", message="x")
    (one,) = overall_status(registry.database_url, NOW)
    assert one.last_good == good
    assert one.students == 1000


def test_sparklines() -> None:
    assert sparkline([]) == ""
    assert sparkline([5, 5, 5]) == "▄▄▄"
    assert sparkline([0, 50, 100]) == "▁▄█"


def test_a_paused_night_is_as_asked_but_not_the_last_good_one(registry: Registry) -> None:
    _district(registry, "resting", DistrictState.ACTIVE)
    good = NOW - timedelta(days=9)
    write_night(registry.database_url, "resting", good, "published", counts=COUNTS)
    write_night(registry.database_url, "resting", TONIGHT, "paused", counts={"students_sent": 7})
    (one,) = overall_status(registry.database_url, NOW)
    assert (one.last_good, one.students) == (good, 1000)
    assert one.severity is Severity.FINE
    (later,) = overall_status(registry.database_url, NOW + timedelta(days=3))
    assert later.severity is Severity.STALE
