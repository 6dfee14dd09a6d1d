"""One district's run, end to end: sandbox over HTTP, Dagster on Postgres, SameGoal's tables."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.api import execute_run
from dagster._core.workspace.load_target import WorkspaceFileTarget

from samegoal_sync.definitions import defs
from samegoal_sync.errors import SyncError
from samegoal_sync.pipeline.code_location import job_here
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.import_run import Defect
from samegoal_sync.pipeline.launching import curated_tonight, import_districts
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.refresh.refresh_student import refresh_student
from samegoal_sync.settings import PORTAL_VARIABLE
from samegoal_sync_tests.pipeline.conftest import SLUGS, World

FAIRVIEW, RIDGEMONT = SLUGS


def _job() -> dg.JobDefinition:
    return defs.resolve_job_def("import_district")


def _materialize(
    instance: dg.DagsterInstance, *keys: str, slug: str = FAIRVIEW
) -> dg.ExecuteInProcessResult:
    """As *Materialize* of these assets and one partition in the UI."""
    return _job().execute_in_process(
        instance=instance,
        partition_key=slug,
        asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
        raise_on_error=False,
    )


def test_a_night_publishes_and_a_second_one_changes_nothing(world: World) -> None:
    first, second = world.run()[0], world.run()[0]
    assert first.state == "published", first
    assert first.counts["students_added"] > 50
    assert second.state == "unchanged"
    assert second.counts["changes"] == 0
    assert second.counts["students_unchanged"] == first.counts["students_added"]
    assert not second.needs_a_person


def test_progress_names_the_step_at_hand_and_ends_complete(world: World) -> None:
    seen: list[tuple[str, int, int, str]] = []
    import_districts(
        world.settings,
        world.database_url,
        [FAIRVIEW],
        on_progress=lambda *progress: seen.append(progress),
    )
    slug, done, steps, step = seen[-1]
    assert (slug, done, step) == (FAIRVIEW, steps, "done")
    assert {step for *_, step in seen[:-1]} <= {
        "starting",
        "qmlativ",
        "demographics",
        "publication",
    }
    assert [done for _, done, *_ in seen] == sorted(done for _, done, *_ in seen)


def test_the_run_is_seen_by_dagster_with_its_district(
    world: World, instance: dg.DagsterInstance
) -> None:
    outcome = world.run()[0]
    run = instance.get_run_by_id(outcome.run_id)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert run.tags["district"] == run.tags["dagster/partition"] == FAIRVIEW
    assert run.tags["host"] == "127.0.0.1"
    # Of the job, in the location that the web server and the daemon know: Jobs and the timeline
    # list by these, and *Re-execute* asks that very job.
    assert run.tags[".dagster/repository"] == "__repository__@samegoal_sync"
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.location_name == "samegoal_sync"
    assert run.job_name == "import_district"
    for key in ("qmlativ/students", "student_demographics", "samegoal/students"):
        asset = dg.AssetKey(key.split("/"))
        assert FAIRVIEW in instance.get_materialized_partitions(asset), key


def test_a_run_by_command_is_one_of_the_job_in_the_code_location(
    world: World, instance: dg.DagsterInstance
) -> None:
    """Else it stands under no job and in no timeline, and *Re-execute* warns."""
    run = instance.get_run_by_id(world.run()[0].run_id)
    assert run is not None
    (location,) = WorkspaceFileTarget([str(CHECKOUT / "workspace.yaml")]).create_origins()
    assert run.job_name == "import_district"
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.location_name == location.location_name
    of_location = dg.RunsFilter(tags={".dagster/repository": "__repository__@samegoal_sync"})
    assert [one.run_id for one in instance.get_runs(of_location)] == [run.run_id]
    assert run.job_snapshot_id == _job().get_job_snapshot_id()
    assert not run.asset_selection


def test_a_run_past_the_queue_gets_its_tags(world: World, instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions("district", [FAIRVIEW])
    run = instance.create_run_for_job(_job(), tags={"dagster/partition": FAIRVIEW})
    execute_run(job_here("import_district"), run, instance)
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert (found.tags["district"], found.tags["host"]) == (FAIRVIEW, "127.0.0.1")


def test_numbers_of_the_night_are_metadata_that_the_ui_plots(
    world: World, instance: dg.DagsterInstance
) -> None:
    outcome = world.run()[0]
    event = instance.get_latest_materialization_event(dg.AssetKey(["samegoal", "students"]))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert metadata["dagster/partition_row_count"].value == outcome.counts["students_added"]
    assert metadata["students added"].value == outcome.counts["students_added"]
    assert isinstance(metadata["dagster/partition_row_count"], dg.IntMetadataValue)


def test_raw_assets_say_whether_they_brought_what_the_night_before_did(
    world: World, instance: dg.DagsterInstance
) -> None:
    found = []
    for _ in range(2):
        world.run()
        found.append([_metadata(instance, "qmlativ", one.value) for one in RawAsset])
    first, second = found
    assert not any("same as the last read" in one for one in first)
    assert [one["same as the last read"].value for one in second] == [True] * 3
    numbers = second[0] | second[1]
    assert isinstance(numbers["bytes of the read"], dg.IntMetadataValue)
    assert isinstance(numbers["pages of the read"], dg.IntMetadataValue)


def test_no_number_stands_on_two_assets_and_no_setting_among_the_numbers(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.run()
    students, guardians = (
        _metadata(instance, "student_demographics"),
        _metadata(instance, "guardian_demographics"),
    )
    published = {
        **_metadata(instance, "samegoal", "students"),
        **_metadata(instance, "samegoal", "guardians"),
    }
    of_both = {"dagster/partition_row_count"}
    assert (students.keys() | guardians.keys()) & published.keys() == of_both
    assert "students without guardian" not in guardians  # published as "without guardians"
    assert not {"publish restricted", "restrictions lost allowed"} & guardians.keys()
    assert guardians["restrictions shared"].value is True
    assert students["legal names shared"].value is True
    assert all(value.value != {} for value in students.values())


def _metadata(instance: dg.DagsterInstance, *key: str) -> dict[str, dg.MetadataValue[Any]]:
    event = instance.get_latest_materialization_event(dg.AssetKey(key))
    assert event is not None
    assert event.asset_materialization is not None
    return dict(event.asset_materialization.metadata)


def test_published_assets_lead_to_the_portal_where_it_is_known(
    world: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PORTAL_VARIABLE, "https://portal.example.org/")
    world.run()
    for name in ("students", "guardians"):
        event = instance.get_latest_materialization_event(dg.AssetKey(["samegoal", name]))
        assert event is not None
        assert event.asset_materialization is not None
        assert event.asset_materialization.metadata["portal"] == dg.MetadataValue.url(
            f"https://portal.example.org/d/{FAIRVIEW}/district-information"
        )


def test_a_district_that_fails_does_not_stop_the_next(world: World) -> None:
    world.sandbox.generate_secret(FAIRVIEW, "samegoal-demographics")  # the stored one is void now
    failed, fine = world.run(FAIRVIEW, RIDGEMONT)
    assert (failed.state, fine.state) == ("failed", "published")
    assert failed.message
    assert failed.hint
    assert failed.actor
    assert failed.needs_a_person


def test_a_fault_that_no_retry_helps_is_reported_with_its_hint_and_not_retried(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.sandbox.generate_secret(FAIRVIEW, "samegoal-demographics")
    outcome = world.run()[0]
    run = instance.get_run_by_id(outcome.run_id)
    assert run is not None
    assert run.tags["dagster/max_retries"] == "0"
    failures = instance.get_records_for_run(
        outcome.run_id, of_type=dg.DagsterEventType.STEP_FAILURE
    ).records
    event = failures[0].event_log_entry.dagster_event
    assert event is not None
    found = event.step_failure_data.user_failure_data
    assert found is not None
    assert found.metadata["hint"].value == outcome.hint
    assert found.metadata["action by"].value == outcome.actor


def test_a_defect_is_reported_by_type_and_place_alone() -> None:
    try:
        raise ValueError("Marisol Example, born 2015-01-02")
    except ValueError as error:
        found = str(Defect(error))
    assert "ValueError in test_launching.py" in found
    assert "Marisol" not in found


def test_a_failed_night_keeps_what_is_published(world: World) -> None:
    world.run()
    before = world.published()
    world.sandbox.fault(FAIRVIEW, "broken_json", count=None, path="Student/Student")
    assert world.run()[0].state == "failed"
    assert world.published() == before


def test_an_unknown_district_is_reported_before_anything_runs(world: World) -> None:
    with pytest.raises(SyncError, match="nowhere"):
        import_districts(world.settings, world.database_url, [FAIRVIEW, "nowhere"])
    assert world.published() == []


def test_curated_assets_alone_come_from_stored_frames_without_a_call(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.run()
    calls = len(world.sandbox.log(FAIRVIEW))
    result = _materialize(instance, "student_demographics", "guardian_demographics")
    assert result.success
    assert len(world.sandbox.log(FAIRVIEW)) == calls


def test_published_assets_alone_publish_the_stored_frames(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.run()
    calls, before = len(world.sandbox.log(FAIRVIEW)), world.published()
    assert _materialize(instance, "samegoal/students", "samegoal/guardians").success
    assert len(world.sandbox.log(FAIRVIEW)) == calls
    assert world.published() == before


def test_downstream_alone_without_stored_frames_is_refused_clearly(
    world: World, instance: dg.DagsterInstance
) -> None:
    instance.add_dynamic_partitions("district", [FAIRVIEW])
    result = _materialize(instance, "student_demographics", "guardian_demographics")
    assert not result.success
    assert world.published() == []


def test_one_student_is_refreshed_through_the_same_rules(world: World) -> None:
    world.run()
    before = world.published()
    student_id = str(before[0][0])
    assert refresh_student(
        world.settings, world.database_url, FAIRVIEW, student_id
    ).state.value in {"published", "unchanged"}
    assert world.published() == before


def test_preview_reads_without_storing_or_publishing(world: World) -> None:
    students, guardians = curated_tonight(world.settings, world.database_url, FAIRVIEW)
    assert students.frame.height > 50
    assert guardians.frame.height > 50
    assert world.published() == []
    assert not list(world.settings.storage.rglob("*.parquet"))
