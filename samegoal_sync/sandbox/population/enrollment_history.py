"""Enrollment: StudentEntityYear and EntryWithdrawal rows of three school years.

Most students have one row a year. Some moved in mid-year, some sit in two schools, some go to
the summer program, next year's kindergarten has rows in the coming year only.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from samegoal_sync.sandbox.population.code_tables import withdrawal_code_id
from samegoal_sync.sandbox.population.district_plan import (
    GRADES,
    LEVELS,
    Plan,
    first_day,
    last_day,
    school_id,
    school_year_id,
)
from samegoal_sync.sandbox.population.draws import Draws
from samegoal_sync.sandbox.population.student_body import date_text, day_of_event

_LEAVING_CODES = {"T1": 0.42, "T2": 0.22, "T3": 0.1, "H1": 0.1, "W1": 0.06, "D1": 0.08, "N1": 0.02}
#: Months in which next year's enrollments of everybody exist beside this year's.
_ROLLED_OVER = (5, 6)


def place(plan: Plan, grade: pl.Expr, offset: int = 0) -> pl.Expr:
    """The number of the school for a grade and the family's zone; ``offset`` gives another."""
    choice = pl.lit(None, pl.Int64)
    for level, first, last, _ in LEVELS:
        schools = plan.of_level(level)
        position = (pl.col("zone") + offset) % len(schools)
        choice = (
            pl.when(grade.is_between(first, last))
            .then(position + schools[0].number)
            .otherwise(choice)
        )
    return choice


def enrollment_spans(plan: Plan, students: pl.DataFrame) -> pl.DataFrame:
    """One row a span: student, school number, year, start, end, code, whether it is the default.

    ``slot`` tells a student's spans of one year apart and makes their ids.
    """
    current = plan.numeric_year
    draws = Draws(plan.seed, "s", "enrollment")
    event = day_of_event(plan, draws, "event")
    standing = pl.col("standing")
    moved = (standing == "active") & pl.col("since").is_null() & draws.chance("moved", 0.03)
    now = students.with_columns(
        event=event,
        moved=moved,
        leaving=draws.weighted("leaving", _LEAVING_CODES),
        cross=draws.chance("cross", 0.03),
        summer=draws.chance("summer", 0.04),
        before=pl.col("since").is_null() & ~draws.chance("new this year", 0.09),
    )
    active = now.filter(standing == "active")
    program = plan.of_level("Program")
    spans = [
        _span(
            plan,
            active.filter("moved"),
            current,
            0,
            place(plan, pl.col("grade"), 1),
            end=pl.col("event"),
            code="I1",
            default=False,
        ),
        _span(
            plan,
            active,
            current,
            1,
            place(plan, pl.col("grade")),
            start=pl.when("moved").then(pl.col("event") + pl.duration(days=1)).otherwise("since"),
        ),
        _span(plan, active.filter("cross"), current, 2, pl.lit(program[0].number), default=False),
        _span(
            plan,
            active.filter("summer"),
            current,
            3,
            pl.lit(program[1].number),
            default=False,
            start=pl.lit(date(current, 6, 3)),
        ),
        _span(
            plan,
            now.filter(standing == "left"),
            current,
            0,
            place(plan, pl.col("grade")),
            end=pl.col("event"),
            code="leaving",
        ),
        _span(
            plan,
            now.filter(standing == "coming"),
            current + 1,
            0,
            place(plan, pl.col("grade") + 1),
            later=1,
        ),
        _span(
            plan,
            now.filter("before", standing.is_in(["active", "left"]), pl.col("grade") > 0),
            current - 1,
            0,
            place(plan, pl.col("grade") - 1),
            end=pl.lit(last_day(current - 1)),
            later=-1,
        ),
        _span(
            plan,
            now.filter(standing == "graduated"),
            current - 1,
            0,
            place(plan, pl.col("grade") - 1),
            end=pl.lit(last_day(current - 1)),
            code="G1",
            later=-1,
        ),
        _span(
            plan,
            now.filter(standing == "left_last_year"),
            current - 1,
            0,
            place(plan, pl.col("grade") - 1),
            end=pl.col("event") - pl.duration(days=300),
            code="leaving",
            later=-1,
        ),
    ]
    if plan.district.today.month in _ROLLED_OVER:
        staying = active.filter(pl.col("grade") < len(GRADES) - 1)
        place_then = place(plan, pl.col("grade") + 1)
        spans.append(_span(plan, staying, current + 1, 1, place_then, later=1))
    return pl.concat(spans)


