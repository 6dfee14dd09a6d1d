"""A held night: who and what, old and new; approve or discard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from samegoal_sync.portal.audit import Action
from samegoal_sync.portal.database import one, rows
from samegoal_sync.portal.errors import Conflict
from samegoal_sync.portal.visit import Visit

PAGE = 200


def held_night(visit: Visit) -> Response:
    """The held night, compared with what is published at this moment."""
    from samegoal_sync.samegoal.held import held  # slow to import

    night = held(visit.portal.database.url, visit.slug)
    if night is None:
        return visit.page("held.html", night=None)
    page = max(1, int(visit.request.query_params.get("page", "1") or 1)) if _digits(visit) else 1
    changes = night.difference.changes
    shown = changes.slice((page - 1) * PAGE, PAGE).to_dicts()
    with visit.district() as connection:
        people = _people(connection, [change["student_id"] for change in shown])
        visit.record(connection, Action.VIEWED_HELD, what=f"{len(shown)} changes shown")
    return visit.page(
        "held.html",
        night=night,
        reasons=[str(reason) for reason in night.reasons],
        shown=shown,
        people=people,
        page=page,
        pages=-(-changes.height // PAGE),
        total=changes.height,
    )


def approve_held(visit: Visit) -> Response:
    """Publish that very night."""
    from samegoal_sync.samegoal.held import approve  # slow to import

    return _decide(visit, approve, Action.APPROVED, "Approved: the held night is published.")


def discard_held(visit: Visit) -> Response:
    """Drop the night; what is published stays."""
    from samegoal_sync.samegoal.held import discard  # slow to import

    return _decide(visit, discard, Action.DISCARDED, "Discarded: what was published stays.")


def _decide(
    visit: Visit, decide: Callable[[str, str, str], Any], action: Action, message: str
) -> Response:
    with visit.portal.database.owner() as connection:
        waiting = one(
            connection, "select sync_id from held_nights where district = %s", (visit.slug,)
        )
    # A decision is about the night that the person saw, not one that was held meanwhile.
    if waiting is None or str(waiting["sync_id"]) != visit.field("night"):
        raise Conflict(
            "The night on the page is no longer the one that is held",
            hint="Open the held night again and look at it before you decide.",
        )
    decide(visit.portal.database.url, visit.slug, visit.user.login)
    with visit.district() as connection:
        visit.record(connection, action, what=f"sync {waiting['sync_id']}")
    return visit.go(f"/d/{visit.slug}/district-information", message)


def _people(connection: Any, student_ids: list[str]) -> dict[str, dict[str, Any]]:
    found = rows(
        connection,
        "select student_id, portal_id, first_name, last_name from students "
        "where district = current_setting('samegoal.district', true) and student_id = any(%s)",
        (student_ids,),
    )
    return {row["student_id"]: row for row in found}


def _digits(visit: Visit) -> bool:
    return visit.request.query_params.get("page", "").isdigit()
