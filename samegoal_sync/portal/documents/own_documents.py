"""The open documents of one person: those that they started, and those with a draft of theirs."""

from __future__ import annotations

from typing import Any

from samegoal_sync.portal.tenant_connection import Rows, rows

SHOWN = 8


def own_documents(connection: Rows, login: str) -> list[dict[str, Any]]:
    """The person's unfinished documents in the district, newest first, with each student's name.

    Args:
        login: whose they are.
    """
    return rows(
        connection,
        "with own as ("
        "(select id from documents where district = current_setting('samegoal.district', true) "
        "and created_by = %(login)s and finished_at is null "
        "order by created_at desc limit %(shown)s) "
        "union select document_id from document_drafts "
        "where district = current_setting('samegoal.district', true) and login = %(login)s) "
        "select d.id, d.kind, d.created_at, d.version, s.first_name, s.last_name "
        "from own join documents d using (id) "
        "join students s on s.district = d.district and s.student_id = d.student_id "
        "where d.finished_at is null order by d.created_at desc limit %(shown)s",
        {"login": login, "shown": SHOWN},
    )
