"""pandera schemas: raw frames by the catalog, curated frames by what SameGoal takes.

They are compared lazily, and only rule names, columns and counts of a failure are told on:
pandera's own text holds the failing values.
"""

from __future__ import annotations

from functools import cache

import pandera.polars as pa
import polars as pl

from samegoal_sync.demographics.columns.curated_frames import (
    ENROLLMENTS,
    GUARDIAN_COLUMNS,
    KEEP,
    KEEP_TYPE,
    STUDENT_COLUMNS,
)
from samegoal_sync.qmlativ.catalog import QmlativObject

_REQUIRED = {
    "student_id",
    "last_name",
    "first_name",
    "date_of_birth",
    "district_enrollment",
    "enrollment_reason",
    "sis_internal_id",
}
_PAIR_REQUIRED = {"student_id", "guardian_id", "priority", "last_name"}
_ZIP = r"^\S.{0,19}$"
_PHONE = r"^[+(\d][\d\s().+/x-]{5,39}$"
_EMAIL = r"^[^@\s,;]+@[^@\sA-Z]+\.[a-z]{2,63}$"
#: What no text may hold on its way to Postgres and to a page.
_CLEAN = r"^[^\x00-\x1f\x7f\x{fffd}\s](?:[^\x00-\x1f\x7f\x{fffd}]*[^\x00-\x1f\x7f\x{fffd}\s])?$"


@cache
def raw_schema(item: QmlativObject) -> pa.DataFrameSchema:
    """Shape and types of one raw object: every catalog field, typed, the key once and set."""
    columns = {
        field.name: pa.Column(
            field.type.polars,
            nullable=field.name != item.primary_key,
            unique=field.name == item.primary_key,
        )
        for field in item.fields
    }
    return pa.DataFrameSchema(columns, name=item.name, strict=False)


@cache
def students_schema() -> pa.DataFrameSchema:
    """Every row one student that SameGoal takes as it is."""
    checks = {
        "student_id": _matches(r"^[A-Za-z0-9]{1,20}$"),
        "gender": pa.Check.isin(["Male", "Female"], name="accepted"),
        "district_enrollment": pa.Check.isin(ENROLLMENTS, name="accepted"),
        "home_language": _matches(r"^[a-z]{2}$"),
        "zip": _matches(_ZIP),
    }
    return _schema(
        "student_demographics",
        STUDENT_COLUMNS,
        _REQUIRED,
        checks,
        {"student_id", "sis_internal_id"},
    )


@cache
def guardians_schema() -> pa.DataFrameSchema:
    """Every row one guardian of one student, each pair and each priority once."""
    checks = {
        "priority": pa.Check.ge(1, name="from_one"),
        "home_phone": _matches(_PHONE),
        "work_phone": _matches(_PHONE),
        "cell_phone": _matches(_PHONE),
        "email": _matches(_EMAIL),
        "language": _matches(r"^[a-z]{2}$"),
        "zip": _matches(_ZIP),
    }
    return _schema("guardian_demographics", GUARDIAN_COLUMNS, _PAIR_REQUIRED, checks, set())


def _schema(
    name: str,
    layout: pl.Schema,
    required: set[str],
    checks: dict[str, pa.Check],
    unique: set[str],
) -> pa.DataFrameSchema:
    columns = {
        column: pa.Column(
            kind,
            nullable=column not in required,
            unique=column in unique,
            checks=checks.get(column) or (_matches(_CLEAN) if kind == pl.String() else None),
        )
        for column, kind in layout.items()
    }
    columns[KEEP] = pa.Column(KEEP_TYPE)
    return pa.DataFrameSchema(columns, name=name, strict=True, ordered=True)


def _matches(pattern: str) -> pa.Check:
    return pa.Check(
        lambda data: data.lazyframe.select(pl.col(data.key).str.contains(pattern)),
        name="form",
        ignore_na=True,
    )
