"""A held night: who and what, old and new; approve or discard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from samegoal_sync.portal.errors import Conflict
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.held_changes import (
    PAGE,
    WORDS,
    grouped,
    groups_of,
    held_students,
    students_of,
)
from samegoal_sync.portal.records.import_history import waiting_night
from samegoal_sync.portal.visit import Visit
from samegoal_sync.samegoal.errors import NothingHeld, OtherNightHeld
from samegoal_sync.samegoal.publication.held_nights import approve, discard
from samegoal_sync.samegoal.publication.held_nights import held as read_held


def held_night(visit: Visit) -> Response:
    """The held night by student, compared with what is published at this moment.

    ``?only=`` names one class of changes: those of a guard, say.
    """
    with visit.portal.database.owner() as owner:
        held = waiting_night(owner, visit.slug)
    night = read_held(visit.portal.database.url, visit.slug)
    if night is None or held is None:
        return visit.page("held.html", night=None)
    changes = grouped(night.difference.changes)
    groups = groups_of(changes, night.reasons)
    only = visit.request.query_params.get("only", "")
    if only not in [group.name for group in groups]:
        only = ""
    concerned = students_of(changes, only)
    pages = max(1, -(-len(concerned) // PAGE))
    page = min(max(1, visit.number("page") or 1), pages)
    shown = concerned[(page - 1) * PAGE : page * PAGE]
    with visit.district() as connection:
        students = held_students(connection, changes, shown, only)
        what = f"page {page} of {pages}, {len(shown)} students" + (f": {only}" if only else "")
        visit.record(connection, Action.VIEWED_HELD, what=what)
    return visit.page(
        "held.html",
        night=night,
        reasons=[str(reason) for reason in night.reasons],
        held=held,
        students=students,
        groups=groups,
        only=only,
        titles=WORDS,
        page=page,
        pages=pages,
        total=len(concerned),
    )


def confirm_approve(visit: Visit) -> Response:
    """What approving would do, named in numbers, and the button that does it."""
    return _confirm(visit, "approve")


def confirm_discard(visit: Visit) -> Response:
    """What discarding would do, and the button that does it."""
    return _confirm(visit, "discard")


def _confirm(visit: Visit, decision: str) -> Response:
    with visit.portal.database.owner() as owner:
        held = waiting_night(owner, visit.slug)
    night = read_held(visit.portal.database.url, visit.slug)
    if night is None or held is None:
        return visit.go(f"/d/{visit.slug}/held")
    return visit.page(
        "decide_held_night.html",
        decision=decision,
        night=night,
        held=held,
        reasons=[str(reason) for reason in night.reasons],
    )


def approve_held(visit: Visit) -> Response:
    """Publish that very night."""
    return _decide(visit, approve, Action.APPROVED, "Approved: the held night is published.")


def discard_held(visit: Visit) -> Response:
    """Drop the night; what is published stays."""
    return _decide(visit, discard, Action.DISCARDED, "Discarded: what was published stays.")


def _decide(visit: Visit, decide: Callable[..., Any], action: Action, message: str) -> Response:
    """Decide about the night that the person saw, in one transaction with its audit line."""
    seen = visit.field("night")
    try:
        if not seen.isdecimal():
            raise NothingHeld(visit.slug)
        decide(
            visit.portal.database.url,
            visit.slug,
            visit.user.login,
            sync_id=int(seen),
            witness=lambda connection: visit.record(connection, action, what=f"sync {seen}"),
        )
    except (NothingHeld, OtherNightHeld):
        raise Conflict(
            "The night on the page is no longer the one that is held",
            hint="Open the held night again and look at it before you decide. Nothing was changed.",
        ) from None
    return visit.go(f"/d/{visit.slug}/district-information", message)
