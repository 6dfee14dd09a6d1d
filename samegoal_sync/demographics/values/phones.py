"""Phones: one form, by type into home, work and cell; never a confidential one, never a fax."""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.values.text import cleaned
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: Curated column -> words of a phone type that mean it, in the order in which they are tried.
PHONE_TYPES = {
    "cell_phone": r"\b(?:cell|cellular|mobile|c)\b|cell ?phone",
    "work_phone": r"\b(?:work|business|office|w)\b",
    "home_phone": r"\b(?:home|house|land ?line|residence|h)\b",
}
_EXTENSION = r"(?i)[ ,;]*(?:extension|ext\.?|x|#)[ .:]*(\d{1,8})$"
_NORTH_AMERICAN = r"^1?[2-9][0-9]{2}[2-9][0-9]{6}$"


def phones(raw: RawObjects, name_ids: pl.Series) -> pl.DataFrame:
    """One row a person: ``NameID, home_phone, work_phone, cell_phone``, and for each of them
    ``…_invalid`` and ``…_confidential``; also ``confidential_phones`` and ``untyped_phones``.

    The first valid phone of a kind by rank, then id, counts. A phone whose confidentiality is
    not said is taken for confidential.
    """
    listed = _listed(raw, name_ids).sort("NameID", "Rank", "NamePhoneID", nulls_last=True)
    people = listed.group_by("NameID").agg(
        pl.col("confidential").sum().alias("confidential_phones"),
        (pl.col("kind").is_null() & ~pl.col("confidential")).sum().alias("untyped_phones"),
    )
    for column in PHONE_TYPES:
        kind = listed.filter(pl.col("kind") == column)
        first = _firsts(kind.filter(pl.col("written").is_not_null())).rename({"written": column})
        people = people.join(first, on="NameID", how="left").with_columns(
            pl.col("NameID")
            .is_in(kind.filter(trait).get_column("NameID").unique().implode())
            .alias(f"{column}_{trait}")
            for trait in ("invalid", "confidential")
        )
    return people


def _firsts(phones_of_kind: pl.DataFrame) -> pl.DataFrame:
    return phones_of_kind.filter(pl.col("NameID").is_first_distinct()).select("NameID", "written")


def _listed(raw: RawObjects, name_ids: pl.Series) -> pl.DataFrame:
    """Every phone that is no fax: its kind, its written form, whether it is confidential."""
    rows = (
        lookup(raw, "Demographics/NamePhone")
        .filter(pl.col("NameID").is_in(name_ids.implode()) & ~pl.col("IsFax").fill_null(False))
        .select(
            "NamePhoneID",
            "NameID",
            "PhoneTypeID",
            "Rank",
            cleaned("PhoneNumber").alias("number"),
            cleaned("Extension").alias("extension"),
            pl.col("IsConfidential").fill_null(True).alias("confidential"),
            pl.col("IsInternational").fill_null(False).alias("international"),
        )
        .filter(pl.col("number").is_not_null())
    )
    written = pl.col("written")
    return (
        _with_written(rows)
        .join(_kinds(raw), on="PhoneTypeID", how="left")
        .select(
            "NamePhoneID",
            "NameID",
            "Rank",
            "kind",
            "confidential",
            pl.when(~pl.col("confidential")).then(written).alias("written"),
            (~pl.col("confidential") & written.is_null()).alias("invalid"),
        )
    )


def _with_written(rows: pl.DataFrame) -> pl.DataFrame:
    """``written``: ``312-555-0123 x45``; an international one as it is; null if none can be called.

    Nearly all numbers are plain; the others take the costlier way.
    """
    number = pl.col("number")
    plain = (
        ~pl.col("international")
        & pl.col("extension").is_null()
        & number.str.contains(r"^[\d\s().-]*$")
        & ~number.str.starts_with("011")
    )
    usual, others = rows.filter(plain), rows.filter(~plain)
    return pl.concat(
        [
            usual.with_columns(written=_domestic(number.str.replace_all(r"\D", ""))),
            others.with_columns(written=_unusual()),
        ]
    )


def _unusual() -> pl.Expr:
    number = pl.col("number")
    foreign = pl.col("international") | number.str.contains(r"^(?:\+(?:[^1]|$)|011)")
    extension = pl.coalesce(
        pl.col("extension").str.extract(r"^(?i:ext\.?|x|#)?[ .:]*(\d{1,8})$", 1),
        number.str.extract(_EXTENSION, 1),
    )
    digits = number.str.replace(_EXTENSION, "").str.replace_all(r"[\s().+/_-]", "")
    with_extension = pl.concat_str([_domestic(digits), pl.lit(" x") + extension], ignore_nulls=True)
    domestic = pl.when(_domestic(digits).is_not_null()).then(with_extension)
    abroad = pl.when(number.str.contains(r"^[+\d][\d\s().+/-]{5,24}(?:\s*x\d{1,8})?$")).then(number)
    return pl.when(foreign).then(abroad).otherwise(domestic)


def _domestic(digits: pl.Expr) -> pl.Expr:
    """``312-555-0123`` of the digits of a North American number, else null."""
    form = pl.concat_str(
        [digits.str.slice(-10, 3), digits.str.slice(-7, 3), digits.str.tail(4)], separator="-"
    )
    return pl.when(digits.str.contains(_NORTH_AMERICAN)).then(form)


def _kinds(raw: RawObjects) -> pl.DataFrame:
    """``PhoneTypeID, kind``: the curated column that a district's phone type goes to, or null."""
    description, code = (cleaned(column).str.to_lowercase() for column in ("Description", "Code"))
    kinds = [
        pl.when(words.str.contains(pattern)).then(pl.lit(column))
        for words in (description, code)
        for column, pattern in PHONE_TYPES.items()
    ]
    return lookup(raw, "Demographics/PhoneType").select(
        "PhoneTypeID", pl.coalesce(kinds).alias("kind")
    )
