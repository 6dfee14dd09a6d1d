"""Dates as districts' servers write them, and the one place that knows dates which mean none.

ISO with or without time and zone, the US form of old systems, and how SQL Server and Oracle print
a date. A date with a time is the date as it is written: shifting a birth date by a zone would be
wrong. Where a system can't leave a date out it writes the first or last day that it knows; such
a day is read as no date in every form, wherever a date is read.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from samegoal_sync.demographics.values.scatter import scattered

#: Databases' and spreadsheets' zeros lie on or before this day (SQL Server 1753 and 1900, Access
#: 1899, .NET 0001). Nobody alive was born by then.
_LAST_ZERO = date(1900, 1, 1)
#: From here on a date stands for "never": SQL Server's smalldatetime 2079-06-06, 2999-12-31,
#: 9999-12-31.
_NEVER = date(2079, 6, 6)
#: Unix's zero, and the same moment west of Greenwich. No span of today's students begins or ends
#: there, but many a person was born then.
_UNIX_ZERO = (date(1969, 12, 31), date(1970, 1, 1))
#: Dates of zeros alone are no day of any calendar.
_ZEROS = r"^(?:0{4}[-/]?0{1,2}[-/]?0{1,2}|0{1,2}[-/]0{1,2}[-/]0{4})(?:$|[T Z+-])"

_ZONE = r" ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
#: What may follow a date: nothing, a zone, or a time with or without a zone.
_AFTER = (
    rf"(?i:$|{_ZONE}$|(?:T| +)\d{{1,2}}:\d{{2}}(?::\d{{2}}(?:[.,:]\d+)?)?(?: ?[AP]M)?(?:{_ZONE})?$)"
)
_ISO = rf"^\d{{4}}-\d{{2}}-\d{{2}}{_AFTER}"
#: The rarer forms: the text of the date, and its layout.
_OTHERS = (
    (rf"^(\d{{4}}/\d{{1,2}}/\d{{1,2}}){_AFTER}", "%Y/%m/%d"),
    (rf"^(\d{{4}}-\d{{1,2}}-\d{{1,2}}){_AFTER}", "%Y-%m-%d"),
    (rf"^(\d{{1,2}}/\d{{1,2}}/\d{{4}}){_AFTER}", "%m/%d/%Y"),
    (rf"^(\d{{1,2}}-\d{{1,2}}-\d{{4}}){_AFTER}", "%m-%d-%Y"),
    (rf"^(\d{{8}}){_AFTER}", "%Y%m%d"),
    (rf"^(\d{{1,2}}-[A-Za-z]{{3}}-\d{{4}}){_AFTER}", "%d-%b-%Y"),
    (rf"^([A-Za-z]{{3}} +\d{{1,2}},? \d{{4}}){_AFTER}", "%b %d %Y"),
)
_NO_DATE = pl.Series([None], dtype=pl.Date)


def parsed(column: str) -> pl.Expr:
    """The date that the text means; null when it is blank, means none or can't be read.

    Args:
        column: a text column of a raw frame.
    """
    return pl.col(column).map_batches(_parse, return_dtype=pl.Date(), is_elementwise=True)


def parsed_bound(column: str) -> pl.Expr:
    """The day on which a span (an enrollment, a restriction) begins or ends; null when there is
    none. Beside what ``parsed`` takes for none: Unix's zero.

    Args:
        column: a text column of a raw frame.
    """
    day = parsed(column)
    return pl.when(~day.is_in(_UNIX_ZERO)).then(day)


def is_blank(column: str) -> pl.Expr:
    """Whether Qmlativ has no date: null, empty, only blanks, or a date that means none.

    Together with a null of ``parsed`` it tells a date that is not there from one that can't be
    read.
    """
    return pl.col(column).map_batches(_blank, return_dtype=pl.Boolean(), is_elementwise=True)


def is_unreadable_bound(column: str) -> pl.Expr:
    """Whether a span's first or last day has a text that neither is a date nor means none."""
    return parsed(column).is_null() & ~is_blank(column)


def _parse(text: pl.Series) -> pl.Series:
    dates = _read(text.str.strip_chars())
    none = _means_none(dates)
    return dates.zip_with(~none, _NO_DATE) if none.any() else dates


def _blank(text: pl.Series) -> pl.Series:
    trimmed = text.str.strip_chars()
    empty = trimmed.str.len_bytes().fill_null(0) == 0
    if empty.all():
        return empty
    zeros = trimmed.str.contains(_ZEROS).fill_null(False)
    return empty | zeros | _means_none(_read(trimmed))


def _means_none(dates: pl.Series) -> pl.Series:
    return ((dates <= _LAST_ZERO) | (dates >= _NEVER)).fill_null(False)


def _read(trimmed: pl.Series) -> pl.Series:
    """Nearly all dates are ISO; the others take the costlier way."""
    iso = trimmed.str.contains(_ISO).fill_null(False)
    dates = trimmed.str.head(10).str.to_date("%Y-%m-%d", strict=False)
    usual = dates.zip_with(iso, _NO_DATE)
    others = ~iso & trimmed.is_not_null()
    if not others.any():
        return usual
    rare = trimmed.filter(others).to_frame("text")
    forms = [
        pl.col("text")
        .str.extract(form, 1)
        .str.replace_all(r"[ ,]+", " ")
        .str.to_date(layout, strict=False)
        for form, layout in _OTHERS
    ]
    found = rare.select(pl.coalesce(forms)).to_series()
    return scattered(found, others, usual)
