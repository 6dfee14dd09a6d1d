"""Ends runs of which nothing is heard: neither a row nor a lock says who executes them.

What could not be written down while Postgres' disk was full leaves two kinds: an import that took
its row away and whose run stays STARTED (Dagster only gives up after ``max_runtime_seconds``), and
a retry that Dagster made but did not queue. Either is a matter of seconds in a run that is well, so
a run is given up only when it was silent at every look for about a minute.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta

import dagster as dg
from dagster._core.storage.tags import RETRY_NUMBER_TAG

from samegoal_sync.database import connect
from samegoal_sync.districts.monitoring.running_imports import LOCKS_BACK_SECONDS, unheard_since
from samegoal_sync.pipeline.import_job import IMPORT_DISTRICT

#: With the last look and the sensor's interval, about a minute.
_SILENT = timedelta(seconds=40)

_STATUSES = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.NOT_STARTED]

#: Looked at in one call, the oldest first.
_MOST = 200


def end_unheard_runs(
    instance: dg.DagsterInstance, database_url: str, before: Mapping[str, datetime]
) -> tuple[list[str], dict[str, datetime]]:
    """End runs that have been silent for about a minute, by the database's clock.

    Args:
        before: what the call before returned: since when each silent run has been so.

    Returns:
        Ids of the runs that were ended, and since when each other silent run has been so.
    """
    silent = _silent(instance, database_url)
    since = {run_id: before.get(run_id, now) for run_id, now in silent.items()}
    due = {run_id for run_id, now in silent.items() if now - since[run_id] >= _SILENT}
    if due:
        time.sleep(LOCKS_BACK_SECONDS)
        due &= _silent(instance, database_url).keys()
    for run_id in due:
        run = instance.get_run_by_id(run_id)
        if run is not None and _must_show_itself(run):
            # It may have recorded its failure, or even published: the schedule looks at that.
            instance.add_run_tags(run_id, {"dagster/max_retries": "0"})
            instance.report_run_failed(run, "Nothing is heard of this run any more.")
    return sorted(due), {run_id: at for run_id, at in since.items() if run_id not in due}


def _silent(instance: dg.DagsterInstance, database_url: str) -> dict[str, datetime]:
    records = instance.get_run_records(
        dg.RunsFilter(job_name=IMPORT_DISTRICT, statuses=_STATUSES), limit=_MOST, ascending=True
    )
    runs = [record.dagster_run for record in records]
    run_ids = [run.run_id for run in runs if _must_show_itself(run)]
    if not run_ids:
        return {}
    with connect(database_url) as connection:
        return unheard_since(connection, run_ids)


def _must_show_itself(run: dg.DagsterRun) -> bool:
    """Whether the run is being executed, or is a retry, which Dagster queues as it makes it."""
    if run.status is dg.DagsterRunStatus.NOT_STARTED:
        return RETRY_NUMBER_TAG in run.tags
    return run.status is dg.DagsterRunStatus.STARTED
