"""Both curated tables, for whoever speaks of every column."""

from __future__ import annotations

from samegoal_sync.demographics.columns.column import Column, Table
from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE


def by_name(*tables: Table) -> dict[str, Table]:
    """Tables by the name of the curated asset.

    Raises:
        ValueError: columns of one name in two tables differ in what is looked up by the name alone.
    """
    known: dict[str, Column] = {}
    for column in (column for table in tables for column in table.columns):
        other = known.setdefault(column.name, column)
        for what in ("type", "length", "form", "title", "code"):
            if getattr(column, what) != getattr(other, what):
                raise ValueError(f"column {column.name}: two tables declare another {what}")
    return {table.name: table for table in tables}


#: By the name of the curated asset.
TABLES = by_name(STUDENT_TABLE, GUARDIAN_TABLE)
