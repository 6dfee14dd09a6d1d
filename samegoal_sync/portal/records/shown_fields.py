"""The fields of Details as its page shows them: each value with where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE
from samegoal_sync.portal.records.shared_addresses import ADDRESS, shared_addresses
from samegoal_sync.portal.records.value_sources import ValueSource, sources_of
from samegoal_sync.portal.rendering.column_labels import GUARDIAN_FIELDS, STUDENT_SECTIONS
from samegoal_sync.portal.rendering.contact_links import contact_link
from samegoal_sync.portal.rendering.jinja_environment import worded
from samegoal_sync.samegoal.publication.student_record import StudentRecord


@dataclass(frozen=True)
class ShownField:
    """One field of a student or guardian.

    Attributes:
        name: its column.
        text: the value in words.
        link: what a click on it calls or writes to; empty where nobody is reached by it.
        origin: where the value came from, and whether Qmlativ shared it last night.
        sent_as: the API's fields that hold it; empty where Qmlativ sends none.
        since: when the present value came; ``None``: with the student.
    """

    name: str
    text: str
    link: str
    origin: str
    sent_as: str
    since: datetime | None


def student_sections(record: StudentRecord) -> dict[str, list[ShownField]]:
    """Title of each part of Details -> the student's fields in it, but blanks of no interest."""
    return {
        title: [
            _field(record, None, name, record.student[name])
            for name in columns
            if record.student[name] is not None or name in STUDENT_TABLE.shown_blank
        ]
        for title, columns in STUDENT_SECTIONS.items()
    }


def guardian_fields(record: StudentRecord) -> dict[int, list[ShownField]]:
    """Guardian -> their fields, but blanks of no interest.

    An address that stands on the page already is one field, which says whose it is.
    """
    lives_with = shared_addresses(record)
    return {
        guardian["guardian_id"]: [
            _field(record, guardian["guardian_id"], name, value)
            for name, value in _values(guardian, lives_with.get(guardian["guardian_id"])).items()
            if value or name in GUARDIAN_TABLE.shown_blank
        ]
        for guardian in record.guardians
    }


def _values(guardian: dict[str, Any], lives_with: str | None) -> dict[str, Any]:
    """A guardian's values by column, in the order of the page."""
    values = {name: guardian[name] for name in GUARDIAN_FIELDS}
    if not lives_with:
        return values
    street, *rest = ADDRESS
    values[street] = f"Same as {lives_with}"
    return {name: value for name, value in values.items() if name not in rest}


def _field(record: StudentRecord, guardian_id: int | None, name: str, value: Any) -> ShownField:
    of_guardian = guardian_id is not None
    by_hand = record.student["origin"] == "hand"
    sources = sources_of("guardian_demographics" if of_guardian else "student_demographics")
    source = None if by_hand else sources.get(name)
    absent = (f"guardian.{name}" if of_guardian else name) in record.absent
    return ShownField(
        name,
        text=worded(value, name),
        link=contact_link(value, name) if of_guardian else "",
        origin="Entered by hand" if by_hand else _origin(source, absent=absent, blank=not value),
        sent_as=source.fields if source else "",
        since=record.came_on.get((guardian_id, name)),
    )


def _origin(source: ValueSource | None, *, absent: bool, blank: bool) -> str:
    where = source.screen if source else "SameGoal"
    if not absent:
        return where
    return f"Not shared by Qmlativ{'' if blank else '; kept as it was'}. {where}"
