"""Search conditions and sorts over HTTP: every kind and type that public code uses."""

from __future__ import annotations

from typing import Any

import pytest

from samegoal_sync.sandbox import Sandbox
from samegoal_sync_tests.sandbox.api_caller import ApiCaller
from samegoal_sync_tests.sandbox.conftest import SLUG

FIRST, LAST = 10_001, 10_300
STUDENT, FIELDS = "Student/Student", ["StudentID", "StudentNumber"]


def _ids(api: ApiCaller, kind: str = "LongSearchCondition", **condition: object) -> list[int]:
    rows = api.find(STUDENT, FIELDS, kind, **{"FieldName": "StudentID", **condition})
    return sorted(row["StudentID"] for row in rows)


@pytest.mark.parametrize(
    ("how", "value", "count"),
    [
        ("Equal", FIRST, 1),
        ("NotEqual", FIRST, 299),
        ("Less", FIRST + 10, 10),
        ("LessEqual", FIRST + 10, 11),
        ("Greater", LAST - 5, 5),
        ("GreaterEqual", LAST - 5, 6),
    ],
)
def test_numbers_compare(api: ApiCaller, how: str, value: int, count: int) -> None:
    assert len(_ids(api, ConditionType=how, Value=value)) == count


def test_lists_hold_or_do_not(api: ApiCaller) -> None:
    assert _ids(api, ConditionType="List", List=[FIRST, LAST, 5]) == [FIRST, LAST]
    assert len(_ids(api, ConditionType="NotList", List=[FIRST, LAST])) == 298


def test_null_and_not_null_part_the_rows(api: ApiCaller) -> None:
    field = {"FieldName": "CalculatedStudentStateID"}
    blank = _ids(api, "StringSearchCondition", **field, ConditionType="Null")
    known = _ids(api, "StringSearchCondition", **field, ConditionType="NotNull")
    assert blank
    assert len(blank) + len(known) == 300


def test_keys_are_read_without_regard_to_case(api: ApiCaller) -> None:
    body: dict[str, Any] = {
        "searchcondition": {
            "longsearchcondition": {
                "fieldname": "StudentID",
                "Conditiontype": "Equal",
                "VALUE": FIRST,
            }
        }
    }
    assert len(api.search(STUDENT, FIELDS, **body).json()["Objects"]) == 1


def test_a_string_condition_on_a_number_is_accepted(api: ApiCaller) -> None:
    assert _ids(api, "StringSearchCondition", ConditionType="Equal", Value=str(FIRST)) == [FIRST]


def test_texts_compare_without_case_and_trailing_blanks(sandbox: Sandbox, api: ApiCaller) -> None:
    names = sandbox.tables(SLUG)["Demographics/Name"]
    last = next(name for name in names["LastName"].to_list() if name.isalpha() and name.isascii())
    found = api.find(
        "Demographics/Name",
        ["LastName"],
        "StringSearchCondition",
        FieldName="LastName",
        ConditionType="Equal",
        Value=f"{last.upper()}  ",
    )
    assert found
    assert {row["LastName"].lower().rstrip() for row in found} == {last.lower()}


@pytest.mark.parametrize(
    ("how", "value", "count"),
    [("Like", "1002%", 100), ("Like", "10020_", 10), ("Contains", "0299", 1), ("NotLike", "1%", 0)],
)
def test_texts_match_patterns(api: ApiCaller, how: str, value: str, count: int) -> None:
    found = _ids(
        api, "StringSearchCondition", FieldName="StudentNumber", ConditionType=how, Value=value
    )
    assert abs(len(found) - count) <= 1  # a number in a hundred is blank or padded


@pytest.mark.parametrize("kind", ["BoolSearchCondition", "LongSearchCondition"])
@pytest.mark.parametrize("value", [True, 1])
def test_flags_compare_as_flags_and_as_numbers(api: ApiCaller, kind: str, value: object) -> None:
    rows = api.find(
        "Enrollment/StudentEntityYear",
        ["IsActive"],
        kind,
        FieldName="IsActive",
        ConditionType="Equal",
        Value=value,
    )
    assert rows
    assert all(row["IsActive"] for row in rows)


def test_dates_compare_as_days_in_whatever_writing(api: ApiCaller) -> None:
    rows = api.find(
        "Enrollment/EntryWithdrawal",
        ["StartDate"],
        "DateTimeSearchCondition",
        FieldName="StartDate",
        ConditionType="GreaterEqual",
        Value="2026-08-12T00:00:00",
    )
    assert rows
    assert all(row["StartDate"][:10] >= "2026-08-12" for row in rows)


def test_groups_nest(api: ApiCaller) -> None:
    def long(how: str, value: int) -> dict[str, object]:
        return {
            "LongSearchCondition": {"FieldName": "StudentID", "ConditionType": how, "Value": value}
        }

    low = {
        "SearchConditionGroup": {
            "ConditionGroupType": "And",
            "Conditions": [long("Greater", FIRST), long("Less", FIRST + 3)],
        }
    }
    rows = api.find(
        STUDENT,
        FIELDS,
        "SearchConditionGroup",
        ConditionGroupType="Or",
        Conditions=[low, long("Equal", LAST)],
    )
    assert sorted(row["StudentID"] for row in rows) == [FIRST + 1, FIRST + 2, LAST]


@pytest.mark.parametrize("down", [False, True])
def test_sorts_go_up_and_down(api: ApiCaller, down: bool) -> None:
    sort = [{"FieldName": "NameID", "Descending": down}]
    rows = api.search("Demographics/NamePhone", ["NameID"], SearchSort=sort).json()["Objects"]
    keys = [row["NameID"] for row in rows]
    assert keys == sorted(keys, reverse=down)


@pytest.mark.parametrize(
    "body",
    [
        {"SearchCondition": {"OddCondition": {"FieldName": "StudentID"}}},
        {"SearchCondition": {"LongSearchCondition": {"FieldName": "Nothing", "Value": 1}}},
        {"SearchCondition": {"LongSearchCondition": {"FieldName": "StudentID", "Value": "many"}}},
        {
            "SearchCondition": {
                "LongSearchCondition": {"FieldName": "StudentID", "ConditionType": "Near"}
            }
        },
        {
            "SearchCondition": {
                "SearchConditionGroup": {"ConditionGroupType": "Xor", "Conditions": []}
            }
        },
        {"SearchSort": [{"FieldName": "Nothing"}]},
        {"SearchSort": ["StudentID"]},
        {"SearchCondition": "all"},
    ],
)
def test_a_search_that_is_not_understood_is_400(api: ApiCaller, body: dict[str, Any]) -> None:
    assert api.search(STUDENT, FIELDS, **body).status_code == 400


def test_a_condition_may_not_look_at_a_field_that_was_not_granted(api: ApiCaller) -> None:
    condition = {"StringSearchCondition": {"FieldName": "MedicaidNumber", "ConditionType": "Null"}}
    assert api.search(STUDENT, FIELDS, SearchCondition=condition).status_code == 403
