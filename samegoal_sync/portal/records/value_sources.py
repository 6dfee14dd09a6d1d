"""Where a value on Details comes from: the screen in Skyward, and the fields that the API sends."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from samegoal_sync.demographics.columns.tables import TABLES
from samegoal_sync.qmlativ import screens

_ADDRESS = ("Demographics/Address", "Demographics/Zip", "Demographics/County")

#: Table -> objects that hold values of it, each with its screen; the first one that a column has
#: is where its value is entered.
_SCREENS: dict[str, tuple[tuple[str, str], ...]] = {
    "student_demographics": (
        ("Demographics/Name", screens.NAME),
        *((name, screens.ADDRESSES) for name in _ADDRESS),
        ("Family/Family", screens.FAMILY),
        ("Enrollment/EntryWithdrawal", screens.ENROLLMENT),
        ("Enrollment/StudentEntityYear", screens.ENROLLMENT),
        ("Student/Student", screens.GENERAL),
        ("District/District", screens.DISTRICT),
    ),
    "guardian_demographics": (
        ("Demographics/NamePhone", screens.PHONES),
        ("Demographics/NameEmail", screens.EMAIL),
        *((name, screens.ADDRESSES) for name in _ADDRESS),
        ("Family/Family", screens.FAMILY),
        ("Demographics/Name", screens.GUARDIANS),
        ("Family/StudentGuardian", screens.GUARDIANS),
    ),
}


@dataclass(frozen=True)
class ValueSource:
    """Where a column's values come from.

    Attributes:
        screen: ``Skyward > Family > Guardians > Phone Numbers``; what stands in a student's
            profile begins there. Empty where no screen holds it.
        fields: ``Demographics/Name: BirthDate``, as the rules name them.
    """

    screen: str
    fields: str


@cache
def sources_of(table: str) -> dict[str, ValueSource]:
    """Curated column -> where its values come from; without those that Qmlativ does not send.

    Args:
        table: ``student_demographics`` or ``guardian_demographics``.
    """
    return {
        column.name: ValueSource(_screen(table, column.fields), _in_words(column.fields))
        for column in TABLES[table].columns
        if column.fields
    }


def _screen(table: str, fields: list[tuple[str, str]]) -> str:
    objects = {name for name, _ in fields}
    found = next((screen for name, screen in _SCREENS[table] if name in objects), "")
    return f"Skyward > {found.removeprefix(f'{screens.PROFILE} > ')}" if found else ""


def _in_words(sources: list[tuple[str, str]]) -> str:
    """The fields that hold the value; keys, by which rows are joined, only if there is no other."""
    values = [(name, field) for name, field in sources if not field.endswith("ID")] or sources
    by_object: dict[str, list[str]] = {}
    for name, field in values:
        by_object.setdefault(name, []).append(field)
    return "; ".join(
        f"{name}: {', '.join(dict.fromkeys(fields))}" for name, fields in by_object.items()
    )
