"""Two records that may be one student: listed, and decided by a person, never by an import.

Qmlativ says who a student is by the SIS Internal ID. Where a child got a new one (records merged
in Skyward, a re-enrollment, a student entered by hand before Qmlativ knew them), SameGoal has two
records, and what belongs to the child lies in both. Whether they are one child only a person can
say: *merge* moves documents and what was entered by hand to the record that Qmlativ sends, *keep
apart* takes the pair off the list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row, tuple_row

from samegoal_sync.samegoal.errors import (
    ClosedRecord,
    SameRecord,
    StillSent,
    StudentNotPublished,
)
from samegoal_sync.samegoal.publication.transaction import district_transaction

#: Pairs listed at once; more than a person decides in a sitting.
MOST_PAIRS = 200

#: Writes what belongs to a decision (an audit line) in the decision's own transaction.
Witness = Callable[[Connection[Any]], None]


class Why(StrEnum):
    """What two records have in common."""

    NAME = "same legal name and birth date"
    STUDENT_ID = "same Student Id, one after the other"


@dataclass(frozen=True)
class PairedRecord:
    """A record as the list shows it.

    Attributes:
        portal_id: its id in the portal.
        student_id: the key under which it is published; of a closed one ``~`` and more.
        shown_id: the Student Id that people know it by, also if it is another's by now.
        sent: whether Qmlativ sends it.
        closed: whether its Student Id is another's by now.
        documents: how many it has.
        by_hand: whether preferred gender or pronouns were entered for it.
        entered: whether the whole record was entered by hand.
    """

    portal_id: UUID
    student_id: str
    shown_id: str
    sis_internal_id: int | None
    last_name: str
    first_name: str
    date_of_birth: date
    sent: bool
    closed: bool
    documents: int
    by_hand: bool
    entered: bool

    @property
    def holds_something(self) -> bool:
        """Whether a merge would move anything, or end a record that no import ends."""
        return bool(self.documents or self.by_hand or self.entered)


@dataclass(frozen=True)
class Pair:
    """Two records that may be one student.

    Attributes:
        why: what they have in common.
        survivor: the one that Qmlativ sends, else the one that has its Student Id.
        other: the one whose documents and values would be moved.
    """

    why: Why
    survivor: PairedRecord
    other: PairedRecord

    @property
    def can_be_merged(self) -> bool:
        """Whether it is for SameGoal to merge; of two that Qmlativ sends it is for Skyward."""
        return not self.other.sent


def undecided_pairs(connection: Connection[Any], slug: str) -> list[Pair]:
    """The district's pairs that nobody has decided, at most ``MOST_PAIRS``.

    Listed are two records that Qmlativ sends with the same legal name and birth date, and those
    of which the one that it does not send was entered by hand or holds something that was.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute(_PAIRS, {"slug": slug, "limit": MOST_PAIRS}).fetchall()
    wanted = sorted({portal_id for _, *both in found for portal_id in both})
    records = {one.portal_id: one for one in _records(connection, slug, wanted)}
    pairs = []
    for why, one, other in found:
        survivor, loser = sorted((records[one], records[other]), key=_standing)
        pair = Pair(Why[why], survivor, loser)
        if not pair.can_be_merged or pair.other.holds_something:
            pairs.append(pair)
    return pairs


