"""What a column is called on a page."""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_PART, GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE
from samegoal_sync.demographics.columns.tables import TABLES

#: What is shown beside columns and is none.
_OTHERS = {
    "withheld": "Withheld",
    "preferred_gender": "Preferred gender",
    "historical_idle": "Historical / idle",
}
_COLUMNS = [column for table in TABLES.values() for column in table.columns]
_LABELS = _OTHERS | {column.name: column.title for column in _COLUMNS}
#: Column -> what its values are codes of.
CODES = {column.name: column.code for column in _COLUMNS if column.code}
#: Columns of dates: a history and a document hold them as text.
DATES = frozenset(column.name for column in _COLUMNS if column.type == pl.Date())

#: The parts of Details, and the columns of each.
STUDENT_SECTIONS = STUDENT_TABLE.parts
GUARDIAN_FIELDS = GUARDIAN_TABLE.parts[GUARDIAN_PART]

STATUS_WORDS = {
    "PRE_ENROLLED": "Pre-enrolled",
    "ENROLLED": "Enrolled",
    "TRANSFERRED": "Transferred",
    "WITHDREW": "Withdrew",
    "DROPPED_OUT": "Dropped out",
    "GRADUATED": "Graduated",
    "INACTIVE": "Inactive",
    "HISTORICAL_IDLE": "Historical / idle",
}


def label(name: str) -> str:
    """A column's label: its own words, or a clearer one."""
    if name in STATUS_WORDS:
        return STATUS_WORDS[name]
    return _LABELS.get(name) or name.replace("_", " ").capitalize()
