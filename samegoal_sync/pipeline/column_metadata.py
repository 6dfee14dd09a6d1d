"""Table schemas and column lineage for the Dagster UI, made of the same lines as the transforms."""

from __future__ import annotations

from typing import Any

import dagster as dg

from samegoal_sync.demographics.columns.column_rules import RULES, column_sources
from samegoal_sync.demographics.columns.curated_frames import GUARDIAN_COLUMNS, STUDENT_COLUMNS
from samegoal_sync.qmlativ.catalog import CATALOG, RawAsset, objects_of

#: Curated table -> its columns, and the published asset and table that they become.
_CURATED = {
    "student_demographics": (STUDENT_COLUMNS, "students"),
    "guardian_demographics": (GUARDIAN_COLUMNS, "guardians"),
}


def raw_schema_metadata(name: str) -> dict[str, Any]:
    """Columns of a raw asset, ``Object.Field``, each with the reason why it is read."""
    columns = [
        dg.TableColumn(
            f"{item.name}.{field.name}",
            type=field.type.value,
            description=field.reason + ("" if field.essential else " (optional)"),
        )
        for item in objects_of(RawAsset(name))
        for field in item.fields
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}


def curated_metadata(table: str) -> dict[str, Any]:
    """Columns of a curated asset, with how each is made and which Qmlativ fields it comes from."""
    columns, _ = _CURATED[table]
    rules = RULES[table]
    asset_of = {item.name: dg.AssetKey(["qmlativ", item.asset.value]) for item in CATALOG}
    lineage = {
        column: [
            dg.TableColumnDep(asset_of[name], f"{name}.{field}")
            for name, field in column_sources(table).get(column, [])
        ]
        for column in columns
    }
    return {
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(
                    column,
                    type=str(dtype),
                    description=rules[column].cleaning if column in rules else None,
                )
                for column, dtype in columns.items()
            ]
        ),
        "dagster/column_lineage": dg.TableColumnLineage(lineage),
    }


def published_metadata(table: str) -> dict[str, Any]:
    """Columns of a published asset: the curated ones, taken over as they are."""
    columns, published = _CURATED[table]
    source = dg.AssetKey([table])
    return {
        "dagster/table_name": f"samegoal.{published}",
        "dagster/column_schema": dg.TableSchema(
            columns=[dg.TableColumn(name, type=str(dtype)) for name, dtype in columns.items()]
        ),
        "dagster/column_lineage": dg.TableColumnLineage(
            {name: [dg.TableColumnDep(source, name)] for name in columns}
        ),
    }
