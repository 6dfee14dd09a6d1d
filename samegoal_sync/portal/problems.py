"""What is wrong with a district's data, grouped by who must act, with the screen to mend it on."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from samegoal_sync.errors import Actor
from samegoal_sync.portal.database import Rows, one, rows
from samegoal_sync.portal.reject_words import words_of

_STUDENTS_SHOWN = 200


@dataclass(frozen=True)
class Problem:
    """One class of fault with one way back.

    Attributes:
        cases: rows and values set aside for it; ``portal_id`` where the student is published.
        total: how many cases there are; ``cases`` holds the first of them.
    """

    actor: str
    what: str
    why: str
    screen: str
    remedy: str
    severity: str
    total: int
    cases: list[dict[str, Any]]


def problems_of(
    connection: Rows, last: dict[str, Any] | None, expires_on: date | None, today: date
) -> list[Problem]:
    """The district's open problems, gravest first: the night, the access, then the data."""
    found = []
    if last and last["state"] in ("failed", "held"):
        found.append(_of_night(last))
    if expires_on and expires_on <= today + timedelta(days=30):
        found.append(_of_expiry(expires_on, today))
    if last and last["absent_columns"]:
        found.append(_of_absent(last["absent_columns"]))
    return found + _of_rejects(connection)


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
            "Set aside",
            "What",
            "Who acts",
            "Screen",
            "Remedy",
        ]
    )
    for case in _cases(connection):
        words = words_of(case["rule"])
        writer.writerow(
            _safe(value)
            for value in (
                case["student_id"],
                case["object"],
                case["key"],
                case["column"],
                case["severity"],
                words.what,
                words.actor.value,
                words.screen,
                words.remedy,
            )
        )
    return target.getvalue()


def _safe(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _of_rejects(connection: Rows) -> list[Problem]:
    by_rule: dict[str, list[dict[str, Any]]] = {}
    for case in _cases(connection):
        by_rule.setdefault(case["rule"], []).append(case)
    found = []
    for rule, cases in by_rule.items():
        words = words_of(rule)
        found.append(
            Problem(
                words.actor.value,
                words.what,
                words.why,
                words.screen,
                words.remedy,
                words.kind.value,
                len(cases),
                cases[:_STUDENTS_SHOWN],
            )
        )
    return sorted(found, key=lambda problem: (problem.severity != "row", -problem.total))


def _cases(connection: Rows) -> list[dict[str, Any]]:
    last = one(
        connection,
        "select max(id) as id from syncs where district = current_setting('samegoal.district', "
        "true) and kind <> 'student' and state <> 'failed'",
    )["id"]
    return rows(
        connection,
        'select r.object, r.key, r.student_id, r."column", r.rule, r.severity, s.portal_id '
        "from rejects r left join students s on s.district = r.district "
        "and s.student_id = r.student_id "
        "where r.district = current_setting('samegoal.district', true) and r.sync_id = %s "
        'order by r.severity, r.rule, r.student_id, r.key, r."column"',
        (last,),
    )


def _of_night(last: dict[str, Any]) -> Problem:
    held = last["state"] == "held"
    return Problem(
        actor=last["actor"] or Actor.TECHNICAL_TEAM.value,
        what=last["message"] or f"The night of {last['night']} was {last['state']}",
        why="What was published before stays as it was until this is settled.",
        screen="This portal: District Information, held night" if held else "",
        remedy="Look at who and what would change, then approve or discard it."
        if held
        else last["hint"] or "Ask SameGoal's technical team.",
        severity="night",
        total=1,
        cases=[],
    )


def _of_expiry(expires_on: date, today: date) -> Problem:
    days = (expires_on - today).days
    return Problem(
        actor=Actor.DISTRICT.value,
        what=f"The Integration Access expires in {days} days"
        if days >= 0
        else "The Integration Access has expired",
        why="After that day Qmlativ refuses every read, and Details is no longer updated.",
        screen="Administrative Access > API > Integration > SameGoal Demographics",
        remedy="Set a later Expiration Date, or clear it.",
        severity="night",
        total=1,
        cases=[],
    )


def _of_absent(columns: list[str]) -> Problem:
    return Problem(
        actor=Actor.SKYWARD.value,
        what=f"Qmlativ did not share: {', '.join(columns)}",
        why="A field that is not granted is not blank: what was published of it stays.",
        screen="Administrative Access > API > Integration > SameGoal Demographics",
        remedy="Ask Skyward to approve these fields for the product SameGoal Demographics.",
        severity="night",
        total=len(columns),
        cases=[],
    )
