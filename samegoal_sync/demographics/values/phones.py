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
#: However an extension is written after a number; its digits. A dialer pauses at commas, p and w.
_EXTENSION = (
    r"(?i)[\s,;]*[(\[]?\s*(?:[;,]?\s*(?:extension|extn|ext|xtn|ex|option|opt|x)\b[.:=#\s]*"
    r"|[#,;xpw]+\s*|[(\[]\s*)(\d{1,8})\s*#?\s*[)\]]?$"
)
#: What may stand in Qmlativ's own Extension field.
_EXTENSION_ALONE = r"(?i)^[\s,;]*(?:extension|extn|ext|xtn|ex|x|#)?[.:=#\s]*(\d{1,8})$"
#: RFC 3966: a number as links write it, with parameters of which the extension alone counts.
_LINK = r"(?i)^(?:tel|callto|sip|sms):\s*(?://)?"
_LINK_PARAMETER = r"(?i);(?:phone-context|isub|postd)=[^;]*"
#: What people write beside a number; its kind is said by its type.
_KIND = r"(?i)(?:cell(?:ular)?|mobile|home|work|office|phone|ph|tel(?:ephone)?|text)"
_LABELS = rf"^{_KIND}\b[\s.:#-]*|[\s,;-]*[(\[]?\b{_KIND}\.?[)\]]?$"
_BETWEEN = r"[\s().+/_\x{2010}-\x{2015}-]"
_NORTH_AMERICAN = r"^1?[2-9][0-9]{2}[2-9][0-9]{6}$"
#: One digit over and over is typed where a number is demanded.
_ONE_DIGIT = r"^[+1]?(?:" + "|".join(f"{digit}+" for digit in range(10)) + ")$"
_ABROAD = r"^[+(\d][\d\s().+/-]{5,24}$"


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


def written_phone(number: str) -> str | None:
    """One number as publication writes it, by the same rule; ``None`` if none can be called."""
    rows = pl.DataFrame(
        {"number": [number], "extension": [None], "international": [False]},
        schema={"number": pl.String, "extension": pl.String, "international": pl.Boolean},
    )
    written: str | None = _with_written(rows)["written"].item()
    return written


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
        & number.str.contains(r"^[0-9\s().-]*$")
        & ~number.str.contains(r"^0|\(\d{1,2}\)$")
    )
    usual = rows.filter(plain).with_columns(digits=number.str.replace_all(r"\D", ""))
    others = rows.filter(~plain)
    return pl.concat(
        [
            usual.with_columns(written=_domestic()).drop("digits"),
            others.with_columns(written=_unusual(others)),
        ]
    )


def _unusual(rows: pl.DataFrame) -> pl.Series:
    number, alone, digits = pl.col("number"), pl.col("alone"), pl.col("digits")
    foreign = pl.col("foreign")
    # Step by step: what is mentioned twice in one expression is computed twice.
    taken_apart = (
        rows.select(
            "international",
            number.str.replace(_LINK, "")
            .str.replace_all(_LINK_PARAMETER, "")
            .str.normalize("NFKC")
            .str.replace_all(r"[\x{2010}-\x{2015}\x{2212}]", "-")
            .str.replace_all(_LABELS, "")
            .str.replace(r"^(?:00|011)[\s-]*1[\s-]+(\(?[2-9])|^001([2-9])", "+1 $1$2")
            .str.strip_chars(),
            own_extension=pl.col("extension").str.extract(_EXTENSION_ALONE, 1),
        )
        .with_columns(
            foreign=pl.col("international")
            | number.str.contains(r"^(?:\+(?:[^1]|$)|011|00[1-9 ])"),
            extension=pl.coalesce("own_extension", number.str.extract(_EXTENSION, 1)),
            alone=number.str.replace(_EXTENSION, "").str.strip_chars(" ,;"),
        )
        .with_columns(digits=alone.str.replace_all(_BETWEEN, ""))
    )
    # A number that only the +1 countries write so is theirs, also where it is marked
    # international: Canada's and Jamaica's are to whoever is here.
    ours = alone.str.contains(r"^\(?\d{3}\) ?\d{3}[ .-]?\d{4}$")
    here = pl.when(~foreign | ours).then(_domestic())
    dialed = alone.str.contains(_ABROAD) & ~digits.str.contains(_ONE_DIGIT)
    abroad = pl.when(foreign & dialed).then("alone")
    extension = (pl.lit(" x") + pl.col("extension")).fill_null("")
    return taken_apart.select(
        pl.concat_str([pl.coalesce(here, abroad), extension], ignore_nulls=False)
    ).to_series()


def _domestic() -> pl.Expr:
    """``312-555-0123`` of the ``digits`` of a North American number, else null."""
    digits = pl.col("digits")
    form = pl.concat_str(
        [digits.str.slice(-10, 3), digits.str.slice(-7, 3), digits.str.tail(4)], separator="-"
    )
    fits = digits.str.contains(_NORTH_AMERICAN) & ~digits.str.contains(_ONE_DIGIT)
    return pl.when(fits).then(form)


def _kinds(raw: RawObjects) -> pl.DataFrame:
    """``PhoneTypeID, kind``: the curated column that a district's phone type goes to, or null."""
    words = ("Description", "Code")
    types = lookup(raw, "Demographics/PhoneType").select(
        "PhoneTypeID", *(cleaned(column).str.to_lowercase() for column in words)
    )
    kinds = [
        pl.when(pl.col(column).str.contains(pattern)).then(pl.lit(kind))
        for column in words
        for kind, pattern in PHONE_TYPES.items()
    ]
    return types.select("PhoneTypeID", pl.coalesce(kinds).alias("kind"))
