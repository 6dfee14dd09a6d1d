"""What needs a person reaches a webhook: a real server that takes, refuses, redirects, stalls."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from samegoal_sync.database import connect
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.monitoring.heartbeats import EVERY, beat
from samegoal_sync.districts.monitoring.post_run import process_ended_runs
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import SettingError
from samegoal_sync.mail import webhook as webhook_module
from samegoal_sync.mail.errors import MailError, MailServerDown
from samegoal_sync.mail.outbox import WEBHOOK, Letter, deliver_to_webhook, post
from samegoal_sync.mail.team import deliver_all, team_of, webhook_alone
from samegoal_sync.mail.webhook import Message, Webhook, webhook_of
from samegoal_sync.monitor.watch import look
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.districts.sync_rows import write_night

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
MESSAGE = Message("key", "subject", "body", None)


@dataclass
class Hook:
    """What was posted, and how it answers."""

    url: str
    status: int = 200
    posted: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def secret(self) -> Secret:
        return Secret(self.url)


@pytest.fixture
def hook() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.paths.append(self.path)
            if found.status == 200:
                found.posted.append(json.loads(body))
            self.send_response(found.status)
            if found.status == 302:
                self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Hook(f"http://127.0.0.1:{server.server_port}/T0/B0/geheim")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_message_is_json_and_slacks_is_text_alone(hook: Hook) -> None:
    Webhook(hook.secret, allow_loopback=True).send(
        Message("night-7", "1 district", "fairview-isd: <failed> & held\n", "fairview-isd")
    )
    assert hook.posted == [
        {
            "source": "samegoal-sync", "key": "night-7", "subject": "1 district",
            "text": "fairview-isd: <failed> & held", "district": "fairview-isd",
        }
    ]  # fmt: skip
    slack = Webhook(Secret("https://hooks.slack.com/services/T/B/x"))
    assert slack._payload(Message("k", "a <b>", "c & d", None)) == {
        "text": "*a &lt;b&gt;*\nc &amp; d"
    }
    assert len(slack._payload(Message("k", "s", "x" * 99_999, None))["text"]) < 3_100


@pytest.mark.parametrize(
    ("status", "error"), [(404, MailError), (302, MailError), (429, MailServerDown),
                          (503, MailServerDown)],
)  # fmt: skip
def test_a_refusal_is_reported_without_the_address(
    hook: Hook, status: int, error: type[Exception]
) -> None:
    hook.status = status
    with pytest.raises(error) as raised:
        Webhook(hook.secret, allow_loopback=True).send(MESSAGE)
    assert type(raised.value) is error
    assert str(status) in str(raised.value)
    assert "geheim" not in str(raised.value)
    assert hook.paths == ["/T0/B0/geheim"]  # no redirect is followed


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/x", "https://user:geheim@hooks.example.com/x", "hooks/geheim",
        "https:///geheim", "ftp://example.com/geheim", "https://[geheim", "http://127.0.0.1:1/geheim",
    ],
)  # fmt: skip
def test_an_address_that_can_not_be_one_is_refused_unrepeated(url: str) -> None:
    with pytest.raises(SettingError) as raised:
        Webhook(Secret(url))
    assert "geheim" not in str(raised.value)


def test_no_private_network_is_called(hook: Hook) -> None:
    port = hook.url.split(":")[2].split("/")[0]
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254", "0.0.0.0"):
        webhook = Webhook(Secret(f"https://{host}:{port}/geheim"))
        with pytest.raises(MailServerDown) as raised:
            webhook.send(MESSAGE)
        assert "geheim" not in str(raised.value)
    assert hook.paths == []


def test_a_server_that_answers_a_letter_at_a_time_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook_module, "_MOST_SECONDS", 1.0)

    def drip() -> None:
        connection, _ = server.accept()
        with connection:
            try:
                for _ in range(100):
                    connection.sendall(b"H")
                    time.sleep(0.1)
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip)
        thread.start()
        began = time.monotonic()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        with pytest.raises(MailServerDown):
            Webhook(Secret(url), allow_loopback=True).send(MESSAGE)
        assert time.monotonic() - began < 8
        thread.join()


def test_the_outbox_tries_again_and_sends_each_once(registry: Registry, hook: Hook) -> None:
    url = registry.database_url
    webhook = Webhook(hook.secret, allow_loopback=True)
    with connect(url) as connection:
        for key in ("first", "second"):
            post(connection, Letter(key, key, "text"), [WEBHOOK], NOW)
    hook.status = 503
    down = deliver_to_webhook(url, webhook, NOW)
    assert (down.sent, down.down is not None) == (0, True)
    hook.status = 404
    assert deliver_to_webhook(url, webhook, NOW).refused == 2
    hook.status = 200
    assert deliver_to_webhook(url, webhook, NOW).sent == 0  # not yet
    assert deliver_to_webhook(url, webhook, NOW + timedelta(minutes=10)).sent == 2
    assert [one["key"] for one in hook.posted] == ["first", "second"]
    assert deliver_to_webhook(url, webhook, NOW + timedelta(hours=10)).sent == 0


def _settings(registry: Registry, hook: Hook) -> Settings:
    return replace(registry.settings, webhook_url=hook.url, allow_loopback=True)


def test_the_settings_hide_it_and_the_team_is_told_by_it(registry: Registry, hook: Hook) -> None:
    settings = _settings(registry, hook)
    assert "geheim" not in repr(settings)
    assert webhook_of(settings) is not None
    assert team_of(settings) == webhook_alone(settings) == (WEBHOOK,)
    assert team_of(registry.settings) == ()


def test_nights_that_need_a_person_are_one_message_however_many(
    registry: Registry, hook: Hook
) -> None:
    url = registry.database_url
    for number in range(25):
        slug = f"d-{number:02}"
        registry.add(
            slug=slug, name=slug, base_url=f"https://skyward.example.com/{slug}", client_key="k",
            who="test",
        )  # fmt: skip
        registry.set_state(slug, DistrictState.ACTIVE, "test")
        state = "held" if number == 24 else "failed"
        write_night(url, slug, NOW, state, message=f"why {slug}", actor="district")
    settings = _settings(registry, hook)
    process_ended_runs(registry, NOW, webhook_alone(settings))
    assert [done.sent for done in deliver_all(settings, url, NOW)] == [1]
    (message,) = hook.posted
    assert message["subject"] == "25 districts' nights need a person"
    assert "d-00: failed, why d-00 (district)" in message["text"]
    assert "and 5 more" in message["text"]
    process_ended_runs(registry, NOW, webhook_alone(settings))
    assert [done.sent for done in deliver_all(settings, url, NOW)] == [0]


def test_a_dead_daemon_is_told_by_the_monitor(registry: Registry, hook: Hook) -> None:
    settings = _settings(registry, hook)
    for name in EVERY:
        beat(registry.database_url, name, NOW, 0.1)
    look(settings, registry.database_url, NOW + timedelta(hours=1))
    look(settings, registry.database_url, NOW + timedelta(hours=1, minutes=1))
    assert [one["subject"] for one in hook.posted] == [
        "SameGoal Demographics: no night is asked for"
    ]
