"""Students: which child of which family, in which grade, and where they stand this year."""

from __future__ import annotations

from datetime import date

import polars as pl

from samegoal_sync.sandbox.population import name_pools
from samegoal_sync.sandbox.population.district_plan import GRADES, Plan, days_into_year
from samegoal_sync.sandbox.population.draws import Draws
from samegoal_sync.sandbox.population.households import FIRST_STUDENT_NAME

#: Where a student stands on the day of generation, by share. ``gone`` left years ago: a Student
#: row without any enrollment in the three school years that are kept.
STANDINGS = {
    "active": 0.905,
    "left": 0.025,
    "left_last_year": 0.018,
    "graduated": 0.026,
    "coming": 0.021,
    "gone": 0.005,
}
FIRST_STUDENT_ID = 10_001
FIRST_STUDENT_NUMBER = 100_001
_LAST_GRADE = len(GRADES) - 1


def make_students(
    plan: Plan, families: pl.DataFrame, first: int, count: int, arrived: date | None = None
) -> pl.DataFrame:
    """The first ``count`` children of the families, numbered ``s`` from ``first``.

    With ``arrived`` all of them are active and enrolled on that day.
    """
    draws = Draws(plan.seed, "s", "student")
    students = (
        families.with_columns(child=pl.int_ranges(0, "children"))
        .explode("child")
        .head(count)
        .with_columns(s=pl.int_range(first, first + pl.len()), noise=pl.lit(plan.district.noise))
        .with_columns(
            standing=pl.lit("active") if arrived else draws.weighted("standing", STANDINGS),
            girl=draws.chance("girl", 0.49),
            twin=(pl.col("child") == 1) & draws.chance("twin", 0.06),
            birth_offset=draws.whole("birth", 365),
            grade=(pl.col("eldest_grade") - 2 * pl.col("child") - draws.whole("gap", 2))
            % len(GRADES),
            since=pl.lit(arrived, pl.Date),
        )
    )
    for shared in ("grade", "birth_offset", "standing"):
        students = students.with_columns(
            pl.when("twin").then(pl.col(shared).shift(1)).otherwise(pl.col(shared)).alias(shared)
        )
    return _with_ids(_with_ages(plan, students), draws)


def _with_ages(plan: Plan, students: pl.DataFrame) -> pl.DataFrame:
    standing = pl.col("standing")
    grade = (
        pl.when(standing == "graduated")
        .then(_LAST_GRADE + 1)
        .when(standing == "coming")
        .then(0)
        .when(standing == "left_last_year")
        .then(pl.max_horizontal("grade", 1))
        .otherwise("grade")
    )
    return students.with_columns(grade=grade).with_columns(
        birth=pl.date(plan.numeric_year - 5 - pl.col("grade"), 9, 1)
        - pl.duration(days="birth_offset"),
    )


def _with_ids(students: pl.DataFrame, draws: Draws) -> pl.DataFrame:
    first = (
        pl.when("script")
        .then(draws.pick("script first", name_pools.OTHER_SCRIPT_FIRST))
        .when("girl")
    )
    return students.with_columns(
        StudentID=pl.col("s") + FIRST_STUDENT_ID,
        NameID=pl.col("s") + FIRST_STUDENT_NAME,
        number=(pl.col("s") + FIRST_STUDENT_NUMBER).cast(pl.String),
        first=first.then(draws.pick("girl name", name_pools.GIRLS)).otherwise(
            draws.pick("boy name", name_pools.BOYS)
        ),
        middle=pl.when(draws.chance("middle", 0.8)).then(
            pl.when("girl")
            .then(draws.pick("girl middle", name_pools.GIRLS))
            .otherwise(draws.pick("boy middle", name_pools.BOYS))
        ),
        suffix=pl.when(~pl.col("girl") & draws.chance("suffix", 0.04)).then(
            draws.pick("which suffix", (1, 3, 4, 5))
        ),
        nickname=pl.when(draws.chance("nickname", 0.05)).then(
            draws.pick("which nickname", name_pools.NICKNAMES)
        ),
        gender=pl.when(draws.chance("other gender", 0.002))
        .then(pl.lit("X"))
        .when("girl")
        .then(pl.lit("F"))
        .otherwise(pl.lit("M")),
    )


def student_table(plan: Plan, students: pl.DataFrame) -> pl.DataFrame:
    """Student/Student."""
    draws = Draws(plan.seed, "s", "student row")
    graduated = pl.col("standing") == "graduated"
    grade = pl.lit(pl.Series([*GRADES, None])).gather(pl.col("grade").cast(pl.UInt32))
    return students.select(
        "StudentID",
        "NameID",
        StudentNumber="number",
        CalculatedStudentStateID=pl.when(draws.chance("state id", 0.95)).then(
            (4_300_000_001 + pl.col("s") * 7).cast(pl.String)
        ),
        FirstName="first",
        LastName="last",
        MiddleName="middle",
        CalculatedGrade=grade,
        Grade=grade,
        GradYear=plan.numeric_year + _LAST_GRADE - pl.col("grade"),
        IsGraduated=graduated,
        GraduationDate=pl.when(graduated).then(pl.lit(f"{plan.numeric_year - 1}-05-28T00:00:00")),
        IsCurrentActive=pl.col("standing") == "active",
        LanguageIDNative=pl.when(draws.chance("native language", 0.9)).then("language"),
        LanguageIDPrimary=pl.when(draws.chance("primary language", 0.5)).then("language"),
        DateOfFirstEntryWithdrawalInEntity=pl.lit(f"{plan.numeric_year - 1}-08-12T00:00:00"),
    )


def day_of_event(plan: Plan, draws: Draws, name: str) -> pl.Expr:
    """A day between the first day of this school year and today."""
    start = date(plan.numeric_year - 1, 8, 12)
    return pl.lit(start) + pl.duration(days=draws.whole(name, days_into_year(plan)))


def date_text(day: pl.Expr) -> pl.Expr:
    """Qmlativ's usual writing of a date: ISO with a time of midnight."""
    return day.dt.strftime("%Y-%m-%dT00:00:00")
