"""Finish a document, after a page that names what will happen; amend a finished one."""

from __future__ import annotations

import hashlib
from functools import partial
from uuid import UUID

from starlette.responses import Response

from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync.portal.documents.document_reading import read_document
from samegoal_sync.portal.documents.document_store import Document, amend_document, finish
from samegoal_sync.portal.errors import Conflict, Invalid, NotFound
from samegoal_sync.portal.pages.document_pages import (
    back,
    document_address,
    locked,
    record_line,
    save_page,
    shown_again,
)
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.tenant_connection import Rows
from samegoal_sync.portal.visit import Visit


def may_finish(visit: Visit, read: Document) -> bool:
    """Whoever started the document, and administrative users."""
    return visit.manages or read.about["created_by"] == visit.user.login


def review(visit: Visit) -> Response:
    """Save what is on the page, then ask whether it shall be finished."""
    try:
        saved = save_page(visit)
    except Invalid as invalid:
        return shown_again(visit, invalid)
    if saved.crossed:
        return back(visit, saved)
    return visit.go(f"{document_address(visit, visit.uuid('document'))}/finish")


def confirm_finish(visit: Visit) -> Response:
    """What finishing this document means, and the button that does it."""
    with visit.district(snapshot=True) as connection:
        read = read_document(connection, visit.uuid("document"))
        others = connection.execute(
            "select count(distinct login) people from document_drafts "
            "where document_id = %s and login <> %s",
            (read.about["id"], visit.user.login),
        ).fetchone()
        record_line(visit, connection, read, Action.DOCUMENT_VIEWED, "before finishing")
    if read.about["finished_at"]:
        return visit.go(document_address(visit, visit.uuid("document")))
    kind = KINDS[read.about["kind"]]
    return visit.page(
        "finish_document.html",
        document=read,
        kind=kind,
        blank=[kind.sections[field.name] for field in read.sections if not field.value],
        others=others["people"] if others else 0,
        may_finish=may_finish(visit, read),
        seen=_state(read),
    )


def finish_document(visit: Visit) -> Response:
    """Finish the document that the person saw: it can't be changed from now on."""
    with visit.district() as connection:
        read = locked(visit, connection)
        if not may_finish(visit, read):
            raise NotFound
        if visit.field("seen") != _state(read):
            raise Conflict(
                "The document was changed since the page that asks whether to finish it",
                hint="Open the document, look at it and finish it again. Nothing was changed.",
            )
        finish(connection, read.about["id"], visit.user.login)
        record_line(visit, connection, read, Action.DOCUMENT_FINISHED)
    return visit.go(
        document_address(visit, visit.uuid("document")),
        "Finished. To change something, start a new version of it.",
    )


def amend(visit: Visit) -> Response:
    """Start a new version of a finished document."""
    newer = visit.at_one_moment(partial(_amended, visit))
    return visit.go(
        document_address(visit, newer), "A new version is started. The finished one stays as it is."
    )


def _amended(visit: Visit, connection: Rows) -> UUID:
    read = read_document(connection, visit.uuid("document"))
    if not may_finish(visit, read):
        raise NotFound
    if not read.about["finished_at"]:
        raise Conflict(
            "This document is not finished",
            hint="Open it and change it; only a finished document needs a new version.",
        )
    newer = amend_document(connection, read.about, visit.user.login)
    record_line(visit, connection, read, Action.DOCUMENT_AMENDED)
    return newer


def _state(read: Document) -> str:
    """Stands for everything that the document says."""
    text = "\0".join(f"{field.key}={field.value or ''}" for field in read.fields)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
