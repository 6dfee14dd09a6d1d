"""Where a value on Details comes from, in the words of the screens that people know."""

from __future__ import annotations

from functools import cache

from samegoal_sync.demographics.columns.tables import TABLES


@cache
def sources_of(table: str) -> dict[str, str]:
    """Curated column -> ``Demographics/Name: BirthDate``, as the rules name them.

    Args:
        table: ``student_demographics`` or ``guardian_demographics``.
    """

    return {column.name: _told(column.fields) for column in TABLES[table].columns}


def _told(sources: list[tuple[str, str]]) -> str:
    """The fields that hold the value; keys, by which rows are joined, only if there is no other."""
    values = [(name, field) for name, field in sources if not field.endswith("ID")] or sources
    by_object: dict[str, list[str]] = {}
    for name, field in values:
        by_object.setdefault(name, []).append(field)
    return "; ".join(
        f"{name}: {', '.join(dict.fromkeys(fields))}" for name, fields in by_object.items()
    )
