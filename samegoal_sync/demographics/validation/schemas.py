"""pandera schemas: raw frames by the catalog, curated frames by what SameGoal takes.

They are compared lazily, and only rule names, columns and counts of a failure are told on:
pandera's own text holds the failing values.
"""

from __future__ import annotations

from functools import cache

import pandera.polars as pa
import polars as pl

from samegoal_sync.demographics.columns.column_forms import LENGTHS, form
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
        "gender": pa.Check.isin(["Male", "Female"], name="accepted"),
        "district_enrollment": pa.Check.isin(ENROLLMENTS, name="accepted"),
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
            checks=[
                *([checks[column]] if column in checks else []),
                *(_text_checks(column) if kind == pl.String() else []),
            ],
        )
        for column, kind in layout.items()
    }
    columns[KEEP] = pa.Column(KEEP_TYPE)
    return pa.DataFrameSchema(columns, name=name, strict=True, ordered=True)


def _text_checks(column: str) -> list[pa.Check]:
    pattern, length = form(column), LENGTHS[column]
    return [
        pa.Check(
            lambda data: data.lazyframe.select(pl.col(data.key).str.contains(pattern)),
            name="form",
            ignore_na=True,
        ),
        pa.Check(
            lambda data: data.lazyframe.select(pl.col(data.key).str.len_chars() <= length),
            name="length",
            ignore_na=True,
        ),
    ]
