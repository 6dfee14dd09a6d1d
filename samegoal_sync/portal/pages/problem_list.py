"""Problems by who has to act, and the same as a CSV file."""

from __future__ import annotations

from starlette.responses import Response

from samegoal_sync.portal.identity.accounts import Role
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.district_problems import as_csv, problems_of
from samegoal_sync.portal.records.import_history import last_nights, waiting_night
from samegoal_sync.portal.visit import Visit
from samegoal_sync.samegoal.publication.same_student import undecided_pairs


def problems(visit: Visit) -> Response:
    """The district's open problems."""
    status = visit.district_status()
    with visit.portal.database.web() as web:
        held = waiting_night(web, visit.slug)
    with visit.district() as connection:
        nights = last_nights(connection)
        found = problems_of(connection, status, held, team=visit.user.role == Role.TECHNICAL_TEAM)
        pairs = undecided_pairs(connection, visit.slug)
        cases = sum(len(problem.cases) for problem in found)
        visit.record(
            connection, Action.VIEWED_PROBLEMS, what=f"{len(found)} problems, {cases} cases"
        )
    by_actor: dict[str, list[object]] = {}
    for problem in found:
        by_actor.setdefault(problem.actor, []).append(problem)
    return visit.page(
        "problems.html",
        by_actor=by_actor,
        night=nights[0] if nights else None,
        undecided=len(pairs),
    )


def problems_csv(visit: Visit) -> Response:
    """Every row and value rejected last night: keys and rules, no names."""
    with visit.district() as connection:
        content = as_csv(connection)
        visit.record(connection, Action.EXPORTED, what="problems as CSV")
    return Response(
        content.encode("utf-8-sig"),
        media_type="text/csv",
        headers={"content-disposition": 'attachment; filename="problems.csv"'},
    )
