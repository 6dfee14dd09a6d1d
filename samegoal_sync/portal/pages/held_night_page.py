"""A held night: who and what, old and new; approve or discard."""

from __future__ import annotations

import time
from concurrent.futures import Future, TimeoutError, wait

from starlette.responses import Response

from samegoal_sync.outside_text import whole_number
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
from samegoal_sync.portal.records.held_decision import decide_held, other_night
from samegoal_sync.portal.records.import_history import waiting_night
from samegoal_sync.portal.visit import Visit
from samegoal_sync.samegoal.errors import HeldNightDamaged
from samegoal_sync.samegoal.publication.decision_progress import Decision, newest_decision
from samegoal_sync.samegoal.publication.held_nights import held as read_held

#: A quick decision ends within the request that asks for it.
AT_ONCE_SECONDS = 2.0

#: The first one of a portal waits until its processes have started.
_BEGINS_WITHIN_SECONDS, _LOOK_SECONDS = 20.0, 0.2

_ACTIONS = {"approve": Action.APPROVED, "discard": Action.DISCARDED}
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
    with visit.portal.database.web() as web:
        held = waiting_night(web, visit.slug)
    try:
        night = visit.portal.owner.run(read_held, visit.slug)
    except HeldNightDamaged:
        return visit.page(
            "held.html", night=None, decision=decision, asked_by_page=False, damaged=held
        )
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
    night = visit.portal.owner.run(read_held, visit.slug)
    if night is None:
        return visit.go(_held_page(visit))
    return visit.page(
        "decide_held_night.html",
        decision="approve",
        night=night,
        reasons=[str(reason) for reason in night.reasons],
    )


def confirm_discard(visit: Visit) -> Response:
    """What discarding would do, and the button that does it; the night itself is not read."""
    with visit.portal.database.web() as web:
        held = waiting_night(web, visit.slug)
    if held is None:
        return visit.go(_held_page(visit))
    return visit.page("decide_held_night.html", decision="discard", night=held)


def approve_held(visit: Visit) -> Response:
    """Publish that very night."""
    return _decide(visit, "approve")


def discard_held(visit: Visit) -> Response:
    """Drop the night; what is published stays."""
    return _decide(visit, "discard")


def decision_state(visit: Visit) -> Response:
    """How the newest decision goes: the part of the held night's page that says so."""
    return visit.part("decision_state.html", decision=_newest(visit), asked_by_page=True)


def _held_page(visit: Visit) -> str:
    return f"/d/{visit.slug}/held"


def _newest(visit: Visit) -> Decision | None:
    with visit.portal.database.web() as web:
        return newest_decision(web, visit.slug)


def _decide(visit: Visit, decision: str) -> Response:
    """Decide about the night that the person saw, outside of this request.

    A decision that is quick is answered at once; the page of the held night shows how another goes.
    """
    seen, held_page = whole_number(visit.field("night")), _held_page(visit)
    if seen is None:
        raise other_night()
    if (newest := _newest(visit)) is not None and newest.open:
        return visit.go(held_page)
    # Once nobody waits for the job, an unforeseen error is told by its line in the log alone.
    job = visit.portal.decisions.submit(
        without_words, visit.portal.owner.run, decide_held, visit.slug, decision, seen,
        visit.user.login, visit.witness(_ACTIONS[decision], what=f"sync {seen}"),
    )  # fmt: skip
    if not _has_begun(visit, job):
        return visit.go(held_page, "Other decisions go first; this one follows them.", tone="warn")
    try:
        decided = job.result(timeout=AT_ONCE_SECONDS)
    except TimeoutError:
        return visit.go(held_page)
    if not decided:  # another person's came first
        return visit.go(held_page)
    return visit.go(f"/d/{visit.slug}/district-information", DECIDED[decision])


def _has_begun(visit: Visit, job: Future[bool]) -> bool:
    """Whether the decision shows on the held night's page, or has ended; waits for that."""
    until = time.monotonic() + _BEGINS_WITHIN_SECONDS
    while time.monotonic() < until:
        if wait([job], timeout=_LOOK_SECONDS).done:
            return True
        if (newest := _newest(visit)) is not None and newest.open:
            return True
    return False
