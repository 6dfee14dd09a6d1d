"""Where people live together: an address that stands on the page already is not told again."""

from __future__ import annotations

from typing import Any

from samegoal_sync.samegoal.publication.student_record import StudentRecord

#: The columns of one address, of students and guardians alike.
ADDRESS = ("address", "city", "state", "zip", "country")


def shared_addresses(record: StudentRecord) -> dict[int, str]:
    """Guardian -> whose address it is too: the student's, or an earlier guardian's name."""
    seen = {_address(record.student): "the student"}
    shared = {}
    for guardian in record.guardians:
        address = _address(guardian)
        if not any(address):
            continue
        if address in seen:
            shared[guardian["guardian_id"]] = seen[address]
        else:
            name = f"{guardian['first_name'] or ''} {guardian['last_name'] or ''}"
            seen[address] = name.strip()
    return shared


def _address(person: dict[str, Any]) -> tuple[str | None, ...]:
    return tuple(person[column] for column in ADDRESS)
