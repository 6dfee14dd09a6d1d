"""Search conditions and sorting, in the JSON that Qmlativ reads.

They go into the body of a POST: addresses are kept in Qmlativ's usage log, bodies are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

Condition = dict[str, object]


def equal(field: str, value: int) -> Condition:
    """Rows whose id (or flag, as 0 and 1) is this one."""
    return _long(field, "Equal", value)


def greater(field: str, value: int) -> Condition:
    """Rows beyond an id."""
    return _long(field, "Greater", value)


def less(field: str, value: int) -> Condition:
    """Rows before an id."""
    return _long(field, "Less", value)


def text_equal(field: str, value: str) -> Condition:
    """Rows whose text is this one."""
    return {"StringSearchCondition": {"FieldName": field, "ConditionType": "Equal", "Value": value}}


def one_of(field: str, values: Iterable[int]) -> Condition:
    """Rows whose id is one of these."""
    listed = sorted(set(values))
    if len(listed) == 1:
        return equal(field, listed[0])
    return {"LongSearchCondition": {"FieldName": field, "ConditionType": "List", "List": listed}}


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Rows that meet every condition."""
    return _group("And", conditions)


def both(one: Condition | None, other: Condition | None) -> Condition | None:
    """Rows that meet what is given of two conditions; ``None`` are all rows."""
    given = [condition for condition in (one, other) if condition is not None]
    return all_of(given) if given else None


def any_of(conditions: Sequence[Condition]) -> Condition:
    """Rows that meet at least one condition."""
    return _group("Or", conditions)


def rows_meeting(condition: Condition) -> pl.Expr:
    """A condition made of ``equal``, ``one_of`` and ``all_of``, as polars sees it."""
    ((kind, parts),) = condition.items()
    assert isinstance(parts, dict)
    if kind == "SearchConditionGroup":
        assert parts["ConditionGroupType"] == "And"
        return pl.all_horizontal(rows_meeting(one) for one in parts["Conditions"])
    wanted = parts["List"] if parts["ConditionType"] == "List" else [parts["Value"]]
    assert parts["ConditionType"] in {"List", "Equal"}
    return pl.col(parts["FieldName"]).is_in(wanted)


def search_body(condition: Condition | None, sort_by: str) -> dict[str, object]:
    """The body of a search, sorted by an object's primary key."""
    body: dict[str, object] = {"SearchSort": [{"FieldName": sort_by, "Descending": False}]}
    if condition is not None:
        body["SearchCondition"] = condition
    return body


def _long(field: str, kind: str, value: int) -> Condition:
    return {"LongSearchCondition": {"FieldName": field, "ConditionType": kind, "Value": value}}


def _group(kind: str, conditions: Sequence[Condition]) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    return {"SearchConditionGroup": {"ConditionGroupType": kind, "Conditions": list(conditions)}}
