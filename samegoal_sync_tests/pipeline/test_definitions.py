"""The pipeline on one page: keys, checks, job and schedule as a snapshot."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from samegoal_sync.definitions import defs
from samegoal_sync.demographics.columns.curated_frames import GUARDIAN_COLUMNS, STUDENT_COLUMNS
from samegoal_sync.demographics.columns.tables import TABLES
from samegoal_sync.demographics.validation.check_findings import CURATED_RULES, RAW_RULES
from samegoal_sync.district import RESERVED_SLUGS
from samegoal_sync.pipeline import asset_checks as stage_checks
from samegoal_sync.pipeline.assets.csv_asset import csv
from samegoal_sync.pipeline.nightly_schedule import night_cron

ASSETS = {
    "qmlativ/entities": "qmlativ",
    "qmlativ/students": "qmlativ",
    "qmlativ/guardians": "qmlativ",
    "student_demographics": "demographics",
    "guardian_demographics": "demographics",
    "samegoal/students": "samegoal",
    "samegoal/guardians": "samegoal",
}


def _nodes() -> dict[str, dg.AssetSpec]:
    return {
        spec.key.to_user_string(): spec
        for spec in defs.resolve_all_asset_specs()
        if spec.key.to_user_string() in ASSETS
    }


def test_assets_and_groups_are_as_documented() -> None:
    assert {key: spec.group_name for key, spec in _nodes().items()} == ASSETS


def test_every_asset_is_partitioned_by_district_owned_and_described() -> None:
    for key, spec in _nodes().items():
        assert isinstance(spec.partitions_def, dg.DynamicPartitionsDefinition), key
        assert spec.partitions_def.name == "district"
        assert spec.owners == ["team:samegoal-technical-team"]
        assert spec.description
        assert spec.kinds


def test_a_record_flows_one_way() -> None:
    deps = {
        key: {dep.asset_key.to_user_string() for dep in spec.deps} for key, spec in _nodes().items()
    }
    raw = {"qmlativ/entities", "qmlativ/students", "qmlativ/guardians"}
    assert all(not deps[key] for key in raw)
    assert deps["student_demographics"] <= raw
    assert deps["guardian_demographics"] <= raw | {"student_demographics"}
    assert "student_demographics" in deps["samegoal/students"]
    assert "guardian_demographics" in deps["samegoal/guardians"]
    assert {dep.asset_key.to_user_string() for spec in csv.specs for dep in spec.deps} == {
        "samegoal/students",
        "samegoal/guardians",
    }


def test_every_asset_leads_to_its_code() -> None:
    for key, spec in _nodes().items():
        (reference,) = spec.metadata["dagster/code_references"].code_references
        path = Path(reference.file_path)
        assert path.parent.name == "assets", key
        line = path.read_text().splitlines()[reference.line_number - 1]
        assert line.strip().startswith("@dg."), key


def test_sensors_and_schedules_say_what_they_do() -> None:
    repository = defs.get_repository_def()
    for one in (*repository.sensor_defs, *repository.schedule_defs):
        assert len(one.description or "") > 40, one.name
        assert str(one.description).endswith("."), one.name
    assert "hour of its own time zone" in str(defs.resolve_schedule_def("nightly").description)


def test_the_nightly_schedule_ticks_at_the_hours_of_nights_alone() -> None:
    hours = {("America/Chicago", 2), ("America/Denver", 2), ("America/New_York", 4)}
    assert night_cron(hours, date(2026, 11, 28)) == "0-30/5 2,3 * * *"
    for month in (1, 7):  # daylight saving moves them alike
        assert night_cron(hours, date(2026, month, 1)) == "0-30/5 2,3 * * *"
    # Without a database: a new district's hour.
    assert defs.resolve_schedule_def("nightly").cron_schedule == "0-30/5 2 * * *"


def test_the_schedule_and_the_job() -> None:
    schedule = defs.resolve_schedule_def("nightly")
    assert schedule.job_name == "import_district"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert defs.resolve_job_def("import_district").executor_def.name == "in_process"


def test_the_code_location_loads_as_the_web_server_loads_it() -> None:
    defs.get_repository_def().load_all_definitions()
    assert {one.name for one in defs.resolve_all_job_defs()} >= {"import_district", "prune_runs"}


def test_every_rule_is_in_one_check_with_others_of_its_weight() -> None:
    for checks, rules in (
        (stage_checks.RAW_CHECKS, RAW_RULES),
        (
            (*stage_checks.STUDENT_CHECKS, *stage_checks.GUARDIAN_CHECKS),
            CURATED_RULES,
        ),
    ):
        named = [(rule, check.blocking) for check in checks for rule in check.rules]
        assert sorted(named) == sorted(rules.items())


def test_a_dozen_checks_come_with_the_import() -> None:
    graph = defs.resolve_asset_graph()
    in_job = defs.resolve_job_def("import_district").asset_layer.asset_graph.asset_check_keys
    assert len(in_job) == 12
    assert {key.name for key in graph.asset_check_keys - in_job} == {"fresh_within_36_hours"}
    assert all(graph.get(key).description.endswith(".") for key in graph.asset_check_keys)


def test_every_check_is_kept_per_district() -> None:
    for node in defs.resolve_asset_graph().asset_check_keys:
        spec = defs.resolve_asset_graph().get(node)
        assert spec.partitions_def is not None, node


@pytest.mark.parametrize(
    ("table", "columns"),
    [("student_demographics", STUDENT_COLUMNS), ("guardian_demographics", GUARDIAN_COLUMNS)],
)
def test_lineage_comes_from_the_transforms_own_rules(
    table: str, columns: dict[str, object]
) -> None:
    metadata = _nodes()[table].metadata
    lineage = metadata["dagster/column_lineage"].deps_by_column
    schema = [column.name for column in metadata["dagster/column_schema"].columns]
    assert schema == list(columns)
    for column in TABLES[table].columns:
        lineage_of_column = {dep.column_name for dep in lineage[column.name]}
        assert lineage_of_column == {f"{name}.{field}" for name, field in column.fields}, column


def test_definitions_load_without_environment_and_stay_light() -> None:
    code = (
        "import sys, samegoal_sync.definitions\n"
        "heavy = {'pandera', 'pandas', 'requests', 'paramiko'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={}, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_assets_name_can_be_a_districts_slug() -> None:
    names = {part for key in (*ASSETS, csv.key.to_user_string()) for part in key.split("/")}
    could_be = {name for name in names if re.fullmatch(r"[a-z0-9-]+", name)}
    assert could_be
    assert could_be <= RESERVED_SLUGS
