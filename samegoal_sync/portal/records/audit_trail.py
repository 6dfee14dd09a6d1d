"""The audit log: who saw or did what, when, from where. It can only be added to."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from samegoal_sync.portal.identity.accounts import User
    from samegoal_sync.portal.tenant_connection import Rows


class Action(StrEnum):
    """What is recorded, in the words shown to the district."""

    SIGNED_IN = "signed in"
    SIGN_IN_FAILED = "failed to sign in"
    SIGN_IN_SLOWED = "had to wait before the next try to sign in"
    CODE_FAILED = "showed a wrong code of the second factor"
    SIGNED_OUT = "signed out"
    PASSWORD_CHANGED = "changed the password"  # noqa: S105 (no password)
    SECOND_FACTOR = "set up a second factor"
    LISTED = "searched students"
    VIEWED = "viewed a student"
    REFRESHED = "refreshed a student"
    ADDED = "added a student by hand"
    CHANGED = "changed a student entered by hand"
    DELETED = "deleted a student entered by hand"
    ENTERED = "entered by hand"
    REVEALED = "revealed the client secret"
    SETTINGS = "changed settings"
    PREVIEWED = "previewed a night"
    VIEWED_HELD = "viewed a held night"
    APPROVED = "approved a held night"
    DISCARDED = "discarded a held night"
    VIEWED_PROBLEMS = "viewed problems"
    MERGED = "merged two records"
    KEPT_APART = "kept two records apart"
    VIEWED_CASELOAD = "viewed a caseload"
    ASSIGNED = "assigned to a caseload"
    UNASSIGNED = "took off a caseload"
    ERASED = "erased a student"
    ADMITTED_AGAIN = "let an erased student be imported again"
    CORRECTED = "took former values out of a history"
    REMOVED = "removed the district"
    PRUNED = "deleted old lines"
    EXPORTED = "exported"
    ACCOUNT = "changed an account"
    DOCUMENT_STARTED = "started a document"
    DOCUMENT_VIEWED = "viewed a document"
    DOCUMENT_CHANGED = "changed a document"
    DOCUMENT_FINISHED = "finished a document"
    DOCUMENT_AMENDED = "started a new version of a document"


def record(
    connection: Rows,
    user: User,
    action: Action,
    *,
    district: str | None,
    address: str,
    student_id: str | None = None,
    document_id: UUID | None = None,
    what: str = "",
) -> None:
    """Add a line, in the transaction of what it tells of: neither happens without the other.

    Args:
        what: names of fields and settings, counts, what was searched for; never a value from a
            student's record.
    """
    write_line(
        connection,
        action,
        who=user.login,
        role=user.role,
        district=district,
        address=address,
        student_id=student_id,
        document_id=document_id,
        what=what,
    )


def write_line(
    connection: Any,
    action: Action,
    *,
    who: str,
    role: str,
    district: str | None,
    address: str = "",
    student_id: str | None = None,
    document_id: UUID | None = None,
    what: str = "",
) -> None:
    """The same for whoever has no account: a person at a command line."""
    connection.execute(
        "insert into audit_log (district, who, role, action, student_id, document_id, what, "
        "address) values (%s, %s, %s, %s, %s, %s, %s, %s)",
        (district, who, role, action.value, student_id, document_id, what[:500], address),
    )
