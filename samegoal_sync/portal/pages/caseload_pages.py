"""Caseloads: whose students are whose, decided by the district's administrative users."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from samegoal_sync.district import Caseload
from samegoal_sync.outside_text import whole_number
from samegoal_sync.portal.errors import Invalid, NotFound
from samegoal_sync.portal.pages.district_settings import save_settings
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.caseload import (
    MOST_STUDENTS,
    assign_students,
    caseload_of,
    set_buildings,
    students_of,
    unassign_student,
)
from samegoal_sync.portal.records.student_search import choices
from samegoal_sync.portal.tenant_connection import one, rows
from samegoal_sync.portal.visit import Visit

_MOST_PEOPLE = 2000
_MOST_NAMED = 20


def caseloads(visit: Visit) -> Response:
    """Everybody who has an account of the district, with what is assigned to them."""
    return _list(visit)


def choose_caseload(visit: Visit) -> Response:
    """Whose students teachers see: of their buildings too, or those assigned alone."""
    try:
        choice = Caseload(visit.field("teachers_see"))
    except ValueError:
        return _list(visit, {"teachers_see": "Choose one of the list."})
    changed = save_settings(visit, teachers_see=choice)
    return visit.go(
        f"/d/{visit.slug}/caseloads", "Saved. It holds from now on." if changed else "As it was."
    )


def caseload(visit: Visit) -> Response:
    """One person's buildings and students."""
    return _page(visit)


def save_buildings(visit: Visit) -> Response:
    """The buildings ticked are the person's, and no others."""
    person = _person(visit)
    with visit.district() as connection:
        offered = {*choices(connection).buildings, *caseload_of(connection, person["id"]).buildings}
        wanted = [name for name in visit.fields("building") if name in offered]
        added, gone = set_buildings(connection, visit.slug, person["id"], wanted, visit.user.login)
        if added or gone:
            visit.record(
                connection,
                Action.ASSIGNED,
                what=f"{person['login']}: buildings {_signed(added, gone)}",
            )
    return _back(visit, "Saved. It holds from now on." if added or gone else "As it was.")


def add_students(visit: Visit) -> Response:
    """Assign students by Student Id; all of those named, or nobody."""
    person = _person(visit)
    named = list(dict.fromkeys(re.findall(r"[^\s,;]+", visit.field("student_ids"))))
    try:
        with visit.district() as connection:
            _require_room(named, len(caseload_of(connection, person["id"]).students))
            added, unknown = assign_students(
                connection, visit.slug, person["id"], named, visit.user.login
            )
            if unknown:
                shown = ", ".join(unknown[:_MOST_NAMED])
                raise Invalid(
                    {"student_ids": f"The district has no student {shown}. Nobody was assigned."}
                )
            for student_id in added:
                visit.record(
                    connection, Action.ASSIGNED, student_id=student_id, what=f"to {person['login']}"
                )
    except Invalid as invalid:
        return _page(visit, invalid.errors)
    return _back(visit, f"{len(added)} assigned." if added else "They were assigned already.")


def _require_room(named: list[str], has: int) -> None:
    if not named:
        raise Invalid({"student_ids": "Write at least one Student Id."})
    if has + len(named) > MOST_STUDENTS:
        raise Invalid(
            {
                "student_ids": f"At most {MOST_STUDENTS} students can be assigned to one person; "
                "assign their building instead."
            }
        )


def remove_student(visit: Visit) -> Response:
    """Take one student off the person's caseload."""
    person = _person(visit)
    with visit.district() as connection:
        student_id = unassign_student(connection, person["id"], visit.uuid("student"))
        if student_id is None:
            raise NotFound
        visit.record(
            connection, Action.UNASSIGNED, student_id=student_id, what=f"from {person['login']}"
        )
    return _back(visit, "Taken off the caseload.")


def _signed(added: list[str], gone: list[str]) -> str:
    return ", ".join([*(f"+{name}" for name in added), *(f"-{name}" for name in gone)])


def _list(visit: Visit, errors: dict[str, str] | None = None) -> Response:
    with visit.portal.database.web() as web:
        people = rows(
            web,
            """
            select u.id, u.login, u.name, u.role, u.disabled_at is not null as disabled,
                (select count(*) from caseload_students c where c.user_id = u.id) as students,
                array(select building from caseload_buildings b where b.user_id = u.id
                    order by 1) as buildings
            from portal_users u where u.district = %s order by u.role desc, u.login limit %s
            """,
            (visit.slug, _MOST_PEOPLE),
        )
    return visit.page(
        "caseloads.html",
        422 if errors else 200,
        people=people,
        teachers_see=visit.portal.registry.get(visit.slug).settings.teachers_see.value,
        errors=errors or {},
    )


def _page(visit: Visit, errors: dict[str, str] | None = None) -> Response:
    person = _person(visit)
    with visit.district() as connection:
        own = caseload_of(connection, person["id"])
        students = students_of(connection, person["id"])
        offered = sorted({*choices(connection).buildings, *own.buildings})
        visit.record(
            connection, Action.VIEWED_CASELOAD, what=f"{person['login']}: {len(students)} students"
        )
    return visit.page(
        "caseload.html",
        422 if errors else 200,
        person=person,
        own=own,
        students=students,
        buildings=offered,
        teachers_see=visit.portal.registry.get(visit.slug).settings.teachers_see.value,
        typed=visit.field("student_ids"),
        errors=errors or {},
    )


def _person(visit: Visit) -> dict[str, Any]:
    """The account of the address, which must be this district's."""
    number = whole_number(str(visit.request.path_params["user"]))
    if number is None:
        raise NotFound
    with visit.portal.database.web() as web:
        person: dict[str, Any] | None = one(
            web,
            "select id, login, name, role from portal_users where id = %s and district = %s",
            (number, visit.slug),
        )
    if person is None:
        raise NotFound
    return person


def _back(visit: Visit, message: str) -> Response:
    return visit.go(f"/d/{visit.slug}/caseloads/{visit.request.path_params['user']}", message)
