"""The whole pipeline on one page: assets, checks, job, schedule, sensors, resources."""

from __future__ import annotations

import os
import warnings

import dagster as dg

from samegoal_sync.pipeline.assets.csv_asset import csv
from samegoal_sync.pipeline.assets.demographics_assets import demographics
from samegoal_sync.pipeline.assets.qmlativ_assets import qmlativ
from samegoal_sync.pipeline.assets.samegoal_assets import publication
from samegoal_sync.pipeline.console_log import log_as_asked
from samegoal_sync.pipeline.decision_sensor import decisions_on_held_nights
from samegoal_sync.pipeline.freshness import fresh_within_36_hours
from samegoal_sync.pipeline.import_executor import import_executor
from samegoal_sync.pipeline.import_job import import_district_job
from samegoal_sync.pipeline.io_managers import curated, raw_objects
from samegoal_sync.pipeline.nightly_schedule import JOBS, SCHEDULES, missed_nights
from samegoal_sync.pipeline.resources import resources
from samegoal_sync.pipeline.sensors import SENSORS
from samegoal_sync.settings import SFTP_VARIABLE

log_as_asked()

# Without a destination the files' asset is not there: it would be missing for good.
_ASSETS = (
    qmlativ,
    demographics,
    publication,
    *((csv,) if os.environ.get(SFTP_VARIABLE) else ()),
)
with warnings.catch_warnings():
    # Known and pinned: the UI links each asset to the lines that make it.
    warnings.simplefilter("ignore", category=dg.BetaWarning)
    _ASSETS_WITH_CODE = dg.with_source_code_references(_ASSETS)

defs = dg.Definitions(
    assets=_ASSETS_WITH_CODE,
    asset_checks=[fresh_within_36_hours],
    jobs=[import_district_job, *JOBS],
    schedules=SCHEDULES,
    sensors=[missed_nights, *SENSORS, decisions_on_held_nights],
    resources={"raw_objects": raw_objects, "curated": curated, **resources()},
    executor=import_executor,
)
