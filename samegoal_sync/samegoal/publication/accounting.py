"""Where everybody went, counted from Qmlativ's side; the sums must add up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
from psycopg import Cursor, sql

from samegoal_sync.database import connect
from samegoal_sync.demographics.columns.curated_frames import Curated
from samegoal_sync.samegoal.errors import SumsDiffer
from samegoal_sync.samegoal.publication.comparison import Comparison
from samegoal_sync.samegoal.publication.findings import Findings
from samegoal_sync.samegoal.publication.published_tables import PUBLISHED_STUDENTS

#: Each student that Qmlativ sent is in exactly one; a guardian in one of these or withheld.
STATES = ("added", "changed", "unchanged", "rejected", "out_of_scope", "held")

_STUDENT_STATE = """
    select case
        when m.refused = 'erased' then 'out_of_scope'
        when m.refused is not null or m.outcome = 'rejected' then 'rejected'
        when m.outcome = 'out_of_scope' then 'out_of_scope'
        when w.student_id is not null then 'held'
        when n.is_new then 'added'
        when n.differs or r.published_id is not null then 'changed'
        when m.published_id is not null then 'unchanged'
    end, count(*)
    from matched m
    left join next_students n on n.student_id = m.student_id and m.outcome = 'curated'
    left join presence r on r.published_id = m.published_id and r.kind = 'returned'
    left join waiting w on w.student_id = m.student_id and w.guardian_id is null
    group by 1
"""

_GUARDIAN_STATE = """
    select case
        when t.outcome <> 'curated' then t.outcome
        when t.refused then 'out_of_scope'
        when not %(complete)s or w.student_id is not null then 'held'
        when n.is_new then 'added'
        when n.differs then 'changed'
        when t.published_id is not null then 'unchanged'
    end, count(*)
    from pairs t
    left join next_guardians n
        on n.student_id = t.student_id and n.guardian_id = t.guardian_id
    left join waiting w on w.student_id = t.student_id and w.guardian_id = t.guardian_id
    where t.outcome is not null
    group by 1
"""

#: Students of tonight who have no guardian once the comparison is applied.
_WITHOUT_GUARDIANS = """
    select count(*) from matched m
    where m.outcome = 'curated' and m.refused is null
        and not exists (select from next_guardians n where n.student_id = m.student_id)
        and not exists (select from guardians g
            where g.district = %(slug)s and g.student_id = m.published_id
                and not exists (select from removed r
                    where r.published_id = g.student_id and r.guardian_id = g.guardian_id))
"""

_REST = """
    select
        (select count(*) from presence where kind = 'missing'),
        (select count(*) from presence where kind = 'returned'),
        (select count(*) from removed),
        (select count(*) from tonight_changes),
        (select count(*) from moved where not closed),
        (select count(*) from moved where closed)
"""


def count(comparison: Comparison) -> tuple[dict[str, int], Findings]:
    """Counts and findings of a comparison, as if it were published.

    ``students_missing``, ``students_returned`` and ``students_closed`` are those of this night
    and come on top of the sum; ``guardians_removed`` counts published pairs that go, withheld
    ones included.

    Raises:
        SumsDiffer: somebody that Qmlativ sent is in no state.
    """
    students, guardians = comparison.students, comparison.guardians
    counts = _states("students", STATES, comparison.execute(_STUDENT_STATE), students)
    counts |= _states(
        "guardians",
        (*STATES, "withheld"),
        comparison.execute(_GUARDIAN_STATE, complete=guardians.complete),
        guardians,
    )
    missing, returned, removed, changes, renamed, closed = comparison.row(_REST)
    (without,) = comparison.row(_WITHOUT_GUARDIANS)
    counts |= {
        "students_missing": missing,
        "students_returned": returned,
        "students_closed": closed,
        "guardians_removed": removed,
        "changes": changes,
        "students_without_guardians": without,
        "values_rejected": _values_rejected(students, guardians),
    }
    findings = Findings.of_frames(students, guardians)
    return counts, replace(
        findings,
        students_renamed=renamed,
        required_values_missing=_required_values_missing(comparison),
        rollover_changes=dict(comparison.execute(_ROLLOVER).fetchall()),
    )


def published_rows(database_url: str, slug: str) -> dict[str, int]:
    """How many students and guardians SameGoal shows of a district, by table."""
    with connect(database_url) as connection:
        row = connection.execute(
            "select (select count(*) from students where district = %(slug)s), "
            "(select count(*) from guardians where district = %(slug)s)",
            {"slug": slug},
        ).fetchone()
    assert row is not None
    return {"students": row[0], "guardians": row[1]}


def nothing_published(students: Curated, guardians: Curated) -> dict[str, int]:
    """The counts of a night of which nothing is published: who would be curated is held."""
    counts = dict.fromkeys(
        ("students_missing", "students_returned", "students_closed", "guardians_removed", "changes",
         "students_without_guardians"), 0,
    )  # fmt: skip
    for who, curated in (("students", students), ("guardians", guardians)):
        outcomes = dict(curated.account.group_by("outcome").len().iter_rows())
        counts |= {f"{who}_{state}": 0 for state in STATES}
        counts[f"{who}_sent"] = curated.account.height
        counts[f"{who}_held"] = outcomes.pop("curated", 0)
        counts |= {f"{who}_{outcome}": n for outcome, n in outcomes.items()}
        _require_sum(counts, who, (*STATES, "withheld"))
    counts.setdefault("guardians_withheld", 0)
    counts["values_rejected"] = _values_rejected(students, guardians)
    return counts


def _values_rejected(*curated: Curated) -> int:
    """Rejects of a value; one without a column is a notice, which rejects nothing."""
    value = (pl.col("severity") == "value") & pl.col("column").is_not_null()
    return sum(one.rejects.filter(value).height for one in curated)


def _states(
    who: str, states: tuple[str, ...], found: Cursor[Any], curated: Curated
) -> dict[str, int]:
    by_state = dict(found.fetchall())
    counts = {f"{who}_{state}": by_state.get(state, 0) for state in states}
    counts[f"{who}_sent"] = curated.account.height
    _require_sum(counts, who, states)
    return counts


def _require_sum(counts: dict[str, int], who: str, states: tuple[str, ...]) -> None:
    accounted = sum(counts.get(f"{who}_{state}", 0) for state in states)
    if accounted != counts[f"{who}_sent"]:
        raise SumsDiffer(who, counts[f"{who}_sent"], accounted)


def _required_values_missing(comparison: Comparison) -> dict[str, int]:
    """Columns that SameGoal asks for, and how many rows come without."""
    counted = sql.SQL(", ").join(
        sql.SQL("count(*) filter (where {} is null)").format(sql.Identifier(name))
        for name in PUBLISHED_STUDENTS.required
    )
    counts = comparison.row(sql.SQL("select {} from next_students").format(counted))
    return {name: n for name, n in zip(PUBLISHED_STUDENTS.required, counts, strict=True) if n}


#: Fields that change for everybody at the turn of the school year.
_ROLLOVER = """
    select field, count(*) from tonight_changes
    where guardian_id is null and kind = 'changed'
        and field in ('grade', 'building', 'building_reporting_id')
    group by field order by field
"""
