"""Letters go out each on its own: one that nobody takes keeps no other, and none is sent twice."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samegoal_sync.database import connect
from samegoal_sync.districts.registry.history import events
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.mailer import Mailer, outgoing
from samegoal_sync.mail.outbox import MOST_REFUSED, Letter, deliver, post
from samegoal_sync_tests.mail.mail_servers import Smtp, make_certificate, running_smtp

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
BAD = "gone@fairview.example"


@pytest.fixture
def smtp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Smtp]:
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_smtp(certificate, key) as running:
        yield running


@pytest.fixture
def mailer(smtp: Smtp) -> Mailer:
    smtp.refused_addresses.add(BAD)
    return Mailer(outgoing(smtp.url()))


def write(url: str, key: str, *addresses: str, district: str | None = None) -> int:
    with connect(url) as connection:
        letter = Letter(key, f"about {key}", "text", district)
        return post(connection, letter, addresses, NOW)


def test_one_address_that_nobody_takes_keeps_no_other(
    registry: Registry, fairview: str, smtp: Smtp, mailer: Mailer
) -> None:
    url = registry.database_url
    write(url, "first", BAD, "a@fairview.example", district=fairview)
    write(url, "second", "b@fairview.example")
    done = deliver(url, mailer, NOW)
    assert (done.sent, done.refused, done.down) == (2, 1, None)
    assert [mail["To"] for mail in smtp.messages] == ["a@fairview.example", "b@fairview.example"]
    kinds = [event.kind for event in events(url, fairview)]
    assert kinds.count("mail_failed") == kinds.count("mail_sent") == 1


def test_a_letter_that_no_message_can_be_made_of_stalls_no_other(
    registry: Registry, smtp: Smtp, mailer: Mailer
) -> None:
    url = registry.database_url
    write(url, "first", "a@b.example\nBcc: x@y.example")
    with connect(url) as connection:
        letter = Letter("second", "Oak\r\nISD: held", "text")
        post(connection, letter, ["b@fairview.example"], NOW)
    done = deliver(url, mailer, NOW)
    assert (done.sent, done.refused, done.down) == (1, 1, None)
    assert [mail["Subject"] for mail in smtp.messages] == ["Oak  ISD: held"]


def test_refusals_use_up_nobodys_turn(registry: Registry, smtp: Smtp, mailer: Mailer) -> None:
    url = registry.database_url
    for number in range(MOST_REFUSED + 10):
        write(url, f"bad-{number}", BAD)
    write(url, "good", "a@fairview.example")
    for _ in range(2):
        deliver(url, mailer, NOW)
    assert [mail["Subject"] for mail in smtp.messages] == ["about good"]


def test_each_refusal_waits_longer_and_after_three_days_none_follows(
    registry: Registry, mailer: Mailer
) -> None:
    url = registry.database_url
    write(url, "bad", BAD)
    tried = [
        minutes
        for minutes in range(0, 5 * 24 * 60, 5)
        if deliver(url, mailer, NOW + timedelta(minutes=minutes)).refused
    ]
    pauses = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert pauses[:4] == [5, 10, 20, 40]
    assert max(pauses) == 6 * 60
    assert tried[-1] <= 3 * 24 * 60
    assert len(tried) < 25


def test_a_server_that_is_down_costs_no_letter_a_try(registry: Registry, smtp: Smtp) -> None:
    url = registry.database_url
    write(url, "a", "a@fairview.example")
    down = Mailer(outgoing("smtps://u:p@127.0.0.1:1?from=t@samegoal.example"))
    for _ in range(3):
        done = deliver(url, down, NOW)
        assert done.down is not None
        assert (done.sent, done.refused) == (0, 0)
    assert deliver(url, Mailer(outgoing(smtp.url())), NOW).sent == 1


def test_a_letter_is_written_once_an_address_and_sent_once_by_several(
    registry: Registry, smtp: Smtp, mailer: Mailer
) -> None:
    url = registry.database_url
    assert write(url, "k", "a@x.example", "b@x.example") == 2
    assert write(url, "k", "a@x.example", "c@x.example") == 1
    threads = [threading.Thread(target=deliver, args=(url, mailer, NOW)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mail["To"] for mail in smtp.messages) == [
        "a@x.example",
        "b@x.example",
        "c@x.example",
    ]


def test_what_is_rolled_back_is_not_sent(registry: Registry, smtp: Smtp, mailer: Mailer) -> None:
    url = registry.database_url
    with connect(url) as connection:
        post(connection, Letter("k", "s", "b"), ["a@x.example"], NOW)
        connection.rollback()
    deliver(url, mailer, NOW)
    assert smtp.messages == []
