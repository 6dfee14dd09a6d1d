"""Read a document beside what Details holds now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from samegoal_sync.portal.documents.document_store import Document, Field, text
from samegoal_sync.portal.errors import NotFound
from samegoal_sync.portal.tenant_connection import Rows, one, rows
from samegoal_sync.samegoal.publication.student_record import StudentRecord, record_by_portal_id


def read_document(connection: Rows, document_id: UUID) -> Document:
    """Read a document of the connection's district.

    Raises:
        NotFound: the district has no such document.
    """
    about = one(
        connection,
        "select d.*, s.portal_id, n.id newer_version from documents d join students s "
        "on s.district = d.district and s.student_id = d.student_id "
        "left join documents n on n.amends = d.id where d.id = %s",
        (document_id,),
    )
    record = record_by_portal_id(connection, about["portal_id"]) if about else None
    if record is None:
        raise NotFound
    now = {guardian["guardian_id"]: guardian for guardian in record.guardians}
    fields = [
        _field(row, record, now)
        for row in rows(
            connection,
            "select part, guardian_id, field, copied, value from document_fields "
            "where document_id = %s order by position",
            (document_id,),
        )
    ]
    guardians: dict[int, list[Field]] = {}
    for field in fields:
        if field.part == "guardian":
            guardians.setdefault(field.guardian_id, []).append(field)
    return Document(
        about=about,
        record=record,
        student=[field for field in fields if field.part == "student"],
        guardians=guardians,
        sections=[field for field in fields if field.part == "section"],
        history=rows(
            connection,
            "select part, guardian_id, field, kind, old, new, at, who from document_changes "
            "where document_id = %s order by id desc",
            (document_id,),
        ),
        gone_guardians=[key for key in guardians if key not in now],
        new_guardians=[
            f"{guardian['first_name'] or ''} {guardian['last_name'] or ''}".strip()
            for key, guardian in now.items()
            if key not in guardians
        ],
    )


def _field(row: dict[str, Any], record: StudentRecord, now: dict[int, dict[str, Any]]) -> Field:
    part, guardian_id, name = row["part"], row["guardian_id"], row["field"]
    details, known = None, part != "section"
    if part == "student":
        details = text(record.student.get(name, record.by_hand.get(name)))
    elif part == "guardian":
        known = guardian_id in now
        details = text(now[guardian_id][name]) if known else None
    return Field(
        part=part,
        guardian_id=guardian_id,
        name=name,
        copied=row["copied"],
        value=row["value"],
        details=details,
        differs=known
        and details != row["value"]
        and not (details is None and row["copied"] is None),
    )
