"""Deletes old Dagster runs: Dagster never does, and 3,000 districts make 50 GB of events a year.

Never deleted: a run that is the latest materialization of an asset for a district (Dagster would
then show the asset as never made), one that is not finished, and what failed lately.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import dagster as dg

#: Finished runs are kept so long.
KEPT = timedelta(days=30)

_ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
_BATCH = 500


def prune_runs(instance: dg.DagsterInstance, now: datetime, most: int = 5_000) -> int:
    """Delete finished runs that ended over ``KEPT`` ago, oldest first, at most ``most``.

    Returns: how many were deleted. About 25 ms each.
    """
    kept = latest_runs(instance)
    deleted = 0
    for run_id in _old_runs(instance, now - KEPT):
        if deleted >= most:
            break
        if run_id not in kept:
            instance.delete_run(run_id)
            deleted += 1
    return deleted


def latest_runs(instance: dg.DagsterInstance) -> set[str]:
    """Runs that are the latest materialization of an asset, for each partition."""
    storage = instance.event_log_storage
    newest: list[int] = []
    for key in instance.all_asset_keys():
        by_partition = storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        newest += by_partition.values()
    found: set[str] = set()
    for start in range(0, len(newest), _BATCH):
        records = storage.get_event_records(
            dg.EventRecordsFilter(
                event_type=dg.DagsterEventType.ASSET_MATERIALIZATION,
                storage_ids=newest[start : start + _BATCH],
            )
        )
        found |= {record.run_id for record in records}
    return found


def _old_runs(instance: dg.DagsterInstance, before: datetime) -> Iterator[str]:
    """Ids of finished runs, oldest first; read before any is deleted, a batch at a time."""
    cursor: str | None = None
    filters = dg.RunsFilter(statuses=_ENDED, updated_before=before)
    while True:
        records = instance.get_run_records(filters, limit=_BATCH, cursor=cursor, ascending=True)
        if not records:
            return
        yield from [record.dagster_run.run_id for record in records]
        cursor = records[-1].dagster_run.run_id
