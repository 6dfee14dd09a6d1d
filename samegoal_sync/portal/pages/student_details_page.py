"""A student's Details and Basics tabs, and what is entered by hand."""

from __future__ import annotations

from starlette.responses import Response

from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync.portal.documents.document_store import documents_of
from samegoal_sync.portal.errors import NotFound
from samegoal_sync.portal.pages.student_refresh import state_of
from samegoal_sync.portal.records.audit_trail import Action
from samegoal_sync.portal.records.change_history import visible_changes, withheld_words
from samegoal_sync.portal.records.shown_fields import guardian_fields, student_sections
from samegoal_sync.portal.tenant_connection import Rows
from samegoal_sync.portal.visit import Visit

GENDERS = ("Male", "Female", "Non-binary", "Other")
_LONGEST_PRONOUNS = 40
_SAVED = "Saved. The nightly import never changes this."


def details(visit: Visit, errors: dict[str, str] | None = None) -> Response:
    """The Details tab; with ``errors`` of its form, what was typed stands there still."""
    with visit.district(snapshot=True) as connection:
        record = visit.student_record(connection)
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
        sections=student_sections(record),
        guardian_fields=guardian_fields(record),
        genders=GENDERS,
        kinds=KINDS,
        changes=visible_changes(record, manages=visit.manages),
        withheld=withheld_words(record) if visit.manages else [],
    )


def basics(visit: Visit) -> Response:
    """The Basics tab: enrollment with its reason, what identifies the student, how it came here."""
    with visit.district() as connection:
        record = visit.student_record(connection)
        visit.record(connection, Action.VIEWED, student_id=record.student_id, what="Basics")
        refreshing = state_of(connection, record)
    return visit.page("basics.html", record=record, kinds=KINDS, refreshing=refreshing)


def enter_by_hand(visit: Visit) -> Response:
    """Save what the form of one tab holds; Basics' is for administrative users."""
    if visit.field("part") == "basics":
        return _enter_basics(visit)
    return _enter_details(visit)


def _enter_basics(visit: Visit) -> Response:
    if not visit.manages:
        raise NotFound
    _enter(visit, historical_idle=visit.field("historical_idle") == "yes")
    return visit.go(f"{visit.student_address}/basics", _SAVED)


def _enter_details(visit: Visit) -> Response:
    gender = visit.field("preferred_gender") or None
    pronouns = visit.line("pronouns") or None
    errors = {}
    if gender not in (*GENDERS, None):
        errors["preferred_gender"] = "Choose one of the list."
    if len(pronouns or "") > _LONGEST_PRONOUNS:
        errors["pronouns"] = f"At most {_LONGEST_PRONOUNS} letters."
    if errors:
        return details(visit, errors)
    _enter(visit, preferred_gender=gender, pronouns=pronouns)
    return visit.go(visit.student_address, _SAVED)


def _enter(visit: Visit, **columns: str | bool | None) -> None:
    """Write these columns and no others: the other tab's form may have been saved meanwhile."""
    entered = {**columns, "entered_by": visit.user.login}
    names, marks = ", ".join(entered), ", ".join(f"%({name})s" for name in entered)
    sets = ", ".join(f"{name} = excluded.{name}" for name in entered)

    def write(connection: Rows) -> None:
        student_id = visit.student_record(connection).student_id
        connection.execute(
            f"insert into entered_by_hand (district, student_id, entered_at, {names}) "  # noqa: S608
            f"values (%(district)s, %(student_id)s, now(), {marks}) "
            "on conflict (district, student_id) do update "
            f"set entered_at = excluded.entered_at, {sets}",
            {"district": visit.slug, "student_id": student_id, **entered},
        )
        visit.record(connection, Action.ENTERED, student_id=student_id)

    visit.at_one_moment(write)
