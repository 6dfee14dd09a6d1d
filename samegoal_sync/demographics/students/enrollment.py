"""Which enrollment of a student counts, and what it makes of District Enrollment.

A student has a StudentEntityYear for each entity and school year, and EntryWithdrawal spans
within them. Each gets a status of its own by dates, codes and flags; then one of them counts:
the one that says most about where the student is today. The two school years around the turn
in July are told apart by each entity's own current year, never by row order or by ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.students.school_years import numeric_years
from samegoal_sync.demographics.students.withdrawal_codes import NOT_KNOWN, withdrawal_codes
from samegoal_sync.demographics.values.dates import is_unreadable_bound, parsed_bound
from samegoal_sync.demographics.values.text import cleaned
from samegoal_sync.qmlativ.raw_objects import RawObjects

_ENROLLMENT = ["StudentID", "EntityID", "SchoolYearID"]
#: A summer: who left without a code and comes back within it has never been away.
_SUMMER = timedelta(days=120)
#: Months in which school years end.
_END_OF_YEAR = (5, 8)
#: More school years away than any enrollment lies.
_FAR = 1_000
LEFT = "left"
#: Stated reason -> District Enrollment, in the order of ``_conditions``. Who ``left`` takes
#: status and reason from the withdrawal code.
ENROLLMENT_REASONS: dict[str, str] = {
    "enrolled": "ENROLLED",
    "enrolled_extended_year": "ENROLLED",
    "enrolled_between_school_years": "ENROLLED",
    "starts_later": "PRE_ENROLLED",
    "starts_next_school_year": "PRE_ENROLLED",
    "graduated": "GRADUATED",
    "enrolled_by_flag": "ENROLLED",
    "inactive_without_withdrawal": "INACTIVE",
    "not_enrolled_this_school_year": "INACTIVE",
}
#: Reasons that a withdrawal code would have ruled out: without codes they may be wrong.
DOUBTED_WITHOUT_CODES = ("enrolled_by_flag", "enrolled_between_school_years")


def counting_enrollments(
    raw: RawObjects,
    entities: pl.DataFrame,
    graduated: pl.DataFrame,
    today: date,
    exit_codes: Mapping[str, str],
) -> pl.DataFrame:
    """The one enrollment of each student that counts.

    Args:
        entities: this district's, from ``school_years.district_entities``.
        graduated: ``StudentID, graduated`` (true from the day of graduation on).
        exit_codes: the district's own mapping of its withdrawal codes.

    Returns:
        ``StudentID, EntityID, SchoolYearID, SchoolID, grade, year_offset`` (0 is the entity's
        current school year), ``district_enrollment, enrollment_reason, enrollment_unreadable``,
        ``exit_code_not_known`` (the code of who left, if nobody knows what it means) and
        ``recent``: whether it lies in the last, current or a coming school year.
    """
    candidates = _candidates(raw, entities, today, exit_codes).join(
        graduated, on="StudentID", how="left"
    )
    marked = candidates.with_columns(returns=_returns(), stayed=_stayed(today))
    marked = marked.with_columns(
        _any_of_student(marked, trait).alias(f"student_{trait}") for trait in ("returns", "stayed")
    )
    return _chosen(_with_status(marked))


def entity_scope(raw: RawObjects, entities: pl.DataFrame) -> pl.Expr:
    """``in_district`` of a StudentID: true, false, or null for who has no enrollment at all."""
    keys = pl.concat(
        lookup(raw, name).select("StudentID", "EntityID")
        for name in ("Enrollment/StudentEntityYear", "Enrollment/EntryWithdrawal")
    )
    ours = keys.filter(pl.col("EntityID").is_in(entities.get_column("EntityID").implode()))
    student = pl.col("StudentID")
    return (
        pl.when(student.is_in(ours.get_column("StudentID").unique().implode()))
        .then(True)
        .when(student.is_in(keys.get_column("StudentID").unique().implode()))
        .then(False)
        .alias("in_district")
    )


def _any_of_student(candidates: pl.DataFrame, trait: str) -> pl.Expr:
    students = candidates.filter(trait).get_column("StudentID").unique()
    return pl.col("StudentID").is_in(students.implode())


def _candidates(
    raw: RawObjects, entities: pl.DataFrame, today: date, exit_codes: Mapping[str, str]
) -> pl.DataFrame:
    """Every enrollment in the district: a StudentEntityYear with what its spans say, by key."""
    years = (
        lookup(raw, "Enrollment/StudentEntityYear")
        .select(
            *_ENROLLMENT,
            "StudentEntityYearID",
            "IsActive",
            pl.col("IsDefaultEntity").alias("is_default"),
            cleaned("Grade").alias("grade"),
        )
        .sort("StudentEntityYearID")
        .unique(_ENROLLMENT, keep="last", maintain_order=True)
    )
    spans = _spans(raw, today, exit_codes)
    return (
        years.join(spans, on=_ENROLLMENT, how="full", coalesce=True)
        .join(entities, on="EntityID")
        .join(numeric_years(raw), on="SchoolYearID", how="left")
        .with_columns(
            year_offset=(pl.col("NumericYear") - pl.col("current_year")),
            is_default=pl.coalesce("is_default", "span_default").fill_null(False),
            IsActive=pl.coalesce("IsActive", "open"),
        )
        .filter(pl.col("StudentID").is_not_null() & pl.col("year_offset").is_not_null())
    )


def _spans(raw: RawObjects, today: date, exit_codes: Mapping[str, str]) -> pl.DataFrame:
    """What the EntryWithdrawal spans of one enrollment say together.

    Whether one is ``open`` today and ``open_until`` when, ``started`` at all, ``next_start`` if
    one begins later, ``last_end``; the SchoolID and the withdrawal code of the one that says
    most: open before ended before coming; and whether a date could not be read.
    """
    start, end = pl.col("start"), pl.col("end")
    begun = start.is_null() | (start <= today)
    spans = (
        lookup(raw, "Enrollment/EntryWithdrawal")
        .select(
            *_ENROLLMENT,
            "EntryWithdrawalID",
            "SchoolID",
            "WithdrawalCodeID",
            pl.col("IsDefaultEntity").alias("span_default"),
            parsed_bound("StartDate").alias("start"),
            parsed_bound("EndDate").alias("end"),
            unreadable=is_unreadable_bound("StartDate") | is_unreadable_bound("EndDate"),
        )
        .with_columns(begun=begun, is_open=begun & (end.is_null() | (end >= today)))
        .with_columns(ended=pl.col("begun") & ~pl.col("is_open"))
    )
    says_most = pl.col("is_open").cast(pl.Int8) * 2 + pl.col("ended").cast(pl.Int8)
    ordered = spans.with_columns(
        says_most=says_most,
        open_until=pl.when("is_open").then(end),
        next_start=pl.when(~pl.col("begun")).then(start),
        last_end=pl.when("ended").then(end),
    ).sort("says_most", pl.coalesce("last_end", "start"), "EntryWithdrawalID")
    return (
        ordered.group_by(_ENROLLMENT)
        .agg(
            pl.col("is_open", "begun", "span_default", "unreadable").any(),
            pl.col("open_until", "last_end", "start").max(),
            pl.col("next_start").min(),
            pl.col("SchoolID", "WithdrawalCodeID").last(),
        )
        .rename({"is_open": "open", "begun": "started"})
        .join(withdrawal_codes(raw, exit_codes), on="WithdrawalCodeID", how="left")
    )


def _returns() -> pl.Expr:
    """Whether the enrollment begins later: by its date, or as next year's without spans yet,
    unless it says that it is not active."""
    active = pl.col("IsActive").fill_null(True)
    planned = (pl.col("year_offset") > 0) & active & pl.col("started").is_null()
    return pl.col("next_start").is_not_null() | planned.fill_null(False)


def _stayed(today: date) -> pl.Expr:
    """Whether the student was there until now, or until a summer ago and no code says they left.

    A code that nobody knows, at the end of a school year, says it of nobody: many districts close
    everybody's year with one.
    """
    unclosed = pl.col("last_end").is_null() | (pl.col("last_end") >= today - _SUMMER)
    year_end = pl.col("last_end").dt.month().is_between(*_END_OF_YEAR)
    not_known = (pl.col("left_reason") == NOT_KNOWN[1]) & year_end
    uncoded = pl.col("open") | pl.col("left_as").is_null() | not_known.fill_null(False)
    return ((pl.col("year_offset") <= 0) & pl.col("started") & uncoded & unclosed).fill_null(False)


def _conditions() -> dict[str, pl.Expr]:
    """Stated reason -> when it holds; the first that holds counts."""
    offset, is_open = pl.col("year_offset"), pl.col("open").fill_null(False)
    active, graduated = pl.col("IsActive").fill_null(False), pl.col("graduated").fill_null(False)
    here_until = pl.col("open_until").is_not_null()
    stayed_here = pl.col("stayed") & pl.col("student_returns") & (offset == 0)
    comes_back = pl.col("returns") & pl.col("student_stayed") & (offset >= 0)
    return {
        "enrolled": (offset >= 0) & active & is_open,
        "enrolled_extended_year": (offset == -1) & active & is_open & here_until,
        "enrolled_between_school_years": ~is_open & (stayed_here | comes_back),
        "starts_later": (offset == 0) & ~is_open & pl.col("next_start").is_not_null(),
        "starts_next_school_year": (offset > 0) & pl.col("returns"),
        "graduated": graduated & (offset <= 0),
        LEFT: ~is_open & pl.col("last_end").is_not_null() & pl.col("left_as").is_not_null(),
        "enrolled_by_flag": (offset == 0) & active,
        "inactive_without_withdrawal": offset == 0,
        "not_enrolled_this_school_year": pl.lit(True),
    }


def _with_status(candidates: pl.DataFrame) -> pl.DataFrame:
    reason, status = pl.lit(None, pl.String), pl.lit(None, pl.String)
    for name, condition in reversed(_conditions().items()):
        left = name == LEFT
        why = pl.col("left_reason") if left else pl.lit(name)
        word = pl.col("left_as") if left else pl.lit(ENROLLMENT_REASONS[name])
        reason = pl.when(condition).then(why).otherwise(reason)
        status = pl.when(condition).then(word).otherwise(status)
    return candidates.with_columns(enrollment_reason=reason, district_enrollment=status)


def _chosen(candidates: pl.DataFrame) -> pl.DataFrame:
    """The enrollment of each student that says most about where the student is today."""
    status = pl.col("district_enrollment")
    group = pl.when(status == "ENROLLED").then(0).when(status == "PRE_ENROLLED").then(1)
    offset = pl.col("year_offset")
    away = pl.when(offset >= 0).then(offset * 2).otherwise(offset * -2 - 1)
    closed, elsewhere = ~pl.col("open").fill_null(False), ~pl.col("is_default")
    # One number instead of four keys: sorting is most of the work here.
    rank = ((group.otherwise(2) * 2 + closed) * _FAR + away.clip(0, _FAR - 1)) * 2 + elsewhere
    ordered = candidates.sort(
        "StudentID",
        rank,
        pl.col("start").dt.epoch("d") * -1,
        "EntityID",
        "SchoolYearID",
        nulls_last=True,
    )
    return ordered.unique("StudentID", keep="first", maintain_order=True).select(
        "StudentID",
        "EntityID",
        "SchoolYearID",
        "SchoolID",
        "grade",
        "entity_name",
        "year_offset",
        "district_enrollment",
        "enrollment_reason",
        pl.col("unreadable").fill_null(False).alias("enrollment_unreadable"),
        pl.when(pl.col("enrollment_reason") == NOT_KNOWN[1])
        .then("left_label")
        .alias("exit_code_not_known"),
        (offset >= -1).alias("recent"),
    )
