"""Code tables and the district's own structure: small frames, the same for all its people."""

from __future__ import annotations

from typing import Any

import polars as pl

from samegoal_sync.sandbox.population import name_pools
from samegoal_sync.sandbox.population.district_plan import GRADES, Plan, school_id, school_year_id

#: Streets, zips and counties count from 1 in the order of ``name_pools``.
FOREIGN_ZIP_ID = len(name_pools.TOWNS) + 1
LANGUAGE_IDS = {code.strip(): number for number, (code, _) in enumerate(name_pools.LANGUAGES, 1)}
RELATIONSHIP_IDS = {code: number for number, (code, _) in enumerate(name_pools.RELATIONSHIPS, 1)}
PHONE_TYPES = (("H", "Home"), ("C", "Cell"), ("W", "Work"), ("F", "Fax"), ("O", "Other"))


def _coded(key: str, rows: tuple[tuple[str, str], ...]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            key: range(1, len(rows) + 1),
            "Code": [code for code, _ in rows],
            "Description": [text for _, text in rows],
            "CodeDescription": [f"{code} - {text}" for code, text in rows],
        }
    )


def system_tables(plan: Plan) -> dict[str, pl.DataFrame]:
    """What the districts of one system share: code tables, towns, school years."""
    kinds = (("P", "Personal"), ("W", "Work"))
    titles = (("Mr", "Mr."), ("Ms", "Ms."), ("Dr", "Dr."))
    compass = (("N", "North"), ("S", "South"), ("E", "East"), ("W", "West"))
    return {
        "Demographics/Language": _coded("LanguageID", name_pools.LANGUAGES),
        "Demographics/Relationship": _coded("RelationshipID", name_pools.RELATIONSHIPS),
        "Demographics/NameSuffix": _coded("NameSuffixID", name_pools.SUFFIXES),
        "Demographics/NameTitle": _coded("NameTitleID", titles),
        "Demographics/PhoneType": _coded("PhoneTypeID", PHONE_TYPES),
        "Demographics/EmailType": _coded("EmailTypeID", kinds),
        "Demographics/Directional": _coded("DirectionalID", compass),
        "Demographics/AddressSecondaryUnit": _coded(
            "AddressSecondaryUnitID", (("APT", "Apartment"),)
        ),
        **_places(),
        "District/SchoolYear": _school_years(plan),
    }


def _places() -> dict[str, pl.DataFrame]:
    counties = sorted({county for _, _, county in name_pools.TOWNS})
    zips: list[dict[str, Any]] = [
        {"City": city, "ZipCode": code, "StateID": 1, "CountryCode": "US", "FreeFormState": None}
        for city, code, _ in name_pools.TOWNS
    ]
    zips.append(
        {
            "City": "Ciudad Nueva",
            "ZipCode": "31000",
            "StateID": None,
            "CountryCode": "MX",
            "FreeFormState": "Chihuahua",
        }
    )
    streets = [
        {
            "Name": street,
            "ZipID": town,
            "StreetNameWithDirectionCode": f"N {street}" if number % 7 == 0 else street,
        }
        for town in range(1, len(name_pools.TOWNS) + 1)
        for number, street in enumerate(name_pools.STREETS)
    ]
    return {
        "SkySys/State": pl.DataFrame(
            {
                "StateID": range(1, len(name_pools.STATES) + 1),
                "Code": [code for code, _ in name_pools.STATES],
                "DisplayName": [name for _, name in name_pools.STATES],
                "CountryCode": "US",
            }
        ),
        "Demographics/County": pl.DataFrame(
            {"CountyID": range(1, len(counties) + 1), "Name": counties, "StateID": 1}
        ),
        "Demographics/Zip": pl.DataFrame(zips).with_columns(
            ZipID=pl.int_range(1, pl.len() + 1),
            CityState=pl.col("City") + ", " + pl.coalesce("FreeFormState", pl.lit("TX")),
        ),
        "Demographics/Street": pl.DataFrame(streets).with_columns(
            StreetID=pl.int_range(1, pl.len() + 1), FormattedStreet=pl.col("Name")
        ),
    }


def county_id(town: pl.Expr) -> pl.Expr:
    """The county of a town, by the town's zip id."""
    counties = sorted({county for _, _, county in name_pools.TOWNS})
    ids = [counties.index(county) + 1 for _, _, county in name_pools.TOWNS]
    return pl.lit(pl.Series(ids)).gather((town - 1).cast(pl.UInt32))


def _school_years(plan: Plan) -> pl.DataFrame:
    years = range(plan.numeric_year - 4, plan.numeric_year + 2)
    return pl.DataFrame(
        {
            "SchoolYearID": [school_year_id(year) for year in years],
            "NumericYear": list(years),
            "NextNumericYear": [year + 1 for year in years],
            "Description": [f"{year - 1}-{year} School Year" for year in years],
            "IsCurrentYearForProvidedEntity": [year == plan.numeric_year for year in years],
            "IsUpcomingYearForProvidedEntity": [year == plan.numeric_year + 1 for year in years],
        }
    )


