"""Records that may be one student: side by side, merged or kept apart by an administrative user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from starlette.responses import Response

from samegoal_sync.portal.errors import Conflict, Refused
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.tenant_connection import one
from samegoal_sync.portal.visit import Visit
from samegoal_sync.samegoal.errors import PublicationError, StudentNotPublished
from samegoal_sync.samegoal.publication.same_student import (
    keep_apart,
    merge,
    undecided_pairs,
)

_ADDRESS = "same-student"


def same_student(visit: Visit) -> Response:
    """The pairs that nobody has decided."""
    with visit.district() as connection:
        pairs = undecided_pairs(connection, visit.slug)
        visit.record(connection, Action.VIEWED_PROBLEMS, what=f"{len(pairs)} pairs of records")
    return visit.page("same_student.html", pairs=pairs)


def merge_records(visit: Visit) -> Response:
    """Move what people made for one record to the other, in one transaction with its audit line."""
    if visit.field("confirmed") != "yes":
        raise Refused(
            "The two records were not merged",
            hint="Tick that both are one student, then merge: documents can't be moved back here.",
        )
    (other, survivor), portal_ids = _keys(visit)
    _decide(
        merge, visit, other, survivor, portal_ids=portal_ids,
        witness=visit.witness(Action.MERGED, student_id=survivor, what=f"from {other}"
        ),
    )  # fmt: skip
    return _back(visit, "Merged: the documents are with the student's present record.")


def keep_records_apart(visit: Visit) -> Response:
    """Take the pair off the list."""
    (other, survivor), portal_ids = _keys(visit)
    _decide(
        keep_apart, visit, other, survivor, visit.user.login, portal_ids=portal_ids,
        witness=visit.witness(Action.KEPT_APART, student_id=survivor, what=f"and {other}"
        ),
    )  # fmt: skip
    return _back(visit, "Kept apart: these are two students.")


def _decide(decision: Callable[..., None], visit: Visit, *arguments: str, **named: Any) -> None:
    try:
        visit.portal.owner.change(visit.slug, decision, *arguments, **named)
    except StudentNotPublished:
        # The wait for a night may be long, and it may give a Student Id to another student.
        raise _not_here() from None
    except PublicationError as error:
        raise Conflict(error.what, hint=error.hint) from None


def _keys(visit: Visit) -> tuple[tuple[str, str], tuple[UUID, UUID]]:
    """The Student Ids of the two records that the form names, and what they are in addresses;
    they must be this district's.
    """
    found = []
    with visit.district() as connection:
        for field in ("other", "survivor"):
            record = one(
                connection,
                "select student_id, portal_id from students where portal_id::text = %s",
                (visit.field(field),),
            )
            if record is None:
                raise _not_here()
            found.append(record)
    other, survivor = found
    return (
        (str(other["student_id"]), str(survivor["student_id"])),
        (other["portal_id"], survivor["portal_id"]),
    )


def _not_here() -> Conflict:
    return Conflict(
        "One of the records is not here any more, or has another Student Id by now",
        hint="Open the list of pairs again. Nothing was changed.",
    )


def _back(visit: Visit, message: str) -> Response:
    return visit.go(f"/d/{visit.slug}/{_ADDRESS}", message)
