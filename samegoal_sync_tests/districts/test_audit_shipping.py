"""The audit log sent on: every line at least once, however late it commits, whoever is down."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import ssl
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from samegoal_sync.cli import main
from samegoal_sync.database import connect, migrate
from samegoal_sync.districts.errors import AuditReceiverError
from samegoal_sync.districts.monitoring.audit_receivers import audit_receiver
from samegoal_sync.districts.monitoring.audit_shipping import (
    let_lines_go,
    ship,
    stop_shipping,
    waiting_lines,
)
from samegoal_sync.errors import SettingError
from samegoal_sync.pipeline import sensors
from samegoal_sync.pipeline.resources import resources
from samegoal_sync_tests.districts.syslog_server import Syslog, syslog_in
from samegoal_sync_tests.mail.mail_servers import make_certificate


def write(connection: Any, *whats: str) -> None:
    for what in whats:
        connection.execute(
            "insert into audit_log (district, who, role, action, student_id, what) "
            "values ('fairview-isd', 'ann', 'teacher', 'viewed a student', '1001', %s)",
            (what,),
        )


def written(database_url: str, *whats: str) -> None:
    with connect(database_url) as connection:
        write(connection, *whats)


def whats(path: Path) -> list[str]:
    return [json.loads(line)["what"] for line in path.read_text().splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


@pytest.fixture
def server() -> Iterator[Syslog]:
    folder = Path(tempfile.mkdtemp(prefix="sl-"))
    yield syslog_in(folder)
    shutil.rmtree(folder)


def to(file: Path) -> Any:
    return audit_receiver(f"file://{file}")


def test_a_line_that_was_numbered_earlier_and_commits_late_is_sent(
    database_url: str, file: Path
) -> None:
    written(database_url, "first")
    with connect(database_url) as late:
        write(late, "late")  # its number is taken
        written(database_url, "second")
        assert ship(database_url, to(file)) == 2
        assert whats(file) == ["first", "second"]
        late.commit()
    assert ship(database_url, to(file)) == 1
    assert whats(file) == ["first", "second", "late"]
    numbers = [json.loads(line)["id"] for line in file.read_text().splitlines()]
    assert numbers != sorted(numbers)
    assert ship(database_url, to(file)) == 0


def test_the_log_begins_with_its_first_line_also_where_a_receiver_is_named_later(
    database_url: str, file: Path
) -> None:
    with connect(database_url, autocommit=True) as connection:
        connection.execute("drop schema samegoal cascade")
    migrate(database_url, to="0021")
    written(database_url, "before the upgrade")
    migrate(database_url)
    with connect(database_url) as late:
        write(late, "late")
        written(database_url, "let go")
        let_lines_go(database_url)
        with connect(database_url) as connection:
            assert connection.execute("select count(*) from audit_waiting").fetchone() == (0,)
            assert waiting_lines(connection) is None
        late.commit()
    let_lines_go(database_url)
    with connect(database_url) as late:
        write(late, "later")
        written(database_url, "waits")
        assert ship(database_url, to(file)) == 4
        late.commit()
    assert ship(database_url, to(file)) == 1
    assert whats(file) == ["before the upgrade", "late", "let go", "waits", "later"]
    let_lines_go(database_url)  # the setting is gone: what comes waits all the same
    written(database_url, "while it was gone")
    let_lines_go(database_url)
    assert ship(database_url, to(file)) == 1
    assert stop_shipping(database_url) == 0
    written(database_url, "after it was stopped")
    let_lines_go(database_url)
    with connect(database_url) as connection:
        assert waiting_lines(connection) is None
    assert ship(database_url, to(file)) == 1
    assert whats(file)[5:] == ["while it was gone", "after it was stopped"]


def test_a_line_that_commits_after_shipping_was_stopped_is_sent_to_the_next_receiver(
    database_url: str, file: Path
) -> None:
    ship(database_url, to(file))
    with connect(database_url) as late:
        write(late, "late")  # its number is taken
        written(database_url, "not sent")
        assert stop_shipping(database_url) == 1
        late.commit()
    for _ in range(2):
        let_lines_go(database_url)
    written(database_url, "later")
    let_lines_go(database_url)
    with connect(database_url) as connection:
        assert waiting_lines(connection) is None
    assert ship(database_url, to(file)) == 2
    assert sorted(whats(file)) == ["late", "later"]


def test_a_line_that_commits_while_shipping_is_stopped_is_counted_or_sent(
    database_url: str, file: Path
) -> None:
    ship(database_url, to(file))
    written(database_url, "before")
    with ThreadPoolExecutor(1) as pool, connect(database_url) as sending:
        sending.execute("select from audit_shipping for update")
        stopping = pool.submit(stop_shipping, database_url)
        until = time.monotonic() + 30
        while not _somebody_waits(database_url):
            assert time.monotonic() < until
            time.sleep(0.02)
        written(database_url, "meanwhile")
        sending.commit()
        let_go = stopping.result(30)
    assert let_go + ship(database_url, to(file)) == 2


def _somebody_waits(database_url: str) -> bool:
    with connect(database_url) as connection:
        row = connection.execute(
            "select exists (select from pg_stat_activity where datname = current_database() "
            "and wait_event_type = 'Lock')"
        ).fetchone()
    return row == (True,)


def test_a_whole_line_is_sent_as_it_was_written(database_url: str, file: Path) -> None:
    with connect(database_url) as connection:
        connection.execute(
            "insert into audit_log (district, who, role, action, document_id, what, address, at) "
            "values ('fairview-isd', 'zoë', 'teacher', 'viewed', "
            "'6f1c1f6e-0000-4000-8000-000000000001', %s, '192.0.2.1', '2026-11-28 02:00-06')",
            ("two\nlines, \u2028 and ☃",),
        )
    ship(database_url, to(file))
    (line,) = file.read_text().splitlines()
    assert line.isascii()
    sent = json.loads(line)
    assert sent.pop("id") > 0
    assert sent == {
        "at": "2026-11-28T08:00:00.000000+00:00",
        "district": "fairview-isd",
        "who": "zoë",
        "role": "teacher",
        "action": "viewed",
        "student_id": None,
        "document_id": "6f1c1f6e-0000-4000-8000-000000000001",
        "what": "two\nlines, \u2028 and ☃",
        "address": "192.0.2.1",
    }


def test_a_file_that_was_rotated_is_made_anew_for_its_owner_alone(
    database_url: str, file: Path
) -> None:
    written(database_url, "one")
    ship(database_url, to(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.rename(file.with_suffix(".1"))
    written(database_url, "two")
    ship(database_url, to(file))
    assert (whats(file.with_suffix(".1")), whats(file)) == (["one"], ["two"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    written(database_url, "three")
    with pytest.raises(AuditReceiverError, match="open to every user"):
        ship(database_url, to(file))
    file.chmod(0o640)  # a collector's group may read it
    ship(database_url, to(file))
    assert whats(file) == ["two", "three"]


def test_a_disk_that_is_full_leaves_no_half_line(database_url: str, file: Path) -> None:
    written(database_url, "one")
    ship(database_url, to(file))
    written(database_url, "two", "x" * 400)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 300, before[1]))
    try:
        with pytest.raises(AuditReceiverError, match="did not take lines"):
            ship(database_url, to(file))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert whats(file) == ["one"]
    ship(database_url, to(file))
    assert whats(file) == ["one", "two", "x" * 400]


def test_half_a_line_that_was_left_swallows_no_other(database_url: str, file: Path) -> None:
    written(database_url, "one")
    ship(database_url, to(file))
    with file.open("a") as half:
        half.write('{"id":2,"at":"2026-11-28T0')
    written(database_url, "two")
    ship(database_url, to(file))
    first, half_line, second = file.read_text().splitlines()
    assert (json.loads(first)["what"], json.loads(second)["what"]) == ("one", "two")
    assert half_line == '{"id":2,"at":"2026-11-28T0'


def test_a_pipe_or_a_device_is_no_file(database_url: str, file: Path) -> None:
    os.mkfifo(file, 0o600)
    written(database_url, "one")
    for path in (file, Path("/dev/full")):
        with pytest.raises(AuditReceiverError, match="is no regular file"):
            ship(database_url, to(path))
    file.unlink()
    ship(database_url, to(file))
    assert whats(file) == ["one"]


def test_a_line_of_no_time_keeps_no_other_waiting(database_url: str, file: Path) -> None:
    with connect(database_url) as connection:
        for at in ("infinity", "-infinity", "1000-01-01 BC"):
            connection.execute(
                "insert into audit_log (who, role, action, at) values ('x', 'x', 'x', %s)", (at,)
            )
    written(database_url, "after")
    assert ship(database_url, lambda _: None, most=1) == 1
    with connect(database_url) as connection:
        assert waiting_lines(connection) is not None
    assert ship(database_url, to(file)) == 3
    assert [json.loads(line)["at"][:4] for line in file.read_text().splitlines()][:2] == [
        "0001", "0001"
    ]  # fmt: skip
    assert whats(file)[-1] == "after"


@pytest.mark.parametrize("kind", ["socket", "udp"])
def test_a_line_too_long_for_a_datagram_is_sent_cut(
    database_url: str, server: Syslog, kind: str
) -> None:
    with connect(database_url) as connection:  # one of before there was a bound
        connection.execute("alter table audit_log disable trigger cut_line")
        write(connection, "before", "x" * 400_000, "after")
    with server.running():
        assert ship(database_url, audit_receiver(server.address(kind))) == 3
        received = [json.loads("{" + one.partition("{")[2]) for one in server.received(3)]
    assert [one["what"] for one in received] == ["before", "x" * 200, "after"]
    assert [one.get("cut") for one in received] == [None, True, None]


@pytest.mark.parametrize("kind", ["socket", "udp", "tcp", "tls"])
def test_a_syslog_server_takes_the_lines(database_url: str, server: Syslog, kind: str) -> None:
    with server.running():
        written(database_url, *(f"{number} {'ä' * 480}" for number in range(30)))
        assert ship(database_url, audit_receiver(server.address(kind))) == 30
        received = server.received(30)
    assert len(received) == 30
    for number, line in enumerate(received):
        head, _, sent = line.partition("{")
        assert head == "local3 info 1 samegoal-sync audit "
        assert json.loads("{" + sent)["what"] == f"{number} {'ä' * 480}"


@pytest.mark.parametrize("kind", ["socket", "udp", "tcp", "tls"])
def test_lines_wait_while_the_syslog_server_is_down(
    database_url: str, server: Syslog, kind: str
) -> None:
    receiver = audit_receiver(server.address(kind))
    with server.running():
        written(database_url, "one")
        ship(database_url, receiver)
        server.received(1)
    written(database_url, "two", "three")
    with pytest.raises(AuditReceiverError, match="did not take lines") as refused:
        ship(database_url, receiver)
    assert "1001" not in str(refused.value)
    with connect(database_url) as connection:
        waiting = waiting_lines(connection)
    assert waiting
    assert waiting.lines == 2
    with server.running():
        assert ship(database_url, receiver) == 2
        received = [json.loads("{" + line.partition("{")[2]) for line in server.received(3)]
    assert [one["what"] for one in received] == ["one", "two", "three"]


def test_a_server_that_ends_without_having_read_counts_as_down(database_url: str) -> None:
    """Its system had taken all that was sent; what nobody read is lost with it."""
    written(database_url, *("x" * 400 for _ in range(50)))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def read_a_little() -> None:
            connection, _ = listening.accept()
            connection.recv(10)
            connection.close()

        ended = threading.Thread(target=read_a_little)
        ended.start()
        receiver = audit_receiver(f"syslog+tcp://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(AuditReceiverError, match="did not take lines"):
            ship(database_url, receiver)
        ended.join()
    with connect(database_url) as connection:
        waiting = waiting_lines(connection)
    assert waiting
    assert waiting.lines == 50


@pytest.mark.parametrize("early", [False, True])
def test_a_tls_server_that_did_not_say_it_has_all_counts_as_down(
    database_url: str, tmp_path: Path, early: bool
) -> None:
    """Who stands between can end a connection too, having kept everything."""
    certificate, key = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    written(database_url, *("x" * 400 for _ in range(200)))
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def end_in_mid() -> None:
            plain, _ = listening.accept()
            with context.wrap_socket(plain, server_side=True) as secured:
                if early:  # says that it closes, reads nothing, and is gone
                    secured.settimeout(0)
                    with suppress(ssl.SSLError):
                        secured.unwrap()
                    return
                with suppress(OSError):
                    while secured.recv(4096):
                        pass
                plain = socket.socket(fileno=secured.detach())
            plain.close()

        ended = threading.Thread(target=end_in_mid)
        ended.start()
        port = listening.getsockname()[1]
        receiver = audit_receiver(f"syslog+tls://127.0.0.1:{port}?ca={certificate}")
        with pytest.raises(AuditReceiverError) as refused:
            ship(database_url, receiver)
        ended.join()
    assert early or "close_notify" in refused.value.what
    with connect(database_url) as connection:
        waiting = waiting_lines(connection)
    assert waiting
    assert waiting.lines == 200


def test_one_call_is_bounded_and_two_do_not_send_the_same(database_url: str, file: Path) -> None:
    written(database_url, *map(str, range(1200)))
    assert ship(database_url, to(file), most=700) == 700

    def while_another(lines: Any) -> None:
        assert ship(database_url, to(file)) == 0
        to(file)(lines)

    assert ship(database_url, while_another) == 500
    assert whats(file) == [str(number) for number in range(1200)]


def test_lines_that_retention_deleted_keep_no_other_waiting(database_url: str, file: Path) -> None:
    written(database_url, "first")
    ship(database_url, to(file))
    with connect(database_url) as connection:
        connection.execute(
            "insert into audit_log (who, role, action, what, at) "
            "select 'x', 'x', 'x', 'old', now() - interval '400 days' from generate_series(1, 600)"
        )
        connection.execute("set local samegoal.retention = 'on'")
        connection.execute("delete from audit_log where what = 'old'")
    written(database_url, "new")
    ship(database_url, to(file))
    assert whats(file) == ["first", "new"]


@pytest.mark.parametrize(
    "address",
    [
        "syslog+tcp://log.example.com:514",
        "syslog+udp://192.0.2.1",
        "file:audit.log",
        "file://host/audit.log",
        "https://log.example.com",
        "syslog+tls://",
        "syslog+tls://host:x",
        "syslog+tls://host?ca=/nowhere.crt",
        "syslog:///dev/log?facility=nonsense",
    ],
)
def test_an_address_that_is_none_or_in_the_open_is_refused(address: str) -> None:
    with pytest.raises(SettingError, match="SAMEGOAL_SYNC_AUDIT_SHIP_TO can't be used"):
        audit_receiver(address)


@pytest.fixture
def named(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", database_url)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return database_url


def _tick() -> str:
    skipped = sensors.audit_log_shipping(dg.build_sensor_context(resources=resources()))
    assert isinstance(skipped, dg.SkipReason)
    return str(skipped.skip_message)


def test_each_tick_sends_what_waits_and_says_what_keeps_it(
    named: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(named, "one")
    assert "no receiver is set" in _tick()
    monkeypatch.setenv("SAMEGOAL_SYNC_AUDIT_SHIP_TO", f"file://{file}")
    assert _tick() == "lines sent: 1"
    assert whats(file) == ["one"]
    monkeypatch.setenv("SAMEGOAL_SYNC_AUDIT_SHIP_TO", f"file://{file}/none")
    written(named, "two")
    assert "did not take lines" in _tick()


def test_the_command_sends_what_waits_and_status_says_what_does(
    named: str, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit):
            main(list(arguments))
        said = capsys.readouterr()
        return " ".join((said.out + said.err).split())

    assert "no receiver of the audit log is set" in run("audit-log", "ship")
    monkeypatch.setenv("SAMEGOAL_SYNC_AUDIT_SHIP_TO", f"file://{file}")
    written(named, "one")
    assert "1 lines sent" in run("audit-log", "ship")
    with connect(named) as connection:
        connection.execute(
            "insert into audit_log (who, role, action, at) values ('x', 'x', 'x', %s)",
            (datetime.now(UTC) - timedelta(hours=1),),
        )
    assert "1 lines of the audit log wait for its receiver" in run("status")
    assert "1 lines that waited are not sent" in run("audit-log", "stop")
    assert "wait for its receiver" not in run("status")
