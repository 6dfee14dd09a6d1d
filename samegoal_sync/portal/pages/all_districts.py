"""All districts on one page, worst first: for SameGoal's technical team."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from starlette.responses import Response

from samegoal_sync.districts.monitoring.district_status import Severity, overall_status
from samegoal_sync.portal.tenant_connection import rows
from samegoal_sync.portal.visit import Visit

#: A district's severity -> the badge of its row.
BADGES = {
    Severity.FINE: ("good", "Fine"),
    Severity.WAITING: ("", "Waiting"),
    Severity.WARNING: ("warn", "Warning"),
    Severity.STALE: ("warn", "Stale"),
    Severity.HELD: ("warn", "Held"),
    Severity.FAILING: ("bad", "Failing"),
}

_ZONES = "select slug, time_zone from districts"


def team(visit: Visit) -> Response:
    """Every district with its state, last good night, expiry, trend, and who has to act."""
    statuses = overall_status(visit.portal.database.url, datetime.now(UTC))
    with visit.portal.database.owner() as owner:
        zones = {row["slug"]: row["time_zone"] for row in rows(owner, _ZONES)}
    counts = Counter(status.severity for status in statuses)
    return visit.page(
        "team.html",
        statuses=statuses,
        badges=BADGES,
        zones=zones,
        counts=[(BADGES[severity], counts[severity]) for severity in sorted(counts, reverse=True)],
        students=sum(status.students or 0 for status in statuses),
    )
