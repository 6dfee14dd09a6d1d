"""The audit log of a district, for its administrative users."""

from __future__ import annotations

from starlette.responses import Response

from samegoal_sync.portal.records.audit_trail import PAGE, page_of_log
from samegoal_sync.portal.visit import Visit


def audit_log(visit: Visit) -> Response:
    """A page of the log, newest first; ``?before=`` is the number of a line."""
    with visit.district() as connection:
        lines = page_of_log(connection, visit.number("before"))
    return visit.page("audit_log.html", lines=lines, more=len(lines) == PAGE)
