"""Dates as districts' servers write them, and the one place that knows dates which mean none.

ISO with or without time and zone, the US form of old systems, and how SQL Server and Oracle print
a date. A date with a time is the date as it is written: shifting a birth date by a zone would be
wrong. Where a system can't leave a date out it writes the first or last day that it knows; such
a day is read as no date in every form, wherever a date is read; so is a word that says it.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from samegoal_sync.demographics.values.scatter import scattered

#: Databases' and spreadsheets' zeros lie on or before this day (SQL Server 1753 and 1900, Access
#: 1899, .NET 0001). Nobody alive was born by then.
_LAST_ZERO = date(1900, 1, 1)
#: But for that of the Macintosh's Excel.
_MACINTOSH_ZERO = date(1904, 1, 1)
#: From here on a date stands for "never": SQL Server's smalldatetime 2079-06-06, 2999-12-31,
#: 9999-12-31.
_NEVER = date(2079, 6, 6)
#: No enrollment and no restriction of today's students begins or ends by then (Unix's zero 1970,
#: DOS's 1980), but many a person was born.
_BEFORE_ANY_SPAN = date(1990, 1, 1)
#: Unix's last second that fits into 32 bits, east and west of Greenwich.
_UNIX_ENDS = (date(2038, 1, 18), date(2038, 1, 19))
#: What stands for no date without being a day of any calendar: zeros or nines alone, the zeroth
#: of January (Excel's zero), the year zero in two digits, a mask left empty, or words.
_NO_DAY = (
    r"(?i)^(?:0{1,8}|(?:0{1,4}[-/.]0{1,2}[-/.]0{1,4}|9{2,4}[-/.]99[-/.]9{2,4}|99999999"
    r"|1900[-/.]0?1[-/.]0?0|0?1[-/.]0?0[-/.]1900|0?1[-/.]0?1[-/.]00|12[-/.]3[01][-/.]99"
    r"|0?1-jan-00|3[01]-dec-99|-0*1-11-30|0?1\.0?1\.(?:0001|1753|1900)|(?:31\.12|12\.31)\.9999"
    r"|\+?\d{5,6}-\d\d-\d\d)(?:[T ].*|Z|[+-].*)?"
    r"|[\s_./\\-]+|<?\(?(?:n\.?/?a\.?|none|null|nil|nat|nan|never|no(?: end)?(?: date)?|blank|empty"
    r"|not applicable|open(?:[ -]ended)?|ongoing|present|current|permanent|indefinite(?:ly)?"
    r"|until further notice)\)?>?)$"
)

_ZONE = r" ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?(?:\[[A-Za-z/_]{1,40}\])?"
#: What may follow a date: nothing, a zone, or a time with or without a zone.
_TIME = r"(?:T| +)\d{1,2}:\d{1,2}(?::\d{1,2}(?:[.,:]\d+)?)?(?: ?[AP]M)?"
_AFTER = rf"(?i:(?:{_TIME})?{_ZONE}$)"
_ISO = rf"^\d{{4}}-\d{{2}}-\d{{2}}{_AFTER}"
#: The rarer forms, the least rare first: the text of the date, and its layout. No text has two.
_OTHERS = (
    (rf"^(\d{{1,2}}/\d{{1,2}}/\d{{4}}){_AFTER}", "%m/%d/%Y"),
    (rf"^(\d{{4}}/\d{{1,2}}/\d{{1,2}}){_AFTER}", "%Y/%m/%d"),
    (rf"^(\d{{4}}-\d{{1,2}}-\d{{1,2}}){_AFTER}", "%Y-%m-%d"),
    (rf"^(\d{{1,2}}-\d{{1,2}}-\d{{4}}){_AFTER}", "%m-%d-%Y"),
    (rf"^(\d{{4}}\.\d{{1,2}}\.\d{{1,2}}){_AFTER}", "%Y.%m.%d"),
    (rf"^(\d{{8}})(?:T?\d{{4,6}}(?:\.\d+)?{_ZONE}?$|{_AFTER})", "%Y%m%d"),
    (rf"^(\d{{1,2}}[ -][A-Za-z]{{3}}[ -]\d{{4}}){_AFTER}", "%d %b %Y"),
    (rf"^([A-Za-z]{{3}} +\d{{1,2}},? \d{{4}}){_AFTER}", "%b %d %Y"),
    (rf"^(\d{{1,2}} [A-Za-z]{{4,9}} \d{{4}}){_AFTER}", "%d %B %Y"),
    (rf"^([A-Za-z]{{4,9}} +\d{{1,2}},? \d{{4}}){_AFTER}", "%B %d %Y"),
)
#: ``Tue, 24 Nov 2026``: the day of the week says nothing.
_WEEKDAY = r"(?i)^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[,.]? +"
#: Milliseconds since Unix's zero, as .NET writes JSON, and the zone that they were written in.
_NET = r"^\\?/Date\((-?\d{1,15})([+-]\d{4})?\)\\?/$"
_DAY_OF_MILLISECONDS = 86_400_000


def parsed(column: str) -> pl.Expr:
    """The date that the text means; null when it is blank, means none or can't be read.

    Args:
        column: a text column of a raw frame.
    """
    return pl.col(column).map_batches(_parse, return_dtype=pl.Date(), is_elementwise=True)


def parsed_bound(column: str) -> pl.Expr:
    """The day on which a span (an enrollment, a restriction) begins or ends; null when there is
    none. Beside what ``parsed`` takes for none: days before any span of today, and Unix's ends.

    Args:
        column: a text column of a raw frame.
    """
    return pl.col(column).map_batches(_parse_bound, return_dtype=pl.Date(), is_elementwise=True)


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
    return _where_not(_read(text.str.strip_chars()), _MEANS_NONE)


def _parse_bound(text: pl.Series) -> pl.Series:
    # Not as an expression of ``parsed``: polars would read the column once for each mention.
    return _where_not(_parse(text), _BOUNDS_NOTHING)


def _where_not(dates: pl.Series, condition: pl.Expr) -> pl.Series:
    return dates.to_frame("date").select(pl.when(~condition).then("date")).to_series()


def _blank(text: pl.Series) -> pl.Series:
    trimmed = text.str.strip_chars()
    empty = trimmed.str.len_bytes().fill_null(0) == 0
    if empty.all():
        return empty
    dates = _read(trimmed)
    none = dates.to_frame("date").select(_MEANS_NONE.fill_null(False)).to_series()
    blank = empty | none
    # Nearly all are dates; the others are few.
    unread = dates.is_null() & ~empty
    if not unread.any():
        return blank
    return scattered(trimmed.filter(unread).str.contains(_NO_DAY), unread, blank)


_date = pl.col("date")
_MEANS_NONE = (_date <= _LAST_ZERO) | (_date == _MACINTOSH_ZERO) | (_date >= _NEVER)
_BOUNDS_NOTHING = (_date <= _BEFORE_ANY_SPAN) | _date.is_in(_UNIX_ENDS)


def _read(trimmed: pl.Series) -> pl.Series:
    """Nearly all dates are ISO; the others take the costlier way."""
    usual, iso = trimmed.to_frame("text").select(_USUAL, _IS_ISO).get_columns()
    others = ~iso & trimmed.is_not_null()
    if not others.any():
        return usual
    rare = trimmed.filter(others).to_frame("text").with_columns(_WITHOUT_WEEKDAY, _UNREAD)
    for form in _RARE:
        # A column mostly holds one other form: the next is tried only while something is unread.
        rare = rare.with_columns(pl.coalesce("date", form).alias("date"))
        if not rare["date"].null_count():
            break
    return scattered(rare["date"], others, usual)


_IS_ISO = pl.col("text").str.contains(_ISO).fill_null(False).alias("iso")
_USUAL = (
    pl.when(pl.col("text").str.contains(_ISO))
    .then(pl.col("text").str.head(10).str.to_date("%Y-%m-%d", strict=False))
    .alias("date")
)


def _of_net(text: pl.Expr) -> pl.Expr:
    """The day of .NET's milliseconds; null unless they are a whole day's where they were written:
    to shift a birth date by a zone that nobody knows would be a guess."""
    zone = text.str.extract(_NET, 2)
    minutes = zone.str.slice(1, 2).cast(pl.Int64) * 60 + zone.str.slice(3, 2).cast(pl.Int64)
    west = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    local = text.str.extract(_NET, 1).cast(pl.Int64) + (minutes * west * 60_000).fill_null(0)
    days = local.floordiv(_DAY_OF_MILLISECONDS)
    known = (local % _DAY_OF_MILLISECONDS == 0) | (days.abs() < 2) | (days > 1_000_000)
    near = days.is_between(-719_162, 2_932_896)
    return pl.when(known & near).then(days.cast(pl.Int32, strict=False).cast(pl.Date))


_WITHOUT_WEEKDAY = pl.col("text").str.replace(_WEEKDAY, "")
_UNREAD = pl.lit(None, pl.Date).alias("date")
_RARE = [
    *(
        pl.col("text")
        .str.extract(form, 1)
        .str.replace_all(r"[ ,]+", " ")
        .str.replace(r"^(\d{1,2})-([A-Za-z]{3})-", "$1 $2 ")
        .str.to_date(layout, strict=False)
        for form, layout in _OTHERS
    ),
    _of_net(pl.col("text")),
]
