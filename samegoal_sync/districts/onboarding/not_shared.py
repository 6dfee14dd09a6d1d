"""What a district's Qmlativ does not share: which of SameGoal's columns suffer, and who acts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from samegoal_sync.demographics.columns.tables import TABLES
from samegoal_sync.errors import Actor

if TYPE_CHECKING:
    from samegoal_sync.qmlativ.access_probe import Grant

#: Curated table -> how its rows are called to people.
_ROWS: Mapping[str, str] = {"student_demographics": "student", "guardian_demographics": "guardian"}


@dataclass(frozen=True)
class NotShared:
    """One object, or fields of it, that can't be read.

    Attributes:
        name: ``Module/Object``.
        fields: the fields that lack; empty where the whole object does.
        stops: whether no district can be read without.
        columns: SameGoal's columns that are made of it, as ``student.race``: they stay as
            published (on a first night: blank), or come from a second source.
        actor, hint: who has to act, and what they do.
    """

    name: str
    fields: tuple[str, ...]
    stops: bool
    columns: tuple[str, ...]
    actor: str
    hint: str

    def __str__(self) -> str:
        """For people, on one line, without the hint."""
        what = ", ".join(f"{self.name}.{field}" for field in self.fields) or self.name
        touched = f" (touches {', '.join(self.columns)})" if self.columns else ""
        return f"{what}: no district can be read without" if self.stops else f"{what}{touched}"


def not_shared(grants: Iterable[Grant]) -> tuple[NotShared, ...]:
    """What of the catalog lacks, the gravest first, then in the catalog's order."""
    lacking = [_not_shared(grant) for grant in grants if grant.missing]
    return tuple(sorted(lacking, key=lambda one: not one.stops))


def _not_shared(grant: Grant) -> NotShared:
    fields = () if grant.whole else tuple(sorted(grant.missing))
    columns = dict.fromkeys(
        column for field in grant.missing for column in _columns().get((grant.name, field), ())
    )
    # Fields are approved product by product at Skyward; a district can only refuse the whole.
    hint = (
        f"approve read access to {', '.join(fields) or 'all fields'} of {grant.name} for the "
        "product SameGoal Demographics (docs/qmlativ-permissions.md has the list); if it is "
        "approved, the district opens its Integration Access in Skyward and saves it again"
    )
    return NotShared(
        grant.name, fields, grant.stops, tuple(sorted(columns)), Actor.SKYWARD.value, hint
    )


@cache
def _columns() -> dict[tuple[str, str], list[str]]:
    """Object and field -> the columns that are made of it."""
    found: dict[tuple[str, str], list[str]] = {}
    for table in _ROWS:
        for column in TABLES[table].columns:
            for field in column.fields:
                found.setdefault(field, []).append(f"{_ROWS[table]}.{column.name}")
    return found
