"""*Materialize* of some assets and one partition, as in the Dagster UI."""

from __future__ import annotations

import dagster as dg

from samegoal_sync.definitions import defs
from samegoal_sync_tests.pipeline.conftest import SLUGS

RAW = ("qmlativ/entities", "qmlativ/students", "qmlativ/guardians")
CURATED = ("student_demographics", "guardian_demographics")
PUBLISHED = ("samegoal/students", "samegoal/guardians")


def materialize(instance: dg.DagsterInstance, *keys: str) -> dg.ExecuteInProcessResult:
    """A run of these assets of the first district."""
    slug = SLUGS[0]
    instance.add_dynamic_partitions("district", [slug])
    return defs.resolve_job_def("import_district").execute_in_process(
        instance=instance,
        partition_key=slug,
        asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
        raise_on_error=False,
    )
