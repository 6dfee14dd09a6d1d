"""Add a student who is not in Qmlativ yet: a preschool child who was referred, for example."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import psycopg
from starlette.responses import Response

from samegoal_sync.portal.errors import Conflict, Refused
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.student_search import choices
from samegoal_sync.portal.tenant_connection import one
from samegoal_sync.portal.visit import Visit

GENDERS = ("Female", "Male")
STATUSES = ("PRE_ENROLLED", "ENROLLED")
_STUDENT_ID = re.compile(r"[A-Za-z0-9]{1,20}")
_OLDEST = 30


def add_form(visit: Visit) -> Response:
    """The empty form."""
    with visit.district() as connection:
        offered = choices(connection)
    return visit.page("add_student.html", choices=offered, genders=GENDERS, statuses=STATUSES)


def add_student(visit: Visit) -> Response:
    """Add the student; once Qmlativ sends this Student Id, the nightly import takes over."""
    values = {
        name: visit.field(name)[:100] or None
        for name in (
            "student_id",
            "last_name",
            "first_name",
            "middle_name",
            "gender",
            "district_enrollment",
            "grade",
            "building",
        )
    }
    values["date_of_birth"] = _birth_date(visit).isoformat()
    _require_possible(values)
    try:
        with visit.district() as connection:
            columns = ", ".join(values)
            connection.execute(
                f"insert into students (district, origin, {columns}) "  # noqa: S608 (names above)
                f"values (%(district)s, 'hand', {', '.join(f'%({name})s' for name in values)})",
                {"district": visit.slug, **values},
            )
            visit.record(connection, Action.ADDED, student_id=values["student_id"])
            portal_id = one(
                connection,
                "select portal_id from students where student_id = %s "
                "and district = current_setting('samegoal.district', true)",
                (values["student_id"],),
            )["portal_id"]
    except psycopg.errors.UniqueViolation:
        raise Conflict(
            "There is a student with this Student Id already",
            hint="Search for the Student Id in the list of students.",
        ) from None
    return visit.go(
        f"/d/{visit.slug}/students/{portal_id}", "Added. The nightly import keeps this student."
    )


def _birth_date(visit: Visit) -> date:
    try:
        born = date.fromisoformat(visit.field("date_of_birth"))
    except ValueError:
        raise Refused("The date of birth can't be read", hint="Write it as YYYY-MM-DD.") from None
    today = datetime.now(UTC).date()
    if not today.replace(year=today.year - _OLDEST, day=1) <= born <= today:
        raise Refused(
            "The date of birth can't be a student's",
            hint=f"It lies within the last {_OLDEST} years.",
        )
    return born


def _require_possible(values: dict[str, str | None]) -> None:
    if not _STUDENT_ID.fullmatch(values["student_id"] or ""):
        raise Refused(
            "The Student Id can't be taken", hint="It has 1 to 20 letters and digits, nothing else."
        )
    if not values["last_name"] or not values["first_name"]:
        raise Refused("A name is missing", hint="Enter the legal last and first name.")
    if values["gender"] not in GENDERS or values["district_enrollment"] not in STATUSES:
        raise Refused(
            "Gender or enrollment is not of the list", hint="Choose one of those offered."
        )
