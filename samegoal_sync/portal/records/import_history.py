"""How the nights went: the last thirty, and the one that is held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from samegoal_sync.portal.tenant_connection import Rows, one, rows
from samegoal_sync.samegoal.publication.findings import Findings

SHOWN = 30
_BAR, _GAP, _HEIGHT = 14, 4, 64


@dataclass(frozen=True)
class Bar:
    """A night of the trend picture, in its own units of length."""

    x: int
    y: int
    height: int
    state: str
    told: str


def last_nights(connection: Rows) -> list[dict[str, Any]]:
    """The connection's district's last thirty nights, newest first, one row a run."""
    return rows(
        connection,
        "select id, night, kind, state, started_at, finished_at, counts, findings, "
        "absent_columns, message, hint, actor from syncs "
        "where district = current_setting('samegoal.district', true) and kind <> 'student' "
        "order by id desc limit %s",
        (SHOWN,),
    )


def waiting_night(owner: Rows, slug: str) -> dict[str, Any] | None:
    """The night that is held now, be it the last or an earlier one.

    ``waiting`` counts guardians whom the night withholds and who are still published, ``removed``
    those whom it removed all the same.
    """
    night: dict[str, Any] | None = one(
        owner,
        "select h.sync_id, h.night, s.message, s.actor, s.findings "
        "from held_nights h join syncs s on s.id = h.sync_id where h.district = %s",
        (slug,),
    )
    if night is None:
        return None
    found = Findings.from_json(night.pop("findings"))
    return night | {"waiting": found.restrictions_waiting, "removed": found.restrictions_applied}


def bars(nights: list[dict[str, Any]]) -> list[Bar]:
    """The trend picture: a bar a run, oldest left, high by students, coloured by state."""
    sent = [int(night["counts"].get("students_sent", 0)) for night in nights]
    highest = max(sent, default=0) or 1
    made = []
    for place, (night, students) in enumerate(zip(reversed(nights), reversed(sent), strict=True)):
        height = max(6, round(students / highest * _HEIGHT))
        told = f"{_day(night['night'])}: {night['state']}, {students:,} students"
        x = place * (_BAR + _GAP)
        made.append(Bar(x, _HEIGHT + 4 - height, height, night["state"], told))
    return made


def _day(value: date) -> str:
    return f"{value:%b} {value.day}"
