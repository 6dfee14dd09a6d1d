"""The audit log: a district's for its administrative users, and the technical team's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any, TypeVar

import psycopg
from starlette.responses import Response

from samegoal_sync.portal.errors import Refused
from samegoal_sync.portal.records.audit_search import (
    MOST_EXPORTED,
    PAGE,
    LogFilter,
    as_csv,
    lines_of_district,
    lines_of_team,
)
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.tenant_connection import one
from samegoal_sync.portal.visit import Visit

_LONGEST_TEXT = 120
_Found = TypeVar("_Found")


def audit_log(visit: Visit) -> Response:
    """A page of the log, newest first; ``?before=`` is the number of a line."""
    narrowed = _remembered(visit)
    lines, zone = _of_district(visit, narrowed, before=visit.number("before"))
    return _page(visit, lines, narrowed, zone, f"/d/{visit.slug}/audit-log")


def search_audit_log(visit: Visit) -> Response:
    """Narrow the log."""
    return _search(visit, f"/d/{visit.slug}/audit-log")


def audit_log_csv(visit: Visit) -> Response:
    """The lines that the page is narrowed to, as CSV; that they were exported is a line too."""
    narrowed = _remembered(visit)
    lines, zone = _of_district(visit, narrowed, most=MOST_EXPORTED)
    with visit.district() as connection:
        visit.record(connection, Action.EXPORTED, what=f"audit log as CSV, {len(lines)} lines")
    return _csv(lines, zone)


def team_log(visit: Visit) -> Response:
    """The technical team's own lines, and those of districts that were removed."""
    narrowed = _remembered(visit)
    lines = _of_team(visit, narrowed, before=visit.number("before"))
    return _page(visit, lines, narrowed, "UTC", "/team/audit-log")


def search_team_log(visit: Visit) -> Response:
    """Narrow the team's log."""
    return _search(visit, "/team/audit-log")


def team_log_csv(visit: Visit) -> Response:
    """The team's lines as CSV."""
    lines = _of_team(visit, _remembered(visit), most=MOST_EXPORTED)
    with visit.portal.database.web() as connection:
        visit.record(connection, Action.EXPORTED, what=f"audit log as CSV, {len(lines)} lines")
    return _csv(lines, "UTC")


def _of_district(
    visit: Visit, narrowed: LogFilter, **options: Any
) -> tuple[list[dict[str, Any]], str]:
    def read() -> tuple[list[dict[str, Any]], str]:
        with visit.district() as connection:
            zone = one(connection, "select time_zone from districts")["time_zone"]
            return lines_of_district(connection, narrowed, zone, **options), zone

    return _in_time(read)


def _of_team(visit: Visit, narrowed: LogFilter, **options: Any) -> list[dict[str, Any]]:
    def read() -> list[dict[str, Any]]:
        with visit.portal.database.web() as connection:
            return lines_of_team(connection, narrowed, **options)

    return _in_time(read)


def _in_time(read: Callable[[], _Found]) -> _Found:
    try:
        return read()
    except psycopg.errors.QueryCanceled:
        raise Refused(
            "The log is too long to be searched at once",
            hint="Choose the days between which to search, and search again.",
        ) from None


def _name(visit: Visit) -> str:
    return f"audit {visit.request.path_params.get('district', '')}"


def _remembered(visit: Visit) -> LogFilter:
    return LogFilter(**visit.session.state.get(_name(visit), {}))


def _search(visit: Visit, address: str) -> Response:
    values = {name: visit.field(name)[:_LONGEST_TEXT] for name in asdict(LogFilter())}
    for name in ("first", "last"):
        try:
            date.fromisoformat(values[name])
        except ValueError:
            values[name] = ""
    narrowed = LogFilter() if visit.field("clear") else LogFilter(**values)
    visit.remember(_name(visit), asdict(narrowed))
    return visit.go(address)


def _page(
    visit: Visit, lines: list[dict[str, Any]], narrowed: LogFilter, zone: str, address: str
) -> Response:
    return visit.page(
        "audit_log.html",
        lines=lines,
        more=len(lines) == PAGE,
        narrowed=narrowed,
        actions=sorted(Action),
        zone=zone,
        address=address,
        of_team=address.startswith("/team"),
    )


def _csv(lines: list[dict[str, Any]], zone: str) -> Response:
    return Response(
        as_csv(lines, zone).encode("utf-8-sig"),
        media_type="text/csv",
        headers={"content-disposition": 'attachment; filename="audit-log.csv"'},
    )
