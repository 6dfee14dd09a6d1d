"""Names spoilt on their way into Qmlativ: published as sent, and reported, never repaired.

A repair would be a guess at a person's own name; whoever sees the notice knows the name.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.rejects.reject_rows import rejected

_NAMES = ("last_name", "first_name", "middle_name", "name_suffix")
#: An HTML entity, a question mark inside a word, UTF-8 read as Latin-1 or Windows-1252, and a
#: backslash before a quote.
_SPOILT = (
    r"&(?:[A-Za-z]{2,8}|#\d{1,6}|#x[0-9A-Fa-f]{1,6});|\p{L}\?+\p{L}"
    r"|[\x{C2}-\x{C5}][\x{80}-\x{BF}\x{152}\x{153}\x{160}\x{161}\x{178}\x{17D}\x{192}\x{2013}-\x{203A}"
    r"\x{20AC}\x{2122}]|\x{E2}\x{20AC}|\\+['\x{22}\x{2019}]"
)


def spoilt_names(people: pl.DataFrame, key: str) -> pl.DataFrame:
    """A notice for each person, once, of whom a name looks spoilt.

    Args:
        people: curated rows with names; a person may stand in several.
        key: the column that holds the person's NameID.
    """
    looks_spoilt = pl.any_horizontal(
        pl.col(name).str.contains(_SPOILT).fill_null(False) for name in _NAMES
    )
    return rejected(
        people.filter(looks_spoilt).unique(key, keep="first", maintain_order=True),
        pl.lit(True),
        "name_spoilt",
        object_name="Demographics/Name",
        key=key,
        notice=True,
    )
