"""Published e-mails and phones that must go: those of somebody who may not see the student.

The transforms leave such values out of tonight's rows. A value that is published already can stay
all the same: its row or its column did not come tonight, or the night publishes nothing but
removals. So what is published is looked at too, by the keys of ``contact_values.py``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from psycopg import sql

from samegoal_sync.demographics.columns.column import Contact
from samegoal_sync.demographics.columns.curated_frames import DENIED_COLUMNS
from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.guardians.restrictions.contact_values import (
    email_keys,
    keys_to_compare,
    phone_keys,
)
from samegoal_sync.samegoal.publication.comparison import Comparison

#: Every column by which a guardian is reached.
CONTACTS = tuple(GUARDIAN_TABLE.contacts)
_COLUMNS = sql.SQL(", ").join(sql.Identifier(column) for column in CONTACTS)


def compare_contacts(comparison: Comparison) -> None:
    """Blank them in ``next_guardians`` and fill ``blanked``.

    Needs ``denied``, ``kept_away`` and ``removed``. Who goes for other reasons is listed too: a
    night that is held or paused leaves them.
    """
    guarded = _guarded(comparison)
    students = list(guarded.students)
    published = comparison.execute(_OF_PUBLISHED, students=students).fetchall() if students else []
    coming = comparison.execute(_OF_NEXT, students=students).fetchall() if students else []
    theirs, theirs_next = _frame(guarded.hits(published)), _frame(guarded.hits(coming))
    comparison.execute(
        "create temp table blanked (student_id text, published_id text, guardian_id bigint, "
        '"column" text) on commit drop'
    )
    if all(found.is_empty() for found in (comparison.guardians.denied, theirs, theirs_next)):
        return  # mostly: then there is nothing to blank, column by column
    comparison.stage("not_theirs", theirs)
    comparison.stage("not_theirs_next", theirs_next)
    for column in CONTACTS:
        names = {"column": sql.Identifier(column), "name": sql.Literal(column)}
        comparison.execute(sql.SQL(_IN_NEXT).format(**names))
        comparison.execute(sql.SQL(_PUBLISHED).format(**names))
    comparison.execute("analyze blanked")


def apply_contacts(comparison: Comparison) -> None:
    """Blank what ``blanked`` lists; the row is compared in full the next time."""
    # Hardly ever any. A district that is new to Postgres's statistics is taken for one row, and
    # four updates of nothing then took as long as eight nights.
    listed = comparison.execute('select distinct "column" from blanked').fetchall()
    for (column,) in listed:
        comparison.execute(
            sql.SQL(
                """
                update guardians p set {column} = null, row_hash = null, changed_at = now()
                from blanked b where b."column" = {name} and p.district = %(slug)s
                    and p.student_id = b.student_id and p.guardian_id = b.guardian_id
                    and not exists (select from next_guardians n
                        where n.student_id = b.student_id and n.guardian_id = b.guardian_id)
                """
            ).format(column=sql.Identifier(column), name=sql.Literal(column))
        )


@dataclass
class _Guarded:
    """Published students from whom somebody is kept away, and what is known of those people.

    Attributes:
        keys: Student Id, as published -> keys of their e-mails and phones.
        unknown: students from whom somebody is kept away since tonight, while ``absent`` columns
            did not come: their values may be anybody's.
    """

    keys: Mapping[str, set[str]]
    unknown: frozenset[str] = frozenset()
    absent: frozenset[str] = field(default_factory=frozenset)

    @property
    def students(self) -> frozenset[str]:
        return frozenset(self.keys) | self.unknown

    def hits(self, rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[str, int, str]]:
        """Student Id, guardian and column of the values that must go.

        Args:
            rows: the Student Id as published, the one to give, the guardian, and ``CONTACTS``.
        """
        for published_id, student_id, guardian_id, *values in rows:
            known = self.keys.get(published_id, set())
            doubtful = self.absent if published_id in self.unknown else frozenset()
            for column, value in zip(CONTACTS, values, strict=True):
                theirs = keys_to_compare(keys_of(column, value)) & known
                if value and (column in doubtful or theirs):
                    yield student_id, guardian_id, column


def _guarded(comparison: Comparison) -> _Guarded:
    keys: defaultdict[str, set[str]] = defaultdict(set)
    if comparison.guardians.kept_away.height:
        for student_id, key in comparison.execute(_KEYS_TONIGHT):
            keys[student_id].add(key)
    gone = comparison.execute(sql.SQL(_OF_REMOVED).format(contacts=_COLUMNS)).fetchall()
    for student_id, *values in gone:
        for column, value in zip(CONTACTS, values, strict=True):
            keys[student_id] |= keys_of(column, value)
    absent = comparison.guardians.absent & set(CONTACTS)
    if not absent:
        return _Guarded(keys)
    since_tonight = {student_id for (student_id,) in comparison.execute(_SINCE_TONIGHT)}
    return _Guarded(keys, frozenset(since_tonight | {one for one, *_ in gone}), absent)


def keys_of(column: str, value: str | None) -> frozenset[str]:
    """The keys of a published contact."""
    return (email_keys if GUARDIAN_TABLE.contacts[column] is Contact.EMAIL else phone_keys)(value)


def _frame(hits: Iterable[tuple[str, int, str]]) -> pl.DataFrame:
    return pl.DataFrame(list(hits), schema=DENIED_COLUMNS, orient="row")


_KEYS_TONIGHT = """
    select s.student_id, k.contact from kept_away k
    join students s on s.district = %(slug)s and s.sis_internal_id = k.sis_internal_id
    where k.contact is not null
