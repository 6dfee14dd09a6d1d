"""Table schemas and column lineage for the Dagster UI, made of the same lines as the transforms."""

from __future__ import annotations

from typing import Any

import dagster as dg

from samegoal_sync.demographics.columns.column import Table
from samegoal_sync.qmlativ.catalog import CATALOG, RawAsset, objects_of


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


def curated_metadata(table: Table) -> dict[str, Any]:
    """Columns of a curated asset: what each holds, how it is made, which fields it comes from.

    The open-source UI shows column lineage as raw JSON, so the descriptions name the sources too.
    """
    asset_of = {item.name: dg.AssetKey(["qmlativ", item.asset.value]) for item in CATALOG}
    lineage = {
        column.name: [
            dg.TableColumnDep(asset_of[name], f"{name}.{field}") for name, field in column.fields
        ]
        for column in table.columns
    }
    return {
        "dagster/column_schema": _described(table),
        "dagster/column_lineage": dg.TableColumnLineage(lineage),
    }


def published_metadata(table: Table) -> dict[str, Any]:
    """Columns of a published asset: the curated ones, taken over as they are."""
    source = dg.AssetKey([table.name])
    return {
        "dagster/table_name": f"samegoal.{table.published}",
        "dagster/column_schema": _described(table),
        "dagster/column_lineage": dg.TableColumnLineage(
            {name: [dg.TableColumnDep(source, name)] for name in table.schema}
        ),
    }


def _described(table: Table) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(column.name, type=str(column.type), description=column.description)
            for column in table.columns
        ]
    )
