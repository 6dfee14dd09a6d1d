"""Addresses: which one is a person's, and how its parts become SameGoal's five columns.

A student's is the physical one of the first family; a guardian's the mailing one.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.memory_bounds import many_to_many
from samegoal_sync.demographics.values.countries import (
    HERE,
    WITH_ZIP_CODES,
    country_code,
    names_country,
)
from samegoal_sync.demographics.values.text import cleaned, joined
from samegoal_sync.qmlativ.raw_objects import RawObjects

_FOREIGN_LINES = tuple(f"InternationalAddress{line}" for line in range(1, 5))
_ADDRESS_TEXTS = (
    "AddressType",
    "AddressTypeCode",
    "StreetNumberAndNameIncludeSecondaryUnit",
    "StreetNumber",
    "SecondaryUnitNumber",
    "AddressLine2",
    "POBox",
    "FreeformAddress",
    *_FOREIGN_LINES,
    "ZipCodeAddOn",
)
#: What a district writes before the number of a post office box, however it is spelt.
_BOX_WORDS = (
    r"(?:(?:p\.? ?o\.?|post office)? ?box|p\.? ?o\.? ?b\.?|p\.? ?o\.?)(?: ?(?:no|num|number)\b)?"
)
#: What is written where nobody knows a number, or there is none.
_NO_NUMBER = (
    r"(?:n\.?/?a\.?|no|none|null|nil|unknown|not known|not applicable|same|tbd|x+|0+|blank)"
)
#: The number alone (``152``, ``A-12``, ``152B``), or after such words; nothing else is a number.
_BOX_NUMBER = (
    rf"(?i)^(?:{_BOX_WORDS}[ #.:]*([A-Z]{{1,2}}|[A-Z]{{0,2}}-?[0-9][0-9A-Z-]*)"
    r"|#? ?([A-Z]?-?[0-9][0-9A-Z-]*))$"
)
#: The words without a number, or neither a letter nor a digit: no mail gets there.
_NO_BOX = rf"(?i)^(?:{_BOX_WORDS})?[ #.:*?_-]*{_NO_NUMBER}?[ #.:*?_-]*$"


def written_addresses(raw: RawObjects, address_ids: pl.Series) -> pl.DataFrame:
    """``AddressID, address, city, state, zip, country, county`` of the addresses asked for, and
    what is wrong with them: ``zip_invalid, box_invalid, country_invalid``."""
    addresses = (
        lookup(raw, "Demographics/Address")
        .filter(pl.col("AddressID").is_in(address_ids.implode()))
        .select("AddressID", "StreetID", "ZipID", "CountyID", *map(cleaned, _ADDRESS_TEXTS))
    )
    full = (
        addresses.join(_streets(raw), on="StreetID", how="left")
        .join(_places(raw), on="ZipID", how="left")
        .join(_counties(raw), on="CountyID", how="left")
    )
    foreign = _is_foreign()
    add_on = pl.col("ZipCodeAddOn")
    extended = pl.col("takes_add_on") & add_on.is_not_null()
    written = pl.when(extended).then(pl.concat_str("zip_code", pl.lit("-"), add_on))
    right = (
        pl.when(foreign)
        .then("right_abroad")
        .when(extended)
        .then(add_on.str.contains(r"^\d{4}$"))
        .otherwise("right_here")
    )
    return full.select(
        "AddressID",
        _street_line(foreign).alias("address"),
        "city",
        "state",
        pl.when(right)
        .then(pl.when(foreign).then("zip_code").otherwise(pl.coalesce(written, "zip_here")))
        .alias("zip"),
        "country",
        "county",
        "country_invalid",
        (~right).fill_null(False).alias("zip_invalid"),
        _box_invalid(foreign).alias("box_invalid"),
    )


def person_addresses(raw: RawObjects, name_ids: pl.Series) -> pl.DataFrame:
    """``NameID, AddressID`` of each person: the mailing address, else the physical one.

    Several of one kind: the newest (Qmlativ gives no dates; its ids grow).
    """
    kind = pl.col("IsMailing").fill_null(False)
    return (
        _located(raw)
        .filter(pl.col("NameID").is_in(name_ids.implode()))
        .filter(kind | pl.col("IsPhysical").fill_null(False))
        .sort("NameID", kind, "NameAddressID", descending=[False, True, True])
        .unique("NameID", keep="first", maintain_order=True)
        .select("NameID", "AddressID")
    )


def student_addresses(raw: RawObjects, students: pl.DataFrame) -> pl.DataFrame:
    """``StudentID, AddressID``: the physical address of each student; the first family governs.

    Of a student's own physical addresses the one where a guardian of the first family lives is
    taken, then the newest; a student without one lives where the first family's first guardian
    does.

    Args:
        students: ``StudentID, NameID, FamilyID`` (the first family, or null).
    """
    physical = _located(raw).filter(pl.col("IsPhysical").fill_null(False))
    homes = _family_homes(raw, physical)
    own = many_to_many(
        students, physical, ["NameID"], ("Student/Student", "Demographics/NameAddress")
    ).join(homes.with_columns(at_home=pl.lit(True)), on=["FamilyID", "AddressID"], how="left")
    chosen = (
        own.sort(
            "StudentID",
            pl.col("at_home").fill_null(False),
            "NameAddressID",
            descending=[False, True, True],
        )
        .unique("StudentID", keep="first", maintain_order=True)
        .select("StudentID", "AddressID")
    )
    fallback = (
        students.join(chosen, on="StudentID", how="anti")
        .join(homes.unique("FamilyID", keep="first", maintain_order=True), on="FamilyID")
        .select("StudentID", "AddressID")
    )
    return pl.concat([chosen, fallback])


def _located(raw: RawObjects) -> pl.DataFrame:
    return lookup(raw, "Demographics/NameAddress").filter(
        pl.col("AddressID").is_not_null() & pl.col("NameID").is_not_null()
    )


def _family_homes(raw: RawObjects, physical: pl.DataFrame) -> pl.DataFrame:
    """``FamilyID, AddressID`` where a family's guardians live, the first guardian's first."""
    members = lookup(raw, "Family/FamilyGuardian").filter(pl.col("FamilyID").is_not_null())
    return (
        many_to_many(
            members,
            physical.select("NameID", "NameAddressID", "AddressID"),
            ["NameID"],
            ("Family/FamilyGuardian", "Demographics/NameAddress"),
        )
        .sort(
            "FamilyID",
            "Rank",
            "FamilyGuardianID",
            "NameAddressID",
            descending=[False, False, False, True],
            nulls_last=True,
        )
        .unique(["FamilyID", "AddressID"], keep="first", maintain_order=True)
        .select("FamilyID", "AddressID")
    )


def _is_foreign() -> pl.Expr:
    kinds = pl.col("AddressType", "AddressTypeCode").str.contains("(?i)foreign|international")
    lines = pl.col(*_FOREIGN_LINES).is_not_null()
    return pl.any_horizontal(pl.col("abroad").fill_null(False), kinds.fill_null(False), lines)


def _street() -> pl.Expr:
    return pl.coalesce(
        "StreetNumberAndNameIncludeSecondaryUnit",
        joined(
            pl.when(pl.col("street").is_not_null()).then("StreetNumber"),
            pl.col("street"),
            pl.col("SecondaryUnitNumber"),
        ),
    )


def _is_box() -> pl.Expr:
    return pl.col("AddressType").str.contains(r"(?i)\bbox\b").fill_null(False)


def _box() -> pl.Expr:
    """``PO Box 152`` of a box's number. What the field holds of another kind (``RR 2 Box 152``,
    ``PMB 12``, ``General Delivery``, ``PSC 3 Box 4``) is left as it is written."""
    written = pl.col("POBox")
    number = pl.coalesce(written.str.extract(_BOX_NUMBER, 1), written.str.extract(_BOX_NUMBER, 2))
    return pl.coalesce(pl.lit("PO Box ") + number, written)


def _box_invalid(foreign: pl.Expr) -> pl.Expr:
    """Whether the address would be a post office box of which no number is said."""
    needed = _is_box() | _street().is_null()
    return ~foreign & needed & pl.col("POBox").str.contains(_NO_BOX).fill_null(False)


def _street_line(foreign: pl.Expr) -> pl.Expr:
    street = _street()
    line = (
        pl.when(_is_box()).then(pl.coalesce(_box(), street)).otherwise(pl.coalesce(street, _box()))
    )
    domestic = joined(pl.coalesce(line, "FreeformAddress"), pl.col("AddressLine2"), separator=", ")
    abroad = joined(*map(pl.col, _FOREIGN_LINES), separator=", ")
    written = pl.when(foreign).then(pl.coalesce(abroad, domestic)).otherwise(domestic)
    return pl.when(~_box_invalid(foreign)).then(written)


def _streets(raw: RawObjects) -> pl.DataFrame:
    return lookup(raw, "Demographics/Street").select(
        "StreetID",
        pl.coalesce(cleaned("StreetNameWithDirectionCode"), cleaned("Name")).alias("street"),
    )


def _counties(raw: RawObjects) -> pl.DataFrame:
    return lookup(raw, "Demographics/County").select("CountyID", cleaned("Name").alias("county"))


def _state(written: pl.Expr) -> pl.Expr:
    """A code of two letters in capitals; what is longer as it is written."""
    return (
        pl.when(written.str.contains("^[A-Za-z]{2}$"))
        .then(written.str.to_uppercase())
        .otherwise(written)
    )


def _places(raw: RawObjects) -> pl.DataFrame:
    """Qmlativ's Zip, which is also the city, by ``ZipID``.

    What can be said of a code is said here, once: ``zip_here`` as it is written in this country,
    whether that is ``right_here``, or ``right_abroad``, and whether an address's add-on follows.
    """
    states = lookup(raw, "SkySys/State").select("StateID", cleaned("Code"))
    states = states.select("StateID", state_code=_state(pl.col("Code")))
    named, known = pl.col("named"), pl.col("known")
    # Step by step: what is mentioned twice in one expression is computed twice.
    places = (
        lookup(raw, "Demographics/Zip")
        .select(
            "ZipID",
            "StateID",
            cleaned("ZipCode").alias("zip_code"),
            cleaned("City").alias("city"),
            cleaned("FreeFormState").alias("free_state"),
            names_country("CountryCode").alias("named"),
            country_code("CountryCode").alias("known"),
        )
        .with_columns(
            _state(pl.col("free_state")).alias("free_state"),
            (named & ~known.is_in(WITH_ZIP_CODES).fill_null(False)).alias("abroad"),
            pl.when(known != HERE).then("known").alias("country"),
            (named & known.is_null()).alias("country_invalid"),
        )
    )
    code = pl.col("zip_code")
    here = code.str.replace(r"^(\d{5})(\d{4})$", "$1-$2")
    return places.join(states, on="StateID", how="left").select(
        "ZipID",
        "zip_code",
        "city",
        "abroad",
        "country",
        "country_invalid",
        pl.coalesce("state_code", "free_state").alias("state"),
        here.alias("zip_here"),
        code.str.contains(r"^\d{5}$").alias("takes_add_on"),
        here.str.contains(r"^\d{5}(?:-\d{4})?$").alias("right_here"),
        code.str.contains(r"^[\p{L}\d][\p{L}\d -]{0,15}$").alias("right_abroad"),
    )
