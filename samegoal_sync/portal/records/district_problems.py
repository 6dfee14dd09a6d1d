"""What is wrong with a district's data, grouped by who has to act, with the screen to fix it on."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any

from samegoal_sync.demographics.rejects.reject_rules import RESTRICTION_WITHOUT_PAIR
from samegoal_sync.districts.monitoring.district_status import DistrictStatus
from samegoal_sync.districts.monitoring.worst_problem import WARNED_AT, Cause
from samegoal_sync.errors import Actor
from samegoal_sync.portal.records.district_alert import EXTEND_SCREEN, alert_of
from samegoal_sync.portal.rendering.column_labels import label
from samegoal_sync.portal.rendering.jinja_environment import day
from samegoal_sync.portal.rendering.reject_words import words_of
from samegoal_sync.portal.rendering.spreadsheet_cells import spreadsheet_safe
from samegoal_sync.portal.tenant_connection import Rows, one, rows

_STUDENTS_SHOWN = 200
_URGENT_DAYS = 7

#: What a row of ``rejects`` means for Details, in the words of the CSV.
_REJECTED = {
    "row": "Not published",
    "value": "One value kept as it was",
    "notice": "Nothing, please check",
}


@dataclass(frozen=True)
class Problem:
    """One class of fault with one way back.

    Attributes:
        cases: rows and values rejected for it; ``portal_id`` where the student is published.
        total: how many cases there are; ``cases`` holds the first of them.
        gathered: whether they are only counted.
        page / link: the district's page where it can be acted on, and the words of the link.
    """

    actor: str
    what: str
    why: str
    screen: str
    remedy: str
    severity: str
    total: int
    cases: list[dict[str, Any]]
    gathered: bool = False
    page: str = ""
    link: str = ""


def problems_of(
    connection: Rows, status: DistrictStatus, held: dict[str, Any] | None, *, team: bool
) -> list[Problem]:
    """The district's open problems, gravest first: the nights, the access, then the data.

    Args:
        held: the night that is held, from ``waiting_night``.
        team: whether SameGoal's technical team reads them.
    """
    found = []
    if status.cause in _OF_NIGHT:
        found.append(_of_status(status, team=team))
    if held:
        found.append(_of_held(held))
    if _expires(status):
        found.append(_of_expiry(status))
    absent = _absent_columns(connection)
    if absent:
        found.append(_of_absent(absent))
    return found + _of_rejects(connection)


def count_problems(connection: Rows, status: DistrictStatus) -> int:
    """How many problems ``problems_of`` lists, without reading each case."""
    rules = one(
        connection,
        "select count(distinct rule) as count from rejects "
        "where district = current_setting('samegoal.district', true) and sync_id = %s",
        (_last_read(connection),),
    )["count"]
    known = (
        status.cause in _OF_NIGHT,
        status.held_night is not None,
        _expires(status),
        bool(_absent_columns(connection)),
    )
    return sum(known) + int(rules)


def as_csv(connection: Rows) -> str:
    """Every case of the last night as CSV: keys and rules, never a value or a name."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(
        [
            "Student Id",
            "Object",
            "Key",
            "Field",
            "Rejected",
            "What",
            "Action by",
            "Screen",
            "Remedy",
        ]
    )
    for case in _cases(connection):
        words = words_of(case["rule"])
        writer.writerow(
            spreadsheet_safe(value)
            for value in (
                case["student_id"],
                case["object"],
                case["key"],
                case["column"],
                _REJECTED[case["severity"]],
                words.what,
                words.actor.value,
                words.screen,
                words.remedy,
            )
        )
    return target.getvalue()


def _of_rejects(connection: Rows) -> list[Problem]:
    by_rule: dict[str, list[dict[str, Any]]] = {}
    for case in _cases(connection):
        by_rule.setdefault(case["rule"], []).append(case)
    found = []
    for rule, cases in by_rule.items():
        words, gathered = words_of(rule), rule == RESTRICTION_WITHOUT_PAIR
        found.append(
            Problem(
                words.actor.value,
                words.what,
                words.why,
                words.screen,
                words.remedy,
                cases[0]["severity"],
                _found_of(connection, rule) if gathered else len(cases),
                [] if gathered else cases[:_STUDENTS_SHOWN],
                gathered,
            )
        )
    return sorted(found, key=lambda problem: (problem.severity != "row", -problem.total))


def _found_of(connection: Rows, rule: str) -> int:
    """How many cases a notice stands for that is one for all."""
    found = one(
        connection,
        "select coalesce((findings -> 'guardians' ->> %s)::int, 1) as count from syncs "
        "where id = %s",
        (rule, _last_read(connection)),
    )
    return int(found["count"]) if found else 1


