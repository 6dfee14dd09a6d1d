"""All districts, worst first, a hundred a page: for SameGoal's technical team."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from starlette.responses import Response

from samegoal_sync.districts.monitoring.district_status import overall_status
from samegoal_sync.districts.monitoring.heartbeats import silence
from samegoal_sync.districts.monitoring.worst_problem import Severity
from samegoal_sync.portal.records.district_alert import alert_of
from samegoal_sync.portal.records.night_trends import sparklines
from samegoal_sync.portal.visit import Visit

#: A district's severity -> the tone of its badge.
_TONES = {
    Severity.FINE: "good",
    Severity.WAITING: "",
    Severity.WARNING: "warn",
    Severity.STALE: "warn",
    Severity.HELD: "warn",
    Severity.FAILING: "bad",
}


#: Districts on a page; the numbers above them are of all.
_ON_A_PAGE = 100


def team(visit: Visit) -> Response:
    """Every district with its state, last good night, expiry, trend, and who has to act.

    ``?find=`` is part of a name or slug, ``?state=`` and ``?actor=`` words of the table,
    ``?page=`` a number from 1.
    """
    now = datetime.now(UTC)
    statuses = overall_status(visit.portal.database.url, now)
    with visit.portal.database.web() as connection:
        silent = silence(connection, now)
    counts = Counter(status.severity for status in statuses)
    asked = visit.request.query_params
    find = asked.get("find", "")[:120].strip()
    state, actor = asked.get("state", ""), asked.get("actor", "")
    found = [
        one
        for one in statuses
        if (find.casefold() in one.name.casefold() or find.casefold() in one.slug)
        and state in ("", one.word)
        and actor in ("", one.actor)
    ]
    pages = max(1, -(-len(found) // _ON_A_PAGE))
    page = min(max(visit.number("page") or 1, 1), pages)
    shown = found[(page - 1) * _ON_A_PAGE : page * _ON_A_PAGE]
    with visit.portal.database.web() as web:
        trends = sparklines(web, [one.slug for one in shown])
    shows = visit.part if visit.wants_part else visit.page
    return shows(
        "districts_found.html" if visit.wants_part else "team.html",
        trends=trends,
        statuses=statuses,
        silent=silent,
        shown=shown,
        found=len(found),
        find=find,
        state=state,
        actor=actor,
        actors=sorted({one.actor for one in statuses if one.actor}),
        dagster_ui=visit.portal.dagster_ui,
        page=page,
        pages=pages,
        tones=_TONES,
        alert_by_slug={one.slug: alert_of(one, team=True) for one in shown},
        counts=[(severity.word, counts[severity]) for severity in sorted(counts, reverse=True)],
        students=sum(status.students or 0 for status in statuses),
    )
