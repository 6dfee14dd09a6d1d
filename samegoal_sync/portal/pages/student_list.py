"""The list of students. What was searched for lives in the session, never in an address."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from starlette.responses import Response

from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync.portal.documents.own_documents import own_documents
from samegoal_sync.portal.identity.sessions import now
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.caseload import assigned_students
from samegoal_sync.portal.records.student_search import (
    MOST_COUNTED,
    Found,
    Search,
    choices,
    find_students,
)
from samegoal_sync.portal.visit import Visit

_RECORDED_EVERY = timedelta(minutes=1)


def students(visit: Visit) -> Response:
    """The list as last searched; ``?after=`` and ``?before=`` hold a student's opaque id."""
    search = _remembered(visit)
    if visit.wants_part:
        return _part(visit, search)
    found = _find(visit, search)
    with visit.district() as connection:
        offered = choices(connection)
        own = own_documents(connection, visit.user.login)
        assigned = [] if search.narrows or found.earlier else assigned_students(connection)
    return visit.page(
        "students.html",
        found=found,
        search=search,
        choices=offered,
        most_counted=MOST_COUNTED,
        own=own,
        assigned=assigned,
        kinds=KINDS,
    )


def search_students(visit: Visit) -> Response:
    """Search; a script gets the rows alone, a browser without it the whole page."""
    search = Search(*(visit.field(name)[:120] for name in ("text", "building", "grade", "status")))
    if visit.field("clear"):
        search = Search()
    visit.remember(f"search {visit.slug}", search.as_state())
    if visit.wants_part:
        return _part(visit, search)
    return visit.go(f"/d/{visit.slug}/students")


def _part(visit: Visit, search: Search) -> Response:
    """The rows alone."""
    return visit.part(
        "students_found.html",
        found=_find(visit, search),
        search=search,
        most_counted=MOST_COUNTED,
    )


def _remembered(visit: Visit) -> Search:
    return Search(**visit.session.state.get(f"search {visit.slug}", {}))


def _find(visit: Visit, search: Search) -> Found:
    with visit.district() as connection:
        found = find_students(
            connection,
            search,
            after=_edge(visit, "after"),
            before=_edge(visit, "before"),
        )
        what = _seen(search, found)
        if _is_new(visit, what):
            visit.record(connection, Action.LISTED, what=what)
    return found


def _seen(search: Search, found: Found) -> str:
    """What was searched for, and which part of the list was shown."""
    asked = ", ".join(f"{name} {value!r}" for name, value in search.as_state().items() if value)
    shown = [student["student_id"] for student in found.students]
    page = f"{len(shown)} of {found.total} shown"
    return f"{asked or 'all students'}: {page}" + (f", {shown[0]} to {shown[-1]}" if shown else "")


def _is_new(visit: Visit, what: str) -> bool:
    """Whether to record the list: the same page again within a minute is no other read."""
    moment, name = now(), f"listed {visit.slug}"
    last, said = visit.session.state.get(name) or ("", "")
    if said == what and moment - datetime.fromisoformat(last) < _RECORDED_EVERY:
        return False
    visit.remember(name, [moment.isoformat(), what])
    return True


def _edge(visit: Visit, name: str) -> UUID | None:
    try:
        return UUID(visit.request.query_params[name])
    except (KeyError, ValueError):
        return None
