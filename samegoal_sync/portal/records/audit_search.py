"""The audit log as it is read: narrowed, page by page, and as a CSV file."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from samegoal_sync.portal.rendering.spreadsheet_cells import spreadsheet_safe
from samegoal_sync.portal.tenant_connection import Rows, rows

PAGE = 100
#: Lines of a CSV file; whoever needs more narrows by days.
MOST_EXPORTED = 100_000
#: Reading the log may not hold up the portal: beyond it the reader narrows by days.
_LONGEST = "5s"
_COLUMNS = "id, at, district, who, role, action, student_id, document_id, what, address"

#: Of a line, beside its moment, in the CSV file.
_CELLS = (
    "district",
    "who",
    "role",
    "action",
    "student_id",
    "document_id",
    "what",
    "address",
)


@dataclass(frozen=True)
class LogFilter:
    """What the log is narrowed to; kept in the session, as a Student Id may be in it.

    Attributes:
        text: part of who, of the Student Id or of what is said of the line.
        action: exactly one.
        first / last: days in the district's zone, ISO text.
    """

    text: str = ""
    action: str = ""
    first: str = ""
    last: str = ""

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return any(asdict(self).values())


def lines_of_district(
    connection: Rows,
    narrowed: LogFilter,
    zone: str,
    *,
    before: int | None = None,
    most: int = PAGE,
) -> list[dict[str, Any]]:
    """The newest lines of the connection's district, or those before a line."""
    place = "district = current_setting('samegoal.district', true)"
    return _lines(connection, place, narrowed, zone, before, most)


def lines_of_team(
    connection: Rows, narrowed: LogFilter, *, before: int | None = None, most: int = PAGE
) -> list[dict[str, Any]]:
    """Lines of no district, and of those that were removed: the technical team's own."""
    place = (
        "(district is null or not exists "
        "(select from districts d where d.slug = audit_log.district))"
    )
    return _lines(connection, place, narrowed, "UTC", before, most)


def as_csv(lines: list[dict[str, Any]], zone: str) -> str:
    """The lines as a CSV file, the moment in the zone's time."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(
        ["When", "District", "Who", "Role", "Did", "Student Id", "Document", "What", "From"]
    )
    for line in lines:
        when = line["at"].astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
        writer.writerow([when, *(spreadsheet_safe(line[name]) for name in _CELLS)])
    return target.getvalue()


def _lines(
    connection: Rows, place: str, narrowed: LogFilter, zone: str, before: int | None, most: int
) -> list[dict[str, Any]]:
    connection.execute(f"set local statement_timeout = '{_LONGEST}'".encode())
    conditions = [place, "id < %(before)s"]
    values: dict[str, Any] = {"before": before or 2**62, "most": most}
    if narrowed.action:
        conditions.append("action = %(action)s")
        values["action"] = narrowed.action
    if narrowed.text:
        conditions.append(
            "position(lower(%(text)s) in lower(who || ' ' || coalesce(student_id, '') || ' ' "
            "|| what)) > 0"
        )
        values["text"] = narrowed.text
    for name, days in (("first", 0), ("last", 1)):
        if day := getattr(narrowed, name):
            sign = "<" if days else ">="
            conditions.append(f"at {sign} %({name})s")
            values[name] = _midnight(day, zone, days)
    return rows(
        connection,
        f"select {_COLUMNS} from audit_log where {' and '.join(conditions)} "  # noqa: S608
        "order by id desc limit %(most)s",
        values,
    )


def _midnight(day: str, zone: str, days_on: int) -> datetime:
    at = date.fromisoformat(day)
    at = date.fromordinal(min(at.toordinal() + days_on, date.max.toordinal()))
    return datetime(at.year, at.month, at.day, tzinfo=ZoneInfo(zone))
