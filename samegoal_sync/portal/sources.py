"""Where a value on Details comes from, in the words of the screens that people know."""

from __future__ import annotations

from functools import cache


@cache
def sources_of(table: str) -> dict[str, str]:
    """Curated column -> ``Demographics/Name: BirthDate``, as the rules name them.

    Args:
        table: ``student_demographics`` or ``guardian_demographics``.
    """
    from samegoal_sync.demographics.rules import column_sources  # slow to import

    told: dict[str, str] = {}
    for column, sources in column_sources(table).items():
        by_object: dict[str, list[str]] = {}
        for object_name, field in sources:
            by_object.setdefault(object_name, []).append(field)
        told[column] = "; ".join(
            f"{name}: {', '.join(dict.fromkeys(fields))}" for name, fields in by_object.items()
        )
    return told
