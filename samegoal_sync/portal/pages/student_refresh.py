"""*Refresh from Qmlativ*: asked for by a click, run outside of the request, shown as it goes."""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse, Response

from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.rendering.jinja_environment import render
from samegoal_sync.portal.tenant_connection import Rows, one
from samegoal_sync.portal.visit import Visit
from samegoal_sync.refresh.refresh_queue import STATE, RefreshesFull, ask
from samegoal_sync.samegoal.publication.student_record import StudentRecord


def refresh(visit: Visit) -> Response:
    """Put the student into the queue, and go back to the page that shows how it goes."""
    address = visit.student_address
    with visit.district() as connection:
        record = visit.student_record(connection)
        visit.record(connection, Action.REFRESHED, student_id=record.student_id)
    try:
        ask(visit.portal.database.url, visit.slug, visit.uuid("student"), visit.user.login)
    except RefreshesFull as full:
        return visit.go(address, f"{full.what}. {full.hint}", tone="warn")
    visit.portal.refreshes.wake()
    return visit.go(address)


def refresh_state(visit: Visit) -> Response:
    """How the refresh of a student stands: the part of the page that says so, asked for by it."""
    with visit.district() as connection:
        record = visit.student_record(connection)
        refreshing = state_of(connection, record)
    tab = "basics" if visit.request.query_params.get("tab") == "basics" else "details"
    page = visit.student_address
    return HTMLResponse(
        render(
            "refresh_state.html",
            refreshing=refreshing,
            student_page=page,
            refresh_address=f"{page}/refresh?tab={tab}",
            tab=tab,
            asked_by_page=True,
        )
    )


def state_of(connection: Rows, record: StudentRecord) -> dict[str, Any] | None:
    """The student's last refresh, while there is something to say of it."""
    state: dict[str, Any] | None = one(connection, STATE, (record.student["portal_id"],))
    return state
