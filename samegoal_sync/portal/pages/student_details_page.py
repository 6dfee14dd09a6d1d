"""A student's Details and Basics tabs, and what is entered by hand."""

from __future__ import annotations

from starlette.responses import Response

from samegoal_sync.demographics.columns.guardian_columns import GUARDIANS
from samegoal_sync.demographics.columns.student_columns import STUDENTS
from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync.portal.documents.document_store import documents_of
from samegoal_sync.portal.errors import NotFound
from samegoal_sync.portal.pages.student_refresh import state_of
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.change_history import visible_changes, withheld_words
from samegoal_sync.portal.records.shared_addresses import ADDRESS, shared_addresses
from samegoal_sync.portal.records.student_record import read_record
from samegoal_sync.portal.records.value_sources import sources_of
from samegoal_sync.portal.rendering.column_labels import GUARDIAN_FIELDS, STUDENT_SECTIONS
from samegoal_sync.portal.visit import Visit

GENDERS = ("Male", "Female", "Non-binary", "Other")
_LONGEST_PRONOUNS = 40


def details(visit: Visit) -> Response:
    """The Details tab."""
    return _details(visit)


def _details(visit: Visit, errors: dict[str, str] | None = None) -> Response:
    with visit.district(snapshot=True) as connection:
        record = read_record(connection, visit.uuid("student"))
        documents = documents_of(connection, record.student_id, first=visit.user.login)
        refreshing = state_of(connection, record)
        visit.record(connection, Action.VIEWED, student_id=record.student_id, what="Details")
    return visit.page(
        "details.html",
        422 if errors else 200,
        errors=errors or {},
        typed=visit.all_fields() if errors else record.by_hand,
        record=record,
        refreshing=refreshing,
        documents=documents,
        sections=STUDENT_SECTIONS,
        guardian_fields=GUARDIAN_FIELDS,
        student_blanks=STUDENTS.shown_blank,
        guardian_blanks=GUARDIANS.shown_blank,
        student_sources=sources_of("student_demographics"),
        guardian_sources=sources_of("guardian_demographics"),
        genders=GENDERS,
        kinds=KINDS,
        changes=visible_changes(record, manages=visit.manages),
        withheld=withheld_words(record) if visit.manages else [],
        shared_addresses=shared_addresses(record),
        address_columns=ADDRESS,
    )


def basics(visit: Visit) -> Response:
    """The Basics tab: enrollment with its reason, what identifies the student, how it came here."""
    with visit.district() as connection:
        record = read_record(connection, visit.uuid("student"))
        visit.record(connection, Action.VIEWED, student_id=record.student_id, what="Basics")
        refreshing = state_of(connection, record)
    return visit.page("basics.html", record=record, kinds=KINDS, refreshing=refreshing)


def enter_by_hand(visit: Visit) -> Response:
    """Save preferred gender and pronouns; administrative users also say historical / idle."""
    of_basics = visit.field("part") == "basics"
    if of_basics and not visit.manages:
        raise NotFound
    gender = visit.field("preferred_gender") or None
    pronouns = visit.line("pronouns") or None
    errors = {}
    if gender not in (*GENDERS, None):
        errors["preferred_gender"] = "Choose one of the list."
    if len(pronouns or "") > _LONGEST_PRONOUNS:
        errors["pronouns"] = f"At most {_LONGEST_PRONOUNS} letters."
    if errors:
        return _details(visit, errors)
    with visit.district() as connection:
        record = read_record(connection, visit.uuid("student"))
        idle = bool(record.by_hand.get("historical_idle"))
        if of_basics:
            idle = visit.field("historical_idle") == "yes"
            gender = record.by_hand.get("preferred_gender")
            pronouns = record.by_hand.get("pronouns")
        connection.execute(
            """
            insert into entered_by_hand (district, student_id, preferred_gender, pronouns,
                historical_idle, entered_by, entered_at)
            values (%s, %s, %s, %s, %s, %s, now())
            on conflict (district, student_id) do update set
                preferred_gender = excluded.preferred_gender, pronouns = excluded.pronouns,
                historical_idle = excluded.historical_idle, entered_by = excluded.entered_by,
                entered_at = excluded.entered_at
            """,
            (visit.slug, record.student_id, gender, pronouns, idle, visit.user.login),
        )
        visit.record(connection, Action.ENTERED, student_id=record.student_id)
    tab = "/basics" if of_basics else ""
    return visit.go(
        f"{visit.student_address}{tab}", "Saved. The nightly import never changes this."
    )
