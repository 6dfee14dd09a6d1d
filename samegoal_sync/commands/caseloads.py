"""``samegoal-sync users assign`` and ``unassign``: whose students are whose, by command."""

# Rooms are imported inside the commands that need them, so that --help stays quick.

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from samegoal_sync.commands.app import App, pass_app
from samegoal_sync.commands.audited import write
from samegoal_sync.errors import UsageError

_SHOWN = 20

_buildings = click.option(
    "--building", "buildings", multiple=True, help="A building's name in SameGoal; any number."
)
_students = click.option(
    "--student", "students", multiple=True, metavar="STUDENT_ID", help="A student; any number."
)


@click.command("assign")
@click.argument("login")
@_buildings
@click.option("--all-buildings", is_flag=True, help="Every building that has students now.")
@_students
@pass_app
def assign(
    app: App, login: str, buildings: tuple[str, ...], students: tuple[str, ...], all_buildings: bool
) -> None:
    """Put buildings and students on a person's caseload: whom a teacher sees.

    Example: samegoal-sync users assign pat@fairview.example --building "Elm Elementary"
    """
    from samegoal_sync.portal.records.caseload import assign_students, caseload_of, set_buildings

    with _person(app, login) as (connection, slug, user):
        known = _buildings_of(connection, slug)
        if unknown := [name for name in buildings if name not in known]:
            _refuse(f"no student of {slug} is in {unknown[0]!r}", known)
        wanted = [
            *caseload_of(connection, user).buildings,
            *(known if all_buildings else buildings),
        ]
        who = getpass.getuser()
        added, _ = set_buildings(connection, slug, user, wanted, who)
        put, missing = assign_students(connection, slug, user, list(students), who)
        if missing:
            raise UsageError(
                f"{slug} has no student {', '.join(missing[:_SHOWN])}; nobody was assigned",
                hint="look the Student Ids up in the portal's list",
            )
        for what, student_id in [(f"building {name}", None) for name in added] + [
            ("", one) for one in put
        ]:
            line = f"to {login}: {what}" if what else f"to {login}"
            write(connection, "ASSIGNED", slug, student_id=student_id, what=line)
    app.console.print(f"{login}: {len(added)} buildings and {len(put)} students more.")


@click.command("unassign")
@click.argument("login")
@_buildings
@_students
@pass_app
def unassign(app: App, login: str, buildings: tuple[str, ...], students: tuple[str, ...]) -> None:
    """Take buildings and students off a person's caseload.

    Example: samegoal-sync users unassign pat@fairview.example --student 100234
    """
    from samegoal_sync.portal.records.caseload import (
        caseload_of,
        set_buildings,
        students_of,
        unassign_student,
    )

    with _person(app, login) as (connection, slug, user):
        own = caseload_of(connection, user).buildings
        wanted = [name for name in own if name not in buildings]
        _, gone = set_buildings(connection, slug, user, wanted, getpass.getuser())
        ids = {row["student_id"]: row["portal_id"] for row in students_of(connection, user)}
        taken = [one for one in students if one in ids]
        for one in taken:
            unassign_student(connection, user, ids[one])
        for student_id in taken:
            write(connection, "UNASSIGNED", slug, student_id=student_id, what=f"from {login}")
        for name in gone:
            write(connection, "UNASSIGNED", slug, what=f"from {login}: building {name}")
    app.console.print(f"{login}: {len(gone)} buildings and {len(taken)} students less.")


@contextmanager
def _person(app: App, login: str) -> Iterator[tuple[Any, str, int]]:
    """One transaction with the person's district and account."""
    from psycopg.rows import dict_row

    from samegoal_sync.database import connect
    from samegoal_sync.portal.tenant_connection import one

    connection: Any
    with connect(app.database_url, row_factory=dict_row) as connection:
        found = one(
            connection,
            "select id, district from portal_users where login = %s",
            (login.strip().lower(),),
        )
        if found is None or found["district"] is None:
            raise UsageError(
                f"there is no account {login} of a district",
                hint="samegoal-sync users list shows the accounts there are",
            )
        yield connection, found["district"], found["id"]


def _buildings_of(connection: Any, slug: str) -> list[str]:
    found = connection.execute(
        "select building from students where district = %s and building is not null "
        "group by building order by building",
        (slug,),
    ).fetchall()
    return [row["building"] for row in found]


def _refuse(what: str, known: list[str]) -> NoReturn:
    shown = ", ".join(known[:_SHOWN]) or "none yet"
    raise UsageError(what, hint=f"the district's buildings: {shown}")
