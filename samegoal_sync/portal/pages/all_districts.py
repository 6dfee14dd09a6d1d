"""All districts on one page, worst first: for SameGoal's technical team."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from starlette.responses import Response

from samegoal_sync.districts.monitoring.district_status import Severity, overall_status
from samegoal_sync.portal.records.district_alert import alert_of
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


def team(visit: Visit) -> Response:
    """Every district with its state, last good night, expiry, trend, and who has to act."""
    statuses = overall_status(visit.portal.database.url, datetime.now(UTC))
    counts = Counter(status.severity for status in statuses)
    return visit.page(
        "team.html",
        statuses=statuses,
        tones=_TONES,
        alert_by_slug={one.slug: alert_of(one, team=True) for one in statuses},
        counts=[(severity.word, counts[severity]) for severity in sorted(counts, reverse=True)],
        students=sum(status.students or 0 for status in statuses),
    )
