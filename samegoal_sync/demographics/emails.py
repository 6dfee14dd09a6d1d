"""The guardian's e-mail: staff mail documents to it, so nothing is guessed and nothing repaired."""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.raw_frames import lookup
from samegoal_sync.qmlativ.raw import RawObjects

_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
_ADDRESS = rf"^({_LOCAL})@({_HOST})$"
_SEVERAL = r"@.*@|@[^@]*[,;/\s]+\S|[,;]"


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
    fits = text.str.contains(_ADDRESS) & (text.str.len_bytes() <= 254)
    fits &= text.str.find("@", literal=True) <= 64
    several = ~fits & text.str.contains(_SEVERAL)
    host = text.str.extract(_ADDRESS, 2).str.to_lowercase()
    return first.select(
        "NameID",
        pl.when(fits).then(text.str.extract(_ADDRESS, 1) + "@" + host).alias("email"),
        (~fits & ~several).alias("email_invalid"),
        several.alias("email_several"),
    )
