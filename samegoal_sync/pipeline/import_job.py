"""The job that imports one district, from Qmlativ to what is published, and its runs' tags."""

from __future__ import annotations

from urllib.parse import urlsplit

import dagster as dg

from samegoal_sync.district import District
from samegoal_sync.pipeline.freshness import fresh_within_36_hours

IMPORT_DISTRICT = "import_district"
#: What Dagster calls the job's partitions in a run's tags.
PARTITION_SET = f"{IMPORT_DISTRICT}_partition_set"

import_district_job = dg.define_asset_job(
    name=IMPORT_DISTRICT,
    description="Reads one district from Qmlativ, cleans and checks it, and publishes it.",
    selection=dg.AssetSelection.groups("qmlativ", "demographics", "samegoal")
    # Told by a sensor: see freshness.py.
    - dg.AssetSelection.checks(fresh_within_36_hours),
    # A run that Dagster tries again reads anew: what an earlier run read is older, and another's.
    tags={"dagster/retry_strategy": "ALL_STEPS"},
)


def run_tags(district: District, kind: str) -> dict[str, str]:
    """What the run queue's limits and the UI's filters go by."""
    host = urlsplit(district.base_url).hostname or ""
    return {"district": district.slug, "kind": kind, "host": host}
