"""Put back what was computed of a few rows only, each at its own row."""

from __future__ import annotations

import polars as pl


def scattered(found: pl.Series, where: pl.Series, rest: pl.Series) -> pl.Series:
    """``rest``, with the values of ``found``, in their order, where ``where`` holds.

    A costly step on the few rows that need it: ``found`` is made of ``filter(where)``.

    Args:
        found: one value for each true row of ``where``; there is at least one.
        where: boolean, without nulls, as long as ``rest``.
    """
    # Each true row takes the next of those found; the others take any, and are not looked at.
    row = pl.lit(where).cum_sum().clip(1) - 1
    return pl.select(pl.when(where).then(pl.lit(found).gather(row)).otherwise(rest)).to_series()
