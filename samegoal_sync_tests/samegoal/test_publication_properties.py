"""Any run of nights ends as a plain dictionary says, and a night twice changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samegoal_sync_tests.samegoal.invented_nights import (
    House,
    curated_guardians,
    curated_students,
    guardian,
    student,
)

_COLUMNS = ("race", "city")
_NUMBERS = range(4)
_values = st.sampled_from([None, "", "a", 'b"\n,\\', "\N{SNOWMAN}"])
_keep = st.lists(st.sampled_from(_COLUMNS), unique=True)
_row = st.fixed_dictionaries({"race": _values, "city": _values, "keep": _keep})
_pair = st.one_of(
    st.sampled_from(["withheld", "rejected", "gone"]),
    st.fixed_dictionaries({"email": _values, "city": _values}),
)
_night = st.fixed_dictionaries(
    {
        "students": st.tuples(
            *(st.one_of(st.sampled_from(["gone", "rejected"]), _row) for _ in _NUMBERS)
        ),
        "pairs": st.tuples(*(st.tuples(_pair, _pair) for _ in _NUMBERS)),
        "absent": st.frozensets(st.sampled_from(_COLUMNS), max_size=1),
        "whole": st.booleans(),
    }
)
Night = dict[str, Any]


class _Model:
    """What SameGoal should show, kept in dictionaries."""

    def __init__(self) -> None:
        self.students: dict[int, dict[str, Any]] = {}
        self.missing: set[int] = set()
        self.pairs: dict[tuple[int, int], dict[str, Any]] = {}

    def publish(self, night: Night) -> None:
        for n, row in enumerate(night["students"]):
            if row == "gone":
                self.missing |= {n} & set(self.students)
                continue
            self.missing.discard(n)
            if row == "rejected":
                continue
            old = self.students.get(n, {})
            kept = set(row["keep"]) | night["absent"]
            self.students[n] = {c: old.get(c) if c in kept else row[c] for c in _COLUMNS}
            self._pairs(n, night)

    def _pairs(self, n: int, night: Night) -> None:
        for g, pair in enumerate(night["pairs"][n]):
            if pair == "withheld" or (pair == "gone" and night["whole"]):
                self.pairs.pop((n, g), None)
            elif isinstance(pair, dict) and night["whole"]:
                self.pairs[n, g] = pair


def _publish(house: House, night: Night) -> Any:
    rows, others, pairs, other_pairs = [], [], [], []
    for n, row in enumerate(night["students"]):
        if row == "rejected":
            others.append((10_000 + n, f"S{n:06}", "rejected", "rule"))
        elif row != "gone":
            rows.append(student(n, **row))
            for g, pair in enumerate(night["pairs"][n]):
                number = 10 * n + g
                if isinstance(pair, dict):
                    pairs.append(guardian(number, of=n, **pair))
                elif pair != "gone":
                    other_pairs.append((f"S{n:06}", 500_000 + number, pair, "rule"))
    return house.publish(
        curated_students(rows, others=others, absent=night["absent"]),
        curated_guardians(pairs, others=other_pairs, complete=night["whole"]),
    )


def _shown(house: House) -> tuple[Any, ...]:
    students = house.rows("select sis_internal_id, race, city, missing_since from students")
    pairs = house.rows("select guardian_id, email, city from guardians")
    return (
        {number - 10_000: {"race": race, "city": city} for number, race, city, _ in students},
        {number - 10_000 for number, *_, missing in students if missing},
        {divmod(g - 500_000, 10): {"email": email, "city": city} for g, email, city in pairs},
    )


@pytest.mark.slow
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(nights=st.lists(_night, min_size=1, max_size=4))
def test_nights_end_as_the_model_says(house: House, nights: list[Night]) -> None:
    house.rows("delete from students returning 1")
    model = _Model()
    for night in nights:
        _publish(house, night)
        model.publish(night)
        assert _shown(house) == (model.students, model.missing, model.pairs)
        before = house.published()
        assert _publish(house, night).counts["changes"] == 0
        assert house.published() == before
