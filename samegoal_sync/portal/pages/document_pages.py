"""Documents: start, fill, take over a difference, finish, print."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync.portal.documents.document_pdf import document_pdf
from samegoal_sync.portal.documents.document_reading import read_document
from samegoal_sync.portal.documents.document_store import (
    Document,
    Field,
    change_field,
    finish,
    lock_open,
    start_document,
)
from samegoal_sync.portal.errors import Conflict, Refused
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.student_record import read_record
from samegoal_sync.portal.tenant_connection import Rows
from samegoal_sync.portal.visit import Visit

_LONGEST = {"student": 500, "guardian": 500, "section": 20_000}


def start(visit: Visit) -> Response:
    """Start a document with the demographics of this moment copied in."""
    kind = visit.field("kind")
    if kind not in KINDS:
        raise Refused("There is no such kind of document", hint="Choose one of the list.")
    with visit.district(snapshot=True) as connection:
        record = read_record(connection, visit.uuid("student"))
        document_id = start_document(connection, record, kind, visit.user.login)
        visit.record(
            connection,
            Action.DOCUMENT_STARTED,
            student_id=record.student_id,
            document_id=document_id,
            what=kind,
        )
    return visit.go(_address(visit, document_id))


def document(visit: Visit) -> Response:
    """A document, with what Details holds differently."""
    return visit.page("document.html", document=_viewed(visit, Action.DOCUMENT_VIEWED), kinds=KINDS)


def pdf(visit: Visit) -> Response:
    """A document as a PDF file, whose name tells nothing of the student."""
    viewed = _viewed(visit, Action.EXPORTED, "document as PDF")
    with visit.district() as connection:
        district = connection.execute("select name, time_zone from districts").fetchone()
    assert district
    content = document_pdf(viewed, district["name"], district["time_zone"])
    return Response(
        content,
        media_type="application/pdf",
        headers={"content-disposition": f'attachment; filename="{viewed.about["kind"]}.pdf"'},
    )


def fill(visit: Visit) -> Response:
    """Save the fields that staff may write: those that were blank, and the sections."""
    document_id = visit.uuid("document")
    with visit.district() as connection:
        lock_open(connection, document_id)
        read = read_document(connection, document_id)
        changed = [field.name for field in _fields(read) if _filled(visit, connection, read, field)]
        if changed:
            _record(visit, connection, read, Action.DOCUMENT_CHANGED, ", ".join(changed))
    return visit.go(_address(visit, document_id), "Saved." if changed else "Nothing was changed.")


def take_over(visit: Visit) -> Response:
    """Take over one field's value from Details; the old value stays in the history."""
    document_id, key = visit.uuid("document"), visit.field("field")
    with visit.district() as connection:
        lock_open(connection, document_id)
        read = read_document(connection, document_id)
        field = next((field for field in read.differences if field.key == key), None)
        # What the person saw and clicked is what is taken over, or nothing.
        if field is None or (field.details or "") != visit.field("seen"):
            raise Conflict(
                "Details has changed since this page was opened",
                hint="Go back, reload the document and look at the difference again.",
            )
        change_field(connection, document_id, field, field.details, "taken_over", visit.user.login)
        _record(visit, connection, read, Action.DOCUMENT_CHANGED, f"took over {field.name}")
    return visit.go(_address(visit, document_id), "Taken over; the old value is kept below.")


def finish_document(visit: Visit) -> Response:
    """Save what is on the page and finish the document: it can't be changed from now on."""
    document_id = visit.uuid("document")
    with visit.district() as connection:
        lock_open(connection, document_id)
        read = read_document(connection, document_id)
        for field in _fields(read):
            _filled(visit, connection, read, field)
        finish(connection, document_id, visit.user.login)
        _record(visit, connection, read, Action.DOCUMENT_FINISHED)
    return visit.go(_address(visit, document_id), "Finished. This document can't be changed now.")


def _viewed(visit: Visit, action: Action, what: str = "") -> Document:
    with visit.district(snapshot=True) as connection:
        read = read_document(connection, visit.uuid("document"))
        _record(visit, connection, read, action, what)
    return read


def _record(visit: Visit, connection: Rows, read: Document, action: Action, what: str = "") -> None:
    visit.record(
        connection,
        action,
        student_id=read.record.student_id,
        document_id=read.about["id"],
        what=what,
    )


def _fields(read: Document) -> list[Field]:
    guardians = [field for fields in read.guardians.values() for field in fields]
    return [field for field in (*read.student, *guardians, *read.sections) if field.fillable]


def _filled(visit: Visit, connection: Rows, read: Document, field: Field) -> bool:
    if field.key not in visit.form:
        return False
    value = visit.field(field.key).replace("\r\n", "\n") or None
    if len(value or "") > _LONGEST[field.part]:
        raise Refused("A text is too long", hint="Shorten it and save again.")
    if value == field.value:
        return False
    kind = "written" if field.part == "section" else "filled"
    change_field(connection, read.about["id"], field, value, kind, visit.user.login)
    return True


def _address(visit: Visit, document_id: UUID) -> str:
    return f"/d/{visit.slug}/documents/{document_id}"
