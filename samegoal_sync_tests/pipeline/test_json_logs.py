"""A fleet's programs with ``SAMEGOAL_SYNC_LOG_FORMAT=json``: no line is anything but an object."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from samegoal_sync.district import DistrictState
from samegoal_sync.logs import FORMAT_VARIABLE
from samegoal_sync.pipeline.home_files import CHECKOUT
from samegoal_sync.pipeline.instance import dagster_instance
from samegoal_sync_tests.pipeline.conftest import SLUGS, World
from samegoal_sync_tests.pipeline.fleet_programs import Fleet
from samegoal_sync_tests.pipeline.night_programs import due, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs Debian's redis-server"),
    pytest.mark.skipif(
        not (CHECKOUT / ".venv" / "bin" / "celery").exists() and shutil.which("celery") is None,
        reason="needs the extra fleet (requirements-fleet.lock)",
    ),
]


@pytest.fixture
def fleet(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setenv(FORMAT_VARIABLE, "json")
    made = Fleet(world.settings, world.database_url, tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


#: Celery writes it past all handlers when a worker is told to end.
_LAST_WORDS = "worker: Warm shutdown (MainProcess)"


def _lines(folder: Path, program: str) -> list[dict[str, Any]]:
    (log,) = folder.glob(f"*-{program}.log")
    lines = [line for line in log.read_text().splitlines() if line.strip()]
    found = [json.loads(line) for line in lines if line != _LAST_WORDS]
    assert all(isinstance(one, dict) for one in found)
    return found


def _said(lines: list[dict[str, Any]]) -> str:
    return "\n".join(str(one.get("event") or one.get("message") or one.get("msg")) for one in lines)


def test_each_line_of_code_server_and_worker_is_an_object(
    world: World, fleet: Fleet, tmp_path: Path
) -> None:
    world.registry.set_state(SLUGS[1], DistrictState.SUSPENDED, "test")
    due(world, SLUGS[0])
    with dagster_instance(world.settings, world.database_url) as instance:
        instance.add_dynamic_partitions("district", [SLUGS[0]])
        with fleet.redis(), fleet.code_server(), fleet.worker(), fleet.daemon():
            wait_for("the night", lambda: world.published(), seconds=300)
            wait_for(
                "the run's end",
                lambda: "succeeded in" in (next(tmp_path.glob("*-worker.log")).read_text()),
            )
    code_server = _said(_lines(tmp_path, "code-server"))
    assert "Starting Dagster code proxy server" in code_server
    assert "Started Dagster code server for module samegoal_sync.definitions" in code_server
    worker = _said(_lines(tmp_path, "worker"))
    assert " ready." in worker
    assert "received" in worker
    assert "STEP_SUCCESS" in worker
