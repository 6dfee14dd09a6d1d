"""The job that imports one district, from Qmlativ to what is published."""

from __future__ import annotations

import dagster as dg

import_district_job = dg.define_asset_job(
    name="import_district",
    description="Reads one district from Qmlativ, cleans and checks it, and publishes it.",
    selection=dg.AssetSelection.groups("qmlativ", "demographics", "samegoal"),
)
