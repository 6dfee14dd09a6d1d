"""pandera schemas: raw frames by the catalog, curated frames by what SameGoal takes.

They are compared lazily, and only rule names, columns and counts of a failure are told on:
pandera's own text holds the failing values.
"""

from __future__ import annotations

from functools import cache

import pandera.polars as pa
import polars as pl

from samegoal_sync.demographics.columns.column import Column, Presence, Table
from samegoal_sync.demographics.columns.column_forms import LENGTHS, form
from samegoal_sync.demographics.columns.curated_frames import KEEP, KEEP_TYPE
from samegoal_sync.demographics.columns.guardian_columns import GUARDIANS
from samegoal_sync.demographics.columns.student_columns import STUDENTS
from samegoal_sync.qmlativ.catalog import QmlativObject


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
    return curated_schema(STUDENTS)


@cache
def guardians_schema() -> pa.DataFrameSchema:
    """Every row one guardian of one student, each pair and each priority once."""
    return curated_schema(GUARDIANS)


def curated_schema(table: Table) -> pa.DataFrameSchema:
    """What the table's declarations say of every row, as a schema."""
    columns = {
        column.name: pa.Column(
            column.type,
            nullable=column.presence < Presence.ALWAYS,
            unique=column.name in table.unique,
            checks=_checks(column),
        )
        for column in table.columns
    }
    columns[KEEP] = pa.Column(KEEP_TYPE)
    return pa.DataFrameSchema(columns, name=table.name, strict=True, ordered=True)


def _checks(column: Column) -> list[pa.Check]:
    checks = []
    if column.accepted:
        checks.append(pa.Check.isin(column.accepted, name="accepted"))
    if column.name == "priority":
        checks.append(pa.Check.ge(1, name="from_one"))
    return checks + (_text_checks(column.name) if column.type == pl.String() else [])


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