"""

_SINCE_TONIGHT = """
    select distinct s.student_id from kept_away k
    join students s on s.district = %(slug)s and s.sis_internal_id = k.sis_internal_id
    where k.guardian_id is not null
        and not exists (select from withheld_guardians w where w.district = %(slug)s
            and w.sis_internal_id = k.sis_internal_id and w.guardian_id = k.guardian_id
            and w."column" = '')
"""

_OF_REMOVED = """
    select r.published_id, {contacts} from removed r
    join guardians p on p.district = %(slug)s
        and p.student_id = r.published_id and p.guardian_id = r.guardian_id
    where r.withheld
"""

_OF_PUBLISHED = sql.SQL(
    """
    select p.student_id, p.student_id, p.guardian_id, {contacts} from guardians p
    where p.district = %(slug)s and p.student_id = any(%(students)s)
        and not exists (select from removed r where r.published_id = p.student_id
            and r.guardian_id = p.guardian_id and r.withheld)
    """
).format(contacts=_COLUMNS)

_OF_NEXT = sql.SQL(
    """
    select n.published_id, n.student_id, n.guardian_id, {contacts} from next_guardians n
    where n.published_id = any(%(students)s)
    """
).format(contacts=_COLUMNS)

_IN_NEXT = """
    update next_guardians n set {column} = null, differs = true
    where n.{column} is not null and (
        exists (select from denied d where d.student_id = n.student_id
            and d.guardian_id = n.guardian_id and d."column" = {name})
        or exists (select from not_theirs_next t where t.student_id = n.student_id
            and t.guardian_id = n.guardian_id and t."column" = {name}))
"""

_PUBLISHED = """
    insert into blanked
    select coalesce(t.student_id, p.student_id), p.student_id, p.guardian_id, {name}
    from guardians p
    left join matched t on t.published_id = p.student_id
        and t.outcome = 'curated' and t.refused is null
    where p.district = %(slug)s and p.{column} is not null
        and (exists (select from not_theirs h where h.student_id = p.student_id
                and h.guardian_id = p.guardian_id and h."column" = {name})
            or exists (select from denied d join matched m on m.student_id = d.student_id
                where m.published_id = p.student_id and d.guardian_id = p.guardian_id
                    and d."column" = {name}))
        and not exists (select from removed r where r.published_id = p.student_id
            and r.guardian_id = p.guardian_id and r.withheld)
"""
