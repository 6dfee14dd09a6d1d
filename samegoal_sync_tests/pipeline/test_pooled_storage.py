"""Dagster's connections to Postgres are kept, never shared with a fork, and survive a restart."""

from __future__ import annotations

import os
import time

import dagster as dg
import psycopg
import pytest
import sqlalchemy as db

from samegoal_sync.pipeline import pooled_storage
from samegoal_sync.pipeline.pooled_storage import RESTED_SECONDS, PooledPostgresStorage
from samegoal_sync_tests.pipeline.conftest import World


def _storage(instance: dg.DagsterInstance) -> PooledPostgresStorage:
    ref = instance.get_ref()
    assert ref.storage is not None
    assert isinstance(ref.storage, PooledPostgresStorage)
    return ref.storage


def _backend(storage: PooledPostgresStorage) -> int:
    with storage.run_storage.connect() as connection:
        return int(connection.execute(db.text("select pg_backend_pid()")).scalar_one())


def _sessions(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        connection.execute("select pg_stat_force_next_flush()")
        row = connection.execute(
            "select sessions from pg_stat_database where datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_dagster_yaml_names_the_pool_and_all_instances_of_a_process_share_it(
    instance: dg.DagsterInstance,
) -> None:
    storage = _storage(instance)
    first = _backend(storage)
    with dg.DagsterInstance.from_ref(instance.get_ref()) as other:
        assert _backend(_storage(other)) == first
        other.get_runs(limit=1)
        other.all_instigator_state()
        other.get_dynamic_partitions("district")
    assert _backend(storage) == first


def test_a_run_opens_some_connections_not_one_for_each_statement(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.run()
    before = _sessions(world.database_url)
    world.run()
    opened = _sessions(world.database_url) - before
    assert opened < 60  # by dagster-postgres alone some 600


def test_a_forked_process_opens_connections_of_its_own(instance: dg.DagsterInstance) -> None:
    storage = _storage(instance)
    parents = _backend(storage)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, str(_backend(storage)).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reading, 100)) != parents
    assert _backend(storage) == parents


def test_a_server_that_was_restarted_is_reached_again(
    world: World, instance: dg.DagsterInstance
) -> None:
    storage = _storage(instance)
    before = _backend(storage)
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(%s)", (before,))
    time.sleep(RESTED_SECONDS)  # a restart takes longer
    assert instance.get_runs(limit=1) == []
    assert _backend(storage) != before


def test_statements_are_limited_in_time(instance: dg.DagsterInstance) -> None:
    with _storage(instance).run_storage.connect() as connection:
        limit = connection.execute(db.text("show statement_timeout")).scalar_one()
    assert limit == "2min"


def test_a_transaction_begins_anew_where_the_connection_at_hand_has_just_broken_off(
    world: World,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(pooled_storage, "RESTED_SECONDS", 600)  # used too lately to be tried
    storage = _storage(instance)
    with storage.event_log_storage.index_transaction() as connection:
        backend = connection.execute(db.text("select pg_backend_pid()")).scalar_one()
    with psycopg.connect(world.database_url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s, 60000)", (backend,))
    with storage.event_log_storage.index_transaction() as connection:
        assert connection.execute(db.text("select pg_backend_pid()")).scalar_one() != backend
        assert connection.get_isolation_level() == "READ COMMITTED"
    assert caplog.records == []  # neither a traceback of SQLAlchemy's nor anything else
