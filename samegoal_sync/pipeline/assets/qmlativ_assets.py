"""The raw assets: what Qmlativ sent, one asset for entities, students and guardians each."""

# No "from __future__ import annotations": Dagster reads the annotation of `context` itself.

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster import AssetExecutionContext

from samegoal_sync.pipeline.asset_checks import RAW_CHECKS, check_results, check_specs
from samegoal_sync.pipeline.column_metadata import raw_schema_metadata
from samegoal_sync.pipeline.import_run import ImportRun, import_run
from samegoal_sync.pipeline.owners import OWNERS
from samegoal_sync.pipeline.partitions import DISTRICTS
from samegoal_sync.qmlativ.catalog import RawAsset

_DESCRIPTIONS = {
    "entities": "The district itself: its entities, schools, school years and withdrawal codes, "
    "as Qmlativ sent them tonight.",
    "students": "Students with names, enrollments, addresses, families and languages, as Qmlativ "
    "sent them tonight. One frame a Qmlativ object; nothing dropped or repaired.",
    "guardians": "Guardians with their ties to students, custody, restrictions, phones and "
    "e-mails, as Qmlativ sent them tonight. One frame a Qmlativ object.",
}


def _raw_asset(name: str) -> dg.AssetsDefinition:
    key = dg.AssetKey(["qmlativ", name])

    @dg.asset(
        key=key,
        partitions_def=DISTRICTS,
        io_manager_key="raw_objects",
        group_name="qmlativ",
        description=_DESCRIPTIONS[name],
        kinds={"skyward", "polars", "parquet"},
        owners=OWNERS,
        metadata=raw_schema_metadata(name),
        check_specs=check_specs(key, RAW_CHECKS),
    )
    def raw(context: AssetExecutionContext) -> Iterator[Any]:
        from samegoal_sync.demographics.validation.frame_validation import check_raw  # pandera

        with import_run(context) as run:
            objects = _read(run, name)
            findings = check_raw(objects, run.last_good_rows())
            run.record_failed_checks(f"qmlativ/{name}", findings)
            yield dg.Output(objects, metadata=_metadata(objects))
            yield from check_results(key, RAW_CHECKS, findings)

    return raw


def _read(run: ImportRun, name: str) -> Any:
    from samegoal_sync.qmlativ.client import QmlativClient  # requests: slow to import
    from samegoal_sync.qmlativ.http.limits import limits_of_run

    deadline = run.registry.settings.read_deadline_seconds
    limits = limits_of_run(deadline, run.started_at, datetime.now(UTC))
    with QmlativClient(run.registry.connection(run.district.slug), limits=limits) as client:
        return client.read(RawAsset(name))


def _metadata(objects: Any) -> dict[str, Any]:
    rows = {name: frame.height for name, frame in objects.frames.items()}
    absent = [f"{name}.{field}" for name, fields in sorted(objects.absent.items())
              for field in sorted(fields)]  # fmt: skip
    return {
        "dagster/partition_row_count": sum(rows.values()),
        **{f"rows of {name}": count for name, count in rows.items()},
        **{f"read: {name}": value for name, value in objects.statistics.items()},
        "fields not shared": ", ".join(absent) or "none",
    }


raw_entities = _raw_asset("entities")
raw_students = _raw_asset("students")
raw_guardians = _raw_asset("guardians")
