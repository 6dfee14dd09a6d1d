"""Which entities are the district's, and which school year is current for each of them.

A system may hold several districts, and the school year turns over entity by entity in summer.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from samegoal_sync.demographics.errors import SeveralDistricts
from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.text import cleaned
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: School years are named for the calendar year they end in; a new one is assumed from July on.
_TURN_OF_THE_YEAR = 7


def district_row(raw: RawObjects, district_id: int | None) -> pl.DataFrame:
    """The one row of ``District/District`` that is this district's (none, if it isn't there).

    Raises:
        SeveralDistricts: the system holds several and nobody said which one is meant.
    """
    districts = lookup(raw, "District/District")
    if district_id is not None:
        return districts.filter(pl.col("DistrictID") == district_id)
    if districts.height > 1:
        raise SeveralDistricts(districts.height)
    return districts


def district_entities(raw: RawObjects, district_id: int | None, today: date) -> pl.DataFrame:
    """``EntityID, entity_name, current_year`` (numeric) of this district's entities.

    An entity without a current school year takes the district-wide one's, then the latest of
    its sisters', then the year that the date lies in.
    """
    district = district_row(raw, district_id)
    entities = lookup(raw, "District/Entity")
    if district_id is None and district.height:
        district_id = district.item(0, "DistrictID")
    if district_id is not None:
        # Also where the district's own row did not come: never another district's entities.
        entities = entities.filter(pl.col("DistrictID") == district_id)
    by_date = today.year + (today.month >= _TURN_OF_THE_YEAR)
    known = entities.join(
        numeric_years(raw), left_on="SchoolYearIDCurrent", right_on="SchoolYearID", how="left"
    )
    wide = pl.col("NumericYear").filter(pl.col("IsDistrictWide").fill_null(False)).max()
    return known.select(
        "EntityID",
        cleaned("Name").alias("entity_name"),
        pl.coalesce("NumericYear", wide, pl.col("NumericYear").max(), pl.lit(by_date))
        .cast(pl.Int64)
        .alias("current_year"),
    )


def numeric_years(raw: RawObjects) -> pl.DataFrame:
    """``SchoolYearID, NumericYear``."""
    return lookup(raw, "District/SchoolYear").select("SchoolYearID", "NumericYear")
