"""A person's name for legal documents: the legal name where Qmlativ keeps one, with its suffix."""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.text import cleaned
from samegoal_sync.qmlativ.raw_objects import RawObjects

_NAME_FIELDS = (
    "LastName",
    "FirstName",
    "MiddleName",
    "LastNameLegal",
    "FirstNameLegal",
    "MiddleNameLegal",
)


def person_names(raw: RawObjects, name_ids: pl.Series) -> pl.DataFrame:
    """``NameID, last_name, first_name, middle_name, name_suffix`` of the people asked for.

    Where both legal first and legal last name are kept, the legal name is taken whole: its
    middle name and suffix too, blank or not. Otherwise each part falls back to the plain one.
    """
    names = (
        lookup(raw, "Demographics/Name")
        .filter(pl.col("NameID").is_in(name_ids.implode()))
        .select("NameID", "NameSuffixID", "NameSuffixIDLegal", *map(cleaned, _NAME_FIELDS))
    )
    legal = pl.col("LastNameLegal").is_not_null() & pl.col("FirstNameLegal").is_not_null()
    chosen = names.select(
        "NameID",
        pl.coalesce("LastNameLegal", "LastName").alias("last_name"),
        pl.coalesce("FirstNameLegal", "FirstName").alias("first_name"),
        _whole(legal, "MiddleNameLegal", "MiddleName").alias("middle_name"),
        _whole(legal, "NameSuffixIDLegal", "NameSuffixID").alias("NameSuffixID"),
    )
    return _with_suffix(raw, chosen)


def _whole(legal: pl.Expr, legal_part: str, plain_part: str) -> pl.Expr:
    fallback = pl.coalesce(legal_part, plain_part)
    return pl.when(legal).then(pl.col(legal_part)).otherwise(fallback)


def _with_suffix(raw: RawObjects, names: pl.DataFrame) -> pl.DataFrame:
    suffixes = lookup(raw, "Demographics/NameSuffix").select(
        "NameSuffixID",
        pl.coalesce(cleaned("Description"), cleaned("Code")).alias("name_suffix"),
    )
    return names.join(suffixes, on="NameSuffixID", how="left").drop("NameSuffixID")
