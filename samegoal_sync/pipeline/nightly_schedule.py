"""The schedule ``nightly``: one run a district a night, at the district's own hour.

One schedule looks every five minutes at all districts, instead of one cron line a time zone:
nights missed while nobody was up are caught up, failed ones are tried again after a pause, and
a district's hour can change without a change of code. What was asked for is written down with the
request (``districts/monitoring/night_requests.py``): Dagster's own run key holds within one tick
only, and a night that waits in a long queue would be asked for at every look.
"""

# Without postponed annotations: Dagster looks at the context's type itself.

from collections.abc import Container
from datetime import UTC, date, datetime
from functools import lru_cache

import dagster as dg

from samegoal_sync.district import PARTITIONS
from samegoal_sync.districts.monitoring.due_nights import NightRequest
from samegoal_sync.districts.monitoring.night_requests import ask_for_due_nights, forget_old_nights
from samegoal_sync.districts.monitoring.retention import forget_old_records
from samegoal_sync.districts.registry.registry_from_environment import registry_from_environment
from samegoal_sync.pipeline.heartbeat import beating
from samegoal_sync.pipeline.import_job import IMPORT_DISTRICT, PARTITION_SET, run_tags
from samegoal_sync.pipeline.pruning import prune_runs

_RUN_KEY = "dagster/run_key"


@dg.schedule(
    name="nightly",
    job_name=IMPORT_DISTRICT,
    cron_schedule="*/5 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Imports every active district once a night, at the hour of its own time zone that "
    "stands in its settings (District Information > Night). Looks every five minutes which nights "
    "are due, catches up those missed while nothing ran, and tries again what may pass.",
)
@beating("nightly")
def nightly(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
    """Ask for the nights that are due now."""
    registry = registry_from_environment()
    # Looked up once: a RunRequest's partition_key would open two connections a district.
    partitions = set(context.instance.get_dynamic_partitions(PARTITIONS))
    requests = ask_for_due_nights(
        registry.database_url,
        [one for one in registry.active() if one.slug in partitions],
        datetime.now(UTC),
        lru_cache(lambda night: run_keys(context.instance, night)),
    )
    if not requests:
        return dg.SkipReason("no district's night is due")
    return [run_request(request) for request in requests]


def run_keys(instance: dg.DagsterInstance, night: date) -> Container[str]:
    """The run keys of a date that Dagster has runs of, whatever became of them."""
    found = instance.get_run_tags([_RUN_KEY], value_prefix=f"{night.isoformat()}/")
    return {key for _, keys in found for key in keys}


def run_request(request: NightRequest) -> dg.RunRequest:
    """The run of one night, its partition given by tags."""
    return dg.RunRequest(
        run_key=request.run_key,
        tags={
            "dagster/partition": request.district.slug,
            "dagster/partition_set": PARTITION_SET,
            **run_tags(request.district, kind="nightly"),
            "night": request.night.isoformat(),
            "attempt": str(request.attempt),
        },
    )


@dg.op(name="delete_old_runs")
@beating("prune_runs")
def _prune(context: dg.OpExecutionContext) -> None:
    """Delete finished runs and check results older than 30 days that nothing needs."""
    now = datetime.now(UTC)
    pruned = prune_runs(context.instance, now)
    context.log.info(f"deleted {pruned.runs} old runs and {pruned.check_results} check results")
    registry = registry_from_environment()
    forget_old_nights(registry.database_url, now)
    forgotten = forget_old_records(registry.database_url, registry.settings.retention, now)
    if forgotten:
        told = ", ".join(f"{rows} of {table}" for table, rows in forgotten.items())
        context.log.info(f"deleted as SAMEGOAL_SYNC_RETENTION says: {told}")


@dg.job(
    name="prune_runs",
    executor_def=dg.in_process_executor,
    description="Deletes old runs and check results; never a district's latest of each.",
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
