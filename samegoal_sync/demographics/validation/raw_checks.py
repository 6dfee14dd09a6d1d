"""Whether Qmlativ sent a district completely: the checks of raw objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from samegoal_sync.demographics.validation.check_findings import Finding
from samegoal_sync.demographics.validation.schema_failures import SAMPLE, schema_failures
from samegoal_sync.demographics.validation.schemas import raw_schema
from samegoal_sync.qmlativ.catalog import CATALOG, QmlativObject
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: Under so many students an object may well be empty.
FLOOR = 20
#: Essential objects that even a large district may have empty.
MAY_BE_EMPTY = frozenset(
    {
        "Enrollment/EntitySchool",
        "Enrollment/WithdrawalCode",
        "Demographics/NameEmail",
        "Demographics/NamePhone",
    }
)
#: Share of students whose Name row is missing from which on the Name object was not read whole.
NAMES_MISSING = 0.10


def check_raw(raw: RawObjects, previous: Mapping[str, int] | None = None) -> list[Finding]:
    """Check raw objects: one raw asset's, or several merged.

    Args:
        previous: object -> rows of the district's last good night, if there was one.
    """
    objects = [item for item in CATALOG if item.name in raw.frames]
    return [
        _raw_shapes(raw, objects),
        _raw_keys(raw, objects),
        _essential_fields(raw, objects),
        _not_emptied(raw, objects, previous or {}),
        _names_came(raw),
        _fields_shared(raw, objects),
    ]


def _raw_shapes(raw: RawObjects, objects: Sequence[QmlativObject]) -> Finding:
    wrong = {
        item.name: count
        for item in objects
        if (count := sum(raw.frames[item.name].schema.get(k) != v for k, v in item.schema.items()))
    }
    return Finding("raw_shape", not wrong, counts=dict(wrong))


def _raw_keys(raw: RawObjects, objects: Sequence[QmlativObject]) -> Finding:
    """Keys that are null or come twice, by pandera's schema of each object."""
    counts: dict[str, int | float] = {}
    keys: list[int | str] = []
    for item in objects:
        frame = raw.frames[item.name]
        failures = schema_failures(raw_schema(item), frame)
        rows = [index for found in failures for index in found.rows]
        if failures:
            counts[item.name] = sum(found.count for found in failures)
        if rows and item.primary_key in frame.columns:
            keys.extend(frame.get_column(item.primary_key).gather(rows).drop_nulls().to_list())
    return Finding("raw_keys", not counts, counts, keys[:SAMPLE])


def _essential_fields(raw: RawObjects, objects: Sequence[QmlativObject]) -> Finding:
    missing = {
        f"{item.name}.{wanted.name}": 1
        for item in objects
        if item.essential
        for wanted in item.fields
        if wanted.essential and not raw.shares(item.name, wanted.name)
    }
    return Finding("essential_fields_shared", not missing, counts=dict(missing))


def _not_emptied(
    raw: RawObjects, objects: Sequence[QmlativObject], previous: Mapping[str, int]
) -> Finding:
    """No object is empty that never is, or that had rows last night."""
    students = raw.frames.get("Student/Student")
    many = students is None or students.height >= FLOOR
    emptied = {
        item.name: previous.get(item.name, 0)
        for item in objects
        if raw.frames[item.name].height == 0 and _may_not_be_empty(item, many, previous)
    }
    return Finding("objects_not_emptied", not emptied, counts=dict(emptied))


def _may_not_be_empty(item: QmlativObject, many: bool, previous: Mapping[str, int]) -> bool:
    if item.name in ("Student/Student", "District/District", "District/Entity"):
        return True
    never = many and item.essential and item.name not in MAY_BE_EMPTY
    return never or (item.essential and previous.get(item.name, 0) >= FLOOR)


def _names_came(raw: RawObjects) -> Finding:
    """Most students have their Name row: else Name was not read whole."""
    students, names = raw.frames.get("Student/Student"), raw.frames.get("Demographics/Name")
    if students is None or names is None:
        return Finding("names_came", True)
    nameless = students.join(names.select("NameID"), on="NameID", how="anti")
    share = nameless.height / max(students.height, 1)
    few = students.height < FLOOR or share <= NAMES_MISSING
    sample = nameless.get_column("StudentID").drop_nulls().head(SAMPLE).to_list()
    return Finding("names_came", few, {"students_without_name": nameless.height}, sample)


def _fields_shared(raw: RawObjects, objects: Sequence[QmlativObject]) -> Finding:
    counts: dict[str, int | float] = {
        f"{item.name}.{field}": 1
        for item in objects
        for field in sorted(raw.absent.get(item.name, ()))
    }
    return Finding("all_fields_shared", not counts, counts=counts)
