"""Race and ethnicity in SameGoal's words, by the federal rule for reporting one value a student."""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.values.text import cleaned
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: Qmlativ's federal race flags and the words that SameGoal shows.
RACE_FLAGS = {
    "IsAlaskan": "American Indian or Alaska Native",
    "IsAsian": "Asian",
    "IsBlack": "Black or African American",
    "IsHawaiian": "Native Hawaiian or Other Pacific Islander",
    "IsWhite": "White",
}
HISPANIC = "Hispanic/Latino"
SEVERAL = "Two or More Races"


def race(raw: RawObjects) -> pl.Expr:
    """The ``race`` column over ``Demographics/Name``.

    Hispanic of any race comes first, then two or more, then the one race. Where a person has no
    flag set, or where the six flags were not all shared, Qmlativ's own text is taken.
    """
    text = cleaned("EthnicityAndRace")
    if not raw.shares("Demographics/Name", "IsHispanic", *RACE_FLAGS):
        return text.alias("race")
    count = pl.sum_horizontal(pl.col(*RACE_FLAGS).fill_null(False).cast(pl.Int8))
    single = pl.coalesce(
        [pl.when(pl.col(flag)).then(pl.lit(word)) for flag, word in RACE_FLAGS.items()]
    )
    return (
        pl.when(pl.col("IsHispanic"))
        .then(pl.lit(HISPANIC))
        .when(count > 1)
        .then(pl.lit(SEVERAL))
        .otherwise(pl.coalesce(single, text))
        .alias("race")
    )
