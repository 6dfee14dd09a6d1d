"""Students who may be one and the same under two ids: reported, never merged."""

from __future__ import annotations

import polars as pl

_IDENTITY = ["last_name", "first_name", "date_of_birth"]


def possible_duplicates(curated: pl.DataFrame) -> pl.DataFrame:
    """The students who share legal name (whatever its capitals) and birth date with another.

    Twins have other first names, so they are not among them.
    """
    folded = curated.select(pl.col("last_name", "first_name").str.to_lowercase(), "date_of_birth")
    return curated.filter(folded.select(_IDENTITY).is_duplicated())
