"""A student erased or corrected because the family asked; what will happen is named first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.responses import Response

from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE
from samegoal_sync.outside_text import whole_number
from samegoal_sync.portal.errors import Conflict
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.rendering.column_labels import label
from samegoal_sync.portal.visit import Visit
from samegoal_sync.samegoal.errors import NotErased, StudentNotPublished
from samegoal_sync.samegoal.publication.erasure import (
    admit_again,
    erase_student,
    erasure_of,
    forget_values,
)
from samegoal_sync.samegoal.publication.erasure import (
    erased_students as read_erased,
)


def on_request(visit: Visit) -> Response:
    """What erasing the student would take away, what would remain, and how to correct a value."""
    return _page(visit)


def erase(visit: Visit) -> Response:
    """Erase the student whose Student Id was typed."""
    with visit.district() as connection:
        student_id = visit.student_record(connection).student_id
    if visit.field("student_id") != student_id:
        return _page(visit, {"student_id": "Type the Student Id as it stands above. Nothing "
                             "was erased."})  # fmt: skip
    with _still_there():
        erased = visit.portal.owner.change(
            visit.slug,
            erase_student,
            student_id,
            visit.user.login,
            witness=visit.witness(Action.ERASED, student_id=student_id),
            portal_id=visit.uuid("student"),
        )
    return visit.go(
        f"/d/{visit.slug}/erased-students",
        f"Student {student_id} is erased, with {erased.documents} documents.",
    )


def forget(visit: Visit) -> Response:
    """Take one field's values out of the student's history."""
    field = visit.field("field")
    with visit.district() as connection:
        student_id = visit.student_record(connection).student_id
    if field not in _fields():
        return _page(visit, {"field": "Choose a field of the list."})
    with _still_there():
        count = visit.portal.owner.change(
            visit.slug,
            forget_values,
            student_id,
            field,
            witness=visit.witness(
                Action.CORRECTED, student_id=student_id, what=f"history of {field}"
            ),
            portal_id=visit.uuid("student"),
        )
    return visit.go(
        visit.student_address,
        f"{count} former values of {label(field)} are out of the history.",
    )


def erased_students(visit: Visit) -> Response:
    """Whom the following nights don't bring back."""
    with visit.district() as connection:
        erased = read_erased(connection, visit.slug)
    return visit.page("erased_students.html", erased=erased)


def admit(visit: Visit) -> Response:
    """Let the next night bring an erased student back."""
    number = whole_number(visit.field("sis_internal_id"))
    try:
        if number is None:
            raise NotErased(visit.slug, 0)
        visit.portal.owner.change(
            visit.slug,
            admit_again,
            number,
            witness=visit.witness(Action.ADMITTED_AGAIN, what=f"SIS Internal ID {number}"),
        )
    except NotErased as error:
        raise Conflict(error.what, hint=error.hint) from None
    return visit.go(f"/d/{visit.slug}/erased-students", "The next night imports them again.")


@contextmanager
def _still_there() -> Iterator[None]:
    """The wait for a night may be long, and it may give the Student Id to another student."""
    try:
        yield
    except StudentNotPublished:
        raise Conflict(
            "The student has another Student Id by now, or is gone",
            hint="Open the student from the list again and look. Nothing was changed.",
        ) from None


def _fields() -> dict[str, str]:
    """Fields whose former values a history may hold."""
    return {name: label(name) for name in (*STUDENT_TABLE.schema, *GUARDIAN_TABLE.schema)}


def _page(visit: Visit, errors: dict[str, str] | None = None) -> Response:
    with visit.district() as connection:
        record = visit.student_record(connection)
        visit.record(
            connection, Action.VIEWED, student_id=record.student_id, what="Erase or correct"
        )
        erasure = erasure_of(connection, visit.slug, record.student_id)
    changed = {change["field"] for change in record.changes if change["field"]}
    return visit.page(
        "erase_student.html",
        422 if errors else 200,
        record=record,
        erasure=erasure,
        fields={name: words for name, words in _fields().items() if name in changed},
        errors=errors or {},
    )
