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
from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE
from samegoal_sync.qmlativ.catalog import QmlativObject


@cache
def raw_schema(item: QmlativObject) -> pa.DataFrameSchema:
    """The key of one raw object: typed, set, and each once. Its other fields may hold anything of
    their types, which are compared without asking pandera column by column."""
    key = item.primary_key
    column = pa.Column(item.schema[key], nullable=False, unique=True)
    return pa.DataFrameSchema({key: column}, name=item.name, strict=False)


@cache
def students_schema() -> pa.DataFrameSchema:
    """Every row one student that SameGoal takes as it is."""
    return curated_schema(STUDENT_TABLE)


@cache
def guardians_schema() -> pa.DataFrameSchema:
    """Every row one guardian of one student, each pair and each priority once."""
    return curated_schema(GUARDIAN_TABLE)


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
    if column.accepted:
        return [pa.Check.isin(column.accepted, name="accepted")]
    if column.name == "priority":
        return [pa.Check.ge(1, name="from_one")]
    return [_text_check(column.name)] if column.type == pl.String() else []


def _text_check(column: str) -> pa.Check:
    """Form and length in one: pandera asks polars four times a check, however few the rows."""
    text = pl.col(column)
    fits = text.str.contains(form(column)) & (text.str.len_chars() <= LENGTHS[column])
    return pa.Check(lambda data: data.lazyframe.select(fits), name="form", ignore_na=True)
