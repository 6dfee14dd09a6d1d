"""Every page on one list: address, page, methods, who may open it.

A district's pages begin with ``/d/{district}``; the tests try each of them as a user of another.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from samegoal_sync.portal.access import EVERYONE, MANAGING, TEAM, guarded
from samegoal_sync.portal.accounts import Role
from samegoal_sync.portal.pages import (
    add_student,
    audit_log,
    details,
    district,
    documents,
    held,
    problems,
    settings,
    sign_in,
    students,
    team,
)
from samegoal_sync.portal.visit import Page

_DOCUMENT = "/d/{district}/documents/{document}"
_INFORMATION = "/d/{district}/district-information"
_STUDENT = "/d/{district}/students/{student}"

#: Address, method, page, roles.
PAGES: tuple[tuple[str, str, Page, frozenset[Role]], ...] = (
    ("/", "GET", sign_in.home, EVERYONE),
    ("/sign-out", "POST", sign_in.sign_out, EVERYONE),
    ("/team", "GET", team.team, TEAM),
    ("/d/{district}/students", "GET", students.students, EVERYONE),
    ("/d/{district}/students", "POST", students.search_students, EVERYONE),
    ("/d/{district}/add-student", "GET", add_student.add_form, MANAGING),
    ("/d/{district}/add-student", "POST", add_student.add_student, MANAGING),
    (_STUDENT, "GET", details.details, EVERYONE),
    (f"{_STUDENT}/basics", "GET", details.basics, MANAGING),
    (f"{_STUDENT}/by-hand", "POST", details.enter_by_hand, EVERYONE),
    (f"{_STUDENT}/documents", "POST", documents.start, EVERYONE),
    (_DOCUMENT, "GET", documents.document, EVERYONE),
    (f"{_DOCUMENT}/pdf", "GET", documents.pdf, EVERYONE),
    (f"{_DOCUMENT}/fill", "POST", documents.fill, EVERYONE),
    (f"{_DOCUMENT}/take-over", "POST", documents.take_over, EVERYONE),
    (f"{_DOCUMENT}/finish", "POST", documents.finish_document, EVERYONE),
    (f"{_STUDENT}/refresh", "POST", details.refresh, EVERYONE),
    (_INFORMATION, "GET", district.district_information, MANAGING),
    (f"{_INFORMATION}/secret", "POST", district.reveal_secret, MANAGING),
    ("/d/{district}/settings/guardians", "POST", settings.save_guardians, MANAGING),
    ("/d/{district}/settings/dates", "POST", settings.save_dates, MANAGING),
    ("/d/{district}/settings/buildings", "POST", settings.save_buildings, MANAGING),
    ("/d/{district}/settings/night", "POST", settings.save_night, MANAGING),
    ("/d/{district}/held", "GET", held.held_night, MANAGING),
    ("/d/{district}/held/approve", "POST", held.approve_held, MANAGING),
    ("/d/{district}/held/discard", "POST", held.discard_held, MANAGING),
    ("/d/{district}/problems", "GET", problems.problems, MANAGING),
    ("/d/{district}/problems.csv", "GET", problems.problems_csv, MANAGING),
    ("/d/{district}/audit-log", "GET", audit_log.audit_log, MANAGING),
)


def page_routes() -> Sequence[BaseRoute]:
    """The pages as Starlette's routes; sign-in is the only one open to anybody."""
    return [
        Route("/sign-in", sign_in.sign_in, methods=["GET", "POST"]),
        *(
            Route(path, guarded(page, roles), methods=[method])
            for path, method, page, roles in PAGES
        ),
    ]
