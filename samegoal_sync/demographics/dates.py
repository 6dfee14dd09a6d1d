"""Dates as Qmlativ writes them: ISO with or without time and zone, and the US form of old systems.

A date with a time is the date as it is written: shifting a birth date by a zone would be wrong.
"""

from __future__ import annotations

import polars as pl

#: Whole text -> date. What follows an ISO date (a time, a zone) is read and left aside.
_FORMS = (
    (
        r"^(\d{4}-\d{2}-\d{2})(?:$|[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z| ?[+-]\d{2}:?\d{2})?$)",
        "%Y-%m-%d",
    ),
    (r"^(\d{4}/\d{1,2}/\d{1,2})(?:$| \d{1,2}:\d{2})", "%Y/%m/%d"),
    (r"^(\d{1,2}/\d{1,2}/\d{4})(?:$| \d{1,2}:\d{2})", "%m/%d/%Y"),
    (r"^(\d{1,2}-\d{1,2}-\d{4})(?:$| \d{1,2}:\d{2})", "%m-%d-%Y"),
)


def parsed(column: str) -> pl.Expr:
    """The date that the text means; null when it is blank or means none.

    Args:
        column: a text column of a raw frame.
    """
    text = pl.col(column).str.strip_chars()
    iso, *others = (
        text.str.extract(form, 1).str.to_date(layout, strict=False) for form, layout in _FORMS
    )
    return pl.coalesce(iso, *others)


def is_blank(column: str) -> pl.Expr:
    """Whether Qmlativ has no value: null, empty, or only blanks."""
    return pl.col(column).str.strip_chars().str.len_bytes().fill_null(0) == 0
