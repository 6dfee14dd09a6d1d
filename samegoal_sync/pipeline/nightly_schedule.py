"""The schedule ``nightly``: one run a district a night, at the district's own hour.

One schedule looks every five minutes at all districts, instead of one cron line a time zone:
nights missed while nobody was up are caught up, failed ones are tried again after a pause, and
a district's hour can change without a change of code. A run key of district, local date and
attempt keeps Dagster from starting the same one twice, daylight saving nights included.
"""

# Without postponed annotations: Dagster looks at the context's type itself.

from datetime import UTC, datetime

import dagster as dg

from samegoal_sync.district import PARTITIONS
from samegoal_sync.districts.monitoring.due_nights import (
    NightRequest,
    recent_attempts,
    requested_now,
)
from samegoal_sync.districts.registry.registry_from_environment import registry_from_environment
from samegoal_sync.pipeline.import_job import IMPORT_DISTRICT, run_tags
from samegoal_sync.pipeline.pruning import prune_runs


@dg.schedule(
    name="nightly",
    job_name=IMPORT_DISTRICT,
    cron_schedule="*/5 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Imports every active district once each local night; tries again what may pass.",
)
def nightly(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
    """Ask for the nights that are due now."""
    registry = registry_from_environment()
    now = datetime.now(UTC)
    attempts = recent_attempts(registry.database_url, now)
    # Looked up once: a RunRequest's partition_key would open two connections a district.
    partitions = set(context.instance.get_dynamic_partitions(PARTITIONS))
    requests = requested_now(
        (one for one in registry.active() if one.slug in partitions), attempts, now
    )
    if not requests:
        return dg.SkipReason("no district's night is due")
    return [run_request(request) for request in requests]


def run_request(request: NightRequest) -> dg.RunRequest:
    """The run of one night, its partition given by tags."""
    return dg.RunRequest(
        run_key=request.run_key,
        tags={
            "dagster/partition": request.district.slug,
            "dagster/partition_set": f"{IMPORT_DISTRICT}_partition_set",
            **run_tags(request.district, kind="nightly"),
            "night": request.night.isoformat(),
            "attempt": str(request.attempt),
        },
    )


@dg.op(name="delete_old_runs")
def _prune(context: dg.OpExecutionContext) -> None:
    """Delete finished runs older than 30 days that nothing needs."""

    context.log.info(f"deleted {prune_runs(context.instance, datetime.now(UTC))} old runs")


@dg.job(
    name="prune_runs",
    executor_def=dg.in_process_executor,
    description="Deletes Dagster's old runs; never a district's latest materialization.",
)
def prune_runs_job() -> None:
    """One step."""
    _prune()


prune_runs_daily = dg.ScheduleDefinition(
    name="prune_runs",
    job=prune_runs_job,
    cron_schedule="30 18 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="At midday in America, when no district's night runs.",
)

#: What ``definitions`` gathers.
SCHEDULES = (nightly, prune_runs_daily)
JOBS = (prune_runs_job,)
