"""Time for a run's reads together, for one student, for a look; and nobody waits for another."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from samegoal_sync.districts.monitoring.expiry import PROBE_SECONDS
from samegoal_sync.errors import SettingError
from samegoal_sync.qmlativ import errors
from samegoal_sync.qmlativ.catalog import RawAsset
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.http.limits import (
    EXPIRED_ACCESS,
    ONE_STUDENT,
    Limits,
    limits_of_run,
)
from samegoal_sync.qmlativ.once import Once
from samegoal_sync.settings import (
    LONGEST_READ_DEADLINE_SECONDS,
    READ_DEADLINE_SECONDS,
    READ_DEADLINE_VARIABLE,
    Settings,
)
from samegoal_sync_tests.qmlativ import misbehaving_server as does
from samegoal_sync_tests.qmlativ.misbehaving_server import Server, misbehaving_server


def test_all_reads_of_a_run_end_at_one_deadline(server: Server) -> None:
    """Three clients, each slow: together they took three times what one district may."""
    server.behaviour.before_page = lambda _name, _page: time.sleep(0.05)
    began, started = datetime.now(UTC), time.monotonic()

    def read_for_ever() -> None:
        for asset in 20 * list(RawAsset):
            limits = limits_of_run(2.0, began, datetime.now(UTC))
            with QmlativClient(server.connection, limits=limits) as client:
                client.read(asset)

    with pytest.raises(errors.DeadlinePassed, match=r"longer than 2 s"):
        read_for_ever()
    assert 1.5 < time.monotonic() - started < 8.0


def test_a_run_that_is_retried_late_has_its_time_anew() -> None:
    now = datetime.now(UTC)
    assert limits_of_run(60, now, now + timedelta(seconds=50)).spent_seconds == 50
    assert limits_of_run(60, now + timedelta(seconds=5), now).spent_seconds == 0  # clocks differ


def test_the_deadline_leaves_time_to_publish_before_dagster_ends_the_run() -> None:
    for name in ("dagster.yaml", "deploy/dagster.yaml"):
        config = yaml.safe_load((Path(__file__).parents[2] / name).read_text())
        limit = config["run_monitoring"]["max_runtime_seconds"]
        assert READ_DEADLINE_SECONDS < LONGEST_READ_DEADLINE_SECONDS <= limit - 1_800


def test_the_deadline_is_a_setting(tmp_path: Path) -> None:
    environment = {"DAGSTER_HOME": str(tmp_path)}
    assert Settings.from_environment(environment).read_deadline_seconds == READ_DEADLINE_SECONDS
    set_to = Settings.from_environment({**environment, READ_DEADLINE_VARIABLE: "600"})
    assert set_to.read_deadline_seconds == 600
    for wrong in ("ten", "-5", "1", "20000", "²", "9" * 5_000):
        with pytest.raises(SettingError, match=READ_DEADLINE_VARIABLE):
            Settings.from_environment({**environment, READ_DEADLINE_VARIABLE: wrong})


@pytest.mark.parametrize("limits", [ONE_STUDENT, EXPIRED_ACCESS])
def test_whoever_waits_at_a_page_waits_twenty_seconds_and_one_attempt(limits: Limits) -> None:
    assert limits.deadline_seconds == 17.0  # of 20: the rest curates and publishes
    assert limits.attempts == 1


def test_looking_at_expired_access_ends_before_dagster_gives_the_tick_up() -> None:
    assert PROBE_SECONDS + EXPIRED_ACCESS.deadline_seconds < 60


def test_one_student_is_asked_for_once(server: Server) -> None:
    server.behaviour.fault("Student/Student", does.answers(503), 9)
    with (
        QmlativClient(server.connection, limits=ONE_STUDENT) as client,
        pytest.raises(errors.ServerBusy),
    ):
        client.read_student("text")
    assert len(server.behaviour.paths("Student/Student")) == 1


def test_a_silent_district_does_not_keep_another_waiting(server: Server) -> None:
    """One lock for all clients: a silent server hung everybody's refresh (Python 3.11)."""
    asked = threading.Event()

    def silent(handler: does.Handler) -> None:
        asked.set()
        does.silent(20.0)(handler)

    server.behaviour.fault("GetSystemMetadata", silent, 9)
    with misbehaving_server() as other:
        slow = QmlativClient(server.connection, limits=Limits(deadline_seconds=3.0, attempts=1))
        quick = QmlativClient(other.connection)
        waiting = threading.Thread(target=_quietly, args=(slow,))
        waiting.start()
        assert asked.wait(5.0)
        began = time.monotonic()
        assert quick.read_student("text")["Student/Student"].height == 1
        assert time.monotonic() - began < 2.0
        waiting.join(10.0)
        slow.close()
        quick.close()


def _quietly(client: QmlativClient) -> None:
    try:
        client.read_student("text")
    except errors.QmlativError:
        return


def test_once_makes_a_value_once_and_tries_again_after_an_error() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(1)
        if len(made) == 1:
            raise ValueError
        return 7

    once = Once(make)
    with pytest.raises(ValueError, match=r"^$"):
        once.get()
    assert [once.get(), once.get()] == [7, 7]
    assert len(made) == 2
