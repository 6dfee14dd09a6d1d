"""Add a student who is not in Qmlativ yet: a preschool child who was referred, for example."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
from starlette.responses import Response

from samegoal_sync.portal.records import students_by_hand
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.entered_values import GENDERS, STATUSES, student_problems
from samegoal_sync.portal.records.student_search import choices
from samegoal_sync.portal.records.students_by_hand import STUDENT_FIELDS
from samegoal_sync.portal.visit import Visit

TAKEN = "There is a student with this Student Id already: search for it in the list."


def add_form(visit: Visit) -> Response:
    """The empty form."""
    return _form(visit)


def add_student(visit: Visit) -> Response:
    """Add the student; once Qmlativ sends this Student Id, the nightly import takes over."""
    values = {name: visit.line(name) or None for name in STUDENT_FIELDS}
    if errors := student_problems(values, datetime.now(UTC).date()):
        return _form(visit, errors)
    try:
        with visit.district() as connection:
            portal_id = students_by_hand.add(connection, visit.slug, values)
            visit.record(connection, Action.ADDED, student_id=values["student_id"])
    except psycopg.errors.UniqueViolation:
        return _form(visit, {"student_id": TAKEN}, status=409)
    return visit.go(
        f"/d/{visit.slug}/students/{portal_id}/edit",
        "Added. The nightly import keeps this student. Guardians can be entered below.",
    )


def _form(visit: Visit, errors: dict[str, str] | None = None, status: int = 422) -> Response:
    with visit.district() as connection:
        offered = choices(connection)
    return visit.page(
        "add_student.html",
        status if errors else 200,
        choices=offered,
        genders=GENDERS,
        statuses=STATUSES,
        typed={name: visit.field(name) for name in STUDENT_FIELDS},
        errors=errors or {},
    )