def _last_read(connection: Rows) -> int | None:
    """The newest night that read Qmlativ to the end."""
    last: int | None = one(
        connection,
        "select max(id) as id from syncs where district = current_setting('samegoal.district', "
        "true) and kind <> 'student' and state <> 'failed'",
    )["id"]
    return last


def _absent_columns(connection: Rows) -> list[str]:
    """Columns that Qmlativ did not share in the newest night."""
    newest = one(
        connection,
        "select absent_columns from syncs where district = current_setting('samegoal.district', "
        "true) and kind <> 'student' order by id desc limit 1",
    )
    return list(newest["absent_columns"] or ()) if newest else []


def _cases(connection: Rows) -> list[dict[str, Any]]:
    return rows(
        connection,
        # A value rejected in no column is a notice: nothing is missing, somebody should look.
        'select r.object, r.key, r.student_id, r."column", r.rule, s.portal_id, '
        """case when r.severity = 'value' and r."column" is null then 'notice' """
        "else r.severity end as severity "
        "from rejects r left join students s on s.district = r.district "
        "and s.student_id = r.student_id "
        "where r.district = current_setting('samegoal.district', true) and r.sync_id = %s "
        'order by r.severity, r.rule, r.student_id, r.key, r."column"',
        (_last_read(connection),),
    )


_STAYS = "What was published before stays as it was until this is settled."
_ALL_BUT_WITHHELD = (
    "What was published before stays as it was until this is settled, except that guardians who "
    "may not see the student are removed."
)


#: How a district stands when its nights don't go well, for other reasons than a held one.
_OF_NIGHT = (
    Cause.CUT_OFF,
    Cause.FAILED_NIGHT,
    Cause.ACCESS_REFUSED,
    Cause.FAILING,
    Cause.UNDELIVERED,
    Cause.STALE,
)


def _of_status(status: DistrictStatus, *, team: bool) -> Problem:
    alert = alert_of(status, team=team)
    assert alert is not None
    page = "" if alert.page == "problems" else alert.page  # the reader is there
    return Problem(
        actor=status.actor or Actor.TECHNICAL_TEAM.value,
        what=alert.what,
        why="",
        screen=EXTEND_SCREEN if status.cause is Cause.ACCESS_REFUSED else "",
        remedy=alert.remedy,
        severity="night",
        total=1,
        cases=[],
        page=page,
        link=alert.link,
    )


def _of_held(held: dict[str, Any]) -> Problem:
    return Problem(
        actor=held["actor"] or Actor.DISTRICT.value,
        what=held["message"] or f"The night of {day(held['night'])} is held",
        why=_STAYS if not held["removed"] else _ALL_BUT_WITHHELD,
        screen="",
        remedy="Look at who and what would change, then approve or discard it.",
        severity="night",
        total=1,
        cases=[],
        page="held",
        link="Look at the held night",
    )


def _expires(status: DistrictStatus) -> bool:
    """Whether the access ends soon; one that is refused already is told as such."""
    soon = status.days_left is not None and status.days_left <= max(WARNED_AT)
    return soon and status.cause is not Cause.ACCESS_REFUSED


def _of_expiry(status: DistrictStatus) -> Problem:
    days = status.days_left or 0
    return Problem(
        actor=Actor.DISTRICT.value,
        what=f"The Integration Access expires in {days} day{'' if days == 1 else 's'}"
        if days >= 0
        else f"The Integration Access should have ended on {day(status.expires_on)}",
        why="After that day Qmlativ refuses every read, and Details is no longer updated.",
        screen=EXTEND_SCREEN,
        remedy="Set a later Expiration Date, or clear it.",
        severity="night" if days <= _URGENT_DAYS else "absent",
        total=1,
        cases=[],
        page="district-information#extend",
        link="How to extend it",
    )


def _label_of(column: str) -> str:
    """A column as its label; a guardian's has its table in front."""
    table, _, name = column.rpartition(".")
    return f"{table.capitalize()}: {label(name)}" if table else label(name)


def _of_absent(columns: list[str]) -> Problem:
    return Problem(
        actor=Actor.SKYWARD.value,
        what=f"Qmlativ did not share: {', '.join(map(_label_of, columns))}",
        why="A field that is not granted is not blank: what was published of it stays.",
        screen=EXTEND_SCREEN,
        remedy="Ask Skyward to approve these fields for the product SameGoal Demographics.",
        severity="absent",
        total=len(columns),
        cases=[],
    )
