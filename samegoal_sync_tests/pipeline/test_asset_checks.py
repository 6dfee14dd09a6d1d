"""Checks per district, held nights, and what stops what."""

from __future__ import annotations

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecordStatus as Status,
)

from samegoal_sync.definitions import defs
from samegoal_sync.district import DistrictState
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW, RIDGEMONT = SLUGS


def _status(
    instance: dg.DagsterInstance, asset: str, check: str, slug: str = FAIRVIEW
) -> Status | None:
    key = dg.AssetCheckKey(dg.AssetKey(asset.split("/")), check)
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=20)
    told = [record for record in records if record.partition == slug]
    return told[0].status if told else None


def _empty(world: World, name: str, slug: str = FAIRVIEW) -> None:
    world.sandbox.replace_table(slug, name, world.sandbox.tables(slug)[name].clear())


def test_checks_are_kept_district_by_district(world: World, instance: dg.DagsterInstance) -> None:
    world.run(FAIRVIEW)
    assert _status(instance, "student_demographics", "students_valid") is Status.SUCCEEDED
    assert _status(instance, "student_demographics", "students_valid", RIDGEMONT) is None


def test_an_emptied_object_blocks_and_keeps_what_is_published(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.run()
    before = world.published()
    whole = world.sandbox.tables(FAIRVIEW)["Demographics/Name"]
    try:
        _empty(world, "Demographics/Name")
        outcome = world.run()[0]
    finally:
        world.sandbox.replace_table(FAIRVIEW, "Demographics/Name", whole)
    assert outcome.state == "failed"
    assert "objects_not_emptied" in (outcome.message or "")
    assert world.published() == before
    assert _status(instance, "qmlativ/students", "objects_not_emptied") is Status.FAILED
    # A later run of the curated assets alone finds the same frames unfit by itself.
    alone = defs.resolve_job_def("import_district").execute_in_process(
        instance=instance,
        partition_key=FAIRVIEW,
        asset_selection=[
            dg.AssetKey("student_demographics"),
            dg.AssetKey("guardian_demographics"),
        ],
        raise_on_error=False,
    )
    assert not alone.success
    assert world.published() == before


def test_a_held_night_shows_as_a_failed_check_and_publishes_nothing(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.run()
    before = world.published()
    whole = world.sandbox.tables(FAIRVIEW)["Student/Student"]
    try:
        world.sandbox.replace_table(FAIRVIEW, "Student/Student", whole.head(whole.height // 2))
        outcome = world.run()[0]
    finally:
        world.sandbox.replace_table(FAIRVIEW, "Student/Student", whole)
    assert outcome.state == "held"
    assert outcome.needs_a_person
    assert world.published() == before
    assert _status(instance, "samegoal/students", "within_guards") is Status.FAILED


def test_a_suspended_district_can_still_be_imported_by_hand(world: World) -> None:
    world.registry.set_state(FAIRVIEW, DistrictState.SUSPENDED, "test")
    assert world.run()[0].state == "published"
