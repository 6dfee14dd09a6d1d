"""Deletes Dagster's old runs, their events and old check results: Dagster never does.

Never deleted: a run that is the latest materialization of an asset for a district (Dagster would
then show the asset as never made), the latest result of each check for a district, and what is not
finished. Districts that were removed keep nothing. Rows are deleted in batches by SQL of our own:
``delete_run`` takes 25 ms a run, which is more than a minute a night for 3,000 districts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import dagster as dg
import sqlalchemy as db
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.runs.schema import RunsTable
from sqlalchemy.engine import Connection

from samegoal_sync.district import PARTITIONS

#: Finished runs are kept so long.
KEPT = timedelta(days=30)

_ENDED = [
    status.value
    for status in (
        dg.DagsterRunStatus.SUCCESS,
        dg.DagsterRunStatus.FAILURE,
        dg.DagsterRunStatus.CANCELED,
    )
]

_T = TypeVar("_T")

#: Rows a statement: a lock is held for some milliseconds, and little memory is taken.
_RUNS = 200
_IDS = 5_000


@dataclass(frozen=True)
class Pruned:
    """How much was deleted."""

    runs: int
    check_results: int


def prune_runs(
    instance: dg.DagsterInstance, now: datetime, most: int = 20_000, most_results: int = 500_000
) -> Pruned:
    """Delete runs that ended over ``KEPT`` ago and check results as old, oldest first.

    Args:
        most / most_results: at most so many runs and results; the rest is for the next call.
    """
    storage = _storage(instance)
    before = (now - KEPT).astimezone(UTC).replace(tzinfo=None)
    kept = latest_runs(instance)
    with storage.index_connection() as connection:
        ended = connection.execute(
            db.select(RunsTable.c.run_id)
            .where(RunsTable.c.status.in_(_ENDED), RunsTable.c.update_timestamp < before)
            .order_by(RunsTable.c.id)
            .limit(most + len(kept))
        ).scalars()
        old = [run_id for run_id in ended if run_id not in kept][:most]
        for some in _batches(old, _RUNS):
            _delete_runs(connection, some)
        results = _old_results(connection, before, _districts(instance), most_results)
        for ids in _batches(results, _IDS):
            table = AssetCheckExecutionsTable
            connection.execute(table.delete().where(table.c.id.in_(ids)))
    return Pruned(len(old), len(results))


def latest_runs(instance: dg.DagsterInstance) -> set[str]:
    """Runs that are the latest materialization of an asset, for each district there is."""
    storage = _storage(instance)
    districts = _districts(instance)
    newest: list[int] = []
    for key in instance.all_asset_keys():
        by_partition = storage.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        newest += [event for partition, event in by_partition.items() if partition in districts]
    found: set[str] = set()
    events = SqlEventLogStorageTable
    with storage.index_connection() as connection:
        for ids in _batches(newest, _IDS):
            query = db.select(events.c.run_id).where(events.c.id.in_(ids)).distinct()
            found.update(connection.execute(query).scalars())
    return found


def _delete_runs(connection: Connection, run_ids: Sequence[str]) -> None:
    """The events first: a run that is left without them is found again by the next call."""
    events, tags = SqlEventLogStorageTable, AssetEventTagsTable
    of_runs = db.select(events.c.id).where(events.c.run_id.in_(run_ids))
    connection.execute(tags.delete().where(tags.c.event_id.in_(of_runs)))
    connection.execute(events.delete().where(events.c.run_id.in_(run_ids)))
    connection.execute(RunsTable.delete().where(RunsTable.c.run_id.in_(run_ids)))


def _old_results(
    connection: Connection, before: datetime, districts: set[str], most: int
) -> list[int]:
    """Ids of check results that a newer one of the same check and district follows."""
    results = AssetCheckExecutionsTable
    newer = db.func.row_number().over(
        partition_by=(results.c.asset_key, results.c.check_name, results.c.partition),
        order_by=results.c.id.desc(),
    )
    ranked = db.select(
        results.c.id, results.c.partition, results.c.create_timestamp, newer.label("age")
    ).subquery()
    query = (
        db.select(ranked.c.id)
        .where(
            ranked.c.create_timestamp < before,
            db.or_(ranked.c.age > 1, ranked.c.partition.not_in(districts)),
        )
        .order_by(ranked.c.id)
        .limit(most)
    )
    return list(connection.execute(query).scalars())


def _districts(instance: dg.DagsterInstance) -> set[str]:
    return set(instance.get_dynamic_partitions(PARTITIONS))


def _storage(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise TypeError(f"runs can't be pruned in {type(storage).__name__}: use Postgres")
    return storage


def _batches(rows: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
