"""Documents in Postgres: copied from Details when started, and never changing by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from samegoal_sync.portal.documents.document_kinds import GUARDIAN_COPIED, KINDS, STUDENT_COPIED
from samegoal_sync.portal.errors import Conflict, NotFound
from samegoal_sync.portal.tenant_connection import Rows, one, rows
from samegoal_sync.samegoal.publication.last_good_night import last_good_night
from samegoal_sync.samegoal.publication.student_record import StudentRecord


@dataclass(frozen=True)
class Field:
    """One field of a document.

    Attributes:
        part: ``student``, ``guardian`` or ``section``.
        copied: what Details held when the document was started.
        value: what the document says.
        details: what Details holds now; only where it is known.
        differs: Details holds something else than the document says.
    """

    part: str
    guardian_id: int
    name: str
    copied: str | None
    value: str | None
    details: str | None
    differs: bool

    @property
    def key(self) -> str:
        """Names the field in a form."""
        return f"{self.part}:{self.guardian_id}:{self.name}"

    @property
    def fillable(self) -> bool:
        """Blank when copied: staff may fill it."""
        return self.part == "section" or self.copied is None


@dataclass(frozen=True)
class Document:
    """A document with its fields, and the student it is about as Details holds them now."""

    about: dict[str, Any]
    record: StudentRecord
    student: list[Field]
    guardians: dict[int, list[Field]]
    sections: list[Field]
    history: list[dict[str, Any]]
    gone_guardians: list[int]
    new_guardians: list[str]

    @property
    def student_name(self) -> str:
        """``Zimmer, Ann``: the student as the document names them."""
        names = {field.name: field.value or "" for field in self.student}
        return f"{names.get('last_name', '')}, {names.get('first_name', '')}"

    @property
    def withheld_guardians(self) -> list[int]:
        """Guardians in the document who may no longer see the student, by the newest read."""
        return [key for key in self.guardians if key in self.record.withheld]

    @property
    def denied_contacts(self) -> list[Field]:
        """Contacts in the document that are not the guardian's own, by the newest read."""
        return [
            field
            for fields in self.guardians.values()
            for field in fields
            if field.value and (field.guardian_id, field.name) in self.record.denied
        ]

    @property
    def fields(self) -> list[Field]:
        """Every field, in the order of the page."""
        guardians = [field for fields in self.guardians.values() for field in fields]
        return [*self.student, *guardians, *self.sections]

    @property
    def differences(self) -> list[Field]:
        """Fields that Details now holds differently; none on a finished document."""
        if self.about["finished_at"]:
            return []
        return [field for field in self.fields if field.differs]


def documents_of(connection: Rows, student_id: str, *, first: str) -> list[dict[str, Any]]:
    """A student's documents, newest first.

    Args:
        first: the login whose own documents stand before the others.
    """
    return rows(
        connection,
        "select id, kind, created_at, created_by, finished_at, version from documents "
        "where district = current_setting('samegoal.district', true) and student_id = %s "
        "order by created_by = %s desc, created_at desc",
        (student_id, first),
    )


def start_document(connection: Rows, record: StudentRecord, kind: str, who: str) -> UUID:
    """Start a document: this moment's demographics are copied into it, in this transaction."""
    district = record.student["district"]
    good = last_good_night(connection, district)
    document = one(
        connection,
        "insert into documents (district, student_id, kind, created_by, copied_from_night) "
        "values (%s, %s, %s, %s, %s) returning id",
        (district, record.student_id, kind, who, good.night if good else None),
    )["id"]
    fields: list[tuple[str, int, str, str | None]] = [
        ("student", 0, name, text(record.student[name])) for name in STUDENT_COPIED
    ]
    fields += [
        ("student", 0, name, text(record.by_hand.get(name)))
        for name in ("preferred_gender", "pronouns")
    ]
    for guardian in record.guardians:
        fields += [
            ("guardian", guardian["guardian_id"], name, text(guardian[name]))
            for name in GUARDIAN_COPIED
        ]
    fields += [("section", 0, name, None) for name in KINDS[kind].sections]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into document_fields (document_id, district, part, guardian_id, position, "
            "field, copied, value) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (document, district, part, guardian, place, name, value, value)
                for place, (part, guardian, name, value) in enumerate(fields)
            ],
        )
    return UUID(str(document))


def amend_document(connection: Rows, about: dict[str, Any], who: str) -> UUID:
    """Start the next version of a finished document: its texts and copied values, open again.

    Raises:
        Conflict: there is a newer version already.
    """
    made = one(
        connection,
        "insert into documents (district, student_id, kind, created_by, copied_from_night, "
        "version, amends) select district, student_id, kind, %s, copied_from_night, version + 1, "
        "id from documents where id = %s on conflict (amends) do nothing returning id",
        (who, about["id"]),
    )
    if made is None:
        raise Conflict(
            "There is a newer version of this document already",
            hint="Open the newer version from the student's Details.",
        )
    document: UUID = made["id"]
    connection.execute(
        "insert into document_fields (document_id, district, part, guardian_id, position, field, "
        "copied, value) select %s, district, part, guardian_id, position, field, copied, value "
        "from document_fields where document_id = %s",
        (document, about["id"]),
    )
    return document


def text(value: Any) -> str | None:
    """A published value as a document holds it: booleans as words, dates as ISO text."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return str(value)


def lock_open(connection: Rows, document_id: UUID) -> dict[str, Any]:
    """The document, locked for this transaction, so that two people can't cross each other.

    Raises:
        NotFound: the district has no such document.
        Conflict: it is finished.
    """
    about: dict[str, Any] | None = one(
        connection, "select * from documents where id = %s for update", (document_id,)
    )
    if about is None:
        raise NotFound
    if about["finished_at"]:
        raise Conflict(
            "This document is finished and can't be changed",
            hint="Start a new document if something must be different.",
        )
    return about


def change_field(
    connection: Rows, document_id: UUID, field: Field, value: str | None, kind: str, who: str
) -> None:
    """Give a field another value; the old one is kept in the document's history."""
    connection.execute(
        "update document_fields set value = %s "
        "where document_id = %s and part = %s and guardian_id = %s and field = %s",
        (value, document_id, field.part, field.guardian_id, field.name),
    )
    connection.execute(
        "insert into document_changes (document_id, district, part, guardian_id, field, kind, "
        "old, new, who) values (%s, current_setting('samegoal.district'), %s, %s, %s, %s, %s, "
        "%s, %s)",
        (
            document_id,
            field.part,
            field.guardian_id,
            field.name,
            kind,
            field.value,
            value,
            who,
        ),
    )


def finish(connection: Rows, document_id: UUID, who: str) -> None:
    """Finish a document: a trigger refuses every later change."""
    connection.execute(
        "update documents set finished_at = now(), finished_by = %s where id = %s",
        (who, document_id),
    )
