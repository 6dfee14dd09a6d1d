"""Students and guardians whom people entered: changed and removed here, and nobody else's.

Postgres holds it: the portal's role may change no row of a student who came from Qmlativ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from samegoal_sync.portal.errors import Conflict, NotFound
from samegoal_sync.portal.tenant_connection import Rows, one, rows

#: What is entered of a student and of a guardian, in the order of the forms.
STUDENT_FIELDS = (
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
GUARDIAN_FIELDS = (
    "last_name",
    "first_name",
    "middle_name",
    "relationship",
    "cell_phone",
    "home_phone",
    "work_phone",
    "email",
    "address",
    "city",
    "state",
    "zip",
)
#: More guardians than any child has, and fewer than a page can't show.
MOST_GUARDIANS = 12

Values = Mapping[str, str | None]


def add(connection: Rows, slug: str, values: Values) -> UUID:
    """Add a student; the id of their page.

    Raises:
        psycopg.errors.UniqueViolation: the Student Id is another's.
    """
    row = one(
        connection,
        f"insert into students (district, origin, {', '.join(STUDENT_FIELDS)}) "  # noqa: S608
        f"values (%(district)s, 'hand', {', '.join(f'%({name})s' for name in STUDENT_FIELDS)}) "
        "returning portal_id",
        {"district": slug, **values},
    )
    return UUID(str(row["portal_id"]))


def entered(connection: Rows, portal_id: UUID) -> dict[str, Any]:
    """A student entered by hand, with how many documents there are and their ``guardians``.

    Raises:
        NotFound: there is none, or the student comes from Qmlativ (by now).
    """
    student = one(
        connection,
        f"select s.portal_id, {', '.join(f's.{name}' for name in STUDENT_FIELDS)}, "  # noqa: S608
        "(select count(*) from documents d where d.district = s.district "
        "and d.student_id = s.student_id) as documents from students s "
        "where s.portal_id = %s and s.origin = 'hand' and s.closed_since is null",
        (portal_id,),
    )
    if student is None:
        raise NotFound(
            "No student entered by hand is here (any more): the nightly import may have taken "
            "over. Nothing was changed"
        )
    guardians = rows(
        connection,
        f"select guardian_id, {', '.join(GUARDIAN_FIELDS)} from guardians "  # noqa: S608
        "where student_id = %s order by priority",
        (student["student_id"],),
    )
    return {**student, "guardians": guardians}


def _locked(connection: Rows, portal_id: UUID) -> dict[str, Any]:
    """The same, locked for this transaction: no import takes the student over meanwhile, and of
    a form that is sent twice the second finds what the first did.

    Raises:
        NotFound: as ``entered``.
    """
    # Read after the lock is held, in a statement of its own: what others did before counts.
    connection.execute(
        "select from students where portal_id = %s and origin = 'hand' for update", (portal_id,)
    )
    return entered(connection, portal_id)


def change(connection: Rows, portal_id: UUID, values: Values) -> list[str]:
    """Store what was typed of a student; the names of the fields that differ from before.

    Raises:
        psycopg.errors.UniqueViolation: the Student Id is another's.
        NotFound: the student comes from Qmlativ by now.
    """
    before = _locked(connection, portal_id)
    differing = _differing(STUDENT_FIELDS, before, values)
    if differing:
        sets = ", ".join(f"{name} = %({name})s" for name in differing)
        connection.execute(
            f"update students set {sets}, changed_at = now() "  # noqa: S608 (names of this file)
            "where portal_id = %(portal_id)s and origin = 'hand'",
            {"portal_id": portal_id, **values},
        )
    return differing


def save_guardian(
    connection: Rows, slug: str, portal_id: UUID, guardian_id: int | None, values: Values
) -> list[str]:
    """Store a guardian, a new one without ``guardian_id``; the names of the fields that differ.

    Raises:
        NotFound: the student comes from Qmlativ by now.
        Conflict: the guardian is gone, or there are too many.
    """
    student = _locked(connection, portal_id)
    at = {"slug": slug, "student": student["student_id"], "guardian": guardian_id, **values}
    if guardian_id is None:
        if any(not _differing(GUARDIAN_FIELDS, one, values) for one in student["guardians"]):
            return []  # a double click sends the form twice
        if len(student["guardians"]) >= MOST_GUARDIANS:
            raise Conflict(
                f"The student has {MOST_GUARDIANS} guardians already",
                hint="Remove one who is entered twice, then add this one.",
            )
        # Below zero: never the id of a person in Qmlativ.
        connection.execute(
            "insert into guardians (district, student_id, guardian_id, priority, "  # noqa: S608
            f"{', '.join(GUARDIAN_FIELDS)}) select %(slug)s, %(student)s, "
            "least(coalesce(min(guardian_id), 0), 0) - 1, coalesce(max(priority), 0) + 1, "
            f"{', '.join(f'%({name})s' for name in GUARDIAN_FIELDS)} from guardians "
            "where district = %(slug)s and student_id = %(student)s",
            at,
        )
        return [name for name in GUARDIAN_FIELDS if values[name]]
    differing = _differing(GUARDIAN_FIELDS, _guardian(student, guardian_id), values)
    if differing:
        sets = ", ".join(f"{name} = %({name})s" for name in differing)
        connection.execute(
            f"update guardians set {sets}, changed_at = now() where district = %(slug)s "  # noqa: S608
            "and student_id = %(student)s and guardian_id = %(guardian)s",
            at,
        )
    return differing


def remove_guardian(connection: Rows, slug: str, portal_id: UUID, guardian_id: int) -> None:
    """Remove a guardian who was entered by hand.

    Raises:
        NotFound: the student comes from Qmlativ by now.
        Conflict: the guardian is gone already.
    """
    student = _locked(connection, portal_id)
    _guardian(student, guardian_id)
    connection.execute(
        "delete from guardians where district = %s and student_id = %s and guardian_id = %s",
        (slug, student["student_id"], guardian_id),
    )


def delete(connection: Rows, portal_id: UUID) -> str:
    """Delete a student entered by hand, guardians included; the Student Id that they had.

    Raises:
        NotFound: the student comes from Qmlativ by now.
        Conflict: there are documents: they are kept, so the student is.
    """
    student = _locked(connection, portal_id)
    if student["documents"]:
        raise Conflict(
            "A student with documents can't be deleted",
            hint="If Qmlativ sends the student under another Student Id, merge the two records "
            "(Problems > Records that may be one student): the documents go along.",
        )
    connection.execute(
        "delete from students where portal_id = %s and origin = 'hand'", (portal_id,)
    )
    return str(student["student_id"])


def _guardian(student: Mapping[str, Any], guardian_id: int) -> Mapping[str, Any]:
    for guardian in student["guardians"]:
        if guardian["guardian_id"] == guardian_id:
            found: Mapping[str, Any] = guardian
            return found
    raise Conflict(
        "This guardian is not here any more", hint="Open the page again; nothing was changed."
    )


def _differing(fields: Sequence[str], before: Mapping[str, Any], typed: Values) -> list[str]:
    return [
        name
        for name in fields
        if (None if before[name] is None else str(before[name])) != typed[name]
    ]