def _span(
    plan: Plan,
    students: pl.DataFrame,
    year: int,
    slot: int,
    school: pl.Expr,
    *,
    start: pl.Expr | None = None,
    end: pl.Expr | None = None,
    code: str | None = None,
    default: bool = True,
    later: int = 0,
) -> pl.DataFrame:
    """Spans of one kind in one school year; ``later`` shifts the grade by years from now."""
    no_code: dict[str, int] = {}
    codes = (
        no_code
        if code is None
        else {
            key: withdrawal_code_id(plan, key, year)
            for key in ([*_LEAVING_CODES] if code == "leaving" else [code])
        }
    )
    kind = pl.col("leaving") if code == "leaving" else pl.lit(code, pl.String)
    opening = pl.lit(first_day(year))
    return students.select(
        "s",
        "StudentID",
        "NameID",
        "number",
        "first",
        "last",
        "middle",
        slot=pl.lit(slot, pl.Int64),
        year=pl.lit(year, pl.Int64),
        school=school.cast(pl.Int64),
        start=opening if start is None else pl.coalesce(start, opening),
        end=pl.lit(None, pl.Date) if end is None else end.cast(pl.Date),
        code=kind.replace_strict(codes, return_dtype=pl.Int64) if codes else pl.lit(None, pl.Int64),
        default=pl.lit(default),
        closed=pl.lit(code is not None),
        grade=(pl.col("grade") + later).cast(pl.UInt32),
    )


def enrollment_tables(plan: Plan, spans: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """StudentEntityYear and EntryWithdrawal of the spans, with their schools of that year."""
    entities = pl.DataFrame(
        {
            "school": [school.number for school in plan.schools],
            "EntityID": [school.entity_id for school in plan.schools],
        }
    )
    rows = spans.join(entities, on="school", maintain_order="left").with_columns(
        key=pl.col("s") * 16 + (pl.col("year") - plan.numeric_year + 1) * 4 + pl.col("slot") + 1,
        SchoolYearID=pl.col("year") - 2000,
        SchoolID=(pl.col("year") - 2000) * 10_000 + plan.number * 1_000 + pl.col("school") + 1,
    )
    assert school_id(plan, 0, 2001) == school_year_id(2001) * 10_000 + plan.number * 1_000 + 1
    left_early = pl.col("closed") & (pl.col("end") < pl.date(pl.col("year"), 5, 28))
    return {
        "Enrollment/StudentEntityYear": rows.select(
            "StudentID",
            "EntityID",
            "SchoolYearID",
            "NameID",
            StudentEntityYearID="key",
            StudentNumber="number",
            FirstName="first",
            LastName="last",
            MiddleName="middle",
            IsActive=~left_early,
            IsDefaultEntity="default",
            Grade=pl.lit(pl.Series(list(GRADES))).gather(pl.col("grade")),
            WithdrawalDate=pl.when("closed").then(date_text(pl.col("end"))),
        ),
        "Enrollment/EntryWithdrawal": rows.select(
            "StudentID",
            "EntityID",
            "SchoolID",
            "SchoolYearID",
            EntryWithdrawalID="key",
            StartDate=date_text(pl.col("start")),
            EndDate=date_text(pl.col("end")),
            WithdrawalDate=pl.when("closed").then(date_text(pl.col("end"))),
            IsDefaultEntity="default",
            WithdrawalCodeID="code",
            StudentTypeID=plan.number * 100 + 1,
            EntryCodeID=pl.col("SchoolYearID") * 10_000 + plan.number * 1_000 + 1,
        ),
    }
