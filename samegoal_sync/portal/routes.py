"""Every page on one list: address, page, methods, who may open it.

A district's pages begin with ``/d/{district}``; the tests try each of them as a user of another.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from samegoal_sync.portal.access import EVERYONE, MANAGING, guarded
from samegoal_sync.portal.accounts import Role
from samegoal_sync.portal.pages import details, sign_in, students
from samegoal_sync.portal.visit import Page

_STUDENT = "/d/{district}/students/{student}"

#: Address, method, page, roles.
PAGES: tuple[tuple[str, str, Page, frozenset[Role]], ...] = (
    ("/", "GET", sign_in.home, EVERYONE),
    ("/sign-out", "POST", sign_in.sign_out, EVERYONE),
    ("/d/{district}/students", "GET", students.students, EVERYONE),
    ("/d/{district}/students", "POST", students.search_students, EVERYONE),
    (_STUDENT, "GET", details.details, EVERYONE),
    (f"{_STUDENT}/basics", "GET", details.basics, MANAGING),
    (f"{_STUDENT}/by-hand", "POST", details.enter_by_hand, EVERYONE),
    (f"{_STUDENT}/refresh", "POST", details.refresh, EVERYONE),
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
