"""Makes runs of Dagster's hidden job runs of ``import_district``, so that all are of one job.

*Materialize* on an asset's page or in the lineage, a backfill and ``dg launch --assets`` name no
job. Dagster takes ``__ASSET_JOB`` for them, whose runs stand under no job and apart in the
timeline, and which would plan the freshness check too (see ``freshness.py``). The same assets in
``import_district`` are the same steps; so the run is rewritten before anything is executed: its
job, its origin, its plan and its tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.definitions.selector import JobSubsetSelector
from dagster._core.execution.api import create_execution_plan
from dagster._core.snap import ExecutionPlanSnapshot, JobSnap, snapshot_from_execution_plan
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.storage.tags import CODE_LOCATION_TAG
from dagster._serdes import serialize_value
from dagster_shared.record import copy

from samegoal_sync.pipeline.code_location import LOCATION, job_here, job_origin
from samegoal_sync.pipeline.freshness import fresh_within_36_hours
from samegoal_sync.pipeline.import_job import IMPORT_DISTRICT, PARTITION_SET

if TYPE_CHECKING:
    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
    from dagster._core.origin import JobPythonOrigin
    from dagster._core.remote_origin import RemoteJobOrigin
    from dagster._core.workspace.context import BaseWorkspaceRequestContext

(_FRESHNESS,) = fresh_within_36_hours.check_keys


@dataclass(frozen=True)
class _Job:
    """``import_district``, cut down to the assets of one run."""

    origin: RemoteJobOrigin
    code_origin: JobPythonOrigin
    snapshot: JobSnap
    parent_snapshot: JobSnap | None
    plan: ExecutionPlanSnapshot
    checks: frozenset[dg.AssetCheckKey] | None
    tags: dict[str, str]


def is_adoptable(run: dg.DagsterRun) -> bool:
    """Whether a run imports something of a district, but not as the job itself does."""
    if run.job_name == IMPLICIT_ASSET_JOB_NAME:
        return bool(run.asset_selection)
    if run.job_name != IMPORT_DISTRICT:
        return False
    checks = run.asset_check_selection
    plans_freshness = run.asset_selection and (checks is None or _FRESHNESS in checks)
    return run.remote_job_origin is None or bool(plans_freshness)


def adopt_queued(
    instance: dg.DagsterInstance, run: dg.DagsterRun, workspace: BaseWorkspaceRequestContext
) -> dg.DagsterRun:
    """The same for a run that the web server or the daemon made: its code is in another process."""
    assert run.remote_job_origin is not None  # else nobody could queue it
    repository = run.remote_job_origin.repository_origin
    location = workspace.get_code_location(repository.code_location_origin.location_name)
    checks = _checks(run, workspace.asset_graph)
    job = location.get_job(
        JobSubsetSelector(
            location_name=location.name,
            repository_name=repository.repository_name,
            job_name=IMPORT_DISTRICT,
            op_selection=None,
            asset_selection=run.asset_selection,
            asset_check_selection=checks,
        )
    )
    plan = location.get_execution_plan(
        job, run.run_config, step_keys_to_execute=None, known_state=None, instance=instance
    )
    return _rewrite(
        instance,
        run,
        _Job(
            origin=job.get_remote_origin(),
            code_origin=job.get_python_origin(),
            snapshot=job.job_snapshot,
            parent_snapshot=job.parent_job_snapshot,
            plan=plan.execution_plan_snapshot,
            checks=checks,
            tags=dict(job.tags),
        ),
    )


def adopt_here(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    """The same for a run that is executed in this process, past the queue (by ``dg launch``)."""
    here = job_here(IMPORT_DISTRICT)
    job = here.get_definition()
    checks = _checks(run, job.asset_layer.asset_graph)
    if run.asset_selection:
        job = job.get_subset(asset_selection=run.asset_selection, asset_check_selection=checks)
    plan = create_execution_plan(
        job, run.run_config, instance_ref=instance.get_ref(), tags=dict(run.tags)
    )
    return _rewrite(
        instance,
        run,
        _Job(
            origin=job_origin(IMPORT_DISTRICT),
            code_origin=here.get_python_origin(),
            snapshot=job.get_job_snapshot(),
            parent_snapshot=job.get_parent_job_snapshot(),
            plan=snapshot_from_execution_plan(plan, job.get_job_snapshot_id()),
            checks=checks,
            tags={**job.run_tags, CODE_LOCATION_TAG: LOCATION},
        ),
    )


def _checks(run: dg.DagsterRun, graph: BaseAssetGraph[Any]) -> frozenset[dg.AssetCheckKey] | None:
    """The checks that were asked for, but for the one that no run of ours executes."""
    if run.asset_selection is None:
        return None
    asked = run.asset_check_selection
    if asked is None:  # every check of these assets, as Dagster understands it
        asked = graph.get_check_keys_for_assets(run.asset_selection)
    return frozenset(asked) - {_FRESHNESS}


def _rewrite(instance: dg.DagsterInstance, run: dg.DagsterRun, job: _Job) -> dg.DagsterRun:
    """Write the run anew as one of the job's, under its own id."""
    runs, events = instance.run_storage, instance.event_log_storage
    assert isinstance(runs, SqlRunStorage)
    assert isinstance(events, SqlEventLogStorage)
    domain = instance.run_domain
    snapshot_id = domain.ensure_persisted_job_snapshot(job.snapshot, job.parent_snapshot)
    steps = job.plan.step_keys_to_execute
    plan_id = domain.ensure_persisted_execution_plan_snapshot(job.plan, snapshot_id, steps)
    adopted = copy(
        run,
        job_name=IMPORT_DISTRICT,
        asset_check_selection=job.checks,
        step_keys_to_execute=steps,
        job_snapshot_id=snapshot_id,
        execution_plan_snapshot_id=plan_id,
        remote_job_origin=job.origin,
        job_code_origin=job.code_origin,
    )
    with runs.connect() as connection:
        connection.execute(
            RunsTable.update()
            .where(RunsTable.c.run_id == run.run_id)
            .values(
                pipeline_name=IMPORT_DISTRICT,
                snapshot_id=snapshot_id,
                run_body=serialize_value(adopted),
            )
        )
    # Stored beside the run, where lists of a job's and a location's runs look for them.
    tags = {**job.tags, **adopted.tags_for_storage(), "dagster/partition_set": PARTITION_SET}
    instance.add_run_tags(run.run_id, tags)
    planned = AssetCheckExecutionsTable.c
    with events.index_connection() as connection:
        connection.execute(
            AssetCheckExecutionsTable.delete().where(
                planned.run_id == run.run_id, planned.check_name == _FRESHNESS.name
            )
        )
    return adopted.with_tags({**adopted.tags, **tags})
