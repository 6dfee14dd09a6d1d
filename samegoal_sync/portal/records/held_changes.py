"""A held night by student: who they are, what of the night concerns each, and by which guard.

Two hundred rows of fields say nothing; "six new students, and these are their names" does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from samegoal_sync.portal.tenant_connection import Rows, rows
from samegoal_sync.samegoal.publication.guards import Reason

PAGE = 50
#: Rows of one student; a new column that comes for everybody adds one row, so this is many.
MOST_ROWS = 200

_OF_STUDENT = pl.col("guardian_id").is_null()
_KIND, _FIELD = pl.col("kind"), pl.col("field")
_IDENTITY = ("student_id", "last_name", "first_name", "date_of_birth", "district_enrollment")

#: What a change is, the gravest first -> its condition. The names are those of the guards.
_CLASSES: dict[str, pl.Expr] = {
    "withheld": ~_OF_STUDENT & (_KIND == "removed") & (_FIELD == "withheld").fill_null(False),
    "students_new": _OF_STUDENT & (_KIND == "added"),
    "students_lost": _OF_STUDENT & _KIND.is_in(["missing", "closed"]),
    "identities_changed": _OF_STUDENT & (_KIND == "changed") & _FIELD.is_in(_IDENTITY),
    "guardians_removed": ~_OF_STUDENT & (_KIND == "removed"),
    "column_emptied": (_KIND == "changed") & pl.col("old").is_not_null() & pl.col("new").is_null(),
    "guardians_added": ~_OF_STUDENT & (_KIND == "added"),
}
_OTHER = "other"

#: Guards whose students are those of another class here.
_GUARD_OF = {"first_night": "students_new", "students_without_guardians": "guardians_removed"}

WORDS = {
    "withheld": "Guardian to be withheld",
    "students_new": "New students",
    "students_lost": "Gone from Qmlativ",
    "identities_changed": "Name, birth date, Student Id or status changes",
    "guardians_removed": "Guardians removed",
    "column_emptied": "Values emptied",
    "guardians_added": "Guardians added",
    _OTHER: "Other changes",
}


@dataclass(frozen=True)
class Group:
    """One class of changes.

    Attributes:
        name / title: in an address, and on the page.
        students: how many students it concerns.
        holds: the night is held for it.
    """

    name: str
    title: str
    students: int
    holds: bool


@dataclass(frozen=True)
class HeldStudent:
    """A student of the held night.

    Attributes:
        portal_id: of who is published; ``None`` for a new one.
        changes: each with ``group``, and with ``guardian``: the name of whom it is about.
        more: rows that are left out.
    """

    name: str
    student_id: str
    portal_id: Any
    changes: list[dict[str, Any]]
    more: int


def grouped(changes: pl.DataFrame) -> pl.DataFrame:
    """The changes with ``who`` (one a student) and ``group``."""
    group: Any = pl.lit(_OTHER)
    for name, condition in reversed(_CLASSES.items()):
        group = pl.when(condition).then(pl.lit(name)).otherwise(group)
    return changes.with_columns(who=pl.coalesce("published_id", "student_id"), group=group)


def groups_of(changes: pl.DataFrame, reasons: list[Reason]) -> list[Group]:
    """The classes that the night has, the gravest first."""
    holding = {_GUARD_OF.get(reason.guard, reason.guard) for reason in reasons}
    counted = dict(changes.group_by("group").agg(pl.col("who").n_unique()).iter_rows())
    return [
        Group(name, title, counted[name], name in holding)
        for name, title in WORDS.items()
        if name in counted
    ]


def students_of(changes: pl.DataFrame, only: str) -> list[str]:
    """Whom the changes of one class (or all) concern: those of the gravest class first."""
    order = {name: place for place, name in enumerate(WORDS)}
    ranked = changes.filter(pl.col("group") == only) if only else changes
    return (
        ranked.with_columns(rank=pl.col("group").replace_strict(order, return_dtype=pl.Int64))
        .group_by("who", maintain_order=True)
        .agg(pl.col("rank").min())
        .sort("rank", maintain_order=True)["who"]
        .to_list()
    )


def held_students(
    connection: Rows, changes: pl.DataFrame, shown: list[str], only: str
) -> list[HeldStudent]:
    """These students with their changes, named as they are published or would be."""
    people = {
        row["student_id"]: row
        for row in rows(
            connection,
            "select student_id, portal_id, last_name, first_name from students where district = "
            "current_setting('samegoal.district', true) and student_id = any(%s)",
            (shown,),
        )
    }
    guardians = {
        (row["student_id"], row["guardian_id"]): f"{row['first_name'] or ''} {row['last_name']}"
        for row in rows(
            connection,
            "select student_id, guardian_id, last_name, first_name from guardians where district "
            "= current_setting('samegoal.district', true) and student_id = any(%s)",
            (shown,),
        )
    }
    by_student: dict[str, list[dict[str, Any]]] = {who: [] for who in shown}
    for change in changes.filter(pl.col("who").is_in(shown)).iter_rows(named=True):
        by_student[change["who"]].append(change)
    return [_student(who, by_student[who], people.get(who), guardians, only) for who in shown]


def _student(
    who: str,
    changes: list[dict[str, Any]],
    person: dict[str, Any] | None,
    guardians: dict[tuple[str, int], str],
    only: str,
) -> HeldStudent:
    new = next((one["new"] for one in changes if one["group"] == "students_new"), None)
    coming = {
        one["guardian_id"]: one["new"] for one in changes if one["group"] == "guardians_added"
    }
    name = f"{person['last_name']}, {person['first_name']}" if person else new or ""
    listed = [
        change
        | {
            "guardian": guardians.get((who, change["guardian_id"]))
            or coming.get(change["guardian_id"])
            or f"Guardian {change['guardian_id']}"
            if change["guardian_id"] is not None
            else None
        }
        for change in changes
        if not only or change["group"] == only
    ]
    return HeldStudent(
        name,
        changes[0]["student_id"] or who,
        person["portal_id"] if person else None,
        listed[:MOST_ROWS],
        max(0, len(listed) - MOST_ROWS),
    )
