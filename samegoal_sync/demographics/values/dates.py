"""Dates as Qmlativ writes them: ISO with or without time and zone, and the US form of old systems.

A date with a time is the date as it is written: shifting a birth date by a zone would be wrong.
"""

from __future__ import annotations

from datetime import date

import polars as pl

#: Databases' and spreadsheets' zeros lie on or before this day (SQL Server 1753 and 1900, Access
#: 1899, .NET 0001).
_LAST_ZERO = date(1900, 1, 1)
#: Unix's zero, and the same moment west of Greenwich.
_UNIX_ZERO = (date(1970, 1, 1), date(1969, 12, 31))
#: From here on a date stands for "never" (9999-12-31, 2999-12-31, SQL's smalldatetime 2079-06-06).
_NEVER = date(2079, 6, 6)
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

    Nobody alive was born by 1900-01-01: it, and all before it, are how systems write that there
    is no date.

    Args:
        column: a text column of a raw frame.
    """
    return pl.col(column).map_batches(_parse, return_dtype=pl.Date(), is_elementwise=True)


def parsed_bound(column: str) -> pl.Expr:
    """The day on which a span (an enrollment, a restriction) begins or ends; null when there is
    none.

    Beside what ``parsed`` takes for none: 1970-01-01, on which no span of today's students begins
    or ends but many a person was born, and the days far ahead that stand for "never".

    Args:
        column: a text column of a raw frame.
    """
    day = parsed(column)
    return pl.when(~day.is_in(_UNIX_ZERO) & (day < _NEVER)).then(day)


def _parse(text: pl.Series) -> pl.Series:
    dates = _read(text)
    real = (dates > _LAST_ZERO).fill_null(True)
    return dates if real.all() else dates.zip_with(real, pl.Series([None], dtype=pl.Date))


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
