"""Dagster's Postgres storage with connections that are kept: named by ``storage`` in dagster.yaml.

dagster-postgres opens a connection for each statement, some 600 a run, and each is a process that
Postgres starts and ends. Daemon, code server and workers are not ours to tune from outside, so the
class that dagster.yaml names does it: one pool a process and address, whatever number of
instances the process opens. A process that is forked starts with an empty pool of its own.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from functools import partial
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
from sqlalchemy.exc import InvalidatePoolError

from samegoal_sync.database.faults import lost, unreachable
from samegoal_sync.database.waiting import once_it_answers
from samegoal_sync.pipeline.event_log import KnownRunStorage, ShortEventLog

if TYPE_CHECKING:
    from dagster._core.storage.config import PostgresStorageConfig
    from dagster_postgres.auth import PgTokenProvider
    from sqlalchemy.pool import ConnectionPoolEntry

#: Connections a process keeps, and how many more it opens while its threads need them.
_KEPT = 4
_MORE = 26
_RECYCLE_SECONDS = 1800

#: A connection that has rested so long is tried before it is used. A server that was restarted
#: since its last use took longer.
RESTED_SECONDS = 0.1

#: Each statement is committed by itself, as Dagster has it everywhere but in some transactions.
_EACH = "AUTOCOMMIT"

#: No statement of Dagster's takes longer; a query of the web server that does is given up.
_STATEMENT_MS = 120_000

#: How long a server that is gone is waited for, where the process says nothing else.
_GONE_SECONDS = 12.0

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
        self._run_storage = KnownRunStorage(postgres_url, False, token_provider=token_provider)
        self._event_log_storage = ShortEventLog(postgres_url, False, token_provider=token_provider)
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
                "isolation_level": _EACH,
                "pool_size": _KEPT,
                "max_overflow": _MORE,
                "pool_recycle": _RECYCLE_SECONDS,
                "pool_use_lifo": True,
                "hide_parameters": True,
            }
            engine = create_pg_engine(postgres_url, token_provider, **options)
            event.listen(engine, "do_connect", partial(_wait_for_server, postgres_url))
            event.listen(engine, "do_execute", _execute_again)
            event.listen(engine, "handle_error", partial(_raise_lost, postgres_url))
            event.listen(engine, "connect", _limit_statements)
            event.listen(engine, "checkin", _note_use)
            event.listen(engine, "checkout", partial(_try_rested, engine.dialect))
            _engines[postgres_url] = engine
        return _engines[postgres_url]


def _wait_for_server(
    postgres_url: str, dialect: db.Dialect, _record: object, args: Any, params: Any
) -> Any:
    """In place of Dagster's own six tries, which log the server's words each time."""

    def once() -> Any:
        try:
            return dialect.connect(*args, **params)
        except dialect.loaded_dbapi.OperationalError:
            raise unreachable(postgres_url) from None

    return once_it_answers(once, _GONE_SECONDS)


def _execute_again(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """A statement whose connection broke off is executed once more, on a new one.

    As SQLAlchemy's FAQ has it for connections that commit each statement. Of an event whose
    answer alone was lost there are then two, which is better than a night that failed. Of a
    transaction the statements before it are lost too: whoever began that begins it again.
    """
    dialect, connection = context.dialect, context.root_connection
    if connection.get_execution_options().get("isolation_level", _EACH) != _EACH:
        dialect.do_execute(cursor, statement, parameters, context)
        return True
    try:
        dialect.do_execute(cursor, statement, parameters, context)
    except dialect.loaded_dbapi.Error as error:
        if not dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor):
            raise
        connection.invalidate()
        connection.rollback()
        context.cursor = connection.connection.cursor()  # waits for the server
        dialect.do_execute(context.cursor, statement, parameters, context)
    return True


def _raise_lost(postgres_url: str, failed: db.ExceptionContext) -> None:
    """Instead of a statement and where it stood: what is the matter with the server."""
    error = failed.original_exception
    if failed.connection is None or not isinstance(error, failed.dialect.loaded_dbapi.Error):
        return  # no connection came: Dagster tries again
    sqlstate = getattr(error, "pgcode", None)
    if sqlstate is None and not failed.is_disconnect:
        return
    if fault := lost(postgres_url, sqlstate):
        raise fault


def _limit_statements(connection: Any, _record: object) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(f"set statement_timeout = {_STATEMENT_MS}")


def _note_use(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _try_rested(
    dialect: db.Dialect, connection: Any, record: ConnectionPoolEntry, _proxy: object
) -> None:
    """As SQLAlchemy's ``pool_pre_ping`` before each statement, which doubles their number."""
    if time.monotonic() - record.info.get("used", math.inf) < RESTED_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        if dialect.is_disconnect(error, connection, None):
            raise InvalidatePoolError from error  # all others are as old: SQLAlchemy opens anew
        raise


def _forget_parents_connections() -> None:
    """The child must neither use nor close the parent's connections."""
    global _lock  # the parent may have held it
    _lock = Lock()
    for engine in _engines.values():
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_parents_connections)
