"""Ends runs that nobody executes any more, so that they give their places in the queue back.

Dagster leaves a run STARTED when its process was killed together with whoever watched over it, and
only gives up after ``max_runtime_seconds``. Three kinds are ended here: the process is gone; the
run was made but never reached the queue; a person canceled a night's run before it was executed
(the night is then recorded as stopped, and not asked for again).
"""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from samegoal_sync.database import connect
from samegoal_sync.districts.errors import RunCanceled, RunLost
from samegoal_sync.districts.monitoring.due_nights import NO_RUN_AFTER
from samegoal_sync.districts.monitoring.night_requests import claim_night
from samegoal_sync.districts.monitoring.running_imports import (
    LOCKS_BACK_SECONDS,
    cut_off_imports,
    forget_import,
)
from samegoal_sync.districts.registry.registry_from_environment import registry_from_environment
from samegoal_sync.errors import SyncError
from samegoal_sync.pipeline.import_executor import night_of
from samegoal_sync.pipeline.import_job import IMPORT_DISTRICT

#: Canceled runs are looked at for so long, and at most so many a call.
_CANCELED_WITHIN = timedelta(hours=1)
_MOST = 200


def end_orphaned_runs(
    instance: dg.DagsterInstance, database_url: str, slugs: Collection[str] | None = None
) -> list[str]:
    """End runs whose process is gone; their ids.

    Args:
        slugs: of these districts only; ``None`` is all.
    """
    suspects = _suspects(database_url, slugs)
    if not suspects:
        return []
    time.sleep(LOCKS_BACK_SECONDS)
    gone = suspects & _suspects(database_url, slugs)
    for run_id in gone:
        run = instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            if night_of(run) is None:
                # Whoever asked by hand looks after it; a night is tried again at once.
                instance.add_run_tags(run_id, {"dagster/max_retries": "0"})
            instance.report_run_failed(run, "The process that executed this run is gone.")
        forget_import(database_url, run_id)
    return sorted(gone)


def end_unqueued_runs(instance: dg.DagsterInstance, now: datetime) -> list[str]:
    """End imports that were made but never reached the queue (the daemon died between the two)."""
    records = instance.get_run_records(
        dg.RunsFilter(
            job_name=IMPORT_DISTRICT,
            statuses=[dg.DagsterRunStatus.NOT_STARTED],
            created_before=now - NO_RUN_AFTER,
        ),
        limit=_MOST,
    )
    for record in records:
        instance.report_run_failed(record.dagster_run, "This run never reached the queue.")
    return [record.dagster_run.run_id for record in records]


def record_canceled_nights(instance: dg.DagsterInstance, now: datetime) -> list[str]:
    """Record nights' runs that a person canceled before they left a result; their districts."""
    records = instance.get_run_records(
        dg.RunsFilter(
            job_name=IMPORT_DISTRICT,
            statuses=[dg.DagsterRunStatus.CANCELED],
            updated_after=now - _CANCELED_WITHIN,
            tags={"kind": "nightly"},
        ),
        limit=_MOST,
    )
    found = []
    for run in [record.dagster_run for record in records]:
        slug = run.tags["dagster/partition"]
        if record_ended_run(instance, run, slug, RunCanceled(slug)):
            found.append(slug)
    return found


def record_lost_run(instance: dg.DagsterInstance, run: dg.DagsterRun, slug: str) -> None:
    """A failed row for a run that left none; one that did leave a row is not touched."""
    record_ended_run(instance, run, slug, RunLost(slug))


def record_ended_run(
    instance: dg.DagsterInstance, run: dg.DagsterRun, slug: str, error: SyncError
) -> bool:
    """Record why a run ended without a result; whether that was not recorded before.

    A run whose night another run has taken up leaves no record: it never was the night's.
    """
    from samegoal_sync.samegoal.errors import DistrictNotRegistered
    from samegoal_sync.samegoal.publication.recorded_runs import recorded_sync
    from samegoal_sync.samegoal.publication.syncs import record_failure

    registry = registry_from_environment()
    if recorded_sync(registry.database_url, slug, run.run_id) is not None:
        return False
    night = night_of(run)
    if night is not None and claim_night(registry.database_url, night) is not None:
        return False
    record = instance.get_run_record_by_id(run.run_id)
    begun = record.create_timestamp if record else datetime.now(UTC)
    if record and record.start_time:
        begun = datetime.fromtimestamp(record.start_time, UTC)
    tagged = run.tags.get("night")
    try:
        record_failure(
            registry.database_url,
            slug,
            run_id=run.run_id,
            night=date.fromisoformat(tagged) if tagged else registry.get(slug).today(begun),
            started_at=begun,
            error=error,
        )
    except DistrictNotRegistered:
        return False  # removed while it ran
    return True


def _suspects(database_url: str, slugs: Collection[str] | None) -> set[str]:
    with connect(database_url) as connection:
        found = cut_off_imports(connection)
    return {one.run_id for one in found if slugs is None or one.district in slugs}
