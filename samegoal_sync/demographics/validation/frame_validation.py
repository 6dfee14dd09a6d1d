"""Whether frames are fit to go on: the checks of each stage, as plain findings.

Dagster's blocking checks hold only inside one run, so each stage asks here itself, and Dagster's
asset checks are made of the same findings. A finding tells counts and keys, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from samegoal_sync.demographics.columns.curated_frames import Curated, Noted
from samegoal_sync.demographics.errors import ChecksFailed
from samegoal_sync.demographics.rejects.reject_rules import REJECT_RULES
from samegoal_sync.demographics.validation.schemas import (
    guardians_schema,
    raw_schema,
    students_schema,
)
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
#: So many restricted guardians don't mostly become unrestricted in one night.
RESTRICTIONS_FLOOR = 5
#: How much a share (of students without an address ...) may grow over last night's.
SHARE_GROWTH = 0.05
_SAMPLE = 10

#: Rule -> whether it blocks; what ``check_raw`` and ``check_curated`` give, in order.
RAW_RULES: dict[str, bool] = {
    "raw_shape": True,
    "raw_keys": True,
    "essential_fields_shared": True,
    "objects_not_emptied": True,
    "names_came": True,
    "all_fields_shared": False,
}
CURATED_RULES: dict[str, bool] = {
    "students_valid": True,
    "guardians_valid": True,
    "guardian_pairs_once": True,
    "guardians_have_students": True,
    "students_accounted": True,
    "guardians_accounted": True,
    "rejects_explained": True,
    "guardians_complete": False,
    "restrictions_still_shared": True,
    "share_without_address": False,
    "share_without_building": False,
    "share_without_gender": False,
    "share_without_grade": False,
    "share_without_guardian_email": False,
    "share_without_guardian_phone": False,
    "share_without_home_language": False,
    "share_without_race": False,
}

#: What findings of a night look like when they come back the night after.
Previous = Mapping[str, Noted]


@dataclass(frozen=True)
class Finding:
    """One check of one district's frames.

    Attributes:
        name: the check's name; Dagster's asset check bears it too.
        passed: whether the frames are as they ought to be.
        blocking: whether nothing may go on when it failed.
        counts: numbers that say how bad it is.
        sample_keys: up to ten keys (Qmlativ's ids or Student Ids) of failing rows.
    """

    name: str
    passed: bool
    blocking: bool
    counts: dict[str, int | float] = field(default_factory=dict)
    sample_keys: list[int | str] = field(default_factory=list)


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


def check_curated(
    students: Curated,
    guardians: Curated,
    previous: Previous | None = None,
    *,
    whole_district: bool = True,
) -> list[Finding]:
    """Check curated frames and their accounts.

    Args:
        previous: the findings (students' and guardians' together) of the last good night.
        whole_district: false when one student alone was read: then nobody restricted is usual.
    """
    return [
        _fits("students_valid", students_schema(), students.frame, "student_id"),
        _fits("guardians_valid", guardians_schema(), guardians.frame, "student_id"),
        _pairs_once(guardians),
        _guardians_have_students(students, guardians),
        _accounted("students_accounted", students, "sis_internal_id"),
        _accounted("guardians_accounted", guardians, "guardian_id"),
        _rejects_explained(students, guardians),
        Finding("guardians_complete", guardians.complete, blocking=False),
        _restrictions_still_shared(guardians, previous or {}, whole_district=whole_district),
        *_shares(students.findings | guardians.findings, previous or {}),
    ]


def require_checks_passed(stage: str, findings: Sequence[Finding]) -> None:
    """Stop unless every blocking finding passed.

    Raises:
        ChecksFailed: names the failed checks with their counts.
    """
    failed = [(item.name, item.counts) for item in findings if item.blocking and not item.passed]
    if failed:
        raise ChecksFailed(stage, failed)


def _raw_shapes(raw: RawObjects, objects: Sequence[QmlativObject]) -> Finding:
    wrong = {
        item.name: count
        for item in objects
        if (count := sum(raw.frames[item.name].schema.get(k) != v for k, v in item.schema.items()))
    }
    return Finding("raw_shape", not wrong, blocking=True, counts=dict(wrong))


def _raw_keys(raw: RawObjects, objects: Sequence[QmlativObject]) -> Finding:
    """Keys that are null or come twice, by pandera's schema of each object."""
    counts: dict[str, int | float] = {}
    keys: list[int | str] = []
    for item in objects:
        frame = raw.frames[item.name]
        failures = _failures(raw_schema(item), frame)
        rows = [index for found in failures for index in found.rows]
        if failures:
            counts[item.name] = sum(found.count for found in failures)
        if rows and item.primary_key in frame.columns:
            keys.extend(frame.get_column(item.primary_key).gather(rows).drop_nulls().to_list())
    return Finding("raw_keys", not counts, True, counts, keys[:_SAMPLE])


def _essential_fields(raw: RawObjects, objects: Sequence[QmlativObject]) -> Finding:
    missing = {
        f"{item.name}.{wanted.name}": 1
        for item in objects
        if item.essential
        for wanted in item.fields
        if wanted.essential and not raw.shares(item.name, wanted.name)
    }
    return Finding("essential_fields_shared", not missing, blocking=True, counts=dict(missing))


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
    return Finding("objects_not_emptied", not emptied, blocking=True, counts=dict(emptied))


def _may_not_be_empty(item: QmlativObject, many: bool, previous: Mapping[str, int]) -> bool:
    if item.name in ("Student/Student", "District/District", "District/Entity"):
        return True
    never = many and item.essential and item.name not in MAY_BE_EMPTY
    return never or (item.essential and previous.get(item.name, 0) >= FLOOR)


def _names_came(raw: RawObjects) -> Finding:
    """Most students have their Name row: else Name was not read whole."""
    students, names = raw.frames.get("Student/Student"), raw.frames.get("Demographics/Name")
    if students is None or names is None:
        return Finding("names_came", True, blocking=True)
    nameless = students.join(names.select("NameID"), on="NameID", how="anti")
    share = nameless.height / max(students.height, 1)
    few = students.height < FLOOR or share <= NAMES_MISSING
    sample = nameless.get_column("StudentID").drop_nulls().head(_SAMPLE).to_list()
    return Finding("names_came", few, True, {"students_without_name": nameless.height}, sample)


def _fields_shared(raw: RawObjects, objects: Sequence[QmlativObject]) -> Finding:
    counts: dict[str, int | float] = {
        f"{item.name}.{field}": 1
        for item in objects
        for field in sorted(raw.absent.get(item.name, ()))
    }
    return Finding("all_fields_shared", not counts, blocking=False, counts=counts)


def _fits(name: str, schema: pa.DataFrameSchema, frame: pl.DataFrame, key: str) -> Finding:
    failures = _failures(schema, frame)
    rows = sorted({row for failure in failures for row in failure.rows})[:_SAMPLE]
    counts: dict[str, int | float] = {failure.name: failure.count for failure in failures}
    keys = frame.get_column(key).gather(rows).to_list() if key in frame.columns else []
    return Finding(name, not failures, True, counts, keys)


def _pairs_once(guardians: Curated) -> Finding:
    pairs = int(guardians.frame.select("student_id", "guardian_id").is_duplicated().sum())
    places = int(guardians.frame.select("student_id", "priority").is_duplicated().sum())
    counts: dict[str, int | float] = {"pairs_twice": pairs, "priorities_twice": places}
    return Finding("guardian_pairs_once", pairs + places == 0, blocking=True, counts=counts)


def _guardians_have_students(students: Curated, guardians: Curated) -> Finding:
    alone = guardians.frame.join(students.frame.select("student_id"), on="student_id", how="anti")
    sample = alone.get_column("guardian_id").head(_SAMPLE).to_list()
    counts: dict[str, int | float] = {"guardians_without_student": alone.height}
    return Finding("guardians_have_students", alone.is_empty(), True, counts, sample)


def _accounted(name: str, curated: Curated, key: str) -> Finding:
    """Every row of the frame stands in the account as curated, and nothing else does."""
    account = curated.account.filter(pl.col("outcome") == "curated")
    keys = ["student_id", key]
    unaccounted = curated.frame.join(account, on=keys, how="anti").height
    vanished = account.join(curated.frame, on=keys, how="anti").height
    without_reason = curated.account.filter(
        (pl.col("outcome") == "curated") != pl.col("reason").is_null()
    ).height
    counts: dict[str, int | float] = {
        "unaccounted": unaccounted,
        "vanished": vanished,
        "twice": account.height - account.select(keys).n_unique() if account.height else 0,
        "without_reason": without_reason,
    }
    return Finding(name, not any(counts.values()), blocking=True, counts=counts)


def _rejects_explained(students: Curated, guardians: Curated) -> Finding:
    """Every student rejected has its reject row, and every rule has its entry in the docs."""
    aside = students.account.filter(pl.col("outcome") == "rejected").height
    rows = students.rejects.filter(pl.col("severity") == "row").height
    rules = pl.concat([students.rejects, guardians.rejects]).get_column("rule").unique().to_list()
    counts: dict[str, int | float] = {
        "students_rejected": aside,
        "student_row_rejects": rows,
        "unknown_rules": sum(rule not in REJECT_RULES for rule in rules),
    }
    return Finding("rejects_explained", aside == rows and not counts["unknown_rules"], True, counts)


def _restrictions_still_shared(
    guardians: Curated, previous: Previous, *, whole_district: bool
) -> Finding:
    """Restrictions that were there before are there tonight: shared, and not all gone at once.

    Otherwise every guardian withheld until yesterday would be published tonight. Where one of
    two sources is no longer shared, fewer restrictions than before may be that source's. A
    district that publishes the restricted, with the restriction shown, has nothing to lose, and a
    guard of 1 says that a person has looked.
    """
    shared, restricted = (
        int(str(guardians.findings[name]))
        for name in ("restrictions_shared", "guardians_restricted")
    )
    had = int(str(previous.get("guardians_restricted", 0)))
    lost = previous.get("restrictions_shared") == 1 and shared == 0
    allowed = float(str(guardians.findings.get("restrictions_lost_allowed", 0)))
    gone = had - restricted > round(had * allowed, 6)
    emptied = whole_district and had >= RESTRICTIONS_FLOOR and gone
    fewer = restricted < had and not _sources(previous) <= _sources(guardians.findings)
    agreed = allowed >= 1 or guardians.findings.get("publish_restricted") == 1
    fit = agreed or not (lost or emptied or fewer)
    counts: dict[str, int | float] = {
        "restrictions_shared": shared,
        "guardians_restricted": restricted,
        "guardians_restricted_last_night": had,
    }
    return Finding("restrictions_still_shared", fit, True, counts)


def _sources(findings: Previous) -> set[str]:
    told = findings.get("restriction_sources", [])
    return set(told) if isinstance(told, list) else set()


def _shares(tonight: Previous, previous: Previous) -> list[Finding]:
    """One warning a share that grew well beyond what this district had last night."""
    findings = []
    for name, value in sorted(tonight.items()):
        if not name.startswith("share_") or not isinstance(value, float):
            continue
        before = previous.get(name)
        known = float(before) if isinstance(before, int | float) else value
        counts: dict[str, int | float] = {"tonight": value, "last_night": known}
        findings.append(Finding(name, value <= known + SHARE_GROWTH, False, counts))
    return findings


@dataclass(frozen=True)
class _Failure:
    name: str
    count: int
    rows: list[int]


def _failures(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> list[_Failure]:
    """What pandera found wrong: reason and column, how many rows, and some of their numbers."""
    if _fit.get((schema.name, id(frame))) is frame:
        return []
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        return [_failure(error, errors.failure_cases) for error in errors.schema_errors]
    _fit[schema.name, id(frame)] = frame
    return []


#: Frames that pandera found fit, by schema, as long as they live. A run asks at each door again,
#: and no frame is ever changed in place. A frame that is read anew is another one: it is looked at.
_fit: WeakValueDictionary[tuple[str | None, int], pl.DataFrame] = WeakValueDictionary()


def _failure(error: pa.errors.SchemaError, cases: pl.DataFrame) -> _Failure:
    check = getattr(error.check, "name", None) or str(error.check)
    column = str(error.schema.name)
    frame = error.failure_cases
    count = frame.height if isinstance(frame, pl.DataFrame) else 1
    rows = cases.filter((pl.col("column") == column) & (pl.col("check") == check))
    numbers = rows.get_column("index").drop_nulls().head(_SAMPLE).to_list()
    reason = error.reason_code.name.lower() if error.reason_code else "invalid"
    return _Failure(f"{column}: {reason}", count, numbers)