def district_tables(plan: Plan) -> dict[str, pl.DataFrame]:
    """One district's own structure: entities, schools a year, codes a year."""
    return {
        "District/District": pl.DataFrame(
            {
                "DistrictID": [plan.district_id],
                "Name": [plan.district.name],
                "StateDistrictCode": [f"{43900 + plan.district_id:06d}"],
                "DistrictCodeBySchoolYear": [f"{43900 + plan.district_id:06d}"],
                "CodeName": [f"{plan.district_id:03d} - {plan.district.name}"],
            }
        ),
        "District/Entity": _entities(plan),
        **_schools(plan),
        "Enrollment/WithdrawalCode": _codes_a_year(
            plan, "WithdrawalCodeID", name_pools.WITHDRAWAL_CODES
        ),
        "Enrollment/EntryCode": _codes_a_year(
            plan,
            "EntryCodeID",
            (("E1", "Original entry", "Entry", "E"), ("R1", "Re-entry", "Re-entry", "R")),
        ),
        "Enrollment/StudentType": _own_coded(
            plan, "StudentTypeID", (("R", "Regular"), ("N", "Nonresident"))
        ),
        "Enrollment/GradeLevel": _own_coded(
            plan, "GradeLevelID", tuple((grade, f"Grade {grade}") for grade in GRADES)
        ).with_columns(NumericValue=pl.int_range(-1, len(GRADES) - 1)),
    }


def _own_coded(plan: Plan, key: str, rows: tuple[tuple[str, str], ...]) -> pl.DataFrame:
    return _coded(key, rows).with_columns(
        pl.col(key) + 100 * plan.number, DistrictID=pl.lit(plan.district_id)
    )


def _entities(plan: Plan) -> pl.DataFrame:
    rows = [(plan.district_entity_id, "000", plan.district.name, True)]
    rows += [(school.entity_id, school.code, school.name, False) for school in plan.schools]
    return pl.DataFrame(
        {
            "EntityID": [row[0] for row in rows],
            "DistrictID": plan.district_id,
            "Code": [row[1] for row in rows],
            "Name": [row[2] for row in rows],
            "CodeName": [f"{row[1]} - {row[2]}" for row in rows],
            "IsDistrictWide": [row[3] for row in rows],
            "IsSystemWide": [row[0] == 1 for row in rows],
            "SchoolYearIDCurrent": school_year_id(plan.numeric_year),
        }
    )


def _schools(plan: Plan) -> dict[str, pl.DataFrame]:
    schools = [
        {
            "SchoolID": school_id(plan, school.number, year),
            "SchoolYearID": school_year_id(year),
            "DistrictID": plan.district_id,
            "BuildingID": plan.number * 1_000 + school.number + 1,
            "Code": school.code,
            "Name": school.name,
            "CodeName": f"{school.code} - {school.name}",
            "StateAssignedID": f"{43900 + plan.district_id}{school.number + 1:03d}",
            "EntityID": school.entity_id,
        }
        for year in plan.years
        for school in plan.schools
    ]
    frame = pl.DataFrame(schools)
    return {
        "Enrollment/School": frame.drop("EntityID"),
        "Enrollment/EntitySchool": frame.select(
            pl.col("SchoolID").alias("EntitySchoolID"),
            "EntityID",
            "SchoolID",
            IsDefaultSchoolForEntity=True,
            IsDefaultEntityForSchool=True,
            IsOnlySchoolInEntity=True,
        ),
        "District/Building": frame.unique("BuildingID", maintain_order=True)
        .select("BuildingID", "DistrictID", "Code", pl.col("Name").alias("Description"), "CodeName")
        .rename({"CodeName": "CodeDescription"}),
    }


def withdrawal_code_id(plan: Plan, code: str, numeric_year: int) -> int:
    """The id that a withdrawal code has in a school year."""
    position = [row[0] for row in name_pools.WITHDRAWAL_CODES].index(code)
    return school_year_id(numeric_year) * 10_000 + plan.number * 1_000 + position + 1


def _codes_a_year(
    plan: Plan, key: str, rows: tuple[tuple[str, str, str, str], ...]
) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                key: school_year_id(year) * 10_000 + plan.number * 1_000 + position + 1,
                "SchoolYearID": school_year_id(year),
                "DistrictID": plan.district_id,
                "Code": code,
                "Description": text,
                "CodeDescription": f"{code} - {text}",
                "Type": kind,
                "TypeCode": kind_code,
            }
            for year in plan.years
            for position, (code, text, kind, kind_code) in enumerate(rows)
        ]
    )
