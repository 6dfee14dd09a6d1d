"""Dates as Qmlativ writes them: ISO with or without time and zone, and the US form of old systems.

A date with a time is the date as it is written: shifting a birth date by a zone would be wrong.
"""

from __future__ import annotations

from datetime import date

import polars as pl

_OLDEST = date(1900, 1, 1)
#: What may follow an ISO date: nothing, or a time with or without a zone.
_ISO = r"^\d{4}-\d{2}-\d{2}(?:$|[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z| ?[+-]\d{2}:?\d{2})?$)"
#: The rarer forms: the whole text, and the layout of its date.
_OTHERS = (
    (r"^(\d{4}/\d{1,2}/\d{1,2})(?:$| \d{1,2}:\d{2})", "%Y/%m/%d"),
    (r"^(\d{1,2}/\d{1,2}/\d{4})(?:$| \d{1,2}:\d{2})", "%m/%d/%Y"),
    (r"^(\d{1,2}-\d{1,2}-\d{4})(?:$| \d{1,2}:\d{2})", "%m-%d-%Y"),
)


def parsed(column: str) -> pl.Expr:
    """The date that the text means; null when it is blank or means none.

    A year before 1900 means none: 0001-01-01 is how some servers write that there is no date.

    Args:
        column: a text column of a raw frame.
    """
    return pl.col(column).map_batches(_parse, return_dtype=pl.Date(), is_elementwise=True)


def _parse(text: pl.Series) -> pl.Series:
    dates = _read(text)
    told = (dates >= _OLDEST).fill_null(True)
    return dates if told.all() else dates.zip_with(told, pl.Series([None], dtype=pl.Date))


def _read(text: pl.Series) -> pl.Series:
    """Nearly all dates are ISO; the others take the costlier way."""
    trimmed = text.str.strip_chars()
    iso = trimmed.str.contains(_ISO).fill_null(False)
    dates = trimmed.str.head(10).str.to_date("%Y-%m-%d", strict=False)
    usual = dates.zip_with(iso, pl.Series([None], dtype=pl.Date))
    others = ~iso & trimmed.is_not_null()
    if not others.any():
        return usual
    rare = trimmed.filter(others).to_frame("text")
    forms = [pl.col("text").str.extract(f, 1).str.to_date(d, strict=False) for f, d in _OTHERS]
    found = rare.select(pl.coalesce(forms)).to_series()
    # Each row that is not ISO takes the next of those found.
    return found.gather(others.cum_sum().clip(1) - 1).zip_with(others, usual)


def is_blank(column: str) -> pl.Expr:
    """Whether Qmlativ has no value: null, empty, or only blanks."""
    return pl.col(column).str.strip_chars().str.len_bytes().fill_null(0) == 0
