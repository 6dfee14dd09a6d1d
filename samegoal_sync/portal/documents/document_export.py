"""All documents of a district as files before it is removed: PDF for people, JSON for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync.portal.documents.document_reading import read_document
from samegoal_sync.portal.documents.document_store import Document
from samegoal_sync.portal.documents.pdf_jobs import PdfJobs
from samegoal_sync.portal.errors import Refused
from samegoal_sync.portal.rendering.column_labels import label
from samegoal_sync.portal.rendering.jinja_environment import worded
from samegoal_sync.portal.tenant_connection import PortalDatabase, one, rows


def export_documents(
    database_url: str, slug: str, folder: Path, *, say: Callable[[str], None]
) -> int:
    """Write each document of the district to ``folder/documents``; how many they are.

    Files are their owner's alone; those of an export before are replaced. One that can't be laid
    out as PDF is written as text, and ``say`` is given a line with its id, without its student.
    """
    target = folder / "documents"
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = PortalDatabase(database_url)
    try:
        with database.district(slug, user=None, sees_all=True) as connection:
            district = one(connection, "select name, time_zone from districts")
            ids = [row["id"] for row in rows(connection, "select id from documents order by id")]
        with PdfJobs() as jobs:
            for document_id in ids:
                # A transaction a document: thousands are not held up by one snapshot.
                with database.district(slug, user=None, sees_all=True, snapshot=True) as connection:
                    document = read_document(connection, UUID(str(document_id)))
                path = target / _name(document)
                _write(
                    path.with_suffix(".json"), json.dumps(_plain(document), default=str).encode()
                )
                try:
                    pdf = jobs.make(document, district["name"], district["time_zone"])
                    _write(path.with_suffix(".pdf"), pdf)
                except Refused as refused:
                    _write(path.with_suffix(".txt"), _text(document, refused.what).encode())
                    say(f"document {document_id} is exported as text: {refused.what}")
    finally:
        database.close()
    return len(ids)


def _name(document: Document) -> str:
    about = document.about
    return f"{about['student_id']}_{about['kind']}_v{about['version']}_{about['id']}.pdf"


def _plain(document: Document) -> dict[str, Any]:
    return {
        "about": document.about,
        "fields": [
            {
                "part": field.part,
                "guardian_id": field.guardian_id,
                "field": field.name,
                "copied": field.copied,
                "value": field.value,
            }
            for field in document.fields
        ],
        "history": document.history,
    }


def _text(document: Document, why: str) -> str:
    """What the PDF would have said, a field a paragraph, beginning with why there is none."""
    kind = KINDS[document.about["kind"]]
    paragraphs = [f"{why}. This is its text.", kind.title, document.student_name]
    for place, fields in enumerate([document.student, *document.guardians.values()]):
        paragraphs.append(f"Guardian {place}" if place else "Student")
        paragraphs += [
            f"{label(field.name)}: {worded(field.value, field.name)}"
            for field in fields
            if field.value
        ]
    for section in document.sections:
        paragraphs += [kind.sections[section.name], section.value or ""]
    return "\n\n".join(paragraphs) + "\n"


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
