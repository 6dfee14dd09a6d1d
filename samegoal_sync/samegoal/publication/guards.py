"""Nights that must not go through: each guard, its share, and what it is a share of.

They are judged here; ``publish.py`` holds what they are against, in ``held_night_storage.py``.

A guard holds a night when more students than its share *and* at least ``floor`` of them are
concerned. Grade and building change for everybody at rollover and are guarded by nothing;
they are counted apart (``rollover_changes``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from psycopg import sql

from samegoal_sync.district import Guards
from samegoal_sync.samegoal.publication.comparison import Comparison
from samegoal_sync.samegoal.publication.published_tables import (
    PUBLISHED_GUARDIANS,
    PUBLISHED_STUDENTS,
    Published,
)

#: Months around the turn of the school year (1 July), in which students may swing between
#: ENROLLED and PRE_ENROLLED all at once; the rest of the year that is a change of status.
_ROLLOVER_MONTHS = (6, 7, 8, 9)


@dataclass(frozen=True)
class Reason:
    """A guard that a night is beyond.

    Attributes:
        guard: its name in ``Guards``.
        affected / base: how many students (or guardians) of how many.
        limit: the share that was allowed.
        column: the column that lost its values, for ``column_emptied``.
    """

    guard: str
    affected: int
    base: int
    limit: float
    column: str | None = None

    def __str__(self) -> str:
        what = _SENTENCES[self.guard].format(column=(self.column or "").replace("_", " "))
        share, limit = _percents(self.share, self.limit)
        return f"{self.affected:,} of {self.base:,} {what} ({share}, allowed {limit})"

    @property
    def share(self) -> float:
        """How many of all; of nobody, none."""
        return self.affected / self.base if self.base else 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def _percents(share: float, limit: float) -> tuple[str, str]:
    """Both in percent, with as many decimals as keep them apart and each within a twentieth.

    With one decimal, 0.05 % read 0.1 %, and a night was held at 10.0 % where 10.0 % are allowed.
    """
    for decimals in range(1, 6):
        shown = tuple(f"{value:.{decimals}%}" for value in (share, limit))
        near = all(
            abs(float(text[:-1]) - value * 100) <= value * 5
            for text, value in zip(shown, (share, limit), strict=True)
        )
        if near and (shown[0] != shown[1] or share == limit):
            break
    return shown[0], shown[1]


_SENTENCES = {
    "students_lost": "students are gone or out of scope",
    "students_new": "students would be new",
    "identities_changed": "students would change name, birth date, Student Id or status",
    "column_emptied": "students would lose their {column}",
    "students_without_guardians": "students would lose all guardians",
    "guardians_removed": "guardians would be removed",
    "first_night": "students would be the first of their district",
}

#: The guards that hold a night, as ``Guards`` names them.
GUARDS_OF_A_NIGHT = tuple(_SENTENCES)

_COUNTS = """
    with published as (
        select student_id from students
        where district = %(slug)s and origin = 'sis' and missing_since is null
    )
    select
        (select count(*) from published) as students,
        (select count(*) from presence where kind = 'missing') as lost,
        (select count(*) from next_students where is_new) as new,
        (select count(*) from matched where outcome = 'curated' and published_id is not null)
            as compared,
        (select count(distinct student_id) from tonight_changes c
            where guardian_id is null and kind = 'changed' and (
                field in ('student_id', 'last_name', 'first_name', 'date_of_birth')
                or field = 'district_enrollment' and not (%(rollover)s
                    and old in ('ENROLLED', 'PRE_ENROLLED')
                    and new in ('ENROLLED', 'PRE_ENROLLED')))) as identities,
        (select count(*) from removed) as removed,
        (select count(*) from guardians where district = %(slug)s) as guardians,
        (select count(distinct student_id) from guardians where district = %(slug)s)
            as with_guardians,
        (select count(*) from (select distinct published_id, student_id from removed) r
            where not exists (select from next_guardians n where n.student_id = r.student_id)
                and not exists (select from guardians g
                    where g.district = %(slug)s and g.student_id = r.published_id
                        and not exists (select from removed x
                            where x.published_id = g.student_id
                                and x.guardian_id = g.guardian_id))) as orphaned
"""


def judge(comparison: Comparison, guards: Guards, night: date) -> list[Reason]:
    """The guards that a comparison is beyond."""
    return beyond(measure(comparison, guards, night), guards)


def measure(comparison: Comparison, guards: Guards, night: date) -> list[Reason]:
    """Every guard's share of a comparison, within its limit or not."""
    students, lost, new, compared, identities, removed, pairs, with_guardians, orphaned = (
        comparison.row(_COUNTS, rollover=night.month in _ROLLOVER_MONTHS)
    )
    # Of a base of nobody nothing can be lost: on a first night everything is new.
    first = [Reason("first_night", new, new, guards.first_night)] if not students else []
    return [
        *first,
        Reason("students_lost", lost, students, guards.students_lost),
        Reason("students_new", new, students, guards.students_new),
        Reason("identities_changed", identities, compared, guards.identities_changed),
        *_emptied(comparison, guards),
        Reason(
            "students_without_guardians",
            orphaned,
            with_guardians,
            guards.students_without_guardians,
        ),
        Reason("guardians_removed", removed, pairs, guards.guardians_removed),
    ]


def beyond(measured: list[Reason], guards: Guards) -> list[Reason]:
    """Those that hold a night; a few students hold none, but a first night's floor is its share."""
    return [
        reason
        for reason in measured
        if reason.base
        and _beyond(reason)
        and (reason.affected >= guards.floor or reason.guard == "first_night")
    ]


def shares_in_percent(measured: list[Reason]) -> dict[str, float]:
    """Guard -> its share; of the columns that lost values, the one that lost most."""
    shares: dict[str, float] = {}
    for reason in measured:
        percent = round(100 * reason.share, 2)
        shares[reason.guard] = max(percent, shares.get(reason.guard, 0.0))
    return shares


def _beyond(reason: Reason) -> bool:
    # Rounded: 0.29 * 100 is a little less than 29.
    return reason.affected > round(reason.limit * reason.base, 6)


def _emptied(comparison: Comparison, guards: Guards) -> list[Reason]:
    """Columns that lose their values for at least ``floor`` students, and who had them."""
    rows = comparison.execute(
        """
        select guardian_id is not null, field, count(distinct student_id) from tonight_changes
        where kind = 'changed' and old is not null and new is null
        group by 1, 2 having count(distinct student_id) >= %(floor)s order by 1, 2
        """,
        floor=guards.floor,
    ).fetchall()
    reasons = []
    for of_guardians, column, affected in rows:
        published = PUBLISHED_GUARDIANS if of_guardians else PUBLISHED_STUDENTS
        base = _with_value(comparison, published, column)
        name = f"{published.table[:-1]}'s {column}" if of_guardians else column
        reasons.append(Reason("column_emptied", affected, base, guards.column_emptied, name))
    return reasons


def _with_value(comparison: Comparison, published: Published, column: str) -> int:
    """Students of tonight whose column has a published value."""
    (students,) = comparison.row(
        sql.SQL(
            """
            select count(distinct p.student_id) from {} p
            join matched m on m.published_id = p.student_id and m.outcome = 'curated'
            where p.district = %(slug)s and p.{} is not null
            """
        ).format(sql.Identifier(published.table), sql.Identifier(column))
    )
    return int(students)