def merge(
    database_url: str,
    slug: str,
    other: str,
    survivor: str,
    witness: Witness | None = None,
    portal_ids: tuple[UUID, UUID] | None = None,
) -> None:
    """Say that two records are one student: what people made for ``other`` goes to ``survivor``.

    Documents are moved; preferred gender and pronouns go where the survivor has none; whoever has
    the one on their caseload has the other. The other record is closed, keeps its history, and
    says where it went. Its guardians go: the student's are those of the present record, and only
    of these the nightly import knows the restrictions.

    Args:
        other / survivor: the keys under which they are published.
        witness: is called before the transaction ends; if it raises, nothing was decided.
        portal_ids: of both, the records that a person looked at; a night may have given their
            Student Ids to others since.

    Raises:
        StudentNotPublished: the district has no such record.
        SameRecord: it is one record.
        StillSent: Qmlativ sends the other one, so that it can't be closed here.
        ClosedRecord: the survivor is closed itself.
    """
    with district_transaction(database_url, slug) as connection:
        # First, as who edits a student entered by hand does: guardians are written after it.
        connection.execute(
            "select from students where district = %s and student_id = any(%s) "
            "order by portal_id for update",
            (slug, [other, survivor]),
        )
        loser, kept = _both(connection, slug, other, survivor, portal_ids)
        if loser.sent:
            raise StillSent(loser.shown_id)
        if kept.closed:
            raise ClosedRecord(kept.shown_id)
        at = {
            "slug": slug,
            "loser": loser.student_id,
            "kept": kept.student_id,
            "portal_id": kept.portal_id,
            "loser_id": loser.portal_id,
            "was": loser.shown_id,
        }
        for statement in _MERGE:
            connection.execute(statement.encode(), at)
        if witness:
            witness(connection)


def keep_apart(
    database_url: str,
    slug: str,
    one: str,
    other: str,
    who: str,
    witness: Witness | None = None,
    portal_ids: tuple[UUID, UUID] | None = None,
) -> None:
    """Say that two records are two students; the pair is not listed again.

    Args:
        portal_ids: as for ``merge``.

    Raises:
        StudentNotPublished: the district has no such record.
        SameRecord: it is one record.
    """
    with district_transaction(database_url, slug) as connection:
        both = _both(connection, slug, one, other, portal_ids)
        first, second = sorted(record.portal_id for record in both)
        connection.execute(
            "insert into kept_apart (district, one, other, decided_by) values (%s, %s, %s, %s) "
            "on conflict do nothing",
            (slug, first, second, who),
        )
        if witness:
            witness(connection)


# Records alike are counted before any is paired: whatever the planner believes of a district that
# has just been published, the pairs are made of the few, and nothing grows with the square of it.
# Counted rather than joined with itself: of a district that was just imported Postgres has no
# statistics, and compared each student with each.
_PAIRS = """
    with records as materialized (
        select portal_id, student_id, name_key, date_of_birth, closed_student_id,
            origin = 'hand' as entered, origin = 'sis' and missing_since is null as sent,
            count(*) over (partition by name_key, date_of_birth) as alike
        from students where district = %(slug)s and merged_into is null
    ), twice as materialized (
        select * from records where alike > 1
    ), closed as materialized (
        select * from records where closed_student_id is not null
    ), pairs as (
        select 'NAME' as why, a.portal_id as one, b.portal_id as other, a.student_id as one_id,
            b.student_id as other_id, a.sent as one_sent, b.sent as other_sent,
            (a.entered or b.entered) and (a.sent or b.sent) as entered
        from twice a join twice b on b.name_key = a.name_key
            and b.date_of_birth = a.date_of_birth and a.portal_id < b.portal_id
        union all
        select 'STUDENT_ID', least(c.portal_id, n.portal_id), greatest(c.portal_id, n.portal_id),
            c.student_id, n.student_id, c.sent, n.sent, false
        from closed c join records n on n.student_id = c.closed_student_id
    )
    select min(why), one, other from pairs
    where not exists (select from kept_apart k where k.one = pairs.one and k.other = pairs.other)
        and (one_sent and other_sent or entered or exists (
            select from (values (one_id, one_sent), (other_id, other_sent)) v (id, sent)
            where not v.sent and (
                exists (select from documents d
                    where d.district = %(slug)s and d.student_id = v.id)
                or exists (select from entered_by_hand h
                    where h.district = %(slug)s and h.student_id = v.id
                        and (h.preferred_gender is not null or h.pronouns is not null)))))
    group by one, other order by min(why), one, other limit %(limit)s
"""

