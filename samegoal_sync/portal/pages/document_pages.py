"""Documents: start, fill, keep drafts, take over differences, print."""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from urllib.parse import quote
from uuid import UUID

from starlette.responses import PlainTextResponse, Response

from samegoal_sync.portal.documents.document_drafts import (
    drafts_of,
    drop_drafts,
    fingerprint,
    last_savers,
)
from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync.portal.documents.document_moves import moves_of
from samegoal_sync.portal.documents.document_reading import read_document
from samegoal_sync.portal.documents.document_saving import BASE, Saved, keep_form, save_form
from samegoal_sync.portal.documents.document_store import (
    Document,
    Field,
    change_field,
    lock_open,
    start_document,
)
from samegoal_sync.portal.errors import Conflict, Invalid, Refused
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.rendering.jinja_environment import moment
from samegoal_sync.portal.tenant_connection import Rows, one
from samegoal_sync.portal.visit import Visit

#: In the form before a differing field's key: what Details held when the page was opened.
SEEN = "seen."
#: Takes over every difference that the page showed.
EVERYTHING = "*"


def start(visit: Visit) -> Response:
    """Start a document with the demographics of this moment copied in."""
    kind = visit.field("kind")
    if kind not in KINDS:
        raise Refused("There is no such kind of document", hint="Choose one of the list.")
    document_id = visit.at_one_moment(partial(_started, visit, kind))
    return visit.go(document_address(visit, document_id))


def _started(visit: Visit, kind: str, connection: Rows) -> UUID:
    record = visit.student_record(connection)
    if record.student["closed_since"]:
        raise Refused(
            "No document can be started in a closed record",
            hint="Open the student's present record and start it there.",
        )
    document_id = start_document(connection, record, kind, visit.user.login)
    visit.record(
        connection,
        Action.DOCUMENT_STARTED,
        student_id=record.student_id,
        document_id=document_id,
        what=kind,
    )
    return document_id


def document(visit: Visit) -> Response:
    """A document, with the person's own drafts and what Details holds differently."""
    with visit.district(snapshot=True) as connection:
        read = read_document(connection, visit.uuid("document"))
        record_line(visit, connection, read, Action.DOCUMENT_VIEWED)
        return _page(visit, connection, read)


def pdf(visit: Visit) -> Response:
    """A document as a PDF file, named for its student as people file it."""
    with visit.district(snapshot=True) as connection:
        viewed = read_document(connection, visit.uuid("document"))
        record_line(visit, connection, viewed, Action.EXPORTED, "document as PDF")
        district = one(connection, "select name, time_zone from districts")
    content = visit.portal.pdfs.make(viewed, district["name"], district["time_zone"])
    return Response(
        content,
        media_type="application/pdf",
        headers={"content-disposition": _attachment(viewed)},
    )


def _attachment(read: Document) -> str:
    """``IEP Zimmer, Ann 2026-11-28.pdf``, also for programs that know no letters beyond ASCII."""
    day = read.about["finished_at"] or read.about["created_at"]
    name = f"{KINDS[read.about['kind']].short} {read.student_name} {day:%Y-%m-%d}.pdf"
    name = re.sub(r"[^\w ,.'-]", " ", name)  # no sign that a file's name can't have
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def fill(visit: Visit) -> Response:
    """Save the fields that staff may write."""
    try:
        return back(visit, save_page(visit))
    except Invalid as invalid:
        return shown_again(visit, invalid)


def keep(visit: Visit) -> Response:
    """Keep what was typed as the person's draft; answers with the moment, for the page to show."""
    with visit.district() as connection:
        read = locked(visit, connection)
        kept = keep_form(connection, read, visit.all_fields(), visit.user.login)
        zone = one(connection, "select now() moment, time_zone from districts")
    if not kept:
        return PlainTextResponse("Everything on this page is saved.")
    when = moment(zone["moment"], zone["time_zone"])
    return PlainTextResponse(f"Draft kept {when}; only you see it until you save.")


def discard_draft(visit: Visit) -> Response:
    """Forget what the person typed and did not save."""
    with visit.district() as connection:
        read = read_document(connection, visit.uuid("document"))
        drop_drafts(connection, read.about["id"], visit.user.login)
    return visit.go(document_address(visit, read.about["id"]), "Your draft is discarded.")


