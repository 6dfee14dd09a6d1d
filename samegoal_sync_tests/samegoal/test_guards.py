"""Each guard, crossed and not crossed by one student; benign mass changes cry no wolf."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.district import DistrictSettings, Guards
from samegoal_sync.samegoal.publication.guards import Reason
from samegoal_sync_tests.samegoal.invented_nights import (
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)

_SIZE = 400
Night = tuple[Curated, Curated]


def _district(
    change: Callable[[int], dict[str, Any]] = lambda _: {}, *, numbers: range = range(_SIZE)
) -> Curated:
    return curated_students([student(number, **change(number)) for number in numbers])


def _pairs(
    change: Callable[[int], dict[str, Any]] = lambda _: {},
    *,
    without: int = 0,
    seconds_without: int = 0,
) -> Curated:
    """Two guardians a student, less those of the first students."""
    firsts = [guardian(n, of=n, **change(n)) for n in range(without, _SIZE)]
    seconds = [
        guardian(1000 + n, of=n, priority=2) for n in range(max(without, seconds_without), _SIZE)
    ]
    return curated_guardians(firsts + seconds)


def _lost(n: int) -> Night:
    return _district(numbers=range(n, _SIZE)), _pairs(without=n)


def _new(n: int) -> Night:
    return _district(numbers=range(_SIZE + n)), _pairs()


def _emptied(column: str) -> Callable[[int], Night]:
    return lambda n: (_district(lambda i: {column: None} if i < n else {}), _pairs())


def _emails_emptied(n: int) -> Night:
    return _district(), _pairs(lambda i: {"email": None} if i < n else {})


def _changed(column: str, value: Any) -> Callable[[int], Night]:
    return lambda n: (_district(lambda i: {column: value} if i < n else {}), _pairs())


def _orphaned(n: int) -> Night:
    return _district(), _pairs(without=n)


def _removed(n: int) -> Night:
    return _district(), _pairs(seconds_without=n)


@pytest.mark.parametrize(
    ("guard", "night", "allowed"),
    [
        ("students_lost", _lost, 40),
        ("students_new", _new, 100),
        ("identities_changed", _changed("last_name", "Smith"), 100),
        ("identities_changed", _changed("date_of_birth", date(2011, 2, 2)), 100),
        ("identities_changed", _changed("district_enrollment", "WITHDREW"), 100),
        ("column_emptied", _emptied("race"), 40),
        ("column_emptied", _emails_emptied, 40),
        ("students_without_guardians", _orphaned, 20),
        ("guardians_removed", _removed, 120),
    ],
)
def test_a_guard_is_crossed_by_one_student(
    house: House, guard: str, night: Callable[[int], Night], allowed: int
) -> None:
    house.publish(_district(), _pairs())
    before = house.published()
    held = house.publish(*night(allowed + 1))
    assert held.state == "held"
    assert [reason.guard for reason in held.reasons] == [guard]
    assert held.reasons[0].affected == allowed + 1
    assert house.published() == before
    assert house.publish(*night(allowed)).state == "published"


@pytest.mark.parametrize(
    "night",
    [_changed("grade", "08"), _changed("building", "Fairview High School")],
)
def test_rollover_moves_everybody_without_holding(
    house: House, night: Callable[[int], Night]
) -> None:
    house.publish(_district(), _pairs())
    published = house.publish(*night(_SIZE))
    assert published.state == "published"
    assert sum(published.findings.rollover_changes.values()) == _SIZE


@pytest.mark.parametrize(("month", "state"), [(8, "published"), (11, "held")])
def test_everybody_swings_to_enrolled_only_around_the_new_school_year(
    house: House, month: int, state: str
) -> None:
    night = date(2026, month, 10)
    waiting = _district(lambda _: {"district_enrollment": "PRE_ENROLLED"})
    house.publish(waiting, night=night)
    assert house.publish(_district(), night=night).state == state


def test_nothing_holds_below_the_floor(house: House) -> None:
    few = [student(number) for number in range(19)]
    house.publish(curated_students(few))
    assert house.publish(curated_students([])).state == "published"


def test_the_floor_itself_holds(house: House) -> None:
    house.publish(curated_students([student(number) for number in range(20)]))
    assert house.publish(curated_students([])).state == "held"


def test_a_first_night_has_no_guard(house: House) -> None:
    assert house.publish(_district(), _pairs()).state == "published"


def test_a_first_night_is_held_for_a_look_where_that_is_wanted(house: House) -> None:
    looked_at = DistrictSettings(guards=Guards(first_night=0.0))
    few = curated_students([student(number) for number in range(3)])
    held = house.publish(few, settings=looked_at)
    assert [str(reason) for reason in held.reasons] == [
        "3 of 3 students would be the first of their district (100.0%, allowed 0.0%)"
    ]
    assert house.publish(few).state == "published"
    more = curated_students([student(number) for number in range(4)])
    assert house.publish(more, settings=looked_at).state == "published"


def test_a_district_sets_its_own_figures(house: House) -> None:
    house.publish(_district(), _pairs())
    strict = DistrictSettings(guards=Guards(students_lost=0.0, floor=1))
    assert house.publish(*_lost(1), settings=strict).state == "held"
    generous = DistrictSettings(guards=Guards(students_lost=0.5))
    assert house.publish(*_lost(150), settings=generous).state == "published"


def test_an_absent_column_is_not_an_emptied_one(house: House) -> None:
    house.publish(_district(), _pairs())
    students = _district(lambda _: {"race": None})
    absent = Curated(students.frame, students.rejects, students.account, frozenset({"race"}))
    assert house.publish(absent, _pairs()).state == "unchanged"


def test_active_students_out_of_scope_count_as_lost(house: House) -> None:
    house.publish(_district(), _pairs())
    out = [(10_000 + n, f"S{n:06}", "out_of_scope", "other_district") for n in range(41)]
    rest = [student(n) for n in range(41, _SIZE)]
    held = house.publish(curated_students(rest, others=out), _pairs(without=41))
    assert [reason.guard for reason in held.reasons] == ["students_lost"]


def test_students_lost_are_counted_once(house: House) -> None:
    house.publish(_district(), _pairs())
    for lost in (30, 60, 90):
        assert house.publish(*_lost(lost)).state == "published"


def test_a_reason_says_how_many_of_how_many(house: House) -> None:
    house.publish(_district(), _pairs())
    (reason,) = house.publish(*_emptied("race")(200)).reasons
    assert str(reason) == "200 of 400 students would lose their race (50.0%, allowed 10.0%)"
    words = str(Reason("column_emptied", 20_000, 40_000, 0.1, "home_language"))
    assert (
        words == "20,000 of 40,000 students would lose their home language (50.0%, allowed 10.0%)"
    )


@pytest.mark.parametrize(
    ("affected", "base", "limit", "said"),
    [
        (60, 150, 0.1, "40.0%, allowed 10.0%"),
        (1, 2000, 0.0, "0.05%, allowed 0.00%"),
        (2001, 20000, 0.1, "10.01%, allowed 10.00%"),
        (1, 100_000, 0.0, "0.001%, allowed 0.000%"),
    ],
)
def test_a_share_is_shown_so_that_it_differs_from_its_limit(
    affected: int, base: int, limit: float, said: str
) -> None:
    assert f"({said})" in str(Reason("students_lost", affected, base, limit))
