"""Sensors that write and send mail: the digest once a day, and no tick that a mail can stop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from samegoal_sync.database import connect
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.pipeline import sensors
from samegoal_sync.pipeline.resources import resources
from samegoal_sync.settings import Settings
from samegoal_sync_tests.districts.sync_rows import write_night
from samegoal_sync_tests.mail.mail_servers import Smtp, make_certificate, running_smtp

FAIRVIEW = "fairview-isd"


class Clock:
    """Stands for ``datetime`` in the sensors' module: the moment is ours."""

    moment = datetime(2026, 10, 20, 6, 0, tzinfo=UTC)

    @classmethod
    def now(cls, _zone: object) -> datetime:
        return cls.moment


@pytest.fixture
def smtp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Smtp]:
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_smtp(certificate, key) as running:
        yield running


@pytest.fixture
def registry(
    database_url: str, tmp_path: Path, smtp: Smtp, monkeypatch: pytest.MonkeyPatch
) -> Registry:
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", database_url)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SAMEGOAL_SYNC_SMTP_URL", smtp.url())
    registry = Registry(Settings(home=tmp_path / "home", storage=tmp_path / "s"), database_url)
    registry.add(
        slug=FAIRVIEW, name="Fairview ISD", base_url="https://skyward.example.com/FairviewAPI",
        client_key="k", who="test", contacts=("office@fairview.example",),
    )  # fmt: skip
    registry.set_state(FAIRVIEW, DistrictState.ACTIVE, "test")
    return registry


def test_the_digest_goes_out_once_a_day_from_seven_on(
    registry: Registry, smtp: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "datetime", Clock)
    cursor: str | None = None
    for hour in range(0, 60):  # two and a half days, a look an hour
        Clock.moment = datetime(2026, 10, 20, 6, tzinfo=UTC) + timedelta(hours=hour)
        for _ in range(2):
            context = dg.build_sensor_context(resources=resources(), cursor=cursor)
            sensors.technical_digest(context)
            cursor = context.cursor
            sensors.post_run_processing(dg.build_sensor_context(resources=resources()))
    subjects = [mail["Subject"] for mail in smtp.messages]
    assert [subject.rpartition("(")[2] for subject in subjects] == [
        "2026-10-20)", "2026-10-21)", "2026-10-22)",
    ]  # fmt: skip


def test_a_digest_whose_cursor_was_lost_is_not_sent_twice(
    registry: Registry, smtp: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensors, "datetime", Clock)
    Clock.moment = datetime(2026, 10, 20, 18, tzinfo=UTC)
    for _ in range(3):
        sensors.technical_digest(dg.build_sensor_context(resources=resources()))
        sensors.post_run_processing(dg.build_sensor_context(resources=resources()))
    assert len(smtp.messages) == 1


def test_no_tick_is_stopped_by_a_mail_that_fails(registry: Registry, smtp: Smtp) -> None:
    smtp.refused_addresses.add("office@fairview.example")
    now = datetime.now(UTC)
    registry.update(FAIRVIEW, who="test", expires_on=now.date() + timedelta(days=6))
    write_night(
        registry.database_url, FAIRVIEW, now, "failed", message="x",
        findings={"transient": False, "error": "AccessRefused"},
    )  # fmt: skip
    for sensor in (sensors.access_expiry, sensors.post_run_processing, sensors.access_expiry):
        result = sensor(dg.build_sensor_context(resources=resources()))
        assert isinstance(result, dg.SkipReason)
    assert registry.get(FAIRVIEW).state is DistrictState.FAILING
    # The team's copy of the warning went out all the same, once.
    assert [mail["To"] for mail in smtp.messages] == ["team@samegoal.example"]


def test_a_mail_server_that_is_down_is_named_in_the_tick(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = "smtps://u:p@127.0.0.1:1?from=t@samegoal.example"
    monkeypatch.setenv("SAMEGOAL_SYNC_SMTP_URL", down)
    write_night(
        registry.database_url, FAIRVIEW, datetime.now(UTC), "failed", message="x",
        night=date.today(), findings={"transient": False, "error": "AccessRefused"},
    )  # fmt: skip
    result = sensors.post_run_processing(dg.build_sensor_context(resources=resources()))
    assert "mail server" in (result.skip_message or "")
    assert registry.get(FAIRVIEW).state is DistrictState.FAILING
    with connect(registry.database_url) as connection:
        waiting = connection.execute("select count(*) from outbox where sent_at is null").fetchone()
    assert waiting == (1,)
