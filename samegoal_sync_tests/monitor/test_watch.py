"""A dead daemon is written of by a program that is not the daemon, once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samegoal_sync.districts.monitoring.heartbeats import EVERY, beat
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.monitor import watch as watch_module
from samegoal_sync.monitor.watch import look
from samegoal_sync_tests.mail.mail_servers import make_certificate, running_smtp

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)


def test_the_team_is_written_to_once_for_each_silence(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    url = registry.database_url
    for name in EVERY:
        beat(url, name, NOW, 0.1)
    with running_smtp(certificate, key) as smtp:
        settings = replace(registry.settings, smtp_url=smtp.url())
        assert look(settings, url, NOW + timedelta(minutes=5)) is None
        assert smtp.messages == []
        for minutes in (60, 61, 62):
            assert look(settings, url, NOW + timedelta(minutes=minutes)) is not None
        (message,) = smtp.messages
        assert "no night is asked for" in message["subject"]
        assert "start the Dagster daemon" in message.get_content()
        for name in EVERY:
            beat(url, name, NOW + timedelta(hours=2), 0.1)
        assert look(settings, url, NOW + timedelta(hours=2)) is None
        look(settings, url, NOW + timedelta(hours=3))
        assert len(smtp.messages) == 2  # another silence


def test_the_watch_goes_on_whatever_a_look_meets(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    ended = threading.Event()

    def fails_at_first(*_arguments: object) -> None:
        looks.append(1)
        if len(looks) == 1:
            raise ValueError("unforeseen")
        ended.set()

    monkeypatch.setattr(watch_module, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(watch_module, "look", fails_at_first)
    watch_module.watch(registry.settings, registry.database_url, ended)
    assert len(looks) == 2
