"""The guardian's e-mail: staff mail documents to it, so nothing is guessed and nothing repaired."""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.qmlativ.raw_objects import RawObjects

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_ADDRESS = rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}$"
_SEVERAL = r"@.*@|@[^@]*[,;/\s]+\S|[,;]"
_LONGEST, _LONGEST_LOCAL = 254, 64


def emails(raw: RawObjects, name_ids: pl.Series) -> pl.DataFrame:
    """``NameID, email, email_invalid, email_several`` of each person's first e-mail by rank.

    Only the first counts: if it is invalid, the second is not taken for it.
    """
    text = pl.col("EmailAddress").str.strip_chars()
    first = (
        lookup(raw, "Demographics/NameEmail")
        .filter(pl.col("NameID").is_in(name_ids.implode()) & (text.str.len_bytes() > 0))
        .sort("NameID", "Rank", "NameEmailID", nulls_last=True)
        .unique("NameID", keep="first", maintain_order=True)
    )
    parts = text.str.split_exact("@", 1)
    local, host = parts.struct.field("field_0"), parts.struct.field("field_1")
    short = (text.str.len_bytes() <= _LONGEST) & (local.str.len_bytes() <= _LONGEST_LOCAL)
    judged = first.select(
        "NameID",
        text.alias("text"),
        (local + "@" + host.str.to_lowercase()).alias("email"),
        (text.str.contains(_ADDRESS) & short).alias("fits"),
    )
    unfit = judged.filter(~pl.col("fits")).select(
        "NameID",
        pl.lit(None, pl.String).alias("email"),
        (~pl.col("text").str.contains(_SEVERAL)).alias("email_invalid"),
        pl.col("text").str.contains(_SEVERAL).alias("email_several"),
    )
    fit = judged.filter("fits").select(
        "NameID", "email", email_invalid=pl.lit(False), email_several=pl.lit(False)
    )
    return pl.concat([fit, unfit])
