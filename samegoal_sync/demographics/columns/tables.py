"""Both curated tables, for whoever speaks of every column."""

from __future__ import annotations

from samegoal_sync.demographics.columns.column import Table
from samegoal_sync.demographics.columns.guardian_columns import GUARDIANS
from samegoal_sync.demographics.columns.student_columns import STUDENTS

#: By the name of the curated asset.
TABLES: dict[str, Table] = {table.name: table for table in (STUDENTS, GUARDIANS)}
