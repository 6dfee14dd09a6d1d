"""A student's history as a person may see it: nothing of a guardian who is not published.

A guardian who may no longer see the student stays in the history by address and phone, where
every teacher could read them. Administrative users see who is withheld, and why.
"""

from __future__ import annotations

from typing import Any

from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.samegoal.publication.student_record import StudentRecord

#: Values by which one is reached; a restricted guardian's may have stood on another one.
_CONTACTS = frozenset(GUARDIAN_TABLE.contacts)

#: Why a guardian is withheld, in the words shown to administrative users.
_REASONS = {
    "restricted": "restricted access in Qmlativ",
    "resembles_restricted": "may be a restricted guardian under a second Name",
    "guardian_minor_student": "a fellow student",
}


def visible_changes(record: StudentRecord, *, manages: bool) -> list[dict[str, Any]]:
    """The changes, newest first, each with ``who`` (of whom it is) and ``redacted``.

    Args:
        manages: whether the person is an administrative user; else old and new values are left
            out of changes of guardians who are not published, and of contacts of a student from
            whom a guardian is withheld, or ever was.
    """
    guarded = bool(record.withheld) or any(one["field"] == "withheld" for one in record.changes)
    names = {
        one["guardian_id"]: f"{one['first_name'] or ''} {one['last_name'] or ''}".strip()
        for one in record.guardians
    }
    return [
        change
        | {"who": _who(record, names, change["guardian_id"]), "redacted": False}
        | ({} if manages or not _is_hidden(names, change, guarded) else _REDACTED)
        for change in record.changes
    ]


def withheld_words(record: StudentRecord) -> list[str]:
    """One line a guardian that is withheld, for administrative users."""
    return [f"Guardian {key}: {words(reason)}" for key, reason in record.withheld.items()]


def words(reason: str) -> str:
    """Why a guardian is withheld."""
    return _REASONS.get(reason, reason.replace("_", " "))


_REDACTED = {"old": None, "new": None, "redacted": True}


def _who(record: StudentRecord, names: dict[int, str], guardian_id: int | None) -> str | None:
    if guardian_id is None:
        return None
    if guardian_id in record.withheld:
        return f"Withheld guardian ({words(record.withheld[guardian_id])})"
    return names.get(guardian_id, "Former guardian")


def _is_hidden(names: dict[int, str], change: dict[str, Any], guarded: bool) -> bool:
    guardian_id = change["guardian_id"]
    if guardian_id is None:
        return False
    return guardian_id not in names or (guarded and change["field"] in _CONTACTS)
