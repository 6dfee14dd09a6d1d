"""The raw assets: what Qmlativ sent, one asset for entities, students and guardians each.

They are read in one step, by one client: a wrong secret is one red step, not three, and one token
serves all. Each can be materialized alone.
"""

# No "from __future__ import annotations": Dagster reads the annotation of `context` itself.

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext

from samegoal_sync.demographics.validation.check_findings import require_checks_passed
from samegoal_sync.pipeline.asset_checks import RAW_CHECKS, check_results, check_specs
from samegoal_sync.pipeline.column_metadata import raw_schema_metadata
from samegoal_sync.pipeline.import_run import import_run
from samegoal_sync.pipeline.owners import OWNERS
from samegoal_sync.pipeline.partitions import DISTRICTS
from samegoal_sync.pipeline.resources import Database, Qmlativ
from samegoal_sync.qmlativ.catalog import RawAsset

_DESCRIPTIONS = {
    RawAsset.ENTITIES: "The district itself: its entities, schools, school years and withdrawal "
    "codes, as Qmlativ sent them tonight.",
    RawAsset.STUDENTS: "Students with names, enrollments, addresses, families and languages, as "
    "Qmlativ sent them tonight. One frame a Qmlativ object; nothing dropped or repaired.",
    RawAsset.GUARDIANS: "Guardians with their ties to students, custody, restrictions, phones and "
    "e-mails, as Qmlativ sent them tonight. One frame a Qmlativ object.",
}
_KEYS = {asset: dg.AssetKey(["qmlativ", asset.value]) for asset in RawAsset}


@dg.multi_asset(
    name="qmlativ",
    outs={
        asset.value: dg.AssetOut(
            key=key,
            io_manager_key="raw_objects",
            is_required=False,
            group_name="qmlativ",
            description=_DESCRIPTIONS[asset],
            kinds={"skyward", "polars", "parquet"},
            owners=OWNERS,
            metadata=raw_schema_metadata(asset.value),
        )
        for asset, key in _KEYS.items()
    },
    can_subset=True,
    partitions_def=DISTRICTS,
    check_specs=[spec for key in _KEYS.values() for spec in check_specs(key, RAW_CHECKS)],
)
def qmlativ(context: AssetExecutionContext, database: Database, qmlativ: Qmlativ) -> Iterator[Any]:
    """Read what is asked for from Qmlativ, store it as it came, and check it."""
    # pandera is slow to import: code servers and daemons load this module, and never check.
    from samegoal_sync.demographics.validation.raw_checks import check_raw

    with import_run(context, database) as run:
        before = run.last_good_rows()
        with qmlativ.client(run.registry, run.district.slug, run.started_at) as client:
            for asset, key in _KEYS.items():
                if key not in context.selected_asset_keys:
                    continue
                objects = client.read(asset)
                context.add_asset_metadata(_metadata(objects), key, run.district.slug)
                yield dg.Output(objects, asset.value)
                findings = check_raw(objects, before)
                yield from check_results(key, RAW_CHECKS, findings)
                require_checks_passed(key.to_user_string(), findings)


def _metadata(objects: Any) -> dict[str, Any]:
    rows = {name: frame.height for name, frame in objects.frames.items()}
    # Of most reads nothing was retried, mistyped or sent twice: a number that is not there is zero.
    statistics = {
        name: value for name, value in objects.statistics.items() if name != "rows" and value
    }
    return {
        "dagster/partition_row_count": sum(rows.values()),
        **{f"rows of {name}": count for name, count in rows.items()},
        **{
            f"{name} of the read": round(value, 1) if name == "seconds" else int(value)
            for name, value in statistics.items()
        },
    }
