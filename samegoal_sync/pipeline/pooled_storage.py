"""Dagster's Postgres storage with connections that are kept: named by ``storage`` in dagster.yaml.

dagster-postgres opens a connection for each statement, some 600 a run, and each is a process that
Postgres starts and ends. Daemon, code server and workers are not ours to tune from outside, so the
class that dagster.yaml names does it: one pool a process and address, whatever number of
instances the process opens. A process that is forked starts with an empty pool of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as db
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import (
    create_pg_engine,
    get_token_provider_from_config,
    pg_url_from_config,
)
from sqlalchemy import event

if TYPE_CHECKING:
    from dagster._core.storage.config import PostgresStorageConfig
    from dagster_postgres.auth import PgTokenProvider

#: Connections a process keeps, and how many more it opens while its threads need them.
_KEPT = 4
_MORE = 26
_RECYCLE_SECONDS = 1800

#: No statement of Dagster's takes longer; a query of the web server that does is given up.
_STATEMENT_MS = 120_000

_engines: dict[str, db.Engine] = {}
_lock = Lock()


class PooledPostgresStorage(DagsterPostgresStorage):
    """``DagsterPostgresStorage``, its three storages on one pool; the same configuration."""

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        token_provider: PgTokenProvider | None = None,
    ) -> None:
        # Looked for once a process: each look opens three connections.
        known = postgres_url in _engines
        super().__init__(
            postgres_url, should_autocreate_tables and not known, inst_data, token_provider
        )
        engine = _pooled(postgres_url, token_provider)
        self._run_storage._engine = engine
        self._event_log_storage._engine = engine
        self._schedule_storage._engine = engine

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> PooledPostgresStorage:
        """As dagster.yaml has it."""
        return cls(
            inst_data=inst_data,
            postgres_url=pg_url_from_config(cast("PostgresStorageConfig", config_value)),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
            token_provider=get_token_provider_from_config(config_value),
        )


def close_pool(postgres_url: str) -> None:
    """Close what this process keeps open to an address; the next use opens anew."""
    with _lock:
        engine = _engines.pop(postgres_url, None)
    if engine is not None:
        engine.dispose()


def _pooled(postgres_url: str, token_provider: PgTokenProvider | None) -> db.Engine:
    with _lock:
        if postgres_url not in _engines:
            options: dict[str, Any] = {
                "isolation_level": "AUTOCOMMIT",
                "pool_size": _KEPT,
                "max_overflow": _MORE,
                "pool_recycle": _RECYCLE_SECONDS,
                "pool_pre_ping": True,  # the server may have been restarted
                "pool_use_lifo": True,
            }
            engine = create_pg_engine(postgres_url, token_provider, **options)
            event.listen(engine, "connect", _limit_statements)
            _engines[postgres_url] = engine
        return _engines[postgres_url]


def _limit_statements(connection: Any, _record: object) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(f"set statement_timeout = {_STATEMENT_MS}")


def _forget_parents_connections() -> None:
    """The child must neither use nor close the parent's connections."""
    global _lock  # the parent may have held it
    _lock = Lock()
    for engine in _engines.values():
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_parents_connections)
