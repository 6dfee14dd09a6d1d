"""A held night: who and what, old and new; approve or discard."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from samegoal_sync.errors import SyncError
from samegoal_sync.portal.errors import Conflict, Unexpected
from samegoal_sync.portal.page_access import without_words
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
from samegoal_sync.samegoal.publication.decision_progress import (
    Decision,
    DecisionProgress,
    begin_decision,
    newest_decision,
)
from samegoal_sync.samegoal.publication.held_nights import approve, discard
from samegoal_sync.samegoal.publication.held_nights import held as read_held

#: Of a number that Postgres can hold.
_MOST_DIGITS = 18
#: A quick decision ends within the request that asks for it.
AT_ONCE_SECONDS = 2.0

_DECISIONS: dict[str, tuple[Action, Callable[..., object]]] = {
    "approve": (Action.APPROVED, approve),
    "discard": (Action.DISCARDED, discard),
}
DECIDED = {
    "approve": "Approved: the held night is published.",
    "discard": "Discarded: what was published stays.",
}


def held_night(visit: Visit) -> Response:
    """The held night by student, compared with what is published at this moment.

    ``?only=`` names one class of changes: those of a guard, say.
    """
    decision = _newest(visit)
    if decision and decision.open:
        return visit.page("held.html", night=None, decision=decision, asked_by_page=False)
    with visit.portal.database.owner() as owner:
        held = waiting_night(owner, visit.slug)
    night = read_held(visit.portal.database.url, visit.slug)
    if night is None or held is None:
        return visit.page("held.html", night=None, decision=decision, asked_by_page=False)
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
        decision=decision if decision and decision.sync_id == night.sync_id else None,
        asked_by_page=False,
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
    return _decide(visit, "approve")


def discard_held(visit: Visit) -> Response:
    """Drop the night; what is published stays."""
    return _decide(visit, "discard")


def decision_state(visit: Visit) -> Response:
    """How the newest decision goes: the part of the held night's page that says so."""
    return visit.part("decision_state.html", decision=_newest(visit), asked_by_page=True)


def _newest(visit: Visit) -> Decision | None:
    with visit.portal.database.owner() as owner:
        return newest_decision(owner, visit.slug)


def _decide(visit: Visit, decision: str) -> Response:
    """Decide about the night that the person saw, outside of this request.

    A decision that is quick is answered at once; the page of the held night shows how another goes.
    """
    seen, held_page = visit.field("night"), f"/d/{visit.slug}/held"
    if not (seen.isdecimal() and len(seen) <= _MOST_DIGITS):
        raise _other_night()
    url = visit.portal.database.url
    progress = begin_decision(url, visit.slug, decision, int(seen), visit.user.login)
    if progress is None:
        return visit.go(held_page)
    # Once nobody waits for the job, an unforeseen error is told by its line in the log alone.
    decisions = visit.portal.decisions
    job = decisions.submit(without_words, _run, visit, decision, int(seen), progress)
    try:
        job.result(timeout=AT_ONCE_SECONDS)
    except TimeoutError:
        return visit.go(held_page)
    except (NothingHeld, OtherNightHeld):
        raise _other_night() from None
    return visit.go(f"/d/{visit.slug}/district-information", DECIDED[decision])


def _run(visit: Visit, decision: str, sync_id: int, progress: DecisionProgress) -> None:
    """The decision in one transaction with its audit line; how it ended is written down."""
    action, decide = _DECISIONS[decision]
    failure: SyncError | None = Unexpected()
    try:
        decide(
            visit.portal.database.url,
            visit.slug,
            visit.user.login,
            sync_id=sync_id,
            witness=lambda connection: visit.record(connection, action, what=f"sync {sync_id}"),
            take_turn=progress.take_turn,
        )
        failure = None
    except (NothingHeld, OtherNightHeld):
        failure = _other_night()
        raise
    except SyncError as error:
        failure = error
        raise
    finally:
        progress.end(failure)


def _other_night() -> Conflict:
    return Conflict(
        "The night on the page is no longer the one that is held",
        hint="Open the held night again and look at it before you decide. Nothing was changed.",
    )
