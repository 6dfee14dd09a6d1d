"""One connection for a run's questions, and never one that still holds what somebody left in it."""

from __future__ import annotations

import os
import resource
import socket
import threading
import time

import psycopg
import pytest
from psycopg.rows import dict_row

from samegoal_sync.database import connect, kept_connection
from samegoal_sync.database.kept_connection import keeping_connection
from samegoal_sync_tests.database.own_servers import EMBEDDED, running_server


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
            connection.read_only = connection.deferrable = True
            connection.execute("select 1")
            pid = connection.info.backend_pid
        changed = connect(database_url)
        changed.autocommit = True
        changed.close()
        with connect(database_url) as again:
            row = again.execute("select current_setting('transaction_isolation')").fetchone()
            assert again.info.backend_pid == pid
            assert (again.autocommit, again.read_only, again.deferrable) == (False, None, None)
    assert row == ("read committed",)


def test_what_a_session_was_left_with_is_not_carried_over(database_url: str) -> None:
    lock = "select pg_try_advisory_lock(5499, 1)"
    with keeping_connection(database_url), psycopg.connect(database_url) as other:
        with connect(database_url) as connection:
            pid = connection.info.backend_pid
            connection.execute("set statement_timeout = '1s'; set search_path = public")
            connection.execute("set session characteristics as transaction read only")
            connection.execute("create temp table kept_here (n int)")
            connection.execute("prepare asked as select 1; listen kept_here")
            connection.execute(lock)
        assert other.execute(lock).fetchone() == (True,)
        with connect(database_url) as again:
            assert again.info.backend_pid == pid
            assert again.execute(
                "select current_setting('statement_timeout'), current_setting('search_path'), "
                "current_setting('transaction_read_only'), to_regclass('kept_here'), "
                "(select count(*) from pg_prepared_statements), "
                "(select count(*) from pg_listening_channels())"
            ).fetchone() == ("0", "samegoal,pg_temp", "off", None, 0, 0)


def test_the_role_of_an_address_is_the_next_one_s_too(database_url: str) -> None:
    address = f"{database_url}{'&' if '?' in database_url else '?'}options=-crole%3Dpg_monitor"
    who = "select current_user"
    with keeping_connection(address):
        with connect(address) as connection:
            connection.execute("reset role; set role pg_signal_backend")
        with connect(address) as again:
            assert again.execute(who).fetchone() == ("pg_monitor",)


def test_a_connection_that_broke_while_it_was_in_use_is_not_kept(database_url: str) -> None:
    with keeping_connection(database_url):
        broken = connect(database_url)
        pid = broken.info.backend_pid
        with psycopg.connect(database_url, autocommit=True) as root:
            root.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        broken.close()
        assert _backend(database_url) != pid


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


def test_one_that_is_closed_twice_is_kept_once(database_url: str) -> None:
    with keeping_connection(database_url):
        connection = connect(database_url)
        pid = connection.info.backend_pid
        for _ in range(3):
            connection.close()
        assert _backend(database_url) == pid


def test_one_that_was_idle_for_long_is_not_taken_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping_connection(database_url):
        pid = _backend(database_url)
        monkeypatch.setattr(kept_connection, "MOST_IDLE", 0.1)
        time.sleep(0.2)
        assert _backend(database_url) != pid


def test_a_process_with_many_files_open_keeps_one_as_well(database_url: str) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, before[1]), before[1]))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with keeping_connection(database_url):
            assert _backend(database_url) == _backend(database_url)
    finally:
        for one in opened:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="of Linux")
def test_a_network_that_drops_a_connection_is_noticed_within_a_minute() -> None:
    def options(address: str) -> tuple[int, int]:
        with connect(address) as connection, socket.socket(fileno=os.dup(connection.fileno())) as s:
            return (
                s.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                s.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            )

    with running_server(EMBEDDED) as address:
        assert options(address) == (30, 60_000)
        assert options(f"{address}?keepalives_idle=7") == (7, 60_000)
