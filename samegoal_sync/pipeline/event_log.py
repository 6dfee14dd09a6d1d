"""Dagster's event log in Postgres with a fraction of the statements and bytes.

Of the 515 statements of a run, 103 asked whether Dagster's tables and columns exist, 48 whether the
district is a partition, 17 whether an asset was wiped, and 85 notified nobody (Dagster polls). What
is known is not asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import dagster as dg
from dagster._core.assets import AssetDetails
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage
from sqlalchemy import Connection

from samegoal_sync.database.waiting import again_if_server_went
from samegoal_sync.pipeline.short_events import as_json, is_kept, shortened

#: A partition that was there so lately is there: removing a district ends none of its runs, nor
#: does wiping the history of an asset.
_KNOWN_SECONDS = 10.0

#: Tables and columns that are there, by address: Dagster adds some, and drops none.
_there: set[tuple[str, ...]] = set()


def _is_there(what: tuple[str, ...], look: Callable[[], bool]) -> bool:
    if what not in _there and look():
        _there.add(what)
    return what in _there


class ShortEventLog(PostgresEventLogStorage):
    """``PostgresEventLogStorage``; each event once, without what Dagster fills in by itself."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._partitions: dict[tuple[str, str], float] = {}
        self._details: dict[dg.AssetKey, tuple[AssetDetails | None, float]] = {}

    def store_event(self, event: dg.EventLogEntry) -> None:
        """As Dagster's own, without its notification."""
        if not is_kept(event):
            return
        event = shortened(event)
        insert = self.prepare_insert_event(event).returning(SqlEventLogStorageTable.c.id)
        with self._connect() as connection:
            event_id = int(connection.execute(insert).scalar_one())
        kind, inner = event.dagster_event_type, event.dagster_event
        if inner is not None and kind in ASSET_EVENTS and inner.asset_key:
            # A transaction that broke off is undone as a whole; a statement of its own is executed
            # again by the pool.
            again_if_server_went(lambda: self._store_of_asset(event, event_id))
        if kind in ASSET_CHECK_EVENTS:
            again_if_server_went(lambda: self.store_asset_check_event(event, event_id))

    def _store_of_asset(self, event: dg.EventLogEntry, event_id: int) -> None:
        with self.index_transaction() as connection:
            self._store_asset_event_tags(connection, [event], [event_id])
            self._store_asset_event(connection, event, event_id)

    @contextmanager
    def index_transaction(self) -> Iterator[Connection]:
        """As Dagster's own, on a new connection where the one at hand has broken off."""
        with self.index_connection() as connection:
            if connection.in_transaction():
                yield connection
                return
            begin = partial(connection.execution_options, isolation_level="READ COMMITTED")
            dialect = connection.dialect
            try:
                begin()
            except dialect.loaded_dbapi.Error as error:  # SQLAlchemy does not watch over this
                if not dialect.is_disconnect(error, None, None):
                    raise
                connection.invalidate()
                begin()
            with connection.begin():
                yield connection

    def _event_to_row(self, event: dg.EventLogEntry) -> dict[str, Any]:
        return {**super()._event_to_row(event), "event": as_json(shortened(event))}

    def has_table(self, table_name: str) -> bool:
        """Looked at once."""
        look = super().has_table
        return _is_there((self.postgres_url, table_name), lambda: look(table_name))

    def _has_asset_key_col_on_connection(self, conn: Any, column_name: str) -> bool:
        look = super()._has_asset_key_col_on_connection
        column = (self.postgres_url, "asset_keys", column_name)
        return _is_there(column, lambda: look(conn, column_name))

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Looked at once in a while: a run asks 48 times for its own."""
        asked, now = (partitions_def_name, partition_key), time.monotonic()
        if now < self._partitions.get(asked, 0.0):
            return True
        found = super().has_dynamic_partition(partitions_def_name, partition_key)
        if found:
            self._partitions = {asked: now + _KNOWN_SECONDS}
        return found

    def _get_assets_details(
        self, asset_keys: Sequence[dg.AssetKey]
    ) -> Sequence[AssetDetails | None]:
        """When each asset was wiped, if it was: looked at once in a while, for each result of a
        check and each input."""
        now, known = time.monotonic(), self._details
        unknown = [key for key in asset_keys if now >= known.get(key, (None, 0.0))[1]]
        if unknown:
            found = zip(unknown, super()._get_assets_details(unknown), strict=True)
            known = known | {key: (details, now + _KNOWN_SECONDS) for key, details in found}
            self._details = known
        return [known[key][0] for key in asset_keys]

    def wipe_asset(self, asset_key: dg.AssetKey) -> None:
        """Forgets what was known of it."""
        super().wipe_asset(asset_key)
        self._details = {}

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Forgets what was known of it."""
        self._partitions = {}
        super().delete_dynamic_partition(partitions_def_name, partition_key)


class KnownRunStorage(PostgresRunStorage):
    """``PostgresRunStorage`` that looks once for the columns of its tables."""

    def has_run_stats_index_cols(self) -> bool:
        """Looked at once."""
        column = (self.postgres_url, "runs", "start_time")
        return _is_there(column, super().has_run_stats_index_cols)

    def has_backfill_id_column(self) -> bool:
        """Looked at once."""
        column = (self.postgres_url, "runs", "backfill_id")
        return _is_there(column, super().has_backfill_id_column)
