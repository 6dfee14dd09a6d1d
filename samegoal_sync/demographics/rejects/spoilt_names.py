"""Names spoilt on their way into Qmlativ: published as sent, and reported, never repaired.

A repair would be a guess at a person's own name; whoever sees the notice knows the name.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.rejects.reject_rows import rejected

_NAMES = ("last_name", "first_name", "middle_name", "name_suffix")
#: Bytes of UTF-8 after the first one, read as Windows-1252 or Latin-1; dashes and quotes are also
#: honest letters of a name, after a letter that begins no Spanish or French word's accent.
_LATER = (
    r"\x{80}-\x{BF}\x{152}\x{153}\x{160}\x{161}\x{178}\x{17D}\x{17E}\x{192}\x{2C6}\x{2DC}"
    r"\x{201A}\x{201C}-\x{201E}\x{2020}-\x{2022}\x{2026}\x{2030}\x{2039}\x{203A}\x{20AC}\x{2122}"
)
_SPOILT = "|".join(
    [
        # HTML entities, with or without their semicolon, and tags.
        r"&(?:[A-Za-z]{2,8};|#\d{1,6}|#x[0-9A-Fa-f]{1,6})|</?[A-Za-z][^>]*>",
        # A question mark in place of a letter; other signs that stand in no name.
        r"\p{L}\?+\p{L}|(?:^|[\s-])\?+\p{L}",
        r"\p{L}[\x{A1}-\x{A7}\x{A9}\x{AB}\x{AC}\x{AE}\x{AF}\x{B1}-\x{B3}\x{B5}\x{B6}\x{B8}\x{B9}"
        r"\x{BB}-\x{BF}\x{2310}\x{2500}-\x{259F}]|\x{BF}\p{L}",
        # UTF-8 read as Latin-1 or Windows-1252: of two bytes, and of three.
        rf"[\x{{C2}}-\x{{C5}}][{_LATER}\x{{2013}}-\x{{2019}}]|[\x{{C6}}-\x{{DF}}][{_LATER}]",
        rf"[\x{{E0}}-\x{{EF}}][{_LATER}]{{2}}|\x{{E2}}(?:\x{{20AC}}|\x{{80}})",
        # Likewise where the second byte can't be seen and was taken off, as of an accented i:
        # before a letter that follows it in no Portuguese name, or in the midst of small letters.
        r"\x{C3}[a-df-hj-np-zA-DF-HJ-NP-Z]|\p{Ll}[\x{C2}-\x{C5}]",
        # Escapes that nobody took off: of quotes, bytes, addresses and mails.
        r"\\|%[0-9A-Fa-f]{2}|=[0-9A-F]{2}",
    ]
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
