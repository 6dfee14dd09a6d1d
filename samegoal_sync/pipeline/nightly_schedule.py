"""The schedule ``nightly``: one run a district a night, at the district's own hour.

One schedule ticks at the hours of all districts' nights, and the sensor ``missed_nights`` asks for
the rest: nights missed while nobody was up, failures that may pass, and districts whose hour is
newer than the code server. Both go by one record of what was asked for
(``districts/monitoring/night_requests.py``): Dagster's own run key holds within one tick only, and
a night that waits in a long queue would be asked for at every look.
"""

# Without postponed annotations: Dagster looks at the context's type itself.

from collections.abc import Collection, Container, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import dagster as dg
import psycopg
from dagster._core.definitions.definitions_load_context import (
    DefinitionsLoadContext,
    DefinitionsLoadType,
)

from samegoal_sync.district import PARTITIONS
from samegoal_sync.districts.monitoring.due_nights import SPREAD, NightRequest
from samegoal_sync.districts.monitoring.night_requests import (
    ask_for_due_nights,
    forget_old_nights,
    hours_of_nights,
)
from samegoal_sync.districts.monitoring.retention import forget_old_records
from samegoal_sync.districts.registry.registry_from_environment import registry_from_environment
from samegoal_sync.errors import SyncError
from samegoal_sync.pipeline.heartbeat import beating
from samegoal_sync.pipeline.import_job import IMPORT_DISTRICT, PARTITION_SET, run_tags
from samegoal_sync.pipeline.pruning import prune_runs
from samegoal_sync.pipeline.resources import Database
from samegoal_sync.storage.chosen_store import frame_store

_RUN_KEY = "dagster/run_key"

#: Daylight saving begins and ends as in most districts, so their hours stand still in it.
_ZONE = ZoneInfo("America/Chicago")

#: A night that is due for so long was missed by the schedule.
_MISSED = timedelta(minutes=10)

#: When no district runs yet: that of a new one, in Chicago.
_DEFAULT_HOURS = frozenset({("America/Chicago", 2)})


def night_cron(hours: Iterable[tuple[str, int]], today: date) -> str:
    """Every five minutes over which the districts of an hour are spread, at each night's hour.

    Args:
        hours: time zone and hour of the nights.
    """
    local = {
        datetime.combine(today, time(hour), ZoneInfo(zone)).astimezone(_ZONE).hour
        for zone, hour in hours
    }
    return f"0-{SPREAD}/5 {','.join(str(hour) for hour in sorted(local))} * * *"


def _hours_now() -> Collection[tuple[str, int]]:
    """The hours of all nights as the registry has them when a code server starts."""
    loading = DefinitionsLoadContext.is_set() and DefinitionsLoadContext.get().load_type
    if loading is not DefinitionsLoadType.RECONSTRUCTION:  # a run needs no schedule
        # Without a database there is nothing to run, and the definitions can be looked at.
        with suppress(SyncError, psycopg.Error):
            return hours_of_nights(registry_from_environment().database_url) or _DEFAULT_HOURS
    return _DEFAULT_HOURS


@dg.schedule(
    name="nightly",
    job_name=IMPORT_DISTRICT,
    cron_schedule=night_cron(_hours_now(), datetime.now(UTC).date()),
    execution_timezone=_ZONE.key,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Imports every active district once a night, at the hour of its own time zone that "
    "stands in its settings (District Information > Night). Ticks at those hours only, as they "
    "were when the code server started; missed_nights asks for what it misses.",
)
@beating("nightly")
def nightly(
    context: dg.ScheduleEvaluationContext, database: Database
) -> list[dg.RunRequest] | dg.SkipReason:
    """Ask for the nights that are due now."""
    return _asked(context.instance, database) or dg.SkipReason("no district's night is due")


@dg.sensor(
    name="missed_nights",
    job_name=IMPORT_DISTRICT,
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for nights that the schedule nightly missed, because nothing ran at their "
    "hour or the hour is new, and again for those that failed in a way that may pass.",
)
@beating("missed_nights")
def missed_nights(
    context: dg.SensorEvaluationContext, database: Database
) -> list[dg.RunRequest] | dg.SkipReason:
    """Ask for the nights that are overdue, and for the next attempts."""
    return _asked(context.instance, database, _MISSED) or dg.SkipReason(
        "no district's night was missed"
    )


def _asked(
    instance: dg.DagsterInstance, database: Database, late: timedelta = timedelta()
) -> list[dg.RunRequest]:
    registry = database.registry()
    # Looked up once: a RunRequest's partition_key would open two connections a district.
    partitions = set(instance.get_dynamic_partitions(PARTITIONS))
    requests = ask_for_due_nights(
        registry.database_url,
        [one for one in registry.active() if one.slug in partitions],
        datetime.now(UTC),
        lru_cache(lambda night: run_keys(instance, night)),
        late,
    )
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
def _prune(context: dg.OpExecutionContext, database: Database) -> None:
    """Delete runs, check results and frames older than 30 days that nothing needs."""
    now = datetime.now(UTC)
    pruned = prune_runs(context.instance, now)
    context.log.info(f"deleted {pruned.runs} old runs and {pruned.check_results} check results")
    registry = database.registry()
    forget_old_nights(registry.database_url, now)
    forgotten = forget_old_records(registry.database_url, registry.settings.retention, now)
    if forgotten:
        deleted = ", ".join(f"{rows} of {table}" for table, rows in forgotten.items())
        context.log.info(f"deleted as SAMEGOAL_SYNC_RETENTION says: {deleted}")
    # Storing a night forgets old ones too; a district that is silent stores none.
    frame_store(registry.settings).prune(now)


@dg.job(
    name="prune_runs",
    executor_def=dg.in_process_executor,
    description="Deletes old runs, check results and frames; never a district's latest of each.",
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
