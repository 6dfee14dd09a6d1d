"""Discovery: the system's districts and entities, modules, objects and fields with their traits."""

from __future__ import annotations

from typing import Any

from samegoal_sync.sandbox.facts import object_fields, relationships
from samegoal_sync.sandbox.server.integration_access import IntegrationAccess
from samegoal_sync.sandbox.server.simulated_system import System


def system_metadata(system: System, access: IntegrationAccess) -> dict[str, Any]:
    """``GetSystemMetadata``: the districts that the access covers, each with its entities."""
    covered = system.districts_covered(access)
    districts = [
        _district(system, row["DistrictID"], row["Name"], access)
        for row in system.tables["District/District"].iter_rows(named=True)
        if covered is None or row["DistrictID"] in covered
    ]
    return {
        "System": {
            "EntityID": 1,
            "Code": "SYS",
            "Name": f"{system.district.name} System",
            "href": "/Custom/1",
            "Districts": districts,
        }
    }


def _district(
    system: System, district_id: int, name: str, access: IntegrationAccess
) -> dict[str, Any]:
    entities = system.tables["District/Entity"]
    own = entities.filter(entities["DistrictID"] == district_id).to_dicts()
    wide = next(row for row in own if row["IsDistrictWide"])
    year = _school_year(system, wide["SchoolYearIDCurrent"])
    return {
        "DistrictID": district_id,
        "EntityID": wide["EntityID"],
        "Name": name,
        "Code": wide["Code"],
        "href": f"/Custom/{wide['EntityID']}",
        "SchoolYearCurrent": year,
        "FiscalYearCurrent": {
            "FiscalYearID": year["SchoolYearID"],
            "NumericYear": year["NumericYear"],
            "Description": f"FY {year['NumericYear']}",
        },
        "Entities": [
            {
                "EntityID": row["EntityID"],
                "Code": row["Code"],
                "Name": row["Name"],
                "href": f"/Custom/{row['EntityID']}",
            }
            for row in own
            if row["EntityID"] in access.entities and not row["IsDistrictWide"]
        ],
    }


def _school_year(system: System, school_year_id: int) -> dict[str, Any]:
    years = system.tables["District/SchoolYear"]
    row = years.filter(years["SchoolYearID"] == school_year_id).row(0, named=True)
    return {name: row[name] for name in ("SchoolYearID", "NumericYear", "Description")}


def modules(system: System) -> dict[str, Any]:
    """The modules that hold an object which was granted."""
    names = sorted({name.partition("/")[0] for name in object_fields() if system.granted(name)})
    return {"Modules": [{"Name": name, "href": f"/Custom/1/{name}"} for name in names]}


def objects(system: System, module: str) -> dict[str, Any] | None:
    """The granted objects of a module; ``None`` when there is no such module."""
    names = [name for name in object_fields() if name.startswith(f"{module}/")]
    granted = [name for name in names if system.granted(name)]
    rows = [{"Name": name.partition("/")[2], "href": f"/Custom/1/{name}"} for name in granted]
    return {"Objects": rows} if names else None


def fields(system: System, name: str) -> dict[str, Any]:
    """An object: its granted fields with their traits as keys, its joins and rules."""
    granted = system.granted(name)
    traits: dict[str, Any] = {
        field: {
            "Type": fact.type,
            "PrimaryKey": fact.primary_key,
            "ReadOnly": True,
            "Required": fact.required,
        }
        for field, fact in object_fields()[name].items()
        if field in granted
    }
    joins = [
        {
            "Name": join.name,
            "Type": join.kind,
            "ForeignKey": join.foreign_key,
            "RelatedObject": join.related,
        }
        for join in relationships().get(name, ())
    ]
    return {**traits, "Relationships": joins, "ValidationRules": []}
