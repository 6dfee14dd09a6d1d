"""Buildings: the school of the enrollment that counts, as the district names it in SameGoal.

Schools are rows per school year: a school is found again in another year by its Code.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.memory_bounds import many_to_many
from samegoal_sync.demographics.values.text import cleaned
from samegoal_sync.qmlativ.raw_objects import RawObjects


def buildings(raw: RawObjects, enrollments: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """``StudentID, school, building, building_reporting_id``.

    The school is the enrollment's own, else its entity's default school, in the school year of
    the enrollment; where neither is known the entity's name stands for it.

    Args:
        enrollments: ``StudentID, EntityID, SchoolYearID, SchoolID, entity_name``.
        names: school name in Qmlativ -> name under Settings > Buildings in SameGoal.
    """
    schools = _schools(raw)
    placed = (
        enrollments.join(
            _default_schools(raw, schools), on=["EntityID", "SchoolYearID"], how="left"
        )
        .with_columns(SchoolID=pl.coalesce("SchoolID", "default_school"))
        .join(_same_school_by_year(schools), on=["SchoolID", "SchoolYearID"], how="left")
        .join(schools.select("SchoolID", "name", "state_id"), on="SchoolID", how="left")
        .with_columns(school=pl.coalesce("name_that_year", "name", "entity_name"))
    )
    mapped = pl.col("school").replace_strict(names, default=None) if names else pl.lit(None)
    return placed.select(
        "StudentID",
        "school",
        pl.coalesce(mapped, "school").alias("building"),
        pl.coalesce("state_id_that_year", "state_id").alias("building_reporting_id"),
    )


def _schools(raw: RawObjects) -> pl.DataFrame:
    return lookup(raw, "Enrollment/School").select(
        "SchoolID",
        "SchoolYearID",
        "DistrictID",
        cleaned("Code").alias("code"),
        cleaned("Name").alias("name"),
        cleaned("StateAssignedID").alias("state_id"),
    )


def _same_school_by_year(schools: pl.DataFrame) -> pl.DataFrame:
    """``SchoolID, SchoolYearID, name_that_year, state_id_that_year`` for each year of a school."""
    years = schools.filter(pl.col("code").is_not_null()).unique(
        ["DistrictID", "code", "SchoolYearID"], keep="first", maintain_order=True
    )
    return many_to_many(
        schools.select("SchoolID", "DistrictID", "code"),
        years.drop("SchoolID"),
        ["DistrictID", "code"],
        ("Enrollment/School", "Enrollment/School"),
    ).select(
        "SchoolID",
        "SchoolYearID",
        pl.col("name").alias("name_that_year"),
        pl.col("state_id").alias("state_id_that_year"),
    )


def _default_schools(raw: RawObjects, schools: pl.DataFrame) -> pl.DataFrame:
    """``EntityID, SchoolYearID, default_school``: for each year of the entity's default school."""
    links = lookup(raw, "Enrollment/EntitySchool").select(
        "EntitySchoolID",
        "EntityID",
        "SchoolID",
        pl.col("IsDefaultSchoolForEntity").fill_null(False).alias("is_default"),
    )
    return (
        many_to_many(
            links,
            _same_school_by_year(schools),
            ["SchoolID"],
            ("Enrollment/EntitySchool", "Enrollment/School"),
        )
        .join(schools.select("SchoolID", pl.col("SchoolYearID").alias("own_year")), on="SchoolID")
        .sort(
            "EntityID",
            "SchoolYearID",
            ~pl.col("is_default"),
            pl.col("own_year") != pl.col("SchoolYearID"),
            "EntitySchoolID",
        )
        .unique(["EntityID", "SchoolYearID"], keep="first", maintain_order=True)
        .select("EntityID", "SchoolYearID", pl.col("SchoolID").alias("default_school"))
    )
