"""Add a student who is not in Qmlativ yet: a preschool child who was referred, for example."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import psycopg
from starlette.responses import Response

from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.student_search import choices
from samegoal_sync.portal.tenant_connection import one
from samegoal_sync.portal.visit import Visit

GENDERS = ("Female", "Male")
STATUSES = ("PRE_ENROLLED", "ENROLLED")
_STUDENT_ID = re.compile(r"[A-Za-z0-9]{1,20}")
_OLDEST = 30


_FIELDS = (
    "student_id",
    "last_name",
    "first_name",
    "middle_name",
    "date_of_birth",
    "gender",
    "district_enrollment",
    "grade",
    "building",
)
_LONGEST = 100


def add_form(visit: Visit) -> Response:
    """The empty form."""
    return _form(visit)


def add_student(visit: Visit) -> Response:
    """Add the student; once Qmlativ sends this Student Id, the nightly import takes over."""
    values = {name: visit.field(name) or None for name in _FIELDS}
    if errors := problems(values, datetime.now(UTC).date()):
        return _form(visit, errors)
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
        taken = "There is a student with this Student Id already: search for it in the list."
        return _form(visit, {"student_id": taken}, status=409)
    return visit.go(
        f"/d/{visit.slug}/students/{portal_id}", "Added. The nightly import keeps this student."
    )


def problems(values: dict[str, str | None], today: date) -> dict[str, str]:
    """What is wrong with each field, in words for whoever typed it; empty if nothing is."""
    errors = {
        name: f"At most {_LONGEST} letters." for name, value in values.items()
        if value and len(value) > _LONGEST
    }  # fmt: skip
    if not _STUDENT_ID.fullmatch(values["student_id"] or ""):
        errors["student_id"] = "A Student Id has 1 to 20 letters and digits, nothing else."
    for name in ("last_name", "first_name"):
        if not values[name]:
            errors[name] = "Enter the legal name; it is printed on documents."
    if values["gender"] not in GENDERS:
        errors["gender"] = "Choose the legal gender."
    if values["district_enrollment"] not in STATUSES:
        errors["district_enrollment"] = "Choose one of the list."
    if wrong := _birth_date_problem(values["date_of_birth"], today):
        errors["date_of_birth"] = wrong
    return errors


def _birth_date_problem(text: str | None, today: date) -> str | None:
    try:
        born = date.fromisoformat(text or "")
    except ValueError:
        return "Enter the date of birth as YYYY-MM-DD."
    if born > today:
        return "This day is still to come."
    if born < today.replace(year=today.year - _OLDEST, day=1):
        return f"A student was born within the last {_OLDEST} years."
    return None


def _form(visit: Visit, errors: dict[str, str] | None = None, status: int = 422) -> Response:
    with visit.district() as connection:
        offered = choices(connection)
    return visit.page(
        "add_student.html",
        status if errors else 200,
        choices=offered,
        genders=GENDERS,
        statuses=STATUSES,
        typed={name: visit.field(name) for name in _FIELDS},
        errors=errors or {},
    )