_RECORDS = """
    select p.portal_id, p.student_id, coalesce(p.closed_student_id, p.student_id) as shown_id,
        p.sis_internal_id, p.last_name, p.first_name, p.date_of_birth,
        p.origin = 'sis' and p.missing_since is null as sent,
        p.closed_since is not null as closed,
        (select count(*) from documents d
            where d.district = p.district and d.student_id = p.student_id) as documents,
        exists (select from entered_by_hand h
            where h.district = p.district and h.student_id = p.student_id
                and (h.preferred_gender is not null or h.pronouns is not null)) as by_hand,
        p.origin = 'hand' as entered
    from students p where p.district = %(slug)s and {condition}
"""

_MERGE = (
    "update documents set student_id = %(kept)s where district = %(slug)s "
    "and student_id = %(loser)s",
    """
    insert into entered_by_hand
        (district, student_id, preferred_gender, pronouns, entered_by, entered_at)
    select district, %(kept)s, preferred_gender, pronouns, entered_by, entered_at
    from entered_by_hand where district = %(slug)s and student_id = %(loser)s
    on conflict (district, student_id) do update set
        preferred_gender = coalesce(entered_by_hand.preferred_gender, excluded.preferred_gender),
        pronouns = coalesce(entered_by_hand.pronouns, excluded.pronouns)
    """,
    """
    insert into caseload_students (district, user_id, portal_id, assigned_by)
    select district, user_id, %(portal_id)s, assigned_by from caseload_students
    where portal_id = %(loser_id)s on conflict do nothing
    """,
    "delete from caseload_students where portal_id = %(loser_id)s",
    """
    with gone as (
        delete from guardians where district = %(slug)s and student_id = %(loser)s
        returning student_id, guardian_id, concat_ws(' ', first_name, last_name) as name
    )
    insert into changes (district, student_id, guardian_id, kind, old)
    select %(slug)s, student_id, guardian_id, 'removed', name from gone
    """,
    """
    update students set merged_into = %(portal_id)s,
        closed_since = coalesce(closed_since, current_date),
        closed_student_id = coalesce(closed_student_id, student_id),
        student_id = case when closed_since is null
            then '~' || coalesce(sis_internal_id::text, portal_id::text) else student_id end
    where district = %(slug)s and student_id = %(loser)s
    """,
    """
    insert into changes (district, student_id, kind, field, old, new)
    select %(slug)s, student_id, 'merged', 'student_id', %(was)s, %(kept)s
    from students where portal_id = %(loser_id)s
    union all
    select %(slug)s, %(kept)s, 'merged', 'student_id', %(was)s, %(kept)s
    """,
)


def _both(
    connection: Connection[Any],
    slug: str,
    one: str,
    other: str,
    portal_ids: tuple[UUID, UUID] | None,
) -> tuple[PairedRecord, PairedRecord]:
    if one == other:
        raise SameRecord(one)
    found = {}
    for student_id, portal_id in zip((one, other), portal_ids or (None, None), strict=True):
        records = _select(connection, "p.student_id = %(id)s", {"slug": slug, "id": student_id})
        if not records or portal_id not in (records[0].portal_id, None):
            raise StudentNotPublished(slug, student_id)
        found[student_id] = records[0]
    return found[one], found[other]


def _records(connection: Connection[Any], slug: str, portal_ids: list[UUID]) -> list[PairedRecord]:
    return _select(connection, "p.portal_id = any(%(ids)s)", {"slug": slug, "ids": portal_ids})


def _select(connection: Connection[Any], condition: str, at: dict[str, Any]) -> list[PairedRecord]:
    with connection.cursor(row_factory=class_row(PairedRecord)) as cursor:
        return cursor.execute(_RECORDS.format(condition=condition).encode(), at).fetchall()


def _standing(record: PairedRecord) -> tuple[bool, bool, bool, str]:
    """The record that stays comes first: sent, then not closed, then known to Qmlativ."""
    return not record.sent, record.closed, record.sis_internal_id is None, str(record.portal_id)
