"""One connection for a run's questions, and never one that still holds what somebody left in it."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg.rows import dict_row

from samegoal_sync.database import connect
from samegoal_sync.database.kept_connection import keeping_connection


def _backend(database_url: str) -> int:
    with connect(database_url) as connection:
        return connection.info.backend_pid


def test_what_is_asked_one_after_the_other_goes_over_one_connection(database_url: str) -> None:
    with keeping_connection(database_url):
        first = _backend(database_url)
        assert [_backend(database_url) for _ in range(3)] == [first] * 3
    with psycopg.connect(database_url) as looker:
        left = looker.execute("select from pg_stat_activity where pid = %s", (first,)).fetchall()
    assert left == []
    assert _backend(database_url) != _backend(database_url)


def test_who_needs_one_meanwhile_gets_another(database_url: str) -> None:
    other: list[int] = []
    with keeping_connection(database_url), connect(database_url) as outer:
        thread = threading.Thread(target=lambda: other.append(_backend(database_url)))
        thread.start()
        thread.join()
        pids = {outer.info.backend_pid, _backend(database_url), *other}
    assert len(pids) == 3


def test_what_was_begun_is_not_carried_over(database_url: str) -> None:
    with keeping_connection(database_url):
        begun = connect(database_url)
        begun.execute("create temp table half_done (n int)")
        begun.close()
        with pytest.raises(psycopg.errors.UndefinedTable), connect(database_url) as connection:
            connection.execute("select from half_done")


def test_how_it_was_used_is_not_carried_over(database_url: str) -> None:
    with keeping_connection(database_url):
        with connect(database_url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
            connection.row_factory = dict_row  # type: ignore[assignment]
            connection.execute("select 1")
            pid = connection.info.backend_pid
        with connect(database_url) as again:
            row = again.execute("select current_setting('transaction_isolation')").fetchone()
            assert again.info.backend_pid == pid
    assert row == ("read committed",)


def test_options_are_never_taken_from_a_kept_one(database_url: str) -> None:
    with keeping_connection(database_url):
        pid = _backend(database_url)
        with connect(database_url, autocommit=True) as own:
            assert own.autocommit
            assert own.info.backend_pid != pid
        assert _backend(database_url) == pid


def test_a_connection_that_the_server_ended_is_not_taken_up(database_url: str) -> None:
    with keeping_connection(database_url):
        pid = _backend(database_url)
        with psycopg.connect(database_url, autocommit=True) as root:
            root.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        assert _backend(database_url) != pid
