"""A server that is gone: told with its place, never with its password; waited for on request."""

from __future__ import annotations

import logging
import time

import pytest

from samegoal_sync.database import connect
from samegoal_sync.database.faults import lost, place
from samegoal_sync.database.waiting import once_it_answers, waiting_for_postgres
from samegoal_sync.errors import DatabaseUnreachable
from samegoal_sync_tests.commands.command_line import free_ports


def _closed() -> str:
    return f"postgresql://anna:hunter2@127.0.0.1:{free_ports(1)[0]}/samegoal"


def test_what_is_gone_is_reported_with_its_place_alone() -> None:
    address = _closed()
    with pytest.raises(DatabaseUnreachable, match=r"127\.0\.0\.1:.*it does not answer") as raised:
        connect(address)
    assert raised.value.transient
    assert "hunter2" not in str(raised.value)
    assert "anna" not in str(raised.value)
    assert "\n" not in raised.value.what + raised.value.hint


def test_a_database_that_is_not_there_is_another_matter(database_url: str) -> None:
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    with pytest.raises(DatabaseUnreachable, match="it refuses the connection"):
        connect(database_url.replace(f"/{name}?", "/nobodys?"))


def test_a_place_holds_no_user_and_no_password() -> None:
    assert place("postgresql+psycopg2://a:hunter2@h:6432/x?sslmode=require") == (
        "h:6432 (database x)"
    )
    assert place("postgresql://postgres:@/samegoal?host=/run/pg") == "/run/pg (database samegoal)"
    assert "hunter2" not in place("postgresql://u:p%zzhunter2@h/db")


def test_a_full_disk_is_the_servers_trouble_and_a_wrong_value_is_not() -> None:
    full = lost("postgresql://h/x", "53100")
    assert full is not None
    assert "its disk is full (SQLSTATE 53100)" in full.what
    assert lost("postgresql://h/x", "23505") is None


def test_it_is_waited_for_where_the_process_says_so_and_by_all_together(
    caplog: pytest.LogCaptureFixture,
) -> None:
    address, tries = _closed(), []

    def never() -> None:
        tries.append(1)
        raise DatabaseUnreachable("gone", hint="wait")

    with caplog.at_level(logging.WARNING), waiting_for_postgres(1.5):
        began = time.monotonic()
        with pytest.raises(DatabaseUnreachable):
            once_it_answers(never)
        assert time.monotonic() - began >= 1.5
        waited, began = len(tries), time.monotonic()
        with pytest.raises(DatabaseUnreachable):  # its time is over: each asks once
            once_it_answers(never)
        with pytest.raises(DatabaseUnreachable):
            connect(address)
        assert time.monotonic() - began < 1
    assert waited > 1
    assert len(tries) == waited + 1
    assert [one.message for one in caplog.records] == ["gone; it is waited for, up to 2 s"]


def test_a_server_that_came_back_is_waited_for_again() -> None:
    answers = iter([False, True, False, True])

    def sometimes() -> str:
        if next(answers):
            return "here"
        raise DatabaseUnreachable("gone", hint="wait")

    with waiting_for_postgres(30):
        assert [once_it_answers(sometimes), once_it_answers(sometimes)] == ["here", "here"]


def test_whoever_is_told_to_end_waits_no_longer() -> None:
    began = time.monotonic()
    with (
        waiting_for_postgres(30, is_stopped=lambda: True),
        pytest.raises(DatabaseUnreachable),
    ):
        connect(_closed())
    assert time.monotonic() - began < 2
