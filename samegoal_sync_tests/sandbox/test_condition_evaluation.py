"""Search conditions against a plain reading of the same rules, row by row."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from samegoal_sync.sandbox.facts import object_fields
from samegoal_sync.sandbox.server.condition_evaluation import (
    condition_expression,
    fields_of,
    lowered,
)

FACTS = object_fields()["Family/StudentFamily"]
ROWS = pl.DataFrame(
    {"StudentID": [1, 2, 3, 4, 5, 6], "Rank": [1, 2, None, 1, 3, None]},
    schema={"StudentID": pl.Int64(), "Rank": pl.Int64()},
)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "Equal": operator.eq,
    "NotEqual": operator.ne,
    "Less": operator.lt,
    "LessEqual": operator.le,
    "Greater": operator.gt,
    "GreaterEqual": operator.ge,
}

_single = st.fixed_dictionaries(
    {
        "LongSearchCondition": st.fixed_dictionaries(
            {
                "FieldName": st.sampled_from(["StudentID", "Rank"]),
                "ConditionType": st.sampled_from([*_COMPARE, "Null", "NotNull", "List", "NotList"]),
                "Value": st.integers(0, 7),
                "List": st.lists(st.integers(0, 7), max_size=3),
            }
        )
    }
)
_condition = st.recursive(
    _single,
    lambda inner: st.fixed_dictionaries(
        {
            "SearchConditionGroup": st.fixed_dictionaries(
                {
                    "ConditionGroupType": st.sampled_from(["And", "Or"]),
                    "Conditions": st.lists(inner, min_size=1, max_size=3),
                }
            )
        }
    ),
    max_leaves=6,
)


def _holds(condition: dict[str, Any], row: dict[str, Any]) -> bool | None:
    """True, false, or ``None`` for unknown, as SQL has it."""
    kind, content = next(iter(condition.items()))
    if kind == "SearchConditionGroup":
        answers = [_holds(inner, row) for inner in content["Conditions"]]
        decisive = content["ConditionGroupType"] == "Or"
        if decisive in answers:
            return bool(decisive)
        return None if None in answers else not decisive
    value, how = row[content["FieldName"]], content["ConditionType"]
    if how in ("Null", "NotNull"):
        return bool((value is None) == (how == "Null"))
    if value is None:
        return None
    if how in ("List", "NotList"):
        return bool((value in content["List"]) == (how == "List"))
    return _COMPARE[how](value, content["Value"])


@settings(deadline=None, max_examples=150)
@given(condition=_condition)
def test_conditions_find_what_the_rules_say(condition: dict[str, Any]) -> None:
    found = ROWS.filter(condition_expression(lowered(condition), FACTS))
    assert found.rows(named=True) == [
        row for row in ROWS.rows(named=True) if _holds(condition, row)
    ]


@given(condition=_condition)
def test_the_fields_looked_at_are_reported(condition: dict[str, Any]) -> None:
    assert fields_of(lowered(condition)) <= {"StudentID", "Rank"}
    assert fields_of(lowered(condition))
