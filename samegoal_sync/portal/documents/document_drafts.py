"""What a person typed into a document and has not saved yet: kept quietly, a draft a person."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from samegoal_sync.portal.documents.document_store import Field
from samegoal_sync.portal.tenant_connection import Rows, rows

#: Letters of a fingerprint.
FINGERPRINT = 16


def fingerprint(value: str | None) -> str:
    """Stands for a value in a form, so that a save knows whether somebody came between."""
    return hashlib.sha256((value or "").encode()).hexdigest()[:FINGERPRINT]


@dataclass(frozen=True)
class Draft:
    """One field's draft.

    Attributes:
        value: what was typed; ``None`` where the field was emptied.
        base: fingerprint of what the document said when the person began.
        at: when it was kept.
    """

    value: str | None
    base: str
    at: datetime

    def crossed_by(self, field: Field) -> bool:
        """Whether somebody else saved the field since the person began."""
        return fingerprint(field.value) != self.base


def drafts_of(connection: Rows, document_id: UUID, login: str) -> dict[str, Draft]:
    """A person's drafts of a document, by the field's key in a form."""
    found = rows(
        connection,
        "select part, guardian_id, field, value, base, at from document_drafts "
        "where document_id = %s and login = %s",
        (document_id, login),
    )
    return {
        f"{row['part']}:{row['guardian_id']}:{row['field']}": Draft(
            row["value"], row["base"], row["at"]
        )
        for row in found
    }


def keep_draft(
    connection: Rows, document_id: UUID, login: str, field: Field, value: str | None, base: str
) -> None:
    """Keep what was typed, in the place of what was kept before."""
    connection.execute(
        "insert into document_drafts (document_id, district, login, part, guardian_id, field, "
        "value, base) values (%s, current_setting('samegoal.district'), %s, %s, %s, %s, %s, %s) "
        "on conflict (document_id, login, part, guardian_id, field) do update "
        "set value = excluded.value, base = excluded.base, at = now()",
        (document_id, login, field.part, field.guardian_id, field.name, value, base),
    )


def drop_drafts(
    connection: Rows, document_id: UUID, login: str, fields: Iterable[Field] | None = None
) -> None:
    """Forget a person's drafts of these fields, or of the document."""
    if fields is None:
        connection.execute(
            "delete from document_drafts where document_id = %s and login = %s",
            (document_id, login),
        )
        return
    for field in fields:
        connection.execute(
            "delete from document_drafts where document_id = %s and login = %s and part = %s "
            "and guardian_id = %s and field = %s",
            (document_id, login, field.part, field.guardian_id, field.name),
        )


def last_savers(connection: Rows, document_id: UUID) -> dict[str, dict[str, Any]]:
    """Who saved each field last, and when: ``who``, ``at`` by the field's key in a form."""
    found = rows(
        connection,
        "select distinct on (part, guardian_id, field) part, guardian_id, field, who, at "
        "from document_changes where document_id = %s "
        "order by part, guardian_id, field, id desc",
        (document_id,),
    )
    return {f"{row['part']}:{row['guardian_id']}:{row['field']}": row for row in found}