def take_over(visit: Visit) -> Response:
    """Save the page, then take over values from Details; the old ones stay in the history."""
    keys = visit.field("field").split()
    try:
        saved = save_page(visit)
    except Invalid as invalid:
        return shown_again(visit, invalid)
    # A transaction of its own: what was typed is saved also if Details has changed meanwhile.
    with visit.district() as connection:
        read = locked(visit, connection)
        taken = [
            _seen(visit, field)
            for field in read.differences
            if field.key in keys or EVERYTHING in keys
        ]
        if not taken:
            raise _changed()
        for field in taken:
            change_field(
                connection, read.about["id"], field, field.details, "taken_over", visit.user.login
            )
        names = ", ".join(field.name for field in taken)
        record_line(visit, connection, read, Action.DOCUMENT_CHANGED, f"took over {names}")
    if saved.crossed:
        return back(visit, saved)
    kept = "the old value is" if len(taken) == 1 else f"{len(taken)} values; the old ones are"
    return visit.go(document_address(visit, read.about["id"]), f"Taken over; {kept} kept below.")


def locked(visit: Visit, connection: Rows) -> Document:
    """The document of the address, open and locked for this transaction.

    Raises:
        NotFound, Conflict: as ``lock_open``.
    """
    lock_open(connection, visit.uuid("document"))
    return read_document(connection, visit.uuid("document"))


def save_page(visit: Visit) -> Saved:
    """Save the form, with a line in the audit log for what was changed.

    Raises:
        Invalid: as ``save_form``.
        Conflict: the document was finished meanwhile; what was typed is kept as a draft.
    """
    try:
        with visit.district() as connection:
            read = locked(visit, connection)
            saved = save_form(connection, read, visit.all_fields(), visit.user.login)
            if saved.changed:
                names = ", ".join(field.name for field in saved.changed)
                record_line(visit, connection, read, Action.DOCUMENT_CHANGED, names)
            return saved
    except Conflict:
        with visit.district() as connection:
            read = read_document(connection, visit.uuid("document"))
            keep_form(connection, read, visit.all_fields(), visit.user.login)
        raise


def shown_again(visit: Visit, invalid: Invalid) -> Response:
    """The document with what was typed, and beside each field what is wrong with it."""
    with visit.district(snapshot=True) as connection:
        read = read_document(connection, visit.uuid("document"))
        record_line(visit, connection, read, Action.DOCUMENT_VIEWED, "with what was typed")
        return _page(visit, connection, read, invalid)


def back(visit: Visit, saved: Saved) -> Response:
    """To the document, which says what the save did."""
    return visit.go(
        document_address(visit, visit.uuid("document")),
        saved.message,
        tone="warn" if saved.crossed else "good",
    )


def record_line(
    visit: Visit, connection: Rows, read: Document, action: Action, what: str = ""
) -> None:
    """A line of the audit log about a document."""
    visit.record(
        connection,
        action,
        student_id=read.record.student_id,
        document_id=read.about["id"],
        what=what,
    )


def document_address(visit: Visit, document_id: UUID) -> str:
    """Where a document of this district is opened."""
    return f"/d/{visit.slug}/documents/{document_id}"


def _page(
    visit: Visit, connection: Rows, read: Document, invalid: Invalid | None = None
) -> Response:
    """The document's page; of a form that can't be saved, with what was typed and what is wrong."""
    drafts = drafts_of(connection, read.about["id"], visit.user.login)
    return visit.page(
        "document.html",
        invalid.status if invalid else 200,
        document=read,
        kinds=KINDS,
        drafts=drafts,
        crossed={
            field.key
            for field in read.fields
            if field.key in drafts and drafts[field.key].crossed_by(field)
        },
        savers=last_savers(connection, read.about["id"]),
        typed=visit.all_fields() if invalid else {},
        errors=invalid.errors if invalid else {},
        moves=moves_of(read),
        fingerprint=fingerprint,
        BASE=BASE,
        SEEN=SEEN,
        EVERYTHING=EVERYTHING,
    )


def _seen(visit: Visit, field: Field) -> Field:
    """The field, if Details still holds what the person saw and clicked."""
    if (field.details or "") != visit.field(SEEN + field.key):
        raise _changed()
    return field


def _changed() -> Conflict:
    return Conflict(
        "Details has changed since this page was opened",
        hint="Go back, reload the document and look at the difference again.",
    )
