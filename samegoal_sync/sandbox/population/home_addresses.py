"""Where households live and get their mail: streets, PO boxes, rural routes, foreign addresses."""

from __future__ import annotations

import polars as pl

from samegoal_sync.sandbox.population import name_pools
from samegoal_sync.sandbox.population.code_tables import FOREIGN_ZIP_ID, county_id
from samegoal_sync.sandbox.population.district_plan import Plan
from samegoal_sync.sandbox.population.draws import Draws

_KINDS = {"S": 0.925, "R": 0.04, "P": 0.02, "F": 0.012, "I": 0.003}
_WORDS = {
    "S": "Street Address",
    "R": "Rural Route",
    "P": "PO Box",
    "F": "Freeform",
    "I": "International",
}
#: An address is numbered by its family, household and whether it is a separate mailing one.
ADDRESSES_A_FAMILY = 8


def make_addresses(plan: Plan, families: pl.DataFrame) -> pl.DataFrame:
    """One row an address: ``f, house, mail`` (a PO box beside the home) and its fields."""
    homes = [families.select("f", "town", house=pl.lit(0, pl.Int64))]
    apart = families.filter(pl.col("household") == "two_households")
    homes.append(apart.select("f", "town", house=pl.lit(1, pl.Int64)))
    home = pl.concat(homes).with_columns(mail=pl.lit(0, pl.Int64))
    boxes = home.filter(Draws(plan.seed, "f", "mail").chance("box", 0.05)).with_columns(
        mail=pl.lit(1, pl.Int64)
    )
    numbered = pl.concat([home, boxes]).with_columns(
        AddressID=pl.col("f") * ADDRESSES_A_FAMILY + pl.col("house") * 2 + pl.col("mail") + 1
    )
    return address_fields(Draws(plan.seed, "AddressID", "address"), numbered)


def address_fields(draws: Draws, numbered: pl.DataFrame) -> pl.DataFrame:
    """Fill an address for each row (``AddressID, town, mail`` and what else it carries)."""
    kind = pl.when(pl.col("mail") == 1).then(pl.lit("P")).otherwise(draws.weighted("kind", _KINDS))
    position = draws.whole("street", len(name_pools.STREETS))
    number = draws.whole("house number", 8_900) + 100
    street_name = pl.lit(pl.Series(list(name_pools.STREETS))).gather(position.cast(pl.UInt32))
    street_name = pl.when(position % 7 == 0).then(pl.lit("N ") + street_name).otherwise(street_name)
    rows = numbered.with_columns(
        kind=kind,
        house_number=number.cast(pl.String),
        street_name=street_name,
        street=(pl.col("town") - 1) * len(name_pools.STREETS) + position + 1,
        unit=pl.when(draws.chance("unit", 0.12)).then(
            draws.pick("which unit", ("4B", "12", "201", "A"))
        ),
        box=(draws.whole("box", 4_000) + 1).cast(pl.String),
    )
    return rows.with_columns(**_by_kind(draws)).drop(
        "kind", "house_number", "street_name", "street", "unit", "box"
    )


def _by_kind(draws: Draws) -> dict[str, pl.Expr]:
    kind = pl.col("kind")
    street, foreign = kind == "S", kind == "I"
    line = pl.col("house_number") + " " + pl.col("street_name")
    full = line + pl.when(pl.col("unit").is_not_null()).then(
        pl.lit(" Apt ") + pl.col("unit")
    ).otherwise(pl.lit(""))
    rural = pl.lit("RR ") + (draws.whole("route", 9) + 1).cast(pl.String) + " Box " + pl.col("box")
    free = pl.lit("Unit ") + pl.col("box") + ", County Road 14 N of Mile Marker 8"
    return {
        "AddressType": kind.replace_strict(_WORDS),
        "AddressTypeCode": kind,
        "StreetNumber": pl.when(street).then("house_number"),
        "StreetID": pl.when(street).then("street"),
        "StreetNumberAndName": pl.when(street).then(line),
        "StreetNumberAndNameIncludeSecondaryUnit": pl.when(street).then(full),
        "SecondaryUnitNumber": pl.when(street).then("unit"),
        "AddressSecondaryUnitID": pl.when(street & pl.col("unit").is_not_null()).then(1),
        "AddressLine2": pl.when(street & draws.chance("line 2", 0.01)).then(
            pl.lit("c/o Front Office")
        ),
        "POBox": pl.when(kind == "P").then("box"),
        "FreeformAddress": pl.when(kind == "R").then(rural).when(kind == "F").then(free),
        "InternationalAddress1": pl.when(foreign).then(
            pl.lit("Calle Olmo ") + pl.col("house_number")
        ),
        "InternationalAddress2": pl.when(foreign).then(pl.lit("Col. Centro")),
        "ZipID": pl.when(foreign).then(FOREIGN_ZIP_ID).otherwise("town"),
        "ZipCodeAddOn": pl.when(~foreign & draws.chance("zip add-on", 0.4)).then(
            (draws.whole("add-on", 8_999) + 1_000).cast(pl.String)
        ),
        "CountyID": pl.when(~foreign & draws.chance("county", 0.93)).then(
            county_id(pl.col("town"))
        ),
    }


def name_addresses(
    addresses: pl.DataFrame, guardians: pl.DataFrame, students: pl.DataFrame
) -> pl.DataFrame:
    """Demographics/NameAddress: everybody at their home, and at the box where there is one.

    Students live in the first household. Where a box takes the mail the home is not a mailing
    address.
    """
    boxed = addresses.filter(pl.col("mail") == 1).select("f", "house", boxed=pl.lit(True))
    places = addresses.select("f", "house", "mail", "AddressID").join(
        boxed, on=["f", "house"], how="left", maintain_order="left"
    )
    people = pl.concat(
        [
            students.select("f", "NameID", house=pl.lit(0, pl.Int64)),
            guardians.filter("own").select("f", "NameID", "house"),
        ]
    )
    return people.join(places, on=["f", "house"], maintain_order="left").select(
        "NameID",
        "AddressID",
        NameAddressID=pl.col("NameID") * 2 + pl.col("mail"),
        IsPhysical=pl.col("mail") == 0,
        IsMailing=(pl.col("mail") == 1) | pl.col("boxed").is_null(),
    )
