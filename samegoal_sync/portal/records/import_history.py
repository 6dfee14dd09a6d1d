"""How the nights went: the newest, and the one that is held."""

from __future__ import annotations

from typing import Any

from samegoal_sync.portal.tenant_connection import Rows, one, rows
from samegoal_sync.samegoal.publication.findings import Findings

#: Nights of a district's trends and of the table beside them.
SHOWN = 60


def last_nights(connection: Rows) -> list[dict[str, Any]]:
    """The connection's district's newest nights, newest first, one row a run."""
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

    ``removed`` counts guardians whom it removed all the same, for they may not see the student.
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
    return night | {"removed": found.restrictions_applied}
