"""A student entered by hand, with guardians: corrected and deleted by an administrative user."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
from starlette.responses import Response

from samegoal_sync.outside_text import whole_number
from samegoal_sync.portal.pages.add_student import TAKEN
from samegoal_sync.portal.records import students_by_hand
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.entered_values import (
    GENDERS,
    STATUSES,
    guardian_problems,
    guardian_values,
    student_problems,
)
from samegoal_sync.portal.records.student_search import choices
from samegoal_sync.portal.records.students_by_hand import GUARDIAN_FIELDS, STUDENT_FIELDS
from samegoal_sync.portal.visit import Visit

#: Of a form about a guardian who is not stored yet.
_NEW = "new"
#: No guardian's id: what a form names that is not ours.
_NOBODY = 0


def edit(visit: Visit) -> Response:
    """The student's values and guardians, each a form."""
    return _page(visit)


def save_student(visit: Visit) -> Response:
    """Store what was typed of the student."""
    values = {name: visit.line(name) or None for name in STUDENT_FIELDS}
    if errors := student_problems(values, datetime.now(UTC).date()):
        return _page(visit, errors)
    try:
        with visit.district() as connection:
            changed = students_by_hand.change(connection, visit.uuid("student"), values)
            _record(visit, connection, values["student_id"], changed)
    except psycopg.errors.UniqueViolation:
        return _page(visit, {"student_id": TAKEN}, status=409)
    return visit.go(
        f"{visit.student_address}/edit", "Saved." if changed else "Nothing was changed."
    )


def save_guardian(visit: Visit) -> Response:
    """Store what was typed of one guardian."""
    values = guardian_values({name: visit.line(name) or None for name in GUARDIAN_FIELDS})
    if errors := guardian_problems(values):
        return _page(visit, errors, guardian=visit.field("guardian"))
    with visit.district() as connection:
        portal_id = visit.uuid("student")
        changed = students_by_hand.save_guardian(
            connection, visit.slug, portal_id, _guardian(visit), values
        )
        student = students_by_hand.entered(connection, portal_id)
        _record(visit, connection, student["student_id"], [f"guardian {one}" for one in changed])
    return visit.go(
        f"{visit.student_address}/edit", "Saved." if changed else "Nothing was changed."
    )


def remove_guardian(visit: Visit) -> Response:
    """Remove one guardian."""
    guardian_id = _guardian(visit) or _NOBODY
    with visit.district() as connection:
        portal_id = visit.uuid("student")
        students_by_hand.remove_guardian(connection, visit.slug, portal_id, guardian_id)
        student = students_by_hand.entered(connection, portal_id)
        _record(visit, connection, student["student_id"], ["guardian removed"])
    return visit.go(f"{visit.student_address}/edit", "The guardian is removed.")


def confirm_delete(visit: Visit) -> Response:
    """Say what deleting means."""
    with visit.district() as connection:
        student = students_by_hand.entered(connection, visit.uuid("student"))
        _viewed(visit, connection, student, "Delete")
    return visit.page("delete_by_hand.html", student=student)


def delete_student(visit: Visit) -> Response:
    """Delete the student with guardians; refused where there are documents."""
    with visit.district() as connection:
        student_id = students_by_hand.delete(connection, visit.uuid("student"))
        visit.record(connection, Action.DELETED, student_id=student_id)
    return visit.go(f"/d/{visit.slug}/students", "Deleted.")


def _page(
    visit: Visit, errors: dict[str, str] | None = None, *, guardian: str = "", status: int = 422
) -> Response:
    """The page; ``errors`` are the student's, or those of the form of one ``guardian``."""
    with visit.district() as connection:
        student = students_by_hand.entered(connection, visit.uuid("student"))
        _viewed(visit, connection, student, "Edit")
        offered = choices(connection)
    typed = {name: visit.field(name) for name in {*STUDENT_FIELDS, *GUARDIAN_FIELDS}}
    return visit.page(
        "edit_by_hand.html",
        status if errors else 200,
        student=student,
        typed=typed if errors and not guardian else {n: _text(student[n]) for n in STUDENT_FIELDS},
        errors={} if guardian else errors or {},
        guardians=[*student["guardians"], {"guardian_id": _NEW, **dict.fromkeys(GUARDIAN_FIELDS)}],
        guardian_typed=typed,
        guardian_errors=errors if guardian else {},
        wrong_guardian=guardian,
        choices=offered,
        genders=GENDERS,
        statuses=STATUSES,
    )


def _viewed(visit: Visit, connection: Any, student: dict[str, Any], page: str) -> None:
    visit.record(connection, Action.VIEWED, student_id=student["student_id"], what=page)


def _record(visit: Visit, connection: Any, student_id: str | None, changed: list[str]) -> None:
    if changed:
        visit.record(
            connection, Action.CHANGED, student_id=student_id, what=", ".join(sorted(changed))
        )


def _guardian(visit: Visit) -> int | None:
    text = visit.field("guardian")
    if text == _NEW:
        return None
    number = whole_number(text.removeprefix("-"))  # below zero is who was entered by hand
    return _NOBODY if number is None else -number if text.startswith("-") else number


def _text(value: Any) -> str:
    return "" if value is None else str(value)
