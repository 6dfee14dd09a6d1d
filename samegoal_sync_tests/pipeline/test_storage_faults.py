"""Frames that can't be stored or read: told with a hint, recorded, and never a traceback."""

from __future__ import annotations

import json
import shutil

import dagster as dg
import psycopg
import pytest

from samegoal_sync.definitions import defs
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW = SLUGS[0]


def _curate(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """As *Materialize* of the curated assets alone: they read the stored raw frames."""
    instance.add_dynamic_partitions("district", [FAIRVIEW])
    return defs.resolve_job_def("import_district").execute_in_process(
        instance=instance,
        partition_key=FAIRVIEW,
        asset_selection=[
            dg.AssetKey("student_demographics"),
            dg.AssetKey("guardian_demographics"),
        ],
        raise_on_error=False,
    )


def _recorded(world: World, run_id: str) -> tuple[str, str, str]:
    with psycopg.connect(world.database_url) as connection:
        row = connection.execute(
            "select state, message, hint from samegoal.syncs where run_id = %s", (run_id,)
        ).fetchone()
    assert row is not None
    return row


def _shown_failure(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    shown = event.step_failure_data.user_failure_data
    assert shown is not None
    return {name: str(value.value) for name, value in shown.metadata.items()}


def test_frames_that_are_not_there_are_reported_with_the_way_back(
    world: World, instance: dg.DagsterInstance
) -> None:
    result = _curate(instance)
    assert not result.success
    assert "no frames of qmlativ/" in _shown_failure(result)["what"]
    assert f"samegoal-sync sync {FAIRVIEW}" in _shown_failure(result)["hint"]
    state, message, hint = _recorded(world, result.run_id)
    assert state == "failed"
    assert (message, hint) == (_shown_failure(result)["what"], _shown_failure(result)["hint"])
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.tags["dagster/max_retries"] == "0"


def test_damaged_frames_are_reported_by_their_folder(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.run()
    for frame in (world.settings.storage / "qmlativ" / "students").rglob("*.parquet"):
        frame.write_bytes(b"PAR1 half a night")
    result = _curate(instance)
    assert "can't be read" in _shown_failure(result)["what"]
    assert _recorded(world, result.run_id)[0] == "failed"


def test_notes_of_another_version_are_reported_without_their_words(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.run()
    for notes in (world.settings.storage / "qmlativ" / "students").rglob("notes.json"):
        notes.write_text(json.dumps({"Marisol": "Example"}))
    result = _curate(instance)
    shown = _shown_failure(result)
    assert "stored by another version" in shown["what"]
    assert "Marisol" not in str(shown)
    assert _recorded(world, result.run_id)[0] == "failed"


@pytest.mark.parametrize("name", ["Demographics.NameSuffix", "Enrollment.WithdrawalCode"])
def test_a_missing_raw_frame_stops_the_district_and_blanks_nothing(
    world: World, instance: dg.DagsterInstance, name: str
) -> None:
    world.run()
    before = world.published()
    (lost,) = world.settings.storage.rglob(f"{name}.parquet")
    lost.unlink()
    result = _curate(instance)
    assert not result.success
    assert f"{name.replace('.', '/')} is missing" in _shown_failure(result)["what"]
    assert _recorded(world, result.run_id)[0] == "failed"
    assert world.published() == before


def test_a_disk_that_refuses_fails_the_night_and_keeps_what_is_published(world: World) -> None:
    world.run()
    before = world.published()
    shutil.rmtree(world.settings.storage / "qmlativ")
    (world.settings.storage / "qmlativ").write_text("a file where a folder should be")
    outcome = world.run()[0]
    assert outcome.state == "failed"
    assert "could not be stored" in (outcome.message or "")
    assert "has room" in (outcome.hint or "")
    assert world.published() == before
