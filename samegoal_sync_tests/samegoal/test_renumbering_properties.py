"""Whatever numbers a small population is given night after night, everybody stays who they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samegoal_sync.samegoal.publication.comparison import Coverage
from samegoal_sync_tests.samegoal.invented_nights import House
from samegoal_sync_tests.samegoal.test_student_identity import (
    belongings,
    nobody_got_anothers,
    numbered,
    numbers,
)

_PEOPLE = range(1, 6)
#: Fewer numbers than people and nights would use up, so that they are swapped and given out again.
_NUMBERS = ("A", "B", "C", "D", "E", "F")

_night = st.lists(st.sampled_from(_PEOPLE), unique=True, max_size=5).flatmap(
    lambda who: st.permutations(_NUMBERS).map(lambda free: dict(zip(who, free, strict=False)))
)
_step = st.tuples(
    st.sampled_from([Coverage.DISTRICT, Coverage.DISTRICT, Coverage.THESE_STUDENTS]), _night
)


def play(house: House, steps: list[tuple[Coverage, dict[int, str]]]) -> None:
    house.rows("delete from documents returning 1")
    house.rows("delete from students returning 1")
    known: set[int] = set()
    for coverage, sent in steps:
        frames = numbered(**{f"s{n}": number for n, number in sent.items()})
        before = numbers(house)
        night = house.publish(*frames, coverage=coverage)
        after = numbers(house)
        if coverage is Coverage.DISTRICT:
            assert night.counts["students_rejected"] == 0
            assert {n: after[n] for n in sent} == sent
        # One student's refresh moves them, or refuses them and leaves them as they were.
        assert all(after[n] in (sent.get(n), before.get(n), f"~{10_000 + n}") for n in after)
        assert set(after) >= set(before)
        for number in set(after) - known:
            belongings(house, number)
        known |= set(after)
        nobody_got_anothers(house)
        _everything_is_kept(house, known)
        assert house.publish(*frames, coverage=coverage).counts["changes"] == 0


def _everything_is_kept(house: House, known: set[int]) -> None:
    for table in ("documents", "entered_by_hand"):
        assert house.value(f"select count(*) from {table}") == len(known)
    added: Any = house.rows(
        "select s.sis_internal_id - 10000 from changes c join students s "
        "using (district, student_id) where c.kind = 'added' and c.guardian_id is null"
    )
    assert sorted(number for (number,) in added) == sorted(known)


_quietly = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=12, deadline=None, suppress_health_check=_quietly)
@given(steps=st.lists(_step, min_size=2, max_size=4))
def test_everybody_stays_who_they_are(house: House, steps: Any) -> None:
    play(house, steps)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=_quietly)
@given(steps=st.lists(_step, min_size=2, max_size=7))
def test_everybody_stays_who_they_are_for_long(house: House, steps: Any) -> None:
    play(house, steps)
